"""Theorem F3 rechecked: Theorem T over the stored steps, then Theorem F1 from their stored end.

The exact iterate x_T is within `apart` of the stored end, which the recheck of T confirms; F1's starts are that ball.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from . import batches
from .checks import Check, Checks, Tick
from .fields import damaged
from .file import Admit, read_bounds, read_hypotheses, read_stored
from .finite import claim as finite
from .finite.replay import check_finite

THEN = "then_"
"""Before the names of F1's numbers and bounds."""
FROM_END = ("|w~_T - c| + eps + eps_T <= D", "<=")
START = 2
"""Which of F1's hypotheses is about its start."""
BOUNDS = finite.BOUNDS | {THEN + name: kind for name, kind in batches.BOUNDS.items()}
HYPOTHESES = [*finite.HYPOTHESES, *batches.HYPOTHESES[:START], FROM_END, *batches.HYPOTHESES[START + 1 :]]
NUMBERS = (
    *finite.NUMBERS,
    *(THEN + name for name in ("batch", "every_partition", *batches.NUMBERS) if name != "spread"),
)


@dataclass(frozen=True)
class Handover:
    """What a certificate of Theorem F3 says.

    Attributes:
        run: of the stored steps.
        then: of every order from there on.
    """

    in_doubles: ClassVar[bool] = False

    run: finite.FiniteClaim
    then: batches.Claim

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return self.run.parts + self.then.parts


def read_handover(text: dict[str, Any], path: Path, admit: Admit) -> Handover:
    """The claim of a certificate of Theorem F3, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    own = {**finite.own_arrays(text), **batches.own_arrays(text)}
    stored = read_stored(text, path, admit, own, NUMBERS)
    bounds, hypotheses = read_bounds(text, BOUNDS), read_hypotheses(text, HYPOTHESES)
    cut = len(finite.HYPOTHESES)
    run = finite.finite_of(stored, text, {name: bounds[name] for name in finite.BOUNDS}, hypotheses[:cut])
    if run.momentum != 0:
        damaged("witness.momentum", "must be 0: Theorem F1 speaks of steps without momentum")
    if any(eta != stored.eta for eta in run.steps["eta"]):
        damaged("arrays.eta", f"is not optimizer.eta = {stored.eta!r} in every step")
    end = replace(stored, weights=run.end.weights, biases=run.end.biases)
    later = {name: bounds[THEN + name] for name in batches.BOUNDS}
    return Handover(run, batches.claim_of(end, text, bounds["apart"], later, hypotheses[cut:], THEN))


class _Later(Checks):
    """Checks of F1's claims under the names that they have in the file of F3."""

    def __init__(self, all_of: Checks, cut: int) -> None:
        super().__init__()
        self.all, self.cut = all_of, cut

    def append(self, check: Check) -> None:
        """Into all checks, by its name there."""
        field = check.field
        if field.startswith("bounds."):
            field = f"bounds.{THEN}{field.removeprefix('bounds.')}"
        elif field.startswith("hypotheses["):
            index, rest = field.removeprefix("hypotheses[").split("]")
            field = f"hypotheses[{int(index) + self.cut}]{rest}"
        self.all.append(replace(check, field=field))


def check_handover(c: Handover, checks: Checks, tick: Tick) -> None:
    """Recompute every claim: those of the stored run, and those of every order from its end on."""
    check_finite(c.run, checks, tick)
    batches.check_batches(c.then, _Later(checks, len(finite.HYPOTHESES)), tick)
