"""Momentum, clip and schedule of the step rules: what torch.optim.SGD does, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, CyclicLR, LambdaLR, LinearLR, ReduceLROnPlateau, StepLR

from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.optim.guard import optimizer_of, step
from pltheory.optim.recursion import Form
from pltheory.optim.schedule import Cosine, Linear, Recorded, StepDecay, Warmup, schedule
from pltheory.theory import InvalidInputError

STEPS = 12
ETA, GAMMA, DELTA = 0.05, 0.7, 0.1


def _net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).double()


def _gradient(net: nn.Module) -> None:
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)
    net.zero_grad()
    (0.5 * (net(x) - x.sum(1, keepdim=True)).square().sum()).backward()


def _ours(settings: DeltaGClipSettings | GradientDescentSettings) -> list[torch.Tensor]:
    net = _net()
    optimizer = optimizer_of(settings, list(net.parameters()), ETA)
    for t in range(STEPS):
        _gradient(net)
        optimizer.param_groups[0]["lr"] = ETA * settings.schedule.at(t)
        step(settings, optimizer)
    return [p.detach() for p in net.parameters()]


def _clip(norm: torch.Tensor) -> float:
    return min(1.0, max(DELTA, GAMMA / float(norm)))


def _torch(momentum: float, nesterov: bool, *, clip: bool, factors: list[float]) -> list[torch.Tensor]:
    net = _net()
    sgd = torch.optim.SGD(net.parameters(), lr=ETA, momentum=momentum, nesterov=nesterov)
    for t in range(STEPS):
        _gradient(net)
        sgd.param_groups[0]["lr"] = ETA * factors[t]
        if clip:
            norm = torch.stack([p.grad.norm() for p in net.parameters()]).norm()
            for p in net.parameters():
                p.grad.mul_(_clip(norm))
        sgd.step()
    return [p.detach() for p in net.parameters()]


def _near(one: list[torch.Tensor], two: list[torch.Tensor]) -> bool:
    return all(torch.allclose(a, b, rtol=1e-12, atol=1e-13) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("nesterov", [False, True])
def test_clip_of_the_gradient_is_torch_with_scaled_gradients(nesterov: bool) -> None:
    ours = _ours(DeltaGClipSettings(ETA, GAMMA, DELTA, momentum=0.8, nesterov=nesterov))
    assert _near(ours, _torch(0.8, nesterov, clip=True, factors=[1.0] * STEPS))
    assert not _near(ours, _torch(0.8, not nesterov, clip=True, factors=[1.0] * STEPS))


def _decayed(inside: bool, decay: float) -> list[torch.Tensor]:
    """clip_grad_norm_ and torch.optim.SGD, the decay's term in what is clipped, or added by SGD after the clip."""
    net = _net()
    sgd = torch.optim.SGD(net.parameters(), lr=ETA, weight_decay=0.0 if inside else decay)
    for _ in range(STEPS):
        _gradient(net)
        for p in net.parameters():
            p.grad.add_(p.detach(), alpha=decay if inside else 0.0)
        torch.nn.utils.clip_grad_norm_(net.parameters(), GAMMA)
        sgd.step()
    return [p.detach() for p in net.parameters()]


def test_weight_decay_beside_the_clip_is_torch_and_inside_of_it_is_not() -> None:
    # delta this small never acts; torch divides by the norm plus 1e-6.
    ours = {
        apart: _ours(DeltaGClipSettings(ETA, GAMMA, 1e-6, weight_decay=0.3, decoupled_weight_decay=apart))
        for apart in (False, True)
    }
    for inside in (False, True):
        theirs = _decayed(inside, 0.3)
        near = {
            apart: max(float((a - b).abs().max()) for a, b in zip(o, theirs, strict=True)) for apart, o in ours.items()
        }
        assert near[not inside] < 1e-6 * ETA * STEPS
        assert near[inside] > 1e-3
    plain = [
        _ours(GradientDescentSettings(ETA, weight_decay=0.3, decoupled_weight_decay=apart)) for apart in (False, True)
    ]
    assert _near(*plain), "where nothing is clipped they are the same"


def test_schedule_stands_outside_of_the_buffer_as_in_torch() -> None:
    cosine = Cosine(STEPS)
    ours = _ours(GradientDescentSettings(ETA, momentum=0.8, schedule=cosine))
    assert _near(ours, _torch(0.8, False, clip=False, factors=cosine.factors(STEPS).tolist()))


def test_clip_of_the_buffer() -> None:
    settings = DeltaGClipSettings(ETA, GAMMA, DELTA, momentum=0.8, clip="buffer", schedule=Warmup(5))
    net = _net()
    held = [torch.zeros_like(p) for p in net.parameters()]
    for t in range(STEPS):
        _gradient(net)
        held = [0.8 * b + p.grad for b, p in zip(held, net.parameters(), strict=True)]
        h = ETA * min(1.0, (t + 1) / 5) * _clip(torch.stack([b.norm() for b in held]).norm())
        with torch.no_grad():
            for p, b in zip(net.parameters(), held, strict=True):
                p.sub_(h * b)
    assert _near(_ours(settings), [p.detach() for p in net.parameters()])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (StepDecay(4, 0.5, STEPS), lambda o: StepLR(o, 4, 0.5)),
        (Cosine(STEPS), lambda o: CosineAnnealingLR(o, STEPS)),
        (Linear(STEPS, 0.25), lambda o: LinearLR(o, 1.0, 0.25, STEPS)),
    ],
)
def test_schedules_are_those_of_torch(ours: StepDecay, theirs: object) -> None:
    recorded = Recorded.of(theirs, eta=ETA, steps=STEPS)  # type: ignore[arg-type]
    assert recorded.factors(STEPS) == pytest.approx(ours.factors(STEPS), rel=1e-12)


@pytest.mark.parametrize("one", [Warmup(5), StepDecay(3, 0.5, 30), Cosine(7, 0.1), Linear(6), Recorded((0.5, 1.0))])
def test_what_is_left_of_a_schedule_is_a_lower_bound(one: Warmup) -> None:
    factors = one.factors(30)
    assert (factors >= 0).all()
    assert (factors <= 1).all()
    assert all(one.least_from(t) <= factors[t:].min() for t in range(30))


def test_forms() -> None:
    def forms(**given: object) -> set[Form]:
        return set(DeltaGClipSettings(ETA, GAMMA, DELTA, **given).forms) - {Form.ANY}  # type: ignore[arg-type]

    assert forms() == {Form.PLAIN, Form.SCHEDULED}
    assert forms(schedule=Cosine(9)) == {Form.SCHEDULED}
    assert forms(momentum=0.5) == forms(momentum=0.5, nesterov=True) == {Form.INSIDE}
    assert forms(momentum=0.5, clip="buffer", schedule=Cosine(9)) == {Form.OUTSIDE}
    # A clipped gradient in the buffer and a step size that moves outside of it: no theorem.
    assert forms(momentum=0.5, schedule=Cosine(9)) == set()
    assert forms(weight_decay=0.1) == {Form.DECAYED, Form.REGULARISED}
    assert forms(weight_decay=0.1, schedule=Cosine(9)) == {Form.DECAYED}
    assert forms(weight_decay=0.1, decoupled_weight_decay=True) == {Form.DECAYED}
    plain = GradientDescentSettings(ETA, momentum=0.5)
    assert plain.forms >= {Form.INSIDE, Form.OUTSIDE}
    assert Form.OUTSIDE not in GradientDescentSettings(ETA, momentum=0.5, nesterov=True).forms


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"momentum": 1.0}, "optimizer.momentum = 1.0"),
        ({"momentum": -0.1}, "optimizer.momentum = -0.1"),
        ({"momentum": float("nan")}, "optimizer.momentum = nan"),
        ({"nesterov": True}, "needs momentum > 0"),
        ({"clip": "buffer"}, "needs momentum > 0"),
        ({"clip": "weights", "momentum": 0.5}, "optimizer.clip = 'weights'"),
        ({"clip": "buffer", "momentum": 0.5, "nesterov": True}, "no theorem"),
        ({"weight_decay": -0.1}, "optimizer.weight_decay = -0.1: must be a number of at least 0"),
        ({"weight_decay": float("inf")}, "optimizer.weight_decay = inf"),
        ({"weight_decay": True}, "optimizer.weight_decay = True"),
        ({"weight_decay": 0.1, "momentum": 0.5}, "optimizer.weight_decay = 0.1: with momentum no theorem speaks of it"),
        ({"decoupled_weight_decay": True}, "needs weight_decay > 0"),
        ({"decoupled_weight_decay": 0.1}, "must be true or false"),
        ({"schedule": "cosine"}, "optimizer.schedule = 'cosine'"),
    ],
)
def test_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInputError, match="optimizer") as error:
        DeltaGClipSettings(ETA, GAMMA, DELTA, **given)  # type: ignore[arg-type]
    assert said in str(error.value)


def test_schedules_of_torch_that_no_theorem_speaks_of() -> None:
    with pytest.raises(InvalidInputError, match="allowed are"):
        Recorded.of(lambda o: LambdaLR(o, lambda t: 1.0 + t), eta=ETA, steps=9)
    with pytest.raises(InvalidInputError, match="changes the momentum"):
        Recorded.of(lambda o: CyclicLR(o, ETA / 2, ETA), eta=ETA, steps=9)
    with pytest.raises(InvalidInputError, match="asks for more"):
        Recorded.of(ReduceLROnPlateau, eta=ETA, steps=9)


class Turned(LambdaLR):
    """Changes one more setting of the optimizer after five steps, the step size never."""

    def __init__(self, optimizer: torch.optim.Optimizer, key: str, value: object) -> None:
        self.turns = (key, value)
        super().__init__(optimizer, lambda t: 1.0)

    def step(self, epoch: int | None = None) -> None:
        super().step(epoch)
        if self.last_epoch == 5:
            self.optimizer.param_groups[0].update([self.turns])


@pytest.mark.parametrize(
    ("key", "value"),
    [("momentum", 0.4), ("nesterov", True), ("dampening", 0.1), ("weight_decay", 1e-3), ("maximize", True)],
)
def test_a_scheduler_that_changes_more_than_the_step_is_refused(key: str, value: object) -> None:
    assert Recorded.of(lambda o: Turned(o, key, value), eta=ETA, steps=5).values == (1.0,) * 5
    with pytest.raises(InvalidInputError, match=f"changes the {key}"):
        Recorded.of(lambda o: Turned(o, key, value), eta=ETA, steps=6)


@dataclass(frozen=True)
class Longer(Cosine):
    """Exceeds eta."""

    def at(self, t: int) -> float:
        return 2.0


@dataclass(frozen=True)
class Vanishing(Cosine):
    """Says of later steps what does not hold."""

    def least_from(self, t: int) -> float:
        return 0.5


@pytest.mark.parametrize("wrong", [Longer(9), Vanishing(9)])
def test_a_schedule_of_another_class_is_not_taken_at_its_word(wrong: Cosine) -> None:
    for settings in (GradientDescentSettings, lambda eta, **more: DeltaGClipSettings(eta, GAMMA, DELTA, **more)):
        with pytest.raises(InvalidInputError, match=f"optimizer.schedule = {type(wrong).__name__}"):
            settings(ETA, schedule=wrong)


def test_arguments_of_a_schedule() -> None:
    assert schedule("cosine", {}, steps=30) == Cosine(30)
    assert schedule("step", {"every": 3, "factor": 0.5}, steps=30) == StepDecay(3, 0.5, 30)
    for name, given in (("step", {}), ("warmup", {"final": 0.1}), ("cosin", {}), ("step", {"every": 0, "factor": 0.5})):
        with pytest.raises(InvalidInputError, match="optimizer"):
            schedule(name, given, steps=30)
