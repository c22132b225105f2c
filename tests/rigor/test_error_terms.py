"""The mutation gate: every named error term, deleted or scaled by 0.1, is caught by its attack."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from pltheory import rigor
from pltheory.rigor import tables
from tests.rigor.attacks import ATTACKS, SLACK

MODULES = ("roundoff", "midrad", "norms", "residual", "tables", "elementary", "scalar", "interval_arrays", "stacks")
TERMS = [
    (module, term) for module in MODULES for term in importlib.import_module(f"pltheory.rigor.{module}").ERROR_TERMS
]
STEPS = ("up", "down", "below", "above", "lowered", "raised")
"""Terms that return a number moved outward: what is deleted or scaled is the move."""


def scale_term(monkeypatch: pytest.MonkeyPatch, module: str, term: str, factor: float) -> None:
    """Replace the term by a multiple of it."""
    home = importlib.import_module(f"pltheory.rigor.{module}")
    original = getattr(home, term)

    def scaled(*args: Any, **kwargs: Any) -> Any:
        value = original(*args, **kwargs)
        return args[0] + factor * (value - args[0]) if term in STEPS else factor * value

    monkeypatch.setattr(home, term, scaled)
    # No cached table built with the term intact.
    monkeypatch.setattr(tables, "table", tables.table.__wrapped__)


def test_every_module_that_bounds_an_error_is_in_the_gate():
    folder = Path(rigor.__file__).parent
    modules = {file.stem for file in folder.glob("*.py") if "ERROR_TERMS = " in file.read_text(encoding="utf-8")}
    assert modules == set(MODULES)
    # The others round nothing themselves: they put together what these modules bound.
    assert {file.stem for file in folder.glob("*.py")} - modules == {
        "__init__",
        "arithmetic",
        "eigen",
        "environment",
        "errors",
        "one_pass",
        "side_by_side",
    }


def test_every_term_has_an_attack():
    assert sorted(ATTACKS) == sorted(SLACK) == sorted(TERMS)


@pytest.mark.parametrize(("module", "term"), TERMS)
def test_the_code_as_it_stands_survives(module, term):
    ATTACKS[module, term]()


@pytest.mark.parametrize("factor", [0.0, 0.1])
@pytest.mark.parametrize(("module", "term"), TERMS)
def test_a_weakened_term_is_caught(monkeypatch, module, term, factor):
    scale_term(monkeypatch, module, term, factor)
    with pytest.raises(AssertionError):
        ATTACKS[module, term]()


@pytest.mark.parametrize(("module", "term"), TERMS)
def test_results_contain_the_term(monkeypatch, module, term):
    before = SLACK[module, term]()
    # Large enough to show beside the other terms, small enough that nothing overflows.
    scale_term(monkeypatch, module, term, 2.0**60 if term == "remainder" else 2.0**20)
    assert SLACK[module, term]() > before
