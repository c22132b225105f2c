"""One hidden layer of a piecewise linear function: how far its Jacobian jumps in a ball, unit by unit.

    F_ic = kappa_2 sum_k a_ck act(z_ik) + tau_2 c_c,  z_ik = w~_k . e~_i,  e~_i = [kappa_1 x_i, tau_1]

To flip sample i, unit k must move by `d_ik = m_ik / |e~_i|` at least. If it moves by t_k, it flips samples of
`{j: d_jk <= t_k}` only, and for every sample i these flips change the Jacobian by no more than
`kappa_2 js (sum_k |a_k|^2 ||E~ restricted to them||^2)^(1/2)`, the sum over the units that flip i (THEORY_RELU section
4, own, with weights xi_k). All units share the radius, `sum t_k^2 <= s^2`; a multiplier lam >= 0 in its place leaves a
choice for every unit by itself:

    N2(s) = min over lam of lam s^2 + g(lam),
    g(lam) = max_i sum_k max over {j: d_jk >= d_ik} of (|a_k|^2 v_jk - lam d_jk^2)_+,

v_jk >= ||E~ restricted to {j': d_j'k <= d_jk}||^2 (THEORY_RELU section 5). g is convex and does not increase.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..rigor.roundoff import Array, add_up, down, mul_up, quiet, raise_sum, sqrt_up, up
from .centre import Centre
from .fitting import Indices
from .jumps import Kinks
from .kinds.affine import Affine
from .kinds.kinks import PiecewiseLinear

ENTRIES = 4_000_000
"""Of Gram matrices in the order of single units held at a time."""
SPAN = 4.0 ** np.arange(-20, 1)
"""Multipliers tried first, times g(0) / s^2: larger ones cost more than all jumps together."""
NOTHING = 2.0**-900
"""Squares of jumps below it are not looked at more closely: multipliers would underflow."""
ROUNDS, BETWEEN = 3, 7
"""How often, and by how many multipliers, the gap around the best one is searched again."""


@dataclass(frozen=True, eq=False)
class JumpSquares:
    """N2 from values of g.

    Attributes:
        multipliers: lam, (r,), each >= 0.
        values: g, (r,), from above.
        least: no unit flips a sample unless it moves so far, from below.
        most: for radii up to this.
    """

    multipliers: Array
    values: Array
    least: float
    most: float

    def at(self, s: float) -> float:
        """Upper bound of N2(s), infinite beyond `most`; s is not below the radius."""
        if s < self.least:
            return 0.0
        if s > self.most:
            return math.inf
        return float(np.min(add_up(mul_up(self.multipliers, s, s), self.values)))


@dataclass(frozen=True, eq=False)
class OneLayer:
    """Such a network at the centre; n samples, m units.

    Attributes:
        distances: d_ik, (n, m), from below; infinite where a sample does not see the weights.
        columns: |a_k|, (m,), from above.
        moduli: |E~ E~^T| entry by entry, (n, n), from above.
        norm: ||E~||, from above.
        kappa: |kappa_2|.
        slope: s1, from above.
        jump: js, from above.
        most: for radii up to this: what is further than that has distance infinity.
    """

    distances: Array
    columns: Array
    moduli: Array
    norm: float
    kappa: float
    slope: float
    jump: float
    most: float = math.inf

    @classmethod
    def of(cls, centre: Centre) -> OneLayer | None:
        """From a linearisation with `jumps`; None of another graph, or of too many samples."""
        nodes = centre.graph.nodes
        if len(nodes) != 4 or any(node.inputs != (v,) for v, node in enumerate(nodes[1:])):
            return None
        first, act, head = (node.kind for node in nodes[1:])
        if not isinstance(first, Affine) or not isinstance(act, PiecewiseLinear) or not isinstance(head, Affine):
            return None
        if not first.dense or not head.dense or first.group == head.group:
            return None
        units, at = centre.units[1], centre.numbers[2]
        assert isinstance(at, Kinks)
        if units.moduli is None or at.reach is None:
            return None
        weight = units.field.constant(centre.graph.groups[head.group].weight[0])
        places = head.patches[0, 0]
        columns = np.zeros(nodes[2].size)
        columns[places[places >= 0]] = units.field.lengths(weight, 0)[places >= 0]
        return cls(
            distances(at.margins.nearest, at.reach.own),
            columns,
            units.moduli[0],
            units.norm,
            abs(head.kappa),
            act.slope(),
            act.jump(),
        )

    def within(self, radius: float) -> OneLayer:
        """The same for radii up to this one: no unit goes further, which the multiplier does not know."""
        near = np.where(self.distances <= radius, self.distances, np.inf)
        return replace(self, distances=near, most=min(radius, self.most))

    # --- N2 ---

    @cached_property
    def _sorted(self) -> tuple[Indices, Array, Array]:
        """By unit that can flip any, the samples in the order in which it can, (m', n): which, |a_k|^2 v, and d^2.

        Both are 0 behind the last that it can flip. Equal distances need no care: the last of them has the largest
        set, and is behind all.
        """
        able = np.isfinite(self.distances).any(0)
        d, columns = self.distances.T[able], self.columns[able, None]
        order = np.argsort(d, axis=1)
        d = np.take_along_axis(d, order, 1)
        finite = np.isfinite(d)
        gains = np.where(finite, mul_up(columns, columns, self._norms(order)), 0.0)
        costs = np.where(finite, np.maximum(0.0, down(d * d)), 0.0)
        return order, gains, costs

    def _norms(self, order: Indices) -> Array:
        """v: of the first 1, 2, .. samples of an order, by unit, (m, n)."""
        m, n = order.shape
        found = np.empty((m, n))
        whole = mul_up(self.norm, self.norm)
        size = max(1, ENTRIES // (n * n))
        for a in range(0, m, size):
            part = order[a : a + size]
            gram = self.moduli[part[:, :, None], part[:, None, :]]
            # The norm of a symmetric matrix is at most its largest sum of moduli in a row.
            sums = np.cumsum(gram, axis=2)
            within = np.where(np.tri(n, dtype=bool).T, sums, 0.0)  # row r counts from its own place on
            found[a : a + size] = np.minimum(raise_sum(within.max(1), n), whole)
        return found

    @quiet
    def g(self, multiplier: float) -> float:
        """Upper bound of g(lam)."""
        order, gains, costs = self._sorted
        m, n = order.shape
        paid = np.maximum(0.0, down(multiplier * costs))
        left = np.where(gains > 0, np.maximum(0.0, up(gains - paid)), 0.0)
        best = np.maximum.accumulate(left[:, ::-1], axis=1)[:, ::-1]
        sums = np.bincount(order.ravel(), weights=best.ravel(), minlength=n)
        return float(np.max(raise_sum(sums.astype(np.float64), m)))

    def squares(self, radii: Sequence[float]) -> JumpSquares:
        """N2, with multipliers that suit these radii; a bound at every other as well."""
        whole = self.g(0.0)
        found = {0.0: whole}
        for s in (s for s in radii if s > 0 and whole > NOTHING):
            tried = SPAN * (whole / s / s)
            for _ in range(ROUNDS + 1):
                found |= {lam: self.g(lam) for lam in map(float, tried) if lam not in found and np.isfinite(lam)}
                lams = np.array(sorted(found))
                at = int(np.argmin([lam * s * s + found[lam] for lam in lams]))
                if at == 0:
                    break  # everything may flip, or the multipliers of so small a radius overflow
                low, high = lams[at - 1], lams[min(at + 1, len(lams) - 1)]
                tried = np.geomspace(max(low, lams[at] / 4), high, BETWEEN + 2)
        lams = np.array(sorted(found))
        least = float(np.min(self.distances, initial=np.inf))
        return JumpSquares(lams, np.array([found[lam] for lam in lams]), least, self.most)

    # --- the Jacobian ---

    @property
    def lipschitz(self) -> float:
        """ell = kappa_2 s1 ||E~||, beside the jumps."""
        return float(mul_up(self.kappa, self.slope, self.norm))

    def change(self, s: float, squares: JumpSquares) -> float:
        """kap_0(s): `||J(w) - J_0|| <= kap_0(s) + ell s` over |w - w_0| <= s."""
        found = squares.at(s)
        return float(mul_up(self.kappa, self.jump, sqrt_up(found))) if found else 0.0

    def pairs(self, s: float, step: float, squares: JumpSquares) -> float:
        """kap(s): `||J(w') - J(w)|| <= kap(s) + ell |w' - w|` for |w - w_0| <= s, |w' - w| <= step.

        What flips between w and w' lies within t_k + step_k of the unit's weights at the centre; the second term is the
        head's own move, `||(a - a_0) (D' - D) e~|| <= js s ||E~||`.
        """
        both = add_up(sqrt_up(squares.at(float(add_up(s, step)))), mul_up(s, self.norm))
        return float(mul_up(self.kappa, self.jump, both))


def distances(margins: Array, lengths: Array) -> Array:
    """d = m / |e~| from below; infinite where |e~| is 0, whatever the margin: there z is the same at all weights."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.maximum(0.0, down(margins / lengths))
    return np.where(lengths == 0, np.inf, found)
