"""What a recheck will take, from the sizes of a certificate alone, and the limits that it is held to.

The counts are those of the code: products of balls inside a matrix product, and numbers that Python handles one by one.
Seconds for each were measured; the docs' table has the estimates beside the times.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from .arrays import Shape
from .fields import UNSURE, Stop

MOST_SECONDS = 3600.0
MOST_GIB = 8.0
GIB = 2.0**30
_DOUBLE = 8
_NUMBER = 100
"""Bytes of a ball in a Python list, its digits not counted."""
_BLOCK = 200_000
"""Weights that are balls at a time."""


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

    def admit(self, theorem: str, shapes: dict[str, Shape], cost: Cost | None = None) -> None:
        """Stop what would take more, before anything of it is allocated.

        Args:
            theorem: of the certificate.
            shapes: array name to shape.
            cost: where it follows from more than these.

        Raises:
            Stop: with code UNSURE and the flag that raises the limit.
        """
        cost = cost or estimate(theorem, shapes, self.bits)
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
    """Two digits, never below the value: rounding takes away at most five hundredths, and six were added."""
    return f"{float(f'{1.06 * value:.2g}'):.12g}"


_DEADLINE: ContextVar[tuple[float, float] | None] = ContextVar("_DEADLINE", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever runs inside asks `on_time` now and then, and is stopped once it has used so much processor time."""
    token = _DEADLINE.set((time.thread_time() + seconds, seconds))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def used() -> float:
    """Seconds of processor time used inside `within` so far; 0 outside."""
    deadline = _DEADLINE.get()
    return 0.0 if deadline is None else max(0.0, deadline[1] - (deadline[0] - time.thread_time()))


def on_time() -> None:
    """Go on, unless the processor time allowed is used up: numbers of extreme size take longer than their count says.

    Raises:
        Stop: with code UNSURE and the flag that raises the limit.
    """
    deadline = _DEADLINE.get()
    if deadline is not None and time.thread_time() > deadline[0]:
        allowed = deadline[1]
        raise Stop(UNSURE, "time", f"{allowed:g} s of processor time are used up; --most-seconds allows more")


def estimate(theorem: str, shapes: dict[str, Shape], bits: int) -> Cost:
    """Seconds and bytes that a recheck of arrays of these shapes takes at most, if their numbers are of ordinary size.

    An enclosure of numbers of extreme size takes longer; `on_time` ends that.
    """
    arrays = _DOUBLE * sum(math.prod(shape) for shape in shapes.values())
    at, slower = _Sizes.of(shapes), (bits / 128) ** 1.25
    size = _NUMBER + bits / 4
    seconds, numbers = ESTIMATES.get(theorem, _on_ball)(at, shapes)
    return Cost(seconds * slower, 2 * arrays + size * numbers)


@dataclass(frozen=True)
class _Sizes:
    """n samples, C outputs, widths of the layers from the inputs on."""

    n: int
    outputs: int
    widths: list[int]

    @classmethod
    def of(cls, shapes: dict[str, Shape]) -> _Sizes:
        layers = itertools.takewhile(lambda name: name in shapes, (f"W{l}" for l in itertools.count(1)))
        n, outputs = shapes["y"]
        return cls(n, outputs, [shapes["x"][1], *(shapes[name][0] for name in layers)])

    @property
    def units(self) -> int:
        """Of all layers but the inputs."""
        return sum(self.widths[1:])

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return sum((p + 1) * q for p, q in itertools.pairwise(self.widths))


def _spectrum(size: int) -> float:
    """Seconds for verified eigenvalues, where about half of the attempts fail."""
    return 4e-5 * size**2 + 5e-8 * size**3


def _centre(at: _Sizes, radii: int) -> tuple[float, float]:
    """The network, its kernel and the norms at one point, and the bounds over balls of so many radii."""
    n, rows, layers = at.n, at.n * at.outputs, len(at.widths) - 1
    seconds = 5e-6 * rows * at.units + at.parameters * (1.5e-6 + 6e-8 * (n + rows))
    seconds += layers * (_spectrum(rows) + _spectrum(n) + 1e-6 * rows**2) + 2 * _spectrum(rows)
    seconds += layers * n * _spectrum(at.outputs)
    numbers = 5.0 * rows * at.units + 3.0 * (layers + 4) * rows**2
    for p, q in itertools.islice(itertools.pairwise(at.widths), 1, None):
        seconds += _spectrum(min(p, q)) + 5e-8 * min(p, q) ** 2 * max(p, q)
        numbers = max(numbers, 8.0 * min(p, q) ** 2)
    return seconds + radii * (4e-4 + 1e-4 * (layers + 1) ** 2), numbers + 4 * _BLOCK


Shapes = Mapping[str, Shape]
Estimate = tuple[float, float]
"""Seconds, and numbers that are balls at a time."""


def _on_ball(at: _Sizes, shapes: Shapes) -> Estimate:
    """The centre, and a profile where there is a grid."""
    return _centre(at, shapes.get("grid", (1,))[0])


def _trajectory(at: _Sizes, shapes: Shapes) -> Estimate:
    """Theorem D."""
    steps, radii = shapes["rho"][0], shapes["grid"][0]
    seconds, numbers = _centre(at, radii)
    seconds += steps * (seconds / 2 + at.parameters * (6e-6 + 2e-7 * at.n) + 2e-5 * at.n * at.units)
    return seconds, numbers + 12 * at.parameters + 8 * at.n * at.units


def _finite(at: _Sizes, shapes: Shapes) -> Estimate:
    """Theorem T: so many steps that see so many samples each."""
    steps, seen = shapes["batches"]
    part, (seconds, numbers) = replace(at, n=min(seen, at.n)), _centre(at, 1)
    once = _centre(part, 1)[0]
    seconds += steps * (once + at.parameters * (1.2e-5 + 2e-7 * part.n) + 2e-5 * part.n * at.units)
    return seconds, numbers + 20 * at.parameters + 8 * at.n * at.units


def _every_order(at: _Sizes, shapes: Shapes) -> Estimate:
    """Theorems F1, F2 and F4."""
    seconds, numbers = _centre(at, 0)
    rows = at.n * at.outputs
    return seconds + 4 * _spectrum(rows) + 4e-6 * rows**2 + 2e-6 * at.n**2, numbers


def _bplus(at: _Sizes, shapes: Shapes) -> Estimate:
    """Theorem B+: neurons one by one, and matrices of n^2 rows and columns."""
    n, width, phases, cells = at.n, at.widths[1], shapes["eps"][0], shapes["times"][0]
    neuron = 9e-5 * phases * n + cells * (8e-7 * n + 6e-8 * n**2) + 1e-7 * n**4 + 5e-6 * n**2
    seconds = width * neuron + 2 * (cells + 20 * phases) * _spectrum(n) + 1e-5 * n**4 + 1.0 * n
    slice_ = 128.0 * (n**2 * 6 + n * cells * 3 + phases * n * 30)
    return seconds, 10.0 * n**4 + slice_ + 4.0 * n**2 * cells + at.parameters


Estimator = Callable[[_Sizes, Shapes], Estimate]


def _one_after_another(first: Estimator, then: Estimator) -> Estimator:
    def both(at: _Sizes, shapes: Shapes) -> Estimate:
        (seconds, numbers), (more, others) = first(at, shapes), then(at, shapes)
        return seconds + more, max(numbers, others)

    return both


ESTIMATES: dict[str, Estimator] = {
    "B+": _bplus,
    "D": _trajectory,
    "T": _finite,
    "F1": _every_order,
    "F2": _every_order,
    "F4": _every_order,
    "F3": _one_after_another(_finite, _every_order),
    "T+B": _one_after_another(_finite, _on_ball),
    "T+L": _one_after_another(_finite, _on_ball),
    "T+M": _one_after_another(_finite, _on_ball),
}
"""Of theorems whose recheck is more than one centre and one ball."""
