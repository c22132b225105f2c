"""What Theorem T promises of a run: its loss and path at step T, within what the run's own rounding can do.

The run's steps differ from the exact ones by `RoundOff`, and the same recursion carries that on:
`e_{t+1} = Lip_t e_t + (error of the run's own step)`. Lip_t is proved on a small ball about the computed iterate; a run
of lower precision may be outside, so what is granted is an estimate there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..certification.finite.outcome import Outcome
from ..optim import StepSettings
from .inequalities import Errors, Inequality
from .promise import Promise
from .rounding import RoundOff
from .trace import Array, Trace


@dataclass(frozen=True)
class FinitePromise(Promise):
    """Enclosures at step `since` = T.

    Attributes:
        outcome: what is enclosed.
        factors: Lip_0, .., Lip_{T-1}.
        spread: the norm of the state's change is at most spread times an error made in a step.
        reach: a change of w is at most reach times the norm of the state's.
    """

    outcome: Outcome | None = None
    factors: tuple[float, ...] = ()
    spread: float = 1.0
    reach: float = 1.0

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """Loss and path at step T; nothing of a run that ends before."""
        o, last = self.outcome, self.since
        if o is None or len(trace.step_size) < last:
            return []
        with np.errstate(all="ignore"):
            err = Errors(trace, granted)
            off = self._off(err)
            moved = o.lipschitz * off[-1]
            read = float(err.rho[last] * err.e[last] + err.e[last] ** 2) if last < len(err.rho) else 0.0
            # The slope of the loss in use, from that of its sum.
            share = o.share
            of_loss = share * moved * (o.slope + moved) + read
            of_path = 2 * float(np.sum(off))
        loss, path = float(trace.loss[last]), float(trace.path[last])
        pairs = (
            ("loss after T steps, from below", o.loss.lo, loss, of_loss),
            ("loss after T steps, from above", loss, o.loss.hi, of_loss),
            ("path over T steps, from below", o.path.lo, path, of_path),
            ("path over T steps, from above", path, o.path.hi, of_path),
        )
        return [
            Inequality(name, np.array([a]), np.array([b]), np.array([c]), last, np.array([last]))
            for name, a, b, c in pairs
        ]

    def apart(self, trace: Trace, granted: RoundOff) -> float:
        """How far w_T of the run may be from the exact iterate, of which the enclosures are."""
        with np.errstate(all="ignore"):
            return float(self._off(Errors(trace, granted))[-1])

    def _off(self, err: Errors) -> Array:
        """The same at every step up to T."""
        apart = [0.0]
        for t, factor in enumerate(self.factors):
            apart.append(factor * apart[-1] + self.spread * float(err.step[t]))
        return self.reach * np.array(apart)

    def numbers(self) -> dict[str, Any]:
        """Eta and since, and the enclosures."""
        o = self.outcome
        found = super().numbers()
        if o is not None:
            found["at_end"] = {
                "loss": [o.loss.lo, o.loss.hi], "right": o.right, "wrong": o.wrong, "samples": o.samples,
                "margin": o.margin, "distance": [o.distance.lo, o.distance.hi], "path": [o.path.lo, o.path.hi],
            }  # fmt: skip
        return found
