r"""ReLU, leaky ReLU, ReLU6, hardtanh, modulus, softshrink: s1 = 1, jumps, margins

The constants of activations of one number whose pieces are straight.

Leaky ReLU $\max(z, \alpha z)$ with $0 \le \alpha \le 1$ (ReLU: 0), the clamp $\min(\max(z, c_0), c_1)$ (ReLU6: 0, 6;
hardtanh: -1, 1), the modulus $\max(z, -z)$ and softshrink $\max(z - \lambda, \min(z + \lambda, 0))$ change by at most
$|z' - z|$. A derivative lies between the slopes of
the pieces, and two of them are at most $1 - \alpha$, 1, 2 and 1 apart, which the slopes are. A change shorter than the
distance to a breakpoint keeps its side: the margin is the distance to the nearest one.

Source: theory of networks with kinks section 1, table.
"""

import sympy as sp

from ..language import GREATEST, LEAST, Cert, Define, Mutant, Use, ge, gt, term
from ..notation import d, z
from ..statement import claim
from .greatest_change import CLAIM as GREATEST_CHANGE
from .greatest_change import p, p1, q, q1
from .least_change import CLAIM as LEAST_CHANGE

z1, alpha, low, high, kink, lam = sp.symbols("z1 alpha c0 c1 kink lambda_")
# Two derivatives of each: convex combinations of the slopes of the pieces.
D, D1, C, C1, M, M1 = sp.symbols("D D1 C C1 M M1")


def _leaky(e):
    return GREATEST(e, alpha * e)


def _clamp(e):
    return LEAST(GREATEST(e, low), high)


def _modulus(e):
    return GREATEST(e, -e)


def _shrunk(e):
    return GREATEST(e - lam, LEAST(e + lam, sp.Integer(0)))


_NODES = {"leaky": _leaky, "clamp": _clamp, "modulus": _modulus, "shrunk": _shrunk}

ASSUMPTIONS = {
    "alpha>=0": ge(alpha),
    "alpha<=1": ge(1, alpha),
    "up": ge(d, z1 - z),
    "down": ge(d, z - z1),
    **{f"{e}>=alpha": ge(e, alpha) for e in (D, D1)},
    **{f"{e}>=0": ge(e) for e in (C, C1)},
    **{f"{e}>=-1": ge(e, -1) for e in (M, M1)},
    **{f"{e}<=1": ge(1, e) for e in (D, D1, C, C1, M, M1)},
    "margin": gt((z - kink) ** 2, d**2),
}

CONCLUSIONS = {
    **{f"{name} up": ge(d, f(z1) - f(z)) for name, f in _NODES.items()},
    **{f"{name} down": ge(d, f(z) - f(z1)) for name, f in _NODES.items()},
    "jump of leaky": ge(1 - alpha, D1 - D),
    "jump of clamp": ge(1, C1 - C),
    "jump of modulus": ge(2, M1 - M),
    "same side": gt((z - kink) * (z1 - kink)),
}

u, u1, v, v1, w, w1, m, m1, g, g1, h, h1 = sp.symbols("u u1 v v1 w w1 m m1 g g1 h h1")

PROOF = (
    Cert("d>=0", ge(d), sum=(term("up", c="1/2"), term("down", c="1/2"))),
    Cert("0 up", ge(d, low - low), sum=(term("d>=0"),)),
    Cert("alpha up", ge(d, alpha * z1 - alpha * z), sum=(term("alpha>=0", "up"), term("alpha<=1", "d>=0"))),
    Cert("alpha down", ge(d, alpha * z - alpha * z1), sum=(term("alpha>=0", "down"), term("alpha<=1", "d>=0"))),
    Define(u, _leaky(z)),
    Define(u1, _leaky(z1)),
    Define(v, GREATEST(z, low)),
    Define(v1, GREATEST(z1, low)),
    Define(w, _clamp(z)),
    Define(w1, _clamp(z1)),
    Define(h, LEAST(z + lam, 0)),
    Define(h1, LEAST(z1 + lam, 0)),
    Define(g, _shrunk(z)),
    Define(g1, _shrunk(z1)),
    Define(m, _modulus(z)),
    Define(m1, _modulus(z1)),
    Use("leaky", GREATEST_CHANGE, {p: z, p1: z1, q: alpha * z, q1: alpha * z1}),
    Use("floor", GREATEST_CHANGE, {p: z, p1: z1, q: low, q1: low}),
    Use("clamp", LEAST_CHANGE, {p: v, p1: v1, q: high, q1: high}),
    Use("modulus", GREATEST_CHANGE, {p: z, p1: z1, q: -z, q1: -z1}),
    Use("middle", LEAST_CHANGE, {p: z + lam, p1: z1 + lam, q: sp.Integer(0), q1: sp.Integer(0)}),
    Use("shrunk", GREATEST_CHANGE, {p: z - lam, p1: z1 - lam, q: h, q1: h1}),
    Cert("jump of leaky", CONCLUSIONS["jump of leaky"], sum=(term("D1<=1"), term("D>=alpha"))),
    Cert("jump of clamp", CONCLUSIONS["jump of clamp"], sum=(term("C1<=1"), term("C>=0"))),
    Cert("jump of modulus", CONCLUSIONS["jump of modulus"], sum=(term("M1<=1"), term("M>=-1"))),
    Cert(
        "same side",
        CONCLUSIONS["same side"],
        sum=(
            term("margin", c="1/2"),
            term("up", "down", c="1/2"),
            term(c="1/2", sq=(z1 - kink,)),
        ),
    ),
)


def _mutants(c):
    values = {z: 1, z1: -1, d: 2, lam: 0, alpha: 0, low: 0, high: 6, kink: 4, D: 0, D1: 1, C: 0, C1: 1, M: -1, M1: 1}
    less = ge(9 * d / 10, _modulus(z1) - _modulus(z))
    yield Mutant("s1 = 9/10", c.but(swap={CONCLUSIONS["modulus up"]: less}), {**values, z: 0, d: 1})
    yield Mutant(
        "leaky with the jump 1 - 2 alpha",
        c.but(swap={CONCLUSIONS["jump of leaky"]: ge(1 - 2 * alpha, D1 - D)}),
        {**values, alpha: "1/4", D: "1/4"},
    )
    yield Mutant(
        "the modulus with the jump of ReLU", c.but(swap={CONCLUSIONS["jump of modulus"]: ge(1, M1 - M)}), values
    )
    yield Mutant(
        "twice the margin",
        c.but(swap={c.hypotheses["margin"]: gt(4 * (z - kink) ** 2, d**2)}),
        {**values, z: 1, z1: -1, kink: "-1/2"},
    )
    steep = ("alpha<=1", "D>=alpha", "D1>=alpha")
    yield Mutant("a slope above 1", c.but(drop=steep), {**values, alpha: 2, z: 0, z1: 1, d: 1})


def _draw(rng):
    slope, first, by = rng.uniform(0, 1), rng.uniform(-2, 2), rng.uniform(-2, 2)
    floor = rng.uniform(-1, 1)
    at = first + rng.choice((-1, 1)) * abs(by) * rng.uniform(1.0001, 2)
    return {
        z: first, z1: first + by, d: abs(by), lam: rng.uniform(0, 1), alpha: slope,
        low: floor, high: floor + rng.uniform(0, 2), kink: at,
        D: rng.choice((slope, rng.uniform(slope, 1))), D1: 1, C: rng.choice((0, rng.random())), C1: 1,
        M: rng.choice((-1, rng.uniform(-1, 1))), M1: 1,
    }  # fmt: skip


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
