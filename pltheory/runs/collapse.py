"""Neural collapse along training with weight decay, and the law of the last two layers' imbalance.

D = W^T W - V V^T of the last two layers, V = [W_{L-1}, b_{L-1}], follows exactly (claim balance_step)

    D_{t+1} = a_t^2 D_t + h_t^2 (G_t^T G_t - E_t E_t^T),    a_t = 1 - h_t lambda, decoupled 1 - eta lambda,

with G and E the gradients of W and V. The flow has the first term alone, exp(-2 lambda t); what steps add is no more
than h_t^2 max(||G_t||^2, ||E_t||^2) each, so that | ||D_T|| - ||D_0|| prod a_t^2 | is at most the sum of these, each
shrunk by the a^2 that follow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..measure.arguments import require_problem
from ..measure.collapse import Collapse, collapse
from ..measure.linear_head import linear_head
from ..optim import ClippedSettings
from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import InvalidInputError, NumericalFailureError

Array = np.ndarray


@dataclass(frozen=True)
class CollapseTrace:
    """What was measured along a run, at K of its iterates.

    Attributes:
        steps: their numbers, (K,).
        loss: the loss in use without the decay's term, (K,).
        collapse: of each.
        time: sum of the steps that the decay takes, h_t or decoupled eta, (K,): the flow has D_0 exp(-2 lambda time).
        law: ||D_0|| prod a_t^2, (K,).
        drift: what the steps may have added to it or taken, (K,), with Frobenius norms of the gradients.
    """

    steps: Array
    loss: Array
    collapse: tuple[Collapse, ...]
    time: Array
    law: Array
    drift: Array

    def __repr__(self) -> str:
        first, last = self.collapse[0], self.collapse[-1]
        return (
            f"CollapseTrace({len(self.steps)} checkpoints of {self.steps[-1]} steps, "
            f"loss {self.loss[0]:.4g} to {self.loss[-1]:.4g}; nc1 {first.nc1:.4g} to {last.nc1:.4g}, "
            f"imbalance {first.imbalance:.4g} to {last.imbalance:.4g})"
        )

    @property
    def imbalance(self) -> Array:
        """e2 as measured, (K,): within `drift` of `law`."""
        return np.array([c.imbalance for c in self.collapse])


@undisturbed
def collapse_along(problem: Problem, settings: ClippedSettings, record: Sequence[int]) -> CollapseTrace:
    """Train a copy on all samples and measure collapse at some iterates.

    Args:
        problem: a network that ends in two or more `nn.Linear`, and class labels.
        settings: delta-GClip, GClip or gradient descent, without momentum and schedule; eta a number.
        record: numbers of the iterates to be measured, rising from 0; the last one ends the run.

    Raises:
        InvalidInputError: a problem, such settings or such numbers are not given; else as `collapse`.
        NumericalFailureError: the loss is not finite at some step.
    """
    require_problem(problem)
    _require(settings, record)
    problem = problem.copy()
    under, last = (_layer(problem, name) for name in linear_head(problem.network, problem.x).names[-2:])
    eta = float(settings.eta)
    optimizer = settings.optimizer(list(problem.parameters()), eta)
    wanted, kept, measured = set(record), list[tuple[int, float, float, float, float]](), list[Collapse]()
    time, shrunk, drift = 0.0, 1.0, 0.0
    for t in range(record[-1] + 1):
        optimizer.zero_grad()
        loss = problem.value()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise NumericalFailureError(f"the loss is {value} at step {t}: a smaller eta is needed")
        if t in wanted:
            measured.append(collapse(problem))
            kept.append((t, value, time, shrunk, drift))
        if t == record[-1]:
            break
        torch.autograd.backward(loss)
        slope = max(_square(last.weight), _square(under.weight) + _square(under.bias))
        optimizer.step()
        h = float(optimizer.step_size)  # type: ignore[attr-defined]
        taken = eta if settings.decoupled_weight_decay else h
        time, a = time + taken, 1 - taken * settings.weight_decay
        shrunk, drift = a * a * shrunk, a * a * drift + h * h * slope
    steps, losses, times, factors, drifts = (np.array(column) for column in zip(*kept, strict=True))
    return CollapseTrace(steps, losses, tuple(measured), times, factors * measured[0].imbalance, drifts)


def _layer(problem: Problem, name: str) -> nn.Linear:
    layer = problem.network.get_submodule(name)
    assert isinstance(layer, nn.Linear)
    if not all(p.requires_grad for p in layer.parameters()):
        raise InvalidInputError(f"the linear layer '{name}' at the end is not trained: its parameters are frozen")
    return layer


def _square(p: torch.Tensor | None) -> float:
    return 0.0 if p is None or p.grad is None else float(p.grad.double().square().sum())


def _require(settings: object, record: Sequence[int]) -> None:
    if not isinstance(settings, ClippedSettings) or isinstance(settings.eta, str):
        raise InvalidInputError("settings: needed are gd, gclip or delta-gclip with eta a number")
    if settings.momentum > 0 or not settings.schedule.constant:
        raise InvalidInputError("settings: the law of the imbalance speaks of no momentum and of eta constant")
    numbers = list(record)
    if not numbers or numbers[0] != 0 or any(type(t) is not int for t in numbers) or numbers != sorted(set(numbers)):
        raise InvalidInputError("record: needed are whole numbers that rise from 0")
