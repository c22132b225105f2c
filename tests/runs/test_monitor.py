"""The monitor records the norm that clipping looks at, whoever clips, and leaves the run as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import pltheory as pl
from pltheory.runs.audit import RunOf
from pltheory.runs.norm_log import read_log
from pltheory.theory import InvalidInputError


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 2)).double()


X = torch.randn(6, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def backward(net: nn.Module) -> None:
    net.zero_grad()
    (4 * net(X).square().sum()).backward()


def norm_of(net: nn.Module) -> float:
    return math.sqrt(math.fsum(float(v) ** 2 for p in net.parameters() for v in p.grad.flatten()))


def test_of_our_optimizers_it_takes_what_they_report_and_changes_nothing(tmp_path):
    weights = []
    for watched in (False, True):
        net = network()
        optimizer = pl.optim.DeltaGClip(net.parameters(), lr=0.01, gamma=3.0, delta=0.4)
        monitor, norms = pl.Monitor(optimizer, every=3), []
        if watched:
            monitor.__enter__()
        for _ in range(7):
            backward(net)
            norms.append(norm_of(net))
            optimizer.step()
        monitor.__exit__(None, None, None)
        weights.append([p.detach().clone() for p in net.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))
    np.testing.assert_allclose(monitor.norms, norms, rtol=1e-12)
    found = monitor.audit()
    assert found.off_rule == 0
    assert found.floored > 0
    assert sorted(monitor.measured) == [0, 3, 6]
    assert monitor.measured[0].distance == 0 < monitor.measured[3].distance
    monitor.save(tmp_path / "run.csv")
    read = read_log(tmp_path / "run.csv").audit()
    assert read.to_dict() == found.to_dict()
    assert not list(tmp_path.glob(".*"))
    optimizer.step()  # the hooks are gone
    assert len(monitor.norms) == 7


def test_the_norm_of_a_buffer_is_the_one_that_is_clipped():
    net = network()
    optimizer = pl.optim.GClip(net.parameters(), lr=0.01, gamma=0.5, momentum=0.9, clip="buffer")
    with pl.Monitor(optimizer) as monitor:
        for _ in range(3):
            backward(net)
            optimizer.step()
    assert monitor.norms[-1] == float(optimizer.buffer_norm)
    assert monitor.audit().off_rule == 0


def test_clipping_before_the_step_says_its_norm():
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with pl.Monitor(optimizer) as said, pl.Monitor(optimizer) as unsaid:
        for _ in range(5):
            backward(net)
            said.clipped(nn.utils.clip_grad_norm_(net.parameters(), 2.0))
            optimizer.step()
    found = said.audit(gamma=2.0, delta=0.0)
    assert found.clipped == 5
    assert found.run_of is RunOf.GCLIP
    # What the hook sees by itself is what was left, and is not taken for a run that never clips.
    assert (unsaid.norms < 2).all()
    assert unsaid.audit(gamma=2.0, delta=0.0).run_of is RunOf.UNKNOWN
    with pytest.raises(InvalidInputError, match="gamma: SGD has none"):
        said.audit()


class Published(torch.optim.Optimizer):
    """delta-GClip as others write it: gamma and delta in the groups, nothing reported."""

    def __init__(self, params: object, lr: float, gamma: float, delta: float) -> None:
        super().__init__(params, {"lr": lr, "gamma": gamma, "delta": delta})  # type: ignore[arg-type]

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            grads = [p.grad for p in group["params"]]
            norm = torch.cat([g.flatten() for g in grads]).norm()
            h = group["lr"] * torch.clamp(group["gamma"] / norm, group["delta"], 1.0)
            for p, g in zip(group["params"], grads, strict=True):
                p -= h * g


def test_a_class_of_somebody_else_is_read_by_its_groups():
    net = network()
    optimizer = Published(net.parameters(), lr=0.01, gamma=2.0, delta=1e-3)
    norms = []
    with pl.Monitor(optimizer) as monitor:
        for _ in range(4):
            backward(net)
            norms.append(norm_of(net))
            optimizer.step()
    np.testing.assert_allclose(monitor.norms, norms, rtol=1e-12)
    found = monitor.audit()
    assert found.run_of is RunOf.GCLIP
    assert "no theorem of delta-GClip is being tested" in found.conclusion
    # By a norm of each group its rule is not that of the norm of all: it is not taken for it.
    groups = [{"params": list(layer.parameters())} for layer in (net[0], net[2])]
    apart = Published(groups, lr=0.01, gamma=2.0, delta=1e-3)
    with pl.Monitor(apart) as several:
        backward(net)
        apart.step()
    with pytest.raises(InvalidInputError, match="gamma: Published has none, or several groups"):
        several.audit()


def test_the_probe_measures_the_ratio_at_the_weights_of_the_step():
    net = network()
    probe = pl.Problem(net, X[:3], torch.zeros(3, 2, dtype=torch.float64))
    optimizer = pl.optim.GClip(net.parameters(), lr=0.01, gamma=0.5)
    expected = []
    with pl.Monitor(optimizer, every=2, probe=probe) as monitor:
        for t in range(4):
            if t % 2 == 0:
                expected.append(pl.pl_ratio(probe).value)
            backward(net)
            optimizer.step()
    np.testing.assert_allclose([r.pl_ratio.value for r in monitor.measured.values()], expected, rtol=1e-12)


def test_what_is_refused():
    net = network()
    sgd = torch.optim.SGD(net.parameters(), lr=0.1)
    own = pl.optim.GClip(net.parameters(), lr=0.1, gamma=1.0)
    for said, call in (
        ("optimizer: a Sequential", lambda: pl.Monitor(net)),
        ("every = 0", lambda: pl.Monitor(sgd, every=0)),
        ("probe: a Tensor", lambda: pl.Monitor(sgd, probe=X)),
        ("has seen no step", lambda: pl.Monitor(sgd).audit(gamma=1.0, delta=0.0)),
        ("GClip clips itself", lambda: pl.Monitor(own).clipped(1.0)),
        ("is not one number", lambda: pl.Monitor(sgd).clipped(torch.ones(2))),
        ("a str is no norm", lambda: pl.Monitor(sgd).clipped("1")),
        ("cannot be written", lambda: pl.Monitor(sgd).save("/no/such/folder/run.csv")),
    ):
        with pytest.raises(InvalidInputError, match=said):
            call()

    def closure() -> Tensor:
        backward(net)
        return torch.zeros(())

    before = [p.detach().clone() for p in net.parameters()]
    with pl.Monitor(sgd), pytest.raises(InvalidInputError, match="closure"):
        sgd.step(closure)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    with pl.Monitor(own) as monitor:
        own.step(closure)  # ours says its norm afterwards
    assert len(monitor.norms) == 1
