"""Samples that stand at a kink: those whose derivative depends on which piece is taken there.

A module's arithmetic may find an argument on the other side of a kink than doubles do, and torch takes now one piece,
now the other, now their mean. Any choice is a derivative that the theory allows (THEORY_RELU section 1). Where all
choices give the same, as for a patch of zeros or for equal patches in one window, a tie is of no account.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..graph import Graph
from ..kinds.curved import Curved
from ..kinds.kinks import Kinked, Maximum, PiecewiseLinear
from .evaluate import Weights, entries, evaluate, kinked

ROUNDINGS = 16.0
"""How many times the relative error of the outputs an argument may be off, relative to the largest of its node."""


def has_kinks(graph: Graph) -> bool:
    """Whether a node has some."""
    return any(isinstance(node.kind, Kinked) for node in graph.nodes)


def depends_on_choice(
    graph: Graph,
    x_flat: Tensor,
    leaves: dict[str, Tensor],
    groups: Callable[[dict[str, Tensor]], Weights],
    rounded: float,
    tolerance: float,
) -> Tensor:
    """For which samples another piece at kinks that are met up to rounding gives another derivative; (n,).

    Outputs are differentiated in a random direction of the parameters twice: as they are computed, and with a random
    mixture of the pieces at every kink that is met.

    Args:
        graph: the network.
        x_flat: (n, N_0), doubles.
        leaves: the trained parameters, doubles.
        groups: cuts the groups' weights out of them.
        rounded: relative error of the module's arithmetic.
        tolerance: how far relative to their size two derivatives are held against each other elsewhere.
    """
    generator = torch.Generator("cpu").manual_seed(len(x_flat))

    def random(shape: torch.Size) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=torch.float64, device="cpu")

    def mixed(kind: Kinked, z: Tensor) -> Tensor:
        return _mixed(kind, z, ROUNDINGS * rounded, random)

    def change(at_kinks: Callable[[Kinked, Tensor], Tensor]) -> Tensor:
        def outputs(w: dict[str, Tensor]) -> Tensor:
            return evaluate(graph, x_flat, groups(w), at_kinks)

        found: Tensor = torch.func.jvp(outputs, (leaves,), (direction,))[1]
        return found

    direction = {name: random(w.shape) - 0.5 for name, w in leaves.items()}
    with torch.device("cpu"):
        plain, other = change(kinked), change(mixed)
    size = torch.maximum(plain.abs(), other.abs()).max(1).values
    # Far below the tolerance: what one sample of many leaves undecided must not show in the sum.
    return (plain - other).abs().max(1).values > 1e-4 * tolerance * size


def _mixed(kind: Kinked, z: Tensor, near: float, random: Callable[[torch.Size], Tensor]) -> Tensor:
    """The value of a node with a mixture of the adjacent pieces' derivatives where a kink is met up to rounding."""
    value, still = kinked(kind, z).detach(), z.detach()
    largest = still.abs().max()
    if isinstance(kind, (PiecewiseLinear, Curved)):
        breaks = torch.from_numpy(kind.breaks)
        slope = torch.func.jvp(lambda at: kinked(kind, at), (still,), (torch.ones_like(still),))[1]
        for b, (before, behind) in zip(breaks, kind.sides, strict=True):
            met = (still - b).abs() <= near * torch.maximum(largest, b.abs())
            share = random(z.shape)
            slope = torch.where(met, before + (behind - before) * share, slope)
        return value + slope * (z - still)
    if isinstance(kind, Maximum):
        windows, top = entries(kind, still), entries(kind, still).max(-1).values
        tied = windows >= (top - 2 * near * largest)[..., None]
        share = torch.where(tied, random(tied.shape), 0.0)
        share = share / share.sum(-1, keepdim=True)
        moved = torch.where(tied, entries(kind, z - still), 0.0)
        below, above = torch.tensor(kind.slope_below, dtype=z.dtype), torch.ones((), dtype=z.dtype)
        slope = torch.where(top > 0, above, below)
        slope = torch.where(top.abs() <= near * largest, torch.lerp(below, above, random(top.shape)), slope)
        return value + slope * (share * moved).sum(-1)
    raise TypeError(f"no pieces of {type(kind).__name__}")
