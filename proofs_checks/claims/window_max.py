r"""max over a window, after ReLU or leaky ReLU as well: js = sqrt 2, margins

The constants of max pooling on one window, alone and as one node with the activation before it.

A maximum changes by at most the largest change of an entry. The program's derivative is a slope in $[0, 1]$ at one
entry, or a convex combination: nonnegative entries of sum at most 1. Two such vectors are at most $\sqrt 2$ apart, as
the first two unit vectors are. Let $z_1 \ge z_2, z_3$ and dz the change of the window. If $\|dz\| < (z_1 - z_k)/\sqrt
2$ then $z_1$ stays above $z_k$; if $\|dz\| < |z_1|$ then $z_1$ keeps its sign, and if besides $z_1 \le 0$ every entry
stays negative: the margins $(z_1 - z_2)/\sqrt 2$ and, for ReLU, $\min(z_1, (z_1 - z_2)/\sqrt 2)$ or $-z_1$, for leaky
ReLU $\min(|z_1|, (z_1 - z_2)/\sqrt 2)$. If an entry lies in two windows, a matrix with a row of norm $\sqrt 2$ on
each has norm at most $\sqrt 2\sqrt 2$. Written for three entries.

Source: theory of networks with kinks section 1, table.
"""

import sympy as sp

from ..language import GREATEST, Cert, Define, Mutant, Use, ge, gt, term
from ..notation import d, x, y
from ..statement import claim
from .greatest_change import CLAIM as GREATEST_CHANGE
from .greatest_change import p, p1, q, q1
from .strict_root import CLAIM as STRICT_ROOT

N = 3
_R = range(N)
z, dz, D, E = (sp.symbols(f"{letter}1:{N + 1}") for letter in ("z", "dz", "D", "E"))
# A largest entry that is positive; any window before and after; one with n_1 <= 0; two that share an entry, with moves.
largest = sp.Symbol("largest")
old, new, n, v = (sp.symbols(f"{letter}1:{N + 1}") for letter in ("old", "new", "n", "v"))
a, b = sp.symbols("a1:3"), sp.symbols("b1:3")
_SIZE = sum(e**2 for e in dz)
_MOVED = [z[k] + dz[k] for k in _R]


def _max(e):
    return GREATEST(GREATEST(e[0], e[1]), e[2])


_ROWS = (a[0] * v[0] + a[1] * v[1]) ** 2 + (b[0] * v[1] + b[1] * v[2]) ** 2

ASSUMPTIONS = {
    **{f"up {k + 1}": ge(d, new[k] - old[k]) for k in _R},
    **{f"down {k + 1}": ge(d, old[k] - new[k]) for k in _R},
    **{f"{e}>=0": ge(e) for e in (*D, *E)},
    "mass of D": ge(1, sum(D)),
    "mass of E": ge(1, sum(E)),
    "z1>=z2": ge(z[0], z[1]),
    "z1>=z3": ge(z[0], z[2]),
    "margin 2": gt((z[0] - z[1]) ** 2, 2 * _SIZE),
    "margin 3": gt((z[0] - z[2]) ** 2, 2 * _SIZE),
    "largest>=0": ge(largest),
    "margin of sign": gt(largest**2, _SIZE),
    "n1<=0": ge(0, n[0]),
    "n1>=n2": ge(n[0], n[1]),
    "n1>=n3": ge(n[0], n[2]),
    "margin below": gt(n[0] ** 2, _SIZE),
    "first row": ge(2, a[0] ** 2 + a[1] ** 2),
    "second row": ge(2, b[0] ** 2 + b[1] ** 2),
}

CONCLUSIONS = {
    "s1 up": ge(d, _max(new) - _max(old)),
    "s1 down": ge(d, _max(old) - _max(new)),
    "jump": ge(2, sum((e - f) ** 2 for e, f in zip(D, E, strict=True))),
    "first wins over second": gt(_MOVED[0], _MOVED[1]),
    "first wins over third": gt(_MOVED[0], _MOVED[2]),
    "stays positive": gt(largest + dz[0]),
    **{f"entry {k + 1} stays negative": gt(0, n[k] + dz[k]) for k in _R},
    "two windows": ge(4 * sum(e**2 for e in v), _ROWS),
}

two, two1, three, three1 = sp.symbols("two two1 three three1")


def _mass(name, e):
    """1 is at least the squares of nonnegative numbers of sum at most 1."""
    pairs = [(i, j) for i in _R for j in _R if i < j]
    return (
        Cert(f"sum of {name}", ge(sum(e)), sum=tuple(term(f"{s}>=0") for s in e)),
        Cert(
            f"squares of {name}",
            ge(1, sum(s**2 for s in e)),
            sum=(
                term(f"mass of {name}"),
                term(f"mass of {name}", f"sum of {name}"),
                *[term(f"{e[i]}>=0", f"{e[j]}>=0", c=2) for i, j in pairs],
            ),
        ),
    )


def _wins(name, k):
    """A difference of two entries changes by at most sqrt 2 times the change of the window."""
    (rest,) = {1, 2} - {k}
    gap = z[0] - z[k]
    return (
        Cert(
            f"gap {k + 1}",
            gt(gap**2, (dz[0] - dz[k]) ** 2),
            sum=(term(f"margin {k + 1}"), term(sq=(dz[0] + dz[k],)), term(c=2, sq=(dz[rest],))),
        ),
        Use(f"winner {k + 1}", STRICT_ROOT, {x: dz[0] - dz[k], y: gap}),
        Cert(name, CONCLUSIONS[name], sum=(term(f"winner {k + 1}/above"),)),
    )


def _other(*known):
    return tuple(term(sq=(dz[k],)) for k in _R if k not in known)


PROOF = (
    Define(two, GREATEST(old[0], old[1])),
    Define(two1, GREATEST(new[0], new[1])),
    Define(three, _max(old)),
    Define(three1, _max(new)),
    Use("pair", GREATEST_CHANGE, {p: old[0], p1: new[0], q: old[1], q1: new[1]}),
    Use("window", GREATEST_CHANGE, {p: two, p1: two1, q: old[2], q1: new[2]}),
    *_mass("D", D),
    *_mass("E", E),
    Cert(
        "jump",
        CONCLUSIONS["jump"],
        sum=(
            term("squares of D"),
            term("squares of E"),
            *[term(f"{e}>=0", f"{f}>=0", c=2) for e, f in zip(D, E, strict=True)],
        ),
    ),
    *_wins("first wins over second", 1),
    *_wins("first wins over third", 2),
    Cert("sign", gt(largest**2, dz[0] ** 2), sum=(term("margin of sign"), *_other(0))),
    Use("positive", STRICT_ROOT, {x: dz[0], y: largest}),
    Cert("stays positive", CONCLUSIONS["stays positive"], sum=(term("positive/above"),)),
    Cert("-n1>=0", ge(-n[0]), sum=(term("n1<=0"),)),
    *[
        step
        for k in _R
        for step in (
            Cert(f"below {k + 1}", gt((-n[0]) ** 2, dz[k] ** 2), sum=(term("margin below"), *_other(k))),
            Use(f"negative {k + 1}", STRICT_ROOT, {x: dz[k], y: -n[0]}),
            Cert(
                f"entry {k + 1} stays negative",
                CONCLUSIONS[f"entry {k + 1} stays negative"],
                sum=(term(f"negative {k + 1}/below"), *([term(f"n1>=n{k + 1}")] if k else [])),
            ),
        )
    ],
    # Lagrange's identity, row by row, and each entry in at most two windows.
    Cert(
        "two windows",
        CONCLUSIONS["two windows"],
        sum=(
            *[term("first row", sq=(e,)) for e in v[:2]],
            *[term("second row", sq=(e,)) for e in v[1:]],
            term(sq=(a[0] * v[1] - a[1] * v[0],)),
            term(sq=(b[0] * v[2] - b[1] * v[1],)),
            term(c=2, sq=(v[0],)),
            term(c=2, sq=(v[2],)),
        ),
    ),
)


def _mutants(c):
    at = dict(zip((*D, *E, *z, *dz), (1, 0, 0, 0, 1, 0, 10, 0, 0, 0, 0, 0), strict=True)) | {largest: 10}
    at |= dict(zip((*old, *new), (0, 1, 0, 2, 1, 0), strict=True)) | {d: 2}
    at |= dict(zip((*n, *a, *b, *v), (-10, -10, -10, 0, 1, 1, 0, 0, 1, 0), strict=True))
    half = ge(sp.Rational(3, 2), sum((e - f) ** 2 for e, f in zip(D, E, strict=True)))
    less = ge(d / 3, _max(new) - _max(old))
    yield Mutant("s1 = 1/3", c.but(swap={CONCLUSIONS["s1 up"]: less}), at)
    yield Mutant("js^2 = 3/2", c.but(swap={CONCLUSIONS["jump"]: half}), at)
    # z = (2, 0): a move of (-1, 1), of square 2, makes a tie.
    tie = {**at, z[0]: 2, z[1]: 0, z[2]: -9, dz[0]: -1, dz[1]: 1}
    yield Mutant(
        "the margin z1 - z2",
        c.but(swap={c.hypotheses["margin 2"]: gt((z[0] - z[1]) ** 2, _SIZE)}),
        tie,
    )
    far = {**at, largest: 8, z[0]: 20, dz[0]: -8, n[0]: -20, n[1]: -20, n[2]: -20}
    yield Mutant(
        "a positive window without its margin",
        c.but(drop=("margin of sign",)),
        far,
    )
    yield Mutant(
        "a negative window with the margin of the second entry",
        c.but(swap={c.hypotheses["margin below"]: gt(n[1] ** 2, _SIZE)}),
        {**at, n[0]: -1, dz[0]: 2},
    )
    single = ge(2 * sum(e**2 for e in v), _ROWS)
    yield Mutant(
        "two windows as one",
        c.but(swap={CONCLUSIONS["two windows"]: single}),
        {**at, a[0]: 0, a[1]: "7/5", b[0]: "7/5", b[1]: 0},
    )


def _draw(rng):
    move = [rng.gauss(0, 1) for _ in _R]
    if rng.random() < 0.5:
        move = [-1.0, 1.0, 0.0]
    size = sum(e * e for e in move) ** 0.5
    first = size * rng.uniform(1.0001, 2)
    others = [first - 2**0.5 * size * rng.uniform(1.0001, 2) for _ in range(2)]
    floor = -size * rng.uniform(1.0001, 2)
    weights = [[rng.random() for _ in _R] for _ in range(2)]
    weights = [[w / sum(row) for w in row] for row in weights]
    if rng.random() < 0.5:
        weights = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    before, after = ([rng.uniform(-1, 1) for _ in _R] for _ in range(2))
    rows = [[rng.gauss(0, 1) for _ in a] for _ in range(2)]
    rows = [[2**0.5 * e / (e1 * e1 + e2 * e2) ** 0.5 * (1 - 1e-12) for e in (e1, e2)] for e1, e2 in rows]
    return {
        **dict(zip((*z, *dz), (first, *others, *move), strict=True)),
        **dict(zip((*D, *E, *a, *b), (*weights[0], *weights[1], *rows[0], *rows[1]), strict=True)),
        **dict(zip(n, (floor, floor * rng.uniform(1, 2), floor * rng.uniform(1, 2)), strict=True)),
        **{e: rng.gauss(0, 1) for e in v},
        **dict(zip((*old, *new), (*before, *after), strict=True)),
        largest: first,
        d: max(abs(e - f) for e, f in zip(before, after, strict=True)),
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
