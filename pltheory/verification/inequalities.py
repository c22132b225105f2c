"""What a theorem promises of a run, inequality by inequality, with what rounding is granted to each.

The exact statement is about w - h grad L(w) from each iterate of the run; what the run computed differs from it by
`RoundOff`. A side is compared as computed, and the difference that rounding can make stands beside it: left <= right +
granted. The derivations are in the documentation, "What the run is granted for rounding".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..certification.profile import Profile
from ..certification.radius import Reach
from ..problem.settings import StepSettings
from ..theory.arithmetic import ARRAYS
from ..theory.formulas import contraction, decrease, slack, step_size
from .promise import Promise
from .rounding import RoundOff

Array = np.ndarray
U = 2.0**-53
"""Step sizes and sums over the run are taken in float64, whatever the run's own precision."""


@dataclass(frozen=True)
class Trace:
    """A run, one entry per iterate w_0 .. w_T unless said otherwise.

    Attributes:
        loss: L_t, shape (T+1,).
        grad_norm: ||grad L_t|| over all parameters, shape (T,).
        step_size: h_t, shape (T,).
        path: length of the path up to w_t, shape (T+1,).
        recorded: the steps at which the next two were measured, shape (K,).
        distance: ||w_t - w_0|| there, shape (K,).
        lambda_min: smallest kernel eigenvalue there, scaled to the loss, shape (K,); empty if switched off.
    """

    loss: Array
    grad_norm: Array
    step_size: Array
    path: Array
    recorded: Array
    distance: Array
    lambda_min: Array

    def after(self, t: int) -> Trace:
        """The run from w_t on; its path begins there."""
        late = self.recorded >= t
        kernels = self.lambda_min[late] if len(self.lambda_min) else self.lambda_min
        return Trace(
            loss=self.loss[t:],
            grad_norm=self.grad_norm[t:],
            step_size=self.step_size[t:],
            path=self.path[t:] - self.path[t],
            recorded=self.recorded[late],
            distance=self.distance[late],
            lambda_min=kernels,
        )


@dataclass(frozen=True)
class Inequality:
    """left <= right + granted at every step from `since` on, arrays of shape (T - since,), or at `steps`, as many."""

    name: str
    left: Array
    right: Array
    granted: Array
    since: int = 0
    steps: Array | None = None

    def step(self, i: int) -> int:
        """The step of entry i."""
        return self.since + i if self.steps is None else int(self.steps[i])


@dataclass(frozen=True)
class Check:
    """An inequality at the step where it has least room, in units of what rounding is granted there."""

    name: str
    step: int
    left: float
    right: float
    granted: float


@dataclass(frozen=True)
class Violation:
    """The first step at which an inequality of the theorem fails by more than round-off can explain."""

    step: int
    inequality: str
    left: float
    right: float
    granted: float = 0.0


class _Errors:
    """What rounding does at each step; rho = sqrt(2 L) as computed, g = ||grad L|| as computed."""

    def __init__(self, trace: Trace, at: RoundOff) -> None:
        self.h, self.g = trace.step_size, trace.grad_norm
        rho = np.sqrt(2 * trace.loss)
        self.rho, self.e = rho, at.residual(rho)
        self.rho_0, self.rho_1, self.e_0, self.e_1 = rho[:-1], rho[1:], self.e[:-1], self.e[1:]
        self.gradient = at.gradient(self.rho_0, self.g)
        self.square = 2 * self.g * self.gradient + self.gradient**2  # of ||grad L||^2
        self.step = at.step(self.h, self.rho_0, self.g)
        self.pushed = at.lipschitz * self.step  # what the error of a step does to rho
        self.drift = at.start + self.e[0] + np.cumsum(self.pushed)  # rho_t above rho_0
        # Of L_{t+1}, of L_t.
        self.after = (self.rho_1 + self.pushed + self.e_1) * (self.pushed + self.e_1)
        self.before = self.rho_0 * self.e_0 + self.e_0**2


def of_reach(
    trace: Trace, at: Reach, profile: Profile, integrated: bool, settings: StepSettings, granted: RoundOff
) -> list[Inequality]:
    """What the theorems of this project promise on a ball.

    Args:
        trace: the run.
        at: constants of the theorem.
        profile: bounds around w_0.
        integrated: whether the potential uses sig along the path, as Theorems B and C do.
        settings: the step rule.
        granted: what rounding can do.
    """
    with np.errstate(all="ignore"):
        err, loss, h, g = _Errors(trace, granted), trace.loss, trace.step_size, trace.grad_norm
        before, after = loss[:-1], loss[1:]
        moved = trace.path[:-1] + np.concatenate([[0.0], np.cumsum(err.step)[:-1]])
        index = np.minimum(np.searchsorted(profile.radii, moved, side="left"), len(profile.radii) - 1)
        sig = profile.sig[index] if integrated else np.full(len(h), math.sqrt(at.mu))
        # sqrt(mu) - sqrt(mu - e) <= e / sqrt(mu), and at most sqrt(mu).
        sig_error = np.minimum(sig, granted.kernel / np.maximum(sig, math.sqrt(np.finfo(float).tiny)))
        room = slack(at.beta, at.eta)
        pl = err.gradient + sig * err.e_0
        lost = sig * err.gradient * h * room
        return [
            *_steps(trace, at.eta, at.delta, settings, granted, err),
            Inequality(
                "PL*, 2 mu_t L_t <= ||grad L_t||^2",
                2 * sig**2 * before,
                g**2,
                2 * g * pl + pl**2 + 2 * granted.kernel * before,
            ),
            Inequality(
                "descent, L_{t+1} <= L_t - h_t (1 - beta h_t/2) ||grad L_t||^2",
                after,
                before - decrease(at.beta, h) * g**2,
                err.after
                + err.before
                + np.abs(decrease(at.beta, h)) * err.square
                + 0.5 * h**2 * granted.kernel * (g + err.gradient) ** 2,
            ),
            Inequality(
                "rate, L_{t+1} <= (1 - 2 mu h_t (1 - beta h_t/2)) L_t",
                after,
                contraction(at.mu, at.beta, h) * before,
                err.after + err.before + 4 * h * granted.kernel * before,
            ),
            *_envelope(at.rate, granted, err),
            Inequality(
                "potential, (1 - beta eta/2) sig l_t <= ||r_t|| - ||r_{t+1}||",
                room * sig * h * g,
                err.rho_0 - err.rho_1,
                lost + err.e_0 + err.e_1 + err.pushed + h * g * (room * sig_error + sig * at.eta * granted.kernel / 2),
            ),
            Inequality(
                "path length within the certified radius",
                trace.path[1:],
                np.full(len(h), at.required),
                _of_path(trace, at, profile, integrated, room, granted, err),
            ),
        ]


def of_promise(trace: Trace, at: Promise, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
    """The same for what a theorem promises in numbers; nothing of a run that ends before the promise begins."""
    if at.since >= len(trace.step_size):
        return []
    trace = trace.after(at.since)
    with np.errstate(all="ignore"):
        err, loss, h = _Errors(trace, granted), trace.loss, trace.step_size
        found = _steps(trace, at.eta, at.floor, settings, granted, err, "floor")
        if at.rate is not None:
            constants = 4 * at.eta * granted.kernel * loss[:-1]
            found.append(
                Inequality("rate, L_{t+1} <= q L_t", loss[1:], at.rate * loss[:-1], err.after + err.before + constants)
            )
            # A promise of no growth is kept by a run that stands still.
            found += _envelope(at.rate, granted, err) if at.rate < 1 else []
        if at.radius is not None:
            found.append(
                Inequality(
                    "path length within the promised radius",
                    trace.path[1:],
                    np.full(len(h), at.radius),
                    _of_promised_path(trace, at, granted, err),
                )
            )
        return [replace(i, since=at.since) for i in found]


def first_violation(inequalities: list[Inequality]) -> Violation | None:
    """The violation of the earliest step, or None."""
    found: list[Violation] = []
    for i in inequalities:
        # Not (left <= right), so that a NaN counts as a violation.
        broken = np.flatnonzero(~(i.left <= i.right + i.granted))
        if broken.size:
            t = int(broken[0])
            found.append(Violation(i.step(t), i.name, float(i.left[t]), float(i.right[t]), float(i.granted[t])))
    return min(found, key=lambda v: v.step, default=None)


def tightest(i: Inequality) -> Check:
    """The step of least room."""
    with np.errstate(all="ignore"):
        room = (i.right - i.left) / i.granted
    t = 0 if np.isnan(room).all() else int(np.nanargmin(room))
    return Check(i.name, i.step(t), float(i.left[t]), float(i.right[t]), float(i.granted[t]))


def _steps(
    trace: Trace, eta: float, floor: float, settings: StepSettings, granted: RoundOff, err: _Errors, word: str = "delta"
) -> list[Inequality]:
    """h_t in [eta floor, eta]."""
    h = trace.step_size
    rounded = np.full_like(h, 4 * U * eta)
    below = rounded
    if floor > settings.delta:
        # The floor rests on ||grad L|| <= L_F ||r_0||: at an iterate the exact gradient may be smaller than the
        # computed one, and the residual larger than at the start.
        norm = np.maximum(err.g - err.gradient - granted.lipschitz * err.drift, np.finfo(float).tiny)
        # Of the rule's own step at the computed gradient, not of h, which is what is held against the floor.
        rule, exact = (step_size(eta, settings.gamma, settings.delta, at, ARRAYS) for at in (err.g, norm))
        below = rounded + exact - rule
    sign = "eta delta" if word == "delta" else "floor eta"
    return [
        Inequality(f"step floor, {sign} <= h_t", np.full_like(h, eta * floor), h, below),
        Inequality("step ceiling, h_t <= eta", h, np.full_like(h, eta), rounded),
    ]


ENVELOPE = "envelope, ||r_t|| <= q^(t/2) ||r_0||"


def _envelope(rate: float | None, granted: RoundOff, err: _Errors) -> list[Inequality]:
    """The rate over all steps so far: what rounding adds at a step shrinks with those that follow."""
    if rate is None:
        return []
    root = math.sqrt(min(rate, 1.0))
    fresh = err.pushed + 4 * err.h * granted.kernel * err.rho_0  # by the step, and by the constants
    added, so_far = np.empty_like(fresh), float(err.e[0])
    for t, more in enumerate(fresh.tolist()):
        so_far = root * so_far + more
        added[t] = so_far
    shrunk = root ** np.arange(1, len(fresh) + 1)
    return [Inequality(ENVELOPE, err.rho_1, shrunk * float(err.rho[0]), added + err.e_1)]


def tells(inequalities: list[Inequality], trace: Trace) -> bool:
    """Whether the envelope, where there is one, would have found a run that does not move at all."""
    found = [i for i in inequalities if i.name == ENVELOPE]
    return not found or any(bool((i.right + i.granted < math.sqrt(2 * trace.loss[i.since])).any()) for i in found)


def _of_path(
    trace: Trace, at: Reach, profile: Profile, integrated: bool, room: float, granted: RoundOff, err: _Errors
) -> Array:
    """The potential telescopes: what rounding adds to it lengthens the path by 1 / ((1 - beta eta/2) sig)."""
    sig = profile.sig[0] if integrated else math.sqrt(at.mu)
    added = err.drift + np.cumsum(room * sig * trace.step_size * err.gradient)
    rate = np.full_like(added, room * math.sqrt(at.mu))
    if integrated:
        # sig falls beyond the promised radius: the first radius that what is added up to a step cannot pass.
        reached = profile.radii >= at.required + added[:, None] / (room * profile.sig)  # (T, radii)
        rate = room * np.where(reached.any(axis=1), profile.sig[reached.argmax(axis=1)], 0.0)
    constants = 2 * granted.kernel / at.mu + at.eta * granted.kernel / room + len(added) * U
    return added / rate + at.required * constants


def _of_promised_path(trace: Trace, at: Promise, granted: RoundOff, err: _Errors) -> Array:
    """A change of the residual lengthens the rest of the path by what the rate lets it."""
    assert at.radius is not None
    h, start = trace.step_size, granted.start + float(err.e[0])
    own = np.cumsum(h * err.gradient)
    lam = float(trace.lambda_min[0]) if len(trace.lambda_min) else 0.0
    constants = (2 * granted.kernel / lam if lam > granted.kernel else 0.0) + (len(h) + 64) * U
    if at.rate is not None and at.rate < 1:
        further = err.drift * at.eta * granted.lipschitz / (1 - math.sqrt(at.rate))
    elif float(err.rho[0]) > 2 * start:
        # Nothing is known of the rest but that a radius is in proportion to the residual, as in every theorem here.
        further = err.drift * at.radius / (float(err.rho[0]) - start)
    else:
        # From a zero of the loss, a step is no longer than what the residual has been pushed to.
        further = np.cumsum(h * granted.lipschitz * err.drift)
    return own + further + at.radius * constants
