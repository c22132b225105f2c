"""Data that no theorem can start from are refused, and antipodal points are found."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch

from pltheory.problem import admissible, data
from pltheory.problem.admissible import antipodal_pair, check_data
from pltheory.theory import InvalidInputError


def refused(*parts):
    """One line that holds the parts in this order."""
    return pytest.raises(InvalidInputError, match="^[^\n]*" + "[^\n]*".join(map(re.escape, parts)) + "[^\n]*$")


def tensors(x, y=None, dtype=torch.float64):
    x = torch.as_tensor(x, dtype=dtype)
    return x, torch.ones(len(x), 1, dtype=dtype) if y is None else y


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((2, 2)), torch.zeros(2, 1), ("x is of type ndarray", "torch.Tensor")),
        (torch.zeros(2, 2, dtype=torch.int64), torch.zeros(2, 1), ("x has dtype torch.int64", "float64")),
        (torch.zeros(4), torch.zeros(4, 1), ("x has shape (4,)", "(n, d)", "x[:, None]")),
        (torch.eye(4), torch.zeros(4), ("y has shape (4,)", "(n, C)", "y[:, None]")),
        (torch.zeros(0, 3), torch.zeros(0, 1), ("x has shape (0, 3)", ">= 1")),
        (torch.zeros(3, 0), torch.zeros(3, 1), ("x has shape (3, 0)", ">= 1")),
        (torch.eye(3), torch.zeros(3, 0), ("y has shape (3, 0)", ">= 1")),
        (torch.zeros(2, 3, 0), torch.zeros(2, 1), ("x has shape (2, 3, 0)", ">= 1")),
        (torch.zeros(2, 3, 4), torch.zeros(2, 1), ("x: rows 0 and 1 (from 0) are equal",)),
        (torch.eye(4).reshape(4, 2, 2), torch.zeros(4, 2, 1).long(), ("y has dtype torch.int64", "float64")),
        (torch.eye(4).reshape(4, 2, 2), torch.zeros(4).long(), ("y has dtype torch.int64", "float64")),
        (
            torch.tensor([[[0.0], [1.0]], [[1.0], [math.nan]]]),
            torch.zeros(2, 1),
            ("x: row 1 (from 0), column 2", "nan", "finite"),
        ),
        (torch.eye(3), torch.zeros(2, 1), ("y has 2 rows and x has 3", "one target a point")),
        (
            torch.eye(3),
            torch.zeros(3, 1, dtype=torch.float64),
            ("torch.float64", "torch.float32", "one of each"),
        ),
        (torch.tensor([[0.0, 1], [1, math.nan]]), torch.zeros(2, 1), ("x: row 1", "nan", "finite")),
        (torch.tensor([[0.0, 1], [-math.inf, 0]]), torch.zeros(2, 1), ("x: row 1", "-inf", "finite")),
        (torch.eye(3), torch.tensor([[0.0], [0], [math.inf]]), ("y: row 2", "inf", "finite")),
    ],
)
def test_check_data_refuses(x, y, message):
    with refused(*message):
        check_data(x, y)
    with refused(*message):
        data.Data(x, y)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_duplicates_are_found_wherever_they_are(dtype):
    x = torch.randn(60, 7, generator=torch.Generator().manual_seed(0), dtype=dtype)
    check_data(*tensors(x, dtype=dtype))
    for i, j in [(3, 17), (0, 59), (58, 59), (0, 1)]:
        twice = x.clone()
        twice[j] = twice[i]
        with refused(f"x: rows {i} and {j} (from 0) are equal: ", "duplicate points make lambda_min zero"):
            check_data(*tensors(twice, dtype=dtype))


def test_duplicates_with_other_targets_signed_zeros_or_huge_neighbours():
    with refused("rows 0 and 1", "equal"):
        check_data(torch.tensor([[0.0, 1.0], [-0.0, 1.0]]), torch.tensor([[1.0], [-1.0]]))
    with refused("rows 0 and 2", "equal"):
        check_data(*tensors([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]))
    with refused("rows 1 and 2", "equal"):
        check_data(*tensors([[1e100, 0.0], [3e-7, 1e-7], [3e-7, 1e-7], [2e-7, 1e-7]]))


def test_rows_that_scaling_makes_parallel_are_duplicates(tmp_path):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((30, 11))
    x[21] = 3.7 * x[4]
    np.savez(tmp_path / "a.npz", x=x, y=np.zeros(30))
    with refused("rows 4 and 21 (from 0) are equal", "after centring and scaling"):
        data.load(tmp_path / "a.npz", center=False)
    assert data.load(tmp_path / "a.npz", center=False, scale="none").n == 30
    assert data.load(tmp_path / "a.npz", center=False, n=21).n == 21


def test_close_points_are_not_duplicates():
    x = torch.tensor([[1.0, 2.0], [1.0, 2.0 + 1e-13]], dtype=torch.float64)
    check_data(*tensors(x))
    with refused("equal up to rounding"):
        check_data(*tensors([[1.0, 2.0], [1.0, 2.0 + 1e-15]]))
    single = torch.tensor([[1.0, 2.0], [1.0, 2.0001]])
    check_data(*tensors(single, dtype=torch.float32))


def test_duplicate_search_agrees_with_comparing_all_pairs():
    generator = torch.Generator().manual_seed(1)
    seen = set()
    for _ in range(200):
        x = torch.randint(-2, 3, (5, 3), generator=generator).to(torch.float64)
        equal = any(torch.equal(x[i], x[j]) for i in range(5) for j in range(i))
        opposite = any(torch.equal(x[i], -x[j]) for i in range(5) for j in range(i + 1))
        seen.add((equal, opposite))
        if equal:
            with refused("equal"):
                check_data(*tensors(x))
        else:
            check_data(*tensors(x))
        found = antipodal_pair(x)
        assert (found is not None) == opposite
        if found is not None:
            assert torch.equal(x[found[0]], -x[found[1]])
    assert len(seen) == 4  # every case occurred


def test_antipodal_points_pass_the_check_and_are_named():
    x = torch.randn(40, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert antipodal_pair(x) is None
    x[31] = -x[8]
    check_data(*tensors(x))
    assert antipodal_pair(x) == (8, 31)
    x[5] = 0
    assert antipodal_pair(x) == (5, 5)


def test_many_points_are_checked_without_comparing_all_pairs(monkeypatch):
    found = data.sphere(20_000, 8, seed=0)
    calls = {"pairs compared in full": 0, "sweeps over the points": 0}
    norm, absolute = np.linalg.norm, np.abs

    def counted_norm(a, **keywords):
        calls["pairs compared in full"] += a.ndim == 1
        return norm(a, **keywords)

    def counted_abs(a):
        calls["sweeps over the points"] += 1
        return absolute(a)

    monkeypatch.setattr(admissible.np.linalg, "norm", counted_norm)
    monkeypatch.setattr(admissible.np, "abs", counted_abs)
    assert antipodal_pair(found.x) is None
    check_data(found.x, found.y)
    assert all(count < 50 for count in calls.values()), calls  # of 4e8 pairs and 4e4 sweeps
    assert calls["sweeps over the points"] > 0
