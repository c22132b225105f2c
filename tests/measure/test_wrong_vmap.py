"""A rule for vmap that gives another gradient than training sees: right by other means, or refused in one line."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.measure.autograd_hessian import AutogradHessians
from pltheory.measure.hessian import curvature_along, hessian_norm, largest_hessian_norm, loss_hessian_norm
from pltheory.measure.kernel_products import KernelOperator
from pltheory.measure.ntk import empirical_ntk, empirical_ntk_by_autodiff, traced_ntk
from pltheory.measure.pl_ratio import pl_ratio
from pltheory.problem.problem import Problem
from tests.cases import draws
from tests.oracles import plain_autograd as oracle

F64 = {"dtype": torch.float64}


class Sine(torch.autograd.Function):
    """sin by plain calls; subclasses say what it is under vmap."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x):
        return x.sin()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x.cos()


class Doubled(Sine):
    """Outputs, gradients and Hessians are others."""

    @staticmethod
    def vmap(info, in_dims, x):
        return 2 * x.movedim(in_dims[0], 0).sin(), 0


class Bent(Sine):
    """Outputs and gradients are right, Hessians are others."""

    @staticmethod
    def vmap(info, in_dims, x):
        x = x.movedim(in_dims[0], 0)
        return x.sin() + (x - x.detach()) ** 2, 0


class WithFunction(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.first, self.out, self.function = nn.Linear(4, 4, **F64), nn.Linear(4, 2, **F64), function

    def forward(self, x):
        return self.out(self.function.apply(self.first(x)))


class Padded(nn.Module):
    """Numbers of words; the word 0 is padding, whose row autograd takes for a constant."""

    def __init__(self):
        super().__init__()
        self.words, self.out = nn.Embedding(5, 3, padding_idx=0, **F64), nn.Linear(3, 2, **F64)
        with torch.no_grad():
            self.words.weight[0] = torch.tensor([0.3, -0.7, 1.1])

    def forward(self, x):
        return self.out(torch.tanh(self.words(x)).prod(1))


SENTENCES = torch.tensor([[0, 0, 1, 2], [3, 0, 0, 0], [1, 0, 0, 4]])


def built(what):
    torch.manual_seed(0)
    if what == "padding":
        return Padded(), SENTENCES
    return WithFunction({"doubled": Doubled, "bent": Bent}[what]), draws(0, (3, 4))[0]


def without_constants(net, value):
    """The Hessian without the rows and columns of the padding."""
    hess = oracle.difference_hessian(net, value)
    keep = torch.ones(len(hess), dtype=torch.bool)
    if isinstance(net, Padded):
        keep[:3] = False
    return hess[keep][:, keep]


def norms(net, x):
    return torch.tensor(
        [
            [oracle.norm(without_constants(net, lambda i=i, c=c: net(x[i : i + 1])[0, c])) for c in range(2)]
            for i in range(len(x))
        ],
        **F64,
    )


KINDS = ["padding", "doubled", "bent"]


@pytest.mark.parametrize("what", KINDS)
def test_hessians_are_those_of_plain_autograd(what):
    net, x = built(what)
    expected = norms(net, x)
    found = torch.tensor([[h.value.value for h in row] for row in hessian_norm(net, x, tol=1e-8)], **F64)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)
    assert largest_hessian_norm(net, x, tol=1e-8).value.value == pytest.approx(float(expected.max()), rel=1e-6)


@pytest.mark.parametrize("what", KINDS)
def test_kernels_are_those_of_plain_autograd(what):
    net, x = built(what)
    j = oracle.jacobian(net, x)
    kernel = j @ j.T
    for call in (empirical_ntk, empirical_ntk_by_autodiff):
        torch.testing.assert_close(call(net, x), kernel, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(torch.as_tensor(KernelOperator(net, x) @ np.eye(6)), kernel, rtol=1e-10, atol=1e-12)
    blocks = kernel.reshape(3, 2, 3, 2).diagonal(dim1=1, dim2=3).sum(-1)
    torch.testing.assert_close(traced_ntk(net, x), blocks, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("what", ["doubled", "bent"])
def test_numbers_of_the_loss_are_those_of_plain_autograd(what):
    net, x = built(what)
    y = torch.ones(3, 2, **F64)
    problem, value = Problem(net, x, y), oracle.loss(net, x, y)
    gradient = oracle.flat_gradient(value, oracle.trained(net))
    assert pl_ratio(problem).value == pytest.approx(float(gradient.square().sum() / (2 * value.detach())), rel=1e-10)
    hess = oracle.difference_hessian(net, lambda: oracle.loss(net, x, y))
    assert loss_hessian_norm(problem, tol=1e-8).value.value == pytest.approx(oracle.norm(hess), rel=1e-6)
    ones = {name: torch.ones_like(p) for name, p in net.named_parameters()}
    along = float(hess.sum() / len(hess))
    assert curvature_along(problem, ones).at_least() == pytest.approx(along, rel=1e-5)


def test_a_right_rule_is_used(monkeypatch):
    """Many Hessians at once stay at once."""
    counts, apply = [], AutogradHessians.apply
    monkeypatch.setattr(AutogradHessians, "apply", lambda self, v: counts.append(self.count) or apply(self, v))
    torch.manual_seed(0)
    net = nn.Sequential(nn.Sequential(nn.Linear(4, 5, **F64), nn.Tanh(), nn.Linear(5, 2, **F64)))
    hessian_norm(net, draws(0, (3, 4))[0])
    assert max(counts) == 6
    assert counts[0] == 6
