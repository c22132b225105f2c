"""What a monitor measures on a probe: numbers of slow oracles at the weights of the step, and the run as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.runs.monitor_log import readings
from pltheory.runs.norm_log import read_log
from pltheory.theory import Direction, InvalidInputError
from tests.oracles.plain import read

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")

X = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
Y = torch.randn(4, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()


def train(optimizer: torch.optim.Optimizer, problem: pl.Problem, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        problem.value().backward()
        optimizer.step()


def test_numbers_are_those_of_dense_oracles_at_the_weights_of_the_step():
    net = network()
    problem = pl.Problem(net, X, Y, loss="mean")
    optimizer = pl.optim.DeltaGClip(net.parameters(), lr=0.2, gamma=0.5, delta=0.1)
    kernels, edges, ratios, starts = [], [], [], []
    for t in range(5):
        plain, w = read(net)
        if t % 2 == 0:
            jac = plain.jacobian(w, X)
            kernels.append(jac @ jac.T)
            edges.append(float(torch.linalg.eigvalsh(plain.loss_hessian(w, X, Y, 1 / 4))[-1]))
            residual = plain.outputs(w, X).reshape(-1) - Y.reshape(-1)
            ratios.append(float((jac.T @ residual / 4).square().sum() / (residual.square().sum() / 4)))
            starts.append(w)
        train(optimizer, problem, 1)
    again = network()
    watched = pl.Problem(again, X, Y, loss="mean")
    second = pl.optim.DeltaGClip(again.parameters(), lr=0.2, gamma=0.5, delta=0.1)
    with pl.Monitor(second, every=2, probe=watched) as monitor:
        train(second, watched, 5)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))
    found = list(monitor.measured.values())
    assert [r.step for r in found] == [0, 2, 4]
    np.testing.assert_allclose([r.pl_ratio.value for r in found], ratios, rtol=1e-10)
    np.testing.assert_allclose(
        [r.lambda_min.value for r in found], [float(torch.linalg.eigvalsh(k)[0]) / 4 for k in kernels], rtol=1e-8
    )
    norms = [
        float(torch.linalg.matrix_norm(k - kernels[0], 2) / torch.linalg.matrix_norm(kernels[0], 2)) for k in kernels
    ]
    np.testing.assert_allclose([r.kernel_drift for r in found], norms, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose([r.sharpness.value for r in found], edges, rtol=1e-5)
    assert all(r.sharpness.value <= e * (1 + 1e-12) for r, e in zip(found, edges, strict=True))
    assert {r.sharpness.kind for r in found} == {Direction.LOWER}
    np.testing.assert_allclose([r.distance for r in found], [float((w - starts[0]).norm()) for w in starts], rtol=1e-12)
    assert [r.above_edge for r in found] == [e > 10 for e in edges]
    assert monitor.seconds >= sum(r.seconds for r in found) > 0


def test_a_network_in_training_is_measured_in_evaluation_mode_and_left_in_its_own():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 2)).double()
    net[2].eval()
    with torch.no_grad():
        problem = pl.Problem(net.eval(), X, Y)
    net.train()
    net[2].eval()
    state = {k: v.clone() for k, v in net.state_dict().items()}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    reading = pl.Probe(problem).read(0, 0.0, optimizer)
    assert [m.training for m in net] == [True, True, False, True, True]
    assert all(torch.equal(state[k], v) for k, v in net.state_dict().items())
    assert reading.unknown == {}
    assert reading.pl_ratio.value >= reading.lambda_min.value > 0


def test_a_smallest_eigenvalue_below_the_resolution_of_single_precision_is_an_estimate():
    x = torch.cat([X[:1], X[:1] * (1 + 1e-5)])
    for dtype, kind in ((torch.float64, Direction.EXACT), (torch.float32, Direction.ESTIMATE)):
        net = network().to(dtype)
        problem = pl.Problem(net, x.to(dtype), Y[:2].to(dtype))
        reading = pl.Probe(problem, sharpness=False).read(0, 0.0, torch.optim.SGD(net.parameters(), lr=0.1))
        assert reading.lambda_min.kind is kind


def test_weights_that_are_lost_end_no_training():
    net = network()
    problem = pl.Problem(net, X, Y)
    optimizer = pl.optim.DeltaGClip(net.parameters(), lr=0.1, gamma=1.0, delta=0.1)
    probe = pl.TheoremProbe(problem, theorem="B")
    assert probe.read(0, 0.0, optimizer).unknown == {}
    with torch.no_grad():
        net[0].weight[0, 0] = math.nan
    reading = probe.read(1, 0.0, optimizer)
    assert sorted(reading.unknown) == ["kernel", "pl_ratio", "sharpness", "theorems"]
    assert reading.pl_ratio is reading.lambda_min is reading.sharpness is None
    assert reading.theorems == ()


class Once(torch.autograd.Function):
    """A function without a second derivative."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * g * x


class NoSecond(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2).double()

    def forward(self, x):
        return Once.apply(self.layer(x))


def test_what_a_network_does_not_have_is_none_with_a_reason():
    torch.manual_seed(0)
    net = NoSecond()
    reading = pl.Probe(pl.Problem(net, X, Y), kernel=False).read(3, 1.0, torch.optim.SGD(net.parameters(), lr=0.1))
    assert reading.sharpness is None
    assert reading.above_edge is None
    assert "no Hessian for this network" in reading.unknown["sharpness"]
    assert reading.pl_ratio.value > 0
    assert reading.kernel_drift is None


def test_theorems_are_those_that_verify_judges_at_these_weights(tmp_path):
    torch.manual_seed(0)
    net = pl.fully_connected([3, 400, 1], activation="tanh", parametrization="ntk", seed=0, dtype=torch.float64)
    problem = pl.Problem(net, X, 0.1 * Y[:, :1])
    optimizer = pl.optim.DeltaGClip(net.parameters(), lr=0.01, gamma=0.05, delta=0.5)
    expected = []
    with pl.Monitor(optimizer, every=2, probe=pl.TheoremProbe(problem, theorem="B")) as monitor:
        for t in range(4):
            if t % 2 == 0:
                rule = pl.DeltaGClipSettings(eta=0.01, gamma=0.05, delta=0.5)
                report = pl.verify(problem.copy(), rule, theorem="B", steps=0, level=pl.Verdict.HOLDS)
                expected.append(
                    (report.verdict.value, [(r.hypothesis, r.verdict.value, str(r.says)) for r in report.hypotheses])
                )
            train(optimizer, problem, 1)
    found = [r.theorems for r in monitor.measured.values()]
    assert [(t.verdict, list(t.rows)) for (t,) in found] == expected
    assert {verdict for _, rows in expected for _, verdict, _ in rows} >= {"HOLDS"}
    monitor.save(tmp_path / "run.csv")
    again = readings(read_log(tmp_path / "run.csv"))
    assert [r.theorems for r in again] == found
    for one, other in zip(again, monitor.measured.values(), strict=True):
        assert (one.step, one.distance, one.eta, one.kernel_drift) == (
            other.step,
            other.distance,
            other.eta,
            other.kernel_drift,
        )
        assert one.sharpness.value == other.sharpness.value
        assert one.pl_ratio.value == other.pl_ratio.value
    assert read_log(tmp_path / "run.csv").audit().steps == 4


def test_a_rule_that_is_not_known_is_not_taken_for_gradient_descent():
    from pltheory.verification.theorem_probe import settings_of

    net = network()
    sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    assert settings_of(sgd) == pl.GradientDescentSettings(eta=0.1, momentum=0.9)
    assert settings_of(sgd, 2.0) == pl.GClipSettings(eta=0.1, gamma=2.0, momentum=0.9)
    own = pl.optim.DeltaGClip(net.parameters(), lr=0.3, gamma=2.0, delta=0.1, weight_decay=0.01)
    assert settings_of(own) == pl.DeltaGClipSettings(eta=0.3, gamma=2.0, delta=0.1, weight_decay=0.01)
    problem = pl.Problem(net, X, Y)
    plain = torch.optim.SGD(net.parameters(), lr=0.1)
    with pl.Monitor(plain, probe=pl.TheoremProbe(problem, theorem="B")) as monitor:
        plain.zero_grad()
        problem.value().backward()
        monitor.clipped(nn.utils.clip_grad_norm_(net.parameters(), 1.0))
        with pytest.raises(InvalidInputError, match=r"clipped\(\) says no threshold"):
            plain.step()
    for optimizer in (
        torch.optim.Adam(net.parameters(), lr=0.1),
        torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.5, dampening=0.5),
        torch.optim.SGD([{"params": net[0].parameters()}, {"params": net[2].parameters(), "lr": 0.5}], lr=0.1),
    ):
        with pytest.raises(InvalidInputError, match="settings"):
            settings_of(optimizer)
    with pytest.raises(InvalidInputError, match="settings"):
        settings_of(torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=0.1), 1.0)


def test_where_the_interval_is_left_open_it_follows_from_the_cost(monkeypatch):
    from pltheory.runs import monitor as module

    now = [0.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    net = network()
    problem = pl.Problem(net, X, Y)

    class Slow(pl.Probe):
        def read(self, *arguments, **named):
            now[0] += 2.0  # seconds
            return super().read(*arguments, **named)

    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    with pl.Monitor(optimizer, probe=Slow(problem, kernel=False, sharpness=False)) as monitor:
        for _ in range(400):
            now[0] += 0.3
            train(optimizer, problem, 1)
    steps = list(monitor.measured)
    # 2 s are 4 % of 50 s: 167 steps of 0.3 s; never before 100 steps.
    assert steps == [0, 167, 334]
    with pl.Monitor(optimizer) as cheap:
        for _ in range(201):
            now[0] += 0.3
            train(optimizer, problem, 1)
    assert list(cheap.measured) == [0, 100, 200]


def test_what_is_refused():
    net = network()
    problem = pl.Problem(net, X, Y)
    large = pl.Problem(nn.Linear(3, 600).double(), X, torch.zeros(4, 600, dtype=torch.float64))
    sgd = torch.optim.SGD(net.parameters(), lr=0.1)
    for said, call in (
        ("probe: a Tensor", lambda: pl.Probe(X)),
        ("kernel = 1", lambda: pl.Probe(problem, kernel=1)),
        ("has 2400 rows, allowed are 2048", lambda: pl.Probe(large)),
        ("theorem", lambda: pl.TheoremProbe(problem, theorem="Z")),
        ("settings: a str", lambda: pl.TheoremProbe(problem, settings="gd")),
        ("gamma = -1", lambda: pl.Monitor(sgd, gamma=-1.0)),
        ("GClip has its own", lambda: pl.Monitor(pl.optim.GClip(net.parameters(), lr=0.1, gamma=1.0), gamma=1.0)),
    ):
        with pytest.raises(InvalidInputError, match=said) as refused:
            call()
        assert "\n" not in str(refused.value)
    assert pl.Probe(large, kernel=False).read(0, math.nan, sgd).pl_ratio is not None


def test_a_log_that_was_edited_is_refused_with_its_line(tmp_path):
    (tmp_path / "a.csv").write_text("grad_norm,distance\n1,x\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("grad_norm,theorems\n1,{}\n2,[1]\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="line 2, column 'distance' is 'x'"):
        readings(read_log(tmp_path / "a.csv"))
    with pytest.raises(InvalidInputError, match="line 3, column 'theorems'"):
        readings(read_log(tmp_path / "b.csv"))
