"""Theorem N: the search for a ball in floating point, and the proof on it.

**Statement** (THEORY_RELU section 2). On B = B(w_0, R) let `||J|| <= L_F`, `beta = L_F^2 + ell |r_0|`, `beta eta < 2`,
`nu = eta L_F |r_0|`; for |w - w_0| <= s, w' in B, |w' - w| <= nu let `||J(w') - J(w)|| <= kap(s) + ell |w' - w|`, and
`|M^T u| >= sig(s) |u|` for M in the convex hull of the Jacobians between w and w'. With
`psi_h(s) = sig(s) (1 - beta h / 2) - (kap(s) / 2) (1 + beta h / 2)`: if `|r_0| < int_0^R (psi_eta)_+`, the path is at
most the rho at which the integral is |r_0|, and `L_{t+1} <= (1 - 2 h_t (sig + kap / 2) psi_{h_t}) L_t` there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...optim import ClippedSettings, StepSettings, certifiable
from ...problem.problem import Problem
from ...rigor import environment
from ...rigor.arithmetic import INTERVALS
from ...rigor.roundoff import add_up
from ...rigor.scalar import interval
from ...theory import NotAvailableError
from ...theory.formulas import rate_with_jumps
from ...theory.statement import Statement
from ..claim import Claim, Inequality, bounds
from ..conclusion import floor_below, path_end
from ..stored import require_unchanged
from ..stored_graph import GraphArrays, stored
from .centre import KinkedCentre, kinked_centre
from .profile import KinkedProfile, kinked_profile

POTENTIAL = "||r_0|| < int_0^R (sig (1 - beta eta / 2) - (kap / 2) (1 + beta eta / 2))_+"
"""Name of the hypothesis about the ball."""
HEADROOM = 1.02
"""A proof's ball is chosen where the float search sees that much more than is needed."""
_SMALLEST, _LARGEST, _TRIED = 1.05, 16.0, 10
"""Radii that are tried, from so many times |r_0| / sigma_min(J) to so many, geometrically."""


@dataclass(frozen=True)
class End:
    """What Theorem N concludes on a profile, of the summed loss.

    Attributes:
        required: rho, upper bound of the path's length; infinite where the condition fails.
        sig: lower bound of sig(rho); 0 where it fails.
        kap: upper bound of kap(rho), of kap(R) where it fails.
        floor: lower bound of h_t / eta.
        rate: upper bound of the loss's factor per step; 1 where it fails.
    """

    required: float
    sig: float
    kap: float
    floor: float
    rate: float

    @property
    def mu(self) -> float:
        """Lower bound of sig(rho)^2."""
        return max(0.0, (interval(self.sig) ** 2).lo)


def end_of(p: KinkedProfile, rule: ClippedSettings, share: Fraction) -> End:
    """The conclusion, rounded outwards if the profile's numbers are bounds."""
    floor = floor_below(rule.gamma, rule.delta, interval(share) * interval(p.lipschitz) * interval(p.residual))
    if not p.available[-1] > p.residual:
        return End(np.inf, 0.0, float(p.kap[-1]), floor, 1.0)
    i = path_end(p.available, p.residual)
    sig, kap = interval(float(p.sig[i])), interval(float(p.kap[i]))
    # beta and h enter as their product, and h (sig + kap / 2) psi as h' with h' = h c.
    step = interval(share) * interval(p.eta)
    q = rate_with_jumps(sig, kap, interval(p.beta), step, interval(floor), INTERVALS).hi
    # The path starts anywhere in B(w_0, eps).
    required = add_up(p.radii[i], -p.radii[0])
    return End(float(required), sig.lo, kap.hi, floor, min(q, 1.0))


def kinked_arrays(problem: Problem) -> GraphArrays:
    """The stored doubles of a network with kinks.

    Raises:
        NotAvailableError: it has none, or is not of class G with kinks.
    """
    taken = stored(problem)
    if not isinstance(taken, GraphArrays) or not taken.graph.kinked:
        raise NotAvailableError("the network has no kinks: Theorem B says the same of it")
    return taken


def searched(centre: KinkedCentre, rule: ClippedSettings, share: Fraction) -> Iterator[KinkedProfile]:
    """Profiles on balls of growing radius.

    Args:
        centre: in floats.
        rule: the step rule.
        share: c of the loss in use, c/2 ||F - y||^2.
    """
    sigma = float(np.sqrt(max(0.0, centre.lambda_min)))
    if not sigma > 0:
        raise NotAvailableError("the tangent kernel is singular at these weights")
    # A residual of zero needs no ball at all; a small one can still be written down.
    least = max(centre.residual, 1e-12) / sigma
    for factor in np.geomspace(_SMALLEST, _LARGEST, _TRIED):
        yield kinked_profile(centre, rule, float(factor) * least, share)


def search(centre: KinkedCentre, rule: ClippedSettings, share: Fraction) -> KinkedProfile:
    """The profile of the smallest ball that fulfils the condition with headroom, else of the best one."""
    best: KinkedProfile | None = None
    for p in searched(centre, rule, share):
        if best is None or p.ratio > best.ratio:
            best = p
        if best.ratio > HEADROOM or p.ratio < 0.5 * best.ratio:
            break
    assert best is not None
    return best


def certify_kinked(
    problem: Problem, settings: StepSettings, statement: Statement, radius: float | None = None
) -> Claim:
    """Prove Theorem N's hypotheses with arithmetic that counts its own rounding.

    Args:
        problem: of class G with kinks.
        settings: step rule; "c/beta" is turned into a double with the verified beta.
        statement: the theorem in words.
        radius: R, found here in floats if None.

    Raises:
        InvalidInputError: the network or the data changed meanwhile.
        NotAvailableError: another network, a singular kernel, or a step rule that certificates do not speak of.
        NoVerdictError: an overflow, or a bound that cannot be verified.
        RoundingEnvironmentError: the processor does not round as the bounds presuppose.
    """
    environment.require()
    rule = certifiable(settings)
    arrays = kinked_arrays(problem)
    share = problem.share
    if radius is None:
        radius = float(search(kinked_centre(arrays, rounded=False), rule, share).radii[-1])
    claim = claim_on(str(problem.objective), rule, kinked_centre(arrays, rounded=True), radius, share, statement)
    environment.require()
    require_unchanged(arrays, stored(problem))
    return claim


def claim_on(
    loss: str, rule: ClippedSettings, centre: KinkedCentre, radius: float, share: Fraction, statement: Statement
) -> Claim:
    """The claim on one ball, whether its inequalities hold or not; the witness is of the summed loss."""
    p = kinked_profile(centre, rule, radius, share)
    found, c = end_of(p, rule, share), interval(share)
    lowest = centre.lambda_min * (1 - 2.0**-20)  # a recheck rounds otherwise
    root = INTERVALS.sqrt(c)
    return Claim(
        statement,
        centre.arrays,
        loss,
        replace(rule, eta=p.eta),
        bounds=bounds(
            residual=("upper", (root * p.residual).hi),
            lambda_min=("lower", (c * lowest).lo),
            lipschitz=("upper", (root * p.lipschitz).hi),
            ell=("upper", (root * p.ell).hi),
            beta=("upper", (c * p.beta).hi),
            kap=("upper", (root * found.kap).hi),
            required=("upper", found.required),
            mu=("lower", (c * found.mu).lo),
            floor=("lower", found.floor),
            rate=("upper", found.rate),
        ),
        inequalities=(
            Inequality("0 < lambda_min(K(w_0))", 0.0, "<", lowest),
            Inequality("beta eta < 2", p.room.hi, "<", 2.0),
            Inequality(POTENTIAL, p.residual, "<", float(p.available[-1])),
        ),
        witness={"grid": p.radii, "sigma": p.sig, "kappa": p.kap},
        numbers={"radius": float(p.radii[-1]), "step": p.step},
    )
