"""Every file that was treated wrongly once, kept: it is refused, or read as the oracle of its surface has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import surface
from tests.fuzz.surface import examine

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(p for p in CORPUS.glob("*/*") if p.is_dir())


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[f"{c.parent.name}-{c.name}" for c in CASES])
def test_a_case_of_the_corpus(case: Path, tmp_path: Path) -> None:
    """The first word of a case's name says what becomes of it: refused, or read."""
    files = {p.name: p.read_bytes() for p in case.iterdir()}
    outcome, _, _ = examine(surface(case.parent.name), tmp_path, files)
    assert outcome.startswith(case.name.partition("-")[0])


def test_the_corpus_is_there_and_small() -> None:
    assert {c.parent.name for c in CASES} == {"certificates", "checkpoints", "configs", "data"}
    assert sum(p.stat().st_size for p in CORPUS.rglob("*") if p.is_file()) < 300_000
