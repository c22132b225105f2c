"""Local gradient clipping: every worker clips its own steps, and their weights are averaged every so many.

[LZLL22] Liu, Zhuang, Lei, Liao, "A Communication-Efficient Distributed Gradient Clipping Algorithm for Training Deep
Neural Networks", NeurIPS 2022, arXiv:2205.05040.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from ._buckets import is_flattened, mesh_of
from ._division import LOCAL, NormGroup
from ._keywords import Keywords, refuse
from ._workers import Standing, Workers, entries_of, shapes_of
from .citizens import ClippedDescent
from .doubles import number

_COUNTS = ("steps", "averages", "sent")


def _untraced(work: Callable[[], None]) -> None:
    """Work between processes, which is no part of a compiled step's graph."""
    if torch.compiler.is_compiling():
        work = torch.compiler.disable(work)
    work()


class LocalClipping(ClippedDescent):
    r"""Clipped steps of K workers, each by the norm of its own gradient, averaged every `interval` steps [LZLL22].

    .. code-block:: text

        input: eta = lr > 0, gamma > 0, 0 <= delta <= 1, interval I, one w_0 for all workers k = 1..K
        for t = 0, 1, ...
            g^k     = gradient of worker k's own batch at w^k           all parameters as one vector
            w^k     = w^k - eta min(1, max(delta, gamma / ||g^k||)) g^k
            if I divides t + 1: w^k = (w^1 + ... + w^K) / K             for all k

    With delta = 0 the algorithm of the paper, whose clipped step min(eta, gamma' / ||g||) has gamma' = eta gamma; its
    public code averages before the next gradient, which is the same. A floor delta > 0 is that of delta-GClip.

    One process is one worker, which computes gradients of its own batches, of the bare module:
    `DistributedDataParallel` averages gradients in every step, and then nothing is local. Any backend: gloo, nccl.

    .. code-block:: python

        torch.distributed.init_process_group("gloo")
        optimizer = LocalClipping(model.parameters(), lr=0.1, gamma=1.0, interval=8)
        for x, y in my_part:
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()

    Communication: the weights once in `interval` steps, half types as float32, in one sum for each device and dtype;
    and through the run's store a few hundred bytes, by which workers find that they do not belong together. Momentum
    buffers stay with their worker, and so does what a module holds beside its parameters (batch norm's statistics).

    A worker that does not come to an average within `timeout` seconds is named in one line by each of the others; their
    weights are then their own, as after their step, and nothing was averaged in part.

    Checkpoints: `state_dict` has the counts, so that training goes on at the right step of a round. Where
    `steps % interval == 0` all workers have the same weights, and one file does for all without momentum; elsewhere
    each needs its own.

    A `GradScaler` that skips a step of one worker alone puts it out of step with the others, which is refused.

    Args:
        params: parameters or parameter groups, whole in every process.
        lr: eta, a number of at least 0 or a tensor with one element.
        gamma: clipping threshold of the gradient's norm, positive; inf never clips: local gradient descent.
        delta: smallest factor of eta, in [0, 1].
        interval: I, steps between two averages, a whole number from 1 on.
        group: the process group of the workers; None for all processes.
        timeout: seconds to wait for the slowest worker, positive.
        **keywords: those of `DeltaGClip`.

    Attributes:
        grad_norm, step_size, step_sizes: as of `DeltaGClip`, of this worker.

    Raises:
        InvalidInputError: a setting is outside its range, torch.distributed is not initialized, a parameter is divided
            among processes, or workers differ in interval, shapes, number of steps or first weights.
        LostWorkerError: in a step that was taken, that a worker did not come to the average after it.

    Example:
        >>> import tempfile, torch, torch.distributed as dist
        >>> from pltheory.optim import LocalClipping
        >>> alone = dist.HashStore()
        >>> dist.init_process_group("gloo", store=alone, rank=0, world_size=1)
        >>> w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> opt = LocalClipping([w], lr=0.5, gamma=1.0, interval=2)
        >>> for _ in range(4):
        ...     opt.zero_grad()
        ...     (w.square().sum() / 2).backward()
        ...     opt.step()
        >>> opt.steps, opt.averages, opt.sent
        (4, 2, 16)
        >>> dist.destroy_process_group()
    """

    numbers = (*ClippedDescent.numbers, "interval", *_COUNTS)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        gamma: float,
        delta: float = 0.0,
        *,
        interval: int = 1,
        group: NormGroup = None,
        timeout: float = 60.0,
        **keywords: Unpack[Keywords],
    ) -> None:
        if not 0 < number(timeout) < math.inf:
            refuse("timeout", timeout, "a positive number of seconds")
        self._group, self._timeout = group, float(timeout)
        self._workers: Workers | None = Workers(group, self._timeout)
        self._began: str | None = None
        numbers = {"gamma": gamma, "delta": delta, "interval": interval, **dict.fromkeys(_COUNTS, 0)}
        super().__init__(params, lr, numbers, keywords, LOCAL)

    def check_numbers(self, values: Mapping[str, Any]) -> None:
        """Refuse a gamma, a delta or an interval out of its range."""
        super().check_numbers(values)
        if type(values["interval"]) is not int or values["interval"] < 1:
            refuse("interval", values["interval"], "a whole number from 1 on")
        for key in _COUNTS:
            if type(values[key]) is not int or values[key] < 0:
                refuse(key, values[key], "a whole number from 0 on")

    def check_delta(self, values: Mapping[str, Any]) -> None:
        """Delta lies in [0, 1]."""
        if not 0 <= number(values["delta"]) <= 1:
            refuse("delta", values["delta"], "a number in [0, 1]")

    def _check(self, index: int) -> None:
        super()._check(index)
        for i, p in enumerate(self.param_groups[index]["params"]):
            if mesh_of(p) is not None or is_flattened(p):
                allowed = "a whole parameter: workers average what each of them has whole"
                refuse(f"parameter {i} in group {index}", "a part of one that processes share", allowed)

    def __getstate__(self) -> dict[str, Any]:
        if self._group is not None:
            refuse("group", self._group, "None where the optimizer is copied or pickled: use its state_dict()")
        return {**super().__getstate__(), "_group": None, "_timeout": self._timeout, "_began": self._began}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if not hasattr(self, "_workers"):
            self._workers = None

    @property
    def workers(self) -> int:
        """K."""
        return self._all.count

    @property
    def steps(self) -> int:
        """Steps that this worker has taken."""
        return int(self.param_groups[0]["steps"])

    @property
    def averages(self) -> int:
        """Rounds of communication so far."""
        return int(self.param_groups[0]["averages"])

    @property
    def sent(self) -> int:
        """Bytes of weights that this worker has handed to the sums; what goes over a wire is the backend's doing."""
        return int(self.param_groups[0]["sent"])

    @property
    def _all(self) -> Workers:
        if self._workers is None:  # a copy
            self._workers = Workers(self._group, self._timeout)
        return self._workers

    def _step(self) -> None:
        _untraced(self._begin)
        super()._step()
        _untraced(self._end)

    def _begin(self) -> None:
        if self.steps == 0:
            self._began = entries_of(self._params)

    def _end(self) -> None:
        self._count(steps=1)
        first = self.param_groups[0]
        if first["steps"] % first["interval"]:
            return
        params, turn = self._params, first["averages"] + 1
        self._all.meet(Standing(first["steps"], first["interval"], shapes_of(params), self._began), turn)
        self._count(averages=1, sent=self._all.average(params, turn, first["steps"]))
        self._began = None

    @property
    def _params(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _count(self, **more: int) -> None:
        for group in self.param_groups:
            for key, value in more.items():
                group[key] += value
