"""Theorem F1 proved: every hypothesis an inequality between two verified numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ...optim import ClippedSettings, StepSettings, certifiable
from ...problem.batches import Batches
from ...problem.loss import Loss
from ...problem.problem import Problem
from ...rigor import environment
from ...rigor.arithmetic import INTERVALS
from ...rigor.errors import NoVerdictError
from ...rigor.scalar import interval
from ...theory.arithmetic import FLOATS
from ...theory.statement import Statement
from ..claim import Claim, Inequality, bounds
from ..stored import Stored
from ..stored_graph import stored
from .conditions import Conditions, Radii, Rule, conditions, high, low, search
from .numbers import BatchNumbers, hidden_layer, numbers_at
from .zero import near_zero

POSITIVE = "0 < lambda_min(K(c))"
NEAR = "alpha + int_0^eps dJ / sigma_min(J(c)) <= eps"
START = "|w_0 - c| + eps <= D"
STEP = "eta beta < 2"
CLIPPED = "0 < delta"
GROWTH = "1 <= g^2 (1 - eta M(g D)^2 / (4 a))"
PROFILE = "0 < sg"
LOST = "x < 1"
STAYS = "D^2 (1 + A^2 / (1 - x)) + eta M0(V)^2 V^2 / (4 a) <= V^2"
NAMES = (POSITIVE, NEAR, START, STEP, CLIPPED, GROWTH, PROFILE, LOST, STAYS)
"""The hypotheses in their order."""


@dataclass(frozen=True, eq=False)
class EveryOrder:
    """Theorem F1 held against a problem.

    Attributes:
        start, centre: the stored doubles at w_0 and at c.
        numbers: at the centre.
        rule: the steps, eta a number where the hypotheses were found to hold.
        radii: eps, D, V and g.
        found: the hypotheses at these, as computed; None where none were found.
        spread: radius of the ball of starts around w_0.
    """

    start: Stored
    centre: Stored
    numbers: BatchNumbers
    rule: Rule
    radii: Radii
    found: Conditions | None
    spread: float = 0.0


def every_order(
    problem: Problem, settings: StepSettings, batches: Batches, *, spread: float = 0.0
) -> tuple[EveryOrder, ...]:
    """The theorem with the zero near w_0 as centre, and where that does not do with w_0 itself; the best is the last.

    Args:
        problem: network of class N or G, and data.
        settings: step rule, eta a number or "c/beta".
        batches: of order "fixed" for that partition; of any other order for every partition.
        spread: the start is any point within this of the problem's weights.

    Raises:
        NotAvailableError: not of class N or G, not smooth, or steps that certificates do not speak of.
        NoVerdictError: an overflow, or an eigenvalue bound that cannot be verified.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    rule = certifiable(settings)
    start, centres = start_and_centres(problem)
    tried: list[EveryOrder] = []
    for centre in centres:
        tried.append(at_centre(start, centre, rule, problem.objective, batches, spread=spread))
        if tried[-1].found is not None:
            return tuple(tried)
    return tuple(tried[::-1])


def start_and_centres(problem: Problem) -> tuple[Stored, list[Stored]]:
    """The stored doubles at w_0, and at the centres to be tried: the zero near w_0, then w_0 itself.

    Raises:
        NotAvailableError, RoundingEnvironmentError: as `every_order`.
    """
    environment.require()
    start, zero = stored(problem), near_zero(problem)
    return start, [start] if zero is None else [stored(zero), start]


def at_centre(
    start: Stored,
    centre: Stored,
    settings: ClippedSettings,
    loss: Loss,
    batches: Batches,
    *,
    spread: float = 0.0,
) -> EveryOrder:
    """The same with that centre; `start` and `centre` are one network and its data at two sets of weights.

    Raises:
        NoVerdictError, RoundingEnvironmentError: as `every_order`.
    """
    numbers = numbers_at(start, centre, batches)
    rule = Rule.of(settings, loss, batches, *start.y.shape)
    radii, found = search(numbers, rule, spread)
    if found is not None and rule.multiple is not None:
        rule = rule.fixed(found)
        radii, found = search(numbers, rule, spread)
    return EveryOrder(start, centre, numbers, rule, radii, found, spread)


def proved(at: EveryOrder, statement: Statement, settings: StepSettings, loss: str) -> Claim:
    """The hypotheses with round-off counted.

    Args:
        at: where they were found to hold.
        statement: the theorem in words.
        settings: the step rule that was asked for.
        loss: name of the problem's loss.

    Raises:
        NoVerdictError: an overflow, or the hypotheses have no meaning with round-off counted.
    """
    rule = certifiable(settings)
    if at.found is None:
        return Claim(statement, at.start, loss, rule, shortfall="no numbers V and g were found at which it closes")
    rule = replace(rule, eta=at.rule.eta)
    with_rounding = conditions(at.numbers, at.rule, at.radii, at.spread, INTERVALS, interval)
    if with_rounding is None:
        raise NoVerdictError("with round-off counted a hypothesis fails")
    n, r = at.numbers, at.radii
    c, batches = with_rounding, n.batches
    environment.require()
    return Claim(
        statement,
        at.start,
        loss,
        rule,
        bounds(
            lambda_min=("lower", n.lambda_min),
            beta=("upper", high(c.beta)),
            floor=("lower", low(c.floor)),
            profile=("lower", low(c.sg)),
            truncation=("upper", high(c.om)),
            lost=("upper", high(c.x)),
            rate=("upper", high(c.rate)),
            required=("upper", high(c.path)),
            lipschitz=("upper", high(c.whole)),
        ),
        inequalities_of(n, r, c),
        {
            **{f"c_{name}": value for name, value in at.centre.named().items()},
            "multiplier": n.multiplier,
        },
        {
            "batch": batches.size,
            "every_partition": int(batches.order != "fixed"),
            "eps": r.eps,
            "start": r.d,
            "stay": r.v,
            "growth": r.g,
            "spread": at.spread,
        },
        unwritten="" if hidden_layer(at.start) else "no recheck reads Theorem F1 but of one hidden layer: not written",
    )


def inequalities_of(n: BatchNumbers, r: Radii, c: Conditions) -> tuple[Inequality, ...]:
    """The hypotheses as pairs of doubles, in their order."""
    square = interval(r.v) * interval(r.v)
    return _paired(
        {
            POSITIVE: (0.0, n.lambda_min),
            NEAR: (high(c.needed), r.eps),
            START: (high(c.start), r.d),
            STEP: (high(c.eta * c.beta), 2.0),
            CLIPPED: (0.0, low(c.floor)),
            GROWTH: (1.0, low(c.growth)),
            PROFILE: (0.0, low(c.sg)),
            LOST: (high(c.x), 1.0),
            STAYS: (high(c.right), square.lo),
        }
    )


def _paired(sides: dict[str, tuple[float, float]]) -> tuple[Inequality, ...]:
    unknown = (math.nan, math.nan)
    pairs = ((name, *sides.get(name, unknown)) for name in NAMES)
    return tuple(Inequality(name, left, "<=" if "<=" in name else "<", right) for name, left, right in pairs)


def as_computed(at: EveryOrder) -> tuple[Inequality, ...]:
    """The hypotheses as computed in floats; those that were not reached have NaN sides."""
    n, r = at.numbers, at.radii
    if at.found is not None:
        return inequalities_of(n, r, at.found)
    m = n.moduli(FLOATS, float)
    needed = n.alpha + n.whole_share * m.sum_to(r.eps) / n.sigma if math.isfinite(r.eps) and n.sigma > 0 else math.nan
    start = n.distance + r.eps + at.spread
    return _paired({POSITIVE: (0.0, n.lambda_min), NEAR: (needed, r.eps), START: (start, r.d)})
