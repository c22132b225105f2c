"""By how much one exact step with momentum drives two pairs (w, d) apart, in `|w + al d|^2 + c |d|^2`.

The step is `d' = m d - Phi(g(w))`, `w' = w + d'` or Nesterov's `w + m d' - Phi(g(w))`, Phi the clip of the norm. With a
= 1 - m, al = m / a or m^2 / a, the derivative where Phi is h times the identity acts on each eigenvector of the Hessian
(eigenvalue lam / h) by the matrix with rows (1 - lam / a, lam al / (a sqrt c)) and (-sqrt c lam, m + al lam) in the
coordinates (w + al d, sqrt c d); affine in lam, its norm is largest at an end of the spectrum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flint import arb

from ..arithmetic import largest_of, root


@dataclass(frozen=True)
class Clip:
    """Doubles of the rule at one step."""

    eta: float
    gamma: float
    delta: float


class Pairs:
    """The norm of pairs; with m = 0 that of w alone.

    Args:
        m: momentum.
        nesterov: which recursion.
        weight: sqrt c; not looked at where m = 0.
    """

    def __init__(self, m: float, nesterov: bool, weight: float) -> None:
        self.m, self.nesterov = arb(m), nesterov
        self.moving = m > 0
        self._a, self._root = 1 - self.m, arb(weight)
        self.al = (self.m**2 if nesterov else self.m) / self._a
        ratio = self.al / self._root if self.moving else arb(0)
        self._ratio = ratio
        self.reach = root(1 + ratio**2).upper()
        """A change of w is at most that many times the norm of that of the pair."""
        self._drive = root(1 / self._a**2 + self._root**2) if self.moving else arb(1)

    def norm(self, w: arb, d: arb) -> arb:
        """Upper bound of the norm of a pair whose parts have norms of at most w and d."""
        return root((w + self.al * d) ** 2 + (self._root * d) ** 2).upper() if self.moving else w

    def _mode(self, lam: arb) -> arb:
        if not self.moving:
            return abs(1 - lam)
        p, q = 1 - lam / self._a, lam * self._ratio / self._a
        r, s = -self._root * lam, self.m + self.al * lam
        # The larger singular value: half the sum and half the difference of the two add up to it.
        return (_length(p + s, q - r) + _length(p - s, q + r)) / 2

    def _across(self, h: arb, beta: arb, negative: arb) -> arb:
        return self._mode(-h * negative).max(self._mode(h * beta)).max(arb(1))

    def growth(self, clip: Clip, beta: arb, negative: arb, low: arb, branches: Iterable[str]) -> arb:
        """Upper bound of the largest factor of the branches named, gradients being of norm at least `low`.

        In the clipped band the gradient's direction u is projected away: the part of a change along u moves by itself
        with norm 1, that across by the factor of s P H P, and the first drives the second by at most
        s (beta + negative) / 2 times the norms of the column and the row that stand beside lam.
        """
        eta, found = arb(clip.eta), [arb(1)]
        for branch in branches:
            if branch == "band":
                s = eta * (arb(clip.gamma) / low).min(arb(1)) if low > 0 else eta
                across, v = self._across(s, beta, negative), s * (beta + negative) / 2 * self._drive * self.reach
                found.append((_length(v, across + 1) + _length(v, across - 1)) / 2)
            else:
                found.append(self._across(eta if branch == "full" else eta * arb(clip.delta), beta, negative))
        return largest_of(found)


def _length(x: arb, y: arb) -> arb:
    # As products: a power of a ball around 0 is not a number.
    return root(x * x + y * y)
