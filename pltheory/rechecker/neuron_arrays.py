"""The pass over the neurons of Theorem B+ on whole arrays of doubles; names and means as in `neurons`.

What is linear in the flow is computed at doubles near the balls, a slice of neurons at a time, with one bound of the
error of each neuron's matrix in Frobenius norm. What follows are sums and products of upper bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat

from .arithmetic import Row
from .cost import on_time
from .fields import FAILED, Array, Stop
from .flow import Cells, Phase, Reference
from .midpoint import UNIT, Upper, gamma, norms, product, stacked, terms
from .network import Network, Neurons
from .neurons import Pass
from .spectra import largest
from .suprema import ArraySuprema

_TINY = Upper(2.0**-900)
"""More than underflow adds to any of the sums here."""


@dataclass(frozen=True)
class Near:
    """Doubles, and an upper bound of how far every exact entry is from its double."""

    mid: Array
    off: Upper

    @classmethod
    def of(cls, rows: list[Row]) -> Near:
        """Of balls."""
        mid = np.array([[float(v.mid()) for v in row] for row in rows])
        if not np.isfinite(mid).all():
            raise Stop(FAILED, "arithmetic", "a number is not finite: overflow")
        off = max((abs(v - m).upper() for row, near in zip(rows, mid.tolist(), strict=True)
                   for v, m in zip(row, near, strict=True)), default=arb(0))  # fmt: skip
        return cls(mid, Upper.of(off))

    @property
    def size(self) -> Upper:
        """Frobenius norm of the exact matrix."""
        return norms(self.mid.reshape(-1)) + self.lost

    @property
    def lost(self) -> Upper:
        """That of the error."""
        return self.off * _root(self.mid.size)

    @property
    def top(self) -> Upper:
        """The largest exact entry of every row."""
        return Upper(np.abs(self.mid).max(axis=1)) + self.off


def _root(count: int) -> Upper:
    return Upper(float(count)).root()


def _column(x: Upper) -> Upper:
    return Upper(x.value[:, None])


def _each(x: Array) -> Upper:
    """Frobenius norm of every matrix of a stack."""
    return norms(x.reshape(len(x), -1))


class Total:
    """A sum of X^T Y over slices, and what it is off in Frobenius norm."""

    def __init__(self) -> None:
        self.value: Array | float = 0.0
        self._off = Upper(0.0)

    def add(self, x: Array, x_off: Upper, y: Array, y_off: Upper) -> None:
        """Matrices of doubles, each known to `off` in Frobenius norm."""
        sizes = norms(x.reshape(-1)), norms(y.reshape(-1))
        self.value = self.value + product(x.T, y)
        rounding = sizes[0] * sizes[1] * gamma(terms(len(x)) + 1) + norms(self.value.reshape(-1)) * (2 * UNIT)
        self._off = self._off + rounding + x_off * (sizes[1] + y_off) + sizes[0] * y_off + _TINY

    @property
    def balls(self) -> arb_mat:
        """The exact sum, entry by entry."""
        assert isinstance(self.value, np.ndarray)
        off = arb(0, float(self._off.value)) if np.isfinite(self._off.value) else arb("nan")
        return arb_mat([[v + off for v in row] for row in self.value.tolist()])


class ArrayPass(Pass):
    """The pass over the neurons; arguments as of `Pass`."""

    def __init__(
        self, net: Network, at: Reference, flow: Cells, ends: list[int], phases: list[Phase], ew: Array, ea: Array,
        activation: str,
    ) -> None:  # fmt: skip
        super().__init__(net, at, flow, ends, phases, ew, ea, activation)
        self._local = ArraySuprema(activation)
        self._w, self._g = Near.of(at.whiten.tolist()), Near.of(net.gram.tolist())
        self._kappa_up, self._row, self._xs = Upper.of(net.kappa), _uppers(net.row), Upper.of(net.xs)
        self._at_points, self._kept = Near.of(flow.points.tolist()), [Total() for _ in range(4)]
        # v itself on the grid, and its moves: |Xh^T (D_j o v)|^2 is one product with G o (v v^T).
        back = at.whiten.transpose()
        ways = (Near.of((back * x).tolist()) for x in (flow.points, flow.moves))
        self._lengths, self._travels = (_Quadratic(self._g, way) for way in ways)
        self._rounding = gamma(terms(len(at.lam)) + 2)
        self._totals = [[Total() for _ in range(4)] for _ in phases]
        self._unsigned = [[Upper(np.zeros((len(at.lam),) * 2)) for _ in range(4)] for _ in phases]
        self._known = [_Known.of(flow, phase, g) for g, phase in enumerate(phases)]

    def take(self, part: Neurons) -> None:
        """Look at a slice of neurons."""
        on_time()
        s, d, d2 = (Near.of(x) for x in (part.s, part.d, part.d2))
        a = np.array([float(v) for v in part.a])
        size = Upper(np.abs(a))
        n, w, g = len(self._w.mid), self._w, self._g

        turned = w.mid * d.mid[:, None, :]  # W D_j
        length = _each(turned)
        turned_off = length * (2 * UNIT) + d.off * w.size + w.lost * d.top
        pushed = product(turned, g.mid)
        carried = _each(pushed)
        pushed_off = length * g.size * self._rounding + turned_off * g.size + length * g.lost
        form = product(pushed, turned.transpose(0, 2, 1))
        form_off = carried * length * self._rounding + pushed_off * (length + turned_off) + carried * turned_off
        big_n = (largest(form) + form_off * 1.5 + _TINY).root()  # the lower triangle stands for both

        changes = pushed * (-float(self.net.kappa) * a)[:, None, None]  # row l: dz1_j in the direction W^T e_l
        scale = self._kappa_up * size
        changed = _each(changes)
        changes_off = scale * pushed_off + changed * (4 * UNIT) + self._kappa_off * carried * size
        sw = product(s.mid, w.mid.T)
        rows = norms(s.mid)
        sw_off = rows * w.size * self._rounding + s.off * _root(n) * w.size + rows * w.lost
        dual_z = norms(changes.transpose(0, 2, 1)) + _column(changes_off)
        dual_p = norms(sw) + sw_off
        self._first(part, (s, d, d2), (changes, changed, changes_off), (sw, sw_off), a)

        points = self._at_points
        furthest = norms(points.mid.T).max() + points.off * _root(n)
        slack = points.off * _root(n)
        moved_z = np.abs(product(changes.transpose(0, 2, 1), points.mid))
        zm_off = (_column(changes_off) + dual_z * self._rounding) * furthest + dual_z * slack
        moved_a = np.abs(product(sw, points.mid))
        pm_off = (sw_off + dual_p * self._rounding) * furthest + dual_p * slack
        squares = self._lengths.of(d)
        steps = self._travels.of(d).root().value
        starts = [span.start for span in self._spans]
        zm = Upper(np.maximum.accumulate(np.maximum.reduceat(moved_z, starts, axis=2), axis=2))
        pm = Upper(np.maximum.accumulate(np.maximum.reduceat(moved_a, starts, axis=1), axis=1))
        om = Upper(np.maximum.accumulate(np.maximum.reduceat(squares.value, starts, axis=1), axis=1))
        lj = [Upper(steps[:, span.start : span.stop]).sum(axis=1) for span in self._cells]
        reached = [
            (
                Upper(zm.value[:, :, k]) + zm_off,
                self._kappa_up * (Upper(pm.value[:, k]) + pm_off),
                scale * Upper(om.value[:, k]).root(),
            )
            for k in range(len(self.phases))
        ]
        dual = (dual_z, self._kappa_up * dual_p, scale * big_n)
        self._neurons(part, (s, d, d2), size, reached, dual, lj, big_n)

    @property
    def _kappa_off(self) -> Upper:
        return Upper.of(self.net.kappa - float(self.net.kappa))

    def _first(self, part: Neurons, at: tuple[Near, Near, Near], changes: Any, sw: Any, a: Array) -> None:
        """What (L4) needs of all neurons."""
        s, d, d2 = at
        (change, changed, change_off), (moved, moved_off), size = changes, sw, Upper(np.abs(a))
        count, n = d.mid.shape
        kappa = -float(self.net.kappa)
        one = d.mid[:, None, :] * change
        one_off = _each(one) * (2 * UNIT) + d.top * change_off + d.off * changed
        two = (a[:, None] * d2.mid)[:, None, :] * change + d.mid[:, None, :] * (kappa * moved)[:, :, None]
        shifted, across = norms(moved), norms(d.mid) + d.off * _root(n)
        lost = size * d2.top * changed + self._kappa_up * shifted * across
        two_off = lost * (8 * UNIT) + size * (d2.top * change_off + d2.off * changed)
        two_off = two_off + self._kappa_up * (across * moved_off + d.off * _root(n) * shifted)
        two_off = two_off + self._kappa_off * (shifted + moved_off) * across
        base = a[:, None] * d.mid
        base_off = norms(base.reshape(-1)) * (2 * UNIT) + size.norm() * d.off * _root(n)
        rows = one.reshape(count, -1), two.reshape(count, -1)
        offs = one_off.norm() + _TINY, two_off.norm() + _TINY
        for k, (x, x_off, y, y_off) in enumerate(
            ((rows[0], offs[0], s.mid, s.lost), (rows[1], offs[1], base, base_off))
        ):
            self._kept[k].add(x, x_off, y, y_off)
            self._kept[2 + k].add(x, x_off, x, x_off)

    def _neurons(
        self, part: Neurons, at: tuple[Near, Near, Near], size: Upper, reached: list[tuple[Upper, Upper, Upper]],
        dual: tuple[Upper, Upper, Upper], lj: list[Upper], big_n: Upper,
    ) -> None:  # fmt: skip
        """(L3), (SC1), (SC2) for a slice, all phases."""
        (s, d, d2), (dz, dp, do) = at, dual
        index = slice(part.index.start, part.index.stop)
        bent, kappa, xs = Upper(np.abs(d2.mid)) + d2.off, self._kappa_up, self._xs
        zero = Upper(np.zeros(len(s.mid)))
        past_p = past_o = past_gam = past_gam1 = zero
        for k, ((zm, pm, om), known) in enumerate(zip(reached, self._known, strict=True)):
            ew, ea = Upper(self.ew[k, index]), Upper(self.ea[k, index])
            z = zm + dz * known.eb + _column(ew) * self._row
            p, o = pm + dp * known.eb + ea, om + do * known.eb + ew
            slope, second, third = self._local.over(z, s.mid, s.off, bent)
            whole = size + p
            u, bend = _column(whole) * slope, z * z * 0.5
            curve = second * bend
            gam = (known.occupation * (u * u * known.k).sum(axis=1)).root()
            gam1 = (curve * known.k1).sum(axis=1)
            path = lj[k] + big_n * known.dq
            widest = Upper(u.value.max(axis=1))
            need_w = kappa * (past_p + p * path + xs * (past_gam + gam + widest * known.dr))
            need_a = kappa * (past_o + o * path + past_gam1 + gam1 + _lengths(curve) * known.dr)
            past_p, past_o = past_p + p * lj[k], past_o + o * lj[k]
            past_gam, past_gam1 = past_gam + gam, past_gam1 + gam1
            self._asked(k, index.start, ((need_w, ew), (need_a, ea)))
            sums = self.sums[k]
            sums.p, sums.o = sums.p.max(_exact(p)), sums.o.max(_exact(o))
            sums.largest = sums.largest.max(_exact(whole))
            steep = third * bend
            drift = _column(p) * slope + _column(size) * steep
            rest = drift + _column(size * ew) * bent * self._row
            factors = (ew, d), (ea, d), (size * ew + p * o, d2), (size * ew, d2)
            for total, (e, x) in zip(self._totals[k], factors, strict=True):
                scaled = e.value[:, None] * x.mid
                off = norms(scaled.reshape(-1)) * (2 * UNIT) + e.norm() * x.off * _root(x.mid.shape[1]) + _TINY
                total.add(scaled, off, scaled, off)
            found = (curve, _column(whole) * steep, rest, drift)
            self._unsigned[k] = [t + _gram(x) for t, x in zip(self._unsigned[k], found, strict=True)]

    def _asked(self, k: int, start: int, asked: tuple[tuple[Upper, Upper], ...]) -> None:
        for which, (need, have) in enumerate(asked):
            quotients = need.over(have.value).value
            worst = int(np.argmax(quotients))
            quotient = arb(float(quotients[worst]))
            if not quotient <= self.sums[k].asked[which][0]:
                self.sums[k].asked[which] = (quotient.max(self.sums[k].asked[which][0]), start + worst)

    def close(self) -> None:
        """Sums as balls, once all neurons have been seen."""
        self._slopes, self._curves = ([t.balls for t in self._kept[k : k + 2]] for k in (0, 2))
        for sums, totals, unsigned in zip(self.sums, self._totals, self._unsigned, strict=True):
            sums.squares = [t.balls for t in totals]
            sums.unsigned = [arb_mat(x.value.tolist()) for x in unsigned]

    def largest(self, matrices: list[arb_mat]) -> Row:
        """Upper bounds of the largest eigenvalues of positive semidefinite matrices."""
        near = [Near.of(m.tolist()) for m in matrices]
        found = largest(np.stack([m.mid for m in near])) + stacked([m.lost for m in near])
        return [arb(v) for v in found.value.tolist()]


class _Quadratic:
    """Bounds of |Xh^T (D_j o v)|^2 = D_j^T (G o (v v^T)) D_j for the columns v of a matrix.

    Args:
        g: G.
        v: (n, T).
    """

    def __init__(self, g: Near, v: Near) -> None:
        n, count = v.mid.shape
        self._forms = (g.mid[:, :, None] * v.mid[:, None, :] * v.mid[None, :, :]).reshape(n * n, count)
        lost = v.off * _root(n)
        length = norms(v.mid.T) + lost
        self._size = length * length * g.size
        self._off = length * lost * g.size * 2.0 + length * length * g.lost + _TINY
        self._rounding = gamma(terms(n * n) + 8)

    def of(self, d: Near) -> Upper:
        """(neurons, T)."""
        pairs = d.mid[:, :, None] * d.mid[:, None, :]
        found = np.maximum(product(pairs.reshape(len(pairs), -1), self._forms), 0.0)
        top = _column(d.top)
        relative = top * top * self._rounding + top * d.off * 2.0
        return Upper(found) + relative * self._size + top * top * self._off


@dataclass(frozen=True)
class _Known:
    """A phase's constants, from above."""

    eb: Upper
    dq: Upper
    dr: Upper
    occupation: Upper
    k: Upper
    k1: Upper

    @classmethod
    def of(cls, flow: Cells, phase: Phase, g: int) -> _Known:
        """Of balls."""
        eb, dq, dr, occupation = (Upper.of(v) for v in (phase.eb, phase.dq, phase.dr, flow.occupation[g]))
        return cls(eb, dq, dr, occupation, _uppers(flow.k[g]), _uppers(flow.k1[g]))


def _uppers(values: Row) -> Upper:
    return Upper(np.array([float(Upper.of(v).value) for v in values]))


def _lengths(x: Upper) -> Upper:
    """Euclidean norms of rows of upper bounds."""
    return (x * x).sum(axis=1).root()


def _gram(x: Upper) -> Upper:
    """X^T X from above."""
    return Upper(product(x.value.T, x.value)) * (1 + 2 * gamma(terms(len(x.value)) + 1)) + _TINY


def _exact(x: Upper) -> arb:
    return arb(float(x.max().value))
