"""A theorem about one ball as a certificate: every hypothesis an inequality between two verified numbers.

The statement certified is about exact-arithmetic delta-GClip from the stored float64 weights on the stored float64
data, with eta, gamma, delta the stored doubles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..optim import ClippedSettings, StepSettings, certifiable
from ..problem.networks import class_n
from ..problem.problem import Problem
from ..rigor import environment
from ..rigor.arithmetic import INTERVALS
from ..rigor.interval_arrays import INTERVAL_ARRAYS, intervals
from ..rigor.roundoff import Array, sqrt_down, sqrt_up
from ..rigor.scalar import Interval, certainly_less, integral_below, interval, maximum
from ..theory import InvalidInputError
from ..theory.arithmetic import Arithmetic, Scalar
from ..theory.formulas import rate, slack, smoothness
from ..theory.perturbation import CentreNorms, jacobian_change, jacobian_lipschitz, tightest_choice
from ..theory.statement import Statement
from .certificate_file import Document, number
from .enclosure import Arrays, Centre, enclose, require_unchanged, stored_arrays
from .profile import Profile

POINTS = 160
"""Radii at which the verified profile is evaluated; the integral is a lower sum over them."""

Relation = Literal["<", "<="]


@dataclass(frozen=True)
class Inequality:
    """One verified hypothesis: left (an upper bound or exact) stands before right (a lower bound or exact).

    Attributes:
        name: what it says.
        left: upper bound of the left side.
        relation: "<" or "<=".
        right: lower bound of the right side.
    """

    name: str
    left: float
    relation: Relation
    right: float

    @property
    def holds(self) -> bool:
        """Whether the two doubles stand in the relation; false for a NaN."""
        return self.left < self.right if self.relation == "<" else self.left <= self.right


Radius = Callable[[Scalar, Scalar, Scalar, Scalar, Arithmetic], Scalar]
"""(L_0, mu, beta, eta, arithmetic) to the radius asked for; it grows as mu falls."""


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


@dataclass(frozen=True)
class Certificate:
    """A proof, round-off included, that a theorem's hypotheses hold; all numbers in the scale of the loss in use.

    Attributes:
        statement: the theorem in words.
        arrays: the network and data it speaks of.
        loss: "sum" or "mean".
        optimizer: name of the step rule.
        eta: step size, a double.
        gamma: clipping threshold.
        delta: the rule's own floor.
        radius: R of the ball.
        grid: radii at which the profile was evaluated, from 0 to R; (2,) for Theorems A and A'.
        sigma: lower bounds of sigma_min(J) there.
        residual: upper bound of ||r_0||.
        lambda_min: lower bound of the smallest kernel eigenvalue at the centre.
        lipschitz: upper bound of L_F on the ball.
        ell: upper bound of the Lipschitz constant of J on the ball.
        beta: upper bound of lambda_max(Hess L) on the ball where L <= L_0.
        required: upper bound of the path length, and of the distance from w_0.
        mu: lower bound of the PL* constant that the rate uses.
        floor: lower bound of the factor with h_t >= eta floor.
        rate: upper bound of the loss's factor per step.
        inequalities: the hypotheses.
    """

    statement: Statement
    arrays: Arrays
    loss: str
    optimizer: str
    eta: float
    gamma: float
    delta: float
    radius: float
    grid: Array
    sigma: Array
    residual: float
    lambda_min: float
    lipschitz: float
    ell: float
    beta: float
    required: float
    mu: float
    floor: float
    rate: float
    inequalities: tuple[Inequality, ...]

    @property
    def theorem(self) -> str:
        """Id of the theorem."""
        return self.statement.id

    @property
    def holds(self) -> bool:
        """Whether every hypothesis is proved."""
        return all(i.holds for i in self.inequalities)

    def document(self) -> Document:
        """The files of the certificate."""
        return Document(
            statement=self.statement,
            network=self.arrays,
            more={"grid": self.grid, "sigma": self.sigma},
            loss=self.loss,
            optimizer=self.optimizer,
            steps=(self.eta, self.gamma, self.delta),
            bounds={
                "residual": ("upper", self.residual),
                "lambda_min": ("lower", self.lambda_min),
                "lipschitz": ("upper", self.lipschitz),
                "ell": ("upper", self.ell),
                "beta": ("upper", self.beta),
                "required": ("upper", self.required),
                "mu": ("lower", self.mu),
                "floor": ("lower", self.floor),
                "rate": ("upper", self.rate),
            },
            hypotheses=[(i.name, i.left, i.relation, i.right) for i in self.inequalities],
            sections={"ball": {"radius": number(self.radius)}},
        )

    def save(self, path: str | Path) -> None:
        """Write the certificate and, beside it, its arrays.

        Args:
            path: of the JSON text, e.g. basin.cert.json; the arrays go to the same name with .npz.

        Raises:
            InvalidInputError: the certificate does not hold, or a file exists or cannot be written.
        """
        if not self.holds:
            raise InvalidInputError("only a certificate that holds is written")
        self.document().save(Path(path))


def certify(
    problem: Problem,
    settings: StepSettings,
    condition: BallCondition,
    radius: float,
    guess: Profile,
    *,
    centre: Centre | None = None,
) -> Certificate:
    """Prove a theorem's hypotheses on one ball with arithmetic that counts its own rounding.

    Args:
        problem: network of class N and data.
        settings: step rule; "c/beta" is turned into a double with the verified beta.
        condition: what the theorem asks for.
        radius: R of the ball.
        guess: the float64 profile, trusted for nothing but where to look for eigenvalues.
        centre: verified numbers from `enclose`, if at hand; the certificate is then about its arrays.

    Returns:
        A certificate whose `holds` says whether every inequality is proved.

    Raises:
        InvalidInputError: the network or the data changed meanwhile.
        NotAvailableError: not of class N, not smooth, or a step rule that certificates do not speak of.
        NoVerdictError: an overflow, or an eigenvalue bound that cannot be verified.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    environment.require()
    rule = certifiable(settings)
    live = centre is None
    if centre is None:
        arrays = stored_arrays(class_n(problem.network), problem.x, problem.y)
        centre = enclose(arrays, spectrum=_eigenvalues(guess, problem.scale))
    certificate = _build(problem.loss, rule, centre, radius, condition)
    # Pools may have been restarted with other flags meanwhile.
    environment.require()
    if live:
        require_unchanged(certificate.arrays, problem)
    return certificate


def _eigenvalues(guess: Profile, scale: float) -> tuple[float | None, float | None]:
    """The extreme kernel eigenvalues that a profile was made from; None for one that it does not know well."""
    smallest, largest = guess.lambda_0.value / scale, float(guess.lipschitz[0]) ** 2 / scale
    # Below that share of the largest, a smallest eigenvalue from LAPACK may be off by more than the proof loses.
    return smallest if smallest > 2.0**-30 * largest else None, largest if largest > 0 else None


def _build(loss: str, rule: ClippedSettings, centre: Centre, radius: float, condition: BallCondition) -> Certificate:
    arrays, root = centre.arrays, interval(1.0)
    if loss == "mean":
        root = INTERVALS.sqrt(interval(1.0) / interval(float(len(arrays.x))))
    sigma_0 = interval(float(sqrt_down(max(0.0, centre.lambda_min.at_least()))))
    sigma_max = interval(float(sqrt_up(max(0.0, centre.lambda_max.at_most()))))
    residual = interval(centre.residual) * root
    grid = np.linspace(0.0, radius, POINTS + 1) if condition.integrated else np.array([0.0, radius])
    choice = [tightest_choice(_plain(centre.norms), radius)]
    # All radii in one pass over arrays: in turn, this loop was most of the time of a proof at few samples.
    over_grid = jacobian_change(_over_arrays(centre.norms), intervals(grid[1:]), INTERVAL_ARRAYS, choice)
    changes = [interval(0.0), *(over_grid[j] for j in range(len(grid) - 1))]
    sigma = np.array([max(0.0, ((sigma_0 - c) * root).lo) for c in changes])
    lipschitz = (sigma_max + changes[-1]) * root
    ell = jacobian_lipschitz(centre.norms, interval(radius), INTERVALS) * root
    beta = interval(smoothness(interval(residual.hi), interval(lipschitz.hi), interval(ell.hi)).hi)
    eta = rule.multiple / beta.hi if rule.multiple is not None else float(rule.eta)
    left = slack(beta, interval(eta))
    inequalities = [
        Inequality("0 < lambda_min(K(w_0))", 0.0, "<", centre.lambda_min.at_least()),
        Inequality("beta eta < 2", (beta * interval(eta)).hi, "<", 2.0),
    ]
    if condition.integrated:
        sums = integral_below(grid, sigma)
        available = [(left * interval(float(s))).lo for s in sums]
        name = "||r_0|| < (1 - beta eta / 2) int_0^R sig"
        inequalities.append(Inequality(name, residual.hi, "<", available[-1]))
        j = int(np.searchsorted(np.array(available), residual.hi, side="left"))
        required, mu = float(grid[min(j, POINTS)]), interval(float(sigma[min(j, POINTS)])) ** 2
    else:
        required, mu, more = _uniform(condition, float(sigma[-1]), residual, beta, eta, left, radius)
        inequalities += more
    floor = _floor(rule, lipschitz * residual)
    proved = all(i.holds for i in inequalities)
    q = rate(interval(max(0.0, mu.lo)), beta, interval(eta), interval(floor), INTERVALS)
    return Certificate(
        statement=condition.statement,
        arrays=arrays,
        loss=loss,
        optimizer=rule.name,
        eta=eta,
        gamma=rule.gamma,
        delta=rule.delta,
        radius=radius,
        grid=grid,
        sigma=sigma,
        residual=residual.hi,
        lambda_min=(interval(centre.lambda_min.at_least()) * root * root).lo,
        lipschitz=lipschitz.hi,
        ell=ell.hi,
        beta=beta.hi,
        required=required,
        mu=max(0.0, mu.lo),
        floor=floor,
        # Where mu is tiny the last rounding may pass 1, which q never does.
        rate=min(q.hi, 1.0) if proved else 1.0,
        inequalities=tuple(inequalities),
    )


NORMS = ("kappa", "weight", "inputs", "input_max", "rows", "row_max", "entry_max")


def _plain(norms: CentreNorms) -> CentreNorms:
    """The same bounds as floats, for a choice that needs no proof."""
    lists = {name: [v.hi for v in getattr(norms, name)] for name in NORMS}
    return CentreNorms(**lists, s1=norms.s1.hi, s2=norms.s2.hi)


def _over_arrays(norms: CentreNorms) -> CentreNorms:
    """The same bounds as arrays of intervals of one entry."""
    lists = {name: [intervals(v) for v in getattr(norms, name)] for name in NORMS}
    return CentreNorms(**lists, s1=intervals(norms.s1), s2=intervals(norms.s2))


def _uniform(
    condition: BallCondition,
    sigma: float,
    residual: Interval,
    beta: Interval,
    eta: float,
    left: Interval,
    radius: float,
) -> tuple[float, Interval, list[Inequality]]:
    """One PL* constant on the ball, and the radius it asks for."""
    mu = interval(max(0.0, (interval(sigma) ** 2).lo))
    if not certainly_less(interval(0.0), mu) or not certainly_less(interval(0.0), left):
        return float("inf"), mu, [Inequality("0 < sig(R)", 0.0, "<", 0.0)]
    loss = interval(residual.hi) ** 2 / interval(2.0)
    assert condition.radius is not None
    # The radius grows as mu falls, so the lower bound of sig gives an upper bound of the radius; mu <= beta because
    # sig(R)^2 <= lambda_min <= ||J||^2 <= beta at the centre.
    needed = condition.radius(loss, interval(mu.lo), beta, interval(eta), INTERVALS)
    return needed.hi, mu, [Inequality(f"radius of Theorem {condition.statement.id} < R", needed.hi, "<", radius)]


def _floor(settings: ClippedSettings, gradient: Interval) -> float:
    """A lower bound of a factor with h_t >= eta floor on the ball."""
    if settings.gamma == float("inf"):
        return 1.0
    ratio = interval(settings.gamma) / interval(gradient.hi)
    clipped = maximum(interval(settings.delta), INTERVALS.minimum(interval(1.0), ratio))
    return clipped.lo
