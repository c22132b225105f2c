"""Hessian norms by products against dense Hessians."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import pltheory.measure.hessian as hessian_module
from pltheory.measure.hessian import (
    curvature_along,
    hessian_norm,
    largest_hessian_norm,
    loss_hessian_norm,
)
from pltheory.problem.problem import Problem
from pltheory.theory import Direction, InvalidInputError, NumericalFailureError
from tests.cases import Case, draws, every_case, sequential
from tests.oracles.plain import read


@every_case
def test_every_output_has_its_own_norm(case):
    net, n = case.network(), 2 if case.outputs == 1 else 1
    x = case.data()[0][:n]
    plain, w = read(net)
    dense = torch.linalg.eigvalsh(plain.output_hessians(w, x)).reshape(n, case.outputs, -1)
    found = hessian_norm(net, x, tol=1e-8)
    assert [len(row) for row in found] == [case.outputs] * n
    for row, spectra in zip(found, dense, strict=True):
        for h, spectrum in zip(row, spectra, strict=True):
            assert h.value.kind is Direction.LOWER
            assert h.value.value == pytest.approx(float(spectrum.abs().max()), rel=1e-7)
            assert h.value.value == abs(h.signed)
            assert h.residual < 1e-5 * h.value.value
            assert float((spectrum - h.signed).abs().min()) <= h.residual + 1e-9
            assert (h.products > 0) == (len(case.hidden) > 1), "one hidden layer has a closed form"


@every_case
def test_loss_hessian(case):
    problem = case.problem()
    plain, w = read(problem.network)
    spectrum = torch.linalg.eigvalsh(plain.loss_hessian(w, problem.x, problem.y, problem.scale))
    found = loss_hessian_norm(problem, tol=1e-10)
    assert found.value.value == pytest.approx(float(spectrum.abs().max()), rel=1e-8)
    # In exact arithmetic the value is a lower bound at any tolerance.
    rough = loss_hessian_norm(problem, tol=0.5)
    assert rough.value.at_least() <= float(spectrum.abs().max()) * (1 + 1e-12)


@every_case
def test_curvature_along_is_a_rayleigh_quotient(case):
    problem = case.problem()
    plain, w = read(problem.network)
    hess = plain.loss_hessian(w, problem.x, problem.y, problem.scale)
    spectrum = torch.linalg.eigvalsh(hess)
    for seed in range(5):
        named = dict(problem.network.named_parameters())
        direction = dict(zip(named, draws(seed, *[p.shape for p in named.values()]), strict=True))
        count = len(case.hidden) + 1
        order = [f"{kind}.{l}" for l in range(count) for kind in ("weights", "biases") if f"{kind}.{l}" in direction]
        v = torch.cat([direction[name].reshape(-1) for name in order])
        found = curvature_along(problem, direction)
        assert found.kind is Direction.LOWER
        assert found.value == pytest.approx(float(v @ hess @ v / (v @ v)), rel=1e-9, abs=1e-11)
        assert float(spectrum[0]) - 1e-9 <= found.value <= float(spectrum[-1]) + 1e-9


def test_single_precision():
    case = Case((4,), 1, "tanh", "ntk", False)
    net, (x, _) = case.network(torch.float32), case.data(torch.float32)
    plain, w = read(case.network())
    dense = torch.linalg.eigvalsh(plain.output_hessians(w, case.data()[0]))
    found = hessian_norm(net, x)
    assert found[0][0].value.value == pytest.approx(float(dense[0].abs().max()), rel=1e-2)


def test_any_module_and_frozen_parameters():
    net, (x, y) = sequential([3, 4, 1], "tanh"), draws(1, (4, 3), (4, 1))
    plain, w = read(net)
    net[0].weight.requires_grad_(False)
    hess = plain.loss_hessian(w, x, y)[12:, 12:]
    expected = float(torch.linalg.eigvalsh(hess).abs().max())
    assert loss_hessian_norm(Problem(net, x, y), tol=1e-10).value.value == pytest.approx(expected, rel=1e-8)


class OneWeight(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(0.7, dtype=torch.float64))

    def forward(self, x):
        return torch.sin(self.w * x)


def test_one_parameter():
    (x,) = draws(2, (2, 1))
    found = hessian_norm(OneWeight(), x)
    for i in range(2):
        expected = -(float(x[i, 0]) ** 2) * torch.sin(0.7 * x[i, 0])
        assert found[i][0].signed == pytest.approx(float(expected), rel=1e-12)


def test_a_network_linear_in_its_weights_has_hessian_zero():
    (x,) = draws(2, (2, 3))
    found = hessian_norm(nn.Linear(3, 1, dtype=torch.float64), x)
    assert [h.value.value for row in found for h in row] == [0.0, 0.0]


def test_a_hessian_that_is_not_finite():
    net, (x,) = sequential([3, 4, 1], "tanh"), draws(3, (2, 3))
    with torch.no_grad():
        net[2].weight[0, 0] = torch.inf
    with pytest.raises(NumericalFailureError, match="not finite"):
        hessian_norm(net, x)


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 2, 3, dtype=torch.float64)
        self.norm = nn.LayerNorm(6, dtype=torch.float64)
        self.out = nn.Linear(6, 2, dtype=torch.float64)
        self.unused = nn.Parameter(torch.ones(2, dtype=torch.float64))

    def forward(self, x):
        return self.out(self.norm(torch.sin(self.conv(x[:, None, :])).flatten(1)))


class ReadsValues(Convolutional):
    """What vmap cannot follow."""

    def forward(self, x):
        out = super().forward(x)
        return 2.5 * out if x.detach().abs().max().item() > 0 else out


def drawn(net):
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(draws(40 + i, p.shape)[0])
    return net


@pytest.mark.parametrize("kind", [Convolutional, ReadsValues])
@pytest.mark.parametrize("room", [1, 1 << 29])
def test_any_module_in_batches_of_any_size(kind, room, monkeypatch):
    monkeypatch.setattr(hessian_module, "BATCH_BYTES", room)
    net, (x,) = drawn(kind()), draws(4, (3, 5))
    params = dict(net.named_parameters())
    vector = torch.cat([p.detach().reshape(-1) for p in params.values()])

    def output(w, i, c):
        pieces = w.split([p.numel() for p in params.values()])
        own = {k: piece.reshape(p.shape) for (k, p), piece in zip(params.items(), pieces, strict=True)}
        return torch.func.functional_call(net, own, (x[i : i + 1],))[0, c]

    found = hessian_norm(net, x, tol=1e-9)
    top = largest_hessian_norm(net, x, tol=1e-9)
    norms = torch.zeros(3, 2, dtype=torch.float64)
    for i in range(3):
        for c in range(2):
            dense = torch.autograd.functional.hessian(lambda w, i=i, c=c: output(w, i, c), vector)
            norms[i, c] = torch.linalg.eigvalsh(dense).abs().max()
            assert found[i][c].value.value == pytest.approx(float(norms[i, c]), rel=1e-8)
    assert top.value.value == pytest.approx(float(norms.max()), rel=1e-8)
    assert (top.sample, top.output) == divmod(int(norms.argmax()), 2)


@every_case
@pytest.mark.parametrize("room", [1, 1 << 29])
def test_the_largest_of_all_with_less_work(case, room, monkeypatch):
    monkeypatch.setattr(hessian_module, "BATCH_BYTES", room)
    net, x = case.network(), case.data()[0]
    norms = hessian_norm(net, x, tol=1e-8)
    found = largest_hessian_norm(net, x, tol=1e-8)
    assert found.value.kind is Direction.LOWER
    best = max(h.value.value for row in norms for h in row)
    assert found.value.value == pytest.approx(best, rel=1e-12)
    assert norms[found.sample][found.output].value.value == pytest.approx(found.value.value, rel=1e-12)
    assert found.products <= sum(h.products for row in norms for h in row)
    assert (f"{found.stopped} of" in found.value.method) == (found.stopped > 0)


def test_losers_cost_less():
    case = Case((20, 20), 1, "tanh", "standard", False, n=12)
    net, x = case.network(), case.data()[0]
    found = largest_hessian_norm(net, x)
    assert found.stopped > 0
    assert found.products < sum(row[0].products for row in hessian_norm(net, x))


def test_class_n_and_autograd_agree():
    net, (x,) = sequential([5, 12, 9, 2], "gelu", bias=True), draws(6, (3, 5))
    by_autograd = nn.Sequential(net)  # nested: not read as class N
    for a, b in zip(hessian_norm(net, x, tol=1e-8), hessian_norm(by_autograd, x, tol=1e-8), strict=True):
        assert [h.signed for h in a] == pytest.approx([h.signed for h in b], rel=1e-7)


def test_nothing_to_train():
    net = sequential([3, 4, 1], "tanh").requires_grad_(False)
    with pytest.raises(InvalidInputError, match="no trainable parameters"):
        hessian_norm(net, draws(3, (2, 3))[0])
