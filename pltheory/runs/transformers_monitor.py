"""`Monitor` as a callback of the Trainer of transformers."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Self

from ..theory import InvalidInputError, NotAvailableError
from .monitor import clips_itself
from .trainer_monitor import TrainerMonitor

try:
    from transformers import TrainerCallback
except ModuleNotFoundError:
    raise NotAvailableError("TransformersMonitor: needs transformers; pip install transformers accelerate") from None

_CLIP = "clip_grad_norm_"


class TransformersMonitor(TrainerMonitor, TrainerCallback):
    """Records a `Monitor` from the start of the training to its end.

    .. code-block:: python

        from pltheory.runs.transformers_monitor import TransformersMonitor
        with TransformersMonitor(trainer, path="run.csv") as watch:
            trainer.train()
        print(watch.monitor.audit().conclusion)

    The Trainer clips to `max_grad_norm`, 1 if nothing is said, before any callback is called, so the norm is taken from
    what its accelerator's `clip_grad_norm_` returns, of which the length of the training makes a wrapper. That number
    is the gamma of the audit. The Trainer tells no callback of an exception: it is the end of `with` that takes
    wrapper, hooks and callback away then; what was recorded stays, and is not written.

    Args:
        trainer: whose accelerator clips.
        path: as of `TrainerMonitor`.
        options: `every`, `probe` and `live` of `Monitor`.

    Raises:
        InvalidInputError: in the training: it is not inside `with`, or the Trainer clips before an optimizer that clips
            itself, or otherwise than by its accelerator, as where gradients lie on several device meshes.
        NotAvailableError: transformers is not installed; on import of this module.
    """

    def __init__(self, trainer: Any, path: str | os.PathLike[str] | None = None, **options: Any) -> None:
        super().__init__(path, **options)
        self._trainer = trainer
        self._inside = self._clips = self._seen = False
        self._wrapped: tuple[Any, Any] | None = None
        """The accelerator, and the method that it had of its own, if any."""

    def __enter__(self) -> Self:
        """Become a callback of the trainer."""
        if self._inside:
            raise InvalidInputError("this monitor is a callback of its trainer already")
        self._inside = True
        self._trainer.add_callback(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the trainer as it was."""
        self._inside = False
        self._end(write=False)
        self._trainer.remove_callback(self)

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Begin to record."""
        if not self._inside:
            raise InvalidInputError("TransformersMonitor: records inside `with`, which adds it to its trainer")
        self._end(write=False)
        optimizer = self._trainer.optimizer
        while hasattr(optimizer, "optimizer"):  # accelerate's, around torch's
            optimizer = optimizer.optimizer
        gamma = float(args.max_grad_norm) or None
        if gamma is not None and clips_itself(optimizer):
            raise InvalidInputError(
                f"max_grad_norm = {gamma:g}: the Trainer clips before {type(optimizer).__name__} does; give 0"
            )
        monitor = self._begin(optimizer, gamma)
        self._clips = gamma is not None
        if not self._clips:
            return
        accelerator = self._trainer.accelerator
        clip = getattr(accelerator, _CLIP)
        self._wrapped = accelerator, vars(accelerator).get(_CLIP)

        def told(*arguments: Any, **named: Any) -> Any:
            norm = clip(*arguments, **named)
            self._seen = True
            if norm is not None:
                monitor.clipped(norm)
            return norm

        setattr(accelerator, _CLIP, told)

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Refuse to take the norm from after a clipping that was not seen."""
        if self._clips and not self._seen:
            raise InvalidInputError(
                "TransformersMonitor: the Trainer clipped otherwise than by its accelerator, so that the norm before "
                "is not known"
            )
        self._seen = False

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """End, and write the log."""
        self._end(write=state.is_world_process_zero)

    def _end(self, *, write: bool) -> None:
        if self._wrapped is not None:
            accelerator, own = self._wrapped
            delattr(accelerator, _CLIP)  # its class's method is seen again
            if own is not None:
                setattr(accelerator, _CLIP, own)
            self._wrapped = None
        super()._end(write=write)
