"""The kernel of infinite width at 50 digits: Hermite series [Mehler], coefficients by the trapezoidal rule in asinh(u).

For two points only, as numbers of mpmath: nothing is shared with the package, not even the activations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mpmath import mp, mpf

DIGITS = 50
TAIL = 1e-25
"""Of a Hermite series: |c|^terms."""
MOST = 300
"""Terms; the coefficients of functions of narrow Gaussians have fallen to nothing by then."""


def _sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def _gate(z):
    return mp.tanh(mp.log1p(mp.exp(z)))


def _phi(z):
    return mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)


def _silu_slope(z):
    s = _sigmoid(z)
    return s + z * s * (1 - s)


def _mish_slope(z):
    g = _gate(z)
    return g + z * (1 - g * g) * _sigmoid(z)


FUNCTIONS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (mp.tanh, lambda z: mp.sech(z) ** 2),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z)),
    "softplus": (lambda z: mp.log1p(mp.exp(z)), _sigmoid),
    "silu": (lambda z: z * _sigmoid(z), _silu_slope),
    "mish": (lambda z: z * _gate(z), _mish_slope),
    "gelu": (lambda z: z * mp.ncdf(z), lambda z: mp.ncdf(z) + z * _phi(z)),
    "erf": (mp.erf, lambda z: 2 / mp.sqrt(mp.pi) * mp.exp(-z * z)),
    "sin": (mp.sin, mp.cos),
}


@dataclass(frozen=True)
class Coefficients:
    """Of f(s z) in normalised Hermite polynomials, and E f(s z)^2."""

    series: list
    square: mpf


def coefficients(f: Callable, deviation: mpf, terms: int, step: float = 0.05) -> Coefficients:
    """By the trapezoidal rule in t, s z = sinh t, to 11 deviations: 1e-26 of a Gaussian is outside."""
    h = min(mpf(step), mp.asinh(11 * deviation) / 100)  # a narrow Gaussian is as wide as its end is far
    count = int(mp.ceil(mp.asinh(11 * deviation) / h))
    nodes, weights, values = [], [], []
    for k in range(-count, count + 1):
        u = mp.sinh(h * k)
        z = u / deviation
        nodes.append(z)
        weights.append(h * mp.cosh(h * k) / deviation * _phi(z))
        values.append(f(u))
    weighted = [w * v for w, v in zip(weights, values, strict=True)]
    before, now, series = [mpf(0)] * len(nodes), [mpf(1)] * len(nodes), []
    for k in range(terms):
        series.append(mp.fdot(weighted, now))
        root, last = mp.sqrt(k + 1), mp.sqrt(k)
        before, now = now, [(z * a - last * b) / root for z, a, b in zip(nodes, now, before, strict=True)]
    return Coefficients(series, mp.fdot(weighted, values))


def expectation(name: str, order: int, s: mpf, t: mpf, c: mpf, step: float = 0.05) -> tuple[mpf, mpf, mpf]:
    """E f(u)^2, E f(u) f(v), E f(v)^2 at deviations s, t and correlation c, which should not be near 1."""
    f, terms = FUNCTIONS[name][order], min(MOST, int(mp.log(TAIL) / mp.log(abs(c))) + 2)
    first = coefficients(f, s, terms, step)
    second = first if s == t else coefficients(f, t, terms, step)
    if terms == MOST:
        assert max(abs(a * b) for a, b in zip(first.series[-5:], second.series[-5:], strict=True)) < 1e-18
    both = mp.fsum(a * b * c**k for k, (a, b) in enumerate(zip(first.series, second.series, strict=True)))
    return first.square, both, second.square


def closed(name: str, order: int, s: mpf, t: mpf, c: mpf) -> tuple[mpf, mpf, mpf]:
    """The same of erf, sin and relu at any correlation, by their closed forms."""

    def one(s, t, c):
        a, b, e = s * s, t * t, s * t * c
        if name == "sin":
            near, far = mp.exp(-(a + b - 2 * e) / 2), mp.exp(-(a + b + 2 * e) / 2)
            return (near + far if order else near - far) / 2
        if name == "erf":
            p = (1 + 2 * a) * (1 + 2 * b)
            return 4 / mp.pi / mp.sqrt(p - 4 * e * e) if order else 2 / mp.pi * mp.asin(2 * e / mp.sqrt(p))
        angle = mp.acos(c)
        turned = (mp.pi - angle) / (2 * mp.pi)
        return turned if order else s * t * (mp.sin(angle) / (2 * mp.pi) + turned * c)

    return one(s, s, mpf(1)), one(s, t, c), one(t, t, mpf(1))


def kernel(rows: list[list[float]], name: str, layers: int, bias: bool = False, step: float = 0.05) -> list[mpf]:
    """Theta_11, Theta_12, Theta_22 of two points in the NTK parametrisation."""
    x, y = ([mpf(v) for v in row] for row in rows)
    beta = mpf(int(bias))
    sigma = [mp.fdot(p, q) / len(x) + beta for p, q in ((x, x), (x, y), (y, y))]
    theta = list(sigma)
    for _ in range(layers):
        s, t = mp.sqrt(sigma[0]), mp.sqrt(sigma[2])
        at = (s, t, sigma[1] / (s * t))
        exact = name in ("erf", "sin", "relu")
        values, slopes = (closed(name, k, *at) if exact else expectation(name, k, *at, step) for k in (0, 1))
        theta = [v + beta + a * d for v, a, d in zip(values, theta, slopes, strict=True)]
        sigma = [v + beta for v in values]
    return theta
