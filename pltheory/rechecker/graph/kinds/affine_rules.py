"""What an affine node adds to rows forward and back, to M and to curvature (THEORY_GRAPHS section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...fields import Array
from ...midpoint import Approx, Upper
from ...spectra import norm_bounds
from .rows import Row, Rows, placed, symmetric


class AffineMap(Protocol):
    """What is read of the node: z_{g,o,p} = kappa W_g[o,:] . e_{g,p}(a_u) + tau b_{g,o}."""

    @property
    def inputs(self) -> tuple[int, ...]:
        """u."""

    @property
    def group(self) -> int:
        """gamma, from 0."""

    @property
    def patches(self) -> Array:
        """(G, P, q) of indices, -1 for a zero."""

    @property
    def kappa(self) -> float:
        """The factor of the weights."""

    @property
    def reach(self) -> Upper:
        """kappa omega."""

    @property
    def norm(self) -> Upper:
        """||T_v||, kappa included."""

    @property
    def dense(self) -> bool:
        """Whether P = G_v = 1."""

    @property
    def plain(self) -> bool:
        """Whether also omega = 1."""

    def patch_norms(self, a: Approx) -> tuple[Upper, Upper]:
        """||E~_v|| over the batch and en_v of a sample."""


@dataclass(frozen=True)
class AffineRules:
    """The centre's norms at an affine node.

    Attributes:
        batch: ||E~_v||.
        single: en_v.
        rows: ||B_v|| where P = G_v = 1, else Bs_v.
        reading: Br_v.
        row: bo_v.
        row_reading: br_v.
    """

    kind: AffineMap
    index: int
    batch: Upper
    single: Upper
    rows: Upper
    reading: Upper
    row: Upper
    row_reading: Upper

    @classmethod
    def at(cls, kind: AffineMap, v: int, rows: Approx, a: Approx, each: Upper) -> AffineRules:
        """From dF/dz, the values that the node reads, and ||B_v^i|| of every sample."""
        batch, single = kind.patch_norms(a)
        n, outputs, size = rows.mid.shape
        if kind.dense:
            stack = norm_bounds(rows.mid.reshape(1, n * outputs, size))[0] + rows.distance
            return cls(kind, v, batch, single, stack, stack, each.max(), each.max())
        groups, positions, _ = kind.patches.shape
        turned = rows.mid.reshape(n, outputs, groups, -1, positions).transpose(2, 0, 1, 4, 3)
        channels = turned.shape[4]
        reading = norm_bounds(turned.reshape(groups, n * outputs * positions, channels)).max() + rows.distance
        some = norm_bounds(turned.transpose(1, 0, 2, 3, 4).reshape(n * groups, outputs * positions, channels))
        one = (Upper(some.value.reshape(n, groups).max(axis=1)) + rows.err).max()
        return cls(kind, v, batch, single, each.norm(), reading, each.max(), one)

    @property
    def _parent(self) -> int:
        return self.kind.inputs[0]

    def _stack(self, at: Rows) -> Upper:
        """||B_v|| where P = G_v = 1, else min(Bs_v, Br_v).

        `D -> (B^i T(D))_i` has a norm below both, which is at most dB where dB takes the place of B: no sqrt(C).
        """
        return self.rows.min(self.reading) + at.moved_back(self.index, False)

    def _one(self, at: Rows) -> Upper:
        """min(bo_v, br_v), likewise."""
        return self.row.min(self.row_reading) + at.moved_back(self.index, True)

    def forward(self, at: Rows, single: bool) -> Row:
        """||E~|| e_gamma + Tb X_u."""
        own = (self.single if single else self.batch) + self.kind.reach * at.moved(self._parent, single)
        passed = self.kind.norm + self.kind.reach * at.s
        return at.unit(self.kind.group) * own + at.values(self._parent, single) * passed

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """Tb Y + kappa omega min(Bs, Br) e_gamma."""
        passed = at.below(self.index, single, self.kind.norm + self.kind.reach * at.s)
        own = self._one(at) if single else self._stack(at)
        return passed + at.unit(self.kind.group) * (self.kind.reach * own)

    def jacobian(self, at: Rows) -> list[Array]:
        """The row of M in each of its forms."""
        u, kind = self._parent, self.kind
        first = at.back(self.index, True) * (self.batch + kind.reach * at.moves.dA[u])
        one = at.values(u, False) * (kind.reach * self._one(at))
        rows = [first + one]
        if kind.plain:
            kappa = Upper.of(kind.kappa)
            second = at.back(self.index, False) * (self.single + kappa * at.moves.da[u])
            stack = at.values(u, True) * (kappa * (self.rows + at.moved_back(self.index, False)))
            rows += [second + at.values(u, False) * (kappa * self._one(at)), second + stack]
        return [placed(at, kind.group, row) for row in rows]

    def curvature(self, at: Rows) -> list[Array]:
        """2 kappa omega t_gamma bb (X'_u . t), or 2 kappa t_gamma Bb (x'_u . t) where P = G_v = 1 = omega."""
        u, unit = self._parent, at.unit(self.kind.group)
        found = [symmetric(unit, at.values(u, False) * (self.kind.reach * self._one(at)))]
        if self.kind.plain:
            stack = self.rows + at.moved_back(self.index, False)
            found.append(symmetric(unit, at.values(u, True) * (Upper.of(self.kind.kappa) * stack)))
        return found
