"""Targets and starts moved by one unit in the last place, where the tests make their problems.

Off unless LAST_PLACE is set, as `python -m tests.processors` does: what a test says of a problem must not hang on the
last bit of the numbers that the problem was made from.
"""

from __future__ import annotations

import math
import os

import torch
from torch import Tensor, nn

from pltheory.problem.problem import Problem

SEED = os.environ.get("LAST_PLACE", "")
"""Of the draw of signs; empty: nothing moves."""


def moved(t: Tensor, index: int = 0) -> Tensor:
    """Each entry replaced by one of its two neighbours, by a draw of its own; the same tensor where nothing moves."""
    if not SEED or not t.is_floating_point():
        return t
    gen = torch.Generator().manual_seed(1000 * int(SEED) + index)
    sign = torch.randint(0, 2, t.shape, generator=gen).to(t) * 2 - 1
    return torch.nextafter(t.detach(), sign * math.inf)


def move_weights(network: nn.Module) -> None:
    """Every weight to a neighbour, in place."""
    with torch.no_grad():
        for i, p in enumerate(network.parameters()):
            p.copy_(moved(p, 1 + i))


def move(problem: Problem) -> Problem:
    """The weights in place and the targets: outputs that were met exactly are met no longer."""
    if not SEED:
        return problem
    move_weights(problem.network)
    return Problem(problem.network, problem.x, moved(problem.y), problem.loss)
