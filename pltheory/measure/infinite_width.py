"""The tangent kernel of infinite width: a deterministic function of the inputs, without biases.

`Sigma_0 = X X^T / d`, `Sigma_l = E act(u) act(v)`, `Sigma'_l = E act'(u) act'(v)` over (u, v) Gaussian with covariance
`Sigma_{l-1}`, and `Theta_l = Sigma_l + Theta_{l-1} o Sigma'_l` [Jacot, Gabriel, Hongler 2018, arXiv:1806.07572].
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..problem.pointwise import POINTWISE, Pointwise
from ..theory import InvalidInputError, NumericalFailureError

NODES = (80, 160, 320)
"""Gauss-Hermite nodes per dimension, tried in turn until two rules agree."""
AGREEMENT = 1e-6
"""Relative to the largest entry."""


def infinite_width_ntk(x: Tensor, *, hidden_layers: int, activation: str) -> Tensor:
    """Limit of the kernel of one output in the NTK parametrisation, shape (n, n); C outputs give C equal blocks.

    Args:
        x: inputs of shape (n, d).
        hidden_layers: L, at least 1.
        activation: a name of the table.

    Raises:
        InvalidInputError: an unknown activation or no hidden layer.
        NumericalFailureError: the quadrature does not settle, as for inputs with ||x||^2 / d far above 1.
    """
    if activation not in POINTWISE or hidden_layers < 1:
        raise InvalidInputError(f"activation = {activation!r}, hidden_layers = {hidden_layers}: unknown or below 1")
    act = POINTWISE[activation]
    sigma = x @ x.T / x.shape[1]
    theta = sigma
    for _ in range(hidden_layers):
        sigma, derivative = gaussian_expectations(sigma, act)
        theta = sigma + theta * derivative
    return theta


def gaussian_expectations(sigma: Tensor, act: Pointwise) -> tuple[Tensor, Tensor]:
    """E act(u_i) act(u_j) and the same of act', for u Gaussian of covariance sigma (n, n); both (n, n).

    Raises:
        NumericalFailureError: the quadrature does not settle.
    """
    coarse = _rule(sigma, act, NODES[0])
    for count in NODES[1:]:
        fine = _rule(sigma, act, count)
        if all(
            float((f - c).abs().max()) <= AGREEMENT * float(f.abs().max()) for f, c in zip(fine, coarse, strict=True)
        ):
            return fine
        coarse = fine
    raise NumericalFailureError("the expectations over Gaussians do not settle: the inputs are too long for the rule")


def _rule(sigma: Tensor, act: Pointwise, count: int) -> tuple[Tensor, Tensor]:
    nodes, weights = _gauss_hermite(sigma, count)
    scale = sigma.diagonal().sqrt()
    n = len(sigma)
    # A zero row is the constant 0 whatever its correlation is said to be.
    safe = scale.clamp(min=torch.finfo(sigma.dtype).tiny ** 0.5)
    rho = (sigma / safe[:, None] / safe[None, :]).clamp(-1, 1)
    first = scale[:, None] * nodes  # (n, q)
    means = []
    for f in (act.value, act.derivative):
        left = f(first) * weights
        out = torch.empty_like(sigma)
        for i in range(n):
            # u_j = s_j (rho g + sqrt(1 - rho^2) h) given u_i = s_i g, shape (n, q, q)
            mixed = rho[i, :, None, None] * nodes[:, None] + (1 - rho[i] ** 2).sqrt()[:, None, None] * nodes
            inner = f(scale[:, None, None] * mixed) @ weights
            out[i] = inner @ left[i]
        means.append((out + out.T) / 2)
    return means[0], means[1]


def _gauss_hermite(like: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights for the standard normal distribution."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return torch.as_tensor(nodes).to(like), torch.as_tensor(weights / math.sqrt(2 * math.pi)).to(like)
