"""`Monitor` as a callback of Lightning's Trainer, from `lightning` or `pytorch-lightning`, whichever is there."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from ..theory import InvalidInputError, NotAvailableError
from .monitor import clips_itself
from .trainer_monitor import TrainerMonitor


def _callback() -> Any:
    """The base class of callbacks, of the package that the script has imported already if it has."""
    packages = ("lightning.pytorch", "pytorch_lightning")
    for name in sorted(packages, key=lambda name: name not in sys.modules):
        try:
            return importlib.import_module(name).Callback
        except ModuleNotFoundError:
            continue
    raise NotAvailableError("LightningMonitor: needs Lightning; pip install pytorch-lightning")


class LightningMonitor(TrainerMonitor, _callback()):  # type: ignore[misc]
    """Records a `Monitor` from the start of the training to its end.

    .. code-block:: python

        from pltheory.runs.lightning_monitor import LightningMonitor
        watch = LightningMonitor(path="run.csv")
        Trainer(callbacks=[watch], gradient_clip_val=1.0).fit(model)
        print(watch.monitor.audit().conclusion)

    The norm is that of the gradients before `gradient_clip_val` clips them, which is the gamma of the audit where the
    Trainer clips by norm. Steps that a loss scaler skips are not recorded.

    Args:
        path: as of `TrainerMonitor`.
        optimizer: the number of the optimizer, of several.
        options: `every`, `probe` and `live` of `Monitor`.

    Raises:
        InvalidInputError: at the start of the training: there is no such optimizer, the Trainer clips by value, or
            before an optimizer that clips itself.
        NotAvailableError: Lightning is not installed; on import of this module.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, optimizer: int = 0, **options: Any) -> None:
        super().__init__(path, **options)
        self._number = optimizer
        self._optimizer: Any = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin to record."""
        several = trainer.optimizers
        if type(self._number) is not int or not 0 <= self._number < len(several):
            raise InvalidInputError(f"optimizer = {self._number!r}: the module has {len(several)}, numbered from 0")
        self._optimizer = several[self._number]
        clip = trainer.gradient_clip_val or None
        if clip is not None and trainer.gradient_clip_algorithm not in (None, "norm"):
            raise InvalidInputError('gradient_clip_algorithm: an audit is about clipping by "norm"')
        if clip is not None and clips_itself(self._optimizer):
            raise InvalidInputError(
                f"gradient_clip_val = {clip:g}: the Trainer clips before {type(self._optimizer).__name__} does; "
                "leave it out"
            )
        self._begin(self._optimizer, None if clip is None else float(clip), in_closure=True)

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Take the norm before the Trainer clips."""
        same = getattr(optimizer, "optimizer", optimizer) is self._optimizer
        if self.monitor is not None and same and not clips_itself(self._optimizer):
            self.monitor.clipped()

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """End, and write the log."""
        self._end(write=trainer.is_global_zero)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End; what was recorded stays, and is not written."""
        self._end(write=False)
