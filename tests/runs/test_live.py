"""The live panel says what the audit says, and nothing where nobody looks."""

from __future__ import annotations

import io
import math

import pytest
import torch
from rich.console import Console

import pltheory as pl
from pltheory.runs.live import LivePanel
from pltheory.runs.reading import HeldTheorem, Reading
from pltheory.theory.bound import exact, lower

ROWS = [(0.5, 1.0, 0.1), (2.0, 1.0, 0.1), (3.0, 1.0, 0.1), (30.0, 1.0, 0.1), (math.nan, 1.0, 0.1), (4.0, math.nan, 0.1)]


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)


def test_counts_norms_and_the_last_measurement():
    console = terminal()
    panel = LivePanel(console)
    panel.start()
    panel.stepped(ROWS[:2])
    panel.stepped(ROWS[2:])
    held = HeldTheorem("B", "UNDECIDED", (("a", "HOLDS", ""), ("b", "UNDECIDED", "")))
    panel.measured(Reading(4, 1.5, 0.1, exact(2.0, ""), None, 0.25, lower(30.0, ""), (held,)))
    panel.stop()
    assert (panel.full, panel.clipped, panel.floored, panel.unknown, panel.steps) == (1, 2, 1, 2, 6)
    assert (panel.last, panel.largest) == (4.0, 30.0)
    told = pl.audit([r[0] for r in ROWS[:4]], gamma=1.0, delta=0.1)
    assert (told.full, told.clipped, told.floored) == (panel.full, panel.clipped, panel.floored)
    said = console.file.getvalue()
    for words in ("step 6", "25.0%", "delta has held a step up", "≥ 30, 2 / eta = 20", "UNDECIDED, 1 of 2 hypotheses"):
        assert words in said


@pytest.mark.parametrize(
    ("rows", "words"),
    [(ROWS[:1], "not clipped so far"), (ROWS[:2], "GClip's so far"), (ROWS[5:], "branches not known")],
)
def test_what_it_concludes_so_far(rows, words):
    console = terminal()
    panel = LivePanel(console)
    panel.start()
    panel.stepped(rows)
    panel.stop()
    assert words in console.file.getvalue()


def test_where_there_is_no_terminal_nothing_is_drawn(capsys):
    console = Console(file=io.StringIO(), width=80)
    panel = LivePanel(console)
    panel.start()
    panel.stepped(ROWS)
    assert not panel.due
    panel.stop()
    assert console.file.getvalue() == ""
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = pl.optim.GClip([w], lr=0.1, gamma=1.0)
    with pl.Monitor(optimizer, live=True) as monitor:
        for _ in range(3):
            w.grad = torch.ones(2)
            optimizer.step()
    assert monitor.audit().clipped == 3
    assert capsys.readouterr() == ("", "")


def test_a_monitor_draws_on_a_terminal_and_ends_with_all_steps(monkeypatch):
    from pltheory.runs import live

    console = terminal()
    monkeypatch.setattr(live, "Console", lambda **_: console)
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = pl.optim.GClip([w], lr=0.1, gamma=1.0)
    with pl.Monitor(optimizer, live=True):
        for _ in range(5):
            w.grad = torch.ones(2)
            optimizer.step()
    assert "step 5" in console.file.getvalue()
