"""A theorem about one ball proved: every hypothesis an inequality between two verified numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..optim import ClippedSettings, StepSettings, certifiable
from ..rigor.arithmetic import INTERVALS
from ..rigor.scalar import Interval, certainly_less, interval
from ..theory.arithmetic import Arithmetic, Scalar
from ..theory.formulas import slack
from ..theory.statement import Statement
from .balls import Balls
from .centre import Centre
from .claim import Claim, Inequality, bounds
from .conclusion import conclude, floor_below, rate_above
from .verified_profile import POINTS, points_of, positive_and_smooth, step_of, verified_profile

Radius = Callable[[Scalar, Scalar, Scalar, Scalar, Arithmetic], Scalar]
"""(L_0, mu, beta, eta, arithmetic) to the radius asked for; it grows as mu falls."""


INTEGRAL_NAMES = ("0 < lambda_min(K(w_0))", "beta eta < 2", "||r_0|| < (1 - beta eta / 2) int_0^R sig")
"""Of the hypotheses where sig is integrated along the path, the network being smooth."""


@dataclass(frozen=True)
class BallCondition:
    """What a theorem asks of its ball beyond smoothness and step size.

    Attributes:
        statement: the theorem in words.
        radius: the radius asked for at one PL* constant on the whole ball; None asks for
            ||r_0|| < (1 - beta eta / 2) int_0^R sig instead.
    """

    statement: Statement
    radius: Radius | None

    @property
    def integrated(self) -> bool:
        """Whether sig is integrated along the path."""
        return self.radius is None


def certify(balls: Balls, settings: StepSettings, condition: BallCondition) -> Claim:
    """Prove a theorem's hypotheses on one ball with arithmetic that counts its own rounding.

    Args:
        balls: to be tried.
        settings: step rule; "c/beta" is turned into a double with the verified beta.
        condition: what the theorem asks for.

    Raises:
        NotAvailableError: a step rule that certificates do not speak of, or as `Balls.proved`.
        InvalidInputError, NoVerdictError, RoundingEnvironmentError: as `Balls.proved`.
    """
    rule, loss = certifiable(settings), str(balls.problem.objective)
    return balls.proved(lambda centre, radius: _build(loss, rule, centre, radius, condition))


def _build(loss: str, rule: ClippedSettings, centre: Centre, radius: float, condition: BallCondition) -> Claim:
    on = verified_profile(centre, loss, radius, points_of(centre, POINTS if condition.integrated else 1))
    residual, grid, sigma, lipschitz, ell = on.residual, on.grid, on.sigma, on.lipschitz, on.ell
    beta = on.beta(residual)
    eta = step_of(rule, beta)
    left = slack(beta, interval(eta))
    first, *kinks = positive_and_smooth(centre, radius)
    inequalities = [first, Inequality("beta eta < 2", (beta * interval(eta)).hi, "<", 2.0), *kinks]
    floor = floor_below(rule.gamma, rule.delta, lipschitz * residual)
    if condition.integrated:
        available = on.available(left)
        inequalities.append(Inequality(INTEGRAL_NAMES[-1], residual.hi, "<", float(available[-1])))
        found = conclude(sigma, available, residual.hi, beta, eta, floor)
        required, mu, q = float(grid[found.end]), found.mu, found.rate
    else:
        required, mu, more = _uniform(condition, float(sigma[-1]), residual, beta, eta, left, radius)
        inequalities.append(more)
        q = rate_above(mu, beta, eta, floor)
    proved = all(i.holds for i in inequalities)
    return Claim(
        condition.statement,
        centre.arrays,
        loss,
        replace(rule, eta=eta),
        bounds=bounds(
            residual=("upper", residual.hi),
            lambda_min=("lower", on.lambda_min),
            lipschitz=("upper", lipschitz.hi),
            ell=("upper", ell.hi),
            beta=("upper", beta.hi),
            required=("upper", required),
            mu=("lower", mu),
            floor=("lower", floor),
            # Where mu is tiny the last rounding may pass 1, which q never does.
            rate=("upper", min(q, 1.0) if proved else 1.0),
        ),
        inequalities=tuple(inequalities),
        witness={"grid": grid, "sigma": sigma},
        numbers={"radius": radius},
    )


def _uniform(
    condition: BallCondition,
    sigma: float,
    residual: Interval,
    beta: Interval,
    eta: float,
    left: Interval,
    radius: float,
) -> tuple[float, float, Inequality]:
    """One PL* constant on the ball, and the radius it asks for."""
    mu = interval(max(0.0, (interval(sigma) ** 2).lo))
    if not certainly_less(interval(0.0), mu) or not certainly_less(interval(0.0), left):
        return float("inf"), mu.lo, Inequality("0 < sig(R)", 0.0, "<", 0.0)
    loss = interval(residual.hi) ** 2 / interval(2.0)
    assert condition.radius is not None
    # The radius grows as mu falls, so the lower bound of sig gives an upper bound of the radius; mu <= beta because
    # sig(R)^2 <= lambda_min <= ||J||^2 <= beta at the centre.
    needed = condition.radius(loss, interval(mu.lo), beta, interval(eta), INTERVALS)
    return needed.hi, mu.lo, Inequality(f"radius of Theorem {condition.statement.id} < R", needed.hi, "<", radius)
