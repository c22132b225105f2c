"""One hidden layer with kinks: how far jumps turn the Jacobian, unit by unit (THEORY_RELU section 5).

`F_ic = kappa_2 sum_k a_ck act(z_ik)`, `z_ik = w~_k . x~_i`, and d_ik = m_ik / |x~_i| is how far unit k must go for
sample i to leave its piece. `kap_0(s)^2 = kappa_2^2 js^2 N2(s)` with, for any lam >= 0,
`N2(s) <= lam s^2 + max_i sum_k max_{j: d_jk >= d_ik} (|a_k|^2 v_jk - lam d_jk^2)_+`, v_jk at least the square of
the norm of the x~ that can have left with j, and only d_jk <= s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import Array
from ..midpoint import UNIT, Upper, gamma, norms, product, terms
from ..spectra import norm_bounds
from .centre import GraphCentre
from .kinds.affine import Affine
from .kinds.fixed import Fixed
from .kinds.kind import Kind
from .kinds.kinks import KinkRules, PiecewiseLinear

_TRIED, _ROUNDS = 16, 3
"""Values of lam that are tried, and how often the gap around the best is divided again."""


@dataclass(frozen=True, eq=False)
class OneLayer:
    """Numbers at the centre.

    Attributes:
        scale: kappa_2 js.
        smooth: ell = kappa_2 s1 ||X~||.
        order: (n, m), the samples of each unit in rising order of d_ik.
        moves: d_ik from below in that order, (n, m).
        squares: v_jk in the same order, (n, m), from above.
        weights: |a_k|^2, (m,), from above.
    """

    scale: Upper
    smooth: Upper
    order: Array
    moves: Array
    squares: Array
    weights: Array

    @classmethod
    def of(cls, kinds: list[Kind], at: GraphCentre) -> OneLayer | None:
        """None for another graph."""
        first = next((v for v, kind in enumerate(kinds) if not isinstance(kind, Fixed) and v), 0)
        if len(kinds) != first + 3 or any(kind.inputs != (v - 1,) for v, kind in enumerate(kinds) if v):
            return None
        hidden, act, head = kinds[first:]
        rule = at.rules[first + 1]
        if not isinstance(hidden, Affine) or not isinstance(head, Affine) or not isinstance(act, PiecewiseLinear):
            return None
        if not (hidden.dense and head.plain and hidden.group != head.group and isinstance(rule, KinkRules)):
            return None
        order = head.patches[0, 0]
        if sorted(order.tolist()) != list(range(head.width)):
            return None
        a = np.empty(head.width)
        a[order] = norms(head.weight[0].T).value
        points = at.values[first - 1]
        e = hidden.gather_extended(points.mid)[:, 0, 0]  # (n, q + 1)
        off = hidden.reach * points.err
        sizes = norms(e) * (1 + 4 * UNIT) + off + Upper(np.where(e.any(axis=1), 2.0**-1000, 0.0))
        whole = norm_bounds(e[None])[0] * (1 + 8 * UNIT) + off.norm()
        with np.errstate(divide="ignore", invalid="ignore"):
            moves = np.maximum(rule.margins.nearest, 0.0) / sizes.value[:, None]
        # What does not move at all never leaves its piece.
        moves = np.where(sizes.value[:, None] == 0, np.inf, np.maximum(np.nextafter(moves, -np.inf), 0.0))
        turned = np.argsort(moves, axis=0, kind="stable")
        squares = _squares(e, sizes, off, whole, turned)
        weights = Upper(a) * Upper(a)
        kappa = Upper.of(head.kappa)
        return cls(
            kappa * rule.kind.jump, kappa * rule.kind.steepest * whole, turned,
            np.take_along_axis(moves, turned, 0), squares, weights.value,
        )  # fmt: skip

    def _jump(self, way: Upper, radius: float) -> tuple[Upper, Upper]:
        """sqrt N2 of units that go by `way` together, none by more than `radius`; and the root of the largest v_jk."""
        moves = np.where(self.moves <= radius, self.moves, np.inf)
        near = np.isfinite(moves).any(axis=0)
        if not near.any():
            return Upper(0.0), Upper(0.0)
        moves, order, some = moves[:, near], self.order[:, near], np.isfinite(moves[:, near])
        turned = Upper(np.where(some, self.squares[:, near], 0.0))
        values = (turned * Upper(self.weights[near])).value
        squares = np.where(some, np.nextafter(np.square(np.where(some, moves, 0.0)), -np.inf) * (1 - 2.0**-50), 0.0)
        square = way * way
        best = self._with(0.0, values, squares, square, order)
        # The best lam lies between what makes the first term everything and what makes every other term 0.
        high = float(best.value) / float(square.value) if square.value > 2.0**-900 else 0.0
        low = 1e-6 * high
        for _ in range(_ROUNDS if high > 0 else 0):
            # Convex in lam: the least lies between the neighbours of the best that was tried.
            tried = np.geomspace(low, high, _TRIED)
            found = [self._with(float(lam), values, squares, square, order) for lam in tried]
            k = int(np.argmin([float(f.value) for f in found]))
            best = best.min(found[k])
            low, high = tried[max(k - 1, 0)], tried[min(k + 1, _TRIED - 1)]
        return best.root(), turned.max().root()

    @staticmethod
    def _with(lam: float, values: Array, squares: Array, square: Upper, order: Array) -> Upper:
        kept = np.maximum(np.nextafter(values - np.nextafter(lam * squares, -np.inf), np.inf), 0.0)
        kept = np.where(values == 0, 0.0, kept)
        # Over all j that go at least as far as i: the largest from i on; of equal ones all.
        ahead = np.maximum.accumulate(kept[::-1], axis=0)[::-1]
        by_sample = np.empty_like(ahead)
        np.put_along_axis(by_sample, order, ahead, 0)
        return Upper(lam) * square + Upper(by_sample).sum(axis=1).max()

    def change(self, s: float) -> tuple[Upper, Upper]:
        """kap_0(s) and s ell."""
        return self.scale * self._jump(Upper(s), s)[0], Upper(s) * self.smooth

    def pairs(self, s: float, start: Upper | None, step: Upper | None) -> tuple[Upper, Upper]:
        """kap and ell.

        Of what either of two weights may flip the squares of the ways sum to at most 2 s^2. Beside a_0 the jumps meet
        a - a_0, no longer than the way to the first of the weights.
        """
        reach, base = Upper(s) * Upper(2.0).root(), Upper(s)
        if start is not None and step is not None:
            reach, base = reach.min(start + step), start
        jump, most = self._jump(reach, s)
        return self.scale * (jump + base * most), self.smooth


def _squares(e: Array, sizes: Upper, off: Upper, whole: Upper, turned: Array) -> Array:
    """v_jk in the order of `turned`, (n, m): the largest row sum of |G| on the samples up to j, or ||X~||^2."""
    n = len(e)
    lost = norms(e) * (8 * UNIT) + off
    gram = np.abs(product(e, e.T))
    s, t = (sizes + norms(e) * (8 * UNIT)).value, lost.value
    rounding = s[:, None] * s[None, :] * gamma(terms(e.shape[1]) + 4) + s[:, None] * t + t[:, None] * s
    gram = (gram + rounding) * (1 + 8 * UNIT)
    sums = np.zeros((n, turned.shape[1]))
    inside = np.zeros(sums.shape, dtype=bool)
    found = np.empty(sums.shape)
    columns = np.arange(turned.shape[1])
    for j in range(n):
        inside[turned[j], columns] = True
        sums += gram[:, turned[j]]
        found[j] = np.where(inside, sums, 0.0).max(axis=0)
    found = (Upper(found) * (1 + 2 * gamma(n + 2))).value
    return np.minimum(found, float((whole * whole).value))
