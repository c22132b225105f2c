"""Theorems about what follows a stored run rechecked: Theorem T over the stored steps, then another from their end.

The exact iterate x_T is within `apart` of the stored end, which the recheck of T confirms: the second theorem is held
for every start in that ball. `AFTER` is the list of theorems that may follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from . import ball, batches, level, steps
from .ball_claim import Table
from .batch_centre import own_arrays
from .checks import Check, Checks, Tick
from .fields import damaged, number
from .file import Admit, Stored, read_bounds, read_hypotheses, read_stored, read_witness
from .finite import claim as finite
from .finite.replay import replayed
from .laws import LAWS

THEN = "then_"
"""Before the names of numbers and bounds of what follows."""


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
        moving: whether it goes on with the momentum of the run, from a stored point ahead of its end; else there is
            none in either.
    """

    bounds: dict[str, str]
    hypotheses: Table
    numbers: tuple[str, ...]
    arrays: Callable[[dict[str, Any]], dict[str, int]]
    claim: Callable[..., Any]
    check: Callable[[Any, Checks, Tick], None]
    moving: bool = False


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


def _ahead(text: dict[str, Any]) -> dict[str, int]:
    ends = finite.own_arrays(text)
    centre = {name.replace("end_", "c_"): size for name, size in ends.items() if name.startswith("end_")}
    return {"grid": 1, "sigma": 1, "factors": 1, **centre}


def _momentum(
    end: Stored, text: Any, spread: float, bounds: Any, hypotheses: Any, prefix: str, admit: Admit
) -> steps.Claim:
    """About the stored point ahead of the end, in place of the end."""
    weights = [end.more[f"c_W{l}"] for l in range(1, len(end.weights) + 1)]
    biases = [end.more.get(f"c_b{l}") for l in range(1, len(end.weights) + 1)]
    for l, (own, there) in enumerate(zip([*weights, *biases], [*end.weights, *end.biases], strict=True), 1):
        if (own is None) != (there is None) or (own is not None and there is not None and own.shape != there.shape):
            damaged(f"arrays.c_W{l}", "has not the shape of the weights")
    off, buffer = (number(*read_witness(text, prefix + name)) for name in ("off", "buffer"))
    for name, value in (("off", off), ("buffer", buffer)):
        if not value > 0:
            damaged(f"witness.{prefix}{name}", f"{value} is not positive")
    here = replace(end, theorem="M", weights=weights, biases=biases)
    return steps.claim_of(here, text, off, buffer, bounds, hypotheses, prefix, admit)


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
        own_arrays,
        _every_order,
        batches.check_batches,
    ),
    "T+B": Second(
        ball.BOUNDS,
        from_end(ball.HYPOTHESES["B"]),
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
    "T+M": Second(
        steps.BOUNDS,
        from_end(steps.hypotheses_of("M")),
        ("radius", "tail", *LAWS["M"].numbers, "off", "buffer"),
        _ahead,
        _momentum,
        steps.check_steps,
        moving=True,
    ),
}


@dataclass(frozen=True)
class Handover:
    """What a certificate says.

    Attributes:
        run: of the stored steps.
        then: of what follows from their end on.
        after: the theorem that it is of.
    """

    in_doubles: ClassVar[bool] = False

    run: finite.FiniteClaim
    then: Any
    after: Second

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
    if (run.momentum > 0) != after.moving:
        damaged("witness.momentum", f"must be {'positive' if after.moving else '0'}, as in what follows")
    if any(eta != stored.eta for eta in run.steps["eta"]):
        damaged("arrays.eta", f"is not optimizer.eta = {stored.eta!r} in every step")
    end = replace(stored, weights=run.end.weights, biases=run.end.biases)
    later = {name: bounds[THEN + name] for name in after.bounds}
    then = after.claim(end, text, bounds["apart"], later, hypotheses[cut:], THEN, admit)
    if after.moving and (then.steps.m, then.steps.nesterov) != (run.momentum, run.nesterov):
        damaged("witness.momentum", "is not optimizer.momentum, or nesterov not optimizer.nesterov")
    return Handover(run, then, after)


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
    replay = replayed(c.run, checks, tick)
    if c.after.moving and replay is not None:
        off, buffer = replay.ahead(c.then.on)
        checks.compare(f"witness.{THEN}off", c.then.on.spread, off, "upper", "distance of z_T from the stored centre")
        checks.compare(f"witness.{THEN}buffer", c.then.steps.buffer, buffer, "upper", "norm of d_T")
    c.after.check(c.then, _Later(checks, len(finite.HYPOTHESES)), tick)
