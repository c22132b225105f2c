"""Theorem L against runs whose steps are chosen against it: a small part of `tests.level_attack`, and what it finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import level_attack as attack


@pytest.fixture(autouse=True)
def short_runs(monkeypatch):
    monkeypatch.setattr(attack, "MOST", 300)
    monkeypatch.setattr(attack, "LEVELS", 100)


@pytest.mark.slow
def test_no_run_breaks_a_bound():
    found = [f(seed) for f, seeds in ((attack.linear, range(8, 30)), (attack.network, range(10))) for seed in seeds]
    results = [r for r in found if r is not None]
    assert len(results) >= 25
    assert [r.broken for r in results if r.broken] == []
    assert min(r.path for r in results) < 1.5


MUTANTS = {
    "twice the gauge": lambda m: m.setattr(attack, "gauge", _times(attack.gauge, 2.0)),
    "a third of the path": lambda m: m.setattr(attack, "bounds", _but(rho=0.3)),
    "a tenth of the steps": lambda m: m.setattr(attack, "bounds", _but(steps=0.1)),
    "steps beyond 2 / beta": lambda m: m.setattr(attack, "bounds", _but(eta=1.5)),
}


def _times(gauge, factor):
    return lambda *args: factor * gauge(*args)


def _but(**factors):
    right = attack.bounds

    def wrong(*args):
        b = right(*args)
        return None if b is None else replace(b, **{name: by * getattr(b, name) for name, by in factors.items()})

    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_theorem_is_broken(monkeypatch, mutant):
    MUTANTS[mutant](monkeypatch)
    found = (attack.linear(seed) for seed in range(8, 40))
    assert any(r is not None and r.broken for r in found)
