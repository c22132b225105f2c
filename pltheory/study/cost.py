"""What a point of a study costs, before it is computed: floating-point operations and bytes, from sizes alone.

With n samples, C outputs and P weights, of which a layer of width m on n samples has at most the n m that lie in the
span of the data, a step is a forward and a backward pass, 6 n P operations, and what torch needs to call them; the
start measures Hessian norms by matrix-free iterations; some iterates have the nC x nC tangent kernel formed and its
spectrum taken. So a point grows as m^2 in the width m with two hidden layers or more, as m with one, and between n and
n^3 in the data.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch

from ..problem.data import Data
from .config import Config
from .network import bytes_needed, image_bytes, network_of, plan_of
from .network_section import ConvolutionalSection, FullyConnectedSection

CALLS = 4e6
"""What torch's calls cost in a step of any size, in operations."""
START = 5e8
"""The same at the start of a point."""
KERNELS = 40
"""Iterates with a kernel: the records of a run."""
ITERATIONS = 400
"""Passes that Hessian norms take at the start; those of one hidden layer are known in closed form."""
PER_WEIGHT = 8e3
"""Operations on every weight at the start: drawing, copies, digests, norms."""
EFFICIENCY = 0.2
"""Share of a matrix product's speed that is reached: most of the work is bound by memory."""
PROGRAM = 0.4e9
"""Bytes of a process that has loaded torch."""


@dataclass(frozen=True)
class Cost:
    """An estimate from sizes.

    Attributes:
        operations: floating-point operations, as many as if all `run.steps` were taken.
        memory: bytes, of the process as a whole.
    """

    operations: float
    memory: float


@dataclass(frozen=True)
class _Sizes:
    weights: float  # as a step meets them, per sample
    stored: float
    features: float  # entries of all feature maps of a sample
    memory: float
    deep: bool  # more than one hidden layer


def cost_of(config: Config, data: Data) -> Cost:
    """The cost of a point.

    Args:
        config: the point's.
        data: its data, in samples of the shape that its network takes.

    Raises:
        InvalidInputError: sizes that are not allowed, or a module of the user's own that cannot be made.
    """
    n, outputs = len(data.x), data.outputs
    sizes, rows = _sizes(config, data), n * outputs
    passes = 6.0 * n * sizes.weights
    kernel = 2.0 * rows**2 * sizes.features + 2.0 * rows**3
    start = START + PER_WEIGHT * sizes.stored + (ITERATIONS * passes if sizes.deep else 0.0)
    operations = start + config.run.steps * (CALLS + passes) + min(KERNELS, config.run.steps) * kernel
    return Cost(operations, PROGRAM + sizes.memory + 6 * 8.0 * rows**2)


def _sizes(config: Config, data: Data) -> _Sizes:
    section, n, shape = config.network, len(data.x), tuple(data.x.shape[1:])
    itemsize = getattr(torch, config.run.dtype).itemsize
    if isinstance(section, FullyConnectedSection):
        widths = [*shape, *section.hidden, data.outputs]
        spanned = [min(*shape, n), *widths[1:]]
        weights, stored = (float(sum(a * b for a, b in pairwise(w))) for w in (spanned, widths))
        deep = len(section.hidden) > 1
        return _Sizes(weights, stored, float(sum(widths)), bytes_needed(widths, n, itemsize), deep)
    if isinstance(section, ConvolutionalSection):
        plan = plan_of(section, shape, data.outputs)
        # Every entry of a map reads a patch of the map before it.
        weights = float(plan.values) * max(plan.channels) * plan.kernel**2
        return _Sizes(weights, float(plan.parameters), float(plan.values), image_bytes(plan, n, itemsize), True)
    network = network_of(config, data.x, data.outputs, torch.device("cpu"))
    count = float(sum(p.numel() for p in network.parameters()))
    # What happens inside is not known: the rows of the Jacobian are counted as if they were formed.
    return _Sizes(count, count, count, itemsize * count * (4.0 + n * data.outputs), True)


def speed(found: Iterable[tuple[Cost, float]]) -> float:
    """Operations per second: of the points that have been computed, else of a short product of matrices.

    Args:
        found: costs with the seconds that they took.
    """
    costs, seconds = 0.0, 0.0
    for cost, took in found:
        costs, seconds = costs + cost.operations, seconds + took
    return costs / seconds if seconds > 0 else _product_speed()


def _product_speed() -> float:
    a = torch.ones(512, 512, dtype=torch.float64)
    a @ a
    started = time.perf_counter()
    for _ in range(3):
        a @ a
    return EFFICIENCY * 3 * 2 * 512.0**3 / (time.perf_counter() - started)


def span(seconds: float) -> str:
    """A length of time in words of one or two units."""
    if seconds < 100:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    return f"{minutes // 60} h {minutes % 60} min" if hours < 48 else f"{hours / 24:.1f} days"
