"""`Monitor` as a callback of the Trainer of transformers."""

from __future__ import annotations

import os
from typing import Any

from ..problem.problem import Problem
from ..theory import InvalidInputError, NotAvailableError
from .monitor import Monitor, clips_itself
from .probe import Probe

try:
    from transformers import TrainerCallback
except ModuleNotFoundError:
    raise NotAvailableError("TransformersMonitor: needs transformers; pip install transformers accelerate") from None


class TransformersMonitor(TrainerCallback):
    """Records a `Monitor` from the start of the training to its end.

    .. code-block:: python

        from pltheory.runs.transformers_monitor import TransformersMonitor
        watch = TransformersMonitor(trainer, path="run.csv")
        trainer.add_callback(watch)
        trainer.train()
        print(watch.monitor.audit().conclusion)

    The Trainer clips to `max_grad_norm`, 1 if nothing is said, before any callback is called, so the norm is taken from
    what its accelerator's `clip_grad_norm_` returns, of which the length of the training makes a wrapper. That number
    is the gamma of the audit. A training that ends in an exception leaves the wrapper, and the hooks, to `close`.

    Args:
        trainer: whose accelerator clips.
        path: where the log is written when the training ends; None for nowhere. One process of several writes.
        every: as of `Monitor`.
        probe: as of `Monitor`.
        live: as of `Monitor`.

    Raises:
        InvalidInputError: at the start of the training: the Trainer clips before an optimizer that clips itself.
        NotAvailableError: transformers is not installed; on import of this module.
    """

    def __init__(
        self,
        trainer: Any,
        path: str | os.PathLike[str] | None = None,
        *,
        every: int | None = None,
        probe: Problem | Probe | None = None,
        live: bool = False,
    ) -> None:
        self.monitor: Monitor | None = None
        """Of the last training."""
        self._trainer, self._path = trainer, path
        self._every, self._probe, self._live = every, probe, live
        self._unwrapped: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Begin to record."""
        self.close()
        optimizer = self._trainer.optimizer
        while hasattr(optimizer, "optimizer"):  # accelerate's, around torch's
            optimizer = optimizer.optimizer
        gamma = float(args.max_grad_norm) or None
        if gamma is not None and clips_itself(optimizer):
            raise InvalidInputError(
                f"max_grad_norm = {gamma:g}: the Trainer clips before {type(optimizer).__name__} does; give 0"
            )
        monitor = Monitor(optimizer, every=self._every, probe=self._probe, gamma=gamma, live=self._live)
        self.monitor = monitor.__enter__()
        if gamma is None:
            return
        accelerator = self._trainer.accelerator
        self._unwrapped = clip = accelerator.clip_grad_norm_

        def told(*arguments: Any, **named: Any) -> Any:
            norm = clip(*arguments, **named)
            if norm is not None:
                monitor.clipped(norm)
            return norm

        accelerator.clip_grad_norm_ = told

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """End, and write the log."""
        self.close()
        if self.monitor is not None and self._path is not None and state.is_world_process_zero:
            self.monitor.save(self._path)

    def close(self) -> None:
        """End to record, and give the accelerator its own method back."""
        if self._unwrapped is not None:
            self._trainer.accelerator.clip_grad_norm_ = self._unwrapped
            self._unwrapped = None
        if self.monitor is not None:
            self.monitor.__exit__(None, None, None)
