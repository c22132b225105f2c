"""`torch.compile(opt.step, fullgraph=True)`: one graph, and the numbers of the step that is not compiled."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter
from torch.optim.lr_scheduler import OneCycleLR, StepLR

from pltheory.optim import DeltaGClip, GClip, GradientDescent

pytestmark = pytest.mark.filterwarnings("ignore")  # of torch's tracer


@pytest.fixture(autouse=True)
def _nothing_compiled_yet():
    torch._dynamo.reset()


def groups(lr):
    """Two groups with parameters of every kind, one of them without a gradient."""
    generator = torch.Generator().manual_seed(0)
    draw = [torch.randn(shape, generator=generator) for shape in ((3,), (), (200, 300), (2,), (2, 2), (0,))]
    dtypes = [torch.float32] * 3 + [torch.float64, torch.bfloat16, torch.float32]
    params = [nn.Parameter(t.to(dtype)) for t, dtype in zip(draw, dtypes, strict=True)]
    return [{"params": params[:3], "lr": lr}, {"params": [*params[3:], nn.Parameter(torch.ones(4))]}]


def set_gradients(opt, scale):
    for group in opt.param_groups:
        for p in group["params"][:3]:
            p.grad = (p.detach() * scale).clone()


def compiled(opt, backend="eager"):
    return torch.compile(opt.step, fullgraph=True, backend=backend)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "tensor_lr", "foreach"),
    [
        (lambda p, f: DeltaGClip(p, 0.1, 1.0, 0.05, foreach=f), False, None),
        (lambda p, f: DeltaGClip(p, 0.1, 1.0, 0.05, foreach=f), True, False),
        (lambda p, f: GClip(p, 0.1, 1.0, foreach=f), True, None),
        (lambda p, f: GradientDescent(p, 0.1, foreach=f), False, False),
        (lambda p, f: DeltaGClip(p, 0.1, 1.0, 0.05, momentum=0.9, nesterov=True, foreach=f), False, None),
        (lambda p, f: DeltaGClip(p, 0.1, 1.0, 0.05, momentum=0.9, weight_decay=0.1, foreach=f), True, None),
        (
            lambda p, f: DeltaGClip(p, 0.1, 1.0, 0.05, momentum=0.9, clip="buffer", maximize=True, foreach=f),
            False,
            None,
        ),
    ],
)
def test_the_compiled_step_is_the_step(make, tensor_lr, foreach):
    opts = [make(groups(torch.tensor(0.5) if tensor_lr else 0.5), foreach) for _ in range(2)]
    steps = opts[0].step, compiled(opts[1])
    for scale in (1e-6, 0.1, 1e6):  # no clipping, clipping, the floor
        for opt, step in zip(opts, steps, strict=True):
            set_gradients(opt, scale)
            step()
        assert opts[1].grad_norm.item() == pytest.approx(opts[0].grad_norm.item(), rel=1e-6)
        assert [h.item() for h in opts[1].step_sizes] == pytest.approx([h.item() for h in opts[0].step_sizes], rel=1e-6)
        for a, b in zip(*([p for g in opt.param_groups for p in g["params"]] for opt in opts), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5 if a.dtype != torch.bfloat16 else 1e-2, atol=1e-6 * scale)


@pytest.mark.parametrize("value", [1e30, 1e-30])
def test_a_norm_that_float32_cannot_square(value):
    p = nn.Parameter(torch.zeros(5000))
    p.grad = torch.full_like(p, value)
    opt = GClip([p], 1.0, value)
    compiled(opt, "aot_eager")()
    assert opt.grad_norm.item() == pytest.approx(value * 5000**0.5, rel=1e-6)
    assert opt.step_size.item() == pytest.approx(5000**-0.5, rel=1e-6)


def test_an_lr_that_changes_is_the_new_one():
    p = nn.Parameter(torch.zeros(2))
    opt = DeltaGClip([p], 0.5, 1.0, 0.1)
    step, seen = compiled(opt), []
    scheduler = StepLR(opt, 1, 0.5)
    for _ in range(3):
        p.grad = torch.full_like(p, 1e-3)
        step()
        scheduler.step()
        seen.append(opt.step_size.item())
    assert seen == [0.5, 0.25, 0.125]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keywords", "tensor_lr"),
    [({"momentum": 0.0}, False), ({"momentum": 0.9}, False), ({"momentum": 0.9, "weight_decay": 0.1}, True)],
    ids=str,
)
def test_as_many_compilations_as_sgd(keywords, tensor_lr):
    def compilations(make):
        torch._dynamo.reset()
        params = [nn.Parameter(torch.ones(shape)) for shape in ((3, 4), (5,))]
        opt, counter = make(params, torch.tensor(0.1) if tensor_lr else 0.1), CompileCounter()
        # torch's own step breaks its graph at the front and at the end; ours does not.
        step = torch.compile(opt.step, fullgraph=not isinstance(opt, torch.optim.SGD), backend=counter)
        cycle = OneCycleLR(opt, 0.1, total_steps=9, cycle_momentum=keywords["momentum"] > 0)
        for t in range(5):
            for p in params:
                p.grad = torch.full_like(p, 0.1 + t)
            step()
            cycle.step()
        return counter.frame_count

    allowed = compilations(lambda p, lr: torch.optim.SGD(p, lr, **keywords))
    assert allowed >= 1
    for clip in ("gradient", "buffer"):
        assert compilations(lambda p, lr, clip=clip: DeltaGClip(p, lr, 1.0, 0.1, clip=clip, **keywords)) <= allowed
