"""torch's own optimizer tests, by the inputs that torch generates for its SGD, on the optimizers of this project.

Run in a process of its own by `test_torch_suite.py`: what is imported here changes settings of the whole process.
"""

from __future__ import annotations

import copy
import math
import pickle

import pytest
import torch
from torch import nn
from torch.testing._internal import common_optimizers as generators

from pltheory.optim import DeltaGClip, GClip, GradientDescent
from pltheory.theory import InvalidInputError

# torch's generators warn of each other.
pytestmark = pytest.mark.filterwarnings("ignore")
(SGD,) = [info for info in generators.optim_db if info.optim_cls is torch.optim.SGD]
PLAIN = SGD.optim_inputs_func("cpu")
ALL = generators._get_optim_inputs_including_global_cliquey_kwargs("cpu", torch.float32, SGD)

UNCLIPPED = {
    "gd": lambda params, **kw: GradientDescent(params, **{"lr": 1e-3, **kw}),
    "gclip": lambda params, **kw: GClip(params, **{"lr": 1e-3, "gamma": math.inf, **kw}),
    "delta-gclip": lambda params, **kw: DeltaGClip(params, **{"lr": 1e-3, "gamma": math.inf, "delta": 0.5, **kw}),
    "never reached": lambda params, **kw: DeltaGClip(params, **{"lr": 1e-3, "gamma": 1e9, "delta": 0.1, **kw}),
    "buffer": lambda params, **kw: DeltaGClip(params, clip="buffer", **{"lr": 1e-3, "gamma": 1e9, "delta": 0.1, **kw}),
}
CLIPPED = {
    "gclip": lambda params, **kw: GClip(params, **{"lr": 1e-3, "gamma": 0.7, **kw}),
    "delta-gclip": lambda params, **kw: DeltaGClip(params, **{"lr": 1e-3, "gamma": 0.7, "delta": 0.1, **kw}),
    "buffer": lambda params, **kw: DeltaGClip(params, clip="buffer", **{"lr": 1e-3, "gamma": 0.7, "delta": 0.1, **kw}),
}
over_inputs = pytest.mark.parametrize("given", PLAIN, ids=lambda given: given.desc)
over_all = pytest.mark.parametrize("given", ALL, ids=lambda given: given.desc)
over_unclipped = pytest.mark.parametrize("make", UNCLIPPED.values(), ids=UNCLIPPED)
over_clipped = pytest.mark.parametrize("make", CLIPPED.values(), ids=CLIPPED)


def parameters(dtype=torch.float32, *, leaf=True):
    generator = torch.Generator().manual_seed(0)
    draw = [torch.randn(shape, generator=generator).to(dtype) for shape in ((10, 5), (5,), (), (2, 3, 4, 4))]
    params = [nn.Parameter(t) for t in draw]
    params[-1].data = params[-1].data.to(memory_format=torch.channels_last)
    return params if leaf else [p.clone() for p in params]


def set_gradients(params, t, dtype=torch.float32):
    generator = torch.Generator().manual_seed(t)
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator).to(dtype)


def stepped(make, kwargs, *, steps=4, dtype=torch.float32, then=lambda opt: opt):
    params = parameters(dtype, leaf=not kwargs.get("differentiable"))
    opt = make(params, **copy.deepcopy(kwargs))
    for t in range(steps):
        set_gradients(params, t, dtype)
        opt.step()
        opt = then(opt)
    return params, opt


def assert_near(ours, theirs, ulps=16):
    for p, q in zip(ours, theirs, strict=True):
        eps = torch.finfo(q.dtype).eps
        torch.testing.assert_close(p.detach(), q.detach(), rtol=ulps * eps, atol=ulps * eps)


def fits(make, kwargs):
    """The one combination that is refused."""
    return not (make is UNCLIPPED["buffer"] or make is CLIPPED["buffer"]) or not kwargs.get("nesterov")


@over_all
@over_unclipped
def test_numbers_of_sgd(make, given):
    if not fits(make, given.kwargs):
        with pytest.raises(InvalidInputError, match=r"nesterov = True: allowed is False with clip"):
            make(parameters(), **given.kwargs)
        return
    for dtype in (torch.float32, torch.float64):
        ours, opt = stepped(make, given.kwargs, dtype=dtype)
        # torch's fused kernel on the CPU misreads a gradient of another layout than its parameter's.
        theirs, sgd = stepped(torch.optim.SGD, {**given.kwargs, "fused": False}, dtype=dtype)
        assert_near(ours, theirs)
        moved = [float((p - q).detach().abs().max()) for p, q in zip(ours, parameters(dtype), strict=True)]
        assert min(moved) > 1e-4
        buffers = [[o.state[p].get("momentum_buffer") for p in o.param_groups[0]["params"]] for o in (opt, sgd)]
        assert (buffers[0][0] is None) == (buffers[1][0] is None)
        if buffers[0][0] is not None:
            assert_near(*buffers)


@over_inputs
@over_clipped
def test_every_implementation_clips_alike(make, given):
    if not fits(make, given.kwargs):
        return
    first, opt = stepped(make, {**given.kwargs, "foreach": False, "fused": False})
    assert float(opt.step_size) < 0.999 * float(given.kwargs.get("lr", 1e-3))
    for flag in ("foreach", "fused", "capturable", "differentiable"):
        assert_near(stepped(make, {**given.kwargs, flag: True})[0], first, 64)
    assert_near(stepped(make, given.kwargs)[0], first, 64)


@over_inputs
@pytest.mark.parametrize("schedulers", SGD.scheduler_inputs, ids=range(len(SGD.scheduler_inputs)))
def test_the_loss_goes_the_right_way_under_schedulers(schedulers, given):
    generator = torch.Generator().manual_seed(0)
    weight, bias = (nn.Parameter(torch.randn(s, generator=generator)) for s in ((10, 5), (10,)))
    x = torch.randn(5, generator=generator)
    opt = DeltaGClip([weight, bias], **{"lr": 1e-3, "gamma": 1.0, "delta": 0.1, **copy.deepcopy(given.kwargs)})
    made = [scheduler(opt) for scheduler in schedulers]

    def closure():
        opt.zero_grad()
        loss = (weight.mv(x) + bias).square().sum()
        loss.backward()
        return loss

    start = closure().item()
    for _ in range(20):
        closure()
        loss = opt.step(closure)
        for s in made:
            s.step(loss) if isinstance(s, torch.optim.lr_scheduler.ReduceLROnPlateau) else s.step()
    end = closure().item()
    assert end > start if given.kwargs.get("maximize") else end < start


@pytest.mark.parametrize(
    "case", SGD.optim_error_inputs_func("cpu", torch.float32), ids=lambda c: c.optimizer_error_input.desc
)
@over_clipped
def test_errors_of_torch_are_errors(make, case):
    wrong = case.optimizer_error_input
    params = [nn.Parameter(torch.randn(1))] if wrong.params is None else wrong.params
    if case.error_type is UserWarning:
        with pytest.warns(UserWarning, match=case.error_regex):
            make(params, **wrong.kwargs)
        return
    with pytest.raises(case.error_type) as caught:
        make(params, **wrong.kwargs)
    assert "allowed is" in str(caught.value) or caught.match(case.error_regex)


@over_all
@over_clipped
def test_copies_pickles_and_states_continue_the_run(make, given):
    if not fits(make, given.kwargs) or given.kwargs.get("differentiable"):
        return
    whole, opt = stepped(make, given.kwargs, steps=4)
    half, before = stepped(make, given.kwargs, steps=2)
    ways = [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))]
    for way in ways:
        other = way(before)
        params = other.param_groups[0]["params"]
        for t in (2, 3):
            set_gradients(params, t)
            other.step()
        assert_near(params, whole, 1)
    # A state written before the newer keywords were.
    state = copy.deepcopy(before.state_dict())
    for flag in (*SGD.not_og_supported_flags, "decoupled_weight_decay"):
        if not given.kwargs.get(flag):
            state["param_groups"][0].pop(flag)
    params = [nn.Parameter(p.detach().clone()) for p in half]
    other = make(params, **{**given.kwargs, "lr": 7.0, "momentum": 0.3, "nesterov": False})
    other.load_state_dict(state)
    for t in (2, 3):
        set_gradients(params, t)
        other.step()
    assert_near(params, whole, 64)
    assert set(opt.state_dict()["param_groups"][0]) == set(other.state_dict()["param_groups"][0])


@over_inputs
def test_a_state_of_sgd_loads_and_ours_loads_into_sgd(given):
    makes = (torch.optim.SGD, UNCLIPPED["never reached"])
    expected, _ = stepped(torch.optim.SGD, given.kwargs, steps=4)
    for make, other in (makes, makes[::-1]):
        params, opt = stepped(make, given.kwargs, steps=2)
        again = other(params, lr=7.0)
        again.load_state_dict(opt.state_dict())
        for t in (2, 3):
            set_gradients(params, t)
            again.step()
        assert_near(params, expected)


@over_inputs
@over_clipped
def test_without_gradients_or_with_zeros_nothing_moves(make, given):
    kwargs = {**given.kwargs, "weight_decay": 0.0}
    if not fits(make, kwargs):
        return
    params = parameters()
    opt = make(params, **kwargs)
    opt.step()
    for p in params:
        p.grad = torch.zeros_like(p)
    opt.step()
    assert_near(params, parameters(), 0)


@over_inputs
@over_clipped
def test_hooks_are_called_in_order_and_change_the_arguments(make, given):
    if not fits(make, given.kwargs):
        return
    params, seen = parameters(), []
    opt = make(params, **given.kwargs)
    opt.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    opt.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    opt.register_state_dict_post_hook(lambda o, state: {**state, "more": 1})
    opt.register_load_state_dict_pre_hook(lambda o, state: seen.append(state["more"]))
    set_gradients(params, 0)
    opt.step()
    opt.load_state_dict(opt.state_dict())
    assert seen == ["before", "after", 1]


@over_inputs
def test_groups_have_their_own_keywords_and_are_printed(given):
    a, b = parameters()[:2], parameters()[2:]
    kwargs = copy.deepcopy(given.kwargs)
    opt = GradientDescent([{"params": a}, {"params": b, "lr": 0.0}], **{"lr": 1e-2, **kwargs})
    set_gradients([*a, *b], 0)
    opt.step()
    assert_near(b, parameters()[2:], 0)
    assert float((a[0] - parameters()[0]).abs().max()) > 1e-4
    assert "lr: 0.0" in repr(opt)


def test_derivatives_of_a_differentiable_step():
    """torch's own check of SGD, with the norm in the step."""
    generator = torch.Generator().manual_seed(0)
    draw = [torch.randn(5, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(3)]

    def after(p, grad, buffer, kwargs, make):
        p = p.clone()
        p.grad = grad
        opt = make([p], **{"lr": 0.9, "differentiable": True, **kwargs})
        if "momentum" in kwargs:
            opt.state[p]["momentum_buffer"] = buffer
        opt.step()
        return p

    for make in CLIPPED.values():
        for kwargs in (
            {},
            {"momentum": 0.9},
            {"momentum": 0.9, "weight_decay": 0.1},
            {"weight_decay": 0.1, "decoupled_weight_decay": True},
            {"momentum": 0.9, "nesterov": True},
            {"weight_decay": 0.1, "maximize": True},
        ):
            if fits(make, kwargs):
                used = draw if "momentum" in kwargs else draw[:2]
                torch.autograd.gradcheck(lambda p, g, b=None, k=kwargs, m=make: after(p, g, b, k, m), used)
