"""What is promised of a run that is followed first: Theorem T's numbers at step T, and another's inequalities then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..optim import StepSettings
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
    then: Promise | None = None

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """Those of both; nothing of a run that ends before step T.

        The run arrives at step T by so much beside the exact iterate.
        """
        first, then, last = self.first, self.then, self.since
        if first is None or then is None or first.outcome is None or len(trace.step_size) < last:
            return []
        found = first.inequalities(trace, settings, granted)
        if len(trace.step_size) == last:
            return found
        o, off = first.outcome, first.apart(trace, granted)
        later = then.beside(off, o.distance.hi + off)
        granted = replace(granted, start=granted.start + o.lipschitz * off)
        rest = trace.after(last)
        # Recorded iterates are numbered from there too.
        for i in later.inequalities(replace(rest, recorded=rest.recorded - last), settings, granted):
            found.append(replace(i, since=i.since + last, steps=None if i.steps is None else i.steps + last))
        return found

    def numbers(self) -> dict[str, Any]:
        """What holds at step T, and what from there on."""
        later = {} if self.then is None else self.then.numbers()
        return {**later, **({} if self.first is None else self.first.numbers()), **super().numbers()}
