"""The inequalities of Theorems S, M and Mb, decided in rationals, and the rate that each of them gives.

With m the momentum, a = 1 - m and beta, eta, sig(0) the doubles of the certificate, s = beta eta / a^2 and
eps = eta sig(0)^2 enter M's and Mb's inequalities as rationals, so that these are decided exactly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from flint import arb, fmpq

from .ball_bounds import Found
from .ball_claim import Table
from .fields import FALSE, Stop


@dataclass(frozen=True)
class Steps:
    """What a certificate says beyond a ball.

    Attributes:
        m, nesterov, clip: the recursion.
        clips: whether a norm is held against a finite gamma.
        factors: of the schedule, one by one.
        tail: lower bound of all later ones.
        numbers: those of the law.
        buffer: upper bound of ||d_0||, of M.
    """

    m: float
    nesterov: bool
    clip: str
    clips: bool
    factors: list[float]
    tail: float
    numbers: dict[str, float]
    buffer: float = 0.0


Sides = list[tuple[Fraction, Fraction]]


class Law(ABC):
    """The inequalities of one theorem, its numbers the doubles of the certificate.

    Args:
        steps: what is said of the steps.
        eta: the step size.
        bounds: those claimed.
        sigma: the largest value of the profile.

    Attributes:
        numbers: that a certificate names.
        own: its hypotheses between the kernel's and the integral's, with their relations.
        scheduled: whether it speaks of other steps than eta.
    """

    numbers: ClassVar[tuple[str, ...]]
    own: ClassVar[Table]
    scheduled: ClassVar[bool] = True

    def __init__(self, steps: Steps, eta: float, bounds: dict[str, float], sigma: float) -> None:
        self.steps, self.eta = steps, eta
        self.beta, self.largest = bounds["beta"], bounds["largest"]
        m, step = Fraction(steps.m), Fraction(eta)
        self.m, self.a = m, 1 - m
        self.s = Fraction(self.beta) * step / self.a**2
        self.eps = step * Fraction(sigma) ** 2

    @staticmethod
    @abstractmethod
    def speaks_of(steps: Steps) -> bool:
        """Whether the theorem speaks of this recursion."""

    @abstractmethod
    def sides(self) -> Sides:
        """Both sides of each of the theorem's own hypotheses.

        Raises:
            Stop: with code FALSE: a number that must be positive is not.
        """

    def start(self, found: Found, c: float) -> arb:
        """sqrt(2 E_0), with that C."""
        return found.residual

    def highest(self, found: Found) -> arb:
        """Upper bound of the residual along the run."""
        return self.start(found, self.steps.numbers.get("c", 0.0))

    def apart(self, found: Found, c: float) -> arb:
        """L(w_t) over E_t, with that C."""
        return arb(1)

    @abstractmethod
    def clipped(self, found: Found, start: arb) -> arb:
        """Upper bound of the norm that is held against gamma."""

    @abstractmethod
    def factor(self, mu: arb, floor: arb, least: float, most: float) -> arb:
        """Of the loss or the potential, for steps from floor least eta to most eta."""


class Plain(Law):
    """Theorem S: steps without momentum."""

    numbers = ("k",)
    own: ClassVar[Table] = [("beta eta < 2", "<"), ("k <= 1 - beta eta / 2", "<=")]

    @staticmethod
    def speaks_of(steps: Steps) -> bool:
        """As in `Law`."""
        return steps.m == 0 and not steps.nesterov and steps.clip == "gradient"

    def sides(self) -> Sides:
        """As in `Law`."""
        product = Fraction(self.beta) * Fraction(self.eta)
        return [(product, Fraction(2)), (Fraction(self.steps.numbers["k"]), 1 - product / 2)]

    def clipped(self, found: Found, start: arb) -> arb:
        """As in `Law`."""
        return found.lipschitz * found.residual

    def factor(self, mu: arb, floor: arb, least: float, most: float) -> arb:
        """As in `Law`."""
        one, other = (
            h * (1 - arb(self.beta) * h / 2) for h in (floor * arb(self.eta) * arb(least), arb(self.eta) * arb(most))
        )
        return 1 - 2 * mu * one.min(other)


class Momentum(Law):
    """What Theorems M and Mb have in common: two forms, one for the path and one for the rate."""

    numbers = ("k", "xi", "c", "omega", "c_rate")
    own: ClassVar[Table] = [
        ("0 < k", "<"), ("k <= xi", "<="), ("xi <= 1", "<="), ("0 < V of the path", "<"),
        ("potential of the path", "<="), ("0 < omega", "<"), ("0 < V of the rate", "<"),
        ("potential of the rate", "<="),
    ]  # fmt: skip

    @abstractmethod
    def form(self, q: Fraction, c: Fraction) -> tuple[Fraction, Fraction, Fraction, Fraction]:
        """V, the cross term, the least that is needed without it, and the weight of its square over 2 V."""

    def sides(self) -> Sides:
        """As in `Law`."""
        n = {name: Fraction(value) for name, value in self.steps.numbers.items()}
        k, xi, omega = n["k"], n["xi"], n["omega"]
        if not (xi > 0 and n["c"] > 0 and n["c_rate"] > 0):
            raise Stop(FALSE, "witness.c", "xi, C and the C of the rate must be positive")
        zero = Fraction(0)
        v, rest = self._needed(k / xi, n["c"])
        v_rate, rest_rate = self._needed(2 * omega, n["c_rate"])
        path = [(zero, k), (k, xi), (xi, Fraction(1)), (zero, v), (rest, 1 - (k * xi + k / xi) / 2)]
        return [*path, (zero, omega), (zero, v_rate), (rest_rate, 1 - omega)]

    def _needed(self, q: Fraction, c: Fraction) -> tuple[Fraction, Fraction]:
        """V, and what 1 - (k/2)(xi + 1/xi) or 1 - omega must reach."""
        v, cross, least, weight = self.form(q, c)
        if not v > 0:
            raise Stop(FALSE, "witness.c", f"V = {float(v):.6g} is not positive")
        return v, least + weight * cross**2 / (2 * v)

    def factor(self, mu: arb, floor: arb, least: float, most: float) -> arb:
        """As in `Law`."""
        shortest = floor * arb(self.eta) * arb(least)
        return 1 - 2 * arb(self.steps.numbers["omega"]) * mu * shortest / exact(self.a)


class ClippedGradient(Momentum):
    """Theorem M: a clipped gradient enters the buffer; the weights lie behind the point of the potential."""

    scheduled = False

    @staticmethod
    def speaks_of(steps: Steps) -> bool:
        """As in `Law`."""
        return steps.m > 0 and steps.clip == "gradient"

    @property
    def lead(self) -> Fraction:
        """m, or m^2 in Nesterov's form."""
        return self.m * self.m if self.steps.nesterov else self.m

    def form(self, q: Fraction, c: Fraction) -> tuple[Fraction, Fraction, Fraction, Fraction]:
        """As in `Momentum`."""
        m, a, s = self.m, self.a, self.s
        v = c * (1 + m) * a - (q / a) * ((s * a * self.lead) ** 2 + c * self.eps)
        return v, self.lead * s * abs(1 - q) + m * c, a * (s + c) / 2, a

    def start(self, found: Found, c: float) -> arb:
        """As in `Law`."""
        if not self.steps.buffer:
            return found.residual
        return (found.residual**2 + arb(c) * arb(self.steps.buffer) ** 2 / arb(self.eta)).sqrt()

    def apart(self, found: Found, c: float) -> arb:
        """As in `Law`."""
        return 1 + (found.lipschitz * exact(self.lead / self.a)) ** 2 * arb(self.eta) / arb(c)

    def clipped(self, found: Found, start: arb) -> arb:
        """As in `Law`."""
        return found.lipschitz * start * self.apart(found, self.steps.numbers["c"]).sqrt()


class ClippedBuffer(Momentum):
    """Theorem Mb: the buffer is clipped, or nothing; the potential begins above the loss."""

    own: ClassVar[Table] = [("eta C ||J_0||^2 / (1 - m) <= m", "<="), *Momentum.own]

    @staticmethod
    def speaks_of(steps: Steps) -> bool:
        """As in `Law`."""
        return steps.m > 0 and not steps.nesterov and (steps.clip == "buffer" or not steps.clips)

    def form(self, q: Fraction, c: Fraction) -> tuple[Fraction, Fraction, Fraction, Fraction]:
        """As in `Momentum`."""
        m, a, s = self.m, self.a, self.s
        v = c * (1 + m) * a - q * (m * m + c * self.eps / a)
        return v, m * (abs(1 - q) + c * s * a), s * a / 2 * (1 + c * s * a), Fraction(1)

    def sides(self) -> Sides:
        """As in `Law`."""
        path = super().sides()
        lag = Fraction(self.eta) * Fraction(self.steps.numbers["c"]) * Fraction(self.largest) ** 2 / self.a
        return [(lag, self.m), *path]

    def start(self, found: Found, c: float) -> arb:
        """As in `Law`."""
        return found.residual * (1 + arb(self.eta) * arb(c) * arb(self.largest) ** 2 / exact(self.a)).sqrt()

    def highest(self, found: Found) -> arb:
        """As in `Law`: by the first hypothesis E_0 is at most 1 + m times the loss."""
        return found.residual * (1 + arb(self.steps.m)).sqrt()

    def clipped(self, found: Found, start: arb) -> arb:
        """As in `Law`."""
        lag = arb(self.steps.m) ** 2 / (arb(self.eta) * exact(self.a) * arb(self.steps.numbers["c"]))
        return (lag + (found.lipschitz / exact(self.a)) ** 2).sqrt() * start


def exact(x: Fraction) -> arb:
    """A fraction to the precision in use."""
    return arb(fmpq(x.numerator, x.denominator))


LAWS: dict[str, type[Law]] = {"S": Plain, "M": ClippedGradient, "Mb": ClippedBuffer}
