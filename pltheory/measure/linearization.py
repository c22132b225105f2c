"""The linearisation of a class-N network at its weights: computed once, read by measure, certify and verify.

The Jacobian's rows are `b^l_{ic} (x) a~^{l-1}_i`: `a~^{l-1} = [kappa_l a^{l-1}, tau_l 1]` are the inputs of layer l,
`b^l_{ic} = dF_{ic} / dz^l_i` its backward rows, so the tangent kernel is a sum over layers of entrywise products of
two Gram matrices (THEORY section 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from ..nets.activations import activation
from ..problem.networks import ClassN, class_n, require_vectors
from ..problem.surroundings import undisturbed
from ..theory import InvalidInputError, NotAvailableError
from .admission import inputs, measuring

ROWS = 1024
"""Rows of the kernel that are computed at a time."""


@dataclass(frozen=True)
class Linearization:
    """Forward activations and backward rows of a class-N network at one set of weights and inputs.

    Attributes:
        network: the layers and activation.
        activations: for layer l = 1..L+1, A_{l-1} of shape (n, m_{l-1}).
        rows: for layer l = 1..L+1, b^l of shape (n, C, m_l).
        outputs: F of shape (n, C).
    """

    network: ClassN
    activations: tuple[Tensor, ...]
    rows: tuple[Tensor, ...]
    outputs: Tensor

    @cached_property
    def inputs(self) -> tuple[Tensor, ...]:
        """For layer l = 1..L+1, A~_{l-1} of shape (n, m_{l-1} + 1), the last column tau_l."""
        extended = []
        for layer, a in zip(self.network.layers, self.activations, strict=True):
            whole = a.new_full((a.shape[0], a.shape[1] + 1), layer.tau)
            torch.mul(a, layer.kappa, out=whole[:, :-1])
            extended.append(whole)
        return tuple(extended)

    @cached_property
    def kernel(self) -> Tensor:
        """K = J J^T of shape (n C, n C), sample-major: row i C + c is output c at sample i."""
        n, c = self.outputs.shape
        k = self.outputs.new_empty(n * c, n * c)
        # A panel of the lower triangle at a time, and its mirror image: half the products, and one copy of the kernel.
        samples = max(1, ROWS // c)
        for i in range(0, n, samples):
            j = min(i + samples, n)
            panel = self.outputs.new_zeros(j - i, c, j, c)
            for layer, a, b in zip(self.network.layers, self.activations, self.rows, strict=True):
                flat = b.reshape(n * c, -1)
                product = (flat[i * c : j * c] @ flat[: j * c].T).reshape(j - i, c, j, c)
                inner = (a[i:j] @ a[:j].T).mul_(layer.kappa**2).add_(layer.tau**2)
                panel += product.mul_(inner[:, None, :, None])
            square = panel.reshape((j - i) * c, j * c)
            k[i * c : j * c, : j * c] = square
            k[: i * c, i * c : j * c] = square[:, : i * c].T
        return k

    def products(self, v: Tensor) -> Tensor:
        """K v for v of shape (n, C), through J and its transpose, without the kernel."""
        total = torch.zeros_like(v)
        for a, b in zip(self.inputs, self.rows, strict=True):
            direction = torch.einsum("nc,ncm->nm", v, b).T @ a  # (m_l, m_{l-1} + 1)
            total += torch.einsum("ncm,nm->nc", b, a @ direction.T)
        return total

    def transpose_times(self, v: Tensor) -> list[tuple[Tensor, Tensor | None]]:
        """J^T v for v of shape (n, C): per layer the part on W_l, shape (m_l, m_{l-1}), and on b_l, or None."""
        parts: list[tuple[Tensor, Tensor | None]] = []
        for layer, a, b in zip(self.network.layers, self.inputs, self.rows, strict=True):
            weighted = torch.einsum("nc,ncm->nm", v, b)
            full = weighted.T @ a
            parts.append((full[:, :-1], None if layer.bias is None else full[:, -1]))
        return parts


@undisturbed
def linearize(network: nn.Module | ClassN, x: Tensor, *, compared: int | None = None) -> Linearization:
    """Linearise a class-N network at its current weights on x of shape (n, d).

    Args:
        compared: samples on which a module's outputs are held against those of its layers; all by default.

    Raises:
        InvalidInputError: x has another number of columns, or another precision, than the weights.
        NotAvailableError: the network is not of class N, samples have more axes than one, or a module whose outputs are
            not those of its layers.
    """
    if isinstance(network, ClassN):
        with torch.no_grad():
            return _linearize(network, _fitting(network, x))
    net = class_n(network)
    with measuring(network), torch.no_grad():
        lin = _linearize(net, _fitting(net, x))
        if not _near(network(x[:compared]), lin.outputs[:compared]):
            raise NotAvailableError("not available for this network: its outputs are not those of its layers")
        return lin


def recognised(network: nn.Module, x: Tensor) -> bool:
    """Whether a module is of class N: matrix products and activations of the table on each sample, nothing else."""
    try:
        linearize(network, x[:1])
    except NotAvailableError:
        return False
    return True


def _fitting(net: ClassN, x: Tensor) -> Tensor:
    x, weight = inputs(x), net.layers[0].weight
    if x.ndim > 2:
        require_vectors(x)
    if x.ndim != 2 or x.shape[1] != weight.shape[1] or x.dtype != weight.dtype:
        raise InvalidInputError(
            f"x has shape {tuple(x.shape)} and {x.dtype}; the network takes (n, {weight.shape[1]}) and {weight.dtype}"
        )
    return x


def _linearize(net: ClassN, x: Tensor) -> Linearization:
    act = activation(net.activation)
    activations, slopes, a = [], [], x.detach()
    for layer in net.layers[:-1]:
        activations.append(a)
        a, slope = act.with_derivative(layer.apply_by_rows(a))
        slopes.append(slope)
    activations.append(a)
    outputs = net.layers[-1].apply_by_rows(a)
    n, c = outputs.shape
    b = torch.eye(c, dtype=x.dtype, device=x.device).expand(n, c, c)
    rows = [b]
    for layer, slope in zip(reversed(net.layers[1:]), reversed(slopes), strict=True):
        if layer.kappa != 1:
            slope = layer.kappa * slope
        b = (b @ layer.weight).mul_(slope[:, None, :])
        rows.append(b)
    return Linearization(net, tuple(activations), tuple(reversed(rows)), outputs)


def _near(outputs: Tensor, read: Tensor) -> bool:
    """Whether a module computes what its class-N reading computes: a guard, not a proof."""
    tolerance = torch.finfo(read.dtype).eps ** 0.5
    # What is not finite is for the measurements to refuse.
    finite = torch.isfinite(read)
    outputs, read = outputs[finite], read[finite]
    largest = float(read.abs().max()) if len(read) else 0.0
    return torch.allclose(outputs, read, rtol=tolerance, atol=tolerance * largest)
