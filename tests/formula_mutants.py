"""Formulas that pass their checks as they stand, and whose wrong versions are noticed: three tests of a module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from tests.nets.graph_mutants import Mutant

Tests = tuple[Callable[[str], None], Callable[[pytest.MonkeyPatch, Mutant], None], Callable[[], None]]


def held_to(checks: Mapping[str, Callable[[], list[str]]], mutants: Sequence[Mutant]) -> Tests:
    """That the formulas pass, that each mutant is noticed by its check, and that mutants have names of their own.

    Args:
        checks: by name; a list of what is wrong.
        mutants: each with the name of a check.
    """

    @pytest.mark.parametrize("name", checks)
    def pass_as_they_stand(name: str) -> None:
        assert checks[name]() == []

    @pytest.mark.slow
    @pytest.mark.parametrize("mutant", mutants, ids=lambda m: m.name)
    def noticed(monkeypatch: pytest.MonkeyPatch, mutant: Mutant) -> None:
        mutant.plant(monkeypatch)
        assert checks[mutant.check]()

    def have_names_of_their_own() -> None:
        assert len({m.name for m in mutants}) == len(mutants)

    return pass_as_they_stand, noticed, have_names_of_their_own
