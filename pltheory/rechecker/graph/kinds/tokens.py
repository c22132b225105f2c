"""N, token by token: normalisation by a sample's own statistics, and softmax (THEORY_GRAPHS section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from flint import arb

from ...fields import FAILED, Array, Stop
from ...midpoint import UNIT, Approx, Upper, gamma, norms
from ...spectra import norm_bounds
from ...tables import exponential
from .kind import Around, Kind
from .rows import Row, Rows, symmetric
from .stored import Arrays, Keys, Shapes


@dataclass(frozen=True, eq=False)
class Tokens(Kind):
    """A smooth map of every token; tokens (T, d) is a partition of the entries."""

    name = "tokens"
    keeps_size = True
    keys = ("map", "epsilon")
    axes: ClassVar = {"tokens": 2}

    size: int
    inputs: tuple[int, ...]
    map: str
    tokens: Array
    epsilon: float

    @classmethod
    def settings(cls, keys: Keys) -> dict[str, Any]:
        """The map and its epsilon."""
        name, epsilon = keys.one_of("map", ("layer-norm", "rms-norm", "softmax")), keys.number("epsilon")
        fits = epsilon == 0 if name == "softmax" else 2**-300 < epsilon < 2**300
        keys.require(fits, "epsilon", "must be 0 for softmax, and for a norm between 2^-300 and 2^300")
        return {"map": name, "epsilon": epsilon}

    @classmethod
    def require_shapes(cls, shapes: Shapes) -> None:
        """As many entries as the node."""
        shapes.require_size(shapes.own("tokens")[0] * shapes.own("tokens")[1])

    @classmethod
    def stored(cls, arrays: Arrays) -> Tokens:
        """The map; its tokens are a partition."""
        node = arrays.node
        tokens = arrays.indices("tokens", node.size, once=True)
        return cls(node.size, node.inputs, node.more["map"], tokens, node.more["epsilon"])

    def forward(self, inputs: list[Approx]) -> Approx:
        """The map."""
        (z,) = inputs
        if self.map == "softmax":
            values, rounding = self._softmax(z.mid)
            return Approx(self._put(values), rounding)
        values, _, slope, off = self._normalised(Approx(z.mid, Upper(np.zeros(len(z)))))
        rounding = norms(self._put(values)) * gamma(self._width + 12) + (slope + 1.0) * 2.0**-1000
        return Approx(self._put(values), slope * off + rounding)

    def carried(self, inputs: list[Approx]) -> Upper:
        """The error of the argument grows by the Lipschitz constant between the exact token and this one."""
        (z,) = inputs
        if self.map == "softmax":
            return Upper(0.5) * z.err
        _, _, slope, off = self._normalised(z)
        return slope * off

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """B Dphi(z)."""
        (z,) = inputs
        b = rows.mid[:, :, self.tokens]
        if self.map == "softmax":
            p = output.mid[:, None, self.tokens]
            out = p * (b - (b * p).sum(axis=-1, keepdims=True))
            # || D phi(p) - D phi(p') || <= |p - p'|_inf + 2 |p - p'| for probabilities.
            err = Upper(0.5) * rows.err + rows.norms * (output.err * 3.1 + Upper(gamma(self._width + 6) * 4))
        else:
            values, scale, slope, off = self._normalised(z)
            direction = values[:, None] / np.sqrt(self._width)
            if self.map == "layer-norm":
                b = b - b.mean(axis=-1, keepdims=True)
            out = scale[:, None] * (b - direction * (b * direction).sum(axis=-1, keepdims=True))
            if self.map == "layer-norm":
                out = out - out.mean(axis=-1, keepdims=True)
            # D phi moves by s2 between the exact token and this one; the sums here lose a few roundings of s1 |b|.
            curve = (slope * slope).over(np.sqrt(self._width)) * (2 / np.sqrt(3.0) * (1 + 8 * UNIT))
            local = curve * off + slope * (gamma(self._width + 12) * 8)
            err = slope * rows.err + rows.norms * local + (slope + 1.0) * 2.0**-1000
        moved = np.empty_like(rows.mid)
        moved[:, :, self.tokens] = out
        return [Approx(moved, err + Upper(2.0**-1000))]

    @property
    def _width(self) -> int:
        return self.tokens.shape[1]

    def _put(self, values: Array) -> Array:
        out = np.empty((len(values), self.size))
        out[:, self.tokens] = values
        return out

    def _softmax(self, z: Array) -> tuple[Array, Upper]:
        """Probabilities (n, T, d) and the rounding per sample."""
        tokens, d = z[:, self.tokens], self._width
        shifted = tokens - tokens.max(axis=-1, keepdims=True)
        values, errors = exponential()(shifted)
        sums = values.sum(axis=-1, keepdims=True)
        # A shift that rounds is another argument, by u |shifted|; the rest is relative to sums of at least 1 - e.
        argument = norms(shifted.reshape(len(z), -1)) * UNIT
        worst = Upper(errors.reshape(len(z), -1).max(axis=1))
        relative = worst * (2.0 * (d + np.sqrt(d) + 1)) + Upper(2 * gamma(d + 4))
        return values / sums, argument + relative * float(np.sqrt(len(self.tokens)) * (1 + 4 * UNIT))

    def _centred(self, z: Approx) -> tuple[Array, Upper]:
        """x (n, T, d) and bounds per sample of its distance from the exact one."""
        tokens = z.mid[:, self.tokens]
        if self.map == "rms-norm":
            return tokens, z.err
        x = tokens - tokens.mean(axis=-1, keepdims=True)
        return x, z.err + z.norms * (2 * gamma(self._width + 4))

    def _normalised(self, z: Approx) -> tuple[Array, Array, Upper, Upper]:
        """phi, sqrt(d) / r, the local Lipschitz constant and the distance of x, the last two per sample."""
        x, off = self._centred(z)
        d = self._width
        square = np.square(x).sum(axis=-1, keepdims=True) + d * self.epsilon
        scale = np.sqrt(d) / np.sqrt(square)
        length = norms(x).value * (1 - 4 * gamma(d + 4))
        least = np.maximum(length - off.value[:, None], 0.0).min(axis=1) * (1 - 4 * UNIT)
        rho = (least**2 + d * self.epsilon) * (1 - 8 * UNIT)
        slope = Upper(d / rho).root() * (1 + 8 * UNIT)
        return scale * x, scale, slope, off

    def greatest(self, p: Approx) -> Upper:
        """The largest entry of this node's own values p over all samples and tokens, which are not negative."""
        return (Upper(p.mid.max(axis=1)) + p.err).max()

    def least(self, z: Approx) -> float:
        """Lower bound of |x| over all samples and tokens."""
        x, off = self._centred(z)
        length = norms(x).value * (1 - 4 * gamma(self._width + 4))
        return float(np.maximum(length - off.value[:, None], 0.0).min() * (1 - 4 * UNIT))

    def rules(self, around: Around) -> TokensRules:
        """Where the tokens are, and the largest of their rows."""
        n, outputs, _ = around.rows.mid.shape
        parts = around.rows.mid[:, :, self.tokens].transpose(0, 2, 1, 3)  # (n, T, C, d)
        each = norm_bounds(parts.reshape(-1, outputs, parts.shape[3])).value.reshape(n, -1)
        top = (Upper(each.max(axis=1)) + around.rows.err).max()
        v = around.index
        return TokensRules(self, v, self.least(around.value(self.inputs[0])), self.greatest(around.value(v)), top)


@dataclass(frozen=True)
class TokensRules:
    """s1 and s2, of softmax where p_k <= P on the ball, of a normalisation where |x|^2 + d eps >= rho^2 there.

    Attributes:
        least: lower bound of |x| at the centre.
        greatest: upper bound of the map's own values there, which of softmax are probabilities.
        top: U_v, the largest ||B_v^i[:, token]||.
    """

    kind: Tokens
    index: int
    least: float
    greatest: Upper
    top: Upper

    def _slopes(self, at: Rows) -> tuple[Upper, Upper]:
        d, epsilon = arb(self.kind.tokens.shape[1]), arb(self.kind.epsilon)
        move = float(at.moves.da[self.kind.inputs[0]].value)
        if not np.isfinite(move):
            raise Stop(FAILED, "arithmetic", "a bound is not finite: overflow")
        if self.kind.map == "softmax":
            # |grad p_k| <= p_k (1 - p_k) sqrt 2, so that P = max p_k grows by at most sqrt 2 / 4 of the way.
            most = self.greatest.exact + arb(2).sqrt() / 4 * arb(move)
            return Upper.of(most.min(arb(0.5))), Upper.of(most.min(arb(2).sqrt() / (3 * arb(3).sqrt())))
        square = (arb(self.least) - arb(move)).max(arb(0)) ** 2 + d * epsilon
        everywhere = arb(48) / (25 * arb(5).sqrt() * d.sqrt() * epsilon)
        return Upper.of((d / square).sqrt()), Upper.of(everywhere.min(2 * d.sqrt() / (arb(3).sqrt() * square)))

    def forward(self, at: Rows, single: bool) -> Row:
        """s1 X."""
        return at.values(self.kind.inputs[0], single) * self._slopes(at)[0]

    def _top(self, at: Rows) -> Upper:
        return self.top + at.moved_back(self.index, True)

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """s1 Y + s2 U X."""
        s1, s2 = self._slopes(at)
        return at.back(self.index, single) * s1 + at.values(self.kind.inputs[0], single) * (s2 * self._top(at))

    def jacobian(self, at: Rows) -> list[Array]:
        """None."""
        return []

    def curvature(self, at: Rows) -> list[Array]:
        """s2 Ub (X' . t)(x' . t)."""
        (u,), factor = self.kind.inputs, Upper(0.5) * self._slopes(at)[1] * self._top(at)
        return [(factor * Upper(symmetric(at.values(u, False), at.values(u, True)))).value]
