"""Rounds of `LocalClipping` by its workers as a trace, and that trace held against what Theorem F4 promises.

A worker logs what it sees; put one after another, round by round, the logs are the trace of a run whose workers take
their turns in one process, which is what a promise speaks of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from ..measure.ntk import empirical_ntk
from ..optim import ClippedSettings, DeltaGClipSettings, GClipSettings, GradientDescentSettings
from ..optim.guard import step_sizes
from ..optim.local_clipping import LocalClipping
from ..problem.batches import Batches
from ..problem.problem import Problem
from ..theory import InvalidInputError
from .inequalities import Check, Inequality, U, Violation, first_violation, tells, tightest
from .promise import Promise
from .rounding import Rounding
from .trace import Array, Trace

_OFF = {"momentum": 0, "weight_decay": 0, "maximize": False}
"""What the steps of F4 are without."""


def settings_of(optimizer: LocalClipping) -> ClippedSettings:
    """The step rule of a worker, as the theorems know it.

    Raises:
        InvalidInputError: steps that F4 does not speak of: momentum, weight decay, ascent, another lr in every group.
    """
    first = optimizer.param_groups[0]
    for group in optimizer.param_groups:
        for key, allowed in {**_OFF, "lr": first["lr"]}.items():
            if group[key] != allowed:
                raise InvalidInputError(f"{key} = {group[key]!r}: Theorem F4 speaks of {key} = {allowed!r} alone")
    eta, gamma, delta = (float(first[key]) for key in ("lr", "gamma", "delta"))
    if gamma == math.inf or delta == 1:
        return GradientDescentSettings(eta=eta)
    return DeltaGClipSettings(eta=eta, gamma=gamma, delta=delta) if delta > 0 else GClipSettings(eta=eta, gamma=gamma)


def batches_of(optimizer: LocalClipping, n: int, size: int, order: str = "fixed", seed: int = 0) -> Batches:
    """The rounds of an optimizer whose workers have equal disjoint parts of n samples and average after whole passes.

    Args:
        optimizer: of any of the workers.
        n: samples.
        size: of a batch.
        order, seed: as of `Batches`.

    Raises:
        InvalidInputError: rounds that F4 does not speak of: unequal parts, or an average within a pass.
    """
    once = Batches(size, order, seed, workers=optimizer.workers)
    once.require_fits(n)
    interval, steps = optimizer.param_groups[0]["interval"], once.batches_of_part(n)
    if interval % steps:
        raise InvalidInputError(
            f"interval = {interval}: Theorem F4 speaks of rounds that leave no sample out, here whole passes of "
            f"{steps} steps through a part of {once.part(n)} samples"
        )
    return Batches(size, order, seed, workers=optimizer.workers, passes=interval // steps)


def local_run(problem: Problem, optimizer: LocalClipping, batches: Batches, rounds: int) -> Trace:
    """Train by rounds, in every worker at once; the trace of all of them, in every worker.

    Args:
        problem: all samples, the same in every worker; its weights are trained.
        optimizer: of these weights.
        batches: from `batches_of`; the k-th worker sees the k-th part of every round.
        rounds: how many.

    Raises:
        InvalidInputError: the optimizer has other weights, is within a round, or has other rounds than `batches`.
        LostWorkerError: a worker did not come to an average.
    """
    params: list[Tensor] = list(problem.parameters())
    _require(optimizer, params, batches, len(problem.x))
    start = [p.detach().clone() for p in params]
    group = optimizer._all.group
    mine, workers = dist.get_rank(group), optimizer.workers
    each = batches.count(len(problem.x)) // workers
    log: dict[str, list[float]] = {"loss": [], "batch_loss": [], "grad_norm": [], "step_size": [], "distance": []}
    rows = batches.rows(len(problem.x))
    for _ in range(rounds):
        log["distance"].append(_apart(params, start))
        for turn in range(workers):
            for _ in range(each):
                seen = next(rows)
                if turn == mine:
                    _step(problem, optimizer, seen, log)
    with torch.no_grad():
        last = {"loss": float(problem.value()), "distance": _apart(params, start)}
    logs: list[Any] = [None] * workers
    dist.all_gather_object(logs, log, group=group)
    return _joined(logs, last, each)


def _require(optimizer: LocalClipping, params: list[Tensor], batches: Batches, n: int) -> None:
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if held != {id(p) for p in params}:
        raise InvalidInputError("optimizer: allowed is one of all parameters of the problem, and of no other")
    interval = optimizer.param_groups[0]["interval"]
    if optimizer.steps % interval:
        raise InvalidInputError(f"optimizer: its step {optimizer.steps} is within a round of {interval}")
    if batches.workers != optimizer.workers or batches.count(n) != interval * optimizer.workers:
        raise InvalidInputError(
            f"batches: {batches}; the optimizer has {optimizer.workers} workers, interval {interval}"
        )


def _step(problem: Problem, optimizer: LocalClipping, seen: Tensor, log: Mapping[str, list[float]]) -> None:
    with torch.no_grad():
        log["loss"].append(float(problem.value()))
    optimizer.zero_grad()
    outputs = problem.network(problem.x[seen]).flatten(1)
    value = problem.objective.of_rows(seen).value(outputs, problem.y[seen])
    value.backward()  # type: ignore[no-untyped-call]
    log["batch_loss"].append(float(value.detach()))
    optimizer.step()
    norm, h = optimizer.grad_norm, optimizer.step_size
    assert norm is not None
    assert h is not None
    log["grad_norm"].append(float(norm))
    log["step_size"].append(float(h))


@torch.no_grad()
def _apart(params: list[Tensor], start: list[Tensor]) -> float:
    return math.hypot(
        *(float(torch.linalg.vector_norm(p - s, dtype=torch.float64)) for p, s in zip(params, start, strict=True))
    )


def _joined(logs: list[Any], last: Mapping[str, float], each: int) -> Trace:
    """The logs of all workers, round by round, one worker after another."""

    def turns(name: str) -> Array:
        return np.stack([np.reshape(log[name], (-1, each)) for log in logs], axis=1).reshape(-1)

    columns = {name: turns(name) for name in ("loss", "batch_loss", "grad_norm", "step_size")}
    columns["loss"] = np.append(columns["loss"], last["loss"])
    of_round, distance = each * len(logs), [*logs[0]["distance"], last["distance"]]
    steps = len(columns["step_size"])
    return Trace(
        **columns,
        path=np.concatenate([[0.0], np.cumsum(columns["grad_norm"] * columns["step_size"])]),
        recorded=np.arange(len(distance)) * of_round,
        distance=np.array(distance),
        lambda_min=np.empty(0),
        epoch=np.arange(steps) // of_round,
    )


@dataclass(frozen=True)
class Held:
    """A run of workers against a promise.

    Attributes:
        violation: the first inequality that failed by more than rounding explains, or None.
        checks: the inequalities of the promise and the step rule, each where it has least room.
        tells: whether a run that stands still would have been found.
        rounding: where what rounding is granted comes from.
    """

    violation: Violation | None
    checks: tuple[Check, ...]
    tells: bool
    rounding: str


def held(problem: Problem, settings: ClippedSettings, batches: Batches, trace: Trace, promise: Promise) -> Held:
    """Hold a run of workers against a promise, and its steps against the step rule as they were reported.

    Args:
        problem: with the weights that the run started from.
        settings: from `settings_of`.
        batches: of the run.
        trace: from `local_run`, of its first round on.
        promise: what a theorem that holds of these settings and batches promises.

    Raises:
        InvalidInputError: the promise is of another step size, or of other rounds.
    """
    eta = float(settings.eta)
    if promise.eta != eta:
        raise InvalidInputError(f"eta = {eta!r}: the promise is of eta = {promise.eta!r}")
    count = promise.numbers().get("epoch")
    if count != batches.count(len(problem.x)):
        raise InvalidInputError(f"batches: a round of {batches.count(len(problem.x))} steps; the promise is of {count}")
    rounding = Rounding(problem, problem, False, empirical_ntk(problem.network, problem.x), None, batches)
    radius = math.inf if promise.radius is None else promise.radius
    granted = rounding.along(min(float(trace.path[-1]), 1.25 * radius), len(trace.step_size))
    promised = promise.inequalities(trace, settings, granted)
    rule = step_sizes(settings, eta, trace.grad_norm)
    own = Inequality(
        f"step rule of {settings.name}, |h_t - rule(||g_t||)| <= 0",
        np.abs(trace.step_size - rule),
        np.zeros_like(rule),
        settings.units * U * rule,
    )
    every = [own, *promised]
    return Held(first_violation(every), tuple(map(tightest, every)), tells(promised, trace), granted.how)
