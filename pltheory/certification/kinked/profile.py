"""What Theorem N reads on a ball: sig on the hull of Jacobians along a step, kap of a step, and the potential."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...nets.kinked import Change, OverBall
from ...nets.one_layer import JumpSquares
from ...optim import ClippedSettings
from ...rigor.errors import NoVerdictError
from ...rigor.roundoff import Array, mul_up
from ...rigor.scalar import Interval, integral_below, interval
from ...theory.formulas import slope_with_jumps, smoothness
from .centre import KinkedCentre

CELLS = 40
"""Of the grid of a ball; it is finer where jumps begin, because they grow like a root of the radius."""
_MULTIPLIERS = 6
"""Radii for which a knapsack's multiplier is looked for."""
_CHOICE = 1.0 + 2.0**-7
"""What the choice of multipliers is worth: a recheck chooses others."""
_MARGIN = 1.0 + 2.0**-20
"""What is claimed is worse than what was found by about that factor: a recheck rounds and chooses otherwise."""


@dataclass(frozen=True)
class KinkedProfile:
    """Theorem N's numbers on the ball B(w_0, R + eps) for every start in B(w_0, eps), of the summed loss.

    Attributes:
        radii: grid from eps to R + eps, shape (K + 1,).
        sig: lower bounds at the radii, nonincreasing.
        kap: upper bounds, nondecreasing.
        available: lower bounds of int_eps psi_+ up to the radii.
        residual: upper bound of the residual on B(w_0, eps).
        lipschitz, ell, beta: upper bounds on the ball.
        eta: the step size of the loss in use.
        room: enclosure of beta eta c, c the factor of the loss in use.
        step: nu, no step is longer.
    """

    radii: Array
    sig: Array
    kap: Array
    available: Array
    residual: float
    lipschitz: float
    ell: float
    beta: float
    eta: float
    room: Interval
    step: float

    @property
    def ratio(self) -> float:
        """What there is over what is asked for."""
        return float(self.available[-1]) / self.residual if self.residual > 0 else np.inf


def kinked_profile(
    centre: KinkedCentre, rule: ClippedSettings, radius: float, share: Fraction, eps: float = 0.0, cells: int = CELLS
) -> KinkedProfile:
    """The numbers of Theorem N on B(w_0, R + eps), for every start in B(w_0, eps).

    Args:
        centre: at w_0.
        rule: the step rule; of eta = "c/beta" beta is that of the ball.
        radius: R.
        share: c where the loss in use is c/2 ||F - y||^2.
        eps: radius of the ball of starts.
        cells: of the grid.

    Raises:
        NoVerdictError: an overflow, a step size that underflows, or radii that are no grid of doubles.
    """
    ops, number, b = centre.ops, centre.number, centre.bounds
    up = ops.above
    radii = eps + radius * np.linspace(0.0, 1.0, cells + 1) ** 2
    radii[0] = eps
    if not (np.diff(radii) > 0).all():
        raise NoVerdictError(f"a ball of radius {radius:.3g} has no grid of doubles")
    top = float(radii[-1])
    whole = number(top)
    sharp = _sharp(centre, radii)
    ball = b.over(whole, ops, number)
    first = sharp.changes(ball, top)[0]
    change = up(first.jump + first.smooth)
    lipschitz = up(number(centre.sigma_max) + number(change))
    kap, ell = ball.pairs()
    kap_end, ell = up(kap * number(_CHOICE)), up(ell * number(_MARGIN))
    start = up(number(centre.residual) + number(lipschitz) * number(eps))
    beta = up(smoothness(number(start), number(lipschitz), number(ell)))
    eta = float(rule.multiple / (float(share) * beta)) if rule.multiple is not None else float(rule.eta)
    if not 0 < eta < np.inf:
        raise NoVerdictError(f"eta = {rule.eta} underflows at beta = {beta:.3g}")
    step = interval(share) * interval(eta)
    room = step * interval(beta)
    nu = (step * interval(lipschitz) * interval(start)).hi
    kaps, sigs = [kap_end], [0.0]
    for s in radii[:0:-1]:
        shifted = min(up(number(float(s)) + number(nu)), top)
        # A bound on a larger ball holds on a smaller one.
        ball = b.over(number(shifted), ops, number)
        sigs.append(max(sigs[-1], centre.best(sharp.changes(ball, shifted))))
        k, smooth = ball.pairs(number(float(s)), number(nu))
        if not up(smooth) <= ell:
            raise NoVerdictError("a bound over a ball is smaller than over a smaller one")
        kaps.append(min(kaps[-1], float(mul_up(sharp.pairs(up(k), float(s), nu), _CHOICE))))
    sig = np.array([sigs[-1], *sigs[:0:-1]]) * (1 - 2.0**-20)
    kap = np.array([kaps[-1], *kaps[:0:-1]])
    psi = np.array([max(0.0, potential_slope(s, k, room).lo) for s, k in zip(sig, kap, strict=True)])
    available = integral_below(radii, psi)
    return KinkedProfile(radii, sig, kap, available, start, lipschitz, ell, beta, eta, room, nu)


@dataclass(frozen=True)
class _Sharp:
    """The smaller of the bounds of jumps for every network, and of those for one hidden layer where it is one."""

    centre: KinkedCentre
    squares: JumpSquares | None

    def changes(self, ball: OverBall, radius: float) -> list[Change]:
        found, layer = ball.changes(), self.centre.layer
        if layer is None or self.squares is None:
            return found
        jump = self.centre.ops.minimum(
            found[0].jump, self.centre.number(float(mul_up(layer.change(radius, self.squares), _CHOICE)))
        )
        return [replace(found[0], jump=jump), *found[1:]]

    def pairs(self, kap: float, start: float, step: float) -> float:
        layer = self.centre.layer
        if layer is None or self.squares is None:
            return kap
        return min(kap, layer.pairs(start, step, self.squares))


def _sharp(centre: KinkedCentre, radii: Array) -> _Sharp:
    if centre.layer is None:
        return _Sharp(centre, None)
    return _Sharp(centre, centre.layer.squares([float(s) for s in np.geomspace(radii[1], radii[-1], _MULTIPLIERS)]))


def potential_slope(sig: float, kap: float, room: Interval) -> Interval:
    """psi = sig (1 - x / 2) - (kap / 2) (1 + x / 2) at x = beta h."""
    return slope_with_jumps(interval(float(sig)), interval(float(kap)), room, interval(1.0))
