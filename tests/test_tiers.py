"""The page of the tiers says what a record says, and nothing of a run that failed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tiers import page

RECORD = """<testsuites><testsuite>
<testcase classname="tests.a" name="test_one[1]" time="2.0" />
<testcase classname="tests.a" name="test_one[2]" time="3.0" />
<testcase classname="tests.a" name="test_two" time="0.1"><skipped message="no GPU" /></testcase>
<testcase classname="tests.b" name="test_long" time="70"><properties><property name="tier" value="slow" />
</properties>{}</testcase>
</testsuite></testsuites>"""


def test_tiers_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "tests.xml"
    file.write_text(RECORD.format(""), encoding="utf-8")
    said = page(file)
    assert "| `make test` | 2 | 1 | 5 |" in said
    assert "| marked slow | 1 | 0 | 70 |" in said
    assert re.findall(r"`(tests\..*)` \| (\d+)", said)[0] == ("tests.a::test_one", "5")


def test_a_failure_is_not_published(tmp_path: Path) -> None:
    file = tmp_path / "tests.xml"
    file.write_text(RECORD.format("<failure />"), encoding="utf-8")
    with pytest.raises(ValueError, match="test_long failed"):
        page(file)
