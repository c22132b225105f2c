"""The tangent kernel at the centre, a parameter group at a time, and how far its doubles are from the exact Jacobian.

K = sum over groups of J_g J_g^T, where the nodes that share a group add in J_g. Rows of J are not enclosed one by one:
with `||J - J^||_F <= e` and the singular values of J^ known from J^ J^^T in doubles, those of J are within e of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..cost import on_time
from ..fields import Array
from ..midpoint import UNIT, Approx, Upper, gamma, norms, product, stacked, terms, underflow
from ..spectra import largest, lower_bound
from .kinds.affine import Affine

_AT_ONCE = 2**23
"""Entries of a part of the Jacobian."""


@dataclass(frozen=True)
class Use:
    """One affine node of a group: dF/dz (n, C, N_v) and the values that it reads."""

    kind: Affine
    rows: Approx
    values: Approx

    @property
    def cotangent(self) -> Array:
        """(n, G, C, O, P)."""
        groups, positions, _ = self.kind.patches.shape
        n, heads, _ = self.rows.mid.shape
        return self.rows.mid.reshape(n, heads, groups, -1, positions).transpose(0, 2, 1, 3, 4)


class Kernel:
    """J^ J^^T (nC, nC) in doubles, the groups added one by one.

    Args:
        n: samples.
        outputs: C.
    """

    def __init__(self, n: int, outputs: int) -> None:
        self._shape = (n, outputs)
        self.mid = np.zeros((n * outputs, n * outputs))
        self._trace = Upper(0.0)
        self._errors: list[Upper] = []
        self._depth = 0

    def add(self, uses: list[Use]) -> None:
        """One group, from all nodes that it serves."""
        on_time()
        error = Upper(np.zeros(self._shape[0]))
        for use in uses:
            patches = use.kind.gather_extended(use.values.mid)
            n, groups, positions, _ = patches.shape
            sizes = Upper(norms(patches.reshape(n, groups, -1)).value.max(axis=1)) * (1 + 4 * UNIT)
            cot, moved = use.rows.norms, use.kind.reach * use.values.err
            rounding = cot * sizes * gamma(terms(positions) + len(uses) + 4)
            error = error + use.rows.err * (sizes + moved) + cot * moved + rounding + Upper(2.0**-1000)
        self._errors.append(error)
        kind = uses[0].kind
        if len(uses) == 1 and kind.dense and kind.weight.shape[1] > 1:
            self._schur(uses[0])
            return
        outputs, q = kind.weight.shape[1], kind.weight.shape[2] + 1
        rows = self._shape[0] * self._shape[1]
        step = max(1, _AT_ONCE // (rows * len(kind.weight) * q))
        for o in range(0, outputs, step):
            part = sum(_jacobian(use, slice(o, o + step)) for use in uses)
            assert isinstance(part, np.ndarray)
            self._gram(part.transpose(0, 2, 1, 3, 4).reshape(rows, -1))

    def _gram(self, part: Array) -> None:
        self.mid += product(part, part.T)
        self._count(norms(part).norm(), terms(part.shape[1]))

    def _schur(self, use: Use) -> None:
        n, outputs = self._shape
        cot, patches = use.rows.mid.reshape(n * outputs, -1), use.kind.gather_extended(use.values.mid)[:, 0, 0]
        inner = product(patches, patches.T)
        self.mid += product(cot, cot.T) * np.repeat(np.repeat(inner, outputs, axis=0), outputs, axis=1)
        sizes = use.rows.norms * norms(patches) * (1 + 4 * UNIT)
        self._count(sizes.norm(), terms(cot.shape[1]) + terms(patches.shape[1]) + 2)

    def _count(self, frobenius: Upper, roundings: int) -> None:
        self._trace = self._trace + frobenius * frobenius
        self._depth = max(self._depth, roundings) + 1

    @property
    def _rounding(self) -> Upper:
        return self._trace * gamma(self._depth + 1) + underflow(self.mid.size * self._depth) * 2.0**10

    @property
    def _distance(self) -> Upper:
        """||J - J^||_F."""
        return stacked(self._errors).norm()

    def extremes(self) -> tuple[float, float, Upper]:
        """Lower and upper bound of sigma_min(J), not below 0, and an upper bound of ||J||."""
        off, rounding = float(self._distance.value), float(self._rounding.value)
        least = max(lower_bound(self.mid) - rounding, 0.0) * (1 - 2.0**-50)
        low = max(np.sqrt(least) * (1 - 2.0**-50) - off, 0.0) * (1 - 2.0**-50)
        high = (self._quotient() + self._rounding).root() + self._distance
        top = (largest(self.mid[None])[0] + self._rounding).root() + self._distance
        return low, float(high.value), top

    def _quotient(self) -> Upper:
        """Upper bound of the smallest eigenvalue from an approximate eigenvector."""
        if not np.isfinite(self.mid).all():
            return Upper(np.inf)
        full = np.tril(self.mid) + np.tril(self.mid, -1).T
        vector = np.linalg.eigh(full)[1][:, 0]
        count = 2 * len(vector) + 4
        value = vector @ (full @ vector)
        lost = np.abs(vector) @ (np.abs(full) @ np.abs(vector)) * 2 * gamma(count)
        length = float(norms(vector).value) * (1 - 2 * gamma(count))
        return Upper(max(value + lost, 0.0) * (1 + 2.0**-50)).over(length**2 * (1 - 2.0**-50))


def _jacobian(use: Use, outputs: slice) -> Array:
    """J_v for some outputs of every group of channels: (n, G, C, O, q + 1)."""
    patches = use.kind.gather_extended(use.values.mid)
    cot = np.ascontiguousarray(use.cotangent[:, :, :, outputs])
    n, groups, heads, some, positions = cot.shape
    part = product(cot.reshape(n, groups, heads * some, positions), patches)
    return part.reshape(n, groups, heads, some, -1)
