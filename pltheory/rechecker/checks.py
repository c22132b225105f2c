"""The comparisons of a recheck: a claimed number against the enclosure of what it bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from flint import arb

from .fields import ACCEPTED, FAILED, FALSE, UNSURE, Stop
from .file import Common

Tick = Callable[[str], None]
"""Called with a phrase before each part of a recheck."""


@dataclass(frozen=True)
class Check:
    """One comparison: a claimed number against the enclosure of what it bounds; `code` is an exit code."""

    field: str
    claim: str
    recomputed: str
    code: int


class Checks(list[Check]):
    """Every comparison made, in order."""

    def compare(self, field: str, claim: float, value: arb, direction: str, name: str = "") -> None:
        """A claimed "upper" bound must be at least the recomputed enclosure, a "lower" one at most; name says of what.

        Raises:
            Stop: the recomputed number is not finite.
        """
        if not value.is_finite():
            raise Stop(FAILED, field, "the recomputed number is not finite")
        upper = direction == "upper"
        good, bad = (value <= claim, value > claim) if upper else (value >= claim, value < claim)
        code = ACCEPTED if good else FALSE if bad else UNSURE
        recomputed = f"{value.str(20)}, {name}" if name else value.str(20)
        self.append(Check(field, f"{'<=' if upper else '>='} {claim!r}", recomputed, code))

    def hypothesis(self, index: int, claim: tuple[float, str, float], name: str, low: arb, high: arb) -> None:
        """Both sides of a stored inequality are bounds of low and high, and stand in its relation."""
        (a, relation, b), field = claim, f"hypotheses[{index}]"
        self.compare(f"{field}.left", a, low, "upper", name)
        self.compare(f"{field}.right", b, high, "lower", name)
        self.fact(field, f"{a!r} {relation} {b!r}", name, a < b if relation == "<" else a <= b)

    def fact(self, field: str, claim: str, recomputed: str, holds: bool) -> None:
        """What is decided without an enclosure."""
        self.append(Check(field, claim, recomputed, ACCEPTED if holds else FALSE))

    def required(self, claim: float, integral: tuple[str, arb], needed: tuple[str, arb]) -> None:
        """The length of a path: an integral up to there outweighs what it must; both with what they are called."""
        (left, available), (right, start) = integral, needed
        code = ACCEPTED if available >= start else FALSE if available < start else UNSURE
        what = f"{left} = {available.str(17)}, {right} = {start.str(17)}"
        self.append(Check("bounds.required", f"<= {claim!r}", what, code))

    def require(self, bounds: Iterable[str], hypotheses: int) -> None:
        """Refuse to confirm what was not compared: a bound, or a side of a hypothesis.

        Args:
            bounds: the names of those claimed.
            hypotheses: how many are claimed.

        Raises:
            Stop: one was left out.
        """
        compared = {check.field for check in self}
        rows = [f"hypotheses[{i}]" for i in range(hypotheses)]
        claimed = [f"bounds.{name}" for name in bounds]
        claimed += [part for row in rows for part in (f"{row}.left", f"{row}.right", row)]
        for field in claimed:
            if field not in compared:
                raise Stop(FAILED, field, "nothing was compared with it")

    def linear(self, bounds: dict[str, float]) -> None:
        """A rate below 1, from a PL* constant."""
        self.fact("bounds.rate", f"{bounds['rate']!r} < 1", "a linear rate", bounds["rate"] < 1 and bounds["mu"] > 0)


class Claims(Protocol):
    """What certificates of all theorems hold."""

    @property
    def bounds(self) -> dict[str, float]: ...  # noqa: D102
    @property
    def hypotheses(self) -> list[tuple[float, str, float]]: ...  # noqa: D102


class Comparison:
    """The bounds and hypotheses of a certificate, each compared by its name.

    Args:
        claimed: what the certificate says.
        directions: of its bounds.
        known: its hypotheses with their relations, in order.
        checks: for the comparisons.
    """

    def __init__(
        self, claimed: Claims, directions: dict[str, str], known: Iterable[tuple[str, str]], checks: Checks
    ) -> None:
        self._claimed, self._directions, self._checks = claimed, directions, checks
        self._index = {name: i for i, (name, _) in enumerate(known)}

    def bounds(self, **found: arb) -> None:
        """Each against the claim of its name."""
        for name, value in found.items():
            self._checks.compare(f"bounds.{name}", self._claimed.bounds[name], value, self._directions[name])

    def hypothesis(self, name: str, low: arb, high: arb) -> None:
        """Both sides against those claimed."""
        index = self._index[name]
        self._checks.hypothesis(index, self._claimed.hypotheses[index], name, low, high)

    def hypotheses(self, *sides: tuple[arb, arb]) -> None:
        """All of them, in their order."""
        for name, (low, high) in zip(self._index, sides, strict=True):
            self.hypothesis(name, low, high)


def positive(name: str, value: arb) -> None:
    """Stop a recheck unless a number that is divided by is certainly positive."""
    if not value > 0:
        code, how = (FALSE, "must be positive") if value <= 0 else (UNSURE, "is not decided to be positive")
        raise Stop(code, name, f"{how}, recomputed {value.str(17)}")


def clipping_floor(c: Common, gradient: arb) -> arb:
    """The largest factor known with h >= eta floor where the gradient's norm is at most `gradient`; NaN of a NaN."""
    one = arb(1)
    if arb(c.gamma) >= gradient.upper():
        return one
    return (arb(c.gamma) / gradient).min(one).max(arb(c.delta))


def loss_factor(mu: arb, beta: arb, eta: arb, floor: arb) -> arb:
    """The factor of the loss per step, for steps from eta floor to eta."""
    shortest, longest = ((h * eta) * (1 - beta * h * eta / 2) for h in (floor, arb(1)))
    return 1 - 2 * mu * shortest.min(longest)
