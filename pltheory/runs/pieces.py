"""On which side of their kinks the arguments of a network are, along a run."""

from __future__ import annotations

import torch
from torch import Tensor

from ..nets.kinds.curved import Curved
from ..nets.kinds.kinks import Kinked, Maximum, PiecewiseLinear
from ..nets.reading.evaluate import entries, evaluate, kinked
from ..problem.problem import Problem


class Pieces:
    """The pieces of a problem's network at the weights that its parameters have when it is asked.

    Args:
        problem: of class G.

    Raises:
        NotAvailableError: it is not.
    """

    def __init__(self, problem: Problem) -> None:
        self._reading = problem.reading
        self._x = problem.x.detach().cpu().double().reshape(len(problem.x), -1)

    def now(self) -> Tensor:
        """Of every argument of a function with kinks, over the samples, the number of its piece; shape (N,)."""
        found: list[Tensor] = []

        def noted(kind: Kinked, z: Tensor) -> Tensor:
            found.append(_piece(kind, z).reshape(-1))
            return kinked(kind, z)

        with torch.no_grad(), torch.device("cpu"):
            evaluate(self._reading.now(), self._x, at_kinks=noted)
        return torch.cat(found) if found else torch.empty(0, dtype=torch.int64)


def _piece(kind: Kinked, z: Tensor) -> Tensor:
    """(n, T)."""
    if isinstance(kind, (PiecewiseLinear, Curved)):
        return torch.bucketize(z, torch.from_numpy(kind.breaks))
    if isinstance(kind, Maximum):
        of = entries(kind, z)
        top, place = of.max(-1)
        if kind.slope_below == 1:
            return place
        if kind.slope_below == 0:
            # Below zero the value is 0 whichever entry is the largest.
            return torch.where(top > 0, place, -1)
        return torch.where(top > 0, place, -1 - place)
    raise TypeError(f"no pieces of {type(kind).__name__}")
