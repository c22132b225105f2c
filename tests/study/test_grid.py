"""The grid of a study: products, ranges, axes of the shape, and what is refused."""

from __future__ import annotations

import pytest

from pltheory.study.config import from_tree, read_config
from pltheory.study.grid import grid
from pltheory.study.store import config_hash
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


@pytest.mark.parametrize("values", [[0, 1, 0], [3, 3]])
def test_a_value_that_stands_twice_is_refused(values):
    with pytest.raises(InvalidInputError, match=r"sweep\.run\.seed = .* stands twice"):
        axis(values)


IMAGES = {
    **TREE,
    "network": {"architecture": "convolutional", "channels": [2, 3]},
    "data": {"source": "digits", "n": 2},
}


@pytest.mark.parametrize(
    ("tree", "sweep", "shapes"),
    [
        (TREE, {"width": [4, 8]}, [[4], [8]]),
        (TREE, {"depth": [1, 3]}, [[8], [8, 8, 8]]),
        (TREE, {"width": {"from": 4, "to": 8, "factor": 2}, "depth": [1, 2]}, [[4], [4, 4], [8], [8, 8]]),
        (IMAGES, {"width": [4, 5]}, [[4, 4], [5, 5]]),
    ],
)
def test_width_and_depth_make_the_layers(tree, sweep, shapes):
    points = grid(from_tree({**tree, "sweep": sweep}))
    found = [getattr(p.network, "hidden", None) or p.network.channels for _, p in points]
    assert found == shapes
    assert [set(values) for values, _ in points] == [{*sweep}] * len(shapes)


MODULE = {**TREE, "network": {"module": "model.py:make"}}


@pytest.mark.parametrize(
    ("tree", "sweep", "said"),
    [
        (TREE, {"width": [4], "network": {"hidden": [[4]]}}, r"sweep\.width: contradicts sweep\.network\.hidden"),
        (TREE, {"width": [0]}, r"sweep\.width = 0: must be whole numbers from 1"),
        (TREE, {"width": [True]}, r"sweep\.width = True"),
        (TREE, {"depth": [1.5]}, r"sweep\.depth = 1\.5"),
        (IMAGES, {"depth": [1]}, r"sweep\.depth = 1: network\.channels = \[2, 3\] has layers of several widths"),
        (MODULE, {"width": [4]}, r"sweep\.width = 4: a network given by module has no width"),
    ],
)
def test_axes_of_the_shape_that_mean_nothing_are_refused(tree, sweep, said):
    with pytest.raises(InvalidInputError, match=said):
        grid(from_tree({**tree, "sweep": sweep}))
