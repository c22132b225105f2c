"""Theorem F2 proved: every hypothesis an inequality between two verified numbers."""

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
from ...theory.statement import Statement
from ..claim import Claim, Inequality, bounds
from ..stored import Stored
from .certify import CLIPPED, NEAR, POSITIVE, PROFILE, START, STEP, start_and_centres
from .conditions import Rule, high, low
from .drawn import DrawnConditions, Radii, drawn_conditions, drawn_search
from .numbers import BatchNumbers, hidden_layer, numbers_at

GROWN = "exp(xi / 2) <= G"
LOST = "x G < 1"
LEFT = "P(the ball is ever left) <= p"
NAMES = (POSITIVE, NEAR, START, STEP, CLIPPED, GROWN, PROFILE, LOST, LEFT)
"""The hypotheses in their order."""
ALLOWED = 0.05
"""p, where it is not given."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Theorem F2 held against a problem.

    Attributes:
        start, centre: the stored doubles at w_0 and at c.
        numbers: at the centre.
        rule: the steps, eta a number where x G < 1.
        radii: eps, D, xi and G.
        found: the hypotheses at these, as computed; None where x G < 1 nowhere.
        allowed: p, the probability with which the ball may be left.
    """

    start: Stored
    centre: Stored
    numbers: BatchNumbers
    rule: Rule
    radii: Radii
    found: DrawnConditions | None
    allowed: float

    @property
    def closes(self) -> bool:
        """Whether the ball is left with no more than the allowed probability, as computed."""
        return self.found is not None and self.found.failure <= self.allowed


def drawn_batches(problem: Problem, settings: StepSettings, batches: Batches, allowed: float = ALLOWED) -> Drawn:
    """The theorem with the zero near w_0 as centre, and where that does not do with w_0 itself.

    Args:
        problem: network of class N or G, and data.
        settings: step rule, eta a number or "c/beta".
        batches: of order "random".
        allowed: p.

    Raises:
        NotAvailableError: not of class N or G, not smooth, or steps that certificates do not speak of.
        NoVerdictError: an overflow, or an eigenvalue bound that cannot be verified.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    rule = certifiable(settings)
    start, centres = start_and_centres(problem)
    tried: list[Drawn] = []
    for centre in centres:
        tried.append(drawn_at(start, centre, rule, problem.objective, batches, allowed))
        if tried[-1].closes:
            return tried[-1]
    return next((at for at in tried if at.found is not None), tried[0])


def drawn_at(
    start: Stored, centre: Stored, settings: ClippedSettings, loss: Loss, batches: Batches, allowed: float = ALLOWED
) -> Drawn:
    """The same with that centre; `start` and `centre` are one network and its data at two sets of weights.

    Raises:
        NoVerdictError, RoundingEnvironmentError: as `drawn_batches`.
    """
    numbers = numbers_at(start, centre, batches)
    rule = Rule.of(settings, loss, batches, *start.y.shape)
    radii, found = drawn_search(numbers, rule)
    if found is not None and rule.multiple is not None:
        rule = replace(rule, eta=float(found.eta / float(rule.most)), multiple=None)
        radii, found = drawn_search(numbers, rule)
    return Drawn(start, centre, numbers, rule, radii, found, allowed)


def proved_drawn(at: Drawn, statement: Statement, settings: StepSettings, loss: str) -> Claim:
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
        return Claim(statement, at.start, loss, rule, shortfall="no xi was found at which it closes")
    rule = replace(rule, eta=at.rule.eta)
    n, r = at.numbers, at.radii
    c = drawn_conditions(n, at.rule, r, INTERVALS, interval)
    if c is None:
        raise NoVerdictError("with round-off counted a hypothesis fails")
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
            lost=("upper", high(c.x)),
            failure=("upper", high(c.failure)),
            rate=("upper", high(c.rate)),
            required=("upper", high(c.path)),
            lipschitz=("upper", high(c.whole)),
        ),
        inequalities_of(at, c),
        {**{f"c_{name}": value for name, value in at.centre.named().items()}, "multiplier": n.multiplier},
        {
            "batch": n.batches.size,
            "eps": r.eps,
            "start": r.d,
            "growth": r.g,
            "xi": r.xi,
            "allowed": at.allowed,
        },
        unwritten="" if hidden_layer(at.start) else "no recheck reads Theorem F2 but of one hidden layer: not written",
    )


def inequalities_of(at: Drawn, c: DrawnConditions) -> tuple[Inequality, ...]:
    """The hypotheses as pairs of doubles, in their order."""
    return _paired(
        {
            POSITIVE: (0.0, at.numbers.lambda_min),
            NEAR: (high(c.needed), at.radii.eps),
            START: (high(c.start), at.radii.d),
            STEP: (high(c.eta * c.beta), 2.0),
            CLIPPED: (0.0, low(c.floor)),
            GROWN: (high(c.grown), at.radii.g),
            PROFILE: (0.0, low(c.sg)),
            LOST: (high(c.taken), 1.0),
            LEFT: (high(c.failure), at.allowed),
        }
    )


def drawn_as_computed(at: Drawn) -> tuple[Inequality, ...]:
    """The hypotheses as computed in floats; those that were not reached have NaN sides."""
    n, r = at.numbers, at.radii
    if at.found is not None:
        return inequalities_of(at, at.found)
    needed = math.nan
    if math.isfinite(r.eps) and n.sigma > 0:
        needed = n.alpha + n.whole_share * n.moduli().sum_to(r.eps) / n.sigma
    return _paired({POSITIVE: (0.0, n.lambda_min), NEAR: (needed, r.eps), START: (n.distance + r.eps, r.d)})


def _paired(sides: dict[str, tuple[float, float]]) -> tuple[Inequality, ...]:
    pairs = ((name, *sides.get(name, (math.nan, math.nan))) for name in NAMES)
    return tuple(Inequality(name, left, "<=" if "<=" in name else "<", right) for name, left, right in pairs)
