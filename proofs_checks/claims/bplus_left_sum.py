r"""B+ (I2): left sum against integral

Theorem B+ (I2): a left sum of a nonincreasing function exceeds its integral by at most the mesh times its start.

Let f be nonnegative and nonincreasing, sampled at $T_t$ with steps $h_t \le \eta$. Then $\sum_{s<t} h_s f(T_s) \le
\int_0^{T_t} f + \eta f(0)$. With $f(T) = |K_0 e^{-K_0 T}g|$, at most $l_n|g|$ at 0, this is $c_1$: the sum over later
steps of $h_s|K_0\Phi g|$ is at most $(\sup\int + \eta l_n)|g|$.

Source: Theorem B+, (I2). In Coq: BPlus.left_sum.
"""

import sympy as sp

from ..language import Cert, Induction, Mutant, ge, term
from ..notation import eta, h
from ..statement import claim

f, f1, first, total, area, area1 = sp.symbols("f f1 first total area area1")

ASSUMPTIONS = {"eta>=0": ge(eta), "first>=0": ge(first)}

AT_EVERY_STEP = {
    "h>=0": ge(h),
    "h<=eta": ge(eta, h),
    "f1>=0": ge(f1),
    "nonincreasing": ge(f, f1),
    # The integral over a step is at least the step times the value at its end (claim integral_root).
    "right end": ge(area1 - area, h * f1),
}

CONCLUSIONS = {"left sum": ge(area + eta * first, total)}

PROOF = (
    Induction(
        state={f: (first, f1), total: (sp.Integer(0), total + h * f), area: (sp.Integer(0), area1)},
        invariant={"sum": ge(area + eta * (first - f), total), "f>=0": ge(f)},
        base=(Cert("0>=0", ge(sp.Integer(0))),),
        step=(
            Cert(
                "next",
                ge(area1 + eta * (first - f1), total + h * f),
                sum=(term("sum"), term("right end"), term("h<=eta", "nonincreasing")),
            ),
        ),
    ),
    Cert("left sum", CONCLUSIONS["left sum"], sum=(term("sum"), term("eta>=0", "f>=0"))),
)


def _mutants(c):
    # f = 1 on [0, 1), 0 from there; one step of length 1: the left sum is 1, the integral of f from 1 on is 0.
    yield Mutant(
        "no more than the integral",
        c.but(swap={CONCLUSIONS["left sum"]: ge(area, total)}),
        lambda: 1 * 1 > 0 * 1,
    )
    yield Mutant(
        "an increasing function",
        c.but(process={n: r for n, r in c.process.items() if n != "nonincreasing"}),
        # values 0, 1, 0 and steps 0, 1: the left sum is 1, the sum of right ends 0, the start 0.
        lambda: 0 * 0 + 1 * 1 > (0 * 1 + 1 * 0) + 1 * 0,
    )


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, process=AT_EVERY_STEP, mutants=_mutants)
