"""The one check before a measurement, and what surrounds it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.measure.admission import admit
from pltheory.measure.hessian import hessian_norm, largest_hessian_norm, loss_hessian_norm
from pltheory.measure.kernel_products import KernelOperator
from pltheory.measure.ntk import empirical_ntk, ntk_routes
from pltheory.measure.pl_ratio import pl_ratio
from pltheory.problem.evaluation import random_states, same_states, untouched
from pltheory.problem.problem import Problem
from pltheory.theory import InvalidInputError
from tests.cases import draws, sequential
from tests.oracles import plain_autograd as oracle

F64 = {"dtype": torch.float64}


def mlp():
    return nn.Sequential(sequential([4, 5, 2], "tanh"))  # nested: not read as class N


BAD_INPUTS = {
    "an array": (np.ones((3, 4)), "ndarray"),
    "a list": ([[1.0]], "list"),
    "nothing": (torch.zeros(0, 4, **F64), "no samples"),
    "a number": (torch.tensor(1.0), "no samples"),
    "half": (torch.ones(3, 4, dtype=torch.float16), "float16"),
    "bfloat16": (torch.ones(3, 4, dtype=torch.bfloat16), "bfloat16"),
    "complex": (torch.ones(3, 4, dtype=torch.complex128), "complex128"),
    "other columns": (torch.ones(3, 5, **F64), r"\(1, 5\)|\(3, 5\)"),
    "other precision": (torch.ones(3, 4), "float32"),
}


@pytest.mark.parametrize("what", BAD_INPUTS)
@pytest.mark.parametrize("call", [empirical_ntk, ntk_routes, KernelOperator, hessian_norm, largest_hessian_norm])
@pytest.mark.parametrize("make", [mlp, lambda: sequential([4, 5, 2], "tanh")])
def test_bad_inputs_in_one_line(what, call, make):
    x, words = BAD_INPUTS[what]
    with pytest.raises(InvalidInputError, match=words) as error:
        call(make(), x)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("call", [empirical_ntk, KernelOperator, hessian_norm])
def test_what_is_no_module(call):
    with pytest.raises(InvalidInputError, match=r"torch\.nn\.Module"):
        call(lambda x: x, draws(0, (3, 4))[0])


def test_batch_normalisation_in_train_mode_is_left_bit_for_bit():
    net = nn.Sequential(nn.Linear(4, 5, **F64), nn.BatchNorm1d(5, **F64), nn.Tanh(), nn.Linear(5, 1, **F64)).train()
    x = draws(0, (6, 4))[0]
    problem = Problem(net, x, torch.ones(6, 1, **F64))
    before = {k: v.clone() for k, v in net.state_dict().items()}
    for call in (lambda: hessian_norm(net, x), lambda: loss_hessian_norm(problem), lambda: pl_ratio(problem)):
        with pytest.raises(InvalidInputError, match=r"module 1: .*network\.eval\(\)"):
            call()
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


def test_buffers_and_random_states_are_put_back():
    net = nn.BatchNorm1d(3, **F64)
    states, mean = random_states(), net.running_mean
    with untouched(net):
        net(draws(0, (5, 3))[0])
        net.register_buffer("running_mean", torch.ones(3, **F64))
        torch.rand(3)
        np.random.rand(2)  # noqa: NPY002
    assert net.running_mean is mean
    assert not mean.any()
    assert net.num_batches_tracked == 0
    assert same_states(states, random_states())


def test_admission_says_how_many_outputs_there_are():
    net = nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Linear(2, 3, **F64))
    admitted = admit(net, draws(1, (3, 4))[0])
    assert admitted.one.shape == (6,)
    assert list(admitted.params) == ["1.weight", "1.bias"]


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_what_is_around_a_measurement_changes_nothing(around):
    net, (x,) = mlp(), draws(2, (3, 4))
    kernel, norms = empirical_ntk(net, x), oracle.output_norms(net, x)
    with around():
        torch.testing.assert_close(empirical_ntk(net, x), kernel, rtol=1e-12, atol=1e-12)
        found = [[h.value.value for h in row] for row in hessian_norm(net, x, tol=1e-8)]
        product = KernelOperator(net, x) @ np.ones(6)
    torch.testing.assert_close(torch.tensor(found, **F64), norms, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(product, kernel.numpy() @ np.ones(6), rtol=1e-10)


def test_an_earlier_graph_survives_a_measurement():
    net, (x,) = mlp(), draws(2, (3, 4))
    loss = net(x).square().sum()
    hessian_norm(net, x)
    loss.backward()  # complains if the weights were written to meanwhile
    assert all(p.grad is not None for p in net.parameters())


class Neighbour(nn.Module):
    """The sample in the middle reads the one before it; the first and the last do not."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 1).double()

    def forward(self, x):
        out = self.a(x)
        return torch.cat([out[:1], out[1:2] + out[:1], out[2:]]) if len(out) == 3 else out


class Renormed(nn.Module):
    """A forward that rewrites a weight, seen by autograd or behind its back."""

    def __init__(self, hidden):
        super().__init__()
        self.a, self.hidden = nn.Linear(4, 1).double(), hidden

    def forward(self, x):
        with torch.no_grad():
            (self.a.bias.data if self.hidden else self.a.bias).mul_(1.0001)
        return self.a(x)


def test_samples_that_mix_in_the_middle_are_seen():
    with pytest.raises(InvalidInputError, match="mixes the samples"):
        empirical_ntk(Neighbour(), draws(0, (3, 4))[0])


@pytest.mark.parametrize("hidden", [False, True])
def test_parameters_that_a_forward_changes_are_put_back(hidden):
    net = Renormed(hidden)
    before = net.a.bias.detach().clone()
    with pytest.raises(InvalidInputError):
        empirical_ntk(net, draws(0, (3, 4))[0])
    assert torch.equal(net.a.bias, before)
