"""The matrix of processors covers what it says: every value of one switch with every value of each other one."""

from __future__ import annotations

import itertools

from tests.processors import PAGE, ROOT, TESTS, page, settings


def test_every_pair_of_values_occurs():
    rows = [(s.capability, s.mkl, s.threads, s.moved) for s in settings()]
    values = [sorted({row[k] for row in rows}, key=str) for k in range(4)]
    assert [len(v) for v in values] == [3, 3, 2, 2]
    for a, b in itertools.combinations(range(4), 2):
        assert {(row[a], row[b]) for row in rows} == set(itertools.product(values[a], values[b]))


def test_a_switch_that_is_unset_is_taken_out_of_the_environment(monkeypatch):
    for name in ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "LAST_PLACE"):
        monkeypatch.setenv(name, "left over")
    for s in settings():
        seen = s.environment
        assert seen.get("ATEN_CPU_CAPABILITY", "") == s.capability
        assert seen.get("MKL_CBWR", "") == s.mkl
        assert ("LAST_PLACE" in seen) == s.moved
        assert seen["OMP_NUM_THREADS"] == str(s.threads)


def test_the_tests_are_there_and_failures_are_named():
    assert all((ROOT / name.partition("::")[0]).is_file() for name in TESTS)
    assert PAGE.parent.is_dir()
    text = page([("| row |", ["a.b::c"]), ("| other |", [])])
    assert "- `a.b::c`" in text
    assert "Failed" not in page([("| row |", [])])
