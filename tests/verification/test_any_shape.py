"""Images and tokens from the kernel to the page: every number against plain reverse mode, written out here."""

from __future__ import annotations

import io
import json

import pytest
import torch
from rich.console import Console
from torch import nn

import pltheory as pl
from pltheory.certificates.fit import fit
from pltheory.measure import ball_search
from pltheory.measure.autograd_hessian import loss_hessian
from pltheory.measure.ball_search import attack_lambda_min, attack_pl_ratio
from pltheory.measure.hessian import largest_hessian_norm, loss_hessian_norm
from pltheory.measure.kernel_products import KernelOperator
from pltheory.measure.ntk import empirical_ntk, traced_ntk
from pltheory.measure.pl_ratio import pl_ratio
from pltheory.optim import GradientDescentSettings
from pltheory.problem.problem import Problem
from pltheory.report.html import render_page
from pltheory.report.text import print_report
from pltheory.runs.loop import run
from pltheory.theory import InvalidInputError
from pltheory.theory.verdict import Verdict
from tests.cases import draws

RULE = GradientDescentSettings(eta=0.05)


class Gate(nn.Module):
    """A product over the tokens of a sample, which class N does not know."""

    def forward(self, x):
        return x * torch.sigmoid(x.mean(dim=1, keepdim=True))


def images():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 2)
    ).double()
    return net, *draws(1, (4, 2, 4, 4), (4, 2))


def maps():
    """Outputs that are images themselves."""
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(1, 5, 2), nn.Tanh(), nn.Conv2d(5, 2, 1)).double()
    return net, *draws(2, (3, 1, 3, 3), (3, 2, 2, 2))


def tokens():
    torch.manual_seed(2)
    net = nn.Sequential(nn.Linear(3, 4), Gate(), nn.Tanh(), nn.Linear(4, 2)).double()
    return net, *draws(3, (3, 4, 3), (3, 4, 2))


def linear_tokens():
    """The modules of class N, token by token."""
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    return net, *draws(4, (3, 3, 3), (3, 3, 2))


def one_token():
    """Outputs (3, 1, 2) less targets (3, 2) would broadcast to (3, 3, 2)."""
    torch.manual_seed(4)
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    return net, *draws(5, (3, 1, 3), (3, 1, 2))


CASES = {"images": images, "maps": maps, "tokens": tokens, "linear tokens": linear_tokens, "one token": one_token}
every = pytest.mark.parametrize("name", CASES)


def problem_of(name, loss="sum"):
    return Problem(*CASES[name](), loss)


def oracle(net, x, y, scale):
    """Outputs (n, C), Jacobian (n C, p) and the loss's gradient (p,), entry by entry."""
    params = list(net.parameters())
    rows, outputs = [], []
    for i in range(len(x)):
        for value in net(x[i : i + 1]).reshape(-1):
            outputs.append(value.detach())
            rows.append(torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, params, retain_graph=True)]))
    f, j = torch.stack(outputs), torch.stack(rows)
    r = f - y.reshape(-1)
    return f.reshape(len(x), -1), j, scale * (j.T @ r), r


def dense_hessian(net, value):
    params = list(net.parameters())
    grad = torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, params, create_graph=True)])
    columns = [
        torch.cat(
            [
                torch.zeros_like(p).reshape(-1) if h is None else h.reshape(-1)
                for p, h in zip(
                    params, torch.autograd.grad(g, params, retain_graph=True, allow_unused=True), strict=True
                )
            ]
        )
        for g in grad
    ]
    return torch.stack(columns)


def largest(matrix):
    return float(torch.linalg.eigvalsh(0.5 * (matrix + matrix.T)).abs().max())


@every
@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_kernel_ratio_and_fit(name, loss):
    net, x, y = CASES[name]()
    problem = Problem(net, x, y, loss)
    scale = 1.0 if loss == "sum" else 1 / len(x)
    f, j, g, r = oracle(net, x, y, scale)
    torch.testing.assert_close(problem.outputs().detach(), f)
    kernel = empirical_ntk(net, x)
    torch.testing.assert_close(kernel, j @ j.T, rtol=1e-10, atol=1e-10)
    n, c = len(x), f.shape[1]
    blocks = (j @ j.T).reshape(n, c, n, c)
    torch.testing.assert_close(traced_ntk(net, x), torch.einsum("icjc->ij", blocks), rtol=1e-10, atol=1e-10)
    v = draws(9, (n * c,))[0]
    found = torch.from_numpy(KernelOperator(net, x, block=2) @ v.numpy())
    torch.testing.assert_close(found, j @ (j.T @ v), rtol=1e-9, atol=1e-9)
    squares = float(r.square().sum())
    assert pl_ratio(problem).value == pytest.approx(float(g.square().sum()) / (scale * squares), rel=1e-9)
    said = fit(problem)
    assert said.loss == pytest.approx(0.5 * scale * squares)
    assert said.unexplained == pytest.approx(squares / float((y - y.mean(dim=0)).square().sum()))


@pytest.mark.slow
@every
def test_hessians(name):
    net, x, y = CASES[name]()
    expected = [largest(dense_hessian(net, v)) for i in range(len(x)) for v in net(x[i : i + 1]).reshape(-1)]
    # To the default tolerance Lanczos may settle on an eigenvalue of nearly the largest modulus.
    assert largest_hessian_norm(net, x, tol=1e-6).value.value == pytest.approx(max(expected), rel=1e-6)
    problem = Problem(net, x, y, "mean")
    of_loss = dense_hessian(net, 0.5 * (net(x) - y).square().sum() / len(x))
    assert loss_hessian_norm(problem, tol=1e-6).value.value == pytest.approx(largest(of_loss), rel=1e-6)
    (u,) = draws(8, (len(of_loss),))
    torch.testing.assert_close(loss_hessian(problem).apply(u[None])[0], of_loss @ u, rtol=1e-9, atol=1e-9)


@every
@pytest.mark.parametrize("restarts", [1, 2])
def test_ball_search_does_not_end_above_its_start(name, restarts):
    net, x, y = CASES[name]()
    _, j, g, r = oracle(net, x, y, 1.0)
    at = {
        attack_lambda_min: float(torch.linalg.eigvalsh(j @ j.T)[0]),
        attack_pl_ratio: float(g.square().sum() / r.square().sum()),
    }
    for attack, start in at.items():
        found = attack(Problem(net, x, y), 0.3, steps=3, restarts=restarts)
        assert 0 < found.distance <= 0.3
        assert found.value.value < start * (1 - 1e-6) + 1e-9
        torch.nn.utils.vector_to_parameters(torch.cat([w.reshape(-1) for w in found.weights]), net.parameters())
        _, j, g, r = oracle(net, x, y, 1.0)
        smallest, ratio = float(torch.linalg.eigvalsh(j @ j.T)[0]), float(g.square().sum() / r.square().sum())
        there = smallest if attack is attack_lambda_min else ratio
        assert found.value.value == pytest.approx(there, rel=1e-8, abs=1e-10)
        net, x, y = CASES[name]()


@every
def test_starts_that_go_together_go_where_each_goes_alone(name, monkeypatch):
    together = attack_pl_ratio(problem_of(name), 0.3, steps=4)
    monkeypatch.setattr(ball_search, "BATCH_BYTES", 1)
    alone = attack_pl_ratio(problem_of(name), 0.3, steps=4)
    assert together.value.value == pytest.approx(alone.value.value, rel=1e-6)
    assert together.distance == pytest.approx(alone.distance, rel=1e-6)


@every
def test_a_run_takes_the_steps_of_gradient_descent(name):
    net, x, y = CASES[name]()
    took = run(problem_of(name, "mean"), RULE, RULE.eta, steps=5)
    losses = []
    for _ in range(5):
        _, _, g, r = oracle(net, x, y, 1 / len(x))
        losses.append(0.5 * float(r.square().sum()) / len(x))
        start = 0
        with torch.no_grad():
            for p in net.parameters():
                p -= RULE.eta * g[start : start + p.numel()].reshape(p.shape)
                start += p.numel()
    assert took.trace.loss[:5] == pytest.approx(losses, rel=1e-12)
    assert took.violation is None
    assert took.rounding.startswith("estimate")
    assert 0 < took.floor < 1e-20


@pytest.mark.slow
@every
def test_verify_at_an_initialisation_says_undecided_and_where_the_bounds_are_lost(name):
    problem = problem_of(name)
    before = [p.detach().clone() for p in problem.parameters()]
    report = pl.verify(problem, RULE, theorem="B", steps=5)
    _, j, _, _ = oracle(*CASES[name](), 1.0)
    assert report.measured.lambda_max.value == pytest.approx(float(torch.linalg.eigvalsh(j @ j.T)[-1]), rel=1e-9)
    assert all(r.verdict.rank < Verdict.HOLDS.rank for r in report.ladder)
    assert report.verdict is Verdict.UNDECIDED
    assert len(report.trace.loss) == 6
    said = json.loads(report.to_json())
    assert said["verdict"] == "UNDECIDED"
    assert said["measured"]["profile_unavailable"] is None
    for key in ("change", "curvature"):
        assert sum(node[key] for node in said["graph"]["nodes"]) == pytest.approx(1.0)
    written = io.StringIO()
    print_report(Console(file=written, width=120), said)
    page = render_page({}, said, report.trace)
    for text in (written.getvalue(), page):
        assert "UNDECIDED" in text
        assert "bounds on the ball" in text or "where the bounds are lost" in text
    assert all(torch.equal(p, was) for p, was in zip(problem.parameters(), before, strict=True))


@pytest.mark.slow
@every
def test_the_theorem_of_layers_says_so_in_one_line(name):
    (answer,) = pl.verify(problem_of(name), RULE, theorem="B+", steps=0).ladder
    assert answer.verdict is Verdict.UNDECIDED
    assert answer.shortfall == "Theorem B+ speaks of fully connected smooth networks only"


@pytest.mark.slow
@every
def test_no_certificate_is_made_where_the_ball_is_too_small(name):
    claim = pl.certify(problem_of(name), RULE)
    assert not claim.holds
    assert any(not i.holds for i in claim.inequalities)


def near_a_fit(name):
    """Targets that are missed by little, so that a ball holds a zero of the loss."""
    net, x, y = CASES[name]()
    with torch.no_grad():
        return Problem(net, x, net(x) + 1e-9 * y)


@pytest.mark.slow
@every
def test_a_certificate_is_made_near_a_fit(name):
    problem = near_a_fit(name)
    assert pl.certify(problem, RULE).holds
    report = pl.verify(problem, RULE, theorem="B", steps=5)
    assert report.verdict is Verdict.CERTIFIED
    assert report.run.violation is None


@pytest.mark.parametrize("name", ["images", "tokens"])
def test_one_sample_at_a_time_in_single_precision(name):
    """Kernel and run of float32 weights agree with those of float64 to its digits."""
    net, x, y = CASES[name]()
    single = Problem(CASES[name]()[0].float(), x.float(), y.float())
    torch.testing.assert_close(
        empirical_ntk(single.network, single.x).double(), empirical_ntk(net, x), rtol=1e-4, atol=1e-4
    )
    took, exact = run(single, RULE, RULE.eta, steps=4), run(Problem(net, x, y), RULE, RULE.eta, steps=4)
    assert took.trace.loss == pytest.approx(exact.trace.loss, rel=1e-5)
    assert took.violation is None


def test_class_labels_are_trained_as_one_hot_targets():
    net, x, _ = images()
    labels = torch.tensor([1, 0, 0, 1])
    took = run(Problem(net, x, labels), RULE, RULE.eta, steps=3)
    written_out = torch.tensor([[0, 1], [1, 0], [1, 0], [0, 1]], dtype=torch.float64)
    expected = run(Problem(net, x, written_out), RULE, RULE.eta, steps=3)
    assert took.trace.loss == pytest.approx(expected.trace.loss, rel=1e-12)
    with torch.no_grad():
        assert fit(Problem(net, x, labels)).right == int((net(x).argmax(dim=1) == labels).sum())


class Centred(nn.Module):
    """Subtracts the mean of the batch: samples are mixed."""

    def forward(self, x):
        return x - x.mean(dim=0)


@pytest.mark.parametrize(
    "mixing", [lambda: nn.BatchNorm2d(3, dtype=torch.float64), Centred], ids=["batch norm", "centred"]
)
def test_modules_that_mix_samples_are_refused_in_one_line(mixing):
    net, x, y = images()
    problem = Problem(nn.Sequential(net[0], mixing(), *net[1:]), x, y)
    with pytest.raises(InvalidInputError, match=r"^[^\n]*mixes the samples[^\n]*network\.eval\(\)[^\n]*$"):
        pl.verify(problem, RULE, steps=2)
    with pytest.raises(InvalidInputError, match=r"^[^\n]*mixes the samples[^\n]*$"):
        run(problem, RULE, RULE.eta, steps=2)
