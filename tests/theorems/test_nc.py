"""Theorem NC on problems: its rows, and its verified numbers against many digits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mpmath import mp
from torch import nn

import pltheory as pl
from pltheory.certification.collapse import verified_collapse
from pltheory.measure.collapse import class_labels, collapse
from pltheory.theory import NotAvailableError
from tests.oracles import collapse as slow

SETTINGS = pl.GradientDescentSettings(eta=0.1, weight_decay=1e-3)


def problem(*, steps: int = 300, bias: bool = True, shift: float = 0.0) -> pl.Problem:
    """ReLU and two linear layers, trained so that ||W M - I|| < 1; `shift` adds what class means cancel."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 6, bias=bias), nn.Linear(6, 3, bias=bias)).double()
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    p = pl.Problem(net, x, torch.arange(9) % 3)
    rule = torch.optim.SGD(net.parameters(), lr=0.02, weight_decay=1e-2)
    for _ in range(steps):
        rule.zero_grad()
        p.value().backward()
        rule.step()
    if bias:
        with torch.no_grad():
            net[2].bias += shift
            net[3].bias -= net[3].weight @ torch.full((6,), shift, dtype=torch.float64)
    return p


def report(p: pl.Problem, level: pl.Verdict = pl.Verdict.CERTIFIED) -> pl.VerifyReport:
    return pl.verify(p, SETTINGS, theorem="NC", steps=0, level=level)


def test_it_holds_as_computed_and_certifies():
    p = problem(bias=False)
    computed, proved = report(p, pl.Verdict.HOLDS), report(p)
    assert (computed.verdict, proved.verdict) == (pl.Verdict.HOLDS, pl.Verdict.CERTIFIED)
    rows = {r.hypothesis.split(":")[0]: r for r in computed.main.consequences}
    assert {"NC1", "NC2", "NC3"} < set(rows)
    assert all(r.verdict is pl.Verdict.HOLDS for r in rows.values())
    assert {r.verdict for r in proved.main.consequences} == {pl.Verdict.CERTIFIED}
    c, v = collapse(p), verified_collapse(p, class_labels(p))
    for name in ("within", "within_bound", "within_bound_apart", "nc1_bound", "nc2_bound", "misfit"):
        assert getattr(c, name) * (1 - 1e-9) <= getattr(v, name) <= getattr(c, name) * (1 + 1e-6), name
    assert c.gain * (1 - 1e-6) <= v.gain <= c.gain * (1 + 1e-9)


@pytest.mark.parametrize(("bias", "shift"), [(False, 0.0), (True, 0.0), (True, 1e7)], ids=["plain", "bias", "cancels"])
def test_verified_numbers_are_on_their_side_of_the_truth(bias, shift):
    """A shift of 1e7 leaves nine digits of the features to their class means: what is lost is counted."""
    p = problem(bias=bias, shift=shift)
    v, labels = verified_collapse(p, class_labels(p)), class_labels(p).tolist()
    linear = [m for m in p.network if isinstance(m, nn.Linear)]
    layers = [(m.weight.detach(), None if m.bias is None else m.bias.detach(), i == 0) for i, m in enumerate(linear)]
    with mp.workdps(40):
        _, h, z, f = slow.features(layers, p.x)
        w, under = (slow.matrix(m.weight.detach()) for m in (linear[2], linear[1]))
        gap = w.T * w - under * under.T
        if bias:
            b = slow.matrix(linear[1].bias.detach()[:, None])
            gap, h = gap - b * b.T, slow.with_ones(h)
        target = mp.matrix(3, 9)
        for j, c in enumerate(labels):
            target[c, j] = 1
        s, e1, e2 = slow.singular(w)[-1], slow.frobenius(f - target), slow.spectral(gap)
        assert v.gain <= s
        assert v.within >= slow.within(z, labels)
        assert v.within_bound >= e1 / s + mp.sqrt(e2) * slow.frobenius(h)
        apart = mp.sqrt((slow.within(f, labels) / s) ** 2 + e2 * slow.within(h, labels) ** 2)
        assert v.within_bound_apart >= apart >= slow.within(z, labels)
        assert v.misfit >= slow.spectral(w * slow.means(z, labels) - mp.eye(3))
        ratio = (slow.within(z, labels) / slow.between(z, labels)) ** 2
        assert v.nc1_bound >= ratio


def test_without_a_linear_head_it_says_so():
    p = pl.Problem(pl.fully_connected([4, 6, 3], seed=0), problem(steps=0).x, problem(steps=0).y)
    found = report(p)
    assert found.verdict is pl.Verdict.UNDECIDED
    assert "at least two torch.nn.Linear" in found.main.shortfall


def test_targets_that_are_no_labels_refute_it():
    p = problem(steps=0)
    found = report(pl.Problem(p.network, p.x, p.y - 1 / 3))
    assert found.verdict is pl.Verdict.REFUTED
    assert "is not zeros and a one" in found.main.shortfall


def test_a_last_layer_without_gain_is_open():
    p = problem(steps=0)
    with torch.no_grad():
        p.network[3].weight[2] = p.network[3].weight[1]
    found = report(p)
    assert found.verdict is pl.Verdict.UNDECIDED
    assert [r.verdict for r in found.hypotheses][-1] is pl.Verdict.UNDECIDED


def test_a_network_that_is_no_graph_holds_as_computed_only():
    class Mine(nn.Module):
        def __init__(self, net: nn.Sequential) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net[3](self.net[2](torch.special.bessel_j0(self.net[0](x))))

    p = problem(steps=0)
    p = pl.Problem(Mine(p.network), p.x, p.y)
    with pytest.raises(NotAvailableError):
        verified_collapse(p, np.arange(9) % 3)
    found = report(p)
    assert found.verdict is pl.Verdict.HOLDS
    assert "round-off not covered" in found.main.shortfall
