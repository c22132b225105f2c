r"""a step over kinks: |r| falls by h |g| psi_h

Theorem N, one step: how the residual falls where the Jacobian jumps by at most kappa on the way.

Let $g = J^Tr$, $r' = r - h\bar Jg$ with $\bar J$ the mean of J over the step, and $e = \bar J^Tr - g$, $\|e\| \le
(\kappa + \ell h\|g\|/2)\|r\|$. In proportion $e = e_1 + e_2$ with $\|e_1\| \le \kappa\|r\|$, and $\|r\|^2 - \|r'\|^2
= 2h\langle\bar J^Tr, g\rangle - h^2\|\bar Jg\|^2 \ge 2h\langle g + e_1, g\rangle - \beta h^2\|g\|^2$, $\beta = L_F^2
+ \ell\|r_0\|$. Since $\langle g + e_1, g\rangle = \|g + e_1/2\|^2 - \|e_1\|^2/4$ and $g + e_1/2 = M^Tr$ for an M
between J and $\bar J$, with $\|M^Tr\| \ge \sigma\|r\|$: $\|r\| - \|r'\| \ge h\|g\|\psi_h$ and $\|r'\|^2 \le (1 -
2h(\sigma + \kappa/2)\psi_h)\|r\|^2$. Two outputs and two parameters stand for any number.

Source: theory of networks with kinks section 2, Theorem N, one step.
"""

import math

import sympy as sp

from ..language import Cases, Cert, Define, Mutant, Use, eq, ge, gt, term
from ..notation import G, a, b, beta, ell, h, kappa, rho0, sigma, slack, smoothness
from ..statement import claim
from .inner_product import CLAIM as INNER_PRODUCT
from .inner_product import X, Y, x, y
from .jump_value import CLAIM as JUMP_VALUE
from .jump_value import DIRECT, POLARISED, PSI, SQUARED, STAR
from .jump_value import y as size

r, g = sp.symbols("r1:3"), sp.symbols("g1:3")
MEAN = [[sp.Symbol(f"j{i}{k}") for k in (1, 2)] for i in (1, 2)]
theta, lipschitz, inner, forward, turned = sp.symbols("theta L_F inner forward turned")
_R = range(2)


def _dot(v, w):
    return sum(p * q for p, q in zip(v, w, strict=True))


_FORWARD = [_dot(MEAN[i], g) for i in _R]
_BACK = [sum(MEAN[i][k] * r[i] for i in _R) for k in _R]
_E = [_BACK[k] - g[k] for k in _R]
_E1, _E2 = [theta * p for p in _E], [(1 - theta) * p for p in _E]
_INNER = _dot(g, g) + _dot(_E1, g)
_LENGTH = ell * h * G / 2
_JUMP = kappa + _LENGTH
_MIDDLE = [g[k] + _E1[k] / 2 for k in _R]

ASSUMPTIONS = {
    "a>0": gt(a),
    "a<=rho0": ge(rho0, a),
    "a^2": eq(a**2, _dot(r, r)),
    "b>=0": ge(b),
    "b^2": eq(b**2, sum((r[i] - h * _FORWARD[i]) ** 2 for i in _R)),
    "G>=0": ge(G),
    "G^2": eq(G**2, _dot(g, g)),
    "kappa>=0": ge(kappa),
    "ell>=0": ge(ell),
    "jump": ge((_JUMP * a) ** 2, _dot(_E, _E)),
    "share": eq(theta * _JUMP, kappa),
    "theta>=0": ge(theta),
    "theta<=1": ge(1, theta),
    "L_F": ge(lipschitz**2 * _dot(g, g), _dot(_FORWARD, _FORWARD)),
    "sigma": ge(_dot(_MIDDLE, _MIDDLE), sigma**2 * a**2),
    "beta": eq(beta, smoothness(rho0, lipschitz, ell)),
    "beta>=0": ge(beta),
    "h>=0": ge(h),
    "slack>0": gt(slack(beta, h)),
    "psi>0": gt(PSI),
    # Products of vectors by a letter each.
    "inner": eq(inner, _dot(_BACK, g)),
    "forward": eq(forward**2, _dot(_FORWARD, _FORWARD)),
    "turned": eq(turned, _INNER),
}

CONCLUSIONS = {
    "descent": eq(a**2 - b**2, 2 * h * inner - h**2 * forward**2),
    "in the hull": eq(_MIDDLE[0], (1 - theta / 2) * g[0] + theta / 2 * _BACK[0]),
    "perturbed": ge(a**2 - b**2, 2 * h * turned - beta * h**2 * G**2),
    "direct": ge(turned, G**2 - kappa * a * G),
    "polarised": ge(turned, POLARISED * a**2),
    "G>0": gt(G),
    "length": ge(a - b, h * G * PSI),
    "rate": ge((1 - 2 * h * STAR * PSI) * a**2, b**2),
}

v, w = sp.symbols("v w")
_SIZE = {size: G / a}
_DIRECT, _SQUARED = DIRECT.xreplace(_SIZE), SQUARED.xreplace(_SIZE)
_Q = POLARISED * a**2
_NO_SHARE = theta * _JUMP - kappa


def _at_least(name, of, bound, first, second):
    """The inner product is at least a multiple of the larger of the two bounds, whichever it is."""
    return Cases(
        name,
        ge(turned, bound),
        zero=f"{of}/either",
        on=(of - first, of - second),
        left=(Cert("as first", ge(turned, bound), sum=(term("direct"),), mod={name: -sp.diff(bound, of)}),),
        right=(Cert("as second", ge(turned, bound), sum=(term("polarised"),), mod={name: -sp.diff(bound, of)}),),
    )


PROOF = (
    Cert("descent", CONCLUSIONS["descent"], mod={"a^2": 1, "b^2": -1, "inner": -2 * h, "forward": h**2}),
    Cert("in the hull", CONCLUSIONS["in the hull"]),
    Cert(
        "e1",
        ge((kappa * a) ** 2, _dot(_E1, _E1)),
        sum=(term("jump", sq=(theta,)),),
        mod={"share": -(a**2) * (theta * _JUMP + kappa)},
    ),
    Cert(
        "e2",
        ge((_LENGTH * a) ** 2, _dot(_E2, _E2)),
        sum=(term("jump", sq=(1 - theta,)),),
        mod={"share": a**2 * (2 * _LENGTH - _NO_SHARE)},
    ),
    Cert("kappa a>=0", ge(kappa * a), sum=(term("kappa>=0", "a>0"),)),
    Cert("length>=0", ge(_LENGTH * a), sum=(term("ell>=0", "h>=0", "G>=0", "a>0", c="1/2"),)),
    Use("jumps", INNER_PRODUCT, {**dict(zip((*x, *y), (*_E1, *g), strict=True)), X: kappa * a, Y: G}),
    Use("smooth", INNER_PRODUCT, {**dict(zip((*x, *y), (*_E2, *g), strict=True)), X: _LENGTH * a, Y: G}),
    Cert(
        "perturbed",
        CONCLUSIONS["perturbed"],
        sum=(term("h>=0", "smooth/below", c=2), term("L_F", sq=(h,)), term("ell>=0", "a<=rho0", sq=(h, G))),
        mod={
            "descent": 1,
            "beta": h**2 * G**2,
            "G^2": h**2 * lipschitz**2,
            "inner": 2 * h,
            "forward": -(h**2),
            "turned": -2 * h,
        },
    ),
    Cert("direct", CONCLUSIONS["direct"], sum=(term("jumps/below"),), mod={"G^2": -1, "turned": 1}),
    Cert("polarised", CONCLUSIONS["polarised"], sum=(term("sigma"), term("e1", c="1/4")), mod={"turned": 1}),
    # With g = 0 the polarised bound would be 0 and positive.
    Cert(
        "kappa<2sig",
        gt(2 * sigma, kappa),
        times=("slack>0",),
        sum=(term("psi>0", c=2), term("kappa>=0", "beta>=0", "h>=0")),
    ),
    Cert("2sig+kappa>0", gt(2 * sigma + kappa), sum=(term("kappa<2sig"), term("kappa>=0", c=2))),
    Cert("second>0", gt(_Q), sum=(term("kappa<2sig", "2sig+kappa>0", "a>0", "a>0", c="1/4"),)),
    Cert(
        "not more",
        ge(G**2 + kappa * a * G, _Q),
        sum=(term("polarised"), term("jumps/above")),
        mod={"G^2": 1, "turned": -1},
    ),
    Cases(
        "no gradient",
        CONCLUSIONS["G>0"],
        on=-G,
        left=(
            Cert(
                "positive",
                CONCLUSIONS["G>0"],
                times=("second>0",),
                sum=(
                    term("G>=0", "second>0"),
                    term("second>0"),
                    term("not more"),
                    term("G>=0", "no gradient"),
                    term("kappa>=0", "a>0", "no gradient"),
                ),
            ),
        ),
        right=(Cert("positive", CONCLUSIONS["G>0"], sum=(term("no gradient"),)),),
    ),
    Cert("y>0", gt(G / a), times=("a>0",), sum=(term("no gradient"),)),
    Define(v, _DIRECT),
    Define(w, _SQUARED),
    Use("value", JUMP_VALUE, _SIZE),
    _at_least("larger", v, a * G * v, G / a - kappa, POLARISED * a / G),
    _at_least("larger square", w, a**2 * w, (G / a) ** 2 - kappa * G / a, POLARISED),
    Cert(
        "length",
        CONCLUSIONS["length"],
        times=("a>0",),
        sum=(
            term(c="1/2", sq=(a - b,)),
            term("perturbed", c="1/2"),
            term("h>=0", "larger"),
            term("h>=0", "a>0", "no gradient", "value/value"),
        ),
    ),
    Cert(
        "rate",
        CONCLUSIONS["rate"],
        sum=(term("perturbed"), term("h>=0", "larger square", c=2), term("h>=0", "value/rate", c=2, sq=(a,))),
    ),
)


def _mutants(c):
    # One output and one parameter at work: J = 5/4, its mean 3/4, sigma = 1 between them; the rate is attained.
    at = {
        **dict(zip((*r, *g, *MEAN[0], *MEAN[1]), (1, 0, "5/4", 0, "3/4", 0, 0, 0), strict=True)),
        **{a: 1, rho0: 1, b: "17/32", G: "5/4", kappa: "1/2", ell: 0, theta: 1, sigma: 1},
        **{lipschitz: "3/4", beta: "9/16", h: "1/2", inner: "15/16", forward: "15/16", turned: "15/16"},
    }
    yield Mutant(
        "a fall as if nothing jumped",
        c.but(swap={CONCLUSIONS["length"]: ge(a - b, h * G * sigma * slack(beta, h))}),
        at,
    )
    yield Mutant(
        "the rate with sigma + kappa",
        c.but(swap={CONCLUSIONS["rate"]: ge((1 - 2 * h * (sigma + kappa) * PSI) * a**2, b**2)}),
        at,
    )
    yield Mutant(
        "a jump above kappa",
        c.but(drop=("jump",)),
        {**at, MEAN[0][0]: 0, b: 1, kappa: 0, theta: 0, lipschitz: 0, beta: 0, inner: 0, forward: 0, turned: "25/16"},
    )
    yield Mutant(
        "the profile at J and not between",
        c.but(swap={c.hypotheses["sigma"]: ge(_dot(g, g), sigma**2 * a**2)}),
        {
            **{**at, g[0]: 1, MEAN[0][0]: "1/2", b: "3/4", G: 1, lipschitz: "1/2", beta: "1/4"},
            **{inner: "1/2", forward: "1/2", turned: "1/2"},
        },
    )


def _draw(rng):
    here = [[rng.gauss(0, 1) for _ in _R] for _ in _R]
    spread = rng.uniform(0, 0.5)
    mean = [[p + rng.gauss(0, spread) for p in row] for row in here]
    res = [rng.gauss(0, 1) for _ in _R]
    if rng.random() < 0.3:  # one output and one parameter, the worst gradient
        half = rng.uniform(0, 0.3)
        here, mean, res[1] = [[1 + half, 0.0], [0.0, 0.0]], [[1 - half, 0.0], [0.0, 0.0]], 0.0
    back = [sum(here[i][k] * res[i] for i in _R) for k in _R]
    error = [sum(mean[i][k] * res[i] for i in _R) - back[k] for k in _R]
    ahead = [_dot(row, back) for row in mean]
    size_r, size_g, size_e = math.hypot(*res), math.hypot(*back), math.hypot(*error)
    step, share = rng.uniform(0.01, 0.5), rng.choice((1.0, rng.random()))
    jumps = share * size_e / size_r + 1e-9
    bend = 2 * (1 - share) * size_e / (size_r * step * size_g)
    part = jumps / (jumps + bend * step * size_g / 2)
    middle = [back[k] + part * error[k] / 2 for k in _R]
    norm, start = math.hypot(*ahead) / size_g, size_r * rng.uniform(1, 1.2)
    return {
        **dict(zip((*r, *g, *MEAN[0], *MEAN[1]), (*res, *back, *mean[0], *mean[1]), strict=True)),
        a: size_r,
        rho0: start,
        b: math.hypot(*[res[i] - step * ahead[i] for i in _R]),
        G: size_g,
        kappa: jumps,
        ell: bend,
        theta: part,
        lipschitz: norm,
        sigma: math.hypot(*middle) / size_r,
        beta: norm**2 + start * bend,
        h: step,
        inner: _dot([back[k] + error[k] for k in _R], back),
        forward: math.hypot(*ahead),
        turned: _dot(back, back) + part * _dot(error, back),
    }


CLAIM = claim(__name__, __doc__, ASSUMPTIONS, CONCLUSIONS, PROOF, mutants=_mutants, example=_draw)
