"""Theorem M2 proved on one ball: a search in floating point, then verified bounds and forms checked over the rationals.

**Statement** (THEORY_MOMENTUM section 4). `v_t = w_t + al d_t`, `E_t = L(v_t) + (c/2) ||d_t||^2`, d_0 = 0. L_F and ell
hold on B(w_0, R'), `R' >= R + al ||r_0|| / sqrt(c)`, `beta = L_F^2 + ||r_0|| ell`; sig on B(w_0, R). Where the forms of
the witness are positive definite for steps in [floor eta, eta] and `||r_0|| < k int_0^R sig`, the path of v is at most
the rho at which the integral is ||r_0|| / k, and `E_{t+1} <= (1 - 2 omega mu h_t) E_t` with mu = sig(rho)^2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...optim import ClippedSettings
from ...optim.recursion import Form
from ...rigor import environment
from ...rigor.arithmetic import INTERVALS
from ...rigor.scalar import Interval, interval
from ...theory.formulas import slowed
from ...theory.statement import Statement
from ..centre import Centre
from ..claim import Claim, Inequality, bounds
from ..conclusion import floor_below, path_end
from ..profile import Profile
from ..verified_profile import points_of, positive_and_smooth, step_of, verified_profile
from .search import find
from .witness import Witness, below

FORMS = frozenset({Form.INSIDE})
"""Momentum with eta constant and the gradient clipped, or nothing."""
DEFINITE = "0 < pivots of the quadratic forms"
EDGE = "R + al ||r_0|| / sqrt(c) <= R'"
POTENTIAL = "||r_0|| < k int_0^R sig"
BALLS = 60
"""Balls of a profile that are tried."""
_BEHIND = 2.0
"""Times L_F ||r_0||, a gradient that no w_t exceeds, where al and c are those of most witnesses."""
_INSIDE = 1.0 - 2.0**-40
"""What rounding may take of R."""
LADDER = 1.15
"""Ratio of the values of beta eta at which a witness is looked for, where eta is a number."""


@dataclass(frozen=True)
class Proposal:
    """A ball found in floating point, in the scale of the loss in use.

    Attributes:
        witness: of the forms.
        edge: R'.
        radius: R.
        beta, eta: on the ball of radius R'.
        floor: with h_t >= floor eta.
        available: k int_0^R sig.
        end: index in the profile of a radius within which the path of v stays; of R where the condition fails.
    """

    witness: Witness
    edge: float
    radius: float
    beta: float
    eta: float
    floor: float
    available: float
    end: int

    def reach(self, residual: float) -> float:
        """al ||r_0|| / sqrt(c): no w_t is further from v_t."""
        return reach(self.witness, self.eta, residual)


def reach(w: Witness, eta: float, residual: float) -> float:
    """al ||r_0|| / sqrt(c)."""
    return w.ahead * residual * math.sqrt(eta / w.weight)


def rounded_down(floor: float) -> float:
    """A floor no larger, of few, so that one witness serves several balls."""
    return 2.0 ** (math.floor(4 * math.log2(floor)) / 4) if floor > 0 else 0.0


def proposals(p: Profile, rule: ClippedSettings) -> Iterator[Proposal]:
    """Proposals on the balls of a profile, by growing radius.

    Args:
        p: bounds around w_0, a guess or not.
        rule: with momentum.
    """
    how, last = rule.recursion, len(p.radii) - 1
    top = 2 * (1 - how.momentum) * (1 + how.momentum)
    edges = np.unique(np.geomspace(1, last, BALLS).astype(int))
    for i in edges:
        beta = float(p.beta[i])
        eta = rule.multiple / beta if rule.multiple is not None else float(rule.eta)
        smooth = beta * eta
        if rule.multiple is None:
            # One witness serves all smaller values of beta eta.
            first = float(p.beta[0]) * eta
            smooth = first * LADDER ** math.ceil(math.log(smooth / first) / math.log(LADDER) + 1e-9)
        if not smooth < top:
            return
        stiff = eta * float(p.sig[0]) ** 2
        if rule.multiple is not None:
            stiff = rule.multiple * float(p.sig[0]) ** 2 / float(p.beta[0])
        gradient = float(p.lipschitz[i]) * p.residual
        guess = max(rule.delta, rounded_down(rule.delta_on(_BEHIND * gradient)))
        w = find(how.momentum, how.nesterov, smooth, stiff, guess) if guess > 0 else None
        if w is None:
            continue
        radius = float(p.radii[i]) - reach(w, eta, p.residual)
        floor = float(rule.delta_on(gradient * math.sqrt(slowed(float(p.lipschitz[i]), w.ahead, w.weight / eta))))
        if not (radius > 0 and w.covers(floor)):
            continue
        j = int(np.searchsorted(p.radii, radius, side="right")) - 1
        available = w.k * p.integral[: j + 1]
        end = path_end(available, p.residual)
        yield Proposal(w, float(p.radii[i]), radius, beta, eta, floor, float(available[-1]), end)


def propose(p: Profile, rule: ClippedSettings, headroom: float = 1.0) -> Proposal | None:
    """The smallest ball whose ratio exceeds the headroom, or half of what the best one has to spare; else the best."""
    found = list(proposals(p, rule))
    if not found:
        return None
    best = max(found, key=lambda one: one.available)
    if not best.available > p.residual:
        return best
    asked = min(headroom, 0.5 * (1 + best.available / p.residual)) * p.residual
    return next(one for one in found if one.available > p.residual and one.available >= asked)


def certify_quadratic(
    loss: str, rule: ClippedSettings, centre: Centre, edges: list[float], witness: Witness, statement: Statement
) -> Claim:
    """Prove Theorem M2's hypotheses with arithmetic that counts its own rounding.

    Args:
        loss: "sum" or "mean".
        rule: with momentum; "c/beta" is turned into a double with the verified beta.
        centre: verified numbers at w_0.
        edges: R' of the ball, and others to be tried where the hypotheses are not proved on that.
        witness: what the search found; it is found again where the verified numbers ask for another.
        statement: the theorem in words.

    Raises:
        NotAvailableError: another loss.
        NoVerdictError: an overflow, or a bound that cannot be verified.
        RoundingEnvironmentError: the processor does not round as the bounds presuppose.
    """
    environment.require()
    for edge in edges:
        claim = _on(loss, rule, centre, edge, witness, statement)
        if claim.holds:
            break
    environment.require()
    return claim


def _on(loss: str, rule: ClippedSettings, centre: Centre, edge: float, witness: Witness, statement: Statement) -> Claim:
    points = points_of(centre)
    outer = verified_profile(centre, loss, edge, 1)
    residual, lipschitz = interval(outer.residual.hi), interval(outer.lipschitz.hi)
    beta = outer.beta(residual).hi
    eta = step_of(rule, interval(beta))
    smooth, how = Fraction(beta) * Fraction(eta), rule.recursion

    def ahead(w: Witness) -> Interval:
        return interval(w.ahead) * residual * INTERVALS.sqrt(interval(eta) / interval(w.weight))

    def floor_of(w: Witness) -> float:
        behind = slowed(lipschitz, interval(w.ahead), interval(w.weight) / interval(eta))
        return floor_below(rule.gamma, rule.delta, lipschitz * residual * INTERVALS.sqrt(behind))

    w = witness
    radius = (interval(edge) - ahead(w)).lo * _INSIDE
    at = verified_profile(centre, loss, radius, points, edge)
    stiff = Fraction(eta) * Fraction(float(at.sigma.max())) ** 2
    floor = floor_of(w)
    pivot = w.least_pivot(how.momentum, how.nesterov, smooth, stiff)
    if pivot <= 0 or not w.covers(floor):
        again = find(how.momentum, how.nesterov, float(smooth), float(stiff), max(rule.delta, floor * (1 - 2.0**-10)))
        if again is not None:
            w = again
            radius = (interval(edge) - ahead(w)).lo * _INSIDE
            at = verified_profile(centre, loss, radius, points, edge)
            stiff = Fraction(eta) * Fraction(float(at.sigma.max())) ** 2
            floor, pivot = floor_of(w), w.least_pivot(how.momentum, how.nesterov, smooth, stiff)
    held = pivot if w.covers(floor) else Fraction(0)
    available = np.maximum(at.available(interval(w.k)), 0.0)
    end = path_end(available, residual.hi)
    mu = at.mu(end)
    slowest = interval(2.0) * interval(w.omega) * interval(mu) * interval(floor) * interval(eta)
    inequalities = [
        *positive_and_smooth(centre, edge),
        Inequality(DEFINITE, 0.0, "<", below(held)),
        Inequality(EDGE, (interval(radius) + ahead(w)).hi, "<=", edge),
        Inequality(POTENTIAL, residual.hi, "<", float(available[-1])),
    ]
    proved = all(i.holds for i in inequalities)
    return Claim(
        statement,
        centre.arrays,
        loss,
        replace(rule, eta=eta),
        bounds=bounds(
            residual=("upper", residual.hi),
            lambda_min=("lower", at.lambda_min),
            lipschitz=("upper", lipschitz.hi),
            ell=("upper", outer.ell.hi),
            beta=("upper", beta),
            required=("upper", float(at.grid[end])),
            mu=("lower", mu),
            floor=("lower", floor),
            rate=("upper", min((interval(1.0) - slowest).hi, 1.0) if proved else 1.0),
        ),
        inequalities=tuple(inequalities),
        witness={"grid": at.grid, "sigma": at.sigma, "pieces": w.pieces},
        recursion=True,
        numbers={"radius": radius, "edge": edge, "ahead": w.ahead, "weight": w.weight, "k": w.k, "omega": w.omega},
    )
