r"""mu <= beta when R >= sqrt(2 L_0/mu)

mu <= beta, once the ball is as large as gradient flow needs.

If $L_0 > 0$, $\mu$-PL* and $\lambda_{\max}(\nabla^2 L) \le \beta$ on S and $R \ge \sqrt{2L_0/\mu}$, then $\mu \le
\beta$.

Source: theory section 3, after Theorem A'. In Coq: MuBeta.mu_le_beta.
"""

import math

from ..cited import GRADIENT_FLOW
from ..language import Cases, Cert, Mutant, Use, ge, gt, term
from ..notation import R, a0, beta, curvature, e, level, mu, pl_star, w0
from ..samplers import quadratic_run
from ..statement import claim
from .small_ball import refutes_mu_le_beta

ASSUMPTIONS = {
    "mu>0": gt(mu),
    "a0>0": gt(a0),
    "R>=0": ge(R),
    "radius": ge(mu * R**2, 2 * a0**2),
    "pl": pl_star(mu),
    "hess": curvature(beta),
    "start": level(w0, a0),
}

CONCLUSIONS = {"mu<=beta": ge(beta, mu)}

PROOF = (
    Cases(
        "order",
        CONCLUSIONS["mu<=beta"],
        on=beta - mu,
        left=(Cert("done", CONCLUSIONS["mu<=beta"], sum=(term("order"),)),),
        # Were mu > beta, a point of the flow that serves e = (mu - beta)/2 would contradict itself.
        right=(
            Cert("e>0", gt((mu - beta) / 2), sum=(term("order", c="1/2"),)),
            Use("flow", GRADIENT_FLOW, {e: (mu - beta) / 2}),
            Cert(
                "done",
                CONCLUSIONS["mu<=beta"],
                times=("flow/d>0", "flow/d>0"),
                sum=(term("flow/flow", c=2), term("flow/taylor", c=2)),
            ),
        ),
    ),
)


def _mutants(c):
    yield Mutant("any ball", c.but(drop=("radius",)), refutes_mu_le_beta)


def _numbers(rng):
    for p in quadratic_run(rng):
        yield {**p, "R": math.sqrt(2 / p["mu"]) * p["a0"] * 1.01}


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, numbers=_numbers)
