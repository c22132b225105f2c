"""Tables on terminals: they fit 80 columns without breaking a word, and use more where there is more."""

from __future__ import annotations

import io
import re
from collections import Counter

import pytest
from rich.console import Console

from pltheory.cli import options
from tests.cli.program import Warm

RULES = re.compile(r"[\s─-╿]+")


def lines(warm: Warm, words: list[object], folder, width: int) -> list[str]:
    before = f"from pltheory.cli import options; options.out.width = {width}"
    end = warm(*words, folder=folder, before=before)
    assert end.code in (0, 3), end.stderr
    return end.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["datasets"], ["measure"], ["check", "--theorem", "all"], ["width", "--seeds", "1"]], ids=lambda w: w[0]
)
def test_a_table_fits_and_breaks_no_word(warm, small, tmp_path, words):
    said = [*words, small] if words[0] != "datasets" else words
    narrow, wide = (lines(warm, said, tmp_path, width) for width in (80, 180))
    assert max(map(len, narrow)) <= 80
    assert 80 < max(map(len, wide)) <= 180
    assert len(wide) < len(narrow)
    one, other = (Counter(RULES.split(" ".join(text))) for text in (narrow, wide))
    assert not {word for word in (one - other) + (other - one) if word}


def test_progress_names_its_phase_and_counts_nothing_that_is_not_known(monkeypatch):
    terminal = Console(file=io.StringIO(), force_terminal=True, width=120, _environ={"TERM": "xterm"})
    monkeypatch.setattr(options, "err", terminal)
    seen = []
    with options.progress_bar("verifying", "measuring, proving") as told:
        seen.append(terminal.file.getvalue())
        told(3, 20, "running, loss 0.1 of its start")
    seen.append(terminal.file.getvalue())
    assert "verifying" in seen[0]
    assert "measuring, proving" in seen[0]
    assert "3/20" in seen[1]
    assert "running, loss 0.1 of its start" in seen[1]
    assert "None" not in seen[1]
