"""A network of one hidden layer and one output for the recheck of Theorem B+: its kernel, and its neurons in slices.

With each neuron come the local suprema of its activation's derivatives, over the region claimed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat

from .arithmetic import ACTIVATIONS, Row, matrix, root, spectrum, times
from .file import Stored

_CHUNK = 128
"""Neurons worked on at a time."""


def slices(width: int) -> int:
    """Number of slices that a hidden layer is looked at in."""
    return -(-width // _CHUNK)


def _erf_2(z: arb) -> arb:
    return -4 * z / arb.pi().sqrt() * (-z * z).exp()


def _normal(z: arb) -> arb:
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def _silu_2(z: arb) -> arb:
    t = (z / 2).tanh()
    return (1 - t * t) / 4 * (2 - z * t)


def _mish_2(z: arb) -> arb:
    # 2 g' + z g'', g = tanh(log(1 + e^z)); numerators and denominators of g' and g'' in e^z, or in e^-z.
    if z > 0:
        q = (-z).exp()
        below = 1 + 2 * q + 2 * q * q
        first = 4 * q * q * (1 + q) / below**2
        second = -4 * q * q * (2 + 3 * q - 2 * q**2 - 2 * q**3) / below**3
    else:
        e = z.exp()
        below = e * e + 2 * e + 2
        first = 4 * e * (1 + e) / below**2
        second = -4 * e * (2 * e**3 + 3 * e**2 - 2 * e - 2) / below**3
    return 2 * first + z * second


def _gelu_3() -> arb:
    # act''' = (z^3 - 4 z) e^(-z^2/2) / sqrt(2 pi) is largest where z^4 - 7 z^2 + 4 = 0, at the smaller root.
    square = (7 - arb(33).sqrt()) / 2
    return (4 - square) * square.sqrt() * _normal(square.sqrt())


def _sigmoid_2() -> arb:
    return 1 / (6 * arb(3).sqrt())


def _logistic(z: arb) -> tuple[arb, arb]:
    t = (z / 2).tanh()
    return (1 - t * t) / 4, t


CURVATURES: dict[str, tuple[Callable[[arb], arb], Callable[[], arb]]] = {
    "tanh": (lambda z: -2 * z.tanh() * (1 - z.tanh() ** 2), lambda: arb(2)),
    "sigmoid": (lambda z: -_logistic(z)[0] * _logistic(z)[1], lambda: arb(1) / 8),
    "softplus": (lambda z: _logistic(z)[0], _sigmoid_2),
    "erf": (_erf_2, lambda: 4 / arb.pi().sqrt()),
    "gelu": (lambda z: _normal(z) * (2 - z * z), _gelu_3),
    "silu": (_silu_2, lambda: arb("0.308181515797")),  # the decimal of the theory page's table, rounded up
    "mish": (_mish_2, lambda: arb("0.588412044870")),  # likewise
    "sin": (lambda z: -z.sin(), lambda: arb(1)),
}
"""Name to (second derivative, s3)."""


@dataclass(frozen=True)
class Neurons:
    """A slice of the hidden layer: output weights, and rows s, D, D2 of the samples, one a neuron."""

    index: range
    a: Row
    s: list[Row]
    d: list[Row]
    d2: list[Row]


class Network:
    """One hidden layer and one output, at the stored weights.

    Attributes:
        inputs: Xh, the rows scaled and the hidden bias as one more input.
        gram: G.
        kappa: modulus of the output's scale.
        row: |xh_i|.
        xs: ||Xh||.
    """

    def __init__(self, c: Stored) -> None:
        self._stored = c
        self._weights = c.weights[0]
        self.inputs = matrix(c.x) * arb(c.kappas[0])
        if c.biases[0] is not None:
            self._weights = np.hstack([c.weights[0], c.biases[0][:, None]])
            self.inputs = arb_mat([[*row, arb(c.taus[0])] for row in self.inputs.tolist()])
        self.gram = self.inputs * self.inputs.transpose()
        self.kappa = abs(arb(c.kappas[1]))
        self.row = [root(self.gram[i, i]) for i in range(len(c.x))]
        self.xs = root(spectrum(self.gram)[1])

    @property
    def width(self) -> int:
        """m."""
        return len(self._weights)

    def neurons(self) -> Iterator[Neurons]:
        """The hidden layer, slice by slice."""
        c, transposed = self._stored, self.inputs.transpose()
        first, second = ACTIVATIONS[c.activation][0], CURVATURES[c.activation][0]
        for start in range(0, self.width, _CHUNK):
            index = range(start, min(start + _CHUNK, self.width))
            z = (matrix(self._weights[index.start : index.stop]) * transposed).tolist()
            pairs = [[first(v) for v in row] for row in z]
            yield Neurons(
                index,
                [arb(v) for v in c.weights[1][0, index.start : index.stop].tolist()],
                [[p[0] for p in row] for row in pairs],
                [[p[1] for p in row] for row in pairs],
                [[second(v) for v in row] for row in z],
            )

    def kernel(self) -> tuple[arb_mat, Row]:
        """The tangent kernel and the residual."""
        c, n = self._stored, len(self.row)
        features = slopes = arb_mat(n, n)
        outputs = [arb(0)] * n
        for part in self.neurons():
            s, d = arb_mat(part.s), scaled_rows(part.d, part.a)
            features += s.transpose() * s
            slopes += d.transpose() * d
            outputs = [o + v for o, v in zip(outputs, (arb_mat([part.a]) * s).entries(), strict=True)]
        shift, bias = arb(c.taus[1]), c.biases[1]
        kernel = times(slopes, self.gram) + features
        kernel = kernel * (self.kappa * self.kappa)
        offset = arb(0)
        if bias is not None:
            kernel += arb_mat(n, n, [shift * shift] * n**2)
            offset = shift * arb(float(bias[0]))
        scale = arb(c.kappas[1])
        residual = [scale * o + offset - y for o, y in zip(outputs, c.y[:, 0].tolist(), strict=True)]
        return kernel, residual


def scaled_rows(rows: list[Row], factors: Row) -> arb_mat:
    """The rows times a factor each."""
    return arb_mat([[f * v for v in row] for row, f in zip(rows, factors, strict=True)])


class Suprema:
    """Local suprema of an activation's derivatives.

    For tanh all derivatives are polynomials in t = tanh, which runs over an interval; other activations use Taylor's
    formula and the suprema over the line.
    """

    def __init__(self, activation: str) -> None:
        self._exact = activation == "tanh"
        self._s2, self._s3 = ACTIVATIONS[activation][2](), CURVATURES[activation][1]()

    def over(self, zeta: arb, s: arb, d2: arb) -> tuple[arb, arb, arb]:
        """Bounds over |x| <= zeta of |s'(z + x) - s'(z)|, |s''(z + x)|, |s'''(z + x)|, given s(z) and s''(z)."""
        if self._exact:
            return _tanh_suprema(zeta, s, self._s2)
        slope = abs(d2)
        change = (slope * zeta + self._s3 * zeta * zeta / 2).min(self._s2 * zeta)
        return change, (slope + self._s3 * zeta).min(self._s2), self._s3


def _tanh_suprema(zeta: arb, t: arb, most: arb) -> tuple[arb, arb, arb]:
    tau = zeta.tanh()
    high, low = (t + tau) / (1 + t * tau), (t - tau) / (1 - t * tau)
    ends, square = (high * high, low * low), t * t
    inside = not (low > 0 or high < 0)
    top = ends[0].max(ends[1])
    bottom = arb(0) if inside else ends[0].min(ends[1])
    change = (top - square).max(square - bottom)
    # 2 sqrt(u) (1 - u) rises to u = 1/3 and falls; 2 (1 - u)(1 - 3 u) falls from 2 to -2/3 at u = 2/3 and rises to 0.
    u = top if 3 * top < 1 else bottom if 3 * bottom > 1 else None
    second = most if u is None else 2 * root(u) * (1 - u)
    third = abs(2 * (1 - top) * (1 - 3 * top)).max(abs(2 * (1 - bottom) * (1 - 3 * bottom)))
    if not (3 * top < 2 or 3 * bottom > 2):
        third = third.max(arb(2) / 3)
    return change, second, third
