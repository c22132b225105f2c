"""What Theorem F3 promises of a run: Theorem T's numbers at step T, and Theorem F1's inequalities from there on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..optim import StepSettings
from .epochs import EpochPromise
from .finite import FinitePromise
from .inequalities import Inequality
from .promise import Promise
from .rounding import RoundOff
from .trace import Trace


@dataclass(frozen=True)
class HandoverPromise(Promise):
    """Two promises, one after the other.

    Attributes:
        first: at step `since` = T.
        then: of the run from w_T on.
    """

    first: FinitePromise | None = None
    then: EpochPromise | None = None

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """Those of both; nothing of a run that ends before step T.

        The run arrives at step T by so much beside the exact iterate: D is larger by that, and the path in proportion.
        """
        first, then, last = self.first, self.then, self.since
        if first is None or then is None or first.outcome is None or len(trace.step_size) < last:
            return []
        found = first.inequalities(trace, settings, granted)
        if len(trace.step_size) == last:
            return found
        off, d = first.apart(trace, granted), then.start
        later = replace(
            then,
            start=d + off,
            radius=None if then.radius is None else then.radius * (1 + off / d),
            before=first.outcome.distance.hi + off,
        )
        rest = trace.after(last)
        # Iterates are numbered from the start of epochs.
        for i in later.inequalities(replace(rest, recorded=rest.recorded - last), settings, granted):
            found.append(replace(i, since=last) if i.steps is None else replace(i, since=last, steps=i.steps + last))
        return found

    def numbers(self) -> dict[str, Any]:
        """What holds at step T, and what from there on."""
        later = {} if self.then is None else self.then.numbers()
        return {**later, **({} if self.first is None else self.first.numbers()), **super().numbers()}
