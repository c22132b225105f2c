"""From the section `network` of a configuration to a module, and what shape of samples it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ..problem.architectures import Architecture, convolutional, residual
from ..problem.data import Data
from ..problem.networks import fully_connected
from ..problem.problem import Problem
from ..theory import InvalidInputError
from . import machine
from .config import Config
from .network_section import ConvolutionalSection, FullyConnectedSection, ModuleSection, ResidualSection
from .own_module import own_network


def sample_shape(config: Config, data: Data) -> tuple[int, ...]:
    """The axes of a sample as the network takes it.

    Fully connected: (d,). Otherwise `data.shape`, or the axes that the source stores; without either (d,) for a module
    of the user's own.

    Args:
        config: its network and `data.shape`.
        data: flat, x of shape (n, d).

    Raises:
        InvalidInputError: a shape of another size than d, or one that the architecture does not take.
    """
    asked, d = config.data.shape, data.d
    if asked not in (None, "flat") and math.prod(asked) != d:
        of = f", of shape {list(data.shape)}" if data.shape is not None else ""
        raise InvalidInputError(f"data.shape = {asked}: {math.prod(asked)} numbers, a sample has {d}{of}")
    shape = (d,) if asked == "flat" else tuple(asked or data.shape or (d,))
    if isinstance(config.network, FullyConnectedSection):
        if asked not in (None, "flat") and len(asked) > 1:
            raise InvalidInputError(f"data.shape = {asked}: a fully-connected network takes vectors; allowed is 'flat'")
        return (d,)
    if isinstance(config.network, ConvolutionalSection) and len(shape) != 3:
        if asked is None:
            raise InvalidInputError(
                f"data.shape: missing; a {config.network.architecture} network takes images, and the source does not "
                f"say how its {d} numbers a sample make one; write e.g. data.shape = [1, 8, 8]"
            )
        raise InvalidInputError(
            f"data.shape = {asked!r}: a {config.network.architecture} network takes images [channels, height, width]"
        )
    return shape


def network_of(config: Config, x: Tensor, outputs: int, device: torch.device) -> nn.Module:
    """The network of a configuration.

    Args:
        config: its network, seed and precision; the precision of the user's own module is its own.
        x: samples, float64 (n, ..), at which batch statistics are measured.
        outputs: C.
        device: where the network shall lie.

    Raises:
        InvalidInputError: a value that is not allowed, a network too large for the memory there, or what `own_network`
            refuses.
    """
    n, seed, dtype = config.network, config.run.seed, getattr(torch, config.run.dtype)
    if isinstance(n, ModuleSection):
        return own_network(n, seed).to(device)
    if isinstance(n, FullyConnectedSection):
        widths = [x.shape[1], *n.hidden, outputs]
        needed = bytes_needed(widths, len(x), dtype.itemsize)
        _check_memory(f"network.hidden = {n.hidden}", needed, device)
        return fully_connected(
            widths,
            activation=n.activation,
            parametrization=n.parametrization,
            bias=n.bias,
            output_init=n.output_init,
            seed=seed,
            dtype=dtype,
            device=device,
        )
    assert isinstance(n, ConvolutionalSection)
    try:
        return _of_images(n, x, outputs, seed, dtype, device)
    except InvalidInputError as error:
        raise InvalidInputError(f"network.{error}") from None


def _of_images(
    n: ConvolutionalSection, x: Tensor, outputs: int, seed: int, dtype: torch.dtype, device: torch.device
) -> nn.Module:
    plan = plan_of(n, x.shape[1:], outputs)
    _check_memory(f"channels = {n.channels}", image_bytes(plan, len(x), dtype.itemsize), device)
    keys = dict(
        shape=x.shape[1:],
        channels=n.channels,
        kernel=n.kernel,
        stride=n.stride,
        pooling=n.pooling,
        normalisation=n.normalisation,
        statistics=x if n.normalisation == "batch" and n.statistics == "data" else None,
        activation=n.activation,
        outputs=outputs,
        bias=n.bias,
        parametrization=n.parametrization,
        output_init=n.output_init,
        seed=seed,
        dtype=dtype,
        device=device,
    )
    if isinstance(n, ResidualSection):
        return residual(**keys, blocks=n.blocks, convs_per_block=n.convs_per_block)
    return convolutional(**keys)


def plan_of(n: ConvolutionalSection, shape: Sequence[int], outputs: int) -> Architecture:
    """The sizes of a convolutional or residual network on samples of a shape (c, h, w).

    Raises:
        InvalidInputError: a size that is not allowed.
    """
    blocks = n.blocks if isinstance(n, ResidualSection) else None
    per_block = n.convs_per_block if isinstance(n, ResidualSection) else 1
    return Architecture.of(shape, n.channels, n.kernel, n.stride, blocks, per_block, n.pooling, outputs, n.bias)


def precision_note(config: Config, problem: Problem) -> str | None:
    """What is to be said of the precision of the user's own module, which is not cast; None for other networks."""
    if not isinstance(config.network, ModuleSection) or problem.x.dtype == torch.float64:
        return None
    asked = "" if config.run.dtype == "float32" else f"; run.dtype = {config.run.dtype!r} is not applied to them"
    return (
        "network.module: the parameters are float32 and are not cast, data and run are float32 too"
        f"{asked}. What is certified is the float64 image of the stored weights"
    )


def require_fully_connected(config: Config, what: str) -> FullyConnectedSection:
    """The section `network` of a fully connected network.

    Args:
        config: a configuration.
        what: what such a network is needed for, as the message begins after the key.

    Raises:
        InvalidInputError: it is of another network.
    """
    n = config.network
    if isinstance(n, FullyConnectedSection):
        return n
    key = "module" if isinstance(n, ModuleSection) else "architecture"
    raise InvalidInputError(f"network.{key} = {getattr(n, key)!r}: {what} fully-connected networks only")


def width_of(config: Config) -> int | None:
    """The width by which a study sorts its points: the least hidden width or number of channels; None for a module."""
    n = config.network
    if isinstance(n, FullyConnectedSection):
        return min(n.hidden)
    return min(n.channels) if isinstance(n, ConvolutionalSection) else None


def bytes_needed(widths: Sequence[int], n: int, itemsize: int) -> float:
    """Weights with gradient and two copies, and activations with backward rows, in bytes."""
    weights = sum(a * b for a, b in pairwise(widths))
    return itemsize * (4.0 * weights + 6.0 * n * widths[-1] * sum(widths))


def image_bytes(plan: Architecture, n: int, itemsize: int) -> float:
    """The same of a convolutional or residual network."""
    return itemsize * (4.0 * plan.parameters + 6.0 * n * plan.outputs * plan.values)


def memory(device: torch.device) -> float:
    """Memory of a device, free of others' use where it is CUDA's, in bytes."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[1])
    return machine.memory()


def _check_memory(what: str, needed: float, device: torch.device) -> None:
    there = memory(device)
    if needed > 0.8 * there:
        raise InvalidInputError(f"{what}: needs about {needed / 2**30:.1f} GiB, {device} has {there / 2**30:.1f} GiB")
