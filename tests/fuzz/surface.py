"""What is fuzzed: a kind of file, how it is mutated, and what the program may do with a mutant.

A mutant is either refused, with one line that names the key, or read; a mutant that is read must mean what an oracle of
the surface says. Everything else is a finding.
"""

from __future__ import annotations

import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

from pltheory.theory.errors import PltheoryError

from .mutate import some_bytes

Files = dict[str, bytes]
"""The files of a case by their names in one folder."""

MOST_SECONDS = 10.0
"""Of processor time, for one case."""
PATIENCE = 100.0
"""Seconds on the clock after which a case is broken off: other work on the machine takes its share."""
MOST_GROWTH = 512 * 2**20
"""Bytes by which a single case may raise the most memory that the process has held."""

MOST_CHARACTERS = 5000
"""Of a line: a path may have 4096."""


class Finding(AssertionError):
    """A mutant that the program did not treat as it must."""


class Surface(Protocol):
    """A kind of file."""

    name: str

    def seeds(self) -> list[Files]:
        """Good cases."""
        ...

    def mutate(self, rng: Random, files: Files) -> Files:
        """A case near another one."""
        ...

    def run(self, folder: Path, files: Files) -> str:
        """Hand the files, written to the folder, to the program; what became of them, in a word or two.

        Raises:
            Finding: not what it must be.
        """
        ...


@dataclass
class Tally:
    """What came of many cases."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[int, str]] = field(default_factory=list)
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, 0)
    growth: int = 0


def case(surface: Surface, seeds: list[Files], seed: int, index: int) -> Files:
    """Mutant number `index` of a run, which depends on nothing else."""
    rng = Random(f"{surface.name} {seed} {index}")
    files = dict(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        try:
            files = surface.mutate(rng, files)
        except Exception:  # a mutant of a mutant need not have what a mutation looks for; its bytes are left
            name = rng.choice(sorted(files))
            files = {**files, name: some_bytes(rng, files[name])}
    return files


def examine(surface: Surface, folder: Path, files: Files) -> tuple[str, float, int]:
    """Run one case: its outcome, seconds, and growth of the most memory held.

    Raises:
        Finding: any exception but those that the surface expects, more time or memory than allowed.
    """
    for name, content in files.items():
        (folder / name).write_bytes(content)
    before, began = peak(), time.thread_time()
    try:
        with alarm(PATIENCE):
            outcome = surface.run(folder, files)
    except Finding:
        raise
    except BaseException as error:
        raise Finding(f"{type(error).__name__}: {str(error)[:300]}") from error
    finally:
        for name in files:
            (folder / name).unlink(missing_ok=True)
    seconds, growth = time.thread_time() - began, peak() - before
    if seconds > MOST_SECONDS:
        raise Finding(f"took {seconds:.1f} s")
    if growth > MOST_GROWTH:
        raise Finding(f"took {growth / 2**20:.0f} MiB")
    return outcome, seconds, growth


def fuzz(
    surface: Surface, folder: Path, indices: range, seed: int, tell: Callable[[Tally], None] = lambda tally: None
) -> Tally:
    """Examine many cases; findings are collected, with their numbers."""
    seeds, tally = surface.seeds(), Tally()
    for index in indices:
        files = case(surface, seeds, seed, index)
        try:
            outcome, seconds, growth = examine(surface, folder, files)
        except Finding as finding:
            tally.findings.append((index, str(finding)))
            tally.outcomes["finding"] += 1
            tell(tally)
            continue
        tally.outcomes[outcome] += 1
        tally.seconds += seconds
        tally.slowest, tally.growth = max(tally.slowest, (seconds, index)), max(tally.growth, growth)
    return tally


def refusal(error: PltheoryError) -> str:
    """The outcome of an error raised on purpose.

    Raises:
        Finding: its message is no single line that can be shown.
    """
    line(str(error))
    return "refused"


def line(message: str) -> None:
    """Require one printable line of a length that can be read.

    Raises:
        Finding: it is not.
    """
    if not message or not message.isprintable() or len(message) > MOST_CHARACTERS:
        raise Finding(f"not one printable line: {message[:200]!r}, {len(message)} characters")


def peak() -> int:
    """Bytes of the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """TimeoutError in the main thread when the time is up, once Python has the word again."""

    def ring(*_: Any) -> None:
        raise TimeoutError(f"not done after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
