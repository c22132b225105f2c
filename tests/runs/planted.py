"""Runs that are not what they say: an optimizer or a gradient that does something else and reports the rule."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pltheory.theory.formulas import step_size


class Planted(torch.optim.Optimizer):
    """Reports what the rule's own optimizer would; subclasses move the weights otherwise, or say otherwise.

    Args:
        inner: the rule's own optimizer, never stepped.
    """

    def __init__(self, inner: torch.optim.Optimizer) -> None:
        super().__init__(list(inner.param_groups[0]["params"]), {})
        self.eta, d = float(inner.param_groups[0]["lr"]), inner.defaults
        self.gamma, self.delta, self.t = d["gamma"], d["delta"], 0

    @property
    def params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    def step(self, closure=None):
        grads = [p.grad.clone() for p in self.params]
        norm = torch.stack([g.norm() for g in grads]).double().norm()
        self.grad_norm = norm
        self.step_size = torch.as_tensor(self.says(float(norm)), dtype=torch.float64)
        with torch.no_grad():
            self.move(float(self.step_size), grads)
        self.t += 1

    def says(self, norm: float) -> float:
        return step_size(self.eta, self.gamma, self.delta, norm)

    def move(self, h: float, grads: list[Tensor]) -> None:
        for p, g in zip(self.params, grads, strict=True):
            p.sub_(h * g)


class Honest(Planted):
    """The rule, written otherwise than the project's optimizer: nothing may be found."""


class NeverClips(Planted):
    def says(self, norm):
        return self.eta


class AlwaysClips(Planted):
    def says(self, norm):
        return self.eta * self.delta


class NeverClipsInSecret(Planted):
    """Reports the rule's step and takes eta."""

    def move(self, h, grads):
        super().move(self.eta, grads)


class Schedule(Planted):
    """A step size that falls by a tenth over the run, said openly."""

    def says(self, norm):
        return super().says(norm) * (1 - 1e-3 * min(self.t, 100))


class ScheduleInSecret(Planted):
    def move(self, h, grads):
        super().move(h * (1 - 1e-3 * min(self.t, 100)), grads)


class Momentum(Planted):
    def move(self, h, grads):
        if self.t == 0:
            self.buffers = [torch.zeros_like(g) for g in grads]
        self.buffers = [0.3 * b + g for b, g in zip(self.buffers, grads, strict=True)]
        super().move(h, self.buffers)


class MomentumInTheGradient(Momentum):
    """The same, written into `grad`, where a later reader would take it for the gradient."""

    def move(self, h, grads):
        super().move(h, grads)
        for p, b in zip(self.params, self.buffers, strict=True):
            p.grad.copy_(b)


class WeightDecay(Planted):
    def move(self, h, grads):
        for p in self.params:
            p.mul_(1 - 1e-6 * h)
        super().move(h, grads)


class WrongSign(Planted):
    """In the last tensor's first coordinate alone."""

    def move(self, h, grads):
        grads[-1].view(-1)[0] *= -1
        super().move(h, grads)


class Skips(Planted):
    """Every third step is said and not taken."""

    def move(self, h, grads):
        if self.t % 3 != 2:
            super().move(h, grads)


class SkipsOnce(Planted):
    """One step, at a number where nothing is recorded."""

    def move(self, h, grads):
        if self.t != 47:
            super().move(h, grads)


class Noise(Planted):
    """Of 1e-6 of the step."""

    def move(self, h, grads):
        gen = torch.Generator().manual_seed(self.t)
        for g in grads:
            noise = torch.randn(g.shape, generator=gen, dtype=torch.float64).to(g)
            g += 1e-6 * g.norm() / noise.norm() * noise
        super().move(h, grads)


class Halves(Planted):
    """Weights and step in half the digits."""

    def move(self, h, grads):
        for p, g in zip(self.params, grads, strict=True):
            p.copy_((p.float() - h * g.float()).to(p))


class Frozen(Planted):
    """The first tensor never moves."""

    def move(self, h, grads):
        grads[0].zero_()
        super().move(h, grads)


class Projected(Planted):
    """Onto the sphere that the weights start from, tensor by tensor."""

    def move(self, h, grads):
        if self.t == 0:
            self.norms = [p.norm() for p in self.params]
        super().move(h, grads)
        for p, size in zip(self.params, self.norms, strict=True):
            p.mul_(size / p.norm())


class SaysLessNorm(Planted):
    """Says nine tenths of the gradient's norm, and steps by the rule of what it says."""

    def step(self, closure=None):
        super().step()
        self.grad_norm = 0.9 * self.grad_norm

    def says(self, norm):
        return super().says(0.9 * norm)


Way = Callable[[], Tensor]


def of_the_mean(work, way: Way) -> Way:
    """Loss and gradient divided by the number of samples."""

    def planted():
        value = way()
        for p in work.parameters():
            p.grad /= len(work.x)
        return value / len(work.x)

    return planted


def gradient_of_the_mean(work, way: Way) -> Way:
    """The gradient alone."""

    def planted():
        value = way()
        for p in work.parameters():
            p.grad /= len(work.x)
        return value

    return planted


def wrong_sign(work, way: Way) -> Way:
    def planted():
        value = way()
        list(work.parameters())[-1].grad.view(-1)[0] *= -1
        return value

    return planted


def in_half_the_digits(work, way: Way) -> Way:
    def planted():
        value = way()
        for p in work.parameters():
            p.grad.copy_(p.grad.float().to(p))
        return value

    return planted


def of_the_first_sample_left_out(work, way: Way) -> Way:
    """The gradient over all samples but one."""

    def planted():
        value = way()
        residual = work.network(work.x[:1]) - work.y[:1]
        lost = torch.autograd.grad(0.5 * work.scale * residual.square().sum(), list(work.parameters()))
        for p, g in zip(work.parameters(), lost, strict=True):
            p.grad -= g
        return value

    return planted


def moves_the_weights(work, way: Way) -> Way:
    """Outside of the optimizer's step."""

    def planted():
        with torch.no_grad():
            for p in work.parameters():
                p.mul_(1 - 1e-9)
        return way()

    return planted


OPTIMIZERS = [
    NeverClips, AlwaysClips, NeverClipsInSecret, Schedule, ScheduleInSecret, Momentum, MomentumInTheGradient,
    WeightDecay, WrongSign, Skips, SkipsOnce, Noise, Halves, Frozen, Projected, SaysLessNorm,
]  # fmt: skip
GRADIENTS = [
    of_the_mean, gradient_of_the_mean, wrong_sign, in_half_the_digits, of_the_first_sample_left_out, moves_the_weights,
]  # fmt: skip
