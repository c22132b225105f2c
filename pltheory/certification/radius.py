"""The search for a radius: which balls make a theorem's inequalities hold, and what the theorem then gives.

With eta fixed, any single R at which the inequalities hold is a proof, so a search over R is not circular. Where eta is
c / beta, the chosen R fixes beta and so eta.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..problem.settings import StepSettings
from ..theory.arithmetic import ARRAYS
from ..theory.formulas import (
    max_step_gradient_descent,
    radius_classic,
    radius_gradient_descent,
    radius_sharp,
    radius_tight,
    rate,
    rate_classic,
    slack,
)
from .profile import Array, Profile


@dataclass(frozen=True)
class Reach:
    """What a theorem's radius condition says of one problem.

    Attributes:
        ratio: largest value over R of (available) / (required): the condition needs more than 1.
        best_radius: the R at which that ratio is reached.
        holds: whether some R of the grid fulfils radius and step conditions.
        radius: the ball chosen: the smallest that fulfils them, else the best.
        required: radius that the theorem asks for at the chosen ball; for Theorem B the root rho, infinite if none.
        beta: upper bound of lambda_max(Hess L) on the chosen ball where L <= L_0.
        eta: step size on that ball.
        mu: the PL* constant that the rate uses.
        delta: floor of the steps, h >= eta delta, on that ball.
        rate: proven factor of the loss per step, or None where the condition fails.
        eta_limit: the largest step size tried at which some R fulfils the conditions; 0 if none was found.
    """

    ratio: float
    best_radius: float
    holds: bool
    radius: float
    required: float
    beta: float
    eta: float
    mu: float
    delta: float
    rate: float | None
    eta_limit: float


# (profile, eta, delta, settings) to (available / required, allowed step): arrays over the grid.
Condition = Callable[[Profile, Array, Array, StepSettings], tuple[Array, Array]]


def _no_warnings(f: Condition) -> Condition:
    def quiet(profile: Profile, eta: Array, delta: Array, settings: StepSettings) -> tuple[Array, Array]:
        # Where sig has vanished the required radius is infinite; where eta exceeds 2 / beta it has no meaning.
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio, largest_step = f(profile, eta, delta, settings)
            valid = (profile.sig > 0) & (slack(profile.beta, eta) > 0) & ~np.isnan(ratio)
        return np.where(valid, ratio, 0.0), largest_step

    return quiet


@_no_warnings
def _sharp(p: Profile, eta: Array, delta: Array, _: StepSettings) -> tuple[Array, Array]:
    return p.radii / radius_sharp(p.loss, p.sig**2, p.beta, eta, ARRAYS), 2 / p.beta


@_no_warnings
def _tight(p: Profile, eta: Array, delta: Array, _: StepSettings) -> tuple[Array, Array]:
    mu = np.minimum(p.sig**2, p.beta)
    return p.radii / radius_tight(p.loss, mu, p.beta, eta, ARRAYS), 2 / p.beta


@_no_warnings
def _integrated(p: Profile, eta: Array, delta: Array, _: StepSettings) -> tuple[Array, Array]:
    return slack(p.beta, eta) * p.integral / p.residual, 2 / p.beta


@_no_warnings
def _classic(p: Profile, eta: Array, delta: Array, settings: StepSettings) -> tuple[Array, Array]:
    mu = np.minimum(p.sig**2, p.beta)
    return p.radii / radius_classic(p.loss, mu, eta, delta, p.lipschitz, ARRAYS), 1 / p.beta


@_no_warnings
def _gradient_descent(p: Profile, eta: Array, delta: Array, _: StepSettings) -> tuple[Array, Array]:
    needed = radius_gradient_descent(p.residual, p.sig**2, p.lipschitz)
    return p.radii / needed, max_step_gradient_descent(p.residual, p.lipschitz, p.ell)


CONDITIONS: dict[str, Condition] = {
    "LZB22-6": _gradient_descent,
    "TMSSR25": _classic,
    "A": _sharp,
    "A'": _tight,
    "B": _integrated,
    "C": _integrated,
}


def reach(profile: Profile, settings: StepSettings, theorem: str, *, headroom: float = 1.0) -> Reach:
    """Search the grid of radii for one theorem.

    Args:
        profile: bounds around w_0.
        settings: the step rule; its eta may be a multiple of 1/beta.
        theorem: a key of `CONDITIONS`.
        headroom: choose the smallest ball whose ratio exceeds this, or half of what the best one has to spare.
    """
    condition = CONDITIONS[theorem]
    delta = _floors(profile, settings, theorem)
    eta = _steps(profile, settings)
    ratio, largest_step = condition(profile, eta, delta, settings)
    fulfilled = (ratio > 1) & _allowed(eta, largest_step, theorem)
    best = int(np.argmax(ratio))
    roomy = fulfilled & (ratio >= min(headroom, 0.5 * (1 + float(ratio[best]))))
    i = int(np.argmax(roomy)) if roomy.any() else best
    holds = bool(fulfilled.any())
    beta, step, floor = float(profile.beta[i]), float(eta[i]), float(delta[i])
    if theorem in ("B", "C"):
        required, mu = _root(profile, slack(beta, step), i) if holds else (float("inf"), 0.0)
    else:
        mu = float(min(profile.sig[i] ** 2, beta))
        required = float(profile.radii[i] / ratio[i]) if ratio[i] > 0 else float("inf")
    return Reach(
        ratio=float(ratio[best]),
        best_radius=float(profile.radii[best]),
        holds=holds,
        radius=float(profile.radii[i]),
        required=required,
        beta=beta,
        eta=step,
        mu=mu,
        delta=floor,
        rate=_rate(theorem, mu, beta, step, floor) if holds else None,
        eta_limit=_eta_limit(profile, settings, theorem, delta),
    )


def _steps(profile: Profile, settings: StepSettings) -> Array:
    c = settings.multiple
    return c / profile.beta if c is not None else np.full_like(profile.radii, float(settings.eta))


def _floors(profile: Profile, settings: StepSettings, theorem: str) -> Array:
    """A delta with h >= eta delta on each ball; the classical route is shown as published, with delta itself."""
    if theorem == "TMSSR25" and settings.delta > 0:
        return np.full_like(profile.radii, settings.delta)
    return np.array([settings.delta_on(float(g)) for g in profile.lipschitz * profile.residual])


def _allowed(eta: Array, largest_step: Array, theorem: str) -> Array:
    closed = theorem in ("LZB22-6", "TMSSR25")
    return eta <= largest_step if closed else eta < largest_step


def _root(profile: Profile, left: float, i: int) -> tuple[float, float]:
    """An upper bound of rho with (1 - beta eta/2) int_0^rho sig = ||r_0||, and sig there squared."""
    j = int(np.searchsorted(left * profile.integral[: i + 1], profile.residual, side="left"))
    return float(profile.radii[j]), float(profile.sig[j] ** 2)


def _rate(theorem: str, mu: float, beta: float, eta: float, delta: float) -> float:
    if theorem == "TMSSR25":
        q = rate_classic(mu, eta, delta)
    elif theorem == "LZB22-6":
        q = rate_classic(mu, eta, 1.0)
    else:
        q = rate(mu, beta, eta, delta)
    return min(float(q), 1.0)


def _eta_limit(profile: Profile, settings: StepSettings, theorem: str, delta: Array) -> float:
    """Largest step of a logarithmic grid below 2/beta(0) at which some radius fulfils the conditions."""
    condition = CONDITIONS[theorem]
    for eta in np.geomspace(2 / profile.beta[0], 1e-4 / profile.beta[0], 100):
        steps = np.full_like(profile.radii, eta)
        ratio, largest_step = condition(profile, steps, delta, settings)
        if ((ratio > 1) & _allowed(steps, largest_step, theorem)).any():
            return float(eta)
    return 0.0
