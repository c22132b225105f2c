"""A problem's scale, its refusals, and its smaller twin in the span of the data."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pltheory.measure.ntk import empirical_ntk
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem, in_span_of_data
from pltheory.theory import InvalidInputError
from tests.cases import Case, draws, every_case, sequential
from tests.oracles.plain import read

NARROW = Case((5, 4), 2, "tanh", "ntk", True, n=3, d=11)


def gradient_norm(problem):
    grads = torch.autograd.grad(problem.value(), list(problem.parameters()))
    return float(torch.stack([g.norm() for g in grads]).norm())


@every_case
def test_value_is_half_the_square_over_the_scale(case):
    problem = case.problem()
    plain, w = read(problem.network)
    scale = 1.0 if case.loss == "sum" else 1 / case.n
    assert problem.scale == scale
    expected = plain.loss(w, problem.x, problem.y, scale)
    torch.testing.assert_close(problem.value().detach(), expected)
    torch.testing.assert_close(
        problem.residual().detach().reshape(-1), plain.outputs(w, problem.x) - problem.y.reshape(-1)
    )


def test_a_copy_has_weights_of_its_own():
    problem = NARROW.problem()
    twin = problem.copy()
    with torch.no_grad():
        for p in twin.parameters():
            p.zero_()
    assert all(p.abs().sum() > 0 for p in problem.parameters())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loss": "max"}, "'sum', 'mean'"),
        ({"y": torch.zeros(3, 5, dtype=torch.float64)}, r"\(3, 2\).*\(3, 5\)"),
        ({"x": torch.randn(3, 4, dtype=torch.float64)}, "does not take x"),
        ({"x": torch.randn(3, 11), "y": torch.randn(3, 2)}, "float32"),
        ({"x": torch.ones(3, 11, dtype=torch.float64)}, "duplicate"),
        ({"x": torch.full((3, 11), torch.nan, dtype=torch.float64)}, "x"),
    ],
)
def test_bad_problems_are_refused(change, words):
    parts = {"network": NARROW.network(), "x": NARROW.data()[0], "y": NARROW.data()[1], "loss": "sum", **change}
    with pytest.raises(InvalidInputError, match=words):
        Problem(**parts)


def test_weights_that_are_not_finite_are_refused():
    net = NARROW.network()
    with torch.no_grad():
        net.weights[1][0, 0] = torch.inf
    with pytest.raises(InvalidInputError, match=r"weights\.1"):
        Problem(net, *NARROW.data())


# In the span of the data


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_the_smaller_twin_has_the_same_outputs_kernel_and_gradient(bias, loss):
    case = Case((5, 4), 2, "silu", "ntk", bias, loss=loss, n=4, d=9)
    problem = case.problem()
    small = in_span_of_data(problem)
    assert small.x.shape == (4, 4)
    assert small.loss == loss
    torch.testing.assert_close(small.value(), problem.value())
    torch.testing.assert_close(small.network(small.x), problem.network(problem.x))
    torch.testing.assert_close(
        empirical_ntk(small.network, small.x), empirical_ntk(problem.network, problem.x), rtol=1e-11, atol=1e-12
    )
    assert gradient_norm(small) == pytest.approx(gradient_norm(problem), rel=1e-12)


def test_points_that_span_less_than_their_number():
    (base, mix) = draws(4, (2, 9), (4, 2))
    net = fully_connected([9, 6, 1])
    problem = Problem(net, mix @ base, draws(5, (4, 1))[0])
    small = in_span_of_data(problem)
    torch.testing.assert_close(small.network(small.x), net(problem.x))
    assert gradient_norm(small) == pytest.approx(gradient_norm(problem), rel=1e-11)


def test_a_bias_in_one_layer_only():
    net = sequential([9, 5, 1], "tanh")
    net[0] = nn.Linear(9, 5, bias=False, dtype=torch.float64)
    problem = Problem(net, *draws(6, (3, 9), (3, 1)))
    small = in_span_of_data(problem)
    torch.testing.assert_close(small.network(small.x), net(problem.x))
    assert gradient_norm(small) == pytest.approx(gradient_norm(problem), rel=1e-12)


def test_no_twin_where_it_saves_nothing_or_the_network_is_another():
    assert in_span_of_data(Case((4,), 1, "tanh", "ntk", False, n=5, d=3).problem()) is None
    net = nn.Sequential(nn.Linear(9, 4, dtype=torch.float64), nn.LayerNorm(4, dtype=torch.float64))
    assert in_span_of_data(Problem(net, *draws(7, (3, 9), (3, 4)))) is None
