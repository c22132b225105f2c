"""Two lines in anybody's training loop that record what clipping sees, for `audit`."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeGuard

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from ..optim._buckets import mesh_of
from ..optim.citizens import DeltaGClip, GClip
from ..optim.local_clipping import LocalClipping
from ..problem.problem import Problem
from ..theory import InvalidInputError
from .audit import Array, Audit, Numbers, audit
from .gradient_norm import GradientNorm
from .live import LivePanel
from .monitor_log import STEP, write_log
from .probe import Probe
from .reading import Reading

_UNREAD = 256
"""Steps after which norms are read off the device: until then nothing waits for it."""
_LEAST = 100
"""Steps between two measurements at least, where their interval follows from what they cost."""
_SHARE = 0.04
"""Of the run's time that measurements may take then."""


class Monitor:
    """Records the norm that clipping looks at before every step of an optimizer; now and then, what costs more.

    .. code-block:: python

        with pl.Monitor(optimizer) as monitor:
            train()  # as before
        print(monitor.audit().conclusion)  # or audit(gamma=1.0, delta=0.0) where the optimizer has neither
        monitor.save("run.csv")            # pltheory audit run.csv

    Of `DeltaGClip`, `GClip` and `LocalClipping` it takes what they report: the norm in their step, that of the buffer
    with `clip = "buffer"`, and the step; nothing is computed. Of any other optimizer it takes the norm of all its
    gradients as one vector as the step begins, which is `pltheory.optim`'s own norm, sharded parameters included.
    Clipping before the step has changed these gradients already, so that its norm has to be said:

    .. code-block:: python

        monitor.clipped(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0))
        optimizer.step()

    Where it is not said, the norms end at gamma, and the audit says that they look so. A published class of delta-GClip
    whose group holds numbers `gamma` and `delta` is read by these; with several groups it clips each by its own norm,
    the norm here is that of all, and the audit asks for the numbers. `eta` is the learning rate of the first group.
    Weight decay that an optimizer adds inside its step is not in the norm, which is what `clip_grad_norm_` sees too.

    Args:
        optimizer: any torch optimizer; a step that computes its gradients in a closure only where it is ours.
        every: steps between two measurements of the distance and of the probe; None for as many as keep them at 4 % of
            the run's time, as measured on the way, and 100 at least. The first is before the first step.
        probe: a `Probe` or `pltheory.TheoremProbe`; of a `Problem`, the network that is trained on a few samples,
            `Probe(problem)`.
        gamma: the threshold of what clips before the step, which the optimizer does not know; its delta is 0.
        live: whether a panel is drawn while the run goes on; where standard error is no terminal, nothing is.
        in_closure: whether `clipped` is called in the closure of the step, as Lightning's callbacks are.

    Raises:
        InvalidInputError: an argument is not of these; a step's closure hides the gradients; gradients are sparse; the
            probe's network cannot be measured, as `pl_ratio`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        every: int | None = None,
        probe: Problem | Probe | None = None,
        gamma: float | None = None,
        live: bool = False,
        in_closure: bool = False,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise InvalidInputError(f"optimizer: a {type(optimizer).__name__} is no torch.optim.Optimizer")
        if every is not None and (type(every) is not int or every < 1):
            raise InvalidInputError(f"every = {every!r}: allowed are None and whole numbers from 1")
        self._optimizer, self._every = optimizer, every
        self._probe = probe if probe is None or isinstance(probe, Probe) else Probe(probe)
        self._own = optimizer if clips_itself(optimizer) else None
        if gamma is not None and (self._own is not None or not isinstance(gamma, int | float) or not gamma > 0):
            own = None if self._own is None else type(optimizer).__name__
            whose = "allowed are positive numbers" if own is None else f"{own} has its own"
            raise InvalidInputError(f"gamma = {gamma!r}: {whose}")
        self._rule = {} if gamma is None else {"gamma": float(gamma), "delta": 0.0}
        self._before_step = math.inf if gamma is None else float(gamma)
        self._in_closure = in_closure
        self._panel = LivePanel() if live else None
        self._norm_of = GradientNorm()
        self._said: Tensor | float | None = None
        self._norm: Tensor | float | None = None
        self._unread: list[tuple[Any, ...]] = []
        self._rows: list[tuple[float, ...]] = []
        self._measured: dict[int, Reading] = {}
        self._taken = 0
        self._due, self._not_before, self._spent = 0, 0.0, 0.0
        self._start: list[tuple[Tensor, Tensor]] = []
        self._hooks: list[Any] = []

    def __enter__(self) -> Self:
        """Begin to record; distances are from the weights of now, or of the first time."""
        if self._hooks:
            raise InvalidInputError("this monitor records already")
        if not self._start:
            self._start = [(p, p.detach().clone()) for p in self._params()]
        self._hooks = [
            self._optimizer.register_step_pre_hook(self._before),
            self._optimizer.register_step_post_hook(self._after),
        ]
        if self._panel is not None:
            self._panel.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; what was recorded stays."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        if self._panel is not None:
            self._read()
            self._panel.stop()

    def clipped(self, norm: Tensor | float | None = None) -> None:
        """Say the norm before clipping, which the next step is recorded with.

        Args:
            norm: what `clip_grad_norm_` returned; None for that of the gradients as they are now.

        Raises:
            InvalidInputError: it is not one number, or the optimizer is one that clips itself and says its norm.
        """
        if self._own is not None:
            raise InvalidInputError(f"clipped: {type(self._own).__name__} clips itself, a second time")
        if norm is None:
            norm = self._norm_of(self._params())
        elif self._before_step == math.inf:
            self._before_step = math.nan
        if isinstance(norm, Tensor):
            if norm.numel() != 1:
                raise InvalidInputError(f"clipped: a norm of shape {tuple(norm.shape)} is not one number")
            norm = norm.full_tensor() if mesh_of(norm) is not None else norm  # type: ignore[attr-defined]
            norm = float(norm) if norm.device.type == "cpu" else norm.detach().clone()
        elif not isinstance(norm, int | float):
            raise InvalidInputError(f"clipped: a {type(norm).__name__} is no norm")
        self._said = norm

    @property
    def norms(self) -> Array:
        """The norms recorded so far, (n,)."""
        return self._column("grad_norm")

    def audit(self, *, gamma: Numbers | None = None, delta: Numbers | None = None) -> Audit:
        """The audit of the steps so far.

        Args:
            gamma: threshold; None for the optimizer's own.
            delta: floor; None for the optimizer's own.

        Raises:
            InvalidInputError: no step was taken; the optimizer has no gamma or delta and none is given; a norm is NaN
                or infinite.
        """
        if not self._taken:
            raise InvalidInputError("the monitor has seen no step")
        given = {"gamma": gamma, "delta": delta}
        for name, value in given.items():
            if value is None:
                given[name] = own = self._column(name)
                if np.isnan(own).any():
                    what = type(self._optimizer).__name__
                    raise InvalidInputError(f"{name}: {what} has none, or several groups: give a number")
        steps = self._column("step_size")
        # Other numbers than the run's are a question about its norms, not about its steps.
        held = gamma is None and delta is None and not np.isnan(steps).any()
        return audit(
            self._column("grad_norm"),
            gamma=given["gamma"],  # type: ignore[arg-type]
            delta=given["delta"],  # type: ignore[arg-type]
            eta=self._column("eta"),
            step_size=steps if held else None,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the log that `pltheory audit` reads, whole, over what was there: a row a step, empty where unknown.

        Raises:
            InvalidInputError: it cannot be written.
        """
        self._read()
        write_log(path, self._rows, self._measured)

    @property
    def measured(self) -> dict[int, Reading]:
        """What was measured, by the number of the step that came after."""
        return dict(self._measured)

    @property
    def seconds(self) -> float:
        """What the measurements have taken so far, norms not counted."""
        return self._spent

    # hooks

    def _before(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._own is None:
            closure = kwargs.get("closure") is not None or any(a is not None for a in args[1:])
            if closure and not self._in_closure:
                raise InvalidInputError("monitor: step(closure) computes gradients where they cannot be seen before")
            self._norm = None
            if not closure:
                self._norm, self._said = self._norm_of(self._params()) if self._said is None else self._said, None
        if self._taken >= self._due and (self._every is not None or time.perf_counter() >= self._not_before):
            self._measure()

    def _measure(self) -> None:
        begun = time.perf_counter()
        with torch.no_grad():
            distance = self._distance()
        if self._probe is None:
            reading = Reading(self._taken, distance, float(self._optimizer.param_groups[0]["lr"]))
        else:
            reading = self._probe.read(self._taken, distance, self._optimizer, self._before_step)
        self._measured[self._taken] = reading
        end = time.perf_counter()
        self._spent += end - begun
        self._due, self._not_before = self._taken + (self._every or _LEAST), end + (end - begun) / _SHARE
        if self._panel is not None:
            self._panel.measured(reading)

    def _after(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        first: Mapping[str, Any] = optimizer.param_groups[0]
        if self._said is not None:  # in the closure
            self._norm, self._said = self._said, None
        norm, step = self._norm, None
        if self._own is not None:
            buffer = self._own.buffer_norm
            norm, step = self._own.grad_norm if buffer is None else buffer, self._own.step_size
        elif norm is None:
            raise InvalidInputError("monitor: no norm was said in the closure of this step: clipped() says it")
        # Of several groups somebody else's class may clip each by its own norm, which this is not.
        rule = first if self._own is not None or len(optimizer.param_groups) == 1 else {}
        rule = self._rule or rule
        kept = (norm, rule.get("gamma"), rule.get("delta"), first["lr"], step)
        self._unread.append(tuple(_kept(v) for v in kept))
        self._taken += 1
        if len(self._unread) >= _UNREAD or (self._panel is not None and self._panel.due):
            self._read()

    def _read(self) -> None:
        fresh = [tuple(_number(v) for v in row) for row in self._unread]
        self._rows += fresh
        self._unread = []
        if self._panel is not None:
            self._panel.stepped(fresh)

    def _column(self, name: str) -> Array:
        self._read()
        return np.array([row[STEP.index(name)] for row in self._rows], dtype=float)

    def _params(self) -> list[Tensor]:
        return [p for group in self._optimizer.param_groups for p in group["params"]]

    def _distance(self) -> float:
        """||w_t - w_0||, of sharded parameters as wholes; a group that was added later begins where it was added."""
        known = {id(p) for p, _ in self._start}
        self._start += [(p, p.detach().clone()) for p in self._params() if id(p) not in known]
        squares = []
        for p, start in self._start:
            apart: Any = torch.linalg.vector_norm(p.detach() - start)
            squares.append(float(apart.full_tensor() if mesh_of(apart) is not None else apart))
        return math.hypot(*squares)


def clips_itself(optimizer: Optimizer) -> TypeGuard[DeltaGClip | GClip | LocalClipping]:
    """Whether the optimizer clips in its step, and says the norm there."""
    return isinstance(optimizer, DeltaGClip | GClip | LocalClipping)


def _kept(value: object) -> object:
    """A number as it is now; off the device it is read later, and may be written again there by a captured graph."""
    if not isinstance(value, Tensor):
        return value
    return float(value) if value.device.type == "cpu" else value.detach().clone()


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | Tensor) and not isinstance(value, bool) else math.nan
