"""Every public measurement of modules with peculiarities: right against dense oracles, or refused in one line."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pltheory.measure.ball_search import attack_lambda_min, attack_pl_ratio
from pltheory.measure.hessian import curvature_along, hessian_norm, largest_hessian_norm, loss_hessian_norm
from pltheory.measure.kernel_products import KernelOperator
from pltheory.measure.ntk import empirical_ntk, empirical_ntk_by_autodiff, jacobian, traced_ntk
from pltheory.measure.pl_ratio import pl_ratio
from pltheory.measure.spectrum import lambda_min_estimate
from pltheory.problem.evaluation import random_states, same_states
from pltheory.problem.problem import Problem
from pltheory.theory import InvalidInputError, NotAvailableError, NumericalFailureError
from tests.measure.odd_modules import ODD
from tests.oracles import plain_autograd as oracle

CLOSE = {"rtol": 1e-9, "atol": 1e-11}


def near(found, expected, **tolerance):
    torch.testing.assert_close(torch.as_tensor(found, dtype=torch.float64), expected.double(), **(tolerance or CLOSE))


def of_kernel(net, plain, x, y):
    j = oracle.jacobian(plain, x)
    near(empirical_ntk(net, x), j @ j.T)


def of_autodiff(net, plain, x, y):
    j = oracle.jacobian(plain, x)
    near(empirical_ntk_by_autodiff(net, x), j @ j.T)


def of_jacobian(net, plain, x, y):
    near(jacobian(net, x), oracle.jacobian(plain, x))


def of_trace(net, plain, x, y):
    j, n = oracle.jacobian(plain, x), len(x)
    c = len(j) // n
    near(traced_ntk(net, x), (j @ j.T).reshape(n, c, n, c).diagonal(dim1=1, dim2=3).sum(-1))


def of_operator(net, plain, x, y):
    j = oracle.jacobian(plain, x)
    op = KernelOperator(net, x)
    near(torch.as_tensor(op @ np.eye(len(j))), j @ j.T)
    near(lambda_min_estimate(op).value, torch.linalg.eigvalsh(j @ j.T)[0].clamp(min=0), rtol=1e-6, atol=1e-12)


def of_hessians(net, plain, x, y):
    found = hessian_norm(net, x, tol=1e-8)
    near([[h.value.value for h in row] for row in found], oracle.output_norms(plain, x), rtol=1e-5, atol=1e-7)


def of_largest(net, plain, x, y):
    near(largest_hessian_norm(net, x, tol=1e-8).value.value, oracle.output_norms(plain, x).max(), rtol=1e-5, atol=1e-7)


def of_loss_hessian(net, plain, x, y):
    expected = oracle.norm(oracle.difference_hessian(plain, lambda: oracle.loss(plain, x, y)))
    assert loss_hessian_norm(net, tol=1e-8).value.value == pytest.approx(expected, rel=1e-5, abs=1e-7)


def of_curvature(net, plain, x, y):
    params = {k: p for k, p in plain.named_parameters() if p.requires_grad}
    gen = torch.Generator().manual_seed(1)
    direction = {k: torch.randn(p.shape, generator=gen, dtype=torch.float64) for k, p in params.items()}
    v = torch.cat([d.reshape(-1) for d in direction.values()])
    hess = oracle.difference_hessian(plain, lambda: oracle.loss(plain, x, y))
    found = curvature_along(net, direction)
    assert found.at_least() == pytest.approx(float(v @ hess @ v / (v @ v)), rel=1e-5, abs=1e-7)


def ratio(net, x, y):
    value = oracle.loss(net, x, y)
    return float(oracle.flat_gradient(value, oracle.trained(net)).square().sum() / (2 * value.detach()))


def of_pl_ratio(net, plain, x, y):
    assert pl_ratio(net).value == pytest.approx(ratio(plain, x, y), rel=1e-9)


def at_point(net, weights, measure):
    params = oracle.trained(net)
    centre = torch.cat([p.detach().reshape(-1) for p in params]).clone()
    oracle.put(params, torch.cat([w.reshape(-1) for w in weights]))
    found = measure()
    oracle.put(params, centre)
    return found


def of_attack_ratio(net, plain, x, y):
    found = attack_pl_ratio(net, 0.1, steps=2)
    there = at_point(plain, found.weights, lambda: ratio(plain, x, y))
    assert found.value.at_most() == pytest.approx(there, rel=1e-9)
    assert found.value.at_most() <= ratio(plain, x, y) * (1 + 1e-12)


def of_attack_eigenvalue(net, plain, x, y):
    def least():
        j = oracle.jacobian(plain, x)
        return float(torch.linalg.eigvalsh(j @ j.T)[0])

    found = attack_lambda_min(net, 0.1, steps=2)
    assert found.value.at_most() == pytest.approx(at_point(plain, found.weights, least), rel=1e-8, abs=1e-12)
    assert found.value.at_most() <= least() + 1e-12


ON_MODULES = {
    "empirical_ntk": of_kernel,
    "empirical_ntk_by_autodiff": of_autodiff,
    "jacobian": of_jacobian,
    "traced_ntk": of_trace,
    "KernelOperator": of_operator,
    "hessian_norm": of_hessians,
    "largest_hessian_norm": of_largest,
}
ON_PROBLEMS = {
    "loss_hessian_norm": of_loss_hessian,
    "curvature_along": of_curvature,
    "pl_ratio": of_pl_ratio,
    "attack_pl_ratio": of_attack_ratio,
    "attack_lambda_min": of_attack_eigenvalue,
}


def state(net):
    kept = {k: v.clone() for k, v in net.state_dict().items() if not isinstance(v, torch.nn.UninitializedParameter)}
    return kept, [p.grad for p in net.parameters()]


def unchanged(before, after):
    assert before[0].keys() == after[0].keys()
    for name, value in before[0].items():
        assert torch.equal(value, after[0][name]), name
    assert all(g is None for g in after[1])


NO_PROBLEM = ("tokens", "image", "one output without an axis", "embedding", "sparse embedding")
"""No problem of square loss on vectors."""
REFUSED_AS_PROBLEMS = ("dropout", "batch norm", "random relu")
"""The other modules that everything refuses are refused when the problem is made."""


def asked(name, call):
    if call in ON_MODULES or name in REFUSED_AS_PROBLEMS:
        return True
    return name not in NO_PROBLEM and ODD[name].refused is not None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "call"), [(name, call) for name in ODD for call in [*ON_MODULES, *ON_PROBLEMS] if asked(name, call)]
)
def test_right_or_one_line(name, call):
    odd = ODD[name]
    net, x = odd.build()
    y = torch.ones(3, 2, dtype=torch.float64)
    refused = odd.refused is None or call in odd.refused
    if name == "one parameter of no axes":
        y = torch.ones(3, 4, dtype=torch.float64)
    problem = None if call in ON_MODULES else Problem(net, x, y)
    before, sources = state(net), random_states()
    if refused:
        with pytest.raises((InvalidInputError, NotAvailableError, NumericalFailureError)) as error:
            CALLS[call](net, x, problem)
        assert "\n" not in str(error.value)
        assert len(str(error.value)) > 20
    else:
        function = {**ON_MODULES, **ON_PROBLEMS}[call]
        function(problem or net, odd.build()[0], x, y)
    unchanged(before, state(net))
    if refused:  # building the oracle's module draws
        assert same_states(sources, random_states())


CALLS = {
    "empirical_ntk": lambda net, x, p: empirical_ntk(net, x),
    "empirical_ntk_by_autodiff": lambda net, x, p: empirical_ntk_by_autodiff(net, x),
    "jacobian": lambda net, x, p: jacobian(net, x),
    "traced_ntk": lambda net, x, p: traced_ntk(net, x),
    "KernelOperator": lambda net, x, p: KernelOperator(net, x),
    "hessian_norm": lambda net, x, p: hessian_norm(net, x),
    "largest_hessian_norm": lambda net, x, p: largest_hessian_norm(net, x),
    "loss_hessian_norm": lambda net, x, p: loss_hessian_norm(p),
    "curvature_along": lambda net, x, p: curvature_along(
        p, {k: torch.ones_like(v) for k, v in net.named_parameters() if v.requires_grad}
    ),
    "pl_ratio": lambda net, x, p: pl_ratio(p),
    "attack_pl_ratio": lambda net, x, p: attack_pl_ratio(p, 0.1),
    "attack_lambda_min": lambda net, x, p: attack_lambda_min(p, 0.1),
}
