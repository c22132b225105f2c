"""What a theorem promises about a run: inequalities over its trace."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..certification.profile import Profile
from ..optim import StepSettings
from ..theory.formulas import contraction, decrease, slack
from .inequalities import Errors, Inequality, U, envelope, steps
from .rounding import RoundOff
from .trace import Array, Trace


@dataclass(frozen=True)
class Promise:
    """Inequalities that hold at every step of the run from `since` on, if the theorem's hypotheses do.

    In the scale of the problem's loss. A promise about an average over random draws is none about a run: leave it out.

    Attributes:
        eta: the step size that the run takes; h_t <= eta.
        floor: h_t >= floor * eta.
        rate: q with L_{t+1} <= q L_t, or None.
        radius: bound of the path length sum ||w_{t+1} - w_t|| over t >= since, or None.
        since: the step from which it holds; of a run that ends before, nothing is promised.
        level: a loss at which what is promised ends, and the run with it.
        until: the step at which what is promised ends while the run goes on, or None.
    """

    eta: float
    floor: float = 1.0
    rate: float | None = None
    radius: float | None = None
    since: int = 0
    level: float = 0.0
    until: int | None = None

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """The promise over a trace, with what rounding is granted; none over one that ends before it begins."""
        return _of_promise(trace, self, settings, granted)

    def beside(self, off: float, before: float) -> Promise:
        """The same of a run that starts anywhere within `off` of where this one does.

        What that makes of the loss at its start is granted as rounding.

        Args:
            off: a distance of weights.
            before: how far from the run's first weights it may start.
        """
        return self

    def numbers(self) -> dict[str, Any]:
        """Eta, floor, rate, radius and since."""
        return {name: getattr(self, name) for name in ("eta", "floor", "rate", "radius", "since")}


@dataclass(frozen=True)
class BallPromise(Promise):
    """The promise of a theorem that knows mu and beta where the run goes: PL*, descent and potential beside the rate.

    Attributes:
        mu: lower bound of the PL* constant along the run.
        beta: upper bound of lambda_max(Hess L) there.
        profile: bounds around w_0, where the PL* constant at a step is that of the path up to it.
        off: how far from w_0 the run may start.
    """

    mu: float = 0.0
    beta: float = 0.0
    profile: Profile | None = None
    off: float = 0.0

    def beside(self, off: float, before: float) -> Promise:
        """As in `Promise`."""
        return replace(self, off=self.off + off)

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """What the proof says of every step."""
        return _of_ball(trace, self, settings, granted)


def _of_ball(trace: Trace, at: BallPromise, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
    """What a theorem promises that knows mu and beta where the run goes.

    Args:
        trace: the run.
        at: constants of the theorem.
        settings: the step rule.
        granted: what rounding can do.
    """
    with np.errstate(all="ignore"):
        err, loss, h, g = Errors(trace, granted), trace.loss, trace.step_size, trace.grad_norm
        before, after = loss[:-1], loss[1:]
        moved = at.off + trace.path[:-1] + np.concatenate([[0.0], np.cumsum(err.step)[:-1]])
        sig = np.full(len(h), math.sqrt(at.mu))
        if at.profile is not None:
            radii = at.profile.radii
            sig = at.profile.sig[np.minimum(np.searchsorted(radii, moved, side="left"), len(radii) - 1)]
        # sqrt(mu) - sqrt(mu - e) <= e / sqrt(mu), and at most sqrt(mu).
        sig_error = np.minimum(sig, granted.kernel / np.maximum(sig, math.sqrt(np.finfo(float).tiny)))
        room = slack(at.beta, at.eta)
        pl = err.gradient + sig * err.e_0
        lost = sig * err.gradient * h * room
        return [
            *steps(trace, at.eta, at.floor, settings, granted, err),
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
            *envelope(at.rate, granted, err),
            Inequality(
                "potential, (1 - beta eta/2) sig l_t <= ||r_t|| - ||r_{t+1}||",
                room * sig * h * g,
                err.rho_0 - err.rho_1,
                lost + err.e_0 + err.e_1 + err.pushed + h * g * (room * sig_error + sig * at.eta * granted.kernel / 2),
            ),
            *_path_within(trace, at, room, granted, err),
        ]


def _path_within(trace: Trace, at: BallPromise, room: float, granted: RoundOff, err: Errors) -> list[Inequality]:
    if at.radius is None:
        return []
    right = np.full(len(trace.step_size), at.radius)
    name = "path length within the certified radius"
    return [Inequality(name, trace.path[1:], right, _of_path(trace, at, at.radius, room, granted, err))]


def _of_promise(trace: Trace, at: Promise, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
    """The same for what a theorem promises in numbers; nothing of a run that ends before the promise begins."""
    if at.since >= len(trace.step_size):
        return []
    trace = trace.after(at.since)
    with np.errstate(all="ignore"):
        err, loss, h = Errors(trace, granted), trace.loss, trace.step_size
        found = steps(trace, at.eta, at.floor, settings, granted, err, "floor")
        if at.rate is not None:
            constants = 4 * at.eta * granted.kernel * loss[:-1]
            found.append(
                Inequality("rate, L_{t+1} <= q L_t", loss[1:], at.rate * loss[:-1], err.after + err.before + constants)
            )
            # A promise of no growth is kept by a run that stands still.
            found += envelope(at.rate, granted, err) if at.rate < 1 else []
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


def _of_path(trace: Trace, at: BallPromise, required: float, room: float, granted: RoundOff, err: Errors) -> Array:
    """The potential telescopes: what rounding adds to it lengthens the path by 1 / ((1 - beta eta/2) sig)."""
    profile = at.profile
    sig = math.sqrt(at.mu) if profile is None else profile.sig[0]
    added = err.drift + np.cumsum(room * sig * trace.step_size * err.gradient)
    rate = np.full_like(added, room * math.sqrt(at.mu))
    if profile is not None:
        # sig falls beyond the promised radius: the first radius that what is added up to a step cannot pass.
        reached = profile.radii >= required + added[:, None] / (room * profile.sig)  # (T, radii)
        rate = room * np.where(reached.any(axis=1), profile.sig[reached.argmax(axis=1)], 0.0)
    constants = 2 * granted.kernel / at.mu + at.eta * granted.kernel / room + len(added) * U
    return added / rate + required * constants


def _of_promised_path(trace: Trace, at: Promise, granted: RoundOff, err: Errors) -> Array:
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
