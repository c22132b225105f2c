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
from ..theory import InvalidInputError

NODES = 80
"""Gauss-Hermite nodes per dimension; for smooth activations the expectations settle well below that."""


def infinite_width_ntk(x: Tensor, *, hidden_layers: int, activation: str) -> Tensor:
    """Limit of the kernel of one output in the NTK parametrisation, shape (n, n); C outputs give C equal blocks.

    Args:
        x: inputs of shape (n, d).
        hidden_layers: L, at least 1.
        activation: a name of the table.

    Raises:
        InvalidInputError: an unknown activation or no hidden layer.
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
    """E act(u_i) act(u_j) and the same of act', for u Gaussian of covariance sigma (n, n); both (n, n)."""
    nodes, weights = _gauss_hermite(sigma)
    scale = sigma.diagonal().sqrt()
    n = len(sigma)
    rho = (sigma / scale[:, None] / scale[None, :]).clamp(-1, 1)
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


def _gauss_hermite(like: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes and weights for the standard normal distribution."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return torch.as_tensor(nodes).to(like), torch.as_tensor(weights / math.sqrt(2 * math.pi)).to(like)
