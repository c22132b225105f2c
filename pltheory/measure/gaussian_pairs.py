r"""Expectations `E act(u) act(v)` and `E act'(u) act'(v)` over centred Gaussian pairs, with what they may be off by.

An activation of the table is `S + r`, its `split`. S is a step `alpha + beta Phi(u / tau)`, a ramp `E max(u + tau Z,
0)` or a wave `sin(u)`, Phi the distribution function of a standard normal Z; r is the rest, smooth and below 1e-17
outside [-U, U]. Expectations of S alone are closed forms. Those of a step or a ramp are those of step and ramp over
Gaussians with covariance `A = Sigma + tau^2 I`: with theta the angle whose cosine is `Sigma_ij / sqrt(A_ii A_jj)`,

    E Phi Phi = (pi - theta) / (2 pi),    E ramp ramp = sqrt(A_ii A_jj) (sin theta + (pi - theta) cos theta) / (2 pi),
    E phi phi / tau^2 = 1 / (2 pi sqrt(A_ii A_jj - Sigma_ij^2))

[Cho and Saul 2009; Williams 1997], and `E sin sin = (exp(-Var(u - v) / 2) - exp(-Var(u + v) / 2)) / 2`. So erf, sin (r
= 0) and relu (tau = 0, r = 0) are closed forms whatever the size of the inputs. Given v, u is normal with mean mu and
variance s^2, and `E[S(u) | v]` is a closed form too; what is left, `E S(u) r(v)` and `E r(u) r(v)`, is integrated over
[-U, U] by the trapezoidal rule, which for analytic functions converges geometrically: at spacing h the error is like
exp(-2 pi a / h), a the distance of the nearest pole from the real line, or exp(-2 (pi w / h)^2) for a Gaussian of width
w. The rule is run at 0.75 h and at 1.1 h, and what they differ by is the error that is stated: that of the wider rule,
larger than the one that is made by the power 1.5.

Where u is narrow, of deviation below `NARROW`, S and r cancel to what is left of act; there, and for an activation
without a split, S is 0 and r is act itself, over 9 deviations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..nets.activations import Activation, Split

NARROW = 0.25
"""Deviation below which an activation is integrated whole."""
ROUNDING = 256 * 2.0**-53
"""Of sums over some hundreds of nodes, relative to the deviations of what is summed."""
_STEPS = (0.75, 1.1)
"""Spacings of the two rules, in those of a split."""
_RESOLVED = 3.0
"""Spacings that the width of a Gaussian must have."""
_OF_DEVIATION = 0.33
"""Spacing in standard deviations, where it is they that are short."""
_REACH = 9.0
"""Standard deviations beyond which a Gaussian is below 1e-17."""
_WHOLE = Split("step", 1.0, 0.0, 0.0, reach=math.inf, spacing=0.2)
"""No S at all."""
_MOST_NODES = 400
"""To either side, of a function without a split: wider Gaussians have wider spacings, and an error that says so."""

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Pairs:
    """Centred Gaussian pairs.

    Attributes:
        deviation: of each Gaussian, (n,), float64.
        correlation: of each two, (n, n), in [-1, 1], 1 on the diagonal.
    """

    deviation: Tensor
    correlation: Tensor

    @classmethod
    def of(cls, covariance: Tensor) -> Pairs:
        """From an (n, n) covariance in float64."""
        deviation = covariance.diagonal().clamp(min=0).sqrt()
        product = deviation[:, None] * deviation
        c = (covariance / torch.where(product > 0, product, 1)).clamp(-1, 1)
        return cls(deviation, c.fill_diagonal_(1.0))

    @property
    def product(self) -> Tensor:
        """Products of deviations, (n, n)."""
        return self.deviation[:, None] * self.deviation

    @property
    def apart(self) -> Tensor:
        """1 - c^2, (n, n)."""
        return (1 - self.correlation) * (1 + self.correlation)


def expectations(pairs: Pairs, act: Activation, order: int) -> tuple[Tensor, Tensor]:
    """E f(u_i) f(u_j) for f = act (order 0) or act' (order 1), and a bound of its error at exactly these pairs.

    Returns:
        both (n, n) in float64. The error is that of the quadrature, estimated by two rules, and of rounding.
    """
    f = act.derivative if order else act.value
    split = _WHOLE if act.split is None else act.split
    smooth = _Smooth(split, order, pairs.deviation >= NARROW if split.reach > 0 else pairs.deviation >= 0)
    closed = smooth.squares(pairs)
    if split.reach == 0:
        return closed, ROUNDING * _sizes(closed)
    fine, coarse = (_Rest(smooth, f, step).expectations(pairs) for step in _STEPS)
    total = closed + fine
    return total, (fine - coarse).abs() + ROUNDING * (_sizes(total) + _sizes(closed))


def _sizes(values: Tensor) -> Tensor:
    """sqrt(E f(u_i)^2 E f(u_j)^2)."""
    size = values.diagonal().clamp(min=0).sqrt()
    return size[:, None] * size


@dataclass(frozen=True)
class _Smooth:
    """S (order 0) or S' (order 1) of the Gaussians that are `wide`, 0 of the others."""

    split: Split
    order: int
    wide: Tensor

    def squares(self, pairs: Pairs) -> Tensor:
        """E S(u_i) S(u_j)."""
        both = self.wide[:, None] & self.wide
        return torch.where(both, self._wave(pairs) if self.split.form == "wave" else self._angles(pairs), 0)

    def _angles(self, pairs: Pairs) -> Tensor:
        tau, beta = self.split.tau, self.split.beta
        square = pairs.deviation**2
        size = (square + tau**2).sqrt()
        product = size[:, None] * size
        # Two copies of Z on the diagonal too, where u is the same: A_ij is Sigma_ii there. Nothing cancels.
        root = (pairs.product**2 * pairs.apart + tau**2 * (square[:, None] + square) + tau**4).sqrt()
        angle = torch.atan2(root, pairs.product * pairs.correlation)
        same = (math.pi - angle) / (2 * math.pi)  # E Phi Phi
        match self.split.form, self.order:
            case "step", 0:
                # What is left of a step about its middle is odd, and small where the Gaussians are.
                odd = torch.atan2(pairs.product * pairs.correlation, root)
                return (self.split.alpha + beta / 2) ** 2 + beta**2 / (2 * math.pi) * odd
            case "step", _:
                return beta**2 / (2 * math.pi * root)
            case _, 0:
                return (root + (math.pi - angle) * pairs.product * pairs.correlation) / (2 * math.pi)
            case _:
                return torch.where(product > 0, same, 0)

    def _wave(self, pairs: Pairs) -> Tensor:
        half = (pairs.deviation[:, None] - pairs.deviation) ** 2 / 2
        near = torch.exp(-half - pairs.product * (1 - pairs.correlation))
        far = torch.exp(-half - pairs.product * (1 + pairs.correlation))
        if self.order:
            return (near + far) / 2
        # A short wave is sinh of a small covariance, where the two cancel.
        covariance = pairs.product * pairs.correlation
        sizes = (pairs.deviation[:, None] ** 2 + pairs.deviation**2) / 2
        return torch.where(covariance.abs() < 1, torch.exp(-sizes) * torch.sinh(covariance), (near - far) / 2)

    def given(self, mean: Tensor, deviation: Tensor) -> Tensor:
        """E S(mean + deviation Z)."""
        spread = (deviation**2 + self.split.tau**2).sqrt()
        z = mean / spread
        match self.split.form, self.order:
            case "step", 0:
                return self.split.alpha + self.split.beta * torch.special.ndtr(z)
            case "step", _:
                return self.split.beta * _density(z) / spread
            case _, 0:
                return mean * torch.special.ndtr(z) + spread * _density(z)
            case _:
                return torch.special.ndtr(z)


@dataclass(frozen=True)
class _Rest:
    """What S leaves of a function: r = f - S; all spacings are multiplied by `coarse`."""

    smooth: _Smooth
    f: Function
    coarse: float

    def value(self, u: Tensor, wide: bool) -> Tensor:
        """r(u)."""
        if not wide:
            return self.f(u)
        rest = self.f(u) - self.smooth.given(u, torch.zeros_like(u))
        return torch.where(u.abs() <= self.smooth.split.reach, rest, 0)

    def expectations(self, pairs: Pairs) -> Tensor:
        """E f(u_i) f(u_j) - E S(u_i) S(u_j)."""
        deviation = pairs.deviation
        split = self.smooth.split
        wide = (self.smooth.wide & bool(split.beta or split.form != "step")).tolist()
        out = torch.zeros_like(pairs.correlation)
        for k, i in enumerate(order := deviation.argsort().tolist()):
            # The longer one outside: what its entries say of the shorter one's mean is no steeper than 1.
            t, weights = self._nodes(float(deviation[i]), wide[i])
            weighted = weights * self.value(t, wide[i])
            for j in order[: k + 1]:
                c, left = pairs.correlation[i, j], deviation[j] * pairs.apart[i, j].sqrt()
                slope = c * deviation[j] / torch.where(deviation[i] > 0, deviation[i], 1)
                mean = slope * t
                found = self._given(mean, float(left), wide[j]) @ weighted
                if wide[j]:
                    found = found + self.smooth.given(mean, left) @ weighted
                if wide[i]:
                    found = found + self._with_smooth(pairs, j, i, wide[j])
                out[i, j] = out[j, i] = found
        return out

    def _with_smooth(self, pairs: Pairs, short: int, long: int, wide: bool) -> Tensor:
        """E r(u) S(v) for u the shorter and v the longer Gaussian."""
        u, v = pairs.deviation[short], pairs.deviation[long]
        slope = pairs.correlation[short, long] * v / torch.where(u > 0, u, 1)
        left = v * pairs.apart[short, long].sqrt()
        spread = float((left**2 + self.smooth.split.tau**2).sqrt())
        # What S does with v = slope u is as narrow, in u, as the slope is steep.
        width = spread / max(abs(float(slope)), 1e-300)
        t, weights = self._nodes(float(u), wide, width / _RESOLVED)
        return self.smooth.given(slope * t, left) @ (weights * self.value(t, wide))

    def _nodes(self, deviation: float, wide: bool, most: float = math.inf) -> tuple[Tensor, Tensor]:
        """Nodes no further apart than `most`, and weights with the density of N(0, deviation^2)."""
        if deviation == 0:
            return torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
        spacing, reach = self.smooth.split.spacing, self.smooth.split.reach if wide else math.inf
        step = self.coarse * min(spacing if deviation >= _RESOLVED * spacing else _OF_DEVIATION * deviation, most)
        reach = min(reach, _REACH * deviation)
        if not wide:
            step = max(step, self.coarse * reach / _MOST_NODES)
        count = math.ceil(reach / step)
        t = step * torch.arange(-count, count + 1, dtype=torch.float64)
        return t, step / deviation * _density(t / deviation)

    def _given(self, mean: Tensor, deviation: float, wide: bool) -> Tensor:
        """E r(mean + deviation Z) for means (t,)."""
        if deviation == 0:
            return self.value(mean, wide)
        spacing = self.smooth.split.spacing
        if not wide or deviation < _RESOLVED * spacing:
            z, weights = self._nodes_of_unit(min(_OF_DEVIATION, spacing / deviation))
            return self.value(mean[:, None] + deviation * z, wide) @ weights
        h = self.coarse * spacing
        count = math.ceil(self.smooth.split.reach / h)
        u = h * torch.arange(-count, count + 1, dtype=torch.float64)
        return (_density((u - mean[:, None]) / deviation) / deviation) @ (h * self.value(u, wide))

    def _nodes_of_unit(self, step: float) -> tuple[Tensor, Tensor]:
        h = self.coarse * max(step, _REACH / _MOST_NODES)
        count = math.ceil(_REACH / h)
        z = h * torch.arange(-count, count + 1, dtype=torch.float64)
        return z, h * _density(z)


def _density(z: Tensor) -> Tensor:
    return torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
