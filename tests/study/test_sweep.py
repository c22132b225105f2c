"""Grids of configurations, and the widths that a sweep grows toward infinity."""

from __future__ import annotations

import math

import pytest
import torch

import pltheory as pl
from pltheory.measure.infinite_width import infinite_width_ntk
from pltheory.study.config import from_tree, read_config
from pltheory.study.store import config_hash
from pltheory.study.sweep import grid, run_sweep
from pltheory.theory import InvalidInputError

TREE = {
    "network": {"hidden": [8]},
    "data": {"source": "digits", "n": 2},
    "optimizer": {"eta": "0.1/beta", "gamma": 0.5, "delta": 0.1},
    "run": {"steps": 5},
}


def axis(spec: object, key: str = "seed") -> list[object]:
    config = from_tree({**TREE, "sweep": {"run": {key: spec}}})
    return [values[f"run.{key}"] for values, _ in grid(config)]


def test_a_grid_is_the_product_in_the_order_of_its_keys():
    config = from_tree(
        {**TREE, "sweep": {"network": {"hidden": [[4], [8, 8]]}, "run": {"seed": [0, 5]}, "loss": ["mean"]}}
    )
    points = grid(config)
    assert [v for v, _ in points] == [
        {"network.hidden": h, "run.seed": s, "loss": "mean"} for h in ([4], [8, 8]) for s in (0, 5)
    ]
    for values, point in points:
        assert point.network.hidden == values["network.hidden"]
        assert point.run.seed == values["run.seed"]
        assert point.loss == "mean"
        assert point.sweep == {}
        assert point.run.steps == 5
    assert len({config_hash(point) for _, point in points}) == 4


def test_dotted_and_nested_sections_are_the_same():
    head = "network.hidden = [8]\ndata = {source = 'digits', n = 2}\noptimizer = {name = 'gd', eta = 0.1}\n"
    dotted = read_config(head + "[sweep]\nrun.seed = [0, 1]\nnetwork.hidden = [[4], [8]]")
    nested = read_config(head + "[sweep.run]\nseed = [0, 1]\n[sweep.network]\nhidden = [[4], [8]]")
    assert [v for v, _ in grid(dotted)] == [v for v, _ in grid(nested)]


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        ({"from": 0, "to": 3, "step": 1}, [0, 1, 2, 3]),
        ({"from": 1, "to": 6, "step": 2}, [1, 3, 5]),
        ({"from": 5, "to": 5, "step": 1}, [5]),
        ({"from": 1, "to": 16, "factor": 2}, [1, 2, 4, 8, 16]),
        ({"from": 3, "to": 20, "factor": 2}, [3, 6, 12]),
    ],
)
def test_a_range_of_whole_numbers_has_both_ends_and_stays_whole(spec, values):
    found = axis(spec)
    assert found == values
    assert all(type(v) is int for v in found)


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        ({"from": 0.1, "to": 0.3, "step": 0.1}, [0.1, 0.2, 0.3]),
        ({"from": 0.1, "to": 0.7, "step": 0.2}, [0.1, 0.3, 0.5, 0.7]),
        ({"from": 1e-6, "to": 1e-3, "factor": 10}, [1e-6, 1e-5, 1e-4, 1e-3]),
        ({"from": 0.1, "to": 0.29, "step": 0.1}, [0.1, 0.2]),
    ],
)
def test_a_range_of_fractions_does_not_lose_its_end_to_round_off(spec, values):
    found = axis(spec, "target")
    assert found == pytest.approx(values, rel=1e-12)
    assert max(found) <= spec["to"]


@pytest.mark.parametrize(
    "spec", [[], 3, "x", {}, {"from": 1}, {"from": 2, "to": 1, "step": 1}, {"from": 1, "to": 1e9, "step": 1}]
)
def test_a_malformed_axis_is_refused(spec):
    with pytest.raises(InvalidInputError, match="sweep"):
        axis(spec)


def test_every_point_is_checked_before_the_first_is_computed(tmp_path):
    config = from_tree({**TREE, "sweep": {"run": {"seed": [0, -1]}}})
    with pytest.raises(InvalidInputError, match=r"run\.seed = -1"):
        run_sweep(config, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_data_file_that_changes_makes_another_point(tmp_path, monkeypatch):
    computed = []

    def compute(values, *_):
        computed.append(values)
        return {"schema": "pltheory-point/1"}

    monkeypatch.setattr("pltheory.study.sweep._compute", compute)
    points, folder = tmp_path / "points.csv", tmp_path / "sweep"
    config = from_tree({**TREE, "data": {"source": str(points), "n": 2}, "sweep": {"run": {"seed": [0]}}})
    for text, times in (("1,2,0\n2,1,1\n", 1), ("1,2,0\n2,1,1\n", 1), ("1,2,0\n2,3,1\n", 2)):
        points.write_text(text, encoding="utf-8")
        run_sweep(config, folder)
        assert len(computed) == times


def test_a_sweep_reports_its_progress_point_by_point(tmp_path, monkeypatch):
    monkeypatch.setattr("pltheory.study.sweep._compute", lambda *_: {})
    config = from_tree({**TREE, "sweep": {"run": {"seed": [0, 1]}}})
    calls = []
    run_sweep(config, tmp_path, progress=lambda *c: calls.append(c))
    assert calls == [(1, 2, "run.seed = 0"), (2, 2, "run.seed = 1")]


def test_lambda_min_nears_its_infinite_width_value(tmp_path):
    """Ten digits: the deviation falls with the width and is a few percent at 4096, on average over three seeds."""
    x, _ = pl.datasets.digits(10)
    limit = pl.lambda_min(infinite_width_ntk(x, hidden_layers=1, activation="tanh")).value
    away = {}
    for width in (64, 4096):
        found = []
        for seed in range(3):
            net = pl.fully_connected([64, width, 1], activation="tanh", seed=seed)
            found.append(pl.lambda_min(pl.empirical_ntk(net, x)).value)
        away[width] = abs(sum(found) / 3 / limit - 1)
    assert away[4096] < 0.05
    assert away[4096] < away[64]


@pytest.mark.parametrize(
    ("activation", "hidden", "draws"),
    [
        ("tanh", [4000], 40),
        ("softplus", [4000], 40),
        ("erf", [4000], 40),
        ("tanh", [600, 600], 40),
        ("gelu", [400, 400, 400], 40),
    ],
)
def test_the_limit_kernel_is_the_mean_of_wide_random_ones(activation, hidden, draws):
    """Within four standard errors of the mean plus an O(1/m) bias, entry by entry."""
    x, _ = pl.datasets.sphere(4, 6, labels="sign", seed=3)
    limit = infinite_width_ntk(x, hidden_layers=len(hidden), activation=activation)
    kernels = torch.stack(
        [pl.empirical_ntk(pl.fully_connected([6, *hidden, 1], activation=activation, seed=s), x) for s in range(draws)]
    )
    error = (kernels.mean(dim=0) - limit).abs()
    allowed = 4 * kernels.std(dim=0) / math.sqrt(draws) + 3 * len(hidden) / hidden[0] * limit.abs().max()
    assert (error <= allowed).all(), (error / allowed).max()
    assert (error <= 0.04 * limit.abs().max()).all(), error.max() / limit.abs().max()


def test_processes_that_share_a_folder_need_no_merging(tmp_path, monkeypatch):
    """Parts of a grid in one folder are the whole: the gathering call computes nothing and says the same."""
    whole = from_tree({**TREE, "sweep": {"network": {"hidden": [[4], [8]]}, "run": {"seed": [0, 1]}}})
    parts = [from_tree({**TREE, "sweep": {"network": {"hidden": [[4], [8]]}, "run": {"seed": [s]}}}) for s in (1, 0)]
    apart = [run_sweep(part, tmp_path) for part in parts]
    monkeypatch.setattr("pltheory.study.sweep._compute", lambda values, *_: pytest.fail(f"computed again: {values}"))
    gathered = run_sweep(whole, tmp_path)
    assert [r["values"] for r in gathered] == [{"network.hidden": h, "run.seed": s} for h in ([4], [8]) for s in (0, 1)]
    numbers = {(r["width"], r["seed"]): r["lambda_min"] for part in apart for r in part}
    assert {(r["width"], r["seed"]): r["lambda_min"] for r in gathered} == numbers
    assert len(numbers) == 4
