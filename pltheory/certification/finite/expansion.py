"""How far one exact step with momentum drives two pairs (w, d) apart, in a norm in which that is little.

The recursion is `d' = m d - Phi(g(w))`, `w' = w + d'` (heavy ball) or `w' = w + m d' - Phi(g(w))` (Nesterov), Phi the
clip of the gradient's norm. With a = 1 - m and al = m / a (heavy ball) or m^2 / a (Nesterov), z = w + al d obeys
`z' = z - Phi(g(w)) / a`: both recursions are one. Pairs are measured by `|(w, d)|^2 = |w + al d|^2 + c |d|^2`, c > 0.

Where Phi is h times the identity, the derivative of the step takes a change (z, sqrt(c) d) =: (z, s) to

    z' = z - (h / a) H (z - (al / sqrt c) s),   s' = m s - sqrt(c) h H (z - (al / sqrt c) s),

H the Hessian of the batch's loss, symmetric with spectrum in [-nu, beta]. In an orthonormal basis of eigenvectors it is
a direct sum of 2 x 2 matrices N(lam) = diag(1, m) - lam (1 / a, sqrt c)^T (1, -al / sqrt c), lam = h times the
eigenvalue. N is affine in lam and a norm is convex, so the largest norm is at an end, lam = -h nu or h beta. At lam = 0
it is 1 for every c; with beta h below 2 (1 - m)^2 / (1 + m) there is a c for which it is 1 at the other end too.

In the clipped band DPhi = s (I - u u^T), u the gradient's direction. Split along u and across: the part along u comes
from itself only, by diag(1, m), of norm 1; that across from itself by N of s P H P, P = I - u u^T, whose spectrum lies
in [-s nu, s beta], and from the part along u by an operator of norm at most
`v = s |P H u| |(1 / a, sqrt c)| |(1, -al / sqrt c)|`, with |P H u| <= (beta + nu) / 2 as in Theorem D. So the norm is
at most that of [[1, 0], [v, y]], y the larger end of N.

A change of w is at most `reach = |(1, -al / sqrt c)|` times the norm of that of the pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...rigor.arithmetic import INTERVALS
from ...rigor.scalar import Interval, interval, maximum, sqrt
from ...theory.formulas import block_norm
from ...theory.potential import ahead
from ..trajectory.growth import PLAIN, Expansion

_TRIALS = np.geomspace(2.0**-20, 2.0**20, 321)
"""Weights of d that are tried, times their natural size."""


@dataclass(frozen=True)
class Momentum:
    """The norm of pairs.

    Attributes:
        m: momentum, 0 < m < 1.
        nesterov: which recursion.
        root: the square root of c, a double taken as exact.
    """

    m: float
    nesterov: bool
    root: float

    @cached_property
    def a(self) -> Interval:
        """1 - m."""
        return 1 - interval(self.m)

    @cached_property
    def al(self) -> Interval:
        """m / a, Nesterov m^2 / a."""
        al: Interval = ahead(interval(self.m), self.nesterov)
        return al

    @cached_property
    def row(self) -> Interval:
        """|(1, -al / sqrt c)|."""
        return sqrt(1 + (self.al / self.root) ** 2)

    @cached_property
    def reach(self) -> float:
        """As in `Expansion`."""
        return self.row.hi

    @cached_property
    def _column(self) -> Interval:
        return sqrt((1 / self.a) ** 2 + interval(self.root) ** 2)

    @cached_property
    def spread(self) -> float:
        """As in `Expansion`: an error e of Phi moves z = w + al d by e / a, of either recursion, and d by e."""
        return self._column.hi

    def mode(self, lam: Interval) -> Interval:
        """||N(lam)||."""
        return matrix_norm(
            1 - lam / self.a,
            lam * self.al / (self.a * self.root),
            -(lam * self.root),
            interval(self.m) + self.al * lam,
        )

    def constant(self, h: Interval, beta: Interval, negative: Interval) -> Interval:
        """Upper end: the expansion where the step is h times the gradient."""
        return maximum(self.mode(-(h * negative)), self.mode(h * beta))

    def band(self, s: Interval, beta: Interval, negative: Interval) -> Interval:
        """Upper end: the expansion where the gradient is clipped, by s."""
        across = maximum(self.constant(s, beta, negative), interval(1.0))
        return block_norm(s * (beta + negative) / 2 * self._column * self.row, across, INTERVALS)


def matrix_norm(p: Interval, q: Interval, r: Interval, s: Interval) -> Interval:
    """Norm of [[p, q], [r, s]]: the sum of its singular values and their difference, halved."""
    return (sqrt((p + s) ** 2 + (q - r) ** 2) + sqrt((p - s) ** 2 + (q + r) ** 2)) / 2


def expansion_of(m: float, nesterov: bool, eta: float, beta: float) -> Expansion:
    """The norm in which a step eta with curvature up to beta expands least, as found in floats: any norm is valid."""
    if m == 0.0:
        return PLAIN
    a, al = 1 - m, ahead(m, nesterov)
    roots = _TRIALS * max(al, 1.0)
    lam = eta * beta

    def size(root: float) -> float:
        n = np.array([[1 - lam / a, lam * al / (a * root)], [-root * lam, m + al * lam]])
        return float(np.linalg.norm(n, 2))

    sizes = np.array([size(r) for r in roots])
    # Of those that expand as little as any, the one that loses least between the pair and w.
    good = roots[sizes <= sizes.min() + 2.0**-40]
    return Momentum(m, nesterov, float(good[np.argmin(np.abs(np.log(good / max(al, 1.0))))]))
