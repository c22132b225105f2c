"""A public call means the same in any surroundings, and leaves networks, gradients and random states as found."""

from __future__ import annotations

import contextlib
import random
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

import pltheory as pl
from pltheory.problem.exact import same_bits
from pltheory.rigor.errors import RoundingEnvironmentError
from pltheory.theory import InvalidInputError, NotAvailableError, PltheoryError
from tests.cases import draws, sequential

RULE = pl.DeltaGClipSettings(eta=1e-3, gamma=0.5, delta=0.1)


def own():
    return pl.fully_connected([4, 16, 1], bias=True, seed=1)


def standard():
    return sequential([4, 16, 1], "gelu", seed=2)


def normed():
    """Any module: buffers, and layers whose outputs depend on a flag."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Dropout(0.5), nn.Linear(16, 1)).double()
    net[1].running_mean.normal_()
    return net.eval()


def random_one():
    """The same in training mode: it draws random numbers, and its forward changes its buffers."""
    return normed().train()


NETWORKS = {"own": own, "sequential": standard, "evaluation mode": normed, "training mode": random_one}
CALLS = {
    "Problem": lambda net, x, y: pl.Problem(net, x, y).scale,
    "verify": lambda net, x, y: pl.verify(pl.Problem(net, x, y), RULE, theorem="B", steps=20).to_json(),
    "certify": lambda net, x, y: pl.certify(pl.Problem(net, x, y), RULE)["lambda_min"],
    "linearize": lambda net, x, y: pl.linearize(net, x).outputs,
    "profile": lambda net, x, y: pl.profile(pl.linearize(net, x), 1e-3).sig.tolist(),
    "empirical_ntk": lambda net, x, y: pl.empirical_ntk(net, x),
    "traced_ntk": lambda net, x, y: pl.traced_ntk(net, x),
    "ntk_routes": lambda net, x, y: pl.ntk_routes(net, x),
    "KernelOperator": lambda net, x, y: pl.KernelOperator(net, x) @ np.ones(len(x)),
    "lambda_min": lambda net, x, y: pl.lambda_min(pl.empirical_ntk(net, x), rigorous=True).value,
    "lambda_max": lambda net, x, y: pl.lambda_max(pl.empirical_ntk(net, x)).value,
    "hessian_norm": lambda net, x, y: [[h.signed for h in row] for row in pl.hessian_norm(net, x)],
    "largest_hessian_norm": lambda net, x, y: pl.largest_hessian_norm(net, x).value.value,
    "loss_hessian_norm": lambda net, x, y: pl.loss_hessian_norm(pl.Problem(net, x, y)).signed,
    "pl_ratio": lambda net, x, y: pl.pl_ratio(pl.Problem(net, x, y)).value,
    "attack_lambda_min": lambda net, x, y: pl.attack_lambda_min(pl.Problem(net, x, y), 0.1, steps=2).value.value,
    "attack_pl_ratio": lambda net, x, y: pl.attack_pl_ratio(pl.Problem(net, x, y), 0.1, steps=2).value.value,
}


def data():
    return draws(5, (3, 4), (3, 1))


def everything(net):
    """All that a call could disturb: names to tensors or plain values, gradients by identity too."""
    tensors = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    state = {name: t.detach().clone() for name, t in tensors.items()}
    grads = {name: (id(p.grad), None if p.grad is None else p.grad.clone()) for name, p in net.named_parameters()}
    flags = {name: (part.training, dict(vars(part))) for name, part in net.named_modules()}
    keys = {name: sorted(held) for name, (_, held) in flags.items()}
    return tensors, state, grads, {name: flag for name, (flag, _) in flags.items()}, keys


def states():
    return torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002


@pytest.mark.slow
@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize("kind", list(NETWORKS))
def test_a_call_leaves_everything_as_it_found_it(kind, call):
    net = NETWORKS[kind]()
    x, y = data()
    for i, p in enumerate(net.parameters()):
        p.grad = torch.full_like(p, float(i))
    before, random_before, x0, y0 = everything(net), states(), x.clone(), y.clone()
    with contextlib.suppress(Exception):  # what is refused must leave no trace either
        CALLS[call](net, x, y)
    after, random_after = everything(net), states()
    assert before[0].keys() == after[0].keys()
    for name, t in before[0].items():
        assert after[0][name] is t, name
        assert same_bits(t, before[1][name]), name
    for name, (identity, grad) in before[2].items():
        assert after[2][name][0] == identity, name
        assert grad is None or torch.equal(after[2][name][1], grad), name
    assert before[3:] == after[3:]
    assert torch.equal(random_before[0], random_after[0])
    assert all(np.array_equal(a, b) for a, b in zip(random_before[1], random_after[1], strict=True))
    assert random_before[2] == random_after[2]
    assert torch.equal(x, x0)
    assert torch.equal(y, y0)


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def default_device(name):
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextlib.contextmanager
def flushing():
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


class Intercepting(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


HARMLESS = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "errors raised by numpy": lambda: np.errstate(all="raise"),
    "float64 by default": lambda: default_dtype(torch.float64),
    "bfloat16 by default": lambda: default_dtype(torch.bfloat16),
    "another device by default": lambda: default_device("meta"),
}


def outcome(call, net, x, y):
    try:
        return CALLS[call](net, x, y)
    except PltheoryError as error:
        return type(error), str(error)


@cache
def alone(kind, call):
    return outcome(call, NETWORKS[kind](), *data())


@pytest.mark.slow
@pytest.mark.parametrize("around", list(HARMLESS))
@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize("kind", ["own", "evaluation mode"])
def test_harmless_surroundings_change_nothing(kind, call, around):
    expected, net, (x, y) = alone(kind, call), NETWORKS[kind](), data()
    with HARMLESS[around]():
        inside = outcome(call, net, x, y)
    if isinstance(expected, torch.Tensor | np.ndarray):
        assert (np.asarray(inside) == np.asarray(expected)).all()
        assert not (isinstance(inside, torch.Tensor) and inside.is_inference())
    else:
        assert inside == expected


REFUSED = {
    "autocast": (lambda: torch.autocast("cpu", torch.bfloat16), NotAvailableError, "torch.autocast on cpu"),
    "a mode": (Intercepting, NotAvailableError, "the mode Intercepting"),
    "flushing": (flushing, RoundingEnvironmentError, "flushes subnormal numbers"),
}


@pytest.mark.parametrize("around", list(REFUSED))
@pytest.mark.parametrize("call", list(CALLS))
def test_surroundings_that_change_numbers_are_refused(call, around):
    net = own()
    x, y = data()
    context, kind, words = REFUSED[around]
    with context(), pytest.raises(kind, match=words) as refusal:
        CALLS[call](net, x, y)
    assert "\n" not in str(refusal.value)


def test_tensors_made_under_inference_mode_are_refused_by_name():
    with torch.inference_mode():
        x, y = data()
        net = own()
    assert not any(p.is_inference() for p in net.parameters())
    with pytest.raises(InvalidInputError, match=r"argument 1 was made under torch\.inference_mode"):
        pl.empirical_ntk(net, x)
    with pytest.raises(InvalidInputError, match=r"x is .* outside of torch\.inference_mode"):
        pl.Problem(net, x, y)


def test_a_call_inside_a_call_is_not_judged_again():
    """A progress callback may measure, under whatever it switches on itself."""
    x, y = data()
    net = own()
    seen = []

    def progress(done, total, note):
        with torch.no_grad():
            seen.append(pl.empirical_ntk(net, x))

    pl.verify(pl.Problem(net, x, y), RULE, theorem="B", steps=20, progress=progress)
    assert len(seen) == 1
    with Intercepting(), pytest.raises(NotAvailableError):  # the guard is armed again
        pl.empirical_ntk(net, x)


@pytest.mark.parametrize("scale", [1e-40, 1e-42, 1e-44])
def test_subnormal_float32_networks_are_the_doubles_they_widen_to(scale):
    """All weights subnormal in float32: nothing is certified wrongly, and the certificate's arrays are the numbers."""
    net = pl.fully_connected([4, 16, 1], bias=True, seed=1, dtype=torch.float32)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(scale)
    x, y = (t.float() for t in data())
    problem = pl.Problem(net, x, y)
    report = pl.verify(problem, RULE, theorem="B", steps=5)
    assert report.verdict is not pl.Verdict.CERTIFIED  # the kernel's smallest eigenvalue is below 1e-70
    c = pl.certify(problem, RULE)
    for stored, p in zip(c.arrays.weights, net.weights, strict=True):
        exact = [float(v) for v in p.detach().reshape(-1)]
        assert stored.reshape(-1).tolist() == exact
        assert any(exact)
    assert not c.holds
