"""Graphs at which the second derivative's bounds are attained: what is attained, by exact Hessians."""

from __future__ import annotations

import pytest

from tests.oracles.equality_cases import CASES
from tests.oracles.graphs import parameters, second_derivative_norm


@pytest.mark.parametrize("name", CASES)
def test_the_value_is_attained(name):
    case = CASES[name]()
    found = second_derivative_norm(case.graph, parameters(case.graph), case.x)
    assert found == pytest.approx(case.value, rel=1e-12)
