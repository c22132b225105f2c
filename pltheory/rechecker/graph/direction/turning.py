"""How the kernel's direction turns over balls: numbers at the centre, and the rows dz, dy, dyd and Pi made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fields import FAILED, Array, Stop
from ...midpoint import UNIT, Approx, Upper, gamma, product, terms
from ...spectra import norm_bounds
from ..kinds.affine import Affine
from ..kinds.fixed import Fixed
from ..kinds.kind import Kind
from ..kinds.pointwise import Pointwise
from ..kinds.rows import Moves, Row, Rows, Rules
from ..kinds.sums import Sum
from ..kinds.terms import Weighted
from ..weights import weighted
from .along import Along, columns, patches, size, tangent_patches, total
from .forms import Pairs, entry_norms, linear_norm, quartic

_AT_ONCE = 2**23
"""Entries of a part of S."""


@dataclass(frozen=True)
class AffineTurn:
    """Uniform in unit q, upper bounds.

    Attributes:
        back: yn, of ||y||_F.
        second: ydn, of ||ydot||_F.
        patches: ee, of ||kappa E(adot)||_2.
        weights: gn, of max_g ||Gam_g||_2 without the bias's column.
    """

    back: Upper
    second: Upper
    patches: Upper
    weights: Upper


@dataclass(frozen=True)
class PointwiseTurn:
    """Likewise; the weights are bounds of the moduli entry by entry.

    Attributes:
        tangent: max(za).
        back: max(ya).
        by_tangent: Om(za, u).
        by_back: Om(ya, u).
        by_second: Om(yda, u).
        by_product: Om of a bound of |y zdot|.
    """

    tangent: Upper
    back: Upper
    by_tangent: Weighted
    by_back: Weighted
    by_second: Weighted
    by_product: Weighted


@dataclass(frozen=True)
class Turns:
    """What h_q is at the centre.

    Attributes:
        nodes: by node; None for those without numbers of their own, and those in no bound.
        slope: th_1.
        defect: e, of ||R^T K_0 R - 1||.
    """

    nodes: list[AffineTurn | PointwiseTurn | None]
    slope: Upper
    defect: Upper


def turns_of(along: Along) -> Turns:
    """One pass from the output to the input over arrays of all pairs of directions."""
    kinds, pairs = along.kinds, along.pairs
    second: dict[int, Approx | None] = {}
    slope, waiting = _Slope(along, pairs), _members(kinds, along)
    nodes: list[AffineTurn | PointwiseTurn | None] = [None] * len(kinds)
    for v in reversed(range(len(kinds))):
        if along.y[v] is None:
            continue
        kind, own = kinds[v], second.pop(v, None)
        for u, part in zip(kind.inputs, along.second(v, own), strict=True):
            if u in along.tangents:
                known = second.get(u)
                second[u] = part if known is None else known if part is None else _sum(known, part)
        if isinstance(kind, Affine):
            nodes[v] = _affine(along, v, kind, own, pairs)
            left, members = waiting[kind.group]
            members.append((v, own))
            waiting[kind.group] = (left - 1, members)
            if left == 1:
                slope.add(members)
                members.clear()
        elif isinstance(kind, Pointwise):
            nodes[v] = _pointwise(along, v, kind, own, pairs)
    return Turns(nodes, slope.bound(), _defect(along))


def _sum(a: Approx, b: Approx) -> Approx:
    return Approx(a.mid + b.mid, a.err + b.err + (a.norms + b.norms) * (2 * UNIT))


def _members(kinds: list[Kind], along: Along) -> dict[int, tuple[int, list[tuple[int, Approx | None]]]]:
    found: dict[int, tuple[int, list[tuple[int, Approx | None]]]] = {}
    for v, kind in enumerate(kinds):
        if isinstance(kind, Affine) and along.y[v] is not None:
            found[kind.group] = (found.get(kind.group, (0, []))[0] + 1, [])
    return found


def _defect(along: Along) -> Upper:
    """||sum_g Gam_g Gam_g^T - 1||_2, by its Frobenius norm."""
    gram, lost = np.zeros(0), Upper(0.0)
    for part in along.gradients.values():
        flat = part.mid.transpose(1, 0, 2, 3).reshape(part.mid.shape[1], -1)
        own = product(flat, flat.T)
        gram = own if not gram.size else gram + own
        rough = size(flat)
        lost = lost + part.err * (rough * 2.0 + part.err)
        lost = lost + rough * rough * gamma(terms(flat.shape[1]) + len(along.gradients) + 1)
    off = size(gram - np.eye(len(gram)))
    return off * (1 + 4 * UNIT) + lost + Upper(len(gram) * 2 * UNIT)


def _affine(along: Along, v: int, kind: Affine, second: Approx | None, pairs: Pairs) -> AffineTurn:
    y, u = along.y[v], kind.inputs[0]
    assert y is not None
    flat = np.ascontiguousarray(y.mid.transpose(1, 0, 2)).reshape(1, y.mid.shape[1], -1)
    back, bent, moved, weights = norm_bounds(flat)[0] + y.distance, Upper(0.0), Upper(0.0), Upper(0.0)
    if second is not None:
        rows = np.ascontiguousarray(second.mid.transpose(1, 0, 2)).reshape(pairs.count, -1)
        rounding = size(rows) * size(rows) * gamma(terms(rows.shape[1]) + 1)
        bent = quartic(product(rows, rows.T), rounding, pairs) + second.distance * _TWICE
    if u in along.tangents:
        adot = along.tangents[u]
        moved = linear_norm(tangent_patches(kind, adot)) * (1 + 4 * UNIT) + kind.reach * adot.distance
        gradient = along.gradients[kind.group]
        weights = linear_norm(gradient.mid[:, :, :, : kind.patches.shape[2]]) + gradient.err
    return AffineTurn(back, bent, moved, weights)


_TWICE = float(np.nextafter(np.sqrt(2.0), 2))
"""Frobenius norm over all (k, l) of what has norm 1 over pairs, at most."""


def _pointwise(along: Along, v: int, kind: Pointwise, second: Approx | None, pairs: Pairs) -> PointwiseTurn:
    (u,), y = kind.inputs, along.y[v]
    assert y is not None
    z = along.tangents[u]
    off_y, off_z = Upper(y.err.value[:, None]), Upper(z.err.value[:, None])
    ya, za = entry_norms(y.mid) + off_y, entry_norms(z.mid) + off_z
    yda = Upper(np.zeros_like(ya.value))
    if second is not None:
        yda = entry_norms(second.mid, pairs.times) + Upper(second.err.value[:, None]) * _TWICE
    # sup (a . q)(b . q) = (|a| |b| + |a . b|) / 2 in modulus, for vectors a, b over the directions.
    inner = np.abs((y.mid * z.mid).sum(axis=1))
    rounding = ya * za * gamma(y.mid.shape[1] + 2) + Upper(2.0**-1000)
    both = (ya * za + (Upper(inner) + rounding)) * 0.5 + ya * off_z + off_y * za

    def by(c: Upper) -> Weighted:
        return weighted(c.value, u, along.kinds, along.at.values, Affine.weighted_batch)

    return PointwiseTurn(za.max(), ya.max(), by(za), by(ya), by(yda), by(both))


class _Slope:
    """th_1, from the Gram matrix of S_kl, a parameter group at a time."""

    def __init__(self, along: Along, pairs: Pairs) -> None:
        self._along, self._pairs = along, pairs
        self._gram = np.zeros((pairs.count, pairs.count))
        self._sizes, self._moved, self._parts, self._longest = Upper(0.0), Upper(0.0), 0, 1

    def add(self, members: list[tuple[int, Approx | None]]) -> None:
        """A group, from the nodes that it serves and their ydot: their blocks are summed before squaring."""
        along, count = self._along, len(self._pairs.where)
        off = Upper(0.0)
        for v, second in members:
            off = off + self._off(v, second)
        self._moved = (self._moved * self._moved + off * off).root()
        kind = along.kinds[members[0][0]]
        assert isinstance(kind, Affine)
        groups, outputs, q = kind.weight.shape
        step = max(1, _AT_ONCE // (count * count * groups * (q + 1)))
        for o in range(0, outputs, step):
            part = sum(self._part(v, second, slice(o, o + step)) for v, second in members)
            assert isinstance(part, np.ndarray)
            flat = part.reshape(self._pairs.count, -1)
            self._gram += product(flat, flat.T)
            self._sizes = self._sizes + size(flat) * size(flat)
            self._parts, self._longest = self._parts + 1, max(self._longest, flat.shape[1])

    def _part(self, v: int, second: Approx | None, outputs: slice) -> Array:
        """(K, G, O', q + 1): sum over samples of ydot^T E~(a) + y^T kappa E(adot), symmetrised."""
        along, pairs, kind, y = self._along, self._pairs, self._along.kinds[v], self._along.y[v]
        assert isinstance(kind, Affine)
        assert y is not None
        groups, whole, q = kind.weight.shape
        some, u = len(range(*outputs.indices(whole))), kind.inputs[0]
        part = np.zeros((pairs.count, groups, some, q if kind.bias is None else q + 1))
        if second is not None:
            own = product(columns(kind, second.mid, outputs), patches(kind, along.at.values[u]))
            part += own.reshape(groups, pairs.count, some, -1).transpose(1, 0, 2, 3)
        if u in along.tangents and q:
            n = len(pairs.where)
            e = tangent_patches(kind, along.tangents[u])
            beside = np.ascontiguousarray(e.transpose(0, 2, 1, 3)).reshape(groups, -1, n * q)
            both = product(columns(kind, y.mid, outputs), beside)
            both = both.reshape(groups, n, some, n, q).transpose(1, 3, 0, 2, 4)  # [k, l, ..]
            part[..., :q] += 0.5 * (both[pairs.first, pairs.second] + both[pairs.second, pairs.first])
        return part

    def _off(self, v: int, second: Approx | None) -> Upper:
        """How far the doubles of a node's part are from the exact one, in Frobenius norm over all (k, l)."""
        along, kind, y = self._along, self._along.kinds[v], self._along.y[v]
        assert isinstance(kind, Affine)
        assert y is not None
        u = kind.inputs[0]
        rounding, found = gamma(terms(len(y.mid) * kind.patches.shape[1]) + 8), Upper(2.0**-900)
        if second is not None:
            a = along.at.values[u]
            moved = kind.reach * a.distance + size(patches(kind, a)) * rounding
            found = found + (second.distance * along.batch(v) + total(second) * moved) * _TWICE
        if u in along.tangents:
            adot = along.tangents[u]
            moved = kind.reach * (adot.distance + total(adot) * rounding)
            found = found + y.distance * kind.reach * (total(adot) + adot.distance) + total(y) * moved
        return found

    def bound(self) -> Upper:
        """th_1."""
        rounding = self._sizes * gamma(terms(self._longest) + self._parts + 2)
        return quartic(self._gram, rounding, self._pairs) + self._moved


# --- over balls -------------------------------------------------------------------------------------------------------


class _Balls:
    """The rows of section 5 over many balls at once: rows are (m, G), numbers (m, 1)."""

    def __init__(self, kinds: list[Kind], rules: list[Rules], turns: Turns, groups: int, radii: Array) -> None:
        self.kinds, self.turns, self.s = kinds, turns, Upper(radii[:, None])
        none = [Upper(0.0)] * len(kinds)
        self.at = Rows(groups, self.s, False, Moves(none, none, none, none))
        for rule in rules:
            self.at.X.append(rule.forward(self.at, False))
        self.zero: Row = Upper(np.zeros((len(radii), groups)))

    def length(self, row: Row) -> Upper:
        """The largest row . t over each ball."""
        return self.s * Upper((row * row).sum(axis=-1).root().value[..., None])

    def spread(self, kind: Affine) -> Upper:
        """Tb."""
        return kind.norm + kind.reach * self.s

    def om(self, terms_: Weighted) -> Row:
        """Om."""
        return terms_.row(self.at, False)

    def tangents(self) -> list[Row]:
        """dz."""
        rows: list[Row] = []
        for kind, turn in zip(self.kinds, self.turns.nodes, strict=True):
            row = self.zero
            if isinstance(kind, Affine) and isinstance(turn, AffineTurn):
                u = kind.inputs[0]
                row = rows[u] * self.spread(kind) + self.at.unit(kind.group) * turn.patches
                row = row + self.at.X[u] * (kind.reach * turn.weights)
            elif isinstance(kind, Pointwise) and isinstance(turn, PointwiseTurn):
                s1, s2 = kind.slopes
                row = rows[kind.inputs[0]] * s1 + self.om(turn.by_tangent) * s2
            elif isinstance(kind, Fixed):
                row = rows[kind.inputs[0]] * kind.norm
            elif isinstance(kind, Sum):
                for u in kind.inputs:
                    row = row + rows[u]
            rows.append(row)
        return rows

    def backward(self, dz: list[Row]) -> tuple[list[Row], list[Row]]:
        """dy and dyd."""
        dy, dyd = [self.zero] * len(self.kinds), [self.zero] * len(self.kinds)
        for v in reversed(range(len(self.kinds))):
            kind, turn = self.kinds[v], self.turns.nodes[v]
            y, yd = dy[v], dyd[v]
            if isinstance(kind, Affine) and isinstance(turn, AffineTurn):
                unit = self.at.unit(kind.group)
                yd = yd * self.spread(kind) + unit * (kind.reach * turn.second) + y * (kind.reach * turn.weights)
                y = y * self.spread(kind) + unit * (kind.reach * turn.back)
            elif isinstance(kind, Pointwise) and isinstance(turn, PointwiseTurn):
                (s1, s2), z = kind.slopes, dz[kind.inputs[0]]
                # The change of zdot y: zdot dy + dzdot y + dzdot dy.
                both = y * turn.tangent + z * turn.back + y * self.length(z)
                yd = yd * s1 + (self.om(turn.by_second) + both) * s2 + self.om(turn.by_product) * kind.third
                y = y * s1 + self.om(turn.by_back) * s2
            elif isinstance(kind, Fixed):
                y, yd = y * kind.norm, yd * kind.norm
            elif not isinstance(kind, Sum):
                continue
            for u in kind.inputs:
                dy[u], dyd[u] = dy[u] + y, dyd[u] + yd
        return dy, dyd


def turning(along: Along, turns: Turns, groups: int, radii: Array) -> Upper:
    """||Pi(t)|| at every radius (m,): the gradient of h_q changes by at most t ||Pi(t)|| over the ball of radius t."""
    at = _Balls(along.kinds, along.at.rules, turns, groups, radii)
    dz = at.tangents()
    dy, dyd = at.backward(dz)
    rows = [at.zero] * groups
    for v, (kind, turn) in enumerate(zip(along.kinds, turns.nodes, strict=True)):
        if not (isinstance(kind, Affine) and isinstance(turn, AffineTurn)):
            continue
        u = kind.inputs[0]
        found = dyd[v] * (along.batch(v) + kind.reach * at.length(at.at.X[u] + at.zero))
        found = found + at.at.X[u] * (turn.second * kind.reach)
        found = found + dz[u] * (kind.reach * (turn.back + at.length(dy[v]))) + dy[v] * turn.patches
        rows[kind.group] = rows[kind.group] + found
    stack = np.stack([row.value for row in rows], axis=1)
    if not np.isfinite(stack).all():
        raise Stop(FAILED, "arithmetic", "a bound over the ball is not finite: overflow")
    return norm_bounds(stack)
