"""Expectations over Gaussians whose covariance is not known exactly, and what they may be off by.

A pair is known by its deviations and its correlation c. With relative errors rho of the variances and an absolute error
e of c, `E f(u) f(v)` is off, beside quadrature and rounding (`gaussian_pairs`), by

    e s_u s_v sqrt(E f'(u)^2 E f'(v)^2) + rho_u / 2 sqrt(E (u f'(u))^2 E f(v)^2) + the same with u and v exchanged,

for `d/dc E f(u) f(v) = s_u s_v E f'(u) f'(v)` [Price 1958] and `d/dlog s_u = E u f'(u) f(v)`, both by Cauchy and
Schwarz. The first term may also be taken from the density's own derivative, of Fisher information `(1 + c^2) / (1 -
c^2)^2` in c: e sup|f| sqrt(sqrt(E f^2 E f^2) (1 + c^2)) / (1 - c^2). So the step of relu's derivative is counted away
from |c| = 1; there it is its angle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..nets.activations import Activation
from .gaussian_pairs import Pairs, expectations

_UNIT = 2.0**-53
_NODES = 601
_SLACK = 1.05
"""On second moments by the trapezoidal rule, and on what is of second order in errors."""


@dataclass(frozen=True)
class Known:
    """A symmetric matrix and what its entries may be off by; sums and products count their rounding.

    Attributes:
        value: (n, n), float64.
        error: of each entry, (n, n).
    """

    value: Tensor
    error: Tensor

    @property
    def norm_of_error(self) -> float:
        """Upper bound of the spectral norm of the error."""
        return float(self.error.sum(dim=1).max())

    def __add__(self, other: Known | float) -> Known:
        value, error = (other.value, other.error) if isinstance(other, Known) else (other, 0.0)
        total = self.value + value
        return Known(total, self.error + error + _UNIT * total.abs())

    def __mul__(self, other: Known | float) -> Known:
        value, error = (
            (other.value, other.error)
            if isinstance(other, Known)
            else (torch.as_tensor(other, dtype=torch.float64), torch.zeros((), dtype=torch.float64))
        )
        total = self.value * value
        both = self.error * (value.abs() + error) + self.value.abs() * error
        return Known(total, both + _UNIT * total.abs())


def gaussian_expectations(sigma: Known | Tensor, act: Activation) -> tuple[Known, Known]:
    """E act(u_i) act(u_j) and the same of act', for u Gaussian of covariance sigma (n, n), each with its error.

    Args:
        sigma: a covariance in float64; a Tensor is taken as exact.
        act: the activation.
    """
    if isinstance(sigma, Tensor):
        sigma = Known(sigma, torch.zeros_like(sigma))
    pairs = Pairs.of(sigma.value)
    value, slope = (Known(*expectations(pairs, act, order)) for order in (0, 1))
    moved = _moved(sigma, pairs, act)
    return replace(value, error=value.error + moved[0]), replace(slope, error=slope.error + moved[1])


def _moved(sigma: Known, pairs: Pairs, act: Activation) -> tuple[Tensor, Tensor]:
    """What the error of a covariance makes of both expectations."""
    s, c, product = pairs.deviation, pairs.correlation, pairs.product
    rho = sigma.error.diagonal() / torch.where(s > 0, s**2, 1) + 4 * _UNIT
    e = sigma.error / torch.where(product > 0, product, 1) + (rho[:, None] + rho) / 2 + 4 * _UNIT
    e = e.fill_diagonal_(0.0)
    if act.split is not None and act.split.form == "wave":
        total = (_wave_moved(pairs, rho, e, -1.0) + _wave_moved(pairs, rho, e, 1.0)) / 2
        return total, total
    f, d, b, g, h = _moments(s, act)

    def pair(p: Tensor, q: Tensor) -> Tensor:
        return (p[:, None] * q).sqrt()

    own = [0.5 * (rho[:, None] * pair(p, q) + rho * pair(q, p)) for p, q in ((g, f), (h, d))]
    # Over the whole interval c - e .. c + e.
    apart = (pairs.apart - 2 * e).clamp(min=0)
    by_density = torch.where(apart > 0, act.s1 * (2 * pair(d, d)).sqrt() / apart, math.inf) * e
    if math.isinf(act.s2):
        low, high = torch.arccos((c - e).clamp(-1, 1)), torch.arccos((c + e).clamp(-1, 1))
        turned = act.s1**2 * ((low - high) / (2 * math.pi) + 4 * _UNIT)
    else:
        turned = e * product * pair(b, b)
    turned = torch.where(e > 0, torch.minimum(turned, by_density), 0)
    return _SLACK * (own[0] + e * product * pair(d, d)), _SLACK * (own[1] + turned)


def _wave_moved(pairs: Pairs, rho: Tensor, e: Tensor, sign: float) -> Tensor:
    """The same of exp(-Var(u +- v) / 2)."""
    s, product, near = pairs.deviation, pairs.product, 1 + sign * pairs.correlation
    apart = (s[:, None] - s).abs()
    moved = apart * (rho[:, None] * s[:, None] + rho * s) / 2 + near * product * (rho[:, None] + rho) / 2 + product * e
    exponent = apart**2 / 2 + product * near
    return _SLACK * torch.exp(-(exponent - moved).clamp(min=0)) * (moved + 8 * _UNIT * exponent).clamp(max=1)


def _moments(deviation: Tensor, act: Activation) -> list[Tensor]:
    """E f^2, E f'^2, E f''^2, E (u f')^2, E (u f'')^2 for f = act and u of each deviation, each (n,)."""
    # u = sinh t: as fine as 0.06 near 0 and as wide as 9 deviations, whatever those are.
    end = torch.asinh(9 * deviation.clamp(min=1e-150))
    t = end[:, None] * torch.linspace(-1, 1, _NODES, dtype=torch.float64)
    u, scale = torch.where(deviation[:, None] > 0, torch.sinh(t), 0), deviation.clamp(min=1e-150)[:, None]
    weights = torch.exp(-0.5 * (torch.sinh(t) / scale) ** 2) / (scale * math.sqrt(2 * math.pi)) * torch.cosh(t)
    weights = weights * (2 * end[:, None] / (_NODES - 1))
    first, second = act.derivative(u), act.second(u)
    functions = (act.value(u), first, second, u * first, u * second)
    return [_SLACK * (weights * value**2).sum(dim=1) for value in functions]
