"""Choices between rows that all are bounds: the norm is that of one of them, and the least where few are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pltheory.nets.choice import RADII, TRIED, Choices
from pltheory.rigor.arithmetic import INTERVALS
from pltheory.rigor.scalar import interval
from pltheory.theory.arithmetic import ARRAYS, FLOATS

GROUPS = [0, 2, 5]


def drawn(seed: int, nodes: int, rows: int = 3, radii: int = 1) -> np.ndarray:
    """(nodes, rows, radii, groups), some entries 0."""
    rng = np.random.default_rng(seed)
    return rng.exponential(size=(nodes, rows, radii, 3)) * (rng.random((nodes, rows, radii, 3)) > 0.2)


def group_of(node: int) -> int:
    return GROUPS[node % 3]


def given(values: np.ndarray, number):
    """By node its group and rows; what is 0 everywhere has no entry."""
    return {
        10 + v: (group_of(v), [{g: number(row[:, k]) for k, g in enumerate(GROUPS) if row[:, k].any()} for row in rows])
        for v, rows in enumerate(values)
    }


def norms(values: np.ndarray, picks) -> np.ndarray:
    """Of the matrices of some choices, (picks, radii), rows of one group added."""
    found = []
    for pick in picks:
        m = np.zeros((values.shape[2], 3, 3))
        for v, k in enumerate(pick):
            m[:, GROUPS.index(group_of(v))] += values[v, k]
        found.append(np.linalg.norm(m, 2, axis=(1, 2)))
    return np.array(found)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("nodes", [1, 3])
def test_of_few_choices_the_least_is_taken(seed, nodes):
    values = drawn(seed, nodes)
    least = norms(values, itertools.product(range(3), repeat=nodes)).min()
    found = Choices(given(values, lambda x: float(x[0])), GROUPS, FLOATS, 0.0)
    assert found.norm() == pytest.approx(least, rel=1e-12)
    enclosed = Choices(given(values, lambda x: interval(float(x[0]))), GROUPS, INTERVALS, interval(0.0)).norm()
    assert least * (1 - 1e-12) <= enclosed.hi <= least * (1 + 1e-6)
    taken = found.chosen()
    picks = [
        tuple(next(k for k, row in enumerate(rows) if row is taken[v]) for v, (_, rows) in given_rows.items())
        for given_rows in [found._rows]
    ]
    assert norms(values, picks)[0] == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_of_many_choices_none_is_worse_than_taking_the_same_row_everywhere(seed):
    values = drawn(seed, 6)
    assert TRIED < 3**6
    every = norms(values, itertools.product(range(3), repeat=6))
    found = Choices(given(values, lambda x: float(x[0])), GROUPS, FLOATS, 0.0).norm()
    assert every.min() * (1 - 1e-12) <= found <= norms(values, [(k,) * 6 for k in range(3)]).min() * (1 + 1e-12)
    assert np.isclose(every, found, rtol=1e-12).any(), "it is the norm of a choice"


@pytest.mark.parametrize("seed", range(6))
def test_several_radii_share_choices(seed):
    """A bound at each radius; the least where choices are compared."""
    values = np.sort(drawn(seed, 3, radii=11), axis=2)
    least = norms(values, itertools.product(range(3), repeat=3)).min(axis=0)
    found = Choices(given(values, lambda x: x), GROUPS, ARRAYS, np.zeros(11)).norm()
    assert (found >= least * (1 - 1e-12)).all()
    compared = [int(part * 10) for part in RADII]
    np.testing.assert_allclose(found[compared], least[compared], rtol=1e-12)


def test_nothing_moves():
    assert Choices({}, [], FLOATS, 0.0).chosen() == {}
