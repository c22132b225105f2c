"""The keywords of torch.optim.SGD and `clip` against one step written out entry by entry, and what is refused."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.optim import DeltaGClip, GClip, GradientDescent
from pltheory.theory import InvalidInputError

SHAPES = ((3, 2), (4,), ())
LR, GAMMA, DELTA = 0.2, 0.9, 0.3


def oracle(weights, grads, buffers, first, lr, *, m, tau, wd, nesterov, decoupled, clip, maximize):
    """One step on lists of Python numbers; buffers is changed."""
    u = [-g if maximize else g for g in grads]
    if wd and not decoupled:
        u = [a + wd * w for a, w in zip(u, weights, strict=True)]

    def factor(vector):
        return min(1.0, max(DELTA, GAMMA / math.sqrt(math.fsum(x * x for x in vector))))

    c = factor(u) if clip == "gradient" else 1.0
    share = 1.0 if first else 1 - tau
    buffers[:] = [m * b + share * c * a for b, a in zip(buffers, u, strict=True)] if m else [c * a for a in u]
    along = [c * a + m * b for a, b in zip(u, buffers, strict=True)] if nesterov else list(buffers)
    h = lr * (factor(buffers) if clip == "buffer" else 1.0)
    shrink = 1 - lr * wd if decoupled else 1.0
    return [shrink * w - h * d for w, d in zip(weights, along, strict=True)]


def drawn(t, scale=1.0):
    generator = torch.Generator().manual_seed(t)
    return [scale * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in SHAPES]


def flat(tensors):
    return [float(x) for t in tensors for x in t.detach().reshape(-1)]


CASES = [
    {"m": m, "tau": tau, "wd": wd, "nesterov": nesterov, "decoupled": decoupled, "clip": clip, "maximize": maximize}
    for m, tau, wd, nesterov, decoupled, clip, maximize in itertools.product(
        (0.0, 0.8), (0.0, 0.4), (0.0, 0.1), (False, True), (False, True), ("gradient", "buffer"), (False, True)
    )
    if not (nesterov and (not m or tau or clip == "buffer")) and (wd or not decoupled) and (m or not tau)
]


@pytest.mark.parametrize(
    "how", [{}, {"foreach": False}, {"fused": True}, {"fused": False}, {"capturable": True}], ids=str
)
def test_steps_are_the_oracles(how):
    for case in CASES:
        params = [nn.Parameter(t) for t in drawn(99)]
        opt = DeltaGClip(
            params,
            LR,
            GAMMA,
            DELTA,
            momentum=case["m"],
            dampening=case["tau"],
            weight_decay=case["wd"],
            nesterov=case["nesterov"],
            decoupled_weight_decay=case["decoupled"],
            clip=case["clip"],
            maximize=case["maximize"],
            **how,
        )
        weights, buffers = flat(params), [0.0] * len(flat(params))
        for t, scale in enumerate((0.05, 1.0, 10.0, 0.3)):  # free, clipped, the floor, clipped
            grads = drawn(t, scale)
            for p, g in zip(params, grads, strict=True):
                p.grad = g
            weights = oracle(weights, flat(grads), buffers, t == 0, LR, **case)
            opt.step()
            np.testing.assert_allclose(flat(params), weights, rtol=1e-12, atol=1e-13, err_msg=str((case, t)))
            assert flat(p.grad for p in params) == flat(grads)


def test_the_norms_that_are_reported():
    w = nn.Parameter(torch.tensor([3.0, 4.0], dtype=torch.float64))
    w.grad = torch.zeros_like(w)
    opt = DeltaGClip([w], 1.0, 1.0, 0.1, weight_decay=0.2)
    opt.step()
    assert opt.grad_norm.item() == pytest.approx(1.0)  # 0.2 * 5: that of the objective's gradient
    assert opt.buffer_norm is None
    opt = DeltaGClip([w], 1e-9, 1.0, 0.1, momentum=0.5, clip="buffer", weight_decay=0.2, decoupled_weight_decay=True)
    for norm in (2.0, 3.0):
        w.grad = torch.tensor([2.0, 0.0], dtype=torch.float64)
        opt.step()
        assert opt.grad_norm.item() == 2.0
        assert opt.buffer_norm.item() == norm
        assert opt.step_size.item() == pytest.approx(1e-9 / norm)


@pytest.mark.parametrize("lr", [0.0, torch.tensor(0.0), torch.tensor([0.0])], ids=str)
@pytest.mark.parametrize("clip", ["gradient", "buffer"])
def test_no_learning_rate_moves_the_buffers_alone(lr, clip):
    w = nn.Parameter(torch.tensor([3.0, 4.0]))
    opt = DeltaGClip([w], lr, 1.0, 0.1, momentum=0.9, weight_decay=0.1, decoupled_weight_decay=True, clip=clip)
    for _ in range(2):
        w.grad = torch.ones(2)
        opt.step()
    assert w.tolist() == [3.0, 4.0]
    assert opt.step_size.shape == ()
    assert opt.step_size.item() == 0
    assert float(opt.state[w]["momentum_buffer"].norm()) > 0


@pytest.mark.parametrize("how", [{}, {"foreach": False}, {"capturable": True}, {"fused": True}], ids=str)
def test_a_tensor_with_one_element_is_a_number(how):
    steps = []
    for number in (float, torch.tensor, lambda x: torch.tensor([[x]])):
        w = nn.Parameter(torch.tensor([3.0, 4.0]))
        opt = GClip([w], number(0.5), 1.0, momentum=0.5, weight_decay=number(0.25), **how)
        for _ in range(3):
            w.grad = w.detach().clone()
            opt.step()
        steps.append(w.detach())
    for other in steps[1:]:
        torch.testing.assert_close(other, steps[0], rtol=1e-6, atol=0)


def test_gamma_and_delta_are_those_of_the_state():
    w = nn.Parameter(torch.tensor([3.0, 4.0]))
    state = DeltaGClip([w], 0.2, 2.5, 0.3, clip="buffer").state_dict()
    opt = DeltaGClip([w], 0.1, 0.5, 0.1)
    opt.load_state_dict(state)
    w.grad = torch.tensor([3.0, 4.0])
    opt.step()
    assert opt.step_size.item() == pytest.approx(0.1)  # 0.2 * 2.5 / 5
    assert opt.buffer_norm.item() == 5.0
    other = nn.Parameter(torch.ones(1))
    opt.add_param_group({"params": [other]})
    assert [group["gamma"] for group in opt.param_groups] == [2.5, 2.5]
    assert opt.param_groups[1]["clip"] == "buffer"


@pytest.mark.parametrize("gamma", [0.0, -1.0, math.nan, "1"])
def test_a_gamma_of_a_state_is_checked(gamma):
    w = nn.Parameter(torch.ones(2))
    opt = DeltaGClip([w], 0.1, 0.5, 0.1)
    state = opt.state_dict()
    state["param_groups"][0]["gamma"] = gamma
    with pytest.raises(InvalidInputError, match=r"^gamma = .*: allowed is a positive number"):
        opt.load_state_dict(state)
    assert opt.param_groups[0]["gamma"] == 0.5


WRONG = [
    ({"momentum": 1.0}, r"^momentum = 1.0: allowed is a number in \[0, 1\)$"),
    ({"momentum": -0.1}, r"^momentum = -0.1: allowed is"),
    ({"momentum": math.nan}, r"^momentum = nan: allowed is"),
    ({"momentum": True}, r"^momentum = True: allowed is"),
    ({"dampening": 1.0, "momentum": 0.5}, r"^dampening = 1.0: allowed is a number in \[0, 1\)$"),
    ({"weight_decay": -1e-4}, r"^weight_decay = -0.0001: allowed is a finite number of at least 0"),
    ({"weight_decay": math.inf}, r"^weight_decay = inf: allowed is"),
    ({"weight_decay": torch.tensor([0.1, 0.1])}, r"^weight_decay = tensor.*: allowed is"),
    ({"nesterov": True}, r"^nesterov = True: allowed is False without momentum or with dampening$"),
    ({"nesterov": True, "momentum": 0.5, "dampening": 0.5}, r"^nesterov = True: allowed is False without"),
    ({"nesterov": True, "momentum": 0.5, "clip": "buffer"}, r"^nesterov = True: allowed is False with clip"),
    ({"nesterov": 1}, r"^nesterov = 1: allowed is True or False$"),
    ({"clip": "norm"}, r"^clip = 'norm': allowed is \"gradient\" or \"buffer\"$"),
    ({"clip": None}, r"^clip = None: allowed is"),
    ({"decoupled_weight_decay": 0.1}, r"^decoupled_weight_decay = 0.1: allowed is True or False$"),
    ({"maximize": None}, r"^maximize = None: allowed is True or False$"),
    ({"capturable": "yes"}, r"^capturable = 'yes': allowed is True or False$"),
    ({"foreach": 1}, r"^foreach = 1: allowed is True, False or None$"),
    ({"fused": True, "foreach": True}, r"^fused = True: allowed is False or None with foreach = True$"),
    ({"fused": True, "differentiable": True}, r"^fused = True: allowed is False or None with differentiable = True$"),
    ({"momentun": 0.9}, r"^no keyword momentun: allowed is momentum\?$"),
    ({"amsgrad": True}, r"^no keyword amsgrad: allowed is momentum, dampening, weight_decay"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=lambda x: x if isinstance(x, str) else str(x))
def test_wrong_values_are_refused_in_one_line(given, said):
    for make in (
        lambda p: DeltaGClip(p, 0.1, 0.5, 0.1, **given),
        lambda p: GClip(p, 0.1, 0.5, **given),
        lambda p: GradientDescent(p, 0.1, **given),
    ):
        with pytest.raises(InvalidInputError, match=said) as caught:
            make([nn.Parameter(torch.ones(2))])
        assert "\n" not in str(caught.value)


def test_a_fused_step_of_a_device_without_the_kernel_is_refused():
    w = nn.Parameter(torch.empty(2, device="meta"))
    with pytest.raises(
        InvalidInputError, match=r"^device of parameter 0 in group 0 = .*meta.*: allowed is one of .*cpu"
    ):
        DeltaGClip([w], 0.1, 0.5, 0.1, fused=True)


@pytest.mark.parametrize("how", [{"fused": True}, {"momentum": 0.9, "fused": True}, {"momentum": 0.9}], ids=str)
@pytest.mark.parametrize(
    "layout",
    [
        lambda g: g.T.contiguous().T,
        lambda g: g[:1].expand(4, 6),
        lambda g: g.repeat(1, 2)[:, ::2],
    ],
)
def test_a_fused_step_reads_gradients_of_any_layout(layout, how):
    """The kernel itself would take the entries in the order of the memory, and entries beyond its end."""
    params = [nn.Parameter(torch.zeros(4, 6)) for _ in range(2)]
    opts = [GClip([params[0]], 0.1, 0.5, **how), GClip([params[1]], 0.1, 0.5, **{**how, "fused": False})]
    for t in range(2):
        for p, opt in zip(params, opts, strict=True):
            p.grad = layout(torch.randn(4, 6, generator=torch.Generator().manual_seed(t)))
            opt.step()
    torch.testing.assert_close(params[0], params[1], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("value", [1e38, 3e37, 1e19, 1e-20, 1e-38])
@pytest.mark.parametrize(
    "how", [{}, {"capturable": True}, {"foreach": False}, {"momentum": 0.5, "clip": "buffer"}], ids=str
)
def test_norms_of_float32_gradients_from_1e_minus_38_to_1e38(value, how):
    w = nn.Parameter(torch.zeros(5))
    w.grad = torch.tensor([value, 0.0, -value, 0.0, value])
    opt = GClip([w], 1.0, value, **how)
    opt.step()
    exact = math.sqrt(math.fsum(float(x) ** 2 for x in w.grad))
    assert opt.grad_norm.item() == pytest.approx(exact, rel=1e-6)
    assert opt.step_size.item() == pytest.approx(value / exact, rel=1e-6)
