"""The empirical tangent kernel of any module: layer rules for class N, torch.func for everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from ..theory import InvalidInputError, NotAvailableError
from .linearization import linearize

JACOBIAN_BYTES = 1 << 29
"""Largest block of Jacobian rows that is held at once by `empirical_ntk_by_autodiff`."""


def empirical_ntk(network: nn.Module, x: Tensor) -> Tensor:
    """The full tangent kernel K = J J^T at the network's weights, never traced over outputs.

    Args:
        network: maps (n, d) to (n, C), each sample on its own.
        x: inputs of shape (n, ...).

    Returns:
        K of shape (n C, n C), sample-major: row i C + c is output c at sample i. Summed-loss scale.

    Raises:
        InvalidInputError: the network mixes samples (batch normalisation in train mode), or has no trainable
            parameters.
    """
    try:
        return linearize(network, x).kernel
    except NotAvailableError:
        return empirical_ntk_by_autodiff(network, x)


def empirical_ntk_by_autodiff(network: nn.Module, x: Tensor) -> Tensor:
    """The same kernel by torch.func Jacobians, a block of samples against a block at a time.

    Raises:
        InvalidInputError: as `empirical_ntk`.
    """
    params = _trainable(network)
    size = sum(p.numel() for p in params.values())
    n, c = x.shape[0], _outputs(network, x)
    block = max(1, JACOBIAN_BYTES // (2 * size * c * x.element_size()))
    starts = range(0, n, block)
    kernel = x.new_empty(n * c, n * c)
    for i, left in _blocks(network, params, x, starts, block):
        for j, right in _blocks(network, params, x, [s for s in starts if s <= i], block, (i, left)):
            tile = left @ right.T
            kernel[i * c : i * c + len(left), j * c : j * c + len(right)] = tile
            kernel[j * c : j * c + len(right), i * c : i * c + len(left)] = tile.T
    return kernel


def jacobian(network: nn.Module, x: Tensor) -> Tensor:
    """J of shape (n C, p), dense: for small networks. Rows as in the kernel, columns in the order of parameters().

    Raises:
        InvalidInputError: as `empirical_ntk`.
    """
    _outputs(network, x)
    return _rows(network, _trainable(network), x)


def _trainable(network: nn.Module) -> dict[str, Tensor]:
    params = {name: p.detach() for name, p in network.named_parameters() if p.requires_grad}
    if not params:
        raise InvalidInputError("the network has no trainable parameters: its tangent kernel is zero")
    return params


def _outputs(network: nn.Module, x: Tensor) -> int:
    mixing = [
        name
        for name, m in network.named_modules()
        if isinstance(m, nn.modules.batchnorm._BatchNorm) and (m.training or not m.track_running_stats)
    ]
    if mixing:
        raise InvalidInputError(
            f"module {mixing[0]}: batch normalisation in train mode mixes the samples; call network.eval()"
        )
    with torch.no_grad():
        one, many = network(x[:1]), network(x)
    tolerance = torch.finfo(x.dtype).eps ** 0.5
    if not torch.allclose(one, many[:1], rtol=tolerance, atol=tolerance * float(many.abs().max())):
        raise InvalidInputError(
            "the network mixes the samples, or answers differently from call to call (dropout?): a tangent kernel "
            "needs each sample on its own; call network.eval()"
        )
    return one.numel()


def _one_sample(network: nn.Module) -> Callable[[dict[str, Tensor], Tensor], Tensor]:
    return lambda params, xi: functional_call(network, params, (xi[None],)).reshape(-1)


def _rows(network: nn.Module, params: dict[str, Tensor], x: Tensor) -> Tensor:
    jac = vmap(jacrev(_one_sample(network)), in_dims=(None, 0))(params, x)
    n = x.shape[0]
    parts = [j.reshape(n, -1, p.numel()) for j, p in zip(jac.values(), params.values(), strict=True)]
    return torch.cat(parts, dim=-1).flatten(0, 1)


def _blocks(
    network: nn.Module,
    params: dict[str, Tensor],
    x: Tensor,
    starts: range | list[int],
    block: int,
    known: tuple[int, Tensor] | None = None,
) -> Iterator[tuple[int, Tensor]]:
    for s in starts:
        if known is not None and s == known[0]:
            yield known
        else:
            yield s, _rows(network, params, x[s : s + block])
