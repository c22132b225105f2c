"""What every theorem must do, as tests that a package runs on its own: subclass `TheoremContract` in a test module.

    class TestMine(TheoremContract):
        def candidate(self):
            return MyTheorem()

        def applies(self):
            return Sample("where it holds", problem, settings)

Each method raises `ContractBreach` with what was seen. The theorems of this project run the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..optim import ClippedSettings, DeltaGClipSettings, GClipSettings, GradientDescentSettings, StepSettings
from ..problem.batches import Batches
from ..problem.networks import fully_connected
from ..problem.problem import Problem
from ..theorems.guard import Guarded, guarded
from ..theorems.measured import Measured, measure
from ..theorems.protocol import Question, Theorem, TheoremReport
from ..theory import Bound, Direction, InvalidInputError, PltheoryError
from ..theory.verdict import Comparison, Fact, Verdict
from .evidence import Evidence
from .report import VerifyReport, verify

STEPS = 300
"""Steps for which a promise is tried on each sample."""


class ContractBreach(AssertionError):
    """A theorem does what no theorem may."""


@dataclass(frozen=True)
class Sample:
    """A problem with a step rule.

    Attributes:
        name: a few words, for messages.
        problem: network, data, loss.
        settings: the step rule.
        options: of the theorem.
        checkpoint, batches: as in `Question`.
    """

    name: str
    problem: Problem
    settings: StepSettings
    options: Mapping[str, Any] = field(default_factory=dict)
    checkpoint: str | None = None
    batches: Batches | None = None


class TheoremContract:
    """Tests of one theorem; override `candidate` and `applies`."""

    def candidate(self) -> Theorem | Guarded:
        """The theorem, as it is or behind the guard.

        Raises:
            NotImplementedError: unless overridden.
        """
        raise NotImplementedError("return the theorem to be tested")

    def applies(self) -> Sample | None:
        """A small problem on which the theorem reaches HOLDS; None for one that never can.

        Raises:
            NotImplementedError: unless overridden.
        """
        raise NotImplementedError("return a problem on which the theorem holds")

    def samples(self) -> Iterator[Sample]:
        """Problems on which the theorem may say anything but nothing false; override to leave out what takes long."""
        mine = self.applies()
        if mine is not None:
            yield mine
        yield from samples({} if mine is None else mine.options)

    def test_it_describes_itself(self) -> None:
        """Id, title, citation, hypotheses and conclusion are there, and the id is free."""
        _guarded(self.candidate())

    def test_it_applies_where_its_author_says(self) -> None:
        """A theorem that never reaches HOLDS tests nothing; its run must not contradict it."""
        mine = self.applies()
        if mine is None:
            return
        report = self._verify(mine)
        if report.verdict.rank < Verdict.HOLDS.rank:
            raise ContractBreach(f"{mine.name}: {report.verdict}, {report.main.shortfall}")

    def test_its_verdict_is_its_weakest_row_everywhere(self) -> None:
        """Rows are the hypotheses in their order; a verdict below HOLDS says what is missing."""
        for sample in self.samples():
            report = self._hold(sample)
            if report is None:
                continue
            if [row.hypothesis for row in report.rows] != [h.name for h in report.theorem.hypotheses]:
                raise ContractBreach(f"{sample.name}: rows {[row.hypothesis for row in report.rows]}")
            lowest = min(row.verdict.rank for row in report.rows)
            if report.verdict.rank != lowest:
                raise ContractBreach(f"{sample.name}: {report.verdict} is not the weakest row")
            if lowest < Verdict.HOLDS.rank and not report.shortfall:
                raise ContractBreach(f"{sample.name}: {report.verdict} without a shortfall")

    def test_it_reads_and_never_writes(self) -> None:
        """Network, data, torch's generator and default dtype are as they were."""
        for sample in self.samples():
            before = [t.detach().clone() for t in sample.problem.tensors()]
            generator, dtype = torch.random.get_rng_state(), torch.get_default_dtype()
            self._hold(sample)
            same = all(torch.equal(a, b) for a, b in zip(before, sample.problem.tensors(), strict=True))
            if not (
                same and torch.equal(generator, torch.random.get_rng_state()) and dtype is torch.get_default_dtype()
            ):
                raise ContractBreach(f"{sample.name}: changed the problem or torch's global state")

    def test_the_same_question_has_the_same_answer(self) -> None:
        """Nothing is drawn from a global generator, nothing is remembered."""
        for sample in self.samples():
            at = measure(sample.problem)
            first, second = self._hold(sample, at), self._hold(sample, at)
            if not _alike(first, second):
                raise ContractBreach(f"{sample.name}: {_said(first)} and then {_said(second)}")

    def test_numbers_without_direction_or_value_prove_nothing(self) -> None:
        """A verdict that rests on what was measured falls when that becomes NaN, or an estimate."""
        mine = self.applies()
        if mine is None:
            return
        at = measure(mine.problem)
        clean = self._hold(mine, at)
        for what, poisoned in (("NaN", _not_numbers(at)), ("estimates", _estimates(at))):
            report = self._hold(mine, poisoned)
            if report is not None and report.verdict.rank >= Verdict.HOLDS.rank and not _alike(report, clean):
                raise ContractBreach(f"{mine.name}, measured numbers replaced by {what}: {_said(report)}")

    def test_a_promise_is_kept_by_the_run(self) -> None:
        """Wherever it holds and promises, every step of a run obeys."""
        for sample in self.samples():
            if self._holds(sample):
                self._verify(sample)

    def test_sum_and_mean_are_one_problem_in_two_units(self) -> None:
        """For c L, with eta / c and c gamma, verdict, rate and radius stay."""
        mine = self.applies()
        if mine is None:
            return
        other = _in_other_units(mine)
        if other is None:
            return
        one, two = self._hold(mine), self._hold(other)
        if one is None or two is None or one.verdict is not two.verdict:
            raise ContractBreach(f"{mine.problem.loss}: {_said(one)}; {other.problem.loss}: {_said(two)}")
        for name, a, b in zip(("1 - q", "radius"), _promised(one), _promised(two), strict=True):
            if (a is None) != (b is None) or (a is not None and b is not None and not math.isclose(a, b, rel_tol=1e-5)):
                raise ContractBreach(f"{name}: {a} for {mine.problem.loss}, {b} for {other.problem.loss}")

    def test_its_report_can_be_stored(self) -> None:
        """The report is JSON, on every sample."""
        for sample in self.samples():
            try:
                verify(
                    sample.problem, sample.settings, theorem=_guarded(self.candidate()), steps=0,
                    options=sample.options, checkpoint=sample.checkpoint, batches=sample.batches, level=Verdict.HOLDS,
                ).to_json()  # fmt: skip
            except InvalidInputError:
                continue

    def _hold(self, sample: Sample, at: Measured | None = None) -> TheoremReport | None:
        """The theorem's answer, None where it refuses the question in words."""
        question = Question(
            measure(sample.problem) if at is None else at, sample.settings, rigorous=False,
            options=sample.options, checkpoint=sample.checkpoint, batches=sample.batches, steps=STEPS,
        )  # fmt: skip
        refuses: tuple[type[Exception], ...] = (InvalidInputError,) if at is None else (PltheoryError,)
        if question.at.profile is None and sample.settings.multiple is not None:
            return None  # `verify` refuses this before a theorem is asked
        try:
            return _guarded(self.candidate()).answer(question)
        except refuses:
            return None

    def _holds(self, sample: Sample) -> bool:
        report = self._hold(sample)
        return report is not None and report.verdict.rank >= Verdict.HOLDS.rank

    def _verify(self, sample: Sample) -> VerifyReport:
        report = verify(
            sample.problem, sample.settings, theorem=_guarded(self.candidate()), steps=STEPS,
            options=sample.options, checkpoint=sample.checkpoint, batches=sample.batches, level=Verdict.HOLDS,
        )  # fmt: skip
        if report.evidence is Evidence.CONTRADICTS:
            broken = report.run.violation if report.run is not None else None
            raise ContractBreach(f"{sample.name}: {report.verdict}, and the run contradicts: {broken}")
        return report


def samples(options: Mapping[str, Any] | None = None) -> Iterator[Sample]:
    """Small problems of every kind that a theorem meets: near and far starts, long steps, other networks."""
    options = options or {}
    near = near_solution(8, 1e-4)
    curvature = float(measure(near).curvature.value)
    rules = (
        DeltaGClipSettings(eta="0.5/beta", gamma=0.5, delta=0.2),
        GClipSettings(eta="0.5/beta", gamma=0.1),
        GradientDescentSettings(eta="0.5/beta"),
    )
    for rule in rules:
        yield Sample(f"near a solution, {rule.name}", near, rule, options)
        yield Sample(f"far from one, {rule.name}", near_solution(8, 5.0), rule, options)
    for factor in (1.05, 30.0):
        long = GradientDescentSettings(eta=factor * 2 / curvature)
        yield Sample(f"a step of {factor} times 2 / curvature", near, long, options)
    yield Sample("no loss at the start", near_solution(8, 0.0), rules[2], options)
    yield Sample("three outputs, two hidden layers", near_solution(6, 1e-5, hidden=2, outputs=3), rules[0], options)
    number = GradientDescentSettings(eta=0.01)
    yield Sample("relu", near_solution(30, 1e-3, activation="relu"), number, options)
    yield Sample("a residual network", _with_skip(), number, options)


def near_solution(
    width: int, distance: float, *, hidden: int = 1, outputs: int = 1, activation: str = "tanh", n: int = 3
) -> Problem:
    """A fully connected network on drawn data with ||r_0|| equal to `distance`."""
    x, away = _draws((n, 4), (n, outputs))
    net = fully_connected([4, *[width] * hidden, outputs], activation=activation, bias=True, seed=0)
    with torch.no_grad():
        y = net(x) + distance * away / away.norm()
    return Problem(net, x, y)


def _draws(*shapes: tuple[int, ...]) -> list[Tensor]:
    gen = torch.Generator().manual_seed(5)
    return [torch.randn(*shape, generator=gen, dtype=torch.float64) for shape in shapes]


class _Skip(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        first, second = _draws((4, 4), (1, 4))
        self.first, self.second = nn.Parameter(first), nn.Parameter(second)

    def forward(self, x: Tensor) -> Tensor:
        return (x + torch.tanh(x @ self.first.T)) @ self.second.T


def _with_skip() -> Problem:
    x, y = _draws((3, 4), (3, 1))
    return Problem(_Skip(), x, y)


def _guarded(candidate: Theorem | Guarded) -> Guarded:
    return candidate if isinstance(candidate, Guarded) else guarded(candidate, type(candidate).__name__)


def _said(report: TheoremReport | None) -> str:
    if report is None:
        return "refused"
    return f"{report.verdict}: {[(row.verdict.value, str(row.says), row.margin) for row in report.rows]}"


def _alike(a: TheoremReport | None, b: TheoremReport | None) -> bool:
    """The same answer but for the last bits of its numbers: a sum need not be rounded the same way twice."""
    if a is None or b is None:
        return a is b
    return a.verdict is b.verdict and all(
        one.verdict is two.verdict and _same(one.says, two.says) for one, two in zip(a.rows, b.rows, strict=True)
    )


def _same(one: Comparison | Fact | None, two: Comparison | Fact | None) -> bool:
    if not (isinstance(one, Comparison) and isinstance(two, Comparison)):
        return one == two
    return one.relation == two.relation and all(
        x.kind is y.kind and x.rounded == y.rounded and math.isclose(x.value, y.value, rel_tol=1e-9)
        for x, y in ((one.measured, two.measured), (one.needed, two.needed))
    )


def _promised(report: TheoremReport) -> tuple[float | None, float | None]:
    """1 - q and the radius, None where nothing is promised."""
    if report.promise is not None:
        return None if report.promise.rate is None else 1 - report.promise.rate, report.promise.radius
    if report.ball_constants is not None and report.ball_constants.rate is not None:
        return 1 - report.ball_constants.rate, report.ball_constants.required
    return None, None


def _not_numbers(at: Measured) -> Measured:
    def lost(b: Bound) -> Bound:
        return replace(b, value=math.nan)

    p = at.profile
    if p is not None:
        arrays = {name: getattr(p, name) * math.nan for name in ("sig", "lipschitz", "ell", "integral")}
        p = replace(p, **arrays, residual=math.nan, lambda_0=lost(p.lambda_0))
    return replace(
        at, lambda_min=lost(at.lambda_min), lambda_max=lost(at.lambda_max), curvature=lost(at.curvature), profile=p
    )


def _estimates(at: Measured) -> Measured:
    def loose(b: Bound) -> Bound:
        return replace(b, kind=Direction.ESTIMATE)

    return replace(at, lambda_min=loose(at.lambda_min), lambda_max=loose(at.lambda_max), curvature=loose(at.curvature))


def _in_other_units(sample: Sample) -> Sample | None:
    """None where it is not known how the step rule changes with the unit of the loss."""
    p, s = sample.problem, sample.settings
    if not isinstance(s, ClippedSettings):
        return None
    other = Problem(p.network, p.x, p.y, p.objective.other())
    c = float(other.objective.share(*p.y.shape) / p.objective.share(*p.y.shape))
    return replace(sample, problem=other, settings=s.for_loss(c))
