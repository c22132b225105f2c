"""Theorems about what follows a stored run rechecked: Theorem T over the stored steps, then another from their end.

The exact iterate x_T is within `apart` of the stored end, which the recheck of T confirms: the second theorem is held
for every start in that ball. `AFTER` is the list of theorems that may follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from . import ball, batches, level
from .checks import Check, Checks, Tick
from .fields import damaged
from .file import Admit, Stored, read_bounds, read_hypotheses, read_stored
from .finite import claim as finite
from .finite.replay import check_finite

THEN = "then_"
"""Before the names of numbers and bounds of what follows."""
Table = list[tuple[str, str]]


@dataclass(frozen=True)
class Second:
    """A theorem that may follow a stored run.

    Attributes:
        bounds: its bounds with their directions.
        hypotheses: those about the stored end.
        numbers: of the witness.
        arrays: from a text to its own arrays, name to number of dimensions.
        claim: from the stored end, the text, the radius of the ball of starts, bounds and hypotheses, the prefix of
            its numbers, and what stops a costly part, to its claim.
        check: recomputes that.
    """

    bounds: dict[str, str]
    hypotheses: Table
    numbers: tuple[str, ...]
    arrays: Callable[[dict[str, Any]], dict[str, int]]
    claim: Callable[..., Any]
    check: Callable[[Any, Checks, Tick], None]


def from_end(hypotheses: Table) -> Table:
    """Hypotheses about w_0 as said of the end of a run."""
    words = (("w_0", "w~_T"), ("L_0", "L_T"), ("r_0", "r_T"), ("rho_0", "rho_T"))
    found = []
    for name, relation in hypotheses:
        for here, there in words:
            name = name.replace(here, there)
        found.append((name, relation))
    return found


def _every_order(end: Stored, text: Any, spread: float, bounds: Any, hypotheses: Any, prefix: str, admit: Admit) -> Any:
    return batches.claim_of(end, text, spread, bounds, hypotheses, prefix)


def _integral(end: Stored, *more: Any) -> Any:
    return ball.claim_of(replace(end, theorem="B"), *more)


_START = 2
"""Which of F1's hypotheses is about its start."""
AFTER = {
    "F3": Second(
        batches.BOUNDS,
        [
            *batches.HYPOTHESES[:_START],
            ("|w~_T - c| + eps + eps_T <= D", "<="),
            *batches.HYPOTHESES[_START + 1 :],
        ],
        ("batch", "every_partition", *(name for name in batches.NUMBERS if name != "spread")),
        batches.own_arrays,
        _every_order,
        batches.check_batches,
    ),
    "T+B": Second(
        ball.BOUNDS,
        from_end([(name, "<") for name in ball.HYPOTHESES["B"]]),
        ("radius",),
        lambda text: {"grid": 1, "sigma": 1},
        _integral,
        ball.check_ball,
    ),
    "T+L": Second(
        level.BOUNDS,
        from_end(level.HYPOTHESES),
        level.NUMBERS,
        lambda text: level.ARRAYS,
        level.claim_of,
        level.check_level,
    ),
}


@dataclass(frozen=True)
class Handover:
    """What a certificate says.

    Attributes:
        run: of the stored steps.
        then: of what follows from their end on.
        check: recomputes the latter.
    """

    in_doubles: ClassVar[bool] = False

    run: finite.FiniteClaim
    then: Any
    check: Callable[[Any, Checks, Tick], None]

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return self.run.parts + int(self.then.parts)


def read_handover(text: dict[str, Any], path: Path, admit: Admit) -> Handover:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    after = AFTER[text["theorem"]]
    own = {**finite.own_arrays(text), **after.arrays(text)}
    stored = read_stored(text, path, admit, own, (*finite.NUMBERS, *(THEN + name for name in after.numbers)))
    bounds = read_bounds(text, finite.BOUNDS | {THEN + name: kind for name, kind in after.bounds.items()})
    hypotheses = read_hypotheses(text, [*finite.HYPOTHESES, *after.hypotheses])
    cut = len(finite.HYPOTHESES)
    run = finite.finite_of(stored, text, {name: bounds[name] for name in finite.BOUNDS}, hypotheses[:cut])
    if run.momentum != 0:
        damaged("witness.momentum", "must be 0: what follows is about steps without momentum")
    if any(eta != stored.eta for eta in run.steps["eta"]):
        damaged("arrays.eta", f"is not optimizer.eta = {stored.eta!r} in every step")
    end = replace(stored, weights=run.end.weights, biases=run.end.biases)
    later = {name: bounds[THEN + name] for name in after.bounds}
    then = after.claim(end, text, bounds["apart"], later, hypotheses[cut:], THEN, admit)
    return Handover(run, then, after.check)


class _Later(Checks):
    """Checks of what follows under the names that they have in the file of both."""

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
    """Recompute every claim: those of the stored run, and those of what follows from its end on."""
    check_finite(c.run, checks, tick)
    c.check(c.then, _Later(checks, len(finite.HYPOTHESES)), tick)
