"""A Cholesky factor of a large matrix together with its verified residual, for little more than the factor alone.

`residual` takes the products of L from the matrix once L is known. A left-looking factorisation has subtracted most of
them on its way: what it hands to LAPACK, one panel of columns after the other, is the matrix less the products of the
columns before, and that less the products within the panel is the residual. So the residual costs n^2 PANEL operations
beside the n^3 / 3 of the factor. Nothing is trusted but sums of products: what LAPACK makes of a panel enters the
residual as any numbers would.

Each entry goes through these operations, of which the error terms of `residual` speak. (1) For the columns of L before
a cut the products are sliced: L1 L1^T is subtracted, which is exact but for that subtraction, then diag(s), then the
rest, L1 H^T + H L^T; every subtraction errs by U times the modulus of what it leaves. (2) From the cut on, products of
BLOCK columns are subtracted one after the other: `plain_rounding` of these columns, `entry_rounding` of what (1) left.
Where the cut lies is a matter of speed: what is left of the matrix gets smaller with every column that is taken from
it, and the errors of the plain products with it.

Nothing that is held at a time grows as n^2 but the matrix and the factor, and both may be files mapped into memory: a
panel reads each of the columns before it once.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from .midrad import Ball, row_two_norms
from .residual import (
    BLOCK,
    Exponents,
    Factor,
    Room,
    absolute_products,
    entry_rounding,
    mirrored,
    panels,
    plain_rounding,
    residual_underflow,
    scaling,
    slice_rounding,
    slices,
    split,
    step_rounding,
)
from .roundoff import Array, add_up, quiet, raise_sum
from .side_by_side import Rows, side_by_side

_LOSS = 2.0**-4
"""Plain products may cost that part of the shift, by a guess at their rounding."""
_ROW = 1.25
"""Largest norm of a row of L whose slices multiply exactly (`residual`)."""


@quiet
def factorise_with_residual(sym: Ball, shift: float, room: Room = np.zeros) -> tuple[Factor, float] | None:
    """Scaled Cholesky factor of (midpoint of sym) - shift I, and a bound of its residual.

    Args:
        sym: (n, n) ball; the lower triangle of the midpoint is read.
        shift: the eigenvalue bound aimed at.
        room: makes the array of zeros that becomes L.

    Returns:
        the factor and an upper bound of the spectral norm of D M D - diag(s) - L L^T, infinity where nothing can be
        said; None where there is no factor in floating point.
    """
    n, found = sym.shape[0], scaling(sym.mid, shift)
    if found is None:
        return None
    made = _Pass(sym.mid, *found, room((n, n)))
    with side_by_side(n) as run:
        for a, b in panels(n):
            if not made.corner(a, b):
                return None

            def below(rows: Rows, columns: Rows = (a, b)) -> _Sums | None:
                return made.below(rows, columns)

            # Added up here, in the order of the rows: what is computed does not hang on the number of threads.
            for sums in run(quiet(below), [rows for rows in panels(n) if rows[0] >= b]):
                if sums is None:
                    return None
                made.add(sums)
            made.move_cut(a, b)
    return Factor(made.work, *found), made.bound()


class _Tile:
    """Some rows and columns of D M D, from which products of L are taken, and the moduli that the errors hang on."""

    def __init__(self, values: Array, rows: Rows, columns: Rows) -> None:
        self.values, self.rows, self.columns = values, rows, columns
        self.steps, self.entry = np.zeros_like(values), np.zeros_like(values)

    def subtract(self, what: Array) -> None:
        """One rounded subtraction an entry."""
        self.values -= what
        self.steps += np.abs(self.values)

    def subtract_sliced(self, work: Array, first: int, last: int, diagonal: Array | None = None) -> None:
        """Take L1 L1^T of columns first:last, the vector from the diagonal, and L1 H^T + H L^T."""
        exact, small = np.zeros_like(self.values), np.zeros_like(self.values)
        for k in range(first, last, BLOCK):
            block = slice(k, min(k + BLOCK, last))
            (left1, left_h), right = split(work[slice(*self.rows), block]), work[slice(*self.columns), block]
            right1, right_h = split(right)
            exact += left1 @ right1.T
            small += left1 @ right_h.T + left_h @ right.T
        if first < last:
            self.subtract(exact)
        if diagonal is not None:
            at = np.arange(len(diagonal))
            self.values[at, at] -= diagonal
            self.steps[at, at] += np.abs(self.values[at, at])
        if first < last:
            self.subtract(small)

    def subtract_plain(self, work: Array, first: int, last: int) -> None:
        """One product and one subtraction for each block of columns first:last."""
        a, b = self.columns
        for k in range(first, last, BLOCK):
            block = slice(k, min(k + BLOCK, last))
            # Rows of L above its diagonal are zero there.
            start = max(a, k)
            self.values[:, start - a :] -= work[slice(*self.rows), block] @ work[start:b, block].T

    def sums(self) -> _Sums:
        """Sums of the moduli along both axes: of the steps, of what plain products were taken from, of the residual."""
        return _Sums(self, [(x.sum(axis=1), x.sum(axis=0)) for x in (self.steps, self.entry, np.abs(self.values))])


class _Sums:
    """What is left of a tile."""

    def __init__(self, tile: _Tile, along: list[tuple[Array, Array]]) -> None:
        self.rows, self.columns, self.along = slice(*tile.rows), slice(*tile.columns), along


class _Pass:
    """The columns of L as they come, and the row sums of the moduli of the three kinds of `_Tile.sums`."""

    def __init__(self, mid: Array, exponents: Exponents, shifts: Array, work: Array) -> None:
        self.mid, self.exponents, self.shifts, self.work = mid, exponents.astype(np.int32), shifts, work
        self.totals = np.zeros((3, len(mid)))
        self.cut, self.moving = 0, True
        self._left = np.ldexp(np.diagonal(mid), 2 * self.exponents) - shifts
        self._find_cut(0)

    def corner(self, a: int, b: int) -> bool:
        """Columns a:b, rows a:b."""
        tile = self._tile(mirrored(self.mid, a, b)[:, a:], (a, b), (a, b))
        self._take_columns_before(tile, self.shifts[a:b])
        try:
            self.work[a:b, a:b] = scipy.linalg.cholesky(tile.values, lower=True, check_finite=False)
        except (np.linalg.LinAlgError, ValueError):
            return False
        self._take_own_columns(tile)
        for total, (along_rows, _) in zip(self.totals, tile.sums().along, strict=True):
            total[a:b] += along_rows
        # Above the diagonal L is zero: products leave out what would stand there.
        made = self.work[a:b, a:b]
        return bool(np.isfinite(made).all()) and not np.triu(made, 1).any()

    def below(self, rows: Rows, columns: Rows) -> _Sums | None:
        """The same columns in rows below them; None where numbers overflow."""
        a, b = columns
        tile = self._tile(np.array(self.mid[slice(*rows), a:b]), rows, columns)
        self._take_columns_before(tile)
        found = scipy.linalg.solve_triangular(self.work[a:b, a:b], tile.values.T, lower=True, check_finite=False)
        if not np.isfinite(found).all():
            return None
        self.work[slice(*rows), a:b] = found.T
        self._take_own_columns(tile)
        return tile.sums()

    def add(self, found: _Sums) -> None:
        """Take in what `below` left: the matrix is symmetric, a column is a row as well."""
        for total, (along_rows, along_columns) in zip(self.totals, found.along, strict=True):
            total[found.rows] += along_rows
            total[found.columns] += along_columns

    def move_cut(self, a: int, b: int) -> None:
        """Once columns a:b are there: whether the next ones are sliced."""
        if self.moving:
            self._left[b:] -= np.einsum("ij,ij->i", self.work[b:, a:b], self.work[b:, a:b])
            self._find_cut(b)

    def bound(self) -> float:
        """Upper bound of the residual's norm: the largest row sum, with what rounding may have hidden of it."""
        n, cut = len(self.mid), self.cut
        # On its way a term is added to 5 others, and then to n at most along a row and to as many panels.
        steps, entry, residual = raise_sum(self.totals, n + 2 * len(panels(n)) + 5)
        rows = add_up(residual, step_rounding(steps), residual_underflow(n))
        if cut:
            if not float(np.max(row_two_norms(self.work[:, :cut]))) <= _ROW:
                return np.inf  # the slices would not multiply exactly
            rows = add_up(rows, slice_rounding(n, absolute_products(self.work, slices, last=cut)))
        if cut < n:
            plain = plain_rounding(n, absolute_products(self.work, first=cut))
            rows = add_up(rows, plain, entry_rounding(n, entry))
        delta = float(np.max(rows))
        return delta if np.isfinite(delta) else np.inf

    def _find_cut(self, b: int) -> None:
        """Slices end where the rounding of plain products of what is left, by Cauchy and Schwarz, costs little."""
        self.cut = b
        sizes = np.sqrt(np.maximum(0.0, self._left[b:]))
        moduli = sizes * np.sum(sizes)
        cost = np.max(plain_rounding(len(self.mid), moduli), initial=0.0)
        self.moving = bool(cost > _LOSS * np.min(np.abs(self.shifts)))

    def _tile(self, values: Array, rows: Rows, columns: Rows) -> _Tile:
        e = self.exponents
        if e.any():
            values = np.ldexp(values, e[slice(*rows), None] + e[slice(*columns)])
        return _Tile(np.ascontiguousarray(values), rows, columns)

    def _take_columns_before(self, tile: _Tile, diagonal: Array | None = None) -> None:
        a = tile.columns[0]
        tile.subtract_sliced(self.work, 0, min(a, self.cut), diagonal)
        if not self.moving:
            tile.entry += np.abs(tile.values)
            tile.subtract_plain(self.work, self.cut, a)

    def _take_own_columns(self, tile: _Tile) -> None:
        take = tile.subtract_sliced if self.moving else tile.subtract_plain
        take(self.work, *tile.columns)
