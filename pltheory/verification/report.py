"""Check a theorem on a problem, run the optimizer beside it, and keep both in one report."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..optim import StepSettings, origin, require_rule
from ..optim.guard import uniform_floor
from ..problem.batches import Batches
from ..problem.loss import Loss
from ..problem.problem import Problem
from ..problem.snapshot import snapshot
from ..problem.surroundings import undisturbed
from ..runs.averaging import require_no_memory
from ..runs.loop import Progress, Reason, Run, run
from ..theorems.guard import Guarded, theorem_of
from ..theorems.ladder import ALL, BEST, LADDER, OF_BATCHES, WEAKEST_DEMAND, WORK, by_cost
from ..theorems.measured import Measured, measure
from ..theorems.protocol import STEPS, Question, TheoremReport
from ..theory import Bound, InvalidInputError
from ..theory.verdict import Comparison, Fact, Row, Verdict, strongest
from . import display
from .evidence import Evidence
from .lost import graph_of

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

SCHEMA = "pltheory-report/2"
SCHEMAS = ("pltheory-report/1", SCHEMA)
"""Those that this version reads; in the first, a hypothesis was texts."""


@dataclass(frozen=True)
class VerifyReport:
    """The answer to "does the theorem apply here, and does the run agree".

    Attributes:
        measured: kernel, spectrum and profile at w_0, of copies of a network of class N or G and its data.
        settings: the step rule.
        ladder: one report per theorem asked for.
        main: the report whose ball and step size the run uses.
        run: the run, or None for a check without one.
        asked: the theorem asked for, "best" or "all".
        closing_width: a width at which the main theorem was seen to hold for the same seed, if one was looked for.
        batches: what each step sees; None for all samples.
    """

    measured: Measured
    settings: StepSettings
    ladder: list[TheoremReport]
    main: TheoremReport
    run: Run | None
    asked: str = BEST
    closing_width: int | None = None
    batches: Batches | None = None

    @property
    def verdict(self) -> Verdict:
        """Of the theorem asked for; of several, the strongest, since one that applies is enough."""
        return strongest(r.verdict for r in self.ladder)

    @property
    def hypotheses(self) -> list[Row]:
        """The rows of the main theorem."""
        return self.main.rows

    @property
    def trace(self) -> Any:
        """The run's trace, or None."""
        return None if self.run is None else self.run.trace

    @property
    def evidence(self) -> Evidence:
        """What the run says; empirical only where `untold` says why."""
        if self.run is None:
            return Evidence.NOT_RUN
        if self.untold:
            return Evidence.EMPIRICAL
        agrees = self.run.violation is None and self.run.reason in (Reason.CONVERGED, Reason.LEVEL, Reason.STEP_LIMIT)
        return Evidence.AGREES if agrees else Evidence.CONTRADICTS

    @property
    def untold(self) -> str:
        """Why the run neither agrees nor contradicts, in a clause; empty where it does, or there is none."""
        if self.run is None:
            return ""
        if self.main.verdict.rank < Verdict.HOLDS.rank:
            return "no theorem that was asked for holds here, so that nothing is promised"
        if self.run.violation is not None:
            return ""
        if not self.run.checked:
            since = 0 if self.main.promise is None else self.main.promise.since
            early = f"what is promised begins at step {since}, and the run ended after {len(self.run.trace.step_size)}"
            return early if since else "the theorem promises nothing of a single run"
        return self.run.untold

    def to_dict(self) -> dict[str, Any]:
        """The report under the schema `SCHEMA`: every number with its direction or its theorem, no arrays.

        `graph` is the network as a graph with each node's share of the bounds, `pltheory.verification.lost.graph_of`;
        null for a network that was not read as one, absent in the folders of earlier versions.
        """
        m = self.measured
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "evidence": self.evidence,
            "evidence_untold": self.untold or None,
            "data": m.problem.data or None,
            "loss_scale": m.problem.loss,
            "loss": m.problem.objective.words,
            "optimizer": _optimizer(self.settings),
            "batches": None if self.batches is None else asdict(self.batches),
            "measured": {
                "lambda_min": _bound(m.lambda_min),
                "lambda_max": _bound(m.lambda_max),
                "curvature_at_start": _bound(m.curvature),
                "residual": None if m.profile is None or not m.problem.square else m.profile.residual,
                "profile_unavailable": m.unavailable,
            },
            "asked": self.asked,
            "main_theorem": self.main.theorem.id,
            "theorems": [_theorem(r) for r in self.ladder],
            "closing_width": self.closing_width,
            "graph": graph_of(m, self.settings, self.main.ball_constants),
            "run": None if self.run is None else _run(self.run),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON text; infinities and NaN become null."""
        return json.dumps(_finite(self.to_dict()), indent=2, ensure_ascii=False)

    def to_frame(self) -> pd.DataFrame:
        """A row per hypothesis of every theorem: both sides with their directions, margin, verdict."""
        return display.as_frame(self.ladder)

    def __repr__(self) -> str:
        return f"VerifyReport({display.line(self.verdict, self.main, self.evidence, self.run)})"

    def _repr_html_(self) -> str:
        """What a notebook shows: verdict, hypotheses, run; `run_figure` draws the run."""
        return display.as_html(self.verdict, self.ladder, self.main, self.evidence, self.run)


@undisturbed
def verify(
    problem: Problem,
    settings: StepSettings,
    *,
    theorem: str | Guarded = BEST,
    batches: Batches | None = None,
    steps: int = 2000,
    target: float = 1e-12,
    checkpoint: str | None = None,
    level: Verdict = Verdict.CERTIFIED,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> VerifyReport:
    """Check a theorem's hypotheses on a problem and, unless steps is 0, run the optimizer against its promises.

    Args:
        problem: network, data, loss.
        settings: step rule; eta may be "c/beta".
        theorem: "best" for the strongest that reaches the level, tried in order of cost until one does; an id of
            `pltheory.theorems.ladder.LADDER`, "all" for the ladder, the id of an installed theorem, or one made by
            `pltheory.theorems.guard.guarded`. Of several, those that speak of these batches and the loss.
        batches: what each step sees; None for all samples.
        steps: step limit of the run; 0 checks only.
        target: the run has converged when L_t <= target * L_0.
        checkpoint: name of the file that the weights came from, needed by Theorem C.
        level: CERTIFIED proves what holds, round-off included; HOLDS leaves that out.
        options: settings of an installed theorem, or of a built-in one that has some.
        progress: called as (done, total, note).

    Raises:
        ExtensionError: an installed theorem failed, or said what cannot be believed.
        InvalidInputError: an argument out of its range; unknown theorem or option; eta is a multiple of 1/beta where no
            beta can be bounded; or the network or the data changed meanwhile.
        NotAvailableError: the network's outputs or gradients are not those of its layers, or it cannot be measured.
        NumericalFailureError: a measured number or the starting loss is not finite.
    """
    _require_arguments(problem, steps, target, level)
    require_rule(settings)
    if batches is not None:
        batches.require_fits(len(problem.x))
        require_no_memory(settings, batches)
    asked_for = _theorems(theorem, settings, checkpoint, batches, problem.objective)
    asked = theorem if isinstance(theorem, str) else theorem.theorem.id
    if options and asked_for[0].origin is None and not (len(asked_for) == 1 and asked_for[0].theorem.options):
        raise InvalidInputError(f"theorem.options = {dict(options)}: theorem {asked!r} has none")
    # What follows computes from copies of a network of class N or G and its data.
    taken = snapshot(problem)
    problem = taken.problem
    with taken.naming_the_part():
        measured = measure(problem)
    if measured.profile is None and settings.multiple is not None:
        raise InvalidInputError(
            f"optimizer.eta = {settings.eta!r}: beta has no bound here ({measured.unavailable}); give eta as a number"
        )
    question = Question(
        measured,
        settings,
        rigorous=level is Verdict.CERTIFIED,
        checkpoint=checkpoint,
        work=WORK.get(asked, math.inf),
        steps=max(steps, STEPS),
        options=options or {},
        progress=progress,
        batches=batches,
    )
    silent = asked_for[0].theorem.outside(batches, problem.objective)
    if silent and settings.multiple is not None and not problem.square:
        raise InvalidInputError(f"optimizer.eta = {settings.eta!r}: no beta is known, {silent}; give eta as a number")
    ladder = _best(asked_for, question, level) if asked == BEST else [t.answer(question) for t in asked_for]
    main = _main(ladder)
    if steps == 0:
        taken.require_unchanged()
        return VerifyReport(measured, settings, ladder, main, None, asked, batches=batches)
    with taken.naming_the_part():
        result = run(
            problem,
            settings,
            _step_of_run(measured, settings, main),
            batches=batches,
            steps=steps,
            target=target,
            profile=measured.profile,
            promise=main.promise,
            progress=progress,
        )
    taken.require_unchanged()
    return VerifyReport(measured, settings, ladder, main, result, asked, batches=batches)


def _require_arguments(problem: object, steps: object, target: object, level: object) -> None:
    if not isinstance(problem, Problem):
        raise InvalidInputError(f"problem is of type {type(problem).__name__}; needed is a pltheory.Problem")
    if type(steps) is not int or steps < 0:
        raise InvalidInputError(f"steps = {steps!r}: allowed are whole numbers from 0 on")
    if not (isinstance(target, int | float) and 0 < target < 1):
        raise InvalidInputError(f"target = {target!r}: must lie in (0, 1)")
    if level not in (Verdict.CERTIFIED, Verdict.HOLDS) or not isinstance(level, Verdict):
        raise InvalidInputError(f"level = {level!r}: allowed are Verdict.CERTIFIED and Verdict.HOLDS")


def _theorems(
    theorem: str | Guarded, settings: StepSettings, checkpoint: str | None, batches: Batches | None, loss: Loss
) -> list[Guarded]:
    """The theorems to be held; what others install is asked for by name."""
    if isinstance(theorem, Guarded):
        return [theorem]
    if theorem not in (ALL, BEST):
        return [theorem_of(theorem)]
    of_all_samples = LADDER if theorem == ALL else by_cost(settings, checkpoint=checkpoint is not None, loss=loss)
    several = (*of_all_samples, *OF_BATCHES)
    # Where none speaks of the batches, the loss and the steps, one says so.
    speaking = [t for t in several if not t.outside(batches, loss) and not t.uncovered(settings)] or [WEAKEST_DEMAND]
    return [theorem_of(t.id) for t in speaking]


def _best(theorems: list[Guarded], question: Question, level: Verdict) -> list[TheoremReport]:
    """The theorems one by one, until one reaches the level or what all of them need is known to be missing."""
    ladder: list[TheoremReport] = []
    for theorem in theorems:
        ladder.append(theorem.answer(question))
        outside = question.at.profile is None or question.at.singular is not None
        if outside or ladder[-1].verdict.rank >= level.rank:
            break
    return ladder


def _main(ladder: list[TheoremReport]) -> TheoremReport:
    """Of several theorems, the one with the weakest demand if none is stronger."""
    best = strongest(r.verdict for r in ladder)
    reached = [r for r in ladder if r.verdict is best]
    return next((r for r in reached if r.theorem is WEAKEST_DEMAND), reached[0])


def _step_of_run(measured: Measured, settings: StepSettings, main: TheoremReport) -> float:
    if main.eta is not None:
        return main.eta
    if settings.multiple is None:
        return float(settings.eta)
    # A theorem without a ball of its own leaves eta to the ball of the weakest demand.
    assert measured.profile is not None
    return WEAKEST_DEMAND.search_radius(measured.profile, settings).eta


def _optimizer(settings: StepSettings) -> dict[str, Any]:
    whose = origin(settings)
    own = {key: value for key, value in asdict(settings).items() if key not in settings.options}
    found = {"name": settings.name, **own, **settings.recursion.section()}
    return found if whose is None else {**found, "floor": uniform_floor(settings), "origin": whose}


def _bound(b: Bound) -> dict[str, Any]:
    return {"value": b.value, "kind": b.kind, "method": b.method, "round_off_counted": b.rounded}


def _row(row: Row) -> dict[str, Any]:
    """A row by its kind: a comparison of two bounds, a fact, or neither."""
    said: dict[str, Any] = {"name": row.hypothesis, "verdict": row.verdict, "margin": row.margin, "how": row.how}
    if isinstance(row.says, Comparison):
        c = row.says
        said |= {"symbol": c.symbol, "measured": _bound(c.measured), "relation": c.relation, "needed": _bound(c.needed)}
    elif isinstance(row.says, Fact):
        said |= {"found": row.says.found, "asked": row.says.needed}
    return said


def _theorem(r: TheoremReport) -> dict[str, Any]:
    return {
        "id": r.theorem.id,
        "title": r.theorem.title,
        "citation": r.theorem.citation,
        "verdict": r.verdict,
        "hypotheses": [_row(row) for row in r.rows],
        "reach": None if r.ball_constants is None else asdict(r.ball_constants),
        "shortfall": r.shortfall,
        "conclusion": r.concluded or r.theorem.conclusion,
        "consequences": [_row(row) for row in r.consequences],
        "promise": None if r.promise is None else r.promise.numbers(),
        "origin": r.origin,
        "certificate": None if r.certificate is None else [asdict(i) for i in r.certificate.inequalities],
    }


def _run(r: Run) -> dict[str, Any]:
    loss = r.trace.loss
    return {
        "reason": r.reason,
        "steps": len(r.trace.step_size),
        "loss_start": float(loss[0]),
        "loss_end": float(loss[-1]),
        "path_length": float(r.trace.path[-1]),
        "distance": float(r.trace.distance[-1]),
        "kernel_drift": r.kernel_drift,
        "pieces": _pieces(r),
        "checked_every_step": list(r.checked),
        "round_off_granted_to_residual": r.round_off,
        "rounding": {"how": r.rounding, "loss_floor": r.floor, "granted": [asdict(c) for c in r.checks]},
        "reported_against_measured": [asdict(c) for c in r.own],
        "first_violation": None if r.violation is None else asdict(r.violation),
        "note": r.note,
    }


def _pieces(r: Run) -> dict[str, int] | None:
    """Changes of side, of a network with kinks: as seen from one recorded iterate to the next."""
    if not r.arguments:
        return None
    seen = r.trace.pieces
    return {"arguments": r.arguments, "changes": int(seen.sum()), "recorded": len(seen)}


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value
