"""What a monitor measures along a run on a few samples that the user gives: a PL* ratio, a kernel, a sharpness."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..measure.ntk import empirical_ntk
from ..measure.pl_ratio import pl_ratio
from ..measure.sharpness import sharpness
from ..measure.spectrum import eigenvalues, extremes
from ..problem.problem import Problem
from ..theory import Bound, InvalidInputError, NotAvailableError, NumericalFailureError, PltheoryError
from ..theory.bound import estimate
from .reading import HeldTheorem, Reading

ROWS = 2048
"""Rows of a kernel that a probe takes: n samples of C outputs have n C."""


class Probe:
    """A network that is trained, on a few samples: measured along a run by `Monitor(optimizer, probe=...)`.

    Measured in evaluation mode, at the weights of the step; the network is left in the mode it was in. What is said is
    said of the probe's loss, all its samples at once. Of the data that the samples were taken from it says: the
    smallest eigenvalue of their kernel is at most the probe's, of which it has more rows and columns (both in the units
    of the summed loss). Nothing else has a direction: the ratio, the drift and the sharpness of all data may be larger
    or smaller.

    Args:
        problem: network, samples, and the loss of the training, sum or mean as there.
        kernel: whether the tangent kernel is made: n C rows, at most 2048.
        sharpness: whether the sharpness is measured.

    Raises:
        InvalidInputError: an argument is not of these, or the kernel would be larger.
    """

    def __init__(self, problem: Problem, *, kernel: bool = True, sharpness: bool = True) -> None:
        if not isinstance(problem, Problem):
            raise InvalidInputError(f"probe: a {type(problem).__name__} is no pltheory.Problem")
        for name, value in (("kernel", kernel), ("sharpness", sharpness)):
            if not isinstance(value, bool):
                raise InvalidInputError(f"{name} = {value!r}: allowed are True and False")
        if kernel and problem.y.numel() > ROWS:
            n, c = problem.y.shape
            raise InvalidInputError(
                f"probe: the kernel of {n} samples with {c} outputs has {n * c} rows, allowed are {ROWS}: give fewer "
                "samples, or kernel=False"
            )
        self.problem = problem
        self._kernel, self._sharpness = kernel, sharpness
        self._first: Tensor | None = None
        self._size = math.nan
        self._begun = False

    def read(self, step: int, distance: float, optimizer: Optimizer, before: float = math.inf) -> Reading:
        """Measure now; a number that the network does not have is None, and `unknown` says why.

        Args:
            step: the number of the step that comes.
            distance: of the weights from the first ones.
            optimizer: whose step it is.
            before: the threshold of what clips before the step, infinite without, NaN where it is not known.

        Raises:
            InvalidInputError: at the first reading: the network is not admitted to be measured, as `pl_ratio`.
        """
        begun = time.perf_counter()
        unknown: dict[str, str] = {}
        # What is wrong with the probe is said before the first step; weights that are lost later end no training.
        missing = (PltheoryError,) if self._begun else (NotAvailableError, NumericalFailureError)

        def tried(name: str, measure: Callable[[], Any]) -> Any:
            try:
                return measure()
            except missing as error:
                unknown[name] = str(error)
                return None

        with _evaluating(self.problem.network):
            ratio = tried("pl_ratio", lambda: pl_ratio(self.problem))
            smallest, drift = (tried("kernel", self._of_kernel) or (None, None)) if self._kernel else (None, None)
            edge = tried("sharpness", lambda: sharpness(self.problem)) if self._sharpness else None
            held = tried("theorems", lambda: self.held(optimizer, before)) or ()
        self._begun = True
        eta = float(optimizer.param_groups[0]["lr"])
        seconds = time.perf_counter() - begun
        return Reading(step, distance, eta, ratio, smallest, drift, edge, held, unknown, seconds)

    def held(self, optimizer: Optimizer, before: float) -> tuple[HeldTheorem, ...]:
        """Theorems held against the probe now; here none."""
        return ()

    def _of_kernel(self) -> tuple[Bound, float]:
        kernel = empirical_ntk(self.problem.network, self.problem.x, accumulate=torch.float64)
        smallest, largest = extremes(kernel)
        if self._first is None:
            self._first, self._size = kernel, largest.value
        moved = float(eigenvalues(kernel - self._first).abs().max())
        value = self.problem.unit * smallest.value
        rounding = torch.finfo(self.problem.x.dtype).eps * len(kernel) * largest.value
        if smallest.value <= rounding:  # the entries have no more digits than the network
            return estimate(value, f"eigvalsh, below {self.problem.x.dtype}'s resolution"), moved / self._size
        return Bound(value, smallest.kind, smallest.method), moved / self._size


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode, each module put back into its own afterwards."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
