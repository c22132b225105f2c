"""Sparse matrices, of SciPy, which is loaded when a graph asks for one and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .fields import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def by_rows(values: Array, columns: Array, starts: Array, width: int) -> csr_array:
    """The matrix whose row k has values[starts[k] : starts[k + 1]] in the columns of the same numbers.

    A column that occurs twice in a row is kept twice; a product adds both.
    """
    from scipy.sparse import csr_array

    return csr_array((values, columns, starts), shape=(len(starts) - 1, width))


def ones_at(rows: Array, columns: Array, shape: tuple[int, int]) -> csr_array:
    """Ones at places of which none occurs twice."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
