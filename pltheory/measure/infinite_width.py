r"""The tangent kernel of infinite width: a deterministic function of the inputs, with what it may be off by.

In the NTK parametrisation, with beta = 1 where there are biases and 0 where there are none,

    Sigma_0 = X X^T / d + beta,        Sigma_l = E act(u) act(v) + beta,
    Theta_0 = Sigma_0,                 Theta_l = Sigma_l + Theta_{l-1} o E act'(u) act'(v),

(u, v) Gaussian with covariance `Sigma_{l-1}` [Jacot, Gabriel, Hongler 2018, arXiv:1806.07572]. In the standard one the
weights of a layer of fan-in m move sqrt(m) times as far in the outputs and biases are 0 at the start, so that there is
no limit; what the kernel is near to at large widths m_1, .., m_L has `Sigma_0 = X X^T / d`, `Sigma_l = E act act`, and
`Theta_l = m_l Sigma_l + beta + Theta_{l-1} o E act' act'`, m_0 = d [Sohl-Dickstein et al. 2020, arXiv:2001.07301].

What an error of `Sigma_{l-1}` makes of `Sigma_l` is said in `gaussian_errors`.

Convolutional networks have limits of their own, over pairs of positions; they are not computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..nets.activations import activation as of_name
from ..nets.activations import is_known
from ..theory import InvalidInputError, NumericalFailureError
from .gaussian_errors import Known, gaussian_expectations

AGREEMENT = 1e-6
"""Largest error of an entry that `infinite_width_ntk` lets pass, relative to sqrt(K_ii K_jj)."""
_UNIT = 2.0**-53


@dataclass(frozen=True)
class LimitKernel:
    """A kernel of infinite width.

    Attributes:
        kernel: Theta_L, (n, n), float64; C outputs give C equal blocks.
        features: Sigma_L, the covariance of the outputs at the start, (n, n).
        error: of each entry of `kernel`: rounding is counted, the quadrature's part is estimated by two rules.
    """

    kernel: Tensor
    features: Tensor
    error: Tensor

    @property
    def eigenvalues(self) -> tuple[Tensor, float]:
        """Eigenvalues in ascending order, (n,), and what each may be off by, from `error` [Weyl]."""
        found = torch.linalg.eigvalsh(self.kernel)
        own = len(found) * 8 * _UNIT * float(found.abs().max())
        return found, float(self.error.sum(dim=1).max()) + own

    @property
    def relative_error(self) -> float:
        """The largest error of an entry, relative to sqrt(K_ii K_jj)."""
        size = self.kernel.diagonal().clamp(min=0).sqrt()
        # A zero row of inputs and an odd activation: nothing to be relative to, and nothing to be off.
        return float((self.error / (size[:, None] * size).clamp(min=1e-300)).max())


def infinite_width(
    x: Tensor,
    *,
    hidden_layers: int,
    activation: str,
    bias: bool = False,
    parametrization: str = "ntk",
    hidden_widths: Sequence[int] | None = None,
) -> LimitKernel:
    """The limit of the kernel of one output of `fully_connected` networks, and its error; refuses no size of inputs.

    Args:
        x: inputs of shape (n, d).
        hidden_layers: L, at least 1.
        activation: a name of the table.
        bias: whether biases are parameters, as in `fully_connected`.
        parametrization: "ntk" or "standard", as in `fully_connected`.
        hidden_widths: m_1, .., m_L of the standard parametrisation, whose kernel grows with them.

    Raises:
        InvalidInputError: an unknown activation or parametrisation, no hidden layer, widths where there is a limit or
            none where there is not, or inputs that are no finite (n, d).
    """
    if not is_known(activation) or hidden_layers < 1:
        raise InvalidInputError(f"activation = {activation!r}, hidden_layers = {hidden_layers}: unknown or below 1")
    if not isinstance(x, Tensor) or x.ndim != 2 or not x.is_floating_point() or not torch.isfinite(x).all():
        shape = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise InvalidInputError(f"x = {shape}: needed is a finite real torch.Tensor of shape (n, d)")
    gains = _gains(x.shape[1], hidden_layers, parametrization, hidden_widths)
    act, wide = of_name(activation), x.detach().double().cpu()
    start = float(bias and parametrization == "ntk")  # variance of a bias at the start
    d = wide.shape[1]
    gram = wide @ wide.T / d
    length = torch.linalg.vector_norm(wide, dim=1)
    sigma = Known(gram, (d + 3) * _UNIT * length[:, None] * length / d)
    theta = sigma * gains[0] + float(bias)
    sigma = sigma + start
    for gain in gains[1:]:
        value, slope = gaussian_expectations(sigma, act)
        theta = value * gain + float(bias) + theta * slope
        sigma = value + start
    return LimitKernel(theta.value, sigma.value, theta.error)


def infinite_width_ntk(
    x: Tensor,
    *,
    hidden_layers: int,
    activation: str,
    bias: bool = False,
    parametrization: str = "ntk",
    hidden_widths: Sequence[int] | None = None,
) -> Tensor:
    """The kernel of `infinite_width` alone, shape (n, n), in the dtype of x; known to `AGREEMENT`.

    Args:
        x, hidden_layers, activation, bias, parametrization, hidden_widths: as in `infinite_width`.

    Raises:
        InvalidInputError: as `infinite_width`.
        NumericalFailureError: the error is larger than `AGREEMENT`; `infinite_width` gives the kernel with it.
    """
    found = infinite_width(
        x,
        hidden_layers=hidden_layers,
        activation=activation,
        bias=bias,
        parametrization=parametrization,
        hidden_widths=hidden_widths,
    )
    if not found.relative_error <= AGREEMENT:
        raise NumericalFailureError(
            f"the kernel of infinite width is known to {found.relative_error:.1e} of its size only; infinite_width() "
            "gives it with the error of each entry"
        )
    return found.kernel.to(x)


def _gains(d: int, hidden_layers: int, parametrization: str, widths: Sequence[int] | None) -> list[float]:
    """What the derivatives in the weights of each layer add up to, over the covariance of its inputs."""
    if parametrization == "ntk" and widths is None:
        return [1.0] * (hidden_layers + 1)
    if parametrization == "standard" and widths is not None and len(widths) == hidden_layers and min(widths) >= 1:
        return [float(d), *map(float, widths)]
    raise InvalidInputError(
        f"parametrization = {parametrization!r}, hidden_widths = {widths!r}: allowed are 'ntk' without widths and "
        f"'standard' with {hidden_layers}"
    )
