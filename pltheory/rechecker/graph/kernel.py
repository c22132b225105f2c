"""The tangent kernel at the centre, a parameter group at a time, and how far its doubles are from the exact Jacobian.

K = sum over groups of J_g J_g^T, where the nodes that share a group add in J_g. Rows of J are not enclosed one by one:
with `||J - J^||_F <= e` and the singular values of J^ known from J^ J^^T in doubles, those of J are within e of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..cost import on_time
from ..fields import Array
from ..midpoint import UNIT, Approx, Upper, gamma, norms, product, stacked, terms
from ..spectra import largest, lower_bound
from ..squares import Squares
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


@dataclass(frozen=True)
class Part:
    """A sum of J_g J_g^T in doubles.

    Attributes:
        matrix: its lower triangle.
        lost: its distance from the sum for the J_g in doubles, in Frobenius norm.
        error: by samples, how far these J_g are from the exact ones together.
    """

    matrix: Array
    lost: Upper
    error: Upper


class Kernel:
    """J^ J^^T (nC, nC) in doubles, the groups added one by one.

    Args:
        n: samples.
        outputs: C.
    """

    def __init__(self, n: int, outputs: int) -> None:
        self._shape = (n, outputs)
        self._squares = Squares(n * outputs)
        self._errors: list[Upper] = []

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
            self._squares.add(part.transpose(0, 2, 1, 3, 4).reshape(rows, -1))

    def _schur(self, use: Use) -> None:
        """(B B^T) o (E~ E~^T (x) 1 1^T), where P = G_v = 1."""
        n, outputs = self._shape
        sides = []
        for part in (use.rows.mid.reshape(n * outputs, -1), use.kind.gather_extended(use.values.mid)[:, 0, 0]):
            squares = Squares(len(part))
            squares.add(part)
            sides.append((*squares.total(), norms(part).max()))
        (cot, cot_lost, cot_size), (patches, lost, size) = sides
        matrix = cot * np.repeat(np.repeat(patches, outputs, axis=0), outputs, axis=1)
        # An entry of a Gram matrix is at most the square of the longest row; the smaller one is repeated C by C times.
        lost = lost * float(outputs) * (cot_size * cot_size) + cot_lost * (size * size + lost)
        self._squares.add_matrix(matrix, lost + norms(matrix.reshape(-1)) * (2 * UNIT) + Upper(2.0**-1000))

    def add_part(self, part: Part) -> None:
        """What another sum of groups comes to."""
        self._squares.add_matrix(part.matrix, part.lost)
        self._errors.append(part.error)

    @property
    def parts(self) -> int:
        """How many groups or parts were added."""
        return len(self._errors)

    @property
    def part(self) -> Part:
        """This sum as a part of others."""
        total, lost = self._squares.total()
        error = Upper(np.zeros(self._shape[0]))
        for one in self._errors:
            error = error + one
        return Part(total, lost, error)

    @property
    def _distance(self) -> Upper:
        """||J - J^||_F."""
        return stacked(self._errors).norm()

    @property
    def middle(self) -> Array:
        """J^ J^^T in doubles, its lower triangle."""
        return self._squares.total()[0]

    def extremes(self) -> tuple[float, float, Upper]:
        """Lower and upper bound of sigma_min(J), not below 0, and an upper bound of ||J||."""
        kernel, rounding = self._squares.total()
        off, low = self._distance, self.lowest()
        high = (_quotient(kernel) + rounding).root() + off
        return low, float(high.value), self.norm()

    def norm(self) -> Upper:
        """Upper bound of ||J||."""
        kernel, rounding = self._squares.total()
        return (largest(kernel[None])[0] + rounding).root() + self._distance

    def lowest(self) -> float:
        """Lower bound of sigma_min(J), not below 0."""
        kernel, rounding = self._squares.total()
        least = max(lower_bound(kernel) - float(rounding.value), 0.0) * (1 - 2.0**-50)
        return float(max(np.sqrt(least) * (1 - 2.0**-50) - float(self._distance.value), 0.0) * (1 - 2.0**-50))


def _quotient(kernel: Array) -> Upper:
    """Upper bound of the smallest eigenvalue from an approximate eigenvector."""
    if not np.isfinite(kernel).all():
        return Upper(np.inf)
    full = np.tril(kernel) + np.tril(kernel, -1).T
    vector = np.linalg.eigh(full)[1][:, 0]
    count = 2 * len(vector) + 4
    lost = np.abs(vector) @ (np.abs(full) @ np.abs(vector)) * 2 * gamma(count)
    value = Upper(max(float(vector @ (full @ vector)), 0.0)) + Upper(float(lost))
    length = float(norms(vector).value) * (1 - 2 * gamma(count))
    return value.over(length**2 * (1 - 2.0**-50))


def _jacobian(use: Use, outputs: slice) -> Array:
    """J_v for some outputs of every group of channels: (n, G, C, O, q + 1)."""
    patches = use.kind.gather_extended(use.values.mid)
    cot = np.ascontiguousarray(use.cotangent[:, :, :, outputs])
    n, groups, heads, some, positions = cot.shape
    part = product(cot.reshape(n, groups, heads * some, positions), patches)
    return part.reshape(n, groups, heads, some, -1)
