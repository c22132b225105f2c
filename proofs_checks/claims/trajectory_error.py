r"""error recursion of a computed trajectory

Theorem D: the distance of the computed from the exact trajectory stays below the error recursion.

If $\epsilon_0 = 0$, the computed step errs by at most $\rho_t$, the exact step expands distances on the ball about
the computed point by at most $\mathrm{Lip}_t$, and $\epsilon_{t+1} \ge \mathrm{Lip}_t\,\epsilon_t + \rho_t$, then the
exact iterate is within $\epsilon_t$ of the computed one for every t.

Source: theory section 4, Theorem D, error recursion. In Coq: TheoremD.trajectory_error.
"""

import sympy as sp

from ..cited import PERTURBED_STEP
from ..language import Cert, Induction, Mutant, Use, ge, term
from ..notation import apart, d, lip, rho, w, w1
from ..statement import claim

apart1, bound, bound1, exact, exact1 = sp.symbols("apart1 bound bound1 exact exact1")

ASSUMPTIONS = {"0>=0": ge(sp.Integer(0))}

AT_EVERY_STEP = {
    "apart": apart(w, exact, d),
    "next": apart(w1, exact1, apart1),
    "lip>=0": ge(lip),
    "recursion": ge(bound1, lip * bound + rho),
    **{n: r for n, r in PERTURBED_STEP.hypotheses.items() if n not in ("apart", "next", "in the ball")},
}

CONCLUSIONS = {"bound": ge(bound, d)}

PROOF = (
    Induction(
        state={
            d: (sp.Integer(0), apart1),
            bound: (sp.Integer(0), bound1),
            w: (sp.Symbol("start"), w1),
            exact: (sp.Symbol("start"), exact1),
        },
        invariant={"bound": CONCLUSIONS["bound"]},
        base=(),
        step=(
            Use("step", PERTURBED_STEP),
            Cert(
                "next bound",
                ge(bound1, apart1),
                sum=(term("recursion"), term("step/bound"), term("lip>=0", "bound")),
            ),
        ),
    ),
)


def _diverges():
    """On the line both steps are x -> 2 x, one of them with error 1: after two steps the distance is 3, not 2."""
    distance = 0
    for _ in range(2):
        distance = 2 * distance + 1
    return distance > 2


def _mutants(c):
    yield Mutant(
        "errors added up without expansion",
        c.but(process={**c.process, "recursion": ge(bound1, bound + rho)}),
        _diverges,
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, process=AT_EVERY_STEP, mutants=_mutants)
