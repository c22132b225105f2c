"""Theorem M3 proved on one ball: heavy ball where the Jacobian barely moves.

**Statement** (THEORY_MOMENTUM section 5). h_t = eta, `kap_1 <= eta sigma_min(J_0)^2`, `eta ||J_0||^2 <= kap_2`,
`(1 - sqrt m)^2 < kap_1`, `kap_2 < (1 + sqrt m)^2`, `sqrt m < q < 1`, `||J - J_0|| <= om` on B(w_0, R). Where om is
below `1 / (g_2 + sqrt(g_1 g_4))` and the path bound below R: `||r_t|| <= N q^t`. The gains are doubles whose squares
are checked at kap_1 and kap_2 over the rationals; everything else is rounded outwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..optim import ClippedSettings
from ..optim.recursion import Form
from ..rigor import environment
from ..rigor.arithmetic import INTERVALS
from ..rigor.errors import NoVerdictError
from ..rigor.scalar import Interval, interval
from ..theory.acceleration import Circle, Gains, travelled
from ..theory.arithmetic import ARRAYS
from ..theory.statement import Statement
from .centre import Centre
from .claim import Claim, Inequality, bounds
from .profile import Profile
from .quadratic.witness import below
from .verified_profile import positive_and_smooth, step_of, verified_profile

FORMS = frozenset({Form.INSIDE})
"""Momentum with eta constant; that it is heavy ball and unclipped are hypotheses."""
OSCILLATING = "0 < 4 m - (1 + m - kap)^2 at both ends of the spectrum"
GAINS = "gains on the circle |z| = q, exact at both ends of the spectrum"
CIRCLE = "m < q^2 < 1"
CONSTANT = "om (g_2 + sqrt(g_1 g_4)) < 1"
PATH = "eta U / sqrt(1 - q^2) < R"
UNCLIPPED = "L_F N <= gamma"
NAMES = ("step_to_residual", "across", "gradient_to_buffer", "free_residual", "free_buffer")
"""Of the squares of the gains, as they are stored."""
REDUCTION = 1e6
"""q is chosen so that the residual has fallen by that factor first."""
BALLS, CIRCLES = 80, 60
"""Radii and circles that are tried."""
_ROOM = 1.0 + 2.0**-40
"""What is claimed of a square is more than what was computed by that factor, so that the polynomials are positive."""
_FIT = 1.01
"""What the path may come near to R by where a proof is to follow."""


@dataclass(frozen=True)
class Spectrum:
    """What the gains depend on.

    Attributes:
        m: momentum.
        q: radius of the circle.
        low, high: kap_1 and kap_2.
    """

    m: float
    q: float
    low: float
    high: float

    def _circles(self, *, exact: bool) -> list[Circle]:
        number = Fraction if exact else float
        return [Circle(number(self.m), number(self.q), number(kap)) for kap in (self.low, self.high)]

    @property
    def inside(self) -> Fraction:
        """Positive exactly where sqrt m < q < 1."""
        m, q = Fraction(self.m), Fraction(self.q)
        return min(q * q - m, 1 - q * q)

    @property
    def oscillating(self) -> Fraction:
        """The smaller of 4 m - be^2: positive exactly where all modes oscillate."""
        return min(c.v for c in self._circles(exact=True))

    def squares(self) -> dict[str, float]:
        """Squares of the gains, as computed and a little more; each the larger of both ends.

        Of m, q, kap at which no square exists, NaN or an error of arithmetic may come.
        """
        both = self._circles(exact=False)
        off = (self.q / (self.q - self.m)) ** 2
        least = {
            "step_to_residual": max(c.least_step_to_residual() for c in both) / self.q**2,
            "across": max(c.least_across() for c in both),
            "gradient_to_buffer": max(off, *(c.least_gradient_to_buffer() for c in both)),
            "free_residual": max(c.least_free_residual() for c in both),
            "free_buffer": max(c.least_free_buffer() for c in both),
        }
        return {name: _ROOM * value for name, value in least.items()}

    def holds(self, squares: dict[str, float]) -> bool:
        """Whether every square is that of a gain, decided over the rationals."""
        if not all(0 < squares[name] < math.inf for name in NAMES) or self.inside <= 0 or self.oscillating <= 0:
            return False
        exact = {name: Fraction(squares[name]) for name in NAMES}
        q, m = Fraction(self.q), Fraction(self.m)
        off = exact["gradient_to_buffer"] * (q - m) ** 2 - q * q
        return off >= 0 and all(
            value >= 0
            for c in self._circles(exact=True)
            for value in (
                c.step_to_residual(q * q * exact["step_to_residual"]),
                c.across(exact["across"]),
                c.gradient_to_buffer(exact["gradient_to_buffer"]),
                c.free_residual(exact["free_residual"]),
                c.free_buffer(exact["free_buffer"]),
            )
        )


def gains(squares: dict[str, float]) -> Gains:
    """The gains as floats."""
    return Gains(*(math.sqrt(squares[name]) for name in NAMES))


def _enclosed(squares: dict[str, float]) -> Gains:
    return Gains(*(INTERVALS.sqrt(interval(squares[name])) for name in NAMES))


@dataclass(frozen=True)
class Accelerated:
    """A ball and a circle, in the scale of the loss in use.

    Attributes:
        radius: R.
        eta: the step size.
        beta: of the ball.
        change: om.
        lipschitz: L_F.
        at: the spectrum and the circle.
        squares: of the gains.
        closed: om (g_2 + sqrt(g_1 g_4)).
        envelope: N.
        path: eta U / sqrt(1 - q^2).
    """

    radius: float
    eta: float
    beta: float
    change: float
    lipschitz: float
    at: Spectrum
    squares: dict[str, float]
    closed: float
    envelope: float
    path: float

    def steps(self, residual: float) -> float:
        """After how many steps the residual has certainly fallen by `REDUCTION`."""
        return math.log(max(self.envelope / residual, 1.0) * REDUCTION) / -math.log(self.at.q)


def proposals(p: Profile, rule: ClippedSettings) -> Iterator[Accelerated]:
    """Balls and circles at which the conditions hold as computed.

    Args:
        p: bounds around w_0, a guess or not.
        rule: heavy ball.
    """
    m = rule.recursion.momentum
    root, norm = math.sqrt(m), float(p.lipschitz[0])
    scale = norm / _unscaled_norm(p)
    circles = root + (1 - root) * np.linspace(0.02, 0.98, CIRCLES)
    for i in np.unique(np.geomspace(1, len(p.radii) - 1, BALLS).astype(int)):
        radius, beta = float(p.radii[i]), float(p.beta[i])
        # Not the profile's own, which may use an integral that a proof does not.
        om = scale * float(p.bounds.change(np.array([radius]), ARRAYS, float)[0])
        eta = rule.multiple / beta if rule.multiple is not None else float(rule.eta)
        low, high = eta * float(p.sig[0]) ** 2, eta * norm**2
        if not Spectrum(m, 0.5, low, high).oscillating > 0:
            continue
        change = math.sqrt(eta) * om
        for q in circles:
            at = Spectrum(m, float(q), low, high)
            squares = at.squares()
            g = gains(squares)
            closed = g.closed(change)
            if not closed < 1:
                continue
            n, u = g.weighted(change, g.free_residual * p.residual, g.free_buffer * p.residual)
            path = math.sqrt(eta) * travelled(u, at.q)
            if path * _FIT < radius and (norm + om) * n <= rule.gamma:
                yield Accelerated(radius, eta, beta, om, norm + om, at, squares, closed, n, path)


def _unscaled_norm(p: Profile) -> float:
    """||J_0|| of the plain F, by the bound of ell: both are scaled alike."""
    plain = float(np.asarray(p.bounds.lipschitz(p.radii[-1:], ARRAYS, float))[0])
    return float(p.lipschitz[0]) * plain / float(p.ell[-1])


def propose(p: Profile, rule: ClippedSettings) -> Accelerated | None:
    """The one at which the residual has fallen first; None where no ball and circle does."""
    return min(proposals(p, rule), key=lambda one: one.steps(p.residual), default=None)


def certify_accelerated(
    loss: str, rule: ClippedSettings, centre: Centre, proposal: Accelerated, statement: Statement
) -> Claim:
    """Prove Theorem M3's hypotheses on the ball and circle of a proposal.

    Args:
        loss: "sum" or "mean".
        rule: heavy ball; "c/beta" is turned into a double with the verified beta.
        centre: verified numbers at w_0.
        proposal: of the search; its numbers are trusted for nothing but radius and q.
        statement: the theorem in words.

    Raises:
        NotAvailableError: another loss.
        NoVerdictError: an overflow, a bound that cannot be verified, or a mode that does not oscillate.
        RoundingEnvironmentError: the processor does not round as the bounds presuppose.
    """
    environment.require()
    m, q = rule.recursion.momentum, proposal.at.q
    ball = verified_profile(centre, loss, proposal.radius, 1)
    residual, om = interval(ball.residual.hi), interval(ball.change.hi)
    eta = step_of(rule, ball.beta(residual))
    share = ball.root * ball.root
    lowest = max(0.0, (interval(centre.lambda_min.at_least()) * share).lo)
    at = Spectrum(
        m,
        q,
        max(0.0, (interval(eta) * interval(lowest)).lo),
        (interval(eta) * interval(ball.norm.hi) ** 2).hi,
    )
    if not (at.oscillating > 0 and at.inside > 0):
        raise NoVerdictError("a mode does not oscillate, round-off counted")
    squares = at.squares()
    g, step = _enclosed(squares), INTERVALS.sqrt(interval(eta))
    closed = g.closed(step * om, INTERVALS)
    n: Interval | None = None
    path: Interval | None = None
    if closed.hi < 1:
        n, u = g.weighted(step * om, g.free_residual * residual, g.free_buffer * residual)
        path = step * travelled(u, interval(q), INTERVALS)
    largest = float(np.finfo(float).max)
    inequalities = [
        *positive_and_smooth(centre, proposal.radius),
        Inequality(OSCILLATING, 0.0, "<", below(at.oscillating)),
        Inequality(CIRCLE, 0.0, "<", below(at.inside)),
        Inequality(GAINS, 0.0, "<", 1.0 if at.holds(squares) else 0.0),
        Inequality(CONSTANT, closed.hi, "<", 1.0),
        Inequality(PATH, path.hi if path is not None else largest, "<", proposal.radius),
    ]
    if rule.gamma != math.inf and rule.delta != 1:
        gradient = (interval(ball.lipschitz.hi) * n).hi if n is not None else largest
        inequalities.append(Inequality(UNCLIPPED, gradient, "<=", rule.gamma))
    environment.require()
    return Claim(
        statement,
        centre.arrays,
        loss,
        replace(rule, eta=eta),
        bounds=bounds(
            residual=("upper", residual.hi),
            lambda_min=("lower", lowest),
            norm=("upper", ball.norm.hi),
            change=("upper", om.hi),
            lipschitz=("upper", ball.lipschitz.hi),
            envelope=("upper", n.hi if n is not None else largest),
            required=("upper", path.hi if path is not None else largest),
            rate=("upper", (interval(q) ** 2).hi),
        ),
        inequalities=tuple(inequalities),
        witness={},
        recursion=True,
        numbers={"radius": proposal.radius, "q": q, "low": at.low, "high": at.high, **squares},
    )
