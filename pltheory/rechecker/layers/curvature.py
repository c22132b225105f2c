"""`iterate.hidden_layer_curvature` in doubles: midpoints at the weights, and one bound of their change.

With A the rows a~_i, D_ij = u_ij act''(z_ij), r the residual, for all weights within `reach`: residuals move by
dr = `lipschitz` reach, z_ij by |a~_i| reach, and u_ij by |kappa_2| (dr (W + reach) + |r| reach), W the longest column
of W_2. Then `||dQ_j||_F <= |A|_F^2 max |dD|` and `||dP_j||_F <= |kappa_2| |A|_F |d(r act')|_F`. What rounding and the
doubles' distance from the exact weights add has the same form.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from ..arithmetic import ACTIVATIONS, THIRD
from ..fields import Array
from ..file import Stored
from ..midpoint import UNIT, Upper, gamma, norms, product, terms
from ..pairs.step import PairWeights
from ..tables import activation
from .path import LayersSeen

_TINY = Upper(2.0**-900)
"""More than underflow adds to any of the sums here."""


class Units:
    """The blocks of a network of one hidden layer, and what of them never changes.

    Args:
        c: the network, its data and settings.
    """

    def __init__(self, c: Stored) -> None:
        self._tables = activation(c.activation)
        self._s1, self._s2 = (Upper.of(s()) for s in ACTIVATIONS[c.activation][1:])
        self._s3, self._kappa = Upper.of(THIRD[c.activation]()), Upper.of(c.kappas[1])
        points = c.kappas[0] * c.x
        if c.biases[0] is not None:
            points = np.hstack([points, np.full((len(points), 1), c.taus[0])])
        self._points = points
        # kappa x has rounded once.
        self._all = norms(points.reshape(-1)) * (1 + 4 * UNIT) + _TINY
        self._longest = norms(points).max() * (1 + 4 * UNIT) + _TINY
        gram = product(points, points.T)
        self._squares = gram * gram

    def bound(self, at: PairWeights, seen: LayersSeen, reach: arb, lipschitz: arb) -> arb:
        """Upper bound of ||sum_i r_i Hess f_i|| on the ball of radius `reach`: the largest block's."""
        way, (residual, hidden), head = Upper.of(reach), (seen.residual, seen.hidden[0]), at.weights[1]
        moved = Upper.of(lipschitz) * way + residual.err + residual.small
        size = residual.size
        shift = self._longest * way + hidden.err + hidden.small
        slope, bend = (table(hidden.high) for table in self._tables[1:])
        slope_off = self._s2 * shift + Upper(slope[1]).max()
        bend_off = self._s3 * shift + Upper(bend[1]).max()

        u = residual.high @ head.high
        column = norms(head.high.T).max()
        rounding = size * column * gamma(residual.high.shape[1] + 2)
        u_off = moved * (column + head.small + way) + size * (head.small + way) + rounding + _TINY
        d = u * bend[0]
        top = Upper(np.abs(d).max(initial=0.0))
        # Without kappa_2, which all of a block has.
        off = u_off * self._s2 + Upper(np.abs(u).max(initial=0.0)) * bend_off + top * (4 * UNIT) + _TINY
        form = self._forms(d) + off * self._all * self._all
        r_off = moved * self._s1 + size * slope_off
        rounding = size * (self._s1 + slope_off) * gamma(terms(len(d)) + 8)
        mixed = self._mixed(residual.high, slope[0]) + (r_off + rounding) * self._all + _TINY
        root = (form * form + mixed * mixed * 4.0).root()
        return ((form + root) * 0.5 * self._kappa).max().exact

    def _forms(self, d: Array) -> Upper:
        """(m,): ||Q_j||_F from D in doubles, `||Q_j||_F^2 = D_j^T (G o G) D_j`."""
        forms = (d * product(self._squares, d)).sum(axis=0)
        # |(G o G)_ik| <= |a~_i|^2 |a~_k|^2, and what rounding of G, its square and the sums loses is relative to that.
        sums = Upper(np.abs(d).sum(axis=0)) * (1 + 2 * gamma(len(d) + 1)) * self._longest * self._longest
        count = 2 * self._points.shape[1] + 2 * len(d) + 32
        return (Upper(np.maximum(forms, 0.0)) + sums * sums * gamma(count) + _TINY).root()

    def _mixed(self, residual: Array, slopes: Array) -> Upper:
        """(m,): ||P_j||_F from doubles, without what rounding of the products adds."""
        total = Upper(np.zeros(slopes.shape[1]))
        for column in residual.T:
            part = norms(product(self._points.T, column[:, None] * slopes).T)
            total = total + part * part
        return total.root()
