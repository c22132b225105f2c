"""The tangent kernel by layer rules and by torch.func, against the dense Jacobian of the plain network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pltheory.measure import autodiff, linearization, ntk
from pltheory.measure.linearization import linearize
from pltheory.measure.ntk import empirical_ntk, empirical_ntk_by_autodiff, jacobian
from pltheory.problem.networks import fully_connected
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.cases import CASES, draws, every_case, sequential
from tests.oracles.plain import read

ROUTES = {"layer rules": empirical_ntk, "autodiff": empirical_ntk_by_autodiff}
routes = pytest.mark.parametrize("route", list(ROUTES))


def close(actual, expected, factor=200):
    size = float(expected.abs().max())
    eps = factor * torch.finfo(expected.dtype).eps
    torch.testing.assert_close(actual, expected, rtol=eps, atol=eps * size)


def dense_kernel(net, x):
    """J J^T, a row of J per output by plain reverse mode, whatever the module is."""
    rows = []
    for i in range(len(x)):
        for value in net(x[i : i + 1]).reshape(-1):
            grads = torch.autograd.grad(value, [p for p in net.parameters() if p.requires_grad], retain_graph=True)
            rows.append(torch.cat([g.reshape(-1) for g in grads]))
    j = torch.stack(rows)
    return j @ j.T


@every_case
@routes
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_kernel_is_the_dense_one(case, route, dtype):
    net, (x, _) = case.network(dtype), case.data(dtype)
    plain, w = read(net)
    kernel = ROUTES[route](net, x)
    assert kernel.shape == (case.n * case.outputs,) * 2
    assert kernel.dtype == dtype
    assert not kernel.requires_grad
    close(kernel, plain.kernel(w, x))


@every_case
def test_jacobian_is_dense_and_its_kernel_is_the_kernel(case):
    net, (x, _) = case.network(), case.data()
    j = jacobian(net, x)
    assert j.shape == (case.n * case.outputs, sum(p.numel() for p in net.parameters()))
    close(j @ j.T, empirical_ntk(net, x))


@every_case
def test_transpose_times_is_the_gradient_of_a_weighted_sum(case):
    net, (x, _) = case.network(), case.data()
    (v,) = draws(9, (case.n, case.outputs))
    parts = linearize(net, x).transpose_times(v)
    got = [w for w, _ in parts] + [b for _, b in parts if b is not None]
    expected = torch.autograd.grad((net(x) * v).sum(), list(net.parameters()))
    for g, e in zip(got, expected, strict=True):
        close(g, e)


def test_rows_are_sample_major():
    net, (x,) = fully_connected([3, 6, 2], seed=3), draws(1, (4, 3))
    kernel = empirical_ntk(net, x)
    for i, c in [(0, 1), (2, 0), (3, 1)]:
        grads = torch.autograd.grad(net(x[i : i + 1])[0, c], list(net.parameters()))
        assert float(kernel[2 * i + c, 2 * i + c]) == pytest.approx(sum(float(g.square().sum()) for g in grads))
    # A block of two samples is the kernel of these two samples.
    close(kernel[2:6, 2:6], empirical_ntk(net, x[1:3]))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "gelu", "silu", "mish", "relu"])
def test_sequential_by_layer_rules(name):
    net, (x,) = sequential([3, 5, 4, 2], name), draws(2, (4, 3))
    assert linearize(net, x).kernel.shape == (8, 8)
    close(empirical_ntk(net, x), dense_kernel(net, x))


@pytest.mark.parametrize("budget", [1, 2000, 5000, 1 << 30])
def test_blocks_of_samples_do_not_change_the_kernel(monkeypatch, budget):
    case = CASES[1]
    net, (x,) = case.network(), draws(3, (7, case.d))
    sizes = []
    rows = autodiff.jacobian_rows
    monkeypatch.setattr(ntk, "jacobian_rows", lambda n, p, xs: sizes.append(len(xs)) or rows(n, p, xs))
    monkeypatch.setattr(ntk, "JACOBIAN_BYTES", budget)
    close(empirical_ntk_by_autodiff(net, x), linearize(net, x).kernel)
    per_sample = 2 * sum(p.numel() for p in net.parameters()) * case.outputs * 8
    assert max(sizes) == min(7, max(1, budget // per_sample))


# Any module


def convolutional():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1, dtype=torch.float64), nn.SiLU(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(12, 2, dtype=torch.float64),
    )  # fmt: skip
    return net, draws(4, (3, 2, 4, 4))[0]


def normalised():
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Linear(3, 5, dtype=torch.float64), nn.BatchNorm1d(5, dtype=torch.float64), nn.Tanh(),
        nn.Linear(5, 2, dtype=torch.float64),
    )  # fmt: skip
    with torch.no_grad():
        net(draws(5, (20, 3))[0])
    return net.eval(), draws(6, (4, 3))[0]


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside, self.out = sequential([3, 4, 3], "tanh"), nn.Linear(3, 2, dtype=torch.float64)

    def forward(self, x):
        return self.out(x + self.inside(x))


def residual():
    torch.manual_seed(2)
    return Residual(), draws(7, (4, 3))[0]


class Twice(nn.Module):
    """One layer used twice: its two Jacobians add before they are squared."""

    def __init__(self):
        super().__init__()
        self.layer, self.out = sequential([3, 3], "tanh"), sequential([3, 2], "tanh")

    def forward(self, x):
        return self.out(torch.tanh(self.layer(torch.tanh(self.layer(x)))))


def shared():
    return Twice(), draws(7, (4, 3))[0]


def partly_frozen():
    net = sequential([3, 4, 2], "tanh")
    net[0].weight.requires_grad_(False)
    return net, draws(8, (4, 3))[0]


@pytest.mark.parametrize("make", [convolutional, normalised, residual, shared, partly_frozen])
def test_any_module(make):
    net, x = make()
    with pytest.raises(NotAvailableError, match="not available for this network"):
        linearize(net, x)
    close(empirical_ntk(net, x), dense_kernel(net, x))


@pytest.mark.parametrize("call", [empirical_ntk, empirical_ntk_by_autodiff, jacobian])
def test_batch_normalisation_in_train_mode_is_refused(call):
    net, x = normalised()
    with pytest.raises(InvalidInputError, match=r"module 1: .*network\.eval\(\)"):
        call(net.train(), x)


def test_batch_normalisation_without_statistics_mixes_even_in_eval_mode():
    net, x = normalised()
    net[1] = nn.BatchNorm1d(5, track_running_stats=False, dtype=torch.float64)
    with pytest.raises(InvalidInputError, match="module 1"):
        empirical_ntk(net.eval(), x)


class Centred(nn.Module):
    """Subtracts the mean over the batch: a mixing of samples that no module's type gives away."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 1, dtype=torch.float64)

    def forward(self, x):
        out = self.inner(x)
        return out - out.mean(dim=0)


def test_any_other_mixing_of_samples_is_refused():
    with pytest.raises(InvalidInputError, match="mix"):
        empirical_ntk(Centred(), draws(8, (4, 3))[0])


def test_dropout_in_train_mode_is_refused():
    net = nn.Sequential(sequential([3, 4, 2], "tanh"), nn.Dropout(0.5))
    with pytest.raises(InvalidInputError, match="eval"):
        empirical_ntk(net.train(), draws(8, (4, 3))[0])


def test_dropout_in_eval_mode_is_no_obstacle():
    net, x = nn.Sequential(sequential([3, 4, 2], "tanh"), nn.Dropout(0.5)).eval(), draws(8, (4, 3))[0]
    close(empirical_ntk(net, x), dense_kernel(net, x))


def test_no_trainable_parameters():
    net = nn.Sequential(nn.Linear(3, 2, dtype=torch.float64), nn.Tanh()).requires_grad_(False)
    with pytest.raises(InvalidInputError, match="no trainable parameters"):
        empirical_ntk(net, draws(8, (4, 3))[0])


@every_case
def test_panels_of_the_kernel_and_its_products(case, monkeypatch):
    """One sample a panel gives the kernel of one panel; its products need no kernel."""
    problem = case.problem()
    lin = linearize(problem.network, problem.x)
    monkeypatch.setattr(linearization, "ROWS", 1)
    panels = linearize(problem.network, problem.x).kernel
    scale = float(lin.kernel.abs().max())
    tolerance = 100 * torch.finfo(lin.kernel.dtype).eps * scale
    assert torch.allclose(panels, lin.kernel, rtol=0, atol=tolerance)
    assert torch.allclose(panels, panels.T, rtol=0, atol=tolerance)
    v = torch.randn(lin.outputs.shape, generator=torch.Generator().manual_seed(0)).to(lin.outputs)
    expected = (lin.kernel @ v.reshape(-1)).reshape(v.shape)
    assert torch.allclose(lin.products(v), expected, rtol=0, atol=tolerance * v.numel())


@pytest.mark.parametrize("bias", [False, True])
def test_inputs_that_require_a_gradient_leave_none_behind(bias):
    net = fully_connected([3, 6, 2], bias=bias, seed=1)
    x = draws(2, (40, 3))[0]
    watched = x.clone().requires_grad_()
    kernel = empirical_ntk(net, watched)
    assert not kernel.requires_grad
    torch.testing.assert_close(kernel, empirical_ntk(net, x), rtol=1e-12, atol=1e-12)
    lin = linearize(net, watched)
    assert not any(t.requires_grad for t in (lin.kernel, lin.outputs, *lin.inputs, *lin.rows))
