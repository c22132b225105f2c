"""Run the optimizer, keep the trace, and hold every step against what the theorem promises."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import torch

from ..certification.profile import Profile
from ..measure.ntk import empirical_ntk
from ..optim import StepSettings
from ..optim.guard import optimizer_of, step
from ..problem.batches import Batches
from ..problem.problem import Problem, in_span_of_data
from ..theory import NumericalFailureError
from . import decay
from .averaging import Averaging, require_no_memory
from .batch import FullBatch, MiniBatches
from .inequalities import Check, Inequality, Violation, first_violation, tells, tightest
from .momentum import Measure
from .observed import Seen, Watch, of_run
from .pieces import Pieces
from .promise import Promise
from .rounding import Rounding
from .trace import Array, At, Trace, columns

BLOCK = 50
"""Steps between two readings of the device: on an accelerator nothing is read back in between."""

Progress = Callable[[int, int, str], None]
"""Called as a long step goes on, with how much of it is behind, the total, and a note."""


class Reason(StrEnum):
    """Why a run ended."""

    CONVERGED = "converged"
    LEVEL = "level_reached"
    LEFT_BALL = "left_ball"
    RATE_VIOLATED = "rate_violated"
    DIVERGED = "diverged"
    STEP_LIMIT = "step_limit"
    NOT_THE_RULE = "not_the_rule"


@dataclass(frozen=True)
class Run:
    """A run and its comparison with a theorem.

    Attributes:
        trace: the numbers.
        reason: why it ended.
        violation: the first inequality that failed, or None.
        checked: names of the inequalities checked at every step.
        round_off: the largest slack granted to ||r_t||, stated so that nothing is hidden in a tolerance.
        note: how the run was carried out.
        kernel_drift: ||K(w_T) - K(w_0)|| / ||K(w_0)||, spectral.
        checks: the same inequalities, each at the step where it has least room, with what rounding is granted there.
        floor: the loss that cannot be told from zero in the run's arithmetic, at the start.
        rounding: where the numbers granted come from, a bound or an estimate.
        untold: why the checks could not have told the promise from a run that does not move, where they could not:
            rounding may hide it, and at a start at the floor there is nothing left to tell.
        own: what any run of the step rule obeys, whatever was promised: the optimizer's report against measured
            weights and gradients, each at the step where it has least room.
        arguments: of functions with kinks, over all samples; 0 of a network without any.
    """

    trace: Trace
    reason: Reason
    violation: Violation | None
    checked: tuple[str, ...]
    round_off: float
    note: str
    kernel_drift: float
    checks: tuple[Check, ...] = ()
    floor: float = 0.0
    rounding: str = ""
    untold: str = ""
    own: tuple[Check, ...] = ()
    arguments: int = 0

    def __repr__(self) -> str:
        failed = "" if self.violation is None else f", {self.violation.inequality} fails at step {self.violation.step}"
        return f"Run({self.reason.value}, {len(self.checked)} inequalities checked{failed}; {self.trace!r})"


def optimizer_for(settings: StepSettings, eta: float, problem: Problem) -> torch.optim.Optimizer:
    """The torch optimizer of a step rule."""
    return optimizer_of(settings, list(problem.parameters()), eta)


def run(
    problem: Problem,
    settings: StepSettings,
    eta: float,
    *,
    batches: Batches | None = None,
    steps: int,
    target: float = 1e-12,
    records: int = 40,
    profile: Profile | None = None,
    promise: Promise | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run the optimizer from the problem's weights, which are left as they are.

    Args:
        problem: network, data, loss.
        settings: the step rule; `eta` is its step size as a number.
        batches: what each step sees; None for all samples. The loss is that over all samples in any case. Workers are
            run one after another, and the path is that of all of them together.
        steps: step limit.
        target: the run has converged when L_t <= target * L_0, or when L_t is at the floor of rounding: below that no
            loss can be told from zero.
        records: about how many iterates get distance and lambda_min measured, spaced logarithmically.
        profile: bounds around w_0, from which round-off is bounded.
        promise: what a theorem that holds promises: its inequalities are checked; at its level the run ends.
        progress: called every block of steps.

    Raises:
        InvalidInputError: workers, and steps that depend on more than the weights.
        NumericalFailureError: the loss at the start is not finite.
    """
    require_no_memory(settings, batches)
    # Weight decay moves what is outside of the span as well, and its norm may count in the clip.
    reduced = None if settings.recursion.weight_decay > 0 else in_span_of_data(problem)
    work = problem.copy() if reduced is None else reduced
    note = (
        "in the network's own coordinates"
        if reduced is None
        else f"in the span of the data ({problem.x.shape[1]} to {work.x.shape[1]} input coordinates): same outputs, "
        "norms and distances"
    )
    start = [p.detach().clone() for p in work.parameters()]
    first_kernel = empirical_ntk(work.network, work.x)
    batch = FullBatch(work) if batches is None else MiniBatches(work, batches)
    with torch.no_grad():
        if not math.isfinite(float(work.value())):
            raise NumericalFailureError("the loss at the start is not finite")
    rounding = Rounding(problem, work, batch.in_place, first_kernel, profile, batches)
    floor = rounding.along(0.0).floor
    optimizer = optimizer_for(settings, eta, work)
    averaging = Averaging(list(work.parameters()), batches, len(work.x))
    record = _Record(work, start, kinked=profile is not None and profile.bounds.kinked)
    level = 0.0 if promise is None else promise.level
    trace, seen, finite = _iterate(
        work, batch, averaging, settings, eta, optimizer, record, steps, target, max(floor, level), records, progress
    )
    if batches is not None and batches.order != "random" and batches.until is None:
        trace = replace(trace, epoch=np.arange(len(trace.step_size)) // batches.count(len(work.x)))
    # A run that leaves the ball of the promise must not be granted more for it, where the promise ends no sooner.
    taken = len(trace.step_size)
    until = taken if promise is None or promise.until is None else min(promise.until, taken)
    granted = rounding.along(min(float(trace.path[until]), 1.25 * _promised_radius(promise)), until)
    inequalities = [] if promise is None else promise.inequalities(trace, settings, granted)
    whole = granted if until == taken else rounding.along(float(trace.path[-1]), taken)
    own = of_run(trace, seen, settings, eta, whole)
    violation = first_violation([*own, *inequalities])
    drift = (empirical_ntk(work.network, work.x) - first_kernel) if finite else first_kernel * math.nan
    return Run(
        trace=trace,
        reason=_reason(trace, finite, target, floor, level, violation, {i.name for i in own}),
        violation=violation,
        checked=tuple(i.name for i in inequalities),
        round_off=float(granted.residual(np.sqrt(2 * trace.loss)).max()),
        note=note + _at_floor(trace, target, floor),
        kernel_drift=float(torch.linalg.matrix_norm(drift, 2) / torch.linalg.matrix_norm(first_kernel, 2))
        if finite
        else math.nan,
        checks=tuple(tightest(i) for i in inequalities),
        floor=floor,
        rounding=granted.how,
        untold=_untold(trace, floor, inequalities),
        own=tuple(tightest(i) for i in own),
        arguments=record.arguments,
    )


def _promised_radius(promise: Promise | None) -> float:
    """How far the run may go by what is promised from its start on."""
    if promise is None or promise.radius is None or promise.since > 0:
        return math.inf
    return promise.radius


def _untold(trace: Trace, floor: float, inequalities: list[Inequality]) -> str:
    """Why a run that stands still would have passed as well; empty where it would not."""
    if trace.loss[0] <= floor:
        return (
            f"the loss at the start, {trace.loss[0]:.2g}, is at the floor of rounding, {floor:.2g}: it has converged, "
            "and nothing of the promise was left to check"
        )
    if not tells(inequalities, trace):
        if not tells([replace(i, granted=np.zeros_like(i.granted)) for i in inequalities], trace):
            return (
                f"for {len(trace.step_size)} steps what is promised stays above the loss at the start: a run that "
                "stands still would keep it as well, a longer one would tell"
            )
        return (
            "rounding hides what is promised: at every step the rate is granted more than a run that stands still needs"
        )
    return ""


def _at_floor(trace: Trace, target: float, floor: float) -> str:
    """What to say of a run that ended as it did for no loss below the floor can be told from zero."""
    if trace.loss[0] <= floor:
        return f"; the loss at the start is at the floor of rounding, {floor:.2g}"
    if target * trace.loss[0] < floor and (trace.loss <= floor).any():
        return f"; the loss is at the floor of rounding, {floor:.2g}"
    return ""


def _iterate(
    work: Problem,
    batch: FullBatch | MiniBatches,
    averaging: Averaging,
    settings: StepSettings,
    eta: float,
    optimizer: torch.optim.Optimizer,
    record: _Record,
    steps: int,
    target: float,
    floor: float,
    records: int,
    progress: Progress | None,
) -> tuple[Trace, Seen, bool]:
    """Iterate in blocks; the numbers of a block stay on the device until it ends."""
    whole, seen_loss = (batch.whole, batch.value) if isinstance(batch, MiniBatches) else (None, work.value)
    plan, rates = settings.recursion, eta * settings.recursion.schedule.factors(steps)
    watch = Watch(work, seen_loss, plan, optimizer)
    buffered = Measure(work, plan, optimizer, eta) if plan.momentum > 0 else None
    decayed = decay.Measure(work, plan) if plan.weight_decay > 0 else None
    marks = set(np.unique(np.geomspace(1, max(steps, 1), records).astype(int)).tolist()) | {0}
    looked_at = set(sorted(marks)[::3])  # a second gradient there costs as much as a few steps
    recorded: list[dict[str, float]] = []
    taken: list[str] = []
    blocks: list[Array] = []
    first = math.nan
    done, finite, converged = 0, True, False
    while done < steps and finite and not converged:
        block = []
        for t in range(done, min(done + BLOCK, steps)):
            if averaging.before(t):
                watch.moved()
            if t in marks:
                recorded.append({"recorded": t, **record()})
            if t in looked_at:
                watch.record(t)
            now = {"loss": batch()} if whole is None else {"loss": whole(), "batch_loss": batch()}
            if not plan.schedule.constant:
                for group in optimizer.param_groups:
                    group["lr"] = float(rates[t])
            now |= {} if buffered is None else buffered.before()
            now |= {} if decayed is None else decayed.before()
            watch.before(float(rates[t]))
            now["grad_norm"], now["step_size"] = step(settings, optimizer)
            watch.after(now["step_size"])
            now |= {} if buffered is None else buffered.after()
            now |= {} if decayed is None else decayed.after(now["grad_norm"])
            taken = taken or list(now)
            block.append(torch.stack([now[name] for name in taken]))
        rows = torch.stack(block).double().cpu().numpy()
        done += len(rows)
        blocks.append(rows)
        loss = rows[:, taken.index("loss")]
        watch.block(rows[:, taken.index("step_size")])
        if done == len(rows):
            first = float(loss[0])
        last = float(loss[-1])
        finite = math.isfinite(last) and last <= 1e6 * max(first, floor)
        converged = bool((loss <= max(target * first, floor)).any())
        if progress is not None:
            said = f"loss {last / first:.1e} of its start" if first > 0 else "zero loss"
            progress(done, steps, f"running, {said}")
    taken = taken or ["loss", "grad_norm", "step_size"]
    found = dict(zip(taken, np.concatenate(blocks or [np.empty((0, len(taken)))]).T.copy(), strict=True))
    averaging.before(done)
    with torch.no_grad():
        found["loss"] = np.append(found["loss"], float(work.value()))
    if finite:
        recorded.append({"recorded": done, **record()})
    lengths = found["moved"] if "moved" in found else found["grad_norm"] * found["step_size"]
    found["path"] = np.concatenate([[0.0], np.cumsum(lengths)])
    found["recorded"] = np.array([at["recorded"] for at in recorded], dtype=int)
    found |= {name: np.array([at[name] for at in recorded if name in at]) for name in columns(At.RECORDED)}
    return Trace(**found), watch.seen(), finite


class _Record:
    """What is measured at the recorded iterates.

    Args:
        work: the problem that runs.
        start: its parameters at the start.
        kinked: whether to compare the pieces of its network as well.
    """

    def __init__(self, work: Problem, start: list[torch.Tensor], *, kinked: bool) -> None:
        self.work, self.start = work, start
        self.pieces = Pieces(work) if kinked else None
        self.before = None if self.pieces is None else self.pieces.now()

    @property
    def arguments(self) -> int:
        """How many arguments have a piece."""
        return 0 if self.before is None else len(self.before)

    def __call__(self) -> dict[str, float]:
        """The recorded columns at the current weights."""
        with torch.no_grad():
            pairs = zip(self.work.parameters(), self.start, strict=True)
            apart = [torch.linalg.vector_norm(p - s, dtype=torch.float64) for p, s in pairs]
            moved = float(torch.stack(apart).norm())
        try:
            kernel = empirical_ntk(self.work.network, self.work.x)
            smallest = self.work.unit * float(torch.linalg.eigvalsh(kernel)[0])
        except NumericalFailureError:  # a run that diverges ends so, and is told so
            smallest = math.nan
        found = {"distance": moved, "lambda_min": smallest}
        if self.pieces is not None and self.before is not None:
            now = self.pieces.now()
            found["pieces"] = float((now != self.before).sum())
            self.before = now
        return found


def _reason(
    trace: Trace,
    finite: bool,
    target: float,
    floor: float,
    level: float,
    violation: Violation | None,
    own: set[str],
) -> Reason:
    if not finite:
        return Reason.DIVERGED
    if violation is not None and violation.inequality in own:
        return Reason.NOT_THE_RULE
    if violation is not None:
        return Reason.LEFT_BALL if violation.inequality.startswith(("path", "distance")) else Reason.RATE_VIOLATED
    if (trace.loss <= max(target * trace.loss[0], floor)).any():
        return Reason.CONVERGED
    return Reason.LEVEL if (trace.loss <= level).any() else Reason.STEP_LIMIT
