"""delta-GClip against a plain numpy oracle, its limits, and what torch expects of an optimizer."""

from __future__ import annotations

import copy
import doctest
import io
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

import pltheory.optim.citizens as module
from pltheory.optim import DeltaGClip, GClip, GradientDescent
from pltheory.theory import InvalidInputError

SHAPES = [(), (5,), (0,), (3, 4), (2, 3, 1, 2)]
PATHS = pytest.mark.parametrize("foreach", [False, True])


def parameters(*shapes, dtype=torch.float64, device="cpu", seed=0, grad_scale=1.0):
    """Parameters with gradients, both drawn from one seed."""
    generator = torch.Generator().manual_seed(seed)
    params = []
    for shape in shapes or SHAPES:
        w = torch.randn(shape, generator=generator, dtype=torch.float64)
        g = torch.randn(shape, generator=generator, dtype=torch.float64) * grad_scale
        p = nn.Parameter(w.to(dtype=dtype, device=device))
        p.grad = g.to(dtype=dtype, device=device)
        params.append(p)
    return params


def oracle(weights, grads, lr, gamma, delta):
    """One step on numpy arrays: all gradients as one list of numbers, no vector arithmetic."""
    norm = math.sqrt(math.fsum(float(x) ** 2 for g in grads for x in np.ravel(g)))
    ratio = math.inf if norm == 0 else gamma / norm
    h = lr * min(1.0, max(delta, ratio))
    return [w - h * g for w, g in zip(weights, grads, strict=True)], h, norm


def arrays(tensors):
    return [t.detach().double().numpy().copy() for t in tensors]


def assert_same(actual, expected):
    """Equal but for the rounding of a step: two ways through the same numbers need not fuse the same operations."""
    for a, e in zip(actual, expected, strict=True):
        eps = torch.finfo(e.dtype).eps
        torch.testing.assert_close(a, e, rtol=4 * eps, atol=4 * eps)


# The step itself


@PATHS
@pytest.mark.parametrize("grad_scale", [1e-3, 0.3, 1e3], ids=["free", "clipped", "floor"])
def test_steps_are_the_oracles(foreach, grad_scale):
    params = parameters(grad_scale=grad_scale)
    opt = DeltaGClip(params, lr=0.3, gamma=1.0, delta=0.05, foreach=foreach)
    weights = arrays(params)
    for t in range(3):
        for p in params:
            p.grad.mul_(1.5)
        weights, h, norm = oracle(weights, arrays([p.grad for p in params]), 0.3, 1.0, 0.05)
        opt.step()
        assert float(opt.grad_norm) == pytest.approx(norm, rel=1e-14), t
        assert float(opt.step_size) == pytest.approx(h, rel=1e-14), t
        for p, w in zip(params, weights, strict=True):
            np.testing.assert_allclose(p.detach().numpy(), w, rtol=1e-13, atol=1e-15)


def test_the_three_regimes_are_reached():
    steps = []
    for scale in (1e-3, 0.3, 1e3):
        params = parameters(grad_scale=scale)
        opt = DeltaGClip(params, lr=0.3, gamma=1.0, delta=0.05)
        opt.step()
        steps.append(float(opt.step_size))
    assert steps[0] == 0.3
    assert 0.3 * 0.05 < steps[1] < 0.3
    assert steps[2] == 0.3 * 0.05


POSITIVE = st.floats(1e-6, 1e6)


@given(
    lr=POSITIVE,
    gamma=POSITIVE,
    delta=st.floats(1e-6, 1, exclude_max=True),
    grad=st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=4),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
@example(lr=0.1, gamma=1.0, delta=0.1, grad=[1e30], dtype=torch.float32)
@example(lr=0.1, gamma=0.3, delta=0.1, grad=[1e-3], dtype=torch.float32)
def test_lemma_1_holds_without_tolerance(lr, gamma, delta, grad, dtype):
    w = nn.Parameter(torch.ones(len(grad), dtype=dtype))
    w.grad = torch.tensor(grad, dtype=dtype)
    opt = DeltaGClip([w], lr=lr, gamma=gamma, delta=delta)
    opt.step()
    assert lr * delta <= opt.step_size.item() <= lr


@given(lr=POSITIVE, gamma=POSITIVE, delta=st.floats(1e-6, 1, exclude_max=True))
def test_a_zero_gradient_takes_the_full_step_and_stays(lr, gamma, delta):
    w = nn.Parameter(torch.tensor([1.0, -2.0]))
    w.grad = torch.zeros(2)
    opt = DeltaGClip([w], lr=lr, gamma=gamma, delta=delta)
    opt.step()
    assert opt.grad_norm.item() == 0
    assert opt.step_size.item() == lr
    assert w.tolist() == [1.0, -2.0]


def test_non_finite_gradients_show():
    def after(grad, make):
        w = nn.Parameter(torch.ones(2))
        w.grad = torch.tensor(grad)
        opt = make([w])
        opt.step()
        return w.tolist(), opt.step_size.item()

    w, h = after([math.nan, 0.0], lambda p: DeltaGClip(p, 0.5, 1.0, 0.1))
    assert all(map(math.isnan, [*w, h]))
    w, h = after([math.inf, 0.0], lambda p: DeltaGClip(p, 0.5, 1.0, 0.1))
    assert (w, h) == ([-math.inf, 1.0], 0.05)
    w, h = after([math.inf, 0.0], lambda p: GClip(p, 0.5, 1.0))
    assert math.isnan(w[0])
    assert (w[1], h) == (1.0, 0.0)


@pytest.mark.parametrize(
    "layout",
    [
        lambda g: g.view(64, 64, 8, 64).to(memory_format=torch.channels_last),
        lambda g: g.view(64, 8, -1).transpose(0, 2),
        lambda g: g.view(-1, 2).repeat(1, 2)[:, ::2],
        lambda g: g[:1].expand(len(g)),
        lambda g: g[: 2**15],
        lambda g: g[: 2**15 + 1],
    ],
)
@PATHS
def test_the_norm_is_accurate_for_every_layout_of_a_gradient(layout, foreach):
    g = layout(torch.full((2**21,), 0.3))
    p = nn.Parameter(torch.zeros_like(g))
    p.grad = g
    opt = DeltaGClip([p], 0.1, 0.5, 0.1, foreach=foreach)
    opt.step()
    assert opt.grad_norm.item() == pytest.approx(g.double().norm().item(), rel=3e-6)


def test_the_norm_is_accurate_over_many_entries():
    g = torch.randn(3_000_000, generator=torch.Generator().manual_seed(0))
    w = nn.Parameter(torch.zeros_like(g))
    w.grad = g
    opt = GradientDescent([w], lr=1.0)
    opt.step()
    assert opt.grad_norm.item() == pytest.approx(g.double().norm().item(), rel=2e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
def test_foreach_changes_rounding_alone(dtype):
    params = [parameters((300, 700), *SHAPES, dtype=dtype) for _ in range(2)]
    for p, q in zip(*params, strict=True):  # same values, other strides
        if p.ndim == 4:
            q.data, q.grad = (t.to(memory_format=torch.channels_last) for t in (q.data, q.grad))
    opts = [DeltaGClip(p, 0.1, 2.0, 1e-4, foreach=f) for p, f in zip(params, (False, True), strict=True)]
    for opt in opts:
        opt.step()
    assert opts[0].grad_norm.item() == pytest.approx(opts[1].grad_norm.item(), rel=1e-6)
    assert_same(params[1], params[0])


@PATHS
def test_gradients_are_not_changed_and_no_state_is_kept(foreach):
    params = parameters()
    before = [p.grad.clone() for p in params]
    opt = DeltaGClip(params, 0.1, 0.5, 0.1, foreach=foreach)
    opt.step()
    assert all(torch.equal(p.grad, g) for p, g in zip(params, before, strict=True))
    assert not opt.state


# Groups, devices, dtypes


@PATHS
def test_one_norm_over_all_groups(foreach):
    a, b = (nn.Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    a.grad, b.grad = torch.full_like(a, 3.0), torch.full_like(b, 4.0)
    opt = DeltaGClip([{"params": [a]}, {"params": [b], "lr": 2.0}], 1.0, 1.0, 0.01, foreach=foreach)
    opt.step()
    assert opt.grad_norm.item() == 5.0  # per group it would be 3 and 4
    assert [h.item() for h in opt.step_sizes] == pytest.approx([0.2, 0.4])
    assert opt.step_size is opt.step_sizes[0]
    assert [a.item(), b.item()] == pytest.approx([-0.6, -1.6])


@PATHS
@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16], ids=str)
def test_mixed_dtypes_share_one_norm(foreach, half):
    params = [
        *parameters((300,), (), dtype=half, grad_scale=1e4),  # the norm overflows float16
        *parameters((4, 2), dtype=torch.float32, seed=1),
        *parameters((3,), dtype=torch.float64, seed=2),
    ]
    start, grads = arrays(params), arrays([p.grad for p in params])
    lr = 1e-5  # rounds by 2 percent in float16
    expected, h, norm = oracle(start, grads, lr, 1e5, 0.1)
    opt = DeltaGClip(params, lr, 1e5, 0.1, foreach=foreach)
    opt.step()
    assert opt.grad_norm.item() == pytest.approx(norm, rel=1e-6)
    assert opt.step_size.item() == pytest.approx(h, rel=1e-6)
    for p, w, e in zip(params, start, expected, strict=True):
        e = torch.from_numpy(np.asarray(e)).to(p.dtype)  # correctly rounded, but for h's own rounding
        ulps = 1 if p.dtype == half else 4
        torch.testing.assert_close(p.detach(), e, rtol=ulps * torch.finfo(p.dtype).eps, atol=1e-12)
        assert p.dtype == torch.float64 or not np.array_equal(p.detach().double().numpy(), w)


def test_half_precision_steps_are_computed_in_float32():
    """A step size below float16's smallest number still moves."""
    w = nn.Parameter(torch.tensor([1.0], dtype=torch.float16))
    w.grad = torch.tensor([6e4], dtype=torch.float16)
    GradientDescent([w], lr=1e-8).step()
    assert w.item() == float(torch.tensor(1.0 - 6e-4).half())


def test_gradients_that_are_none_are_skipped():
    a, b = parameters((2,), (3,))
    lone = nn.Parameter(torch.ones(4))
    together, alone = [copy.deepcopy([a, b]) for _ in range(2)]
    for group, copies in ((together, (a, b)), (alone, (a, b))):
        for p, source in zip(group, copies, strict=True):
            p.grad = source.grad.clone()
    DeltaGClip([together[0], lone, together[1]], 0.1, 0.5, 0.1).step()
    DeltaGClip(alone, 0.1, 0.5, 0.1).step()
    assert_same(together, alone)
    assert lone.tolist() == [1.0] * 4


def test_without_any_gradient_nothing_moves():
    w = nn.Parameter(torch.ones(2))
    opt = DeltaGClip([w], 0.25, 0.5, 0.1)
    opt.step()
    assert w.tolist() == [1.0, 1.0]
    assert (opt.grad_norm.item(), opt.step_size.item()) == (0.0, 0.25)


# Limits


@PATHS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(
    "make",
    [
        lambda p, f: GradientDescent(p, 0.1, foreach=f),
        lambda p, f: DeltaGClip(p, 0.1, math.inf, 0.5, foreach=f),
        lambda p, f: GClip(p, 0.1, math.inf, foreach=f),
    ],
    ids=["gd", "gamma=inf", "gclip"],
)
def test_without_clipping_it_is_torch_sgd(make, dtype, foreach):
    ours, theirs = parameters((200, 300), *SHAPES, dtype=dtype), parameters((200, 300), *SHAPES, dtype=dtype)
    a, b = make(ours, foreach), torch.optim.SGD(theirs, lr=0.1)
    for _ in range(3):
        a.step()
        b.step()
    assert_same(ours, theirs)


@PATHS
def test_gclip_is_clip_grad_norm_before_sgd(foreach):
    ours, theirs = parameters(grad_scale=10), parameters(grad_scale=10)
    GClip(ours, lr=0.1, gamma=0.7, foreach=foreach).step()
    assert float(nn.utils.clip_grad_norm_(theirs, 0.7)) > 7
    torch.optim.SGD(theirs, lr=0.1).step()
    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-6, atol=1e-8)


def test_rescaling_the_loss_changes_nothing_when_lr_and_gamma_follow():
    c = 8.0
    ours, theirs = parameters(), parameters(grad_scale=c)
    DeltaGClip(ours, lr=0.1, gamma=0.5, delta=0.1).step()
    DeltaGClip(theirs, lr=0.1 / c, gamma=0.5 * c, delta=0.1).step()
    assert_same(ours, theirs)


# A citizen of torch.optim


def quadratic(w):
    return (w.square() * torch.tensor([1.0, 4.0])).sum() / 2


@pytest.mark.parametrize("tensor_lr", [False, True])
def test_schedulers_set_the_step(tensor_lr):
    w = nn.Parameter(torch.tensor([3.0, 1.0]))
    opt = DeltaGClip([w], lr=torch.tensor(0.5) if tensor_lr else 0.5, gamma=1e3, delta=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(opt, step_size=1, gamma=0.5)
    steps = []
    for _ in range(3):
        opt.zero_grad()
        quadratic(w).backward()
        opt.step()
        scheduler.step()
        steps.append(opt.step_size)
    assert [h.item() for h in steps] == [0.5, 0.25, 0.125]  # and past steps keep their value
    assert opt.defaults["gamma"] == 1e3


def test_state_dict_round_trip_continues_the_run():
    def fresh(lr):
        w = nn.Parameter(torch.tensor([3.0, 1.0]))
        return w, DeltaGClip([w], lr=lr, gamma=0.5, delta=0.1)

    def advance(w, opt):
        opt.zero_grad()
        quadratic(w).backward()
        opt.step()

    w, opt = fresh(0.2)
    advance(w, opt)
    opt.param_groups[0]["lr"] = 0.05
    file = io.BytesIO()
    torch.save({"w": w.detach(), "opt": opt.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)

    v, other = fresh(0.2)
    advance(v, other)
    v.data.copy_(saved["w"])
    other.load_state_dict(saved["opt"])
    assert other.grad_norm is None
    assert other.step_size is None
    for pair in ((w, opt), (v, other)):
        advance(*pair)
    assert_same([v], [w])
    assert other.step_size.item() <= 0.05


def test_a_state_of_a_rule_that_it_is_not_is_refused():
    w = nn.Parameter(torch.ones(2))
    opt = DeltaGClip([w], 0.1, 0.5, 0.1)
    with pytest.raises(InvalidInputError, match=r"delta = 0\.0: allowed is a number in \(0, 1\)"):
        opt.load_state_dict(GClip([w], 0.2, 0.5).state_dict())
    assert (opt.param_groups[0]["lr"], opt.param_groups[0]["delta"]) == (0.1, 0.1)


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_step_alike(clone):
    w = nn.Parameter(torch.tensor([3.0, 1.0]))
    opt = DeltaGClip([w], 0.1, 0.5, 0.1)
    w.grad = torch.ones(2)
    opt.step()
    other = clone(opt)
    (v,) = other.param_groups[0]["params"]
    assert v is not w
    assert other.step_size is None
    v.grad = torch.ones(2)
    opt.step()
    other.step()
    assert_same([v], [w])


def test_closure_is_called_once_with_gradients_enabled():
    w = nn.Parameter(torch.tensor([3.0, 1.0]))
    opt = DeltaGClip([w], 0.1, 1e3, 0.1)
    calls = []

    def closure():
        opt.zero_grad()
        loss = quadratic(w)
        loss.backward()
        calls.append(loss.item())
        return loss

    assert opt.step(closure).item() == 6.5
    assert calls == [6.5]
    torch.testing.assert_close(w.detach(), torch.tensor([2.7, 0.6]))
    assert opt.step() is None


def test_before_the_first_step_there_is_no_step_size():
    opt = DeltaGClip(parameters(), 0.1, 0.5, 0.1)
    assert opt.grad_norm is None
    assert opt.step_size is None
    assert opt.step_sizes == ()


def test_docstring_example():
    assert doctest.testmod(module) == (0, 8)


# No host synchronisation: a fake tensor has no value to read, and reading one raises.


@PATHS
@pytest.mark.parametrize("device", ["meta", "cuda"])
@pytest.mark.parametrize("tensor_lr", [False, True])
def test_no_value_is_read_on_the_host(foreach, device, tensor_lr):
    with FakeTensorMode():
        params = [nn.Parameter(torch.empty(shape, device=device)) for shape in SHAPES]
        params += [nn.Parameter(torch.empty(3, device=device, dtype=torch.float16))]
        for p in params:
            p.grad = torch.empty_like(p)
        lr = torch.tensor(0.1) if tensor_lr else 0.1
        opt = DeltaGClip(params, lr, 0.5, 0.1, foreach=foreach)
        opt.step()
        assert opt.step_size.shape == opt.grad_norm.shape == ()
        assert opt.step_size.device.type == device


def test_reading_a_fake_value_raises():
    """What the test above relies on."""
    with FakeTensorMode(), pytest.raises(Exception, match="local_scalar_dense"):
        torch.empty(()).item()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("how", [{"foreach": False}, {"foreach": True}, {"fused": True}], ids=str)
@pytest.mark.parametrize("more", [{}, {"momentum": 0.9}, {"momentum": 0.9, "clip": "buffer"}], ids=str)
def test_no_synchronisation_on_cuda(how, more):
    on_cpu, on_cuda = parameters(dtype=torch.float32), parameters(dtype=torch.float32, device="cuda")
    opt = DeltaGClip(on_cuda, torch.tensor(0.1, device="cuda"), 0.5, 0.1, **how, **more)
    torch.cuda.set_sync_debug_mode("error")
    try:
        opt.step()
        opt.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    reference = DeltaGClip(on_cpu, 0.1, 0.5, 0.1, **more)
    reference.step()
    reference.step()
    assert opt.step_size.item() == pytest.approx(reference.step_size.item(), rel=1e-6)
    for p, q in zip(on_cuda, on_cpu, strict=True):
        torch.testing.assert_close(p.cpu(), q, rtol=1e-6, atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_captured_step_follows_gradient_and_lr():
    (w,) = parameters((4,), dtype=torch.float32, device="cuda")
    lr = torch.tensor(0.1, device="cuda")
    opt = DeltaGClip([w], lr, 0.5, 0.1)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        opt.step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        opt.step()
    w.data.zero_()
    w.grad.fill_(0.1)  # norm 0.2: no clipping
    lr.fill_(0.4)
    graph.replay()
    assert opt.step_size.item() == pytest.approx(0.4)
    torch.testing.assert_close(w.detach().cpu(), torch.full((4,), -0.04))


# What is refused


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lr", -1.0),
        ("lr", math.nan),
        ("lr", math.inf),
        ("lr", "0.1/beta"),
        ("lr", torch.tensor([0.1, 0.1])),
        ("lr", torch.tensor(1)),
        ("lr", torch.tensor(-0.1)),
        ("gamma", 0.0),
        ("gamma", -1.0),
        ("gamma", math.nan),
        ("gamma", None),
        ("delta", 0.0),
        ("delta", 1.0),
        ("delta", -0.1),
        ("delta", math.nan),
        ("delta", "0.1"),
    ],
)
def test_bad_settings_name_key_value_and_what_is_allowed(key, value):
    settings = {"lr": 0.1, "gamma": 0.5, "delta": 0.1, key: value}
    with pytest.raises(InvalidInputError) as caught:
        DeltaGClip(parameters(), **settings)
    assert str(caught.value).startswith(f"{key} = {value!r}: allowed is ")
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(("key", "value"), [("gamma", 0.6), ("delta", 0.2), ("clip", "buffer"), ("lr", -1.0)])
def test_a_group_of_its_own_mind_is_refused(key, value):
    a, b = parameters((2,), (3,))
    with pytest.raises(InvalidInputError, match=key):
        DeltaGClip([{"params": [a]}, {"params": [b], key: value}], 0.1, 0.5, 0.1)
    opt = DeltaGClip([a], 0.1, 0.5, 0.1)
    with pytest.raises(InvalidInputError, match=key):
        opt.add_param_group({"params": [b], key: value})
    assert len(opt.param_groups) == 1
    opt.add_param_group({"params": [b]})
    opt.step()


def test_gamma_changed_behind_the_optimizer_is_refused():
    a, b = parameters((2,), (3,))
    opt = DeltaGClip([{"params": [a]}, {"params": [b]}], 0.1, 0.5, 0.1)
    opt.param_groups[1]["gamma"] = 2.0
    before = arrays([a, b])
    with pytest.raises(InvalidInputError, match=r"gamma of parameter group 1 = 2\.0"):
        opt.step()
    np.testing.assert_equal(arrays([a, b]), before)


def test_sparse_gradients_are_refused_before_anything_moves():
    layer = nn.Embedding(5, 2, sparse=True)
    dense = nn.Parameter(torch.ones(2))
    opt = DeltaGClip([dense, *layer.parameters()], 0.1, 0.5, 0.1)
    (layer(torch.tensor([1, 3])) @ dense).sum().backward()
    with pytest.raises(InvalidInputError, match=r"\(5, 2\) = torch.sparse_coo: allowed is dense.*sparse=False"):
        opt.step()
    assert dense.tolist() == [1.0, 1.0]
    layer.weight.grad = layer.weight.grad.to_dense()
    opt.step()
    assert dense.tolist() != [1.0, 1.0]


@pytest.mark.parametrize("dtype", [torch.complex64, torch.int64], ids=str)
def test_dtypes_that_are_not_real_floating_are_refused(dtype):
    w = torch.ones(2, dtype=dtype, requires_grad=dtype.is_complex)
    with pytest.raises(InvalidInputError, match=rf"dtype of parameter 0 in group 0 = {dtype}"):
        DeltaGClip([w], 0.1, 0.5, 0.1)


def test_the_norm_of_a_large_gradient_does_not_depend_on_its_layout():
    norms = []
    for zeros in (torch.zeros(400_000, 10), torch.zeros(10, 400_000).T):
        w = torch.nn.Parameter(zeros)
        w.grad = torch.full_like(w, 0.1)
        opt = DeltaGClip([w], lr=1.0, gamma=1.0, delta=0.1)
        opt.step()
        norms.append(float(opt.grad_norm))
    # In one piece the second would be off by 2e-3.
    assert norms[1] == pytest.approx(norms[0], rel=1e-6)


@PATHS
@pytest.mark.parametrize("value", [1e30, 1e20, 1e-25, 1e-30])
@pytest.mark.parametrize("entries", [5, 2**15 + 3])
def test_float32_norms_do_not_leave_the_range_of_their_squares(value, entries, foreach):
    w = nn.Parameter(torch.zeros(entries))
    w.grad = torch.full_like(w, value)
    opt = GClip([w], 1.0, value, foreach=foreach)
    opt.step()
    assert opt.grad_norm.item() == pytest.approx(value * entries**0.5, rel=1e-6)
    assert opt.step_size.item() == pytest.approx(entries**-0.5, rel=1e-6)


def test_a_gradient_scaler_skips_and_scales():
    w = nn.Parameter(torch.tensor([3.0, 4.0]))
    opt = DeltaGClip([w], 0.5, 1.0, 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for loss, norm in ((w.square().sum() / 2, 5.0), (w.sum() * math.inf, 5.0)):
        opt.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(opt)
        scaler.update()
        assert opt.grad_norm.item() == norm
        torch.testing.assert_close(w.detach(), torch.tensor([2.7, 3.6]))


@pytest.mark.parametrize("dtype", [torch.complex64, torch.int64], ids=str)
def test_gradients_that_are_not_real_floating_are_refused(dtype):
    w = nn.Parameter(torch.ones(2))
    if not hasattr(w, "grad_dtype"):
        pytest.skip("this torch has no gradients of another dtype than the parameter's")
    w.grad_dtype = None
    w.grad = torch.ones(2, dtype=dtype)
    with pytest.raises(InvalidInputError, match=rf"dtype of a gradient of shape \(2,\) = {dtype}"):
        DeltaGClip([w], 0.1, 0.5, 0.1).step()
    assert w.tolist() == [1.0, 1.0]
