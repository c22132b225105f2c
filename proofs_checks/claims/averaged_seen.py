r"""what the workers of a round see together

Theorem F4: each worker sees its part of the residual, and their mean sees the whole of it.

Let r be the residual of the samples of one worker at the start of the round, S the root of the sum of $h|r_B|^2$ over
its steps, $\mathrm{Om}\,S \ge er$ with $e = \sqrt{\eta\delta\mu}$, c the root of its weight and $\kappa\mathrm{Om} \le
\mathrm{sg}\,ec$. Then $\kappa r \le \mathrm{sg}\,cS$, and with sums X over some workers of $(cS)^2$ and R of $r^2$
for which $\kappa^2R \le \mathrm{sg}^2X$, this holds with the worker added: in the end $S^2 = \sum (cS_k)^2$ is at
least $(\kappa/\mathrm{sg})^2|r|^2$, and so $\kappa^2D_e^2$.

Source: theory of mini-batches section 5a, Theorem F4.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import kappa
from ..statement import claim

r, S, om, e, c, sg, X, R = sp.symbols("r S Om e c sg X R")

ASSUMPTIONS = {
    "Om>0": gt(om),
    "r>=0": ge(r),
    "S>=0": ge(S),
    "c>=0": ge(c),
    "sg>=0": ge(sg),
    "kappa>=0": ge(kappa),
    "part": ge(om * S, e * r),
    "kappa": ge(sg * e * c, kappa * om),
    "so far": ge(sg**2 * X, kappa**2 * R),
}

CONCLUSIONS = {
    "own": ge(sg * c * S, kappa * r),
    "added": ge(sg**2 * (X + (c * S) ** 2), kappa**2 * (R + r**2)),
}

PROOF = (
    Cert(
        "own",
        CONCLUSIONS["own"],
        times=("Om>0",),
        sum=(term("part", "sg>=0", "c>=0"), term("kappa", "r>=0")),
    ),
    Cert(
        "added",
        CONCLUSIONS["added"],
        sum=(
            term("so far"),
            term("own", "sg>=0", "c>=0", "S>=0"),
            term("own", "kappa>=0", "r>=0"),
        ),
    ),
)


def _mutants(c_):
    # Two workers of weight 1/2 that see exactly their parts.
    at = {r: 1, S: 1, om: 1, e: 1, c: "1/2", sg: 2, kappa: 1, X: "1/4", R: 1}
    yield Mutant("a rate as if every weight were 1", c_.but(drop=("kappa",)), {**at, kappa: 2, X: 1})
    yield Mutant("a worker that leaves out of its part what is largest", c_.but(drop=("part",)), {**at, S: 0})
    yield Mutant("a worker that is left out", c_.but(drop=("so far",)), {**at, X: 0})


def _draw(rng):
    first, second, size, weight = rng.uniform(1, 3), rng.uniform(0.1, 1), rng.uniform(0.1, 2), rng.uniform(0.2, 1)
    least, far = rng.uniform(0.1, 2), rng.random()
    rate = least * second * weight / first * rng.random()
    return {
        r: size, S: 1.001 * second * size / first, om: first, e: second, c: weight, sg: least, kappa: rate, R: far,
        X: 1.001 * (rate / least) ** 2 * far,
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
