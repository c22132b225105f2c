r"""within an epoch: the iterates stay where the bounds hold

Theorem F1, inside an epoch: no iterate is farther from the epoch's zero than g d, nor from the first zero than V.

Let d be the distance of the epoch's start to the zero that is nearest to it. Step by step the squared distance grows by
at most $hm_B^2$ times what it may be at most, over 4 a. From $\sum hm_B^2 \le \eta M^2$ and $g^2(1 - \eta M^2/(4a)) \ge
1$ the squared distance after any part of the epoch, $u^2 \le d^2 + \sum hm_B^2\,(gd)^2/(4a)$, is at most $(gd)^2$.
From $p^2 \le D^2(1 + A^2/(1 - x))$ at its start and (e) the distance v to $z_0$ is at most V.

Source: theory of mini-batches section 3, Theorem F1, inside the epoch.
"""

import sympy as sp

from ..language import Cert, Mutant, ge, gt, term
from ..notation import a, eta, x
from ..statement import claim

d, u, g, M, M0, s, s0, p, v, V, D, A = sp.symbols("d u g M M_0 s s_0 p v V D A")

ASSUMPTIONS = {
    "a>0": gt(a),
    "x<1": gt(1, x),
    "b": ge(g**2 * (1 - eta * M**2 / (4 * a)), 1),
    "e": ge(V**2, D**2 * (1 + A**2 / (1 - x)) + eta * M0**2 * V**2 / (4 * a)),
    "moduli": ge(eta * M**2, s),
    "moduli of z_0": ge(eta * M0**2, s0),
    "so far": ge(d**2 + s * (g * d) ** 2 / (4 * a), u**2),
    "start": ge(D**2 * (1 + A**2 / (1 - x)), p**2),
    "so far from z_0": ge(p**2 + s0 * V**2 / (4 * a), v**2),
}

CONCLUSIONS = {"nearest": ge((g * d) ** 2, u**2), "first": ge(V**2, v**2)}

PROOF = (
    Cert(
        "nearest",
        CONCLUSIONS["nearest"],
        times=("a>0",),
        sum=(
            term("so far", "a>0"),
            term("b", "a>0", sq=(d,)),
            term("moduli", c="1/4", sq=(g * d,)),
        ),
    ),
    Cert(
        "first",
        CONCLUSIONS["first"],
        times=("a>0",),
        sum=(
            term("so far from z_0", "a>0"),
            term("start", "a>0"),
            term("e", "a>0"),
            term("moduli of z_0", c="1/4", sq=(V,)),
        ),
    ),
)


def _mutants(c):
    # One step, as long as it may be: eta M^2 = 1/2 and a = 1/2 let the square grow by a quarter of (g d)^2.
    at = {a: "1/2", x: 0, eta: "1/2", M: 1, s: "1/2", g: "7/6", d: 1, u: 1}
    at |= {M0: 1, s0: "1/2", D: 1, A: 0, p: 1, V: "7/6", v: 1}
    yield Mutant(
        "no room within an epoch",
        c.but(drop=("b",)),
        {**at, g: 1, u: "11/10"},
    )
    yield Mutant("no room around the first zero", c.but(drop=("e",)), {**at, V: 1, v: "11/10"})
    yield Mutant(
        "the start's distance",
        c.but(swap={CONCLUSIONS["nearest"]: ge(d**2, u**2)}),
        {**at, u: "11/10"},
    )


def _draw(rng):
    gap, lost, step = rng.uniform(0.2, 2), rng.uniform(0, 0.9), rng.uniform(0.1, 1)
    bend, bend0, far = rng.uniform(0, 0.5), rng.uniform(0, 0.5), rng.uniform(0.1, 2)
    grows = 1.0001 / (1 - step * bend**2 / (4 * gap)) ** 0.5
    most = far**2 * (1 + 0.3**2 / (1 - lost))
    reach = 1.0001 * (most / (1 - step * bend0**2 / (4 * gap))) ** 0.5
    start, sum0, sums = most**0.5 * rng.random(), step * bend0**2 * rng.random(), step * bend**2 * rng.random()
    return {
        a: gap, x: lost, eta: step, M: bend, M0: bend0, s: sums, s0: sum0, g: grows, d: far, D: far, A: 0.3, V: reach,
        u: (far**2 + sums * (grows * far) ** 2 / (4 * gap)) ** 0.5 * rng.random(), p: start,
        v: (start**2 + sum0 * reach**2 / (4 * gap)) ** 0.5 * rng.random(),
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
