"""The search of a certified ball: it finds nothing at a claim that holds, and what is wrong with one that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import pltheory as pl
from pltheory.certificates.basin import certify_basin
from tests.oracles.row_attack import certified_ball, pair, ratios, search

SETTINGS = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)


@pytest.fixture(scope="module")
def found():
    """A basin of a small convolution, and what a search of its ball finds."""
    data = pl.datasets.digits(4, labels="low-high")
    network = pl.convolutional(shape=(1, 8, 8), channels=[4], outputs=1, seed=0)
    basin = certify_basin(pl.Problem(network, data.x.reshape(4, 1, 8, 8), data.y), SETTINGS)
    net, radius, off = certified_ball(basin.certificate, basin.polished.problem)
    return basin.certificate, search(net, radius, restarts=2, steps=3), radius, off, net


def test_nothing_is_found_at_a_claim_that_holds(found):
    claim, best, radius, off, _ = found
    assert claim.holds
    over, broken = ratios(claim, best, radius, off)
    assert broken == []
    assert all(over[name] * (1 + 1e-6) >= 1 for name in ("dJ", "ell", "L_F", "beta"))
    assert 0 < over["sigma"] <= 1
    assert over["ell"] < 100, "the search is not that weak"


@pytest.mark.parametrize(
    ("name", "factor"), [("ell", 0.01), ("lipschitz", 0.5), ("beta", 0.5), ("residual", 0.5), ("lambda_min", 1.1)]
)
def test_a_claim_of_too_much_is_found_out(found, name, factor):
    claim, best, radius, off, _ = found
    wrong = replace(claim.bounds[name], value=factor * claim.bounds[name].value)
    _, broken = ratios(replace(claim, bounds={**claim.bounds, name: wrong}), best, radius, off)
    assert broken


def test_a_profile_that_is_too_high_is_found_out(found):
    claim, best, radius, off, _ = found
    witness = {**claim.witness, "sigma": claim.witness["sigma"] * 0 + 1.001 * best.least[0][1]}
    _, broken = ratios(replace(claim, witness=witness), best, radius, off)
    assert any(b.startswith("sig") for b in broken)


def test_gradients_are_those_of_the_jacobian(found):
    *_, net = found
    w, gen = net.centre, torch.Generator().manual_seed(1)
    u, v, e = (torch.randn(k, generator=gen, dtype=torch.float64) for k in (net.y.numel(), len(w), len(w)))
    step = 1e-5
    slope = u @ (net.jacobian(w + step * e) - net.jacobian(w - step * e)) @ v / (2 * step)
    assert float(net.bend(w, u, v) @ e) == pytest.approx(float(slope), rel=1e-6)


def test_pairs_are_singular():
    a = torch.diag(torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64))
    assert pair(a)[0] == pytest.approx(3.0)
    assert pair(a, least=True)[0] == pytest.approx(1.0)
