"""Whether a run did what its optimizer says: measured on weights and gradients, held against what was reported.

A theorem speaks of the step rule; what is promised of a run that steps otherwise was never promised. The derivations
are in the documentation, "What the run is granted for rounding".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from ..measure.autodiff import gradient
from ..optim import StepSettings, has_certificates
from ..optim.guard import floor_on, step_sizes
from ..optim.momentum import buffers
from ..optim.recursion import Recursion
from ..problem.evaluation import untouched
from ..problem.problem import Problem
from .followed import Follow, along
from .inequalities import Inequality, U
from .rounding import RoundOff, gamma
from .trace import Array, Trace

SAMPLE = 256
"""Entries of each tensor that are looked at after every step; of all entries, at every third recorded step."""


@dataclass(frozen=True)
class Moved:
    """Steps as the weights took them, shape (K,) each.

    Attributes:
        apart: between w_{t+1} and where the recursion leads from w_t; without momentum ||w_{t+1} - (w_t - h_t g_t)||.
        weights: ||w_t||.
        pushed: what the step adds up, in norm: h_t ||g_t|| without momentum.
        entries: of how many weights these are the norms.
    """

    apart: Array
    weights: Array
    pushed: Array
    entries: int


@dataclass(frozen=True)
class Seen:
    """What was measured beside the optimizer's own numbers.

    Attributes:
        sample: on some entries of every tensor, at every step.
        whole: on all entries, at every third of the recorded steps.
        recorded: these steps, shape (K,).
        loss: of all samples or of the batch, whatever the step descends, by automatic differentiation.
        gradient: ||g_t|| there; with coupled weight decay, that of the gradient with the decay's term.
        second: ||g_t - g'_t||, g'_t the gradient by automatic differentiation, at weights copied before g_t was made.
        unit: unit roundoff of the weights.
        tiny: the smallest normal number of their precision.
    """

    sample: Moved
    whole: Moved
    recorded: Array
    loss: Array
    gradient: Array
    second: Array
    unit: float
    tiny: float


@dataclass
class _Mark:
    """A recorded step while it is taken."""

    t: int
    weights: list[Tensor]
    loss: float
    again: list[Tensor]
    used: list[Tensor] | None = None
    held: list[Tensor] | None = None


class Watch:
    """Reads weights and gradients around every step; on an accelerator nothing is waited for between recorded steps.

    Args:
        work: what is run, with its weights at the start.
        loss: what the next step descends: over all samples, or over its batch.
        recursion: how the steps are made of gradients.
        optimizer: that takes them; read for its buffer at recorded steps.
    """

    def __init__(self, work: Problem, loss: Callable[[], Tensor], recursion: Recursion, optimizer: Optimizer) -> None:
        self._work, self._loss, self._params = work, loss, list(work.parameters())
        self._recursion, self._optimizer = recursion, optimizer
        self._rates: list[float] = []
        self._follow: Follow | None = None
        self._orders = [_order(p) for p in self._params]
        self._strides = [_stride(p.numel()) for p in self._params]
        self._at = self._some(self._params)
        self._weights, self._gradients = list[tuple[Tensor, Tensor]](), list[Tensor]()
        self._mark: _Mark | None = None
        self._samples: list[list[Array]] = []
        self._marks: list[tuple[float, ...]] = []

    def record(self, t: int) -> None:
        """Before the gradient of step t is computed: copy the weights, and differentiate there."""
        with untouched(self._work.network):
            value = self._loss()
            again = gradient(value, self._params, torch.ones_like(value))
        self._mark = _Mark(t, _copies(self._params), float(value.detach()), again)

    def moved(self) -> None:
        """The weights were set by other means than a step."""
        self._at = self._some(self._params)

    def before(self, lr: float) -> None:
        """Before the optimizer's step of size lr: what its step may use, whatever becomes of `grad`."""
        self._rates.append(lr)
        grads = [p.grad for p in self._params if p.grad is not None]
        self._gradients.append(self._some(grads))
        if self._mark is not None:
            self._mark.used = _copies(grads)
            if self._recursion.momentum > 0:
                self._mark.held = _copies(buffers(self._optimizer))

    def after(self, step_size: Tensor) -> None:
        """After the optimizer's step, of which it says `step_size`."""
        start, self._at = self._at, self._some(self._params)
        self._weights.append((start, self._at))
        at = self._mark
        if at is None or at.used is None:
            return
        h, lr = float(step_size), self._rates[-1]
        held = [torch.zeros_like(g) for g in at.used] if at.held is None else at.held
        apart, pushed = [], 0.0
        for p, w, g, b in zip(self._params, at.weights, at.used, held, strict=True):
            step, size = along(self._recursion, h, lr, g.double(), b.double(), w.double())
            apart.append(p.detach().double() - (w.double() - step))
            pushed = math.hypot(pushed, size)
        second = [g.double() - a.double() for g, a in zip(at.used, at.again, strict=True)]
        decay = self._recursion.weight_decay if self._recursion.coupled else 0.0
        objective = [g.double() + decay * w.double() for g, w in zip(at.used, at.weights, strict=True)]
        norms = (_norm(v) for v in (objective, second, apart, at.weights))
        self._marks.append((at.t, at.loss, *norms, pushed))
        self._mark = None

    def block(self, step_sizes: Array) -> None:
        """After a block of steps: read the samples off the device."""
        starts, ends = zip(*self._weights, strict=True)
        w, after, g = (torch.stack(list(rows)).cpu().numpy() for rows in (starts, ends, self._gradients))
        self._weights, self._gradients = [], []
        rates, self._rates = np.array(self._rates), []
        if self._follow is None:
            limits = [torch.finfo(p.dtype).eps for p in self._params]
            self._follow = Follow(self._recursion, max(limits, default=0.0) / 2, w.shape[1])
        with np.errstate(all="ignore"):
            steps, pushed = self._follow(step_sizes, rates, g, w)
            apart = after - (w - steps)
            self._samples.append([np.linalg.norm(apart, axis=1), np.linalg.norm(w, axis=1), pushed])

    def seen(self) -> Seen:
        """Everything so far."""
        limits = [torch.finfo(p.dtype) for p in self._params]
        apart, weights, pushed = (np.concatenate([row[i] for row in self._samples] or [np.empty(0)]) for i in range(3))
        t, loss, used, second, *of_all = np.array(self._marks, dtype=float).reshape(-1, 7).T
        return Seen(
            sample=Moved(apart, weights, pushed, entries=self._at.numel()),
            whole=Moved(of_all[0], of_all[1], of_all[2], entries=sum(p.numel() for p in self._params)),
            recorded=t.astype(int),
            loss=loss,
            gradient=used,
            second=second,
            unit=max((f.eps for f in limits), default=0.0) / 2,
            tiny=max((f.tiny for f in limits), default=0.0),
        )

    def _some(self, tensors: Sequence[Tensor]) -> Tensor:
        with torch.no_grad():
            all_of = zip(tensors, self._orders, self._strides, strict=True)
            found = [t.detach().permute(order).reshape(-1)[::stride].double() for t, order, stride in all_of]
            return torch.cat(found) if found else torch.empty(0, dtype=torch.float64)


def of_run(trace: Trace, seen: Seen, settings: StepSettings, eta: float, granted: RoundOff) -> list[Inequality]:
    """What a run of the step rule obeys, whatever any theorem says; of a run that overflows, up to there.

    Args:
        trace: what the optimizer reports.
        seen: what was measured.
        settings: the step rule.
        eta: its step size as a number.
        granted: what rounding can do.
    """
    finite = np.isfinite(trace.loss[:-1]) & np.isfinite(trace.loss[1:]) & np.isfinite(trace.grad_norm)
    last = len(finite) if finite.all() else int(np.argmin(finite))
    h, g = trace.step_size[:last], trace.grad_norm[:last]
    at = seen.recorded[seen.recorded < last]  # recorded steps
    k, rho = len(at), np.sqrt(2 * trace.loss[at])
    own = np.sqrt(2 * trace.batch_loss[at]) if len(trace.batch_loss) else rho  # of what the step descends
    again = np.sqrt(2 * seen.loss[: seen.recorded.searchsorted(last)])
    entries = seen.whole.entries
    with np.errstate(all="ignore"):
        how = settings.recursion
        clipped = trace.clip_norm[:last] if how.clip == "buffer" or how.coupled else g
        reported = (clipped if how.coupled else g)[at]
        # The decay's term is added in the run's precision, and may cancel the gradient.
        joined = 4 * granted.unit * (g[at] + how.weight_decay * trace.weights[at]) if how.coupled else 0.0
        rates = eta * how.schedule.factors(last)
        rule = step_sizes(settings, rates, clipped)
        reached = trace.recorded <= last  # recorded iterates
        t, path = trace.recorded[reached], trace.path[trace.recorded[reached]]
        # Of t steps in all: their own rounding, that of every reported norm, of the sum and of the distance itself.
        added = t * granted.update + (4 * granted.unit + granted.norm + t * U) * path
        distance = trace.distance[reached]
        found = [
            _no_more(
                f"step rule of {settings.name}, |h_t - rule(||{_clipped_in_words(how)}||)| <= 0",
                np.abs(h - rule),
                settings.units * U * rule,
            ),
            _no_more(
                f"step on the weights, {_step_in_words(settings)}, {seen.sample.entries} of {entries} entries",
                seen.sample.apart[:last],
                _of_step(seen, seen.sample, last),
            ),
            _no_more(
                "step on the weights, all entries, at every third recorded step",
                seen.whole.apart[:k],
                _of_step(seen, seen.whole, k),
                at,
            ),
            _no_more(
                "gradient norm as reported, | ||g_t|| - reported | <= 0, at every third recorded step",
                np.abs(seen.gradient[:k] - reported),
                (granted.norm + gamma(entries, U)) * reported + math.sqrt(entries * seen.tiny) + joined,
                at,
            ),
            _no_more(
                "gradient by automatic differentiation, ||g_t - g'_t|| <= 0, at every third recorded step",
                seen.second[:k],
                2 * granted.gradient(np.maximum(rho, again), g[at]) + entries * seen.tiny,
                at,
            ),
            _no_more(
                "loss by automatic differentiation, | ||r_t|| - ||r'_t|| | <= 0, at every third recorded step",
                np.abs(own - again),
                granted.of_batch(own) + granted.of_batch(again),
                at,
            ),
            Inequality(
                "distance, ||w_t - w_0|| <= path_t, at recorded steps",
                distance,
                path,
                added + (granted.unit + gamma(entries, U)) * distance,
                steps=np.maximum(t - 1, 0),
            ),
        ]
        if not has_certificates(settings):
            found += _band(settings, eta, h, g)
    return [i for i in found if len(i.left)]


def _band(settings: StepSettings, eta: float, h: Array, g: Array) -> list[Inequality]:
    """What the author of a rule declares: eta delta_on(||g_t||) <= h_t <= eta."""
    granted = np.full_like(h, settings.units * U * eta)
    declared = eta * np.array([floor_on(settings, at) for at in g.tolist()])
    return [
        Inequality(f"declared floor of {settings.name}, eta delta(||g_t||) <= h_t", declared, h, granted),
        Inequality(f"ceiling of {settings.name}, h_t <= eta", h, np.full_like(h, eta), granted),
    ]


def _no_more(name: str, left: Array, granted: Array, steps: Array | None = None) -> Inequality:
    """left <= 0 + granted; where a bound overflowed it says nothing."""
    return Inequality(name, left, np.zeros_like(left), np.where(np.isnan(granted), np.inf, granted), steps=steps)


def _clipped_in_words(how: Recursion) -> str:
    if how.clip == "buffer":
        return "b_{t+1}"
    return "g_t + lambda w_t" if how.coupled else "g_t"


def _step_in_words(settings: StepSettings) -> str:
    if settings.recursion.momentum == 0 and settings.recursion.weight_decay == 0:
        return "||w_{t+1} - w_t + h_t g_t|| <= 0"
    return f"{settings.recursion.words}: between w_{{t+1}} and where it leads, <= 0"


def _of_step(seen: Seen, moved: Moved, k: int) -> Array:
    """u (|w| + 3 |step|) an entry, the rounding of the measurement on top, and what vanishes below the normal range."""
    size = 3 * moved.weights[:k] + 8 * moved.pushed[:k]
    return seen.unit * size + 4 * math.sqrt(moved.entries) * seen.tiny


def _order(t: Tensor) -> list[int]:
    """The dimensions in the order of the memory: read so, a tensor without gaps need not be copied."""
    return sorted(range(t.ndim), key=t.stride, reverse=True)


def _stride(entries: int) -> int:
    """So many apart that about SAMPLE are met, and not those of one column of a matrix."""
    stride = max(1, entries // SAMPLE)
    while math.gcd(stride, entries) > 1:
        stride += 1
    return stride


def _copies(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [t.detach().clone() for t in tensors]


def _norm(tensors: Sequence[Tensor]) -> float:
    return math.hypot(*(float(torch.linalg.vector_norm(t.detach(), dtype=torch.float64)) for t in tensors))
