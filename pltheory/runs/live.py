"""A panel that is drawn over itself on a terminal while a run goes on: branches, norms, the last measurement."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..theory.bound import SIGNS, Bound
from ..theory.digits import shown
from .audit import audit
from .reading import Reading

_PAUSE = 0.5
"""Seconds between two drawings."""


class LivePanel:
    """What is drawn of a monitor's numbers; on standard error, and nothing where that is no terminal.

    Args:
        console: another one, for tests.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = Console(stderr=True) if console is None else console
        self._live: Live | None = None
        self._next = 0.0
        self.steps = self.unknown = 0
        self.full = self.clipped = self.floored = 0
        self.last = self.largest = math.nan
        self.reading: Reading | None = None

    @property
    def due(self) -> bool:
        """Whether it is time to draw again."""
        return self._live is not None and time.perf_counter() >= self._next

    def start(self) -> None:
        """Begin to draw."""
        if self._console.is_terminal:
            self._live = Live(self.drawn(), console=self._console, auto_refresh=False)
            self._live.start(refresh=True)

    def stop(self) -> None:
        """Draw a last time; what was drawn stays."""
        if self._live is not None:
            self._live.update(self.drawn(), refresh=True)
            self._live.stop()
            self._live = None

    def stepped(self, rows: Sequence[tuple[float, ...]]) -> None:
        """Count steps: norm, gamma and delta of each, NaN where there is none."""
        numbers = np.array([row[:3] for row in rows], dtype=float).reshape(-1, 3)
        self.steps += len(numbers)
        told = np.isfinite(numbers[:, 0]) & ~np.isnan(numbers).any(axis=1)
        self.unknown += int((~told).sum())
        if len(numbers):
            self.last, self.largest = float(numbers[-1, 0]), float(np.fmax(self.largest, np.fmax.reduce(numbers[:, 0])))
        if told.any():
            norms, gamma, delta = numbers[told].T
            found = audit(norms, gamma=gamma, delta=delta)
            self.full, self.clipped, self.floored = (
                self.full + found.full, self.clipped + found.clipped, self.floored + found.floored
            )  # fmt: skip
        self._draw()

    def measured(self, reading: Reading) -> None:
        """Take a new measurement."""
        self.reading = reading
        self._draw()

    def drawn(self) -> RenderableType:
        """The panel as it is now."""
        parts: list[RenderableType] = [self._branches(), Text(f"norm {self.last:.4g}, largest {self.largest:.4g}")]
        if self.reading is not None:
            parts.append(_measurement(self.reading))
        return Panel(Group(*parts), title=f"step {self.steps}", title_align="left", width=min(self._console.width, 72))

    def _branches(self) -> RenderableType:
        told = self.full + self.clipped + self.floored
        if not told:
            return Text("branches not known: the optimizer has no gamma and delta", style="dim")
        table = Table.grid(padding=(0, 2))
        for name, count in (("full", self.full), ("clipped", self.clipped), ("floored", self.floored)):
            table.add_row(name, Text(f"{count}", justify="right"), f"{count / told:.1%}")
        if self.unknown:
            table.add_row("not told", Text(f"{self.unknown}", justify="right"), "")
        if self.floored:
            said = "delta has held a step up"
        else:
            said = "GClip's so far" if self.clipped else "not clipped so far"
        return Group(table, Text(said, style="bold"))

    def _draw(self) -> None:
        if self._live is not None and self.due:
            self._live.update(self.drawn(), refresh=True)
            self._next = time.perf_counter() + _PAUSE


def _measurement(reading: Reading) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    rows: list[tuple[str, str]] = [("distance", f"{reading.distance:.4g}")]
    for name, bound in (("PL* ratio", reading.pl_ratio), ("lambda_min(K)", reading.lambda_min)):
        rows += [(name, _of(bound))] if bound is not None else []
    if reading.kernel_drift is not None:
        rows.append(("kernel drift", f"{reading.kernel_drift:.4g}"))
    if reading.sharpness is not None:
        edge = 2 / reading.eta if reading.eta else math.inf
        rows.append(("sharpness", f"{_of(reading.sharpness)}, 2 / eta = {edge:.4g}"))
    for held in reading.theorems:
        fine = sum(verdict in ("HOLDS", "CERTIFIED") for _, verdict, _ in held.rows)
        rows.append((f"Theorem {held.theorem}", f"{held.verdict}, {fine} of {len(held.rows)} hypotheses"))
    for name, value in rows:
        table.add_row(name, value)
    return Group(Text(f"before step {reading.step}", style="dim"), table)


def _of(bound: Bound) -> str:
    return f"{SIGNS[bound.kind]} {shown(bound.value, 4, bound.kind)}"
