"""Run a cell: every solver warm in its process, then round after round of ours, peer, ours, peer."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from process import ENVIRONMENTS, Worker
from rows import Cell

ROUND = 0.15
"""Seconds that one solver's part of a round fills with repeated calls, whose median counts."""
BUDGET = 14.0
"""Seconds for the rounds of one cell, three rounds at least."""
SLOW = 5.0
"""A solver that takes longer than this takes part in two rounds only."""
ROUNDS = (3, 15)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of one number over the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Measured:
    """One solver on one cell.

    Attributes:
        solver: its name.
        value: seconds, or bytes where the cell measures memory; None where it does not fit.
        ratio: ours over this peer, round by round; None for ours.
        error: relative difference from the reference, or from ours.
        note: why there is no value.
    """

    solver: str
    value: Spread | None
    ratio: Spread | None = None
    error: float | None = None
    note: str = ""


class Disagreement(AssertionError):
    """Two solvers that compute the same number do not."""


class Runner:
    """The worker processes of a run, started when first needed.

    Args:
        scratch: folder for results and logs.
        say: where progress goes.
        budget: seconds for the rounds of a cell.
    """

    def __init__(self, scratch: Path, say: Say, budget: float = BUDGET) -> None:
        self._scratch, self._say, self._budget = scratch, say, budget
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def _worker(self, module: str) -> Worker:
        if module not in self._workers:
            self._workers[module] = Worker(module, self._scratch)
        return self._workers[module]

    def run(self, cell: Cell) -> list[Measured]:
        """Ours first, then the peers.

        Raises:
            Disagreement: results differ by more than the cell allows.
        """
        self._say(cell.title)
        contenders = [(cell.peers[0][0] if cell.beside else "ours", cell.ours), *cell.peers]
        fitting = [c for c in contenders if (reason(cell, c) is None)]
        values = self._memory(cell, fitting) if cell.memory else self._times(cell, fitting)
        return [values.get(c, Measured(c[1], None, note=reason(cell, c) or "")) for c in contenders]

    def _times(self, cell: Cell, contenders: list[tuple[str, str]]) -> dict:
        handles, results, guess = {}, {}, {}
        for c in contenders:
            handles[c] = self._worker(c[0]).prepare(c[1], _case_of(cell, c))
            start = time.perf_counter()
            results[c] = self._worker(c[0]).result(handles[c])
            guess[c] = time.perf_counter() - start
            if guess[c] < SLOW / 2:
                # The first call of something fast is mostly what it does only once.
                guess[c] = self._worker(c[0]).seconds(handles[c])[0]
        errors = self._errors(cell, contenders, results)
        spent = sum(max(ROUND, t) for t in guess.values() if t <= SLOW)
        rounds = int(min(max(self._budget / max(spent, 1e-9), ROUNDS[0]), ROUNDS[1]))
        seen: dict[tuple[str, str], list[float]] = {c: [] for c in contenders}
        for i in range(rounds):
            for c in contenders if i % 2 == 0 else contenders[::-1]:
                if guess[c] > SLOW and i >= 2:
                    continue
                calls = max(1, min(100, int(ROUND / guess[c])))
                per = cell.per[0] if c == contenders[0] else cell.per[1]
                seen[c].append(statistics.median(self._worker(c[0]).seconds(handles[c], calls)) / per)
        for c in contenders:
            self._worker(c[0]).drop(handles[c])
        return self._compared(contenders, seen, errors)

    def _memory(self, cell: Cell, contenders: list[tuple[str, str]]) -> dict:
        seen: dict[tuple[str, str], list[float]] = {c: [] for c in contenders}
        for c in contenders:
            # What a library loads at its first call is no memory of the computation.
            worker = Worker(c[0], self._scratch)
            worker.seconds(worker.prepare(c[1], {**cell.case, **cell.small}))
            seen[c].append(worker.peak(worker.prepare(c[1], cell.case))[0])
            worker.close()
        return self._compared(contenders, seen, {})

    def _compared(self, contenders: list[tuple[str, str]], seen: dict, errors: dict) -> dict:
        ours, found = contenders[0], {}
        for c in contenders:
            ratios = [a / b for a, b in zip(seen[ours], seen[c], strict=False) if b > 0]
            ratio = None if c == ours or not ratios else Spread.of(ratios)
            found[c] = Measured(c[1], Spread.of(seen[c]), ratio, errors.get(c))
            self._say(f"  {c[1]}: {found[c].value}" + (f", ratio {ratio.median:.3g}" if ratio else ""))
        return found

    def _errors(self, cell: Cell, contenders: list, results: dict) -> dict:
        if cell.exact is not None:
            return {c: abs(float(results[c]) / cell.exact - 1) for c in contenders}
        if cell.reference is not None:
            module, solver = cell.reference
            worker = self._worker(module)
            handle = worker.prepare(solver, {**cell.case, "n": cell.case["peer_n"], "dtype": "float64"})
            wanted = worker.result(handle)
            worker.drop(handle)
            return {c: float(np.abs(results[c][: len(wanted)] / wanted - 1).max()) for c in contenders}
        if cell.tolerance is None:
            return {}
        ours = results[contenders[0]]
        errors = {c: float(np.abs(results[c] - ours).max() / np.abs(ours).max()) for c in contenders[1:]}
        for (_, solver), error in errors.items():
            if not error <= cell.tolerance:
                raise Disagreement(f"{cell.title}: {solver} differs from ours by {error:.1e}")
        return errors


def _case_of(cell: Cell, contender: tuple[str, str]) -> dict:
    """Peers that take seconds a sample are given fewer samples."""
    ours = contender[1] == cell.ours
    return cell.case if ours or "peer_n" not in cell.case else {**cell.case, "n": cell.case["peer_n"]}


def reason(cell: Cell, contender: tuple[str, str]) -> str | None:
    """Why a solver is left out, or None."""
    module, solver = contender
    if not ENVIRONMENTS[module].exists():
        return "not installed"
    needed = cell.needs.get(solver, 0.0)
    if needed > available():
        return f"does not fit: needs {needed / 2**30:.0f} GiB"
    return None


def available() -> float:
    """Memory that can be had without swapping, in bytes."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return 1024.0 * int(line.split()[1])
    raise ValueError("/proc/meminfo has no MemAvailable")
