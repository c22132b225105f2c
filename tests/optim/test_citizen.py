"""What trains with torch.optim trains with these: schedulers, scaler, accumulation, averaging, checkpoints, hooks."""

from __future__ import annotations

import math

import pytest
import torch
import torch.distributed.checkpoint as dcp
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed.checkpoint import state_dict as dcp_state
from torch.optim import lr_scheduler as schedulers
from torch.optim import swa_utils

from pltheory.optim import DeltaGClip, GClip, GradientDescent
from pltheory.theory import InvalidInputError


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def loss_of(net, rows=slice(None)):
    x = torch.linspace(-1, 1, 12).reshape(4, 3)
    return (net(x) - x.sum(1, keepdim=True))[rows].square().sum()


def train(net, opt, steps=6, after=lambda loss: None):
    """Weights after each step."""
    found = []
    for _ in range(steps):
        opt.zero_grad()
        loss = loss_of(net)
        loss.backward()
        opt.step()
        after(loss.detach())
        found.append([p.detach().clone() for p in net.parameters()])
    return found


def assert_near(ours, theirs, tol=1e-5):
    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(p, q, rtol=tol, atol=tol)


SCHEDULERS = {
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda t: 0.9**t),
    "MultiplicativeLR": lambda o: schedulers.MultiplicativeLR(o, lambda t: 0.9),
    "StepLR": lambda o: schedulers.StepLR(o, 2, 0.5),
    "MultiStepLR": lambda o: schedulers.MultiStepLR(o, [1, 3], 0.5),
    "ConstantLR": lambda o: schedulers.ConstantLR(o, 0.5, 3),
    "LinearLR": lambda o: schedulers.LinearLR(o, 0.5, 1.0, 3),
    "ExponentialLR": lambda o: schedulers.ExponentialLR(o, 0.8),
    "PolynomialLR": lambda o: schedulers.PolynomialLR(o, 5),
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, 4),
    "CosineAnnealingWarmRestarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 3),
    "ChainedScheduler": lambda o: schedulers.ChainedScheduler(
        [schedulers.ConstantLR(o, 0.5, 3), schedulers.ExponentialLR(o, 0.9)], o
    ),
    "SequentialLR": lambda o: schedulers.SequentialLR(
        o, [schedulers.LinearLR(o, 0.5, 1.0, 2), schedulers.ExponentialLR(o, 0.9)], [2]
    ),
    "ReduceLROnPlateau": lambda o: schedulers.ReduceLROnPlateau(o, patience=0, threshold=10.0),
    "CyclicLR": lambda o: schedulers.CyclicLR(o, 0.01, 0.1, 2, base_momentum=0.0, max_momentum=0.9),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=12),
    "SWALR": lambda o: swa_utils.SWALR(o, swa_lr=0.01, anneal_epochs=3),
}


def test_every_scheduler_of_torch_is_here():
    not_one = {"LRScheduler", "Optimizer", "ReduceLROnPlateau"}
    kinds = {k for k, v in vars(schedulers).items() if isinstance(v, type) and issubclass(v, schedulers.LRScheduler)}
    assert {kind for kind in kinds - not_one if not kind.startswith("_")} <= SCHEDULERS.keys()


@pytest.mark.filterwarnings("ignore:.*scheduler:UserWarning")
@pytest.mark.parametrize("tensor_lr", [False, True])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers_change_what_they_change_in_sgd(name, tensor_lr):
    found, told = [], []
    for make in (
        lambda p, lr: torch.optim.SGD(p, lr, momentum=0.5),
        lambda p, lr: GradientDescent(p, lr, momentum=0.5),
        lambda p, lr: DeltaGClip(p, lr, 1e9, 0.1, momentum=0.5),
        lambda p, lr: DeltaGClip(p, lr, 1e9, 0.1, momentum=0.5, clip="buffer"),
    ):
        net = network()
        opt = make(net.parameters(), torch.tensor(0.02) if tensor_lr else 0.02)
        scheduler = SCHEDULERS[name](opt)
        plateau, at = isinstance(scheduler, schedulers.ReduceLROnPlateau), []

        def after(loss, opt=opt, scheduler=scheduler, plateau=plateau, at=at):
            at.append([float(opt.param_groups[0][key]) for key in ("lr", "momentum")])
            scheduler.step(*[loss] * plateau)

        found.append(train(net, opt, after=after))
        told.append(at)
    for weights, at in zip(found[1:], told[1:], strict=True):
        assert at == told[0]
        for ours, theirs in zip(weights, found[0], strict=True):
            assert_near(ours, theirs)
    assert any(at != [0.02, 0.5] for at in told[0])


def test_steps_are_lr_times_factor_while_momentum_is_cycled():
    net = network()
    opt = DeltaGClip(net.parameters(), 0.1, 0.5, 0.1, momentum=0.9)
    cycle = schedulers.CyclicLR(opt, 0.01, 0.1, 2, base_momentum=0.5, max_momentum=0.9)
    for _ in range(6):
        lr = opt.param_groups[0]["lr"]
        train(net, opt, 1)
        factor = min(1.0, max(0.1, 0.5 / float(opt.grad_norm)))
        assert float(opt.step_size) == pytest.approx(lr * factor, rel=1e-12)
        cycle.step()
    assert 0.5 <= opt.param_groups[0]["momentum"] < 0.9


MAKES = {
    "momentum": lambda p: DeltaGClip(p, 0.1, 0.5, 0.1, momentum=0.9),
    "fused": lambda p: DeltaGClip(p, 0.1, 0.5, 0.1, momentum=0.9, fused=True),
    "buffer": lambda p: DeltaGClip(p, 0.1, 0.5, 0.1, momentum=0.9, clip="buffer"),
}
over_makes = pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)


@over_makes
def test_a_gradient_scaler_changes_nothing_but_steps_that_it_skips(make):
    nets = [network() for _ in range(2)]
    opts = [make(net.parameters()) for net in nets]
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    for t in range(4):
        opts[1].zero_grad()
        scaler.scale(loss_of(nets[1]) * (math.inf if t == 2 else 1.0)).backward()
        scaler.step(opts[1])
        scaler.update()
        if t != 2:
            train(nets[0], opts[0], 1)
    assert_near(nets[1].parameters(), nets[0].parameters())
    assert float(opts[1].grad_norm) == pytest.approx(float(opts[0].grad_norm), rel=1e-5)


@over_makes
def test_accumulated_gradients_are_one_gradient(make):
    nets = [network() for _ in range(2)]
    opts = [make(net.parameters()) for net in nets]
    for _ in range(3):
        train(nets[0], opts[0], 1)
        opts[1].zero_grad()
        for rows in (slice(0, 2), slice(2, 4)):
            loss_of(nets[1], rows).backward()
        opts[1].step()
    assert_near(nets[1].parameters(), nets[0].parameters())


@over_makes
def test_a_closure_is_a_step(make):
    nets = [network() for _ in range(2)]
    opts = [make(net.parameters()) for net in nets]

    def closure():
        opts[1].zero_grad()
        loss = loss_of(nets[1])
        loss.backward()
        return loss

    train(nets[0], opts[0], 3)
    losses = [opts[1].step(closure).item() for _ in range(3)]
    assert losses[0] > losses[-1]
    assert_near(nets[1].parameters(), nets[0].parameters())


def test_weights_are_averaged():
    net = network()
    opt = MAKES["momentum"](net.parameters())
    average, rate = swa_utils.AveragedModel(net), swa_utils.SWALR(opt, swa_lr=0.05)

    def after(_):
        average.update_parameters(net)
        rate.step()

    found = train(net, opt, 4, after)
    mean = [torch.stack([step[i] for step in found]).mean(0) for i in range(len(found[0]))]
    assert_near(average.module.parameters(), mean)


@over_makes
@pytest.mark.filterwarnings("ignore")  # of torch.distributed, which is not initialised
def test_distributed_checkpoints_continue_the_run(make, tmp_path):
    nets = [network() for _ in range(2)]
    opts = [make(net.parameters()) for net in nets]
    train(nets[0], opts[0], 2)
    weights, state = dcp_state.get_state_dict(nets[0], opts[0])
    dcp.save({"net": weights, "opt": state}, checkpoint_id=tmp_path / "at")
    # torch asks a new optimizer for its state by a step of lr = 0.
    weights, state = dcp_state.get_state_dict(nets[1], opts[1])
    before = [p.detach().clone() for p in network().parameters()]
    assert_near(nets[1].parameters(), before, 0)
    dcp.load({"net": weights, "opt": state}, checkpoint_id=tmp_path / "at")
    dcp_state.set_state_dict(nets[1], opts[1], model_state_dict=weights, optim_state_dict=state)
    for net, opt in zip(nets, opts, strict=True):
        train(net, opt, 2)
    assert_near(nets[1].parameters(), nets[0].parameters())


def in_backward(make):
    """An optimizer for each parameter, which steps as soon as its gradient is there."""
    net = network()
    for p in net.parameters():
        opt = make([p])
        p.register_post_accumulate_grad_hook(lambda _, opt=opt: opt.step())
    loss_of(net).backward()
    return net


@pytest.mark.parametrize("make", [lambda p: DeltaGClip(p, 0.1, 0.5, 0.1), lambda p: GClip(p, 0.1, 0.5)])
def test_a_norm_for_each_parameter_is_refused(make):
    with pytest.raises(InvalidInputError, match=r"^step\(\) = 'inside backward': allowed is after it"):
        in_backward(make)


def test_where_nothing_is_clipped_a_step_inside_backward_is_sgds():
    for make in (lambda p: GradientDescent(p, 0.1), lambda p: GClip(p, 0.1, math.inf)):
        ours, theirs = in_backward(make), in_backward(lambda p: torch.optim.SGD(p, 0.1))
        assert_near(ours.parameters(), theirs.parameters())


def test_decoupled_decay_is_that_of_adamw():
    w, v = (nn.Parameter(torch.tensor([3.0, 4.0])) for _ in range(2))
    w.grad, v.grad = torch.zeros(2), torch.zeros(2)
    DeltaGClip([w], 0.1, 0.5, 0.1, weight_decay=0.2, decoupled_weight_decay=True).step()
    torch.optim.AdamW([v], 0.1, weight_decay=0.2).step()
    assert_near([w], [v], 1e-6)


def test_coupled_decay_counts_in_the_norm_as_that_of_an_objective():
    nets = [network() for _ in range(2)]
    opts = [
        DeltaGClip(nets[0].parameters(), 0.1, 0.5, 0.1, momentum=0.5, weight_decay=0.3),
        DeltaGClip(nets[1].parameters(), 0.1, 0.5, 0.1, momentum=0.5),
    ]
    for _ in range(3):
        for net, opt, decay in zip(nets, opts, (0.0, 0.3), strict=True):
            opt.zero_grad()
            (loss_of(net) + decay / 2 * sum(p.square().sum() for p in net.parameters())).backward()
            opt.step()
    assert_near(nets[0].parameters(), nets[1].parameters())
    assert float(opts[0].grad_norm) == pytest.approx(float(opts[1].grad_norm), rel=1e-5)


@pytest.mark.parametrize("device", ["meta", "cuda"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize(
    "how",
    [
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"momentum": 0.9, "dampening": 0.5, "maximize": True, "clip": "buffer"},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "foreach": False},
        {"momentum": 0.9, "capturable": True},
    ],
    ids=str,
)
def test_no_value_is_read_on_the_host(how, dtype, device):
    with FakeTensorMode():
        params = [nn.Parameter(torch.empty(shape, device=device, dtype=dtype)) for shape in ((3, 2), (4,), ())]
        for lr in (0.1, torch.empty((), device=device)):
            opt = DeltaGClip(params, lr, 0.5, 0.1, **how)
            for _ in range(2):
                for p in params:
                    p.grad = torch.empty_like(p)
                opt.step()
            assert opt.step_size.device.type == device
            buffers = [state["momentum_buffer"] for state in opt.state.values()]
            assert {(b.dtype, b.device.type) for b in buffers} <= {(dtype, device)}
