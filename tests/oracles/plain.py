"""Class N written a second time, as a function of one flat vector, and everything dense by torch.func.

Shares no code with the package: a network is read as data (its tensors and scales) and evaluated here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn
from torch.func import hessian, jacrev, jvp

FUNCTIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": lambda z: nnf.softplus(z, threshold=700),
    "erf": torch.erf,
    "gelu": nnf.gelu,
    "silu": nnf.silu,
    "mish": lambda z: z * torch.tanh(nnf.softplus(z, threshold=700)),
    "sin": torch.sin,
    "relu": torch.relu,
}


@dataclass(frozen=True)
class Plain:
    """A network of class N without its weights; flat vectors hold W_1, b_1, W_2, b_2, .., b_l where there is one."""

    widths: tuple[int, ...]
    biased: tuple[bool, ...]
    kappas: tuple[float, ...]
    taus: tuple[float, ...]
    activation: str

    @property
    def sizes(self) -> list[int]:
        """Parameters per layer: weights and, where there is one, bias."""
        pairs = zip(self.widths[:-1], self.widths[1:], self.biased, strict=True)
        return [(m_in + has) * m_out for m_in, m_out, has in pairs]

    def layers(self, w: Tensor) -> list[tuple[Tensor, Tensor | None]]:
        """Split a flat vector into (W_l, b_l or None)."""
        out, at = [], 0
        for m_in, m_out, has in zip(self.widths[:-1], self.widths[1:], self.biased, strict=True):
            weight = w[at : at + m_in * m_out].reshape(m_out, m_in)
            at += m_in * m_out
            bias = w[at : at + m_out] if has else None
            at += m_out if has else 0
            out.append((weight, bias))
        return out

    def preactivations(self, w: Tensor, x: Tensor, bumps: list[Tensor] | None = None) -> list[Tensor]:
        """Z_1, .., Z_{L+1}, each (n, m_l); bumps are added to the Z_l before anything reads them."""
        act, a, zs = FUNCTIONS[self.activation], x, []
        for l, (weight, bias) in enumerate(self.layers(w)):
            z = self.kappas[l] * torch.einsum("ij,kj->ik", a, weight)
            if bias is not None:
                z = z + self.taus[l] * bias
            if bumps is not None:
                z = z + bumps[l]
            zs.append(z)
            a = act(z)
        return zs

    def outputs(self, w: Tensor, x: Tensor) -> Tensor:
        """F, flat and sample-major, (n C,)."""
        return self.preactivations(w, x)[-1].reshape(-1)

    def jacobian(self, w: Tensor, x: Tensor) -> Tensor:
        """J, (n C, p)."""
        return jacrev(self.outputs)(w, x)

    def jacobian_along(self, w: Tensor, x: Tensor, v: Tensor) -> Tensor:
        """DJ(w)[v], (n C, p): the derivative of J along v."""
        return jvp(lambda u: self.jacobian(u, x), (w,), (v,))[1]

    def kernel(self, w: Tensor, x: Tensor) -> Tensor:
        """J J^T."""
        j = self.jacobian(w, x)
        return j @ j.T

    def loss(self, w: Tensor, x: Tensor, y: Tensor, scale: float = 1.0) -> Tensor:
        """C/2 ||F - y||^2."""
        return 0.5 * scale * ((self.outputs(w, x) - y.reshape(-1)) ** 2).sum()

    def loss_hessian(self, w: Tensor, x: Tensor, y: Tensor, scale: float = 1.0) -> Tensor:
        """Hessian of the loss, (p, p)."""
        return hessian(self.loss)(w, x, y, scale)

    def output_hessians(self, w: Tensor, x: Tensor) -> Tensor:
        """Hessian of every output, (n C, p, p)."""
        return hessian(self.outputs)(w, x)


def read(network: nn.Module) -> tuple[Plain, Tensor]:
    """Description and flat weights of a fully_connected(..) network or an nn.Sequential of Linear and activation."""
    if isinstance(network, nn.Sequential):
        linears = [m for m in network if isinstance(m, nn.Linear)]
        weights, biases = [m.weight for m in linears], [m.bias for m in linears]
        kappas, taus = [1.0] * len(linears), [1.0] * len(linears)
        activation = type(network[1]).__name__.lower()
    else:
        weights, activation = list(network.weights), network.activation
        biases = [None] * len(weights) if network.biases is None else list(network.biases)
        kappas, taus = network.kappas, network.taus
    widths = (weights[0].shape[1], *(w.shape[0] for w in weights))
    plain = Plain(widths, tuple(b is not None for b in biases), tuple(kappas), tuple(taus), activation)
    pieces = [t.detach().reshape(-1) for pair in zip(weights, biases, strict=True) for t in pair if t is not None]
    return plain, torch.cat(pieces)


def sigma_min(jac: Tensor) -> float:
    """Min over unit u of ||J^T u||: 0 where J has fewer columns than rows."""
    if jac.shape[0] > jac.shape[1]:
        return 0.0
    return float(torch.linalg.svdvals(jac)[-1])


def sigma_max(jac: Tensor) -> float:
    """The spectral norm."""
    return float(torch.linalg.svdvals(jac)[0])
