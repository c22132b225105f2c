"""Run the optimizer, keep the trace, and hold every step against what the theorem promises."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch

from ..certification.profile import Profile
from ..certification.radius import Reach
from ..measure.ntk import empirical_ntk
from ..optim import DeltaGClip, GClip, GradientDescent
from ..problem.loss_gradient import LossGradient
from ..problem.networks import class_n
from ..problem.problem import Problem, in_span_of_data
from ..problem.settings import StepSettings
from ..theory import NotAvailableError, NumericalFailureError
from ..theory.formulas import contraction, decrease, slack
from .promise import Promise

BLOCK = 50
"""Steps between two readings of the device: on an accelerator nothing is read back in between."""

Array = np.ndarray
Progress = Callable[[int, int, str], None]
"""(done, total, note): called as a long step goes on."""


class Reason(StrEnum):
    """Why a run ended."""

    CONVERGED = "converged"
    LEFT_BALL = "left_ball"
    RATE_VIOLATED = "rate_violated"
    DIVERGED = "diverged"
    STEP_LIMIT = "step_limit"


@dataclass(frozen=True)
class Violation:
    """The first step at which an inequality of the theorem fails by more than round-off can explain."""

    step: int
    inequality: str
    left: float
    right: float


@dataclass(frozen=True)
class Trace:
    """A run, one entry per iterate w_0 .. w_T unless said otherwise.

    Attributes:
        loss: L_t, shape (T+1,).
        grad_norm: ||grad L_t|| over all parameters, shape (T,).
        step_size: h_t, shape (T,).
        path: length of the path up to w_t, shape (T+1,).
        recorded: the steps at which the next two were measured, shape (K,).
        distance: ||w_t - w_0|| there, shape (K,).
        lambda_min: smallest kernel eigenvalue there, scaled to the loss, shape (K,); empty if switched off.
    """

    loss: Array
    grad_norm: Array
    step_size: Array
    path: Array
    recorded: Array
    distance: Array
    lambda_min: Array


@dataclass(frozen=True)
class Run:
    """A run and its comparison with a theorem.

    Attributes:
        trace: the numbers.
        reason: why it ended.
        violation: the first inequality that failed, or None.
        checked: names of the inequalities checked at every step.
        round_off: the slack granted to ||r_t||, stated so that nothing is hidden in a tolerance.
        note: how the run was carried out.
        kernel_drift: ||K(w_T) - K(w_0)|| / ||K(w_0)||, spectral.
    """

    trace: Trace
    reason: Reason
    violation: Violation | None
    checked: tuple[str, ...]
    round_off: float
    note: str
    kernel_drift: float


def optimizer_for(settings: StepSettings, eta: float, problem: Problem) -> torch.optim.Optimizer:
    """The torch optimizer of a step rule."""
    params = list(problem.parameters())
    if settings.name == "delta-gclip":
        return DeltaGClip(params, lr=eta, gamma=settings.gamma, delta=settings.delta)
    if settings.name == "gclip":
        return GClip(params, lr=eta, gamma=settings.gamma)
    return GradientDescent(params, lr=eta)


def run(
    problem: Problem,
    settings: StepSettings,
    eta: float,
    *,
    steps: int,
    target: float = 1e-12,
    records: int = 40,
    profile: Profile | None = None,
    certified: Reach | None = None,
    integrated: bool = False,
    promise: Promise | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run the optimizer from the problem's weights, which are left as they are.

    Args:
        problem: network, data, loss.
        settings: the step rule; `eta` is its step size as a number.
        steps: step limit.
        target: the run has converged when L_t <= target * L_0.
        records: about how many iterates get distance and lambda_min measured, spaced logarithmically.
        profile: bounds around w_0, read by the checks of Theorems B and C.
        certified: a reach whose theorem holds: its per-step inequalities are checked.
        integrated: whether `certified` is of Theorem B or C, whose potential step uses sig along the path.
        promise: what a theorem of another package promises: its inequalities are checked.
        progress: called every block of steps.

    Raises:
        NumericalFailureError: the loss at the start is not finite.
    """
    reduced = in_span_of_data(problem)
    work = problem.copy() if reduced is None else reduced
    note = (
        "in the network's own coordinates"
        if reduced is None
        else f"in the span of the data ({problem.x.shape[1]} to {work.x.shape[1]} input coordinates): same outputs, "
        "norms and distances"
    )
    start = [p.detach().clone() for p in work.parameters()]
    first_kernel = empirical_ntk(work.network, work.x)
    optimizer = optimizer_for(settings, eta, work)
    trace, finite = _iterate(work, optimizer, start, steps, target, records, progress)
    noise = _round_off(work, trace)
    checks: dict[str, tuple[Array, Array]] = {}
    if certified is not None and profile is not None:
        checks = _inequalities(trace, certified, profile, integrated, noise)
    elif promise is not None:
        checks = _promised(trace, promise, noise)
    checked, violation = tuple(checks), _first(checks)
    drift = (empirical_ntk(work.network, work.x) - first_kernel) if finite else first_kernel * math.nan
    return Run(
        trace,
        _reason(trace, finite, target, violation),
        violation,
        checked,
        noise,
        note,
        float(torch.linalg.matrix_norm(drift, 2) / torch.linalg.matrix_norm(first_kernel, 2)) if finite else math.nan,
    )


def _iterate(
    work: Problem,
    optimizer: torch.optim.Optimizer,
    start: list[torch.Tensor],
    steps: int,
    target: float,
    records: int,
    progress: Progress | None,
) -> tuple[Trace, bool]:
    """Iterate in blocks; the numbers of a block stay on the device until it ends."""
    loss_and_gradient = _loss_and_gradient(work)
    marks = set(np.unique(np.geomspace(1, max(steps, 1), records).astype(int)).tolist()) | {0}
    recorded: list[tuple[int, float, float]] = []
    losses, norms, sizes = [], [], []
    first = math.nan
    done, finite, converged = 0, True, False
    while done < steps and finite and not converged:
        block = []
        for t in range(done, min(done + BLOCK, steps)):
            if t in marks:
                recorded.append((t, *_record(work, start)))
            value = loss_and_gradient()
            optimizer.step()
            block.append(torch.stack([value, optimizer.grad_norm, optimizer.step_size]))  # type: ignore[attr-defined]
        rows = torch.stack(block).double().cpu().numpy()
        done += len(rows)
        losses.append(rows[:, 0])
        norms.append(rows[:, 1])
        sizes.append(rows[:, 2])
        if done == len(rows):
            first = float(rows[0, 0])
            if not math.isfinite(first):
                raise NumericalFailureError("the loss at the start is not finite")
        last = float(rows[-1, 0])
        finite = math.isfinite(last) and last <= 1e6 * first
        converged = bool((rows[:, 0] <= target * first).any())
        if progress is not None:
            progress(done, steps, f"loss {last / first:.1e} of its start" if first > 0 else "zero loss")
    loss, norm, size = (np.concatenate(v) if v else np.empty(0) for v in (losses, norms, sizes))
    with torch.no_grad():
        loss = np.append(loss, float(work.value()))
    if finite:
        recorded.append((done, *_record(work, start)))
    path = np.concatenate([[0.0], np.cumsum(norm * size)])
    columns = np.array(recorded, dtype=float).T
    return Trace(loss, norm, size, path, columns[0].astype(int), columns[1], columns[2]), finite


def _loss_and_gradient(work: Problem) -> Callable[[], torch.Tensor]:
    """What writes the gradient into `grad` and returns the loss: in place for class N, by autograd otherwise."""

    def by_autograd() -> torch.Tensor:
        for p in work.parameters():
            if p.grad is not None:
                p.grad.zero_()
        value = work.value()
        if value.requires_grad:  # not where the network hides every parameter from autograd
            value.backward()  # type: ignore[no-untyped-call]
        for p in work.parameters():
            if p.grad is None:  # the loss does not depend on it
                p.grad = torch.zeros_like(p)
        return value.detach()

    try:
        in_place = LossGradient(work, class_n(work.network))
    except NotAvailableError:
        return by_autograd
    with torch.no_grad():
        expected = work.value()
    # A module may compute something else than its layers say; a loss that is not finite is for the run to refuse.
    same = torch.isclose(in_place(), expected, rtol=torch.finfo(expected.dtype).eps ** 0.5, equal_nan=True)
    return in_place if bool(same) else by_autograd


def _record(work: Problem, start: list[torch.Tensor]) -> tuple[float, float]:
    with torch.no_grad():
        moved = torch.stack([(p - s).norm() for p, s in zip(work.parameters(), start, strict=True)]).norm()
    kernel = empirical_ntk(work.network, work.x)
    if not torch.isfinite(kernel).all():
        return float(moved), math.nan
    return float(moved), work.scale * float(torch.linalg.eigvalsh(kernel)[0])


def _round_off(work: Problem, trace: Trace) -> float:
    """Slack for ||r_t|| in the loss's scale: an output carries an error of a few eps of what it is summed from."""
    eps = torch.finfo(work.x.dtype).eps
    size = math.sqrt(work.y.numel()) + float(work.y.norm()) + math.sqrt(2 * float(trace.loss[0]) / work.scale)
    return 64 * eps * size * math.sqrt(work.scale)


def _inequalities(
    trace: Trace, at: Reach, profile: Profile, integrated: bool, noise: float
) -> dict[str, tuple[Array, Array]]:
    """name -> (left, right) with left <= right promised at each step, round-off already on the right side."""
    loss, h, g = trace.loss, trace.step_size, trace.grad_norm
    residual = np.sqrt(2 * loss)
    before, after = loss[:-1], loss[1:]
    length = h * g
    # |d L| <= ||r|| |d ||r|||: both losses of an inequality carry the slack of their residual.
    slop = noise * (residual[:-1] + residual[1:]) + noise**2
    relative = 1 + 1e-12
    index = np.minimum(np.searchsorted(profile.radii, trace.path[:-1], side="left"), len(profile.radii) - 1)
    sig = profile.sig[index] if integrated else np.full(len(h), math.sqrt(at.mu))
    along = sig**2 if integrated else np.full(len(h), at.mu)
    return {
        "step floor, eta delta <= h_t": (at.eta * at.delta / relative * np.ones_like(h), h),
        "step ceiling, h_t <= eta": (h, at.eta * relative * np.ones_like(h)),
        "PL*, 2 mu_t L_t <= ||grad L_t||^2": (2 * along * before, g**2 * relative + 2 * along * slop),
        "descent, L_{t+1} <= L_t - h_t (1 - beta h_t/2) ||grad L_t||^2": (
            after,
            before - decrease(at.beta, h) * g**2 + slop,
        ),
        "rate, L_{t+1} <= (1 - 2 mu h_t (1 - beta h_t/2)) L_t": (after, contraction(at.mu, at.beta, h) * before + slop),
        "potential, (1 - beta eta/2) sig l_t <= ||r_t|| - ||r_{t+1}||": (
            slack(at.beta, at.eta) * sig * length,
            residual[:-1] - residual[1:] + 2 * noise,
        ),
        "path length within the certified radius": (trace.path[1:], np.full(len(h), at.required * relative)),
    }


def _promised(trace: Trace, at: Promise, noise: float) -> dict[str, tuple[Array, Array]]:
    """The same for what a theorem of another package promises."""
    h, residual, relative = trace.step_size, np.sqrt(2 * trace.loss), 1 + 1e-12
    slop = noise * (residual[:-1] + residual[1:]) + noise**2
    found = {
        "step floor, floor eta <= h_t": (at.eta * at.floor / relative * np.ones_like(h), h),
        "step ceiling, h_t <= eta": (h, at.eta * relative * np.ones_like(h)),
    }
    if at.rate is not None:
        found["rate, L_{t+1} <= q L_t"] = (trace.loss[1:], at.rate * trace.loss[:-1] + slop)
    if at.radius is not None:
        found["path length within the promised radius"] = (trace.path[1:], np.full(len(h), at.radius * relative))
    return found


def _first(checks: dict[str, tuple[Array, Array]]) -> Violation | None:
    found: list[Violation] = []
    for name, (left, right) in checks.items():
        # Not (left <= right), so that a NaN counts as a violation.
        broken = np.flatnonzero(~(left <= right))
        if broken.size:
            t = int(broken[0])
            found.append(Violation(t, name, float(left[t]), float(right[t])))
    return min(found, key=lambda v: v.step, default=None)


def _reason(trace: Trace, finite: bool, target: float, violation: Violation | None) -> Reason:
    if not finite:
        return Reason.DIVERGED
    if violation is not None:
        return Reason.LEFT_BALL if violation.inequality.startswith("path") else Reason.RATE_VIOLATED
    if (trace.loss <= target * trace.loss[0]).any():
        return Reason.CONVERGED
    return Reason.STEP_LIMIT
