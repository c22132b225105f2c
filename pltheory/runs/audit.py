"""Which branches of h = eta min(1, max(delta, gamma / ||g||)) a run's gradient norms have met.

A theorem of delta-GClip says something that GClip's does not where the floor delta holds a step up. A run in which it
never does is GClip's, and one in which no step is shortened is that of the optimizer without clipping: such runs are no
evidence about delta-GClip, whatever the optimizer was called.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np

from ..theory import InvalidInputError
from ..theory.arithmetic import ARRAYS
from ..theory.formulas import step_size as clipped_step

Array = np.ndarray
Numbers: TypeAlias = "float | Iterable[float]"

ROUNDED = 1e-4
"""What a log of four digits, and the 1e-6 of `clip_grad_norm_`, leave open of a norm, as a part of it."""
APART = 1e-2
"""By what part of it a logged step may differ from the rule's before it is another rule's."""
GAMMA_SHARES, DELTA_SHARES = (0.01, 0.1, 0.5), (0.01, 0.1)


class RunOf(StrEnum):
    """Of which rule the logged steps are."""

    DELTA_GCLIP = "delta-GClip"
    GCLIP = "GClip"
    UNCLIPPED = "no clipping"
    FLOOR = "no clipping, at eta delta"
    UNKNOWN = "unknown"
    ANOTHER = "another rule"


@dataclass(frozen=True)
class Reach:
    """What gamma or delta it takes to engage on a share of these norms.

    Attributes:
        share: of the steps, in (0, 1].
        steps: the least whole number of steps that is such a share.
        value: every gamma below it clips, or every delta above it floors, at least so many; None where none does.
    """

    share: float
    steps: int
    value: float | None


@dataclass(frozen=True)
class Audit:
    """The branches of delta-GClip's step on the n logged norms of a run; every statement is about these steps alone.

    Attributes:
        norms: the norms that clipping looks at, in the order of the log, (n,).
        gamma: the threshold at each step, (n,).
        delta: the floor at each step, (n,).
        eta: the step size without clipping at each step, (n,), or None.
        step_size: the steps as logged, (n,), or None.
        factor: min(1, max(delta, gamma / norm)), (n,).
        is_full: the steps of factor 1, (n,) booleans.
        is_floored: the steps that delta holds up: gamma / norm < delta, (n,) booleans.
    """

    norms: Array
    gamma: Array
    delta: Array
    eta: Array | None
    step_size: Array | None
    factor: Array
    is_full: Array
    is_floored: Array

    @property
    def steps(self) -> int:
        """How many steps were logged."""
        return len(self.norms)

    @property
    def full(self) -> int:
        """How many steps were not shortened: ||g|| <= gamma."""
        return int(self.is_full.sum())

    @property
    def floored(self) -> int:
        """How many steps were eta delta, longer than GClip's: gamma / ||g|| < delta."""
        return int(self.is_floored.sum())

    @property
    def clipped(self) -> int:
        """How many steps were shortened to eta gamma / ||g||, as GClip's are."""
        return self.steps - self.full - self.floored

    @property
    def above_gamma(self) -> float:
        """The largest ||g|| / gamma: clipping engages above 1."""
        return float(np.max(self.norms / self.gamma))

    @property
    def above_floor(self) -> float:
        """The largest ||g|| delta / gamma: delta matters above 1."""
        return float(np.max(self.norms * self.delta / self.gamma))

    @property
    def off_rule(self) -> int | None:
        """How many logged steps differ from eta times `factor` by more than `APART`; None where they were not held."""
        if self.eta is None or self.step_size is None:
            return None
        rule = self.eta * self.factor
        return int((np.abs(self.step_size - rule) > APART * rule).sum())

    @property
    def run_of(self) -> RunOf:
        """Of which rule the steps are, as far as a log that was rounded to four digits tells."""
        if self.off_rule:
            return RunOf.ANOTHER
        if self.above_floor > 1 + ROUNDED:
            return RunOf.FLOOR if self.floored == self.steps and np.ptp(self.delta) == 0 else RunOf.DELTA_GCLIP
        if self.above_floor > 1 - ROUNDED:
            return RunOf.UNKNOWN
        if self.above_gamma > 1 + ROUNDED:
            return RunOf.GCLIP
        return RunOf.UNKNOWN if self.above_gamma > 1 - ROUNDED else RunOf.UNCLIPPED

    @property
    def conclusion(self) -> str:
        """What follows, in a line."""
        n = self.steps
        if self.run_of is RunOf.ANOTHER:
            return (
                f"{self.off_rule} of {n} logged steps are not eta min(1, max(delta, gamma / ||g||)): another rule, "
                "another norm or other numbers; the counts say nothing of this run"
            )
        if self.run_of is RunOf.DELTA_GCLIP:
            return f"delta held up {self.floored} of {n} logged steps: this run is delta-GClip's and not GClip's"
        if self.run_of is RunOf.FLOOR:
            return (
                "every logged step was eta delta: the run is that of the optimizer without clipping at that step size"
            )
        if self.run_of is RunOf.GCLIP:
            return "delta never mattered: this run is GClip's: no theorem of delta-GClip is being tested"
        if self.run_of is RunOf.UNCLIPPED:
            return (
                "clipping never engaged: this run is that of the optimizer without clipping (SGD, gradient descent): "
                "neither gamma nor delta is being tested"
            )
        if self.above_floor > 1 - ROUNDED:
            return "undecided: the largest norms are gamma / delta to four digits"
        at = int((self.norms > self.gamma * (1 - ROUNDED)).sum())
        return f"undecided: {at} norms are gamma to four digits and none is above; were they logged after clipping?"

    @property
    def gammas(self) -> tuple[Reach, ...]:
        """The constant gammas that would shorten 1 %, 10 % and 50 % of these steps, the norms as they are."""
        largest = np.sort(self.norms)[::-1]
        return _reaches(GAMMA_SHARES, largest, lambda v: v > 0)

    @property
    def deltas(self) -> tuple[Reach, ...]:
        """The constant deltas that would floor 1 % and 10 % of these steps at this gamma, the norms as they are."""
        with np.errstate(divide="ignore"):
            ratios = np.sort(self.gamma / self.norms)
        return _reaches(DELTA_SHARES, ratios, lambda v: v < 1)

    def to_dict(self) -> dict[str, Any]:
        """Counts, conclusion and reaches, for JSON."""
        return {
            "schema": "pltheory-audit/1",
            "steps": self.steps,
            "full": self.full,
            "clipped": self.clipped,
            "floored": self.floored,
            "off_rule": self.off_rule,
            "run_of": self.run_of.value,
            "conclusion": self.conclusion,
            "gamma": _range(self.gamma),
            "delta": _range(self.delta),
            "eta": None if self.eta is None else _range(self.eta),
            "factor": _range(self.factor),
            "largest_norm_over_gamma": self.above_gamma,
            "largest_norm_over_floor": self.above_floor,
            "gamma_below": [vars(r) for r in self.gammas],
            "delta_above": [vars(r) for r in self.deltas],
        }


def audit(
    norms: Iterable[float],
    *,
    gamma: Numbers,
    delta: Numbers,
    eta: Numbers | None = None,
    step_size: Numbers | None = None,
) -> Audit:
    """Which steps of a run were full, clipped and floored, from its gradient norms; and of which rule the run is then.

    Args:
        norms: of the whole gradient as clipping sees it, before clipping, one a step, (n,); of the loss that the
            optimizer descends. With `clip = "buffer"` those of the momentum buffer.
        gamma: threshold in the units of the norms, positive, infinite for none; a number or (n,).
        delta: floor in [0, 1), 0 for GClip and `clip_grad_norm_`; a number or (n,).
        eta: learning rate, positive; a number or (n,). Needed only to hold `step_size` against the rule.
        step_size: the steps h as logged; a number or (n,).

    Raises:
        InvalidInputError: there are no norms; one is negative, infinite or NaN (how many, where); gamma, delta or eta
            is out of its range; lengths differ.
    """
    n = _column("norms", norms, None, lambda v: v >= 0, "finite numbers of at least 0")
    if not len(n):
        raise InvalidInputError("norms: there are none")
    size = len(n)
    g = _column("gamma", gamma, size, lambda v: v > 0, "positive numbers (inf never clips)", finite=False)
    d = _column("delta", delta, size, lambda v: (v >= 0) & (v < 1), "numbers in [0, 1), 0 for GClip")
    e = None if eta is None else _column("eta", eta, size, lambda v: v >= 0, "finite numbers of at least 0")
    h = None
    if step_size is not None:
        h = _column("step_size", step_size, size, lambda v: v >= 0, "finite numbers of at least 0")
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        factor = clipped_step(1.0, g, d, n, ARRAYS)
        without = clipped_step(1.0, g, 0.0, n, ARRAYS)
    return Audit(n, g, d, e, h, factor, factor == 1, factor > without)


def _column(
    name: str,
    given: Numbers,
    size: int | None,
    allowed: Callable[[Array], Array],
    words: str,
    *,
    finite: bool = True,
) -> Array:
    """The numbers as (n,); where one is not allowed, how many and where."""
    try:
        values = np.array(given if np.ndim(given) or not isinstance(given, Iterable) else list(given), dtype=float)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InvalidInputError(f"{name}: allowed are {words}") from None
    if values.ndim == 0 and size is not None:
        if not allowed(values) or (finite and not np.isfinite(values)):
            raise InvalidInputError(f"{name} = {float(values):g}: allowed are {words}")
        return np.full(size, float(values))
    if values.ndim != 1 or (size is not None and len(values) != size):
        wanted = "one a step" if size is None else f"{size}, as many as norms"
        raise InvalidInputError(f"{name}: the shape is {values.shape}, allowed is {wanted}")
    wrong = ~allowed(values) | (~np.isfinite(values) if finite else np.isnan(values))
    if wrong.any():
        first = int(wrong.argmax())
        raise InvalidInputError(
            f"{name}: {int(wrong.sum())} of {len(values)} are not allowed, the first is {values[first]:g} at position "
            f"{first} from 0; allowed are {words}"
        )
    return values


def _reaches(shares: Iterable[float], ordered: Array, exists: Callable[[float], bool]) -> tuple[Reach, ...]:
    """For each share the value of the last of so many steps, from the one that engages first."""
    found = []
    for share in shares:
        k = math.ceil(share * len(ordered))
        value = float(ordered[k - 1])
        found.append(Reach(share, k, value if exists(value) else None))
    return tuple(found)


def _range(values: Array) -> list[float | None]:
    """Least and largest; JSON has no infinity."""
    return [float(v) if np.isfinite(v) else None for v in (values.min(), values.max())]
