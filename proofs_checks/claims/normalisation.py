r"""LayerNorm and RMSNorm: s1 = 1/sqrt eps, s2 = 48/(25 sqrt 5 sqrt d eps)

The first two derivatives of $f(x) = x/r$, $r^2 = \|x\|^2 + c^2$, along a unit vector h, with $\xi = x/r$, $t = \xi
\cdot h$, $K = \|\xi\|^2 < 1$.

$\|Df\,h\| = \|h - \xi t\|/r \le 1/r$. $r^2 D^2f[h,h] = -2ht - \xi + 3\xi t^2$ has square norm $S = K + (8 - 6K)t^2 +
(9K - 12)t^4 \le 4/3$, and $S(1 - K)^2 \le 2304/3125$, where $(1 - K)/c^2 = 1/r^2$; $2304/3125$ is the square of
$48/(25\sqrt 5)$, attained at $t^2 = K = 1/5$. With $c^2 = d\epsilon$ and the factor $\sqrt d$ these are s1 and s2 of
the token maps, on the line and where $r \ge \rho$: $\sqrt d/\rho$ and $2\sqrt d/(\sqrt 3\rho^2)$. Written for three
entries; the norms enter by K, t and $\|h\| = 1$ alone.

Source: theory of layered graphs section 6, LayerNorm.
"""

import sympy as sp

from ..language import Cases, Cert, Mutant, eq, ge, gt, term
from ..statement import claim

N = 3
_R = range(N)
h, xi = sp.symbols(f"h1:{N + 1}"), sp.symbols(f"xi1:{N + 1}")
K, t = sp.symbols("K t")
# Along s: r = r0 + s t + s^2 r2/2 + .., and f1, f2 the first two derivatives of the first entry of x/r.
r0, r2, f1, f2 = sp.symbols("r0 r2 f1 f2")
_DOT = sum(a * b for a, b in zip(h, xi, strict=True))
_SECOND = [-2 * a * t - b + 3 * b * t**2 for a, b in zip(h, xi, strict=True)]
_S = sum(e**2 for e in _SECOND)
_FORM = K + (8 - 6 * K) * t**2 + (9 * K - 12) * t**4
_EPS, _RHO = sp.Rational(2304, 3125), sp.Rational(4, 3)
_PAIRS = [(i, j) for j in _R for i in range(j)]

ASSUMPTIONS = {
    "unit": eq(sum(a**2 for a in h), 1),
    "K": eq(K, sum(b**2 for b in xi)),
    "t": eq(t, _DOT),
    "K<1": gt(1, K),
    # Coefficients of r^2 = |x + s h|^2 + c^2 and of f r = x + s h.
    "r": eq(t**2 + r0 * r2, 1),
    "first": eq(f1 * r0 + xi[0] * t, h[0]),
    "second": eq(f2 * r0 + 2 * f1 * t + xi[0] * r2),
}

CONCLUSIONS = {
    "derivative": eq(r0**2 * f2, _SECOND[0]),
    "s1": ge(1, sum((a - b * t) ** 2 for a, b in zip(h, xi, strict=True))),
    "square norm": eq(_S, _FORM),
    "s2 where r>=rho": ge(_RHO, _S),
    "s2": ge(_EPS, _S * (1 - K) ** 2),
}

_U = 5 * (1 - K) - 4

PROOF = (
    Cert("derivative", CONCLUSIONS["derivative"], mod={"second": r0, "first": -2 * t, "r": -xi[0]}),
    Cert(
        "s1",
        CONCLUSIONS["s1"],
        sum=(term("K<1", sq=(t,)), term(sq=(t,))),
        mod={"unit": -1, "t": -2 * t, "K": t**2},
    ),
    Cert(
        "square norm",
        CONCLUSIONS["square norm"],
        mod={"unit": 4 * t**2, "K": -((3 * t**2 - 1) ** 2), "t": 4 * t * (3 * t**2 - 1)},
    ),
    # Cauchy and Schwarz, by Lagrange's identity.
    Cert(
        "t^2<=K",
        ge(K, t**2),
        sum=tuple(term(sq=(xi[i] * h[j] - xi[j] * h[i],)) for i, j in _PAIRS),
        mod={"K": 1, "unit": -sum(b**2 for b in xi), "t": -(t + _DOT)},
    ),
    Cert(
        "s2 where r>=rho",
        CONCLUSIONS["s2 where r>=rho"],
        sum=(term("K<1", sq=(1 - 3 * t**2,)), term(c="1/3", sq=(1 - 3 * t**2,))),
        mod={"square norm": -1},
    ),
    Cert("3K<=4", ge(4, 3 * K), sum=(term("K<1", c=3), term())),
    Cases(
        "short",
        CONCLUSIONS["s2"],
        on=sp.Rational(1, 3) - K,
        left=(
            Cert(
                "h along x",
                ge(9 * K * (1 - K) ** 2, _S),
                sum=(term("t^2<=K", "short", "3K<=4", c=6), term("3K<=4", c=3, sq=(K - t**2,))),
                mod={"square norm": -1},
            ),
            # 256 - 3125 (1 - u) u^4 = (5 u - 4)^2 (125 u^3 + 75 u^2 + 40 u + 16) with u = 1 - K.
            Cert(
                "s2",
                CONCLUSIONS["s2"],
                sum=(
                    term("h along x", sq=(1 - K,)),
                    *[
                        term(*["K<1"] * power, c=sp.Rational(9, 3125) * c, sq=(_U,))
                        for power, c in ((3, 125), (2, 75), (1, 40), (0, 16))
                    ],
                ),
            ),
        ),
        right=(
            Cert(
                "s2",
                CONCLUSIONS["s2"],
                sum=(
                    term("s2 where r>=rho", sq=(1 - K,)),
                    term("short", c="8/9"),
                    term("short", "K<1", c="4/3"),
                    term(c="12208/84375"),
                ),
            ),
        ),
    ),
)


def _at(first, second):
    """Values at h = e_1 and xi = (first, second, 0), r = 1."""
    first, second = sp.Rational(first), sp.Rational(second)
    slope = 1 - first**2
    values = {
        **dict(zip(h, (1, 0, 0), strict=True)),
        **dict(zip(xi, (first, second, 0), strict=True)),
        K: first**2 + second**2,
        t: first,
        r0: 1,
        r2: 1 - first**2,
        f1: slope,
    }
    return values | {f2: -2 * slope * first - first * (1 - first**2)}


def _mutants(c):
    yield Mutant(
        "s2^2 = 73/100",
        c.but(swap={CONCLUSIONS["s2"]: ge(sp.Rational(73, 100), _S * (1 - K) ** 2)}),
        _at("447/1000", 0),
    )
    yield Mutant(
        "13/10 in place of 4/3",
        c.but(swap={CONCLUSIONS["s2 where r>=rho"]: ge(sp.Rational(13, 10), _S)}),
        _at("577/1000", "2/5"),
    )
    yield Mutant(
        "the sign of the last term",
        c.but(swap={CONCLUSIONS["square norm"]: eq(_S, K + (8 - 6 * K) * t**2 + (9 * K + 12) * t**4)}),
        _at("1/2", 0),
    )


def _draw(rng):
    along = [rng.gauss(0, 1) for _ in _R]
    size = sum(a * a for a in along) ** 0.5
    along = [a / size for a in along]
    at = [rng.uniform(-0.57, 0.57) for _ in _R]
    dot, square = sum(a * b for a, b in zip(along, at, strict=True)), sum(b * b for b in at)
    r = rng.uniform(0.1, 2)
    bend, slope = (1 - dot**2) / r, (along[0] - at[0] * dot) / r
    return {
        **dict(zip(h, along, strict=True)),
        **dict(zip(xi, at, strict=True)),
        K: square,
        t: dot,
        r0: r,
        r2: bend,
        f1: slope,
        f2: -(2 * slope * dot + at[0] * bend) / r,
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
