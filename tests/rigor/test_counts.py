"""The page of counts says what the records say, and nothing where a test failed."""

from __future__ import annotations

import pytest

from tests.rigor.counts import page

CASES = '<properties><property name="cases: add" value="{}"/></properties>'
RECORD = f"""<testsuite>
<testcase classname="t" name="test_sum[0]">{CASES.format("{cases}")}</testcase>
<testcase classname="t" name="test_sum[1]">{CASES.format(5)}</testcase>
<testcase classname="t" name="test_a_weakened_term_is_caught[midrad-inner_rounding-0.0]"/>
<testcase classname="t" name="test_a_weakened_term_is_caught[midrad-inner_rounding-0.1]">{{inside}}</testcase>
</testsuite>"""


def test_counts_are_summed_over_tests_and_the_longer_run_counts(tmp_path):
    files = []
    for cases in (1000, 30):
        files.append(tmp_path / f"{cases}.xml")
        files[-1].write_text(RECORD.format(cases=cases, inside=""), encoding="utf-8")
    text = page(files)
    assert "| add | 1,005 |" in text
    assert "Tests passed: 4; violations: 0; differential cases: 1,005, \nat least 1,005 for each primitive." in text
    assert "Mutants killed: 2 of 2, over 1 error terms." in text
    assert "| midrad.inner_rounding | 0.0, 0.1 |" in text


def test_a_failure_or_a_skipped_mutant_is_not_published(tmp_path):
    file = tmp_path / "a.xml"
    file.write_text(RECORD.format(cases=1, inside="<failure/>"), encoding="utf-8")
    with pytest.raises(ValueError, match="failed"):
        page([file])
    file.write_text(RECORD.format(cases=1, inside="<skipped/>"), encoding="utf-8")
    assert "Mutants killed: 1 of 1" in page([file])
