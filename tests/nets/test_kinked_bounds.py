"""Bounds over balls in which pieces may change: a small part of `tests.kink_attack`, and how they compare."""

from __future__ import annotations

import numpy as np
import pytest

from pltheory.nets import units
from pltheory.nets.jumps import Margins
from pltheory.nets.kinked import Dropped, KinkedBounds, kept_kernel
from tests.kink_attack import one
from tests.oracles.kink_attack import Attack
from tests.oracles.kink_bounds import Arithmetic, kept_columns
from tests.oracles.kinked import starts
from tests.oracles.random_kinks import KINDS, MORE, random_kinks


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5000, 5000 + 2 * len(KINDS)))
def test_no_weights_of_a_ball_break_a_bound(seed):
    _, found = one(seed)
    assert found.broken == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", MORE)
def test_no_weights_break_a_bound_beside_products_and_fixed_maps(kind):
    for seed in range(4):
        assert one(seed, kind)[1].broken == []


def claimed(seed: int, radius: float, arith: Arithmetic, kind: str | None = None) -> dict[str, float]:
    drawn = random_kinks(seed, kind)
    bounds = KinkedBounds.of(arith.centre(drawn.graph, drawn.x))
    ops, number = arith.of
    s = arith.number(radius)
    out = {}
    for k, change in enumerate(bounds.over(s, ops, number).changes()):
        out[f"jump{k}"], out[f"smooth{k}"] = arith.high(change.jump), arith.high(change.smooth)
    out["kap"], out["ell"] = map(arith.high, bounds.over(s, ops, number).pairs())
    small = arith.number(radius / 50)
    out["kap of steps"] = arith.high(bounds.over(s, ops, number).pairs(small, small)[0])
    return out


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_enclosures_are_above_floats_and_near(seed):
    plain, verified = (claimed(seed + 50, 0.2, Arithmetic(v)) for v in (False, True))
    assert plain.keys() == verified.keys()
    for name, value in plain.items():
        assert value <= verified[name] * (1 + 1e-9) + 1e-12
        assert verified[name] <= value * (1 + 1e-4) + 1e-6


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_jumps_grow_with_the_radius_and_steps_cost_less(seed):
    low, high = claimed(seed, 0.05, Arithmetic(False)), claimed(seed, 0.4, Arithmetic(False))
    for name in ("jump0", "smooth0", "kap", "ell"):
        assert low[name] <= high[name] * (1 + 1e-12)
    assert high["kap of steps"] <= high["kap"] * (1 + 1e-12)
    # Any two points of the ball may have the centre for one of them.
    assert high["jump0"] <= high["kap"] * (1 + 1e-12)
    # Columns left out leave less.
    for k in (1, 2):
        if f"jump{k}" in high:
            assert high[f"jump{k}"] <= high["jump0"] * (1 + 1e-12)
    if "jump2" in high:
        assert high["jump2"] == 0.0


@pytest.mark.parametrize("kind", ["one", "conv", "residual_conv", "two"])
def test_without_products_of_patches_the_bounds_hold_and_are_no_smaller(kind, monkeypatch):
    fine = claimed(3, 0.3, Arithmetic(False), kind)
    monkeypatch.setattr(units, "MOST_POSITIONS", 0)
    coarse = claimed(3, 0.3, Arithmetic(False), kind)
    assert all(coarse[name] >= value * (1 - 1e-12) for name, value in fine.items())
    drawn = random_kinks(3, kind)
    attack = Attack(drawn.graph, drawn.x, 0.3, np.random.default_rng(1))
    attack.run()
    bound = coarse["jump0"] + coarse["smooth0"]
    assert max(map(attack.size, attack.jacobians)) <= bound * (1 + 1e-9)


@pytest.mark.parametrize("verified", [False, True])
@pytest.mark.parametrize("kind", ["one", "conv", "conv_max", "pool_alone", "two_readers", "tied", "positions"])
def test_a_kernel_without_columns_is_that_of_the_others(kind, verified):
    """Any units and any groups, though no ball asks for them."""
    rng = np.random.default_rng(8)
    for seed in range(200, 206):
        drawn = random_kinks(seed, kind)
        centre = Arithmetic(verified).centre(drawn.graph, drawn.x)
        attack = Attack(drawn.graph, drawn.x, 1.0, rng)
        if any((at.margins.nearest < 1e-12).any() for at in centre.numbers if hasattr(at, "margins")):
            continue
        count = len(starts(drawn.graph)) - 1
        gone = frozenset(int(g) for g in range(count) if rng.random() < 0.3)
        picked = {u: rng.random(np.prod(at.shape[:2])) < 0.5 for u, at in centre.units.items()}
        dropped = Dropped(picked, gone)
        left = kept_columns(drawn.graph, dropped)
        found = kept_kernel(centre, dropped)
        true = attack.j0[:, left] @ attack.j0[:, left].T
        off = getattr(found, "rad", 0.0) + 1e-11 * (1 + float(np.linalg.norm(true)))
        assert np.linalg.norm(getattr(found, "mid", found) - true) <= off


def test_units_below_a_maximum_go_with_its_windows():
    """Of two readers of a layer, entry by entry and by windows, each names the units whose tokens it may flip."""
    windows = np.array([[-1, 0], [1, 2], [2, 3]])
    margins = Margins(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3, 2)), windows)
    tokens = np.array([[True, False, False], [False, False, True]])
    found = margins.entries(tokens, 5).tolist()
    assert found == [[True, False, False, False, False], [False, False, True, True, False]]
    assert margins.entries(np.array([[False, True, False]]), 5).tolist() == [[False, True, True, False, False]]
    assert Margins(np.zeros((2, 3)), np.zeros((2, 3))).entries(tokens, 3) is tokens


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2 * len(KINDS)))
def test_where_nothing_flips_the_network_is_smooth(seed):
    """Below the radius of the first flip: no jump, and the bounds of class G with pieces that belong to the sample."""
    drawn = random_kinks(seed)
    arith = Arithmetic(verified=bool(seed % 2))
    ops, number = arith.of
    bounds = KinkedBounds.of(arith.centre(drawn.graph, drawn.x))
    radius = 1.0
    while radius > 1e-6 and bounds.frozen.flips(arith.number(radius), ops, number):
        radius *= 0.8
    if radius <= 1e-6:
        pytest.skip("a token stands at its kink")
    s = arith.number(radius)
    (change,) = bounds.over(s, ops, number).changes()
    kap, ell = bounds.over(s, ops, number).pairs()
    assert max(arith.high(change.jump), arith.high(kap)) < 1e-150
    smooth, sharper = (arith.high(f(s, ops, number)) for f in (bounds.frozen.change, bounds.frozen.lipschitz))
    # With pieces that may change the rows are chosen node by node.
    assert 0.8 * arith.high(change.smooth) <= smooth <= arith.high(change.smooth) * (1 + 1e-12)
    assert sharper <= arith.high(ell) * (1 + 1e-12)
    attack = Attack(drawn.graph, drawn.x, radius, np.random.default_rng(seed))
    attack.run(rounds=3, steps=20)
    moves, jacobians = attack.points, attack.jacobians
    for a, (move, j) in enumerate(zip(moves, jacobians, strict=True)):
        assert attack.size(j) <= smooth * (1 + 1e-9) + 1e-12
        for other, k in zip(moves[:a], jacobians[:a], strict=True):
            assert np.linalg.norm(j - k, 2) <= sharper * np.linalg.norm(move - other) * (1 + 1e-9) + 1e-12


def test_margins_beyond_all_numbers_are_no_trouble():
    """A window of one entry has none: what it costs to flip overflows, without a warning."""
    for seed in range(6):
        claimed(seed, 0.5, Arithmetic(bool(seed % 2)), "pool_alone")
