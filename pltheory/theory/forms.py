"""The quadratic form of Theorem M2, and an exact test of positive definiteness.

Momentum moves `v_t = w_t + al d_t` by Delta, and with `E_t = L(v_t) + (c/2) ||d_t||^2` a step lowers E by at least a
quadratic form in the gradient g at w_t, the direction d and e = grad L(v_t) - g. Everything is written in the units of
one step: G = eta g, E = eta e, C = c eta, b = beta eta, eps = eta sig(0)^2, Q = eta q. Plain + - * /, for floats,
intervals, fractions and symbols alike (THEORY_MOMENTUM section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .arithmetic import Scalar


@dataclass(frozen=True)
class Momentum:
    """What the form knows of the problem and the rule.

    Attributes:
        m: momentum in [0, 1).
        nesterov: torch's Nesterov form.
        ahead: al >= 0, any.
        weight: C = c eta > 0.
        smooth: b = beta eta.
        stiff: eps = eta sig(0)^2.
    """

    m: Scalar
    nesterov: bool
    ahead: Scalar
    weight: Scalar
    smooth: Scalar
    stiff: Scalar

    @property
    def carried(self) -> Scalar:
        """The factor of d in Delta, the step of v."""
        m, al = self.m, self.ahead
        return m * (m + al) - al if self.nesterov else m - (1 - m) * al

    @property
    def pushed(self) -> Scalar:
        """The factor of -tau G in Delta."""
        return 1 + self.m + self.ahead if self.nesterov else 1 + self.ahead


def step_form(at: Momentum, tau: Scalar, bend: Scalar, pull: Scalar, price: Scalar) -> list[list[Scalar]]:
    """The 3x3 matrix, in (G, d, E), of a step h = tau eta: what a step leaves of the energy beside what is asked.

    -<G + E, Delta> - (bend / 2) Delta^2 + (C / 2)(d^2 - (m d - tau G)^2) - (pull / 2)((G + E)^2 + C eps d^2)
    - price ((al b)^2 d^2 - E^2), which is concave in tau where pull and price are affine in it.

    Args:
        at: problem and rule.
        tau: the step as a share of eta.
        bend: b, with what the step's length is asked for: b + k Q for the path, b for the rate.
        pull: k / Q for the path, 2 omega tau for the rate.
        price: T >= 0, the multiplier of ||e|| <= al beta ||d||.
    """
    m, c, p, s = at.m, at.weight, at.carried, at.pushed * tau
    behind = at.ahead * at.smooth
    gg = s - bend * s * s / 2 - c * tau * tau / 2 - pull / 2
    gd = (bend * p * s + c * m * tau - p) / 2
    ge = (s - pull) / 2
    dd = c * (1 - m * m) / 2 - bend * p * p / 2 - pull * c * at.stiff / 2 - price * behind * behind
    return [[gg, gd, ge], [gd, dd, -p / 2], [ge, -p / 2, price - pull / 2]]


def pivots(matrix: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """Diagonal of the LDL^T factorisation of a symmetric matrix over the rationals, up to the first not positive.

    The matrix is positive definite exactly where all its pivots are there and positive.
    """
    rows, found = [list(row) for row in matrix], []
    for i in range(len(rows)):
        found.append(rows[i][i])
        if rows[i][i] <= 0:
            break
        for j in range(i + 1, len(rows)):
            share = rows[j][i] / rows[i][i]
            rows[j] = [x - share * y for x, y in zip(rows[j], rows[i], strict=True)]
    return found


def least_pivot(matrix: Sequence[Sequence[Fraction]]) -> Fraction:
    """The smallest pivot: positive exactly where the matrix is positive definite."""
    return min(pivots(matrix))


def closed_form_squared(m: Scalar, smooth: Scalar, stiff: Scalar) -> Scalar:
    """k^2 of M2's closed form: heavy ball, h_t = eta, al = 0, C = m^2; a proof where positive."""
    return (1 - m * m - smooth - 2 * stiff) / (1 + 2 * stiff)
