"""Two lines in anybody's training loop that record what clipping sees, for `audit`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from ..measure.pl_ratio import pl_ratio
from ..optim._buckets import buckets, mesh_of
from ..optim._division import Division
from ..optim._keywords import with_defaults
from ..optim.citizens import DeltaGClip, GClip
from ..optim.local_clipping import LocalClipping
from ..problem.problem import Problem
from ..theory import InvalidInputError
from .audit import Array, Audit, Numbers, audit

_UNREAD = 256
"""Steps after which norms are read off the device: until then nothing waits for it."""
_LINE = ("step", "grad_norm", "gamma", "delta", "eta", "step_size", "distance", "pl_ratio")


class Monitor:
    """Records the norm that clipping looks at before every step of an optimizer; every so many steps, what costs more.

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
        every: steps between two measurements of the distance and of the probe, and the first at step 0.
        probe: a network, the one that is trained, on a few samples: its PL* ratio ||grad L||^2 / (2 L) is measured, in
            the loss of the problem. Costs a forward and a backward pass of it.

    Raises:
        InvalidInputError: an argument is not of these; a step's closure hides the gradients; gradients are sparse.
    """

    def __init__(self, optimizer: Optimizer, *, every: int = 100, probe: Problem | None = None) -> None:
        if not isinstance(optimizer, Optimizer):
            raise InvalidInputError(f"optimizer: a {type(optimizer).__name__} is no torch.optim.Optimizer")
        if type(every) is not int or every < 1:
            raise InvalidInputError(f"every = {every!r}: allowed are whole numbers from 1")
        if probe is not None and not isinstance(probe, Problem):
            raise InvalidInputError(f"probe: a {type(probe).__name__} is no pltheory.Problem")
        self._optimizer, self._every, self._probe = optimizer, every, probe
        self._own = optimizer if isinstance(optimizer, DeltaGClip | GClip | LocalClipping) else None
        self._division = Division(None, None)
        self._said: Tensor | float | None = None
        self._norm: Tensor | float | None = None
        self._unread: list[tuple[Any, ...]] = []
        self._rows: list[tuple[float, ...]] = []
        self._measured: dict[int, tuple[float, float]] = {}
        self._taken = 0
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
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; what was recorded stays."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def clipped(self, norm: Tensor | float) -> None:
        """Say what `clip_grad_norm_` returned: the norm before clipping, which the next step is recorded with.

        Raises:
            InvalidInputError: it is not one number, or the optimizer is one that clips itself and says its norm.
        """
        if self._own is not None:
            raise InvalidInputError(f"clipped: {type(self._own).__name__} clips itself, a second time")
        if isinstance(norm, Tensor):
            if norm.numel() != 1:
                raise InvalidInputError(f"clipped: a norm of shape {tuple(norm.shape)} is not one number")
            norm = (norm.full_tensor() if mesh_of(norm) is not None else norm).detach().clone()  # type: ignore[attr-defined]
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
        target = Path(path)
        self._read()
        lines = [",".join(_LINE)]
        for t, row in enumerate(self._rows):
            cells = (*row, *self._measured.get(t, (math.nan, math.nan)))
            # A norm that is NaN is a finding, a number that there is not is no cell.
            lines.append(",".join([str(t), repr(row[0]), *("" if math.isnan(v) else repr(v) for v in cells[1:])]))
        temporary = target.with_name(f".{target.name}.partial")
        try:
            temporary.write_text("\n".join([*lines, ""]), encoding="utf-8")
            os.replace(temporary, target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise InvalidInputError(f"{target}: cannot be written ({error.strerror})") from None

    @property
    def measured(self) -> dict[int, tuple[float, float]]:
        """Before which step: ||w_t - w_0|| of all parameters, and the PL* ratio of the probe, NaN without one."""
        return dict(self._measured)

    # hooks

    def _before(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        said, self._said = self._said, None
        if self._own is None:
            if any(a is not None for a in args[1:]) or kwargs.get("closure") is not None:
                raise InvalidInputError("monitor: step(closure) computes gradients where they cannot be seen before")
            self._norm = self._of_gradients() if said is None else said
        if self._taken % self._every == 0:
            with torch.no_grad():
                distance = self._distance()
            ratio = math.nan if self._probe is None else pl_ratio(self._probe).value
            self._measured[self._taken] = (distance, ratio)

    def _after(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        first: Mapping[str, Any] = optimizer.param_groups[0]
        norm, step = self._norm, None
        if self._own is not None:
            buffer = self._own.buffer_norm
            norm, step = self._own.grad_norm if buffer is None else buffer, self._own.step_size
        # Of several groups somebody else's class may clip each by its own norm, which this is not.
        rule = first if self._own is not None or len(optimizer.param_groups) == 1 else {}
        kept = (norm, rule.get("gamma"), rule.get("delta"), first["lr"], step)
        # What is on a device may be written again by the next step of a captured graph.
        self._unread.append(tuple(v.detach().clone() if isinstance(v, Tensor) else v for v in kept))
        self._taken += 1
        if len(self._unread) >= _UNREAD:
            self._read()

    def _read(self) -> None:
        self._rows += [tuple(_number(v) for v in row) for row in self._unread]
        self._unread = []

    def _column(self, name: str) -> Array:
        self._read()
        return np.array([row[_LINE.index(name) - 1] for row in self._rows], dtype=float)

    def _params(self) -> list[Tensor]:
        return [p for group in self._optimizer.param_groups for p in group["params"]]

    def _of_gradients(self) -> Tensor:
        params = self._params()
        with torch.no_grad():
            if any(p.grad is not None and p.grad.layout != torch.strided for p in params):
                raise InvalidInputError("monitor: a gradient is sparse: build the layer with sparse=False")
            return self._division.norm(buckets({**with_defaults({}), "params": params}, {}), params)

    def _distance(self) -> float:
        """||w_t - w_0||, of sharded parameters as wholes; a group that was added later begins where it was added."""
        known = {id(p) for p, _ in self._start}
        self._start += [(p, p.detach().clone()) for p in self._params() if id(p) not in known]
        squares = []
        for p, start in self._start:
            apart: Any = torch.linalg.vector_norm(p.detach() - start)
            squares.append(float(apart.full_tensor() if mesh_of(apart) is not None else apart))
        return math.hypot(*squares)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | Tensor) and not isinstance(value, bool) else math.nan
