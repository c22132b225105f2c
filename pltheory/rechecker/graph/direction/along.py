"""The network at its weights in all directions at once: y, zdot and ydot of THEORY_GRAPHS section 5.

Direction k is u^k = R e_k and g^k = J_0^T u^k. Arrays are (n, N, N_v) over directions and (n, K, N_v) over their pairs,
an `Approx` each: doubles, and by sample how far the exact arrays of all directions are together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fields import Array
from ...midpoint import UNIT, Approx, Upper, gamma, norms, product, terms
from ...tables import activation
from ..centre import GraphCentre, added
from ..kinds.affine import Affine
from ..kinds.affine_rules import AffineRules
from ..kinds.fixed import Fixed
from ..kinds.kind import Kind
from ..kinds.pointwise import Pointwise
from .forms import Pairs, entry_norms


@dataclass(frozen=True)
class Gradient:
    """Gam_g of every direction, (G, N, O, q + 1), or q without a bias; err is of all together, in Frobenius norm."""

    mid: Array
    err: Upper

    @property
    def size(self) -> Upper:
        """Frobenius norm of the exact ones."""
        return norms(self.mid.reshape(-1)) + self.err


@dataclass(frozen=True)
class Along:
    """All that depends on one direction.

    Attributes:
        kinds, at: the network and its centre.
        y: of the nodes that parameters reach and that reach the output, None elsewhere.
        gradients: by group.
        tangents: zdot or adot of the same nodes.
    """

    kinds: list[Kind]
    at: GraphCentre
    y: list[Approx | None]
    gradients: dict[int, Gradient]
    tangents: dict[int, Approx]

    @classmethod
    def of(cls, kinds: list[Kind], at: GraphCentre, directions: Array) -> Along:
        """Passes back and forth.

        Args:
            kinds: of Input, Affine, Fixed, Sum and Pointwise nodes.
            at: their centre.
            directions: R (N, N), exact.
        """
        found = cls(kinds, at, _back(kinds, at, directions), {}, {})
        for v, kind in enumerate(kinds):
            y = found.y[v]
            if isinstance(kind, Affine) and y is not None:
                part = found.gradient(v, kind, y)
                known = found.gradients.get(kind.group)
                if known is not None:
                    mid = known.mid + part.mid
                    part = Gradient(mid, known.err + part.err + (known.size + part.size) * (2 * UNIT))
                found.gradients[kind.group] = part
        for v in range(len(kinds)):
            if found.y[v] is not None:
                found.tangents[v] = found._tangent(v)
        return found

    @property
    def pairs(self) -> Pairs:
        """Of the directions."""
        n, outputs, _ = self._last.shape
        return Pairs.of(n * outputs)

    @property
    def _last(self) -> Array:
        last = self.y[-1]
        assert last is not None
        return last.mid.transpose(0, 2, 1)

    def batch(self, v: int) -> Upper:
        """||E~_v||."""
        rules = self.at.rules[v]
        assert isinstance(rules, AffineRules)
        return rules.batch

    def gradient(self, v: int, kind: Affine, y: Approx) -> Gradient:
        """An affine node's part of J^T u."""
        a = self.at.values[kind.inputs[0]]
        e = patches(kind, a)
        cot = columns(kind, y.mid, slice(None))
        mid = product(cot, e).reshape(len(cot), y.mid.shape[1], -1, e.shape[2])
        err = y.distance * self.batch(v) + total(y) * (kind.reach * a.distance + size(e) * gamma(terms(e.shape[1]) + 3))
        return Gradient(mid, err + Upper(2.0**-1000))

    def _tangent(self, v: int) -> Approx:
        kind = self.kinds[v]
        moved = [self.tangents[u] for u in kind.inputs if u in self.tangents]
        if isinstance(kind, Affine):
            own = self._own_tangent(v, kind)
            return added(own, _linear(kind, moved[0])) if moved else own
        if isinstance(kind, Fixed):
            return _linear(kind, moved[0])
        if isinstance(kind, Pointwise):
            # diag(act') is symmetric: what it does to rows is what it does to tangents.
            return kind.backward(moved[0], [self.at.values[kind.inputs[0]]], self.at.values[v])[0]
        whole = moved[0]
        for part in moved[1:]:
            whole = added(whole, part)
        return whole

    def _own_tangent(self, v: int, kind: Affine) -> Approx:
        """E~(a) Gam^T."""
        gradient, a, rules = self.gradients[kind.group], self.at.values[kind.inputs[0]], self.at.rules[v]
        assert isinstance(rules, AffineRules)
        e = kind.gather_extended(a.mid)
        n, groups, positions, q = e.shape
        _, count, outputs, _ = gradient.mid.shape
        z = product(e, gradient.mid.reshape(groups, count * outputs, q).transpose(0, 2, 1))
        z = z.reshape(n, groups, positions, count, outputs).transpose(0, 3, 1, 4, 2).reshape(n, count, -1)
        rounding = norms(e.reshape(n, -1)) * gamma(terms(q) + 3)
        err = rules.single * gradient.err + gradient.size * (kind.reach * a.err + rounding)
        return Approx(z, err + Upper(2.0**-1000))

    def second(self, v: int, given: Approx | None) -> list[Approx | None]:
        """ydot, symmetrised over pairs, that a node gives to those that it reads; None for zero.

        Args:
            v: the node.
            given: its own ydot.
        """
        kind, pairs = self.kinds[v], self.pairs
        read = [self.at.values[u] for u in kind.inputs]
        passed: list[Approx | None] = [None] * len(read)
        if given is not None:
            passed = list(kind.backward(given, read, self.at.values[v]))
        if all(u not in self.tangents for u in kind.inputs):
            return [None] * len(read)
        if isinstance(kind, Affine):
            own = self._through(v, kind, pairs)
        elif isinstance(kind, Pointwise):
            own = self._bent(v, kind, pairs)
        else:
            return passed
        return [own if passed[0] is None else added(passed[0], own)]

    def _through(self, v: int, kind: Affine, pairs: Pairs) -> Approx:
        """T(Gam)^T y."""
        y, gradient = self.y[v], self.gradients[kind.group]
        assert y is not None
        n, count, _ = y.mid.shape
        q = kind.patches.shape[2]
        out = np.zeros((n, pairs.count, kind.width))
        for l in range(count):
            part = kind.folded(y.mid, np.ascontiguousarray(gradient.mid[:, l, :, :q]))
            share = np.where(np.arange(count) == l, 1.0, 0.5)
            out[:, pairs.where[:, l]] += part * share[:, None]
        rounding = gamma(terms(kind.weight.shape[1]) + kind.multiplicity + 8)
        sizes = gradient.size * kind.reach
        err = sizes * y.err + y.norms * (kind.reach * gradient.err + sizes * rounding)
        return Approx(out, err + Upper(2.0**-1000))

    def _bent(self, v: int, kind: Pointwise, pairs: Pairs) -> Approx:
        """act'' zdot y."""
        (u,), y = kind.inputs, self.y[v]
        assert y is not None
        z, s2, s3 = self.tangents[u], kind.slopes[1], kind.third
        values, errors = activation(kind.activation)[2](self.at.values[u].mid)
        out = np.empty((len(y.mid), pairs.count, kind.size))
        for p, (k, l) in enumerate(zip(pairs.first, pairs.second, strict=True)):
            out[:, p] = values * (0.5 * (y.mid[:, k] * z.mid[:, l] + y.mid[:, l] * z.mid[:, k]))
        # The Frobenius norm over all k and l of y_k z_l is that of the product of the entries' norms over k.
        ya, za = entry_norms(y.mid), entry_norms(z.mid)
        both = ya * za
        plain = norms(both.value)
        off = s3 * self.at.values[u].err + Upper(errors.max(axis=1))
        moved = y.err * (Upper(za.value.max(axis=1)) + z.err) + Upper(ya.value.max(axis=1)) * z.err
        err = s2 * (moved + plain * gamma(8)) + (plain + moved) * off
        return Approx(out, err + Upper(2.0**-900))


def _back(kinds: list[Kind], at: GraphCentre, directions: Array) -> list[Approx | None]:
    moving = [False] * len(kinds)
    for v, kind in enumerate(kinds):
        moving[v] = isinstance(kind, Affine) or any(moving[u] for u in kind.inputs)
    n, outputs, size_ = len(at.values[0]), kinds[-1].size, len(directions)
    start = np.ascontiguousarray(directions.reshape(n, outputs, size_).transpose(0, 2, 1))
    y: list[Approx | None] = [None] * len(kinds)
    y[-1] = Approx(start, Upper(np.zeros(n)))
    for v in reversed(range(len(kinds))):
        kind, own = kinds[v], y[v]
        if own is None or not any(moving[u] for u in kind.inputs):
            continue
        parts = kind.backward(own, [at.values[u] for u in kind.inputs], at.values[v])
        for u, part in zip(kind.inputs, parts, strict=True):
            if moving[u]:
                y[u] = added(y[u], part)
    return y


def _linear(kind: Affine | Fixed, a: Approx) -> Approx:
    """The linear part of an affine or fixed map, of every direction."""
    n, count, width = a.mid.shape
    out = kind.linear(Approx(a.mid.reshape(n * count, width), Upper(np.zeros(n * count))))
    each = Upper(out.err.value.reshape(n, count))
    rounding = (each * each).sum(axis=1).root()
    return Approx(out.mid.reshape(n, count, -1), kind.norm * a.err + rounding)


def columns(kind: Affine, rows: Array, outputs: slice) -> Array:
    """(G, K O', n P): arrays (n, K, N_v) at an affine node for some outputs of every group of channels."""
    n, count, _ = rows.shape
    groups, positions, _ = kind.patches.shape
    cot = rows.reshape(n, count, groups, -1, positions)[:, :, :, outputs].transpose(2, 1, 3, 0, 4)
    return np.ascontiguousarray(cot).reshape(groups, -1, n * positions)


def patches(kind: Affine, a: Approx) -> Array:
    """E~_g(A): (G, n P, q + 1)."""
    e = kind.gather_extended(a.mid).transpose(1, 0, 2, 3)
    return np.ascontiguousarray(e).reshape(len(e), -1, e.shape[3])


def tangent_patches(kind: Affine, a: Approx) -> Array:
    """kappa E_g(adot), in which kappa adot has rounded once: (G, N, n P, q)."""
    n, count, width = a.mid.shape
    e = kind.kappa * kind.gather(a.mid.reshape(n * count, width))
    groups, positions, q = e.shape[1:]
    e = e.reshape(n, count, groups, positions, q).transpose(2, 1, 0, 3, 4)
    return np.ascontiguousarray(e).reshape(groups, count, n * positions, q)


def total(a: Approx) -> Upper:
    """Frobenius norm of all doubles together."""
    return a.norms.norm()


def size(array: Array) -> Upper:
    """Frobenius norm of doubles."""
    return norms(array.reshape(1, -1))[0]
