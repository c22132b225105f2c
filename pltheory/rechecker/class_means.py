"""Class means of values that are known near doubles, and how far the values are from them.

The doubles are taken as exact, in ball arithmetic; what the exact values are off from them moves a norm by no more.
"""

from __future__ import annotations

import numpy as np
from flint import arb, arb_mat

from .arithmetic import blocks, matrix, root, spectral_norm
from .cost import on_time
from .fields import Array
from .midpoint import Approx


def around(size: arb, off: arb) -> arb:
    """Enclosure of a norm of something within `off` of what has that norm."""
    return (size - off).lower().max(arb(0)).union((size + off).upper())


def square(m: arb_mat) -> arb:
    """Sum of squares of all entries."""
    flat = arb_mat(1, m.nrows() * m.ncols(), m.entries())
    return (flat * flat.transpose())[0, 0]


class Classes:
    """Samples by classes.

    Args:
        labels: (n,), from 0.

    Attributes:
        present: the classes that there are, rising.
    """

    def __init__(self, labels: Array) -> None:
        self.present = np.unique(labels)
        self._rows = [np.flatnonzero(labels == c) for c in self.present]

    @property
    def spread(self) -> arb:
        """||Y - mean of Y||_F of rows of zeros and a one: the root of n - sum n_c^2 / n."""
        counts = [len(rows) for rows in self._rows]
        return (sum(counts) - arb(sum(k * k for k in counts)) / sum(counts)).sqrt()

    def means(self, a: Approx) -> tuple[arb_mat, arb]:
        """Class means of the doubles, a row each, and how far those of the exact values may be in Frobenius norm."""
        errors = a.err.value.tolist()
        off = [sum((arb(errors[i]) for i in rows), arb(0)) / len(rows) for rows in self._rows]
        found = [_mean(a.mid[rows]) for rows in self._rows]
        return arb_mat([m.entries() for m in found]), root(sum((v * v for v in off), arb(0))).upper()

    def deviation(self, a: Approx) -> arb:
        """||A - class means||_F: a projection, which takes errors no further."""
        total = arb(0)
        for rows in self._rows:
            part = a.mid[rows]
            mean = _mean(part)
            for block in blocks(part, 0):
                on_time()
                total += square(matrix(block) - _ones(len(block), 1) * mean)
        return around(root(total), a.distance.exact)


def size(a: Approx, less: Array | None = None, more: int = 0) -> arb:
    """||A - less||_F, as many ones put into A as `more` says."""
    total = arb(more)
    own = a.mid if less is None else np.concatenate([a.mid, less], axis=1)
    columns = a.mid.shape[1]
    for block in blocks(own, 0):
        on_time()
        part = matrix(block[:, :columns])
        total += square(part if less is None else part - matrix(block[:, columns:]))
    return around(root(total), a.distance.exact)


def norm(m: arb_mat, off: arb) -> arb:
    """Spectral norm of a matrix within `off` of m in Frobenius norm."""
    return around(spectral_norm(m), off)


def _ones(rows: int, columns: int) -> arb_mat:
    return arb_mat(rows, columns, [1] * (rows * columns))


def _mean(part: Array) -> arb_mat:
    total = arb_mat(1, part.shape[1])
    for block in blocks(part, 0):
        on_time()
        total += _ones(1, len(block)) * matrix(block)
    return total * (1 / arb(len(part)))
