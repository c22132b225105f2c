"""The page of the tiers says what the records say, and nothing of a run that failed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tiers import page

FAST = """<testsuites><testsuite time="90">
<testcase classname="tests.a" name="test_one[1]" time="2.0" />
<testcase classname="tests.a" name="test_one[2]" time="3.0" />
<testcase classname="tests.a" name="test_two" time="0.1"><skipped message="no GPU" /></testcase>
</testsuite></testsuites>"""
SLOW = """<testsuites><testsuite time="600">
<testcase classname="tests.b" name="test_long" time="70">{}</testcase>
</testsuite></testsuites>"""


def records(folder: Path, outcome: str = "") -> list[Path]:
    files = [folder / "tests.xml", folder / "slow.xml"]
    for file, text in zip(files, (FAST, SLOW.format(outcome)), strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def test_tiers_are_counted(tmp_path: Path) -> None:
    said = page(records(tmp_path))
    assert "| `make test` | 2 | 1 | 1.5 |" in said
    assert "| marked `slow` | 1 | 0 | 10.0 |" in said
    assert re.findall(r"`(tests\..*)` \| (\d+)", said) == [("tests.a::test_one", "5"), ("tests.a::test_two", "0")]


def test_the_first_tier_alone(tmp_path: Path) -> None:
    assert "slow" not in page(records(tmp_path)[:1])


def test_a_failure_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="test_long failed"):
        page(records(tmp_path, "<failure />"))
