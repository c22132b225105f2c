"""What Theorem M2 asks to be believed: a few doubles, each a rational number, at which 3x3 forms are positive definite.

A witness is trusted for nothing: `least_pivot` decides it exactly (THEORY_MOMENTUM section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...rigor.roundoff import Array
from ...theory import forms
from ...theory.forms import Momentum, step_form

COLUMNS = ("from", "to", "q", "price from", "price to", "rate price from", "rate price to")
"""Of the pieces: an interval of h / eta, Q, and the multipliers of ||e|| <= al beta ||d|| at its two ends."""


@dataclass(frozen=True, eq=False)
class Witness:
    """The numbers of a quadratic form, in the units of one step.

    Attributes:
        ahead: al >= 0: v_t = w_t + al d_t.
        weight: C = c eta > 0: E_t = L(v_t) + (c/2) ||d_t||^2.
        k: E_t - E_{t+1} >= k sig ||v_{t+1} - v_t|| sqrt(2 E_t).
        omega: E_{t+1} <= (1 - 2 omega mu h_t) E_t.
        pieces: one row for each interval of h / eta, columns as `COLUMNS`, covering [floor, 1].
    """

    ahead: float
    weight: float
    k: float
    omega: float
    pieces: Array

    def covers(self, floor: float) -> bool:
        """Whether the intervals follow one another from at most `floor` up to 1."""
        low, high = self.pieces[:, 0], self.pieces[:, 1]
        joined = len(low) > 0 and bool((low[1:] == high[:-1]).all() and (low <= high).all())
        return joined and bool(0 < low[0] <= floor and high[-1] == 1)

    def least_pivot(self, m: float, nesterov: bool, smooth: Fraction, stiff: Fraction) -> Fraction:
        """The smallest pivot of all forms, exact: positive exactly where the witness proves k and omega.

        Args:
            m: momentum.
            nesterov: its form.
            smooth: b, no smaller than beta eta.
            stiff: eps, no smaller than eta sig(0)^2.
        """
        at = Momentum(Fraction(m), nesterov, Fraction(self.ahead), Fraction(self.weight), smooth, stiff)
        k, omega, least = Fraction(self.k), Fraction(self.omega), None
        for row in self.pieces:
            low, high, q, *prices = (Fraction(float(x)) for x in row)
            if q <= 0 or min(prices) < 0:
                return min(q, *prices, Fraction(0))
            for tau, price, slower in ((low, prices[0], prices[2]), (high, prices[1], prices[3])):
                for form in (
                    step_form(at, tau, smooth + k * q, k / q, price),
                    step_form(at, tau, smooth, 2 * omega * tau, slower),
                ):
                    pivot = forms.least_pivot(form)
                    least = pivot if least is None else min(least, pivot)
        assert least is not None
        return least


def below(x: Fraction) -> float:
    """A double no larger."""
    near = float(x)
    return near if Fraction(near) <= x else float(np.nextafter(near, -np.inf))
