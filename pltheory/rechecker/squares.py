"""Sums of X X^T almost to the last bit, for matrices whose smallest eigenvalue is far below the largest.

Rows are cut in two, X = H + L, with H of 21 bits below the row's largest entry in 256 columns, so that H H^T is a sum
of whole numbers below 2^53 and exact in any order (Ozaki, Ogita, Oishi, Rump, Numer. Algorithms 59 (2012) 95). What is
left is smaller by 2^-21, and so is its rounding. Sums are kept in two doubles (Knuth's two-sum, exact).
"""

from __future__ import annotations

import numpy as np

from .fields import Array
from .midpoint import UNIT, Upper, gamma, norms, product, terms, underflow

_COLUMNS = 256
_BITS = 21
"""2 * 21 bits of a product and 8 of 256 terms leave the exact sum below 2^53."""
_RANGE = 400
"""Exponents of rows, of either sign, for which no product of their parts over- or underflows."""


class Squares:
    """A sum of X X^T and of other matrices.

    Args:
        rows: of every X.
    """

    def __init__(self, rows: int) -> None:
        self._high, self._low = np.zeros((rows, rows)), np.zeros((rows, rows))
        self._lost = Upper(0.0)

    def add(self, part: Array) -> None:
        """Add part part^T."""
        for k in range(0, part.shape[1], _COLUMNS):
            self._block(part[:, k : k + _COLUMNS])

    def add_matrix(self, matrix: Array, lost: Upper) -> None:
        """Add a matrix that is known to `lost` in Frobenius norm."""
        self._lost = self._lost + lost
        self._carry(matrix, np.zeros_like(matrix))

    def total(self) -> tuple[Array, Upper]:
        """The sum in doubles and an upper bound of its distance from the exact one in Frobenius norm."""
        total = self._high + self._low
        return total, self._lost + _size(total) * (2 * UNIT)

    def _block(self, x: Array) -> None:
        exponents = np.frexp(np.abs(x).max(axis=1))[1]
        if np.abs(exponents).max() > _RANGE or not np.isfinite(x).all():
            size = norms(x).norm()
            self.add_matrix(
                product(x, x.T), size * size * gamma(terms(x.shape[1])) + underflow(x.shape[1] * len(x) ** 2)
            )
            return
        # Adding 1.5 * 2^52 units of the last bit kept rounds to that bit.
        shift = np.ldexp(1.5, exponents + (52 - _BITS))[:, None]
        high = (x + shift) - shift
        low = x - high
        cross, rest = high @ low.T, low @ low.T
        sizes = norms(high).norm(), norms(low).norm()
        rounding = (sizes[0] * 2.0 + sizes[1]) * sizes[1] * gamma(x.shape[1] + 8)
        self._lost = self._lost + rounding + underflow(4 * x.shape[1] * len(x) ** 2)
        self._carry(high @ high.T, (cross + cross.T) + rest)

    def _carry(self, exact: Array, small: Array) -> None:
        total = self._high + exact
        back = total - self._high
        error = (self._high - (total - back)) + (exact - back)
        self._high = total
        self._low = self._low + (error + small)
        self._lost = self._lost + (_size(self._low) + _size(error) + _size(small)) * (4 * UNIT)


def _size(matrix: Array) -> Upper:
    return norms(matrix.reshape(-1))
