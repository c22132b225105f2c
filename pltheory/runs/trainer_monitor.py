"""What the callbacks of other people's Trainers have in common: a `Monitor` from a training's start to its end."""

from __future__ import annotations

import os

from torch.optim import Optimizer

from ..problem.problem import Problem
from .monitor import Monitor
from .probe import Probe


class TrainerMonitor:
    """A monitor of one training, and where its log goes.

    Args:
        path: where the log is written when the training ends; None for nowhere. One process of several writes.
        every: as of `Monitor`.
        probe: as of `Monitor`.
        live: as of `Monitor`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        every: int | None = None,
        probe: Problem | Probe | None = None,
        live: bool = False,
    ) -> None:
        self.monitor: Monitor | None = None
        """Of the last training."""
        self._path, self._every, self._probe, self._live = path, every, probe, live

    def _begin(self, optimizer: Optimizer, gamma: float | None, *, in_closure: bool = False) -> Monitor:
        monitor = Monitor(
            optimizer, every=self._every, probe=self._probe, gamma=gamma, live=self._live, in_closure=in_closure
        )
        self.monitor = monitor.__enter__()
        return monitor

    def _end(self, *, write: bool) -> None:
        """What was recorded stays."""
        if self.monitor is not None:
            self.monitor.__exit__(None, None, None)
            if write and self._path is not None:
                self.monitor.save(self._path)
