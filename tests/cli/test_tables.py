"""Tables on terminals: they fit 80 columns without breaking a word, and use more where there is more."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.cli.program import Warm

RULES = re.compile(r"[\s─-╿]+")


def lines(warm: Warm, words: list[object], folder, width: int) -> list[str]:
    before = f"from pltheory.cli import options; options.out.width = {width}"
    end = warm(*words, folder=folder, before=before)
    assert end.code in (0, 3), end.stderr
    return end.stdout.splitlines()


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


def test_progress_names_its_phase_and_counts_nothing_that_is_not_known(warm, small, tmp_path):
    before = (
        "from pltheory.cli import options\n"
        "options.err._force_terminal = True\n"
        "options.err.width = 100\n"
        "import rich.progress\n"
        "made = rich.progress.Progress.update\n"
        "def update(self, *args, **kwargs):\n"
        "    self.refresh(); made(self, *args, **kwargs); self.refresh()\n"
        "rich.progress.Progress.update = update\n"
    )
    end = warm("verify", small, "--out", "run", folder=tmp_path, before=before)
    assert end.code == 3, end.stderr
    assert "None" not in end.stderr
    assert "measuring, proving" in end.stderr
    assert "running, loss" in end.stderr
    assert "20/20" in end.stderr
