r"""The tangent kernel of infinite width: a deterministic function of the inputs, without biases.

`Sigma_0 = X X^T / d`, `Sigma_l = E act(u) act(v)`, `Sigma'_l = E act'(u) act'(v)` over (u, v) Gaussian with covariance
`Sigma_{l-1}`, and `Theta_l = Sigma_l + Theta_{l-1} o Sigma'_l` [Jacot, Gabriel, Hongler 2018, arXiv:1806.07572].

Every activation of the table is `S + r`, its `split`. S is a step `alpha + beta Phi(u / tau)` or a ramp `E max(u + tau
Z, 0)`, Phi the distribution function of a standard normal Z; r is the rest, smooth and below 1e-17 outside [-U, U].
Expectations of S alone are those of a step or a ramp of Gaussians with covariance `A = Sigma + tau^2 I`: with `c = A_ij
/ sqrt(A_ii A_jj)` and `theta = arccos c`,

    E Phi Phi = (pi - theta) / (2 pi),    E ramp ramp = sqrt(A_ii A_jj) (sin theta + (pi - theta) c) / (2 pi),
    E phi phi / tau^2 = 1 / (2 pi sqrt(A_ii A_jj - A_ij^2))

[Cho and Saul 2009; Williams 1997], so erf (r = 0) and relu (tau = 0, r = 0) are closed forms whatever the size of the
inputs. Given v, u is normal with mean mu and variance s^2, and `E[S(u) | v]` is S itself with tau^2 + s^2 in place of
tau^2; what is left, `E S(u) r(v)` and `E r(u) r(v)`, is integrated over [-U, U] by the trapezoidal rule, which for
analytic functions converges geometrically: at spacing h the error is like exp(-2 pi a / h), a the distance of the
nearest pole from the real line, or exp(-2 (pi w / h)^2) for a Gaussian of width w. The rule is run at h and at 1.5 h,
and with E what they differ by, E^1.5 is the error at h.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..nets.activations import Split, is_known
from ..nets.activations import activation as of_name
from ..theory import InvalidInputError, NotAvailableError, NumericalFailureError

AGREEMENT = 1e-8
"""Largest error, relative to sqrt(E act(u)^2 E act(v)^2)."""
_COARSE = 1.5
_RESOLVED = 2.0
"""Spacings that the width of a Gaussian must have."""
_OF_DEVIATION = 0.5
"""Spacing in standard deviations, where it is they that are short."""
_REACH = 9.0
"""Standard deviations beyond which a Gaussian is below 1e-17."""

Function = Callable[[Tensor], Tensor]


def infinite_width_ntk(x: Tensor, *, hidden_layers: int, activation: str) -> Tensor:
    """Limit of the kernel of one output in the NTK parametrisation, shape (n, n); C outputs give C equal blocks.

    Args:
        x: inputs of shape (n, d), of any size.
        hidden_layers: L, at least 1.
        activation: a name of the table.

    Raises:
        InvalidInputError: an unknown activation, no hidden layer, or inputs that are no finite (n, d).
        NotAvailableError: an activation without a `split`.
        NumericalFailureError: the quadrature does not settle; the message has the error.
    """
    if not is_known(activation) or hidden_layers < 1:
        raise InvalidInputError(f"activation = {activation!r}, hidden_layers = {hidden_layers}: unknown or below 1")
    if not isinstance(x, Tensor) or x.ndim != 2 or not x.is_floating_point() or not torch.isfinite(x).all():
        shape = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise InvalidInputError(f"x = {shape}: needed is a finite real torch.Tensor of shape (n, d)")
    wide = x.detach().double()
    sigma = wide @ wide.T / x.shape[1]
    theta = sigma
    for _ in range(hidden_layers):
        sigma, derivative = gaussian_expectations(sigma, activation)
        theta = sigma + theta * derivative
    return theta.to(x.dtype)


def gaussian_expectations(sigma: Tensor, activation: str) -> tuple[Tensor, Tensor]:
    """E act(u_i) act(u_j) and the same of act', for u Gaussian of covariance sigma (n, n), float64; both (n, n).

    Raises:
        NotAvailableError: an activation without a `split`.
        NumericalFailureError: the quadrature does not settle; the message has the error.
    """
    act = of_name(activation)
    if act.split is None:
        raise NotAvailableError(f"not available for {activation}: no step or ramp that it is near to is known")
    found = []
    for order, f in enumerate((act.value, act.derivative)):
        smooth = _Smooth(act.split, order)
        total = smooth.squares(sigma)
        if act.split.reach > 0:
            fine, coarse = (_Rest(smooth, f, step).expectations(sigma) for step in (1.0, _COARSE))
            total = total + fine
            size = total.diagonal().clamp(min=0).sqrt()
            # A zero row of inputs and an odd activation: nothing to be relative to, and nothing to differ.
            error = float(((fine - coarse).abs() / (size[:, None] * size).clamp(min=1e-30)).max())
            if not error**_COARSE <= AGREEMENT:
                raise NumericalFailureError(
                    f"the expectations over Gaussians do not settle: two rules differ by {error:.1e} of their size"
                )
        found.append(total)
    return found[0], found[1]


@dataclass(frozen=True)
class _Smooth:
    """S (order 0) or S' (order 1)."""

    split: Split
    order: int

    def squares(self, sigma: Tensor) -> Tensor:
        """E S(u_i) S(u_j)."""
        tau, beta = self.split.tau, self.split.beta
        # Two copies of Z on the diagonal too, where u is the same: A_ij is Sigma_ii there.
        size = (sigma.diagonal() + tau**2).clamp(min=0).sqrt()
        product = size[:, None] * size
        c = (sigma / torch.where(product > 0, product, 1)).clamp(-1, 1)
        angle = torch.arccos(c)
        same = (math.pi - angle) / (2 * math.pi)  # E Phi Phi
        match self.split.form, self.order:
            case "step", 0:
                alpha = self.split.alpha
                return alpha**2 + alpha * beta + beta**2 * same
            case "step", _:
                return beta**2 / (2 * math.pi * ((product - sigma) * (product + sigma)).sqrt())
            case _, 0:
                return product * ((1 - c**2).sqrt() + (math.pi - angle) * c) / (2 * math.pi)
            case _:
                return torch.where(product > 0, same, 0)

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
    """What S leaves of a function: r = f - S, gone outside [-reach, reach]; all spacings are multiplied by `coarse`."""

    smooth: _Smooth
    f: Function
    coarse: float

    def value(self, u: Tensor) -> Tensor:
        """r(u)."""
        rest = self.f(u) - self.smooth.given(u, torch.zeros_like(u))
        return torch.where(u.abs() <= self.smooth.split.reach, rest, 0)

    def expectations(self, sigma: Tensor) -> Tensor:
        """E f(u_i) f(u_j) - E S(u_i) S(u_j)."""
        deviation = sigma.diagonal().clamp(min=0).sqrt()
        out = torch.zeros_like(sigma)
        order = deviation.argsort()
        for k, i in enumerate(order.tolist()):
            # The longer one outside: what its entries say of the shorter one's mean is no steeper than 1.
            others = order[: k + 1]
            t, weights = self._nodes(float(deviation[i]), sigma)
            slope, left = _regression(sigma[others, i], deviation[i], deviation[others])
            mean = slope[:, None] * t  # (k + 1, t)
            found = (self.smooth.given(mean, left[:, None]) + self._given(mean, left)) @ (weights * self.value(t))
            swapped = torch.stack([self._with_smooth(sigma[j, i], deviation[j], deviation[i]) for j in others])
            out[others, i] = out[i, others] = found + swapped
        return out

    def _with_smooth(self, covariance: Tensor, shorter: Tensor, longer: Tensor) -> Tensor:
        """E r(u) S(v) for u of deviation `shorter` and v of deviation `longer`."""
        slope, left = _regression(covariance, shorter, longer)
        spread = float((left**2 + self.smooth.split.tau**2).sqrt())
        # What S does with v = slope u is as narrow, in u, as the slope is steep.
        width = spread / max(abs(float(slope)), 1e-300)
        t, weights = self._nodes(float(shorter), covariance, width / _RESOLVED)
        return self.smooth.given(slope * t, left) @ (weights * self.value(t))

    def _nodes(self, deviation: float, like: Tensor, most: float = math.inf) -> tuple[Tensor, Tensor]:
        """Nodes in [-reach, reach], no further apart than `most`, and weights with the density of N(0, deviation^2)."""
        if deviation == 0:
            return like.new_zeros(1), like.new_ones(1)
        spacing, reach = self.smooth.split.spacing, self.smooth.split.reach
        step = self.coarse * min(spacing if deviation >= _RESOLVED * spacing else _OF_DEVIATION * deviation, most)
        count = math.ceil(min(reach, _REACH * deviation) / step)
        t = step * torch.arange(-count, count + 1).to(like)
        return t, step / deviation * _density(t / deviation)

    def _given(self, mean: Tensor, deviation: Tensor) -> Tensor:
        """E r(mean + deviation Z) for means (k, t) and a deviation (k,) per row."""
        out, spacing = torch.empty_like(mean), self.smooth.split.spacing
        narrow = deviation < _RESOLVED * spacing
        if bool(narrow.any()):
            h = self.coarse * _OF_DEVIATION
            z = h * torch.arange(-math.ceil(_REACH / h), math.ceil(_REACH / h) + 1).to(mean)
            points = mean[narrow][:, :, None] + deviation[narrow][:, None, None] * z
            out[narrow] = self.value(points) @ (h * _density(z))
        if bool((~narrow).any()):
            h = self.coarse * spacing
            count = math.ceil(self.smooth.split.reach / h)
            u = h * torch.arange(-count, count + 1).to(mean)
            wide = deviation[~narrow][:, None, None]
            out[~narrow] = (_density((u - mean[~narrow][:, :, None]) / wide) / wide) @ (h * self.value(u))
        return out


def _regression(covariance: Tensor, of: Tensor, on: Tensor) -> tuple[Tensor, Tensor]:
    """Given a Gaussian of deviation `of`, another of deviation `on` has mean slope times it: slope, deviation left."""
    slope = covariance / torch.where(of > 0, of**2, 1)
    return slope, (on**2 - slope * covariance).clamp(min=0).sqrt()


def _density(z: Tensor) -> Tensor:
    return torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
