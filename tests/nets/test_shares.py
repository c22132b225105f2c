"""A node's share of a bound is the bound's relative growth when that node's own term grows, seen by differences."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.nets.ball import GraphBounds
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.tokens import Tokens
from pltheory.theorems.measured import measure
from pltheory.theory.arithmetic import FLOATS
from pltheory.theory.rows import scaled
from tests.cases import draws

STEP = 1e-4


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.gate = nn.Conv1d(2, 2, 3, padding=1), nn.Conv1d(2, 2, 1)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        z = torch.tanh(self.conv(x))
        z = x + torch.softmax(z, dim=1) * self.gate(z)
        return self.out(nn.functional.silu(z).flatten(1))


def tied():
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, nn.Tanh(), layer, nn.Sigmoid(), nn.Linear(3, 2))


CASES = {"gated": (Gated, (3, 2, 4)), "tied": (tied, (3, 3))}


def bounds_of(name):
    make, shape = CASES[name]
    torch.manual_seed(1)
    net, (x,) = make().double(), draws(2, shape)
    at = measure(pl.Problem(net, x, net(x).detach()))
    assert isinstance(at.profile.bounds, GraphBounds)
    return at.profile.bounds


class Louder:
    """A quadratic form that takes every product with a factor."""

    def __init__(self, form, by):
        self.form, self.by = form, by

    def add(self, a, b):
        self.form.add(scaled(self.by, a), b)


def grown(monkeypatch, bounds, node, by, measured):
    """The bound with one node's own term multiplied."""
    with monkeypatch.context() as patch:
        for kind in (Affine, Pointwise, Product, Tokens):
            own = kind.curvature

            def curvature(self, sweep, v, inputs, form, own=own):
                own(self, sweep, v, inputs, Louder(form, by) if v == node else form)

            patch.setattr(kind, "curvature", curvature)
        changes = Affine.jacobian_changes

        def louder(self, sweep, v, inputs):
            rows = changes(self, sweep, v, inputs)
            return [scaled(by, row) for row in rows] if v == node else rows

        patch.setattr(Affine, "jacobian_changes", louder)
        return measured(bounds, patch)


def of_change(radius):
    return lambda bounds, patch: bounds.change(radius, FLOATS) / radius


def of_curvature(radius):
    def measured(bounds, patch):
        patch.setattr(GraphBounds, "_norm", lambda self, sweep: float("inf"))
        return bounds.lipschitz(radius, FLOATS)

    return measured


@pytest.mark.parametrize("radius", [0.02, 1.5])
@pytest.mark.parametrize("name", CASES)
def test_a_share_is_how_the_bound_grows_with_the_nodes_term(monkeypatch, name, radius):
    bounds = bounds_of(name)
    shares = bounds.shares(radius)
    for key, measured in (("change", of_change(radius)), ("curvature", of_curvature(radius))):
        assert sum(getattr(share, key) for share in shares.values()) == pytest.approx(1.0)
        for node, share in shares.items():
            up, down = (grown(monkeypatch, bounds, node, 1 + s, measured) for s in (STEP, -STEP))
            seen = (up - down) / (2 * STEP) / grown(monkeypatch, bounds, node, 1.0, measured)
            assert getattr(share, key) == pytest.approx(seen, abs=1e-6)
    assert len([s for s in shares.values() if s.curvature > 1e-3]) > 2


def test_a_jacobian_that_does_not_change_has_no_shares():
    net, (x, y) = nn.Sequential(nn.Flatten(), nn.Linear(6, 1)).double(), draws(3, (3, 2, 3), (3, 1))
    report = pl.verify(pl.Problem(net, x, y), pl.DeltaGClipSettings(eta=0.01, gamma=0.5, delta=0.1), steps=0)
    graph = report.to_dict()["graph"]
    assert all(node["change"] == node["curvature"] == 0 for node in graph["nodes"])
    assert report.main.ball_constants.holds
