"""Mini-batches: the formulas of Theorems F1, F2 and F4, and the moduli of one hidden layer (THEORY_BATCH 3 to 7).

F1 is F4 with one worker and one pass: what is told apart here is a sum over one worker's steps, of which the largest
counts, and a mean over the workers.

Every formula grows in what is an upper bound and falls in what is a lower one, as its arguments say, so that numbers
rounded outward give bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .arithmetic import FLOATS, Arithmetic, Scalar
from .formulas import bordered_norm

TWO_OVER_PI = 0.6366197723675815
"""A double above 2 / pi."""
DOUBLINGS = 26
"""e^y is bounded by powers of 1 + y / 2^26 and of 1 - y / 2^26, which are formed by squaring."""
MOST_EXPONENT = 200.0
"""No probability below e^-200 is claimed."""


@dataclass(frozen=True)
class HiddenLayer:
    """What the moduli of F = kappa_2 U act(W X^) + linear start from, X^ = [kappa_1 X, tau_1].

    The moduli are for ||X^_B|| = 1; those of a batch are in proportion to that norm. Distances are from the centre.

    Attributes:
        kappa: |kappa_2|.
        s1, s2: suprema of |act'| and |act''|.
        swing: largest difference of two values of act'.
        column: largest column norm of U at the centre.
        longest: largest |x^_i|.
    """

    kappa: Scalar
    s1: Scalar
    s2: Scalar
    swing: Scalar
    column: Scalar
    longest: Scalar

    def curvature(self, u: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
        """lam(u) = ||[[s2 (column + u) longest, s1], [s1, 0]]||, u how far U may be from the centre's."""
        p = self.s2 * (self.column + u) * self.longest
        return bordered_norm(p, self.s1, ops)

    def change(self, s: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
        """||J_B(w) - J_B(c)|| for |w - c| <= s; linear in s."""
        return self.kappa * self.curvature(0.0 * self.kappa, ops) * s

    def lipschitz(self, radius: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
        """Lipschitz constant of J_B on the ball."""
        return self.kappa * self.curvature(radius, ops)

    def remainder(self, t: Scalar, reach: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
        """m with |J_B(w)(w - z) - r_B(w)| <= m |w - z| / 2 for |w - z| <= t, one of w and z within reach of c.

        Curvature bounds what is smooth, the swing of act' what is far: of both the smaller.
        """
        near = self.curvature(reach, ops) * t
        far = self.curvature(0.0 * self.kappa, ops) * t + 2 * self.swing * reach
        return self.kappa * ops.minimum(near, far)


def shared(om: Scalar, workers: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """Om_k / sqrt(om_k) of weights om_k = 1 / K: S^2 is the mean of S_k^2 over K workers."""
    return om * ops.sqrt(workers)


def gap(eta: Scalar, beta: Scalar) -> Scalar:
    """a = 2 - eta beta, beta the largest ||J_B||^2."""
    return 2 - eta * beta


def growth(eta: Scalar, a: Scalar, remainder: Scalar) -> Scalar:
    """1 - eta M^2 / (4 a): (b) asks for g^2 times this to be at least 1."""
    return 1 - eta * remainder * remainder / (4 * a)


def seen(eta: Scalar, delta: Scalar, sg: Scalar, om: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """kap = sqrt(eta delta) sg / Om, what an epoch sees of the distance."""
    return ops.sqrt(eta * delta) * sg / om


def lost(eta: Scalar, remainder: Scalar, g: Scalar, a: Scalar, kap: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """x = sqrt(eta) M(g D) g / (a kap); (d) asks for x < 1."""
    return ops.sqrt(eta) * remainder * g / (a * kap)


def allowance(
    eta: Scalar, remainder: Scalar, within: Scalar, a: Scalar, kap: Scalar, x: Scalar, d: Scalar, v: Scalar,
    ops: Arithmetic = FLOATS,
) -> Scalar:  # fmt: skip
    """The right side of (e), D^2 (1 + A^2 / (1 - x)) + eta M0(V)^2 V^2 / (4 a): V^2 is to be at least this.

    Args:
        remainder: M0(V), in the mean over the workers.
        within: M0(V) of one of them.
        d, v: D and V.
    """
    big = ops.sqrt(eta) * remainder * v / (a * kap * d)
    inside = eta * within * within * v * v / (4 * a)
    return d * d * (1 + big * big / (1 - x)) + inside


def epoch_rate(a: Scalar, kap: Scalar, x: Scalar) -> Scalar:
    """1 - q (1 - x), the factor of D_e^2 per epoch, q = a kap^2."""
    return 1 - a * kap * kap * (1 - x)


def path(eta: Scalar, gam: Scalar, d: Scalar, a: Scalar, kap: Scalar, x: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """2 sqrt(eta Gam) D / (a kap (1 - x)), a bound of the whole path."""
    return 2 * ops.sqrt(eta * gam) * d / (a * kap * (1 - x))


def halvings(count: int) -> int:
    """ceil(log2 M)."""
    return (count - 1).bit_length()


def truncation(
    count: int, gam: Scalar, whole: Scalar, lam: Scalar, outer: Scalar, tau: Scalar, ops: Arithmetic = FLOATS
) -> Scalar:
    """The smaller of (T1), (2 / pi) Gam, and (T2), ceil(log2 M) L_F^2 / 2 + sqrt 2 tau Lam sqrt Gam.

    Args:
        count: M.
        gam: sum of ||J_B||^2 where the iterates are.
        whole: L_F, and lam: Lam, on the whole ball.
        outer: Gam on the whole ball.
        tau: all iterates are within this of a point of the ball.
    """
    coherent = TWO_OVER_PI * gam
    halved = halvings(count) * whole * whole / 2 + ops.sqrt(2 * outer) * tau * lam
    return ops.minimum(coherent, halved)


def faded(floor: Scalar, ceiling: Scalar, gamma: Any, gradient: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """max(floor, min(ceiling, gamma / |g_B|)): a floor of the steps where the gradients of batches are bounded."""
    return ops.maximum(floor, ops.minimum(ceiling, gamma / gradient))


# --- Theorem F2: batches drawn at random ---


def drawn_lost(lam: Scalar, d: Scalar, a: Scalar, floor: Scalar, sg: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """x = Lam D / (a sqrt(delta) sg), with E ell_B^2 <= p Lam^2; F2 asks for x G < 1."""
    return lam * d / (a * ops.sqrt(floor) * sg)


def drawn_rate(eta: Scalar, a: Scalar, floor: Scalar, p: Scalar, sg: Scalar, x: Scalar, g: Scalar) -> Scalar:
    """1 - a eta delta p sg^2 (1 - x G), of the mean of D_t^2 per step; a step sees each sample with probability p."""
    return 1 - a * eta * floor * p * sg * sg * (1 - x * g)


def drawn_path(
    eta: Scalar, beta: Scalar, p: Scalar, d: Scalar, a: Scalar, floor: Scalar, sg: Scalar, x: Scalar, g: Scalar,
    ops: Arithmetic = FLOATS,
) -> Scalar:  # fmt: skip
    """2 sqrt(eta beta) D / (a kap_1 (1 - x G)), kap_1 = sqrt(eta delta p) sg: the mean of the path within the ball."""
    return 2 * ops.sqrt(eta * beta) * d / (a * ops.sqrt(eta * floor * p) * sg * (1 - x * g))


def left_by_markov(x: Scalar, g: Scalar, xi: Scalar) -> Scalar:
    """2 x / ((1 - x G) xi), a bound of the probability that the ball is ever left."""
    return 2 * x / ((1 - x * g) * xi)


def largest_share(eta: Scalar, a: Scalar, ell: Scalar, g: Scalar, d: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """k with k^2 = 1 + e k, e = sqrt(eta / a) ell G D: sqrt(a h) |r_B| is at most k times the distance to the zeros.

    Args:
        ell: largest Lipschitz constant of a batch's Jacobian.
    """
    e = ops.sqrt(eta / a) * ell * g * d
    return (e + ops.sqrt(e * e + 4)) / 2


def left_exponent(x: Scalar, g: Scalar, xi: Scalar, k: Scalar) -> Scalar:
    """(2 / (G k^2)) (xi (1 / (5 x) - G / 2) - 1): for x G <= .4 the ball is left with probability e to minus this."""
    return 2 * (xi * (1 / (5 * x) - g / 2) - 1) / (g * k * k)


def left_by_martingale(
    x: Scalar, g: Scalar, xi: Scalar, eta: Scalar, a: Scalar, ell: Scalar, d: Scalar, ops: Arithmetic = FLOATS
) -> Scalar:
    """exp(-left_exponent), a bound of the probability that the ball is ever left, for x G <= .4; at most 1.

    Args:
        ell: as of `largest_share`.
    """
    exponent = left_exponent(x, g, xi, largest_share(eta, a, ell, g, d, ops))
    return 1 / exponential_below(ops.maximum(0.0, ops.minimum(exponent, MOST_EXPONENT)))


def exponential_below(y: Scalar) -> Scalar:
    """(1 + y / N)^N <= e^y for y >= 0, N = 2^26."""
    return _squared(1 + y / 2.0**DOUBLINGS)


def exponential_above(y: Scalar) -> Scalar:
    """(1 - y / N)^-N >= e^y for 0 <= y < N, N = 2^26."""
    return 1 / _squared(1 - y / 2.0**DOUBLINGS)


def _squared(x: Scalar) -> Scalar:
    for _ in range(DOUBLINGS):
        x = x * x
    return x
