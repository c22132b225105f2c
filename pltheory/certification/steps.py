"""What Theorems S, M and Mb ask of their steps, and what follows for the loss: each a law that knows its numbers.

A law turns beta, eta and the profile's first value into k with rho_0 < k int sig, and a factor of its potential for
each step; S is Theorem B for any steps, M and Mb are momentum. Found in floating point, confirmed in rationals.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from ..optim import ClippedSettings
from ..optim.recursion import Form, Recursion
from ..rigor.arithmetic import INTERVALS
from ..rigor.scalar import Interval, below, interval, minimum
from ..theory.formulas import contraction, slack
from ..theory.potential import Constants, Setting, ahead, search
from .claim import Inequality
from .conclusion import floor_below

CARRIED = 2.0**-4
"""Least share of ||r_0||^2 that a buffer at the start may add to the square of Theorem M's rho_0."""


@dataclass(frozen=True)
class At:
    """Numbers on a ball that a law reads, each one double.

    Attributes:
        beta: upper bound of the smoothness, for residuals up to the law's own start.
        eta: the largest step.
        sigma: sig(0), the largest value of the profile.
        largest: upper bound of ||J(w_0)||.
        lipschitz: upper bound L_F of ||J|| on the ball.
        residual: upper bound of ||r_0||.
        buffer: upper bound of ||d_0||.
    """

    beta: float
    eta: float
    sigma: float
    largest: float
    lipschitz: float
    residual: float
    buffer: float = 0.0

    @property
    def carried(self) -> float:
        """(||d_0|| L_F / ||r_0||)^2."""
        return (self.buffer * self.lipschitz / self.residual) ** 2 if self.buffer else 0.0


class Law(ABC):
    """What one theorem asks of its steps.

    Attributes:
        forms: of the step rule.
        numbers: of `Constants`, those that a certificate holds.
        outside: whether the steps stand outside of a buffer.
    """

    forms: ClassVar[frozenset[Form]]
    numbers: ClassVar[tuple[str, ...]]
    outside: ClassVar[bool] = False

    def excess(self, how: Recursion, carried: Any = 0.0) -> Any:
        """Rho_0^2 is at most (1 + excess) ||r_0||^2, by choice of C; carried is (||d_0|| L_F / ||r_0||)^2."""
        return 0.0 * carried

    @abstractmethod
    def find(self, how: Recursion, at: At) -> Constants:
        """K and the rest, in floating point; k = 0 where there is none."""

    @abstractmethod
    def inequalities(self, how: Recursion, at: At, found: Constants) -> Iterator[Inequality]:
        """What makes k and omega valid, exact numbers rounded outward."""

    def start(self, how: Recursion, at: At, c: float) -> Interval:
        """Upper bound of the potential's root at the start, sqrt(2 E_0), with that C."""
        return interval(at.residual)

    def apart(self, how: Recursion, at: At, c: float) -> Interval:
        """Upper bound of L(w_t) / E_t, with that C."""
        return interval(1.0)

    @abstractmethod
    def gradient(self, how: Recursion, at: At, found: Constants) -> Interval:
        """Upper bound of what is clipped."""

    @abstractmethod
    def factor(self, how: Recursion, at: At, found: Constants, mu: float, low: Interval, high: Interval) -> Interval:
        """The potential's factor for a step between two sizes."""

    def floor(self, rule: ClippedSettings, at: At, found: Constants) -> float:
        """Lower bound of the clip's factor along the run."""
        return floor_below(rule.gamma, rule.delta, self.gradient(rule.recursion, at, found))


class AnySteps(Law):
    """Theorem S: no momentum, any h_t in (0, eta]."""

    forms = frozenset({Form.PLAIN, Form.SCHEDULED})
    numbers = ("k",)

    def find(self, how: Recursion, at: At) -> Constants:
        """1 - beta eta / 2."""
        return Constants(max(0.0, below(below(slack(at.beta, at.eta)))), 1.0, 0.0, 1.0, 0.0)

    def inequalities(self, how: Recursion, at: At, found: Constants) -> Iterator[Inequality]:
        """Beta eta < 2."""
        product = Fraction(at.beta) * Fraction(at.eta)
        yield Inequality("beta eta < 2", interval(product).hi, "<", 2.0)
        yield Inequality("k <= 1 - beta eta / 2", found.k, "<=", interval(1 - product / 2).lo)

    def gradient(self, how: Recursion, at: At, found: Constants) -> Interval:
        """L_F ||r_0||."""
        return interval(at.lipschitz) * interval(at.residual)

    def factor(self, how: Recursion, at: At, found: Constants, mu: float, low: Interval, high: Interval) -> Interval:
        """1 - 2 mu h (1 - beta h / 2), which is largest at one end, for it is convex in h."""
        ends = [1 - contraction(interval(mu), interval(at.beta), h) for h in (low, high)]
        return 1 - minimum(*ends)


class Momentum(Law):
    """What M and Mb share."""

    numbers = ("k", "xi", "c", "omega", "c_rate")

    def setting(self, how: Recursion, at: At) -> Setting:
        """The potential's numbers in floating point."""
        m = how.momentum
        s, eps = at.beta * at.eta / (1 - m) ** 2, at.eta * at.sigma**2
        return Setting(m, m * m if how.nesterov else m, s, eps, self.outside, self.most(how, at))

    def most(self, how: Recursion, at: At) -> float:
        """Largest C allowed."""
        return float("inf")

    def exact(self, how: Recursion, at: At) -> Setting:
        """The same as rationals."""
        m, eta = Fraction(how.momentum), Fraction(at.eta)
        s, eps = Fraction(at.beta) * eta / (1 - m) ** 2, eta * Fraction(at.sigma) ** 2
        return Setting(m, m * m if how.nesterov else m, s, eps, self.outside)

    def find(self, how: Recursion, at: At) -> Constants:
        """By a search."""
        return search(self.setting(how, at))

    def inequalities(self, how: Recursion, at: At, found: Constants) -> Iterator[Inequality]:
        """(M') for k, xi and C; (R') for omega and its own C."""
        exact, k, xi = self.exact(how, at), Fraction(found.k), Fraction(found.xi)
        yield Inequality("0 < k", 0.0, "<", found.k)
        yield Inequality("k <= xi", found.k, "<=", found.xi)
        yield Inequality("xi <= 1", found.xi, "<=", 1.0)
        if found.k > 0:
            yield from _fulfilled("path", exact, k / 2 * (xi + 1 / xi), k / xi, Fraction(found.c))
        yield Inequality("0 < omega", 0.0, "<", found.omega)
        if found.omega > 0:
            omega = Fraction(found.omega)
            yield from _fulfilled("rate", exact, omega, 2 * omega, Fraction(found.c_rate))

    def factor(self, how: Recursion, at: At, found: Constants, mu: float, low: Interval, high: Interval) -> Interval:
        """1 - 2 omega mu h / a, at the shorter step."""
        a = interval(1 - Fraction(how.momentum))
        return 1 - 2 * interval(found.omega) * interval(mu) * low / a


def _fulfilled(what: str, at: Setting, p: Fraction, q: Fraction, c: Fraction) -> Iterator[Inequality]:
    v = at.value(q, c)
    yield Inequality(f"0 < V of the {what}", 0.0, "<", interval(v).lo)
    if v > 0:
        yield Inequality(f"potential of the {what}", interval(at.rest(q, c)).hi, "<=", interval(1 - p).lo)


class Inside(Momentum):
    """Theorem M: eta constant, the gradient clipped; any h_t in (0, eta] inside of the buffer."""

    forms = frozenset({Form.INSIDE})

    def excess(self, how: Recursion, carried: Any = 0.0) -> Any:
        """Twice what C of the closed form adds, where beta is L_F^2; to it C is held."""
        m = how.momentum
        lead = m * m if how.nesterov else m
        return (carried > 0) * np.maximum(CARRIED, 2 * lead / (1 - m) ** 2 * carried)

    def most(self, how: Recursion, at: At) -> float:
        """C ||d_0||^2 / eta <= excess ||r_0||^2."""
        if not at.buffer:
            return float("inf")
        return float(self.excess(how, at.carried)) * at.eta * (at.residual / at.buffer) ** 2 * (1 - 2.0**-40)

    def start(self, how: Recursion, at: At, c: float) -> Interval:
        """sqrt(||r(z_0)||^2 + c ||d_0||^2), c = C / eta."""
        residual, buffer = interval(at.residual), interval(at.buffer)
        if not at.buffer:
            return residual
        return INTERVALS.sqrt(residual * residual + interval(c) * buffer * buffer / interval(at.eta))

    def apart(self, how: Recursion, at: At, c: float) -> Interval:
        """1 + L_F^2 alpha^2 / c with c = C / eta: from z_t to w_t."""
        alpha, lipschitz = interval(ahead(Fraction(how.momentum), how.nesterov)), interval(at.lipschitz)
        return 1 + lipschitz * lipschitz * alpha * alpha * interval(at.eta) / interval(c)

    def gradient(self, how: Recursion, at: At, found: Constants) -> Interval:
        """L_F ||r(w_t)||."""
        return interval(at.lipschitz) * self.start(how, at, found.c) * INTERVALS.sqrt(self.apart(how, at, found.c))


class Outside(Momentum):
    """Theorem Mb: any h_t in (0, eta] outside of the buffer, by a schedule or by a clip of the buffer."""

    forms = frozenset({Form.OUTSIDE})
    outside = True

    def excess(self, how: Recursion, carried: Any = 0.0) -> Any:
        """M, to which C is held."""
        return how.momentum + 0.0 * carried

    def most(self, how: Recursion, at: At) -> float:
        """Eta C ||J_0||^2 / a <= m."""
        return how.momentum * (1 - how.momentum) / (at.eta * at.largest**2) * (1 - 2.0**-40)

    def inequalities(self, how: Recursion, at: At, found: Constants) -> Iterator[Inequality]:
        """And that the start is no higher than beta allows for."""
        m = Fraction(how.momentum)
        lag = Fraction(at.eta) * Fraction(found.c) * Fraction(at.largest) ** 2 / (1 - m)
        yield Inequality("eta C ||J_0||^2 / (1 - m) <= m", interval(lag).hi, "<=", how.momentum)
        yield from super().inequalities(how, at, found)

    def start(self, how: Recursion, at: At, c: float) -> Interval:
        """||r_0||^2 (1 + eta C ||J_0||^2 / a), as ||y_0|| = ||grad L(w_0)|| / a and c = eta a C."""
        a, largest = interval(1 - Fraction(how.momentum)), interval(at.largest)
        lag = interval(at.eta) * interval(c) * largest * largest / a
        return interval(at.residual) * INTERVALS.sqrt(1 + lag)

    def gradient(self, how: Recursion, at: At, found: Constants) -> Interval:
        """||b_{t+1}|| = ||m y_t + g_t / a|| <= sqrt(m^2 / c + L_F^2 / a^2) rho_0, with c = eta a C."""
        m, a = interval(how.momentum), interval(1 - Fraction(how.momentum))
        share = interval(at.lipschitz) / a
        c = interval(at.eta) * a * interval(found.c)
        return INTERVALS.sqrt(m * m / c + share * share) * self.start(how, at, found.c)
