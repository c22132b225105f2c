"""L: fixed affine maps a = L a_u + c, their norm and what they do to weights on their outputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...fields import Array
from ...midpoint import UNIT, Approx, Upper, gamma, norms
from ...sparse import by_rows
from ...spectra import largest
from .kind import Around, Kind
from .rows import Row, Rows
from .stored import Arrays, Shapes

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_DENSE = 4096
"""Rows up to which the norm of a map whose rows overlap is taken from its Gram matrix."""


@dataclass(frozen=True, eq=False)
class Fixed(Kind):
    """a_k = sum_j factor[k, j] a_u[index[k, j]] + offset[k]; index -1, of factor 0, contributes nothing."""

    name = "fixed"
    axes: ClassVar = {"index": 2, "factor": 2}
    optional: ClassVar = {"offset": 1}

    size: int
    inputs: tuple[int, ...]
    index: Array
    factor: Array
    offset: Array | None
    width: int

    @classmethod
    def require_shapes(cls, shapes: Shapes) -> None:
        """A factor for every index, a row for every output."""
        shapes.require_size(shapes.own("index")[0])
        shapes.require_own("factor", shapes.own("index"), "index")
        if f"n{shapes.v}.offset" in shapes.all:
            shapes.require(f"n{shapes.v}.offset", (shapes.node.size,), f"node {shapes.v}")

    @classmethod
    def stored(cls, arrays: Arrays) -> Fixed:
        """The map; no factor where there is no index."""
        index, factor = arrays.indices("index", arrays.reads[0], lowest=-1), arrays.own("factor")
        if factor[index < 0].any():
            arrays.refuse("factor", "has a factor where there is no index")
        offset = arrays.all.get(f"n{arrays.v}.offset")
        return cls(arrays.node.size, arrays.node.inputs, index, factor, offset, arrays.reads[0])

    def _sparse(self, factor: Array) -> csr_array:
        """The matrix with other factors, an index that occurs twice in a row kept twice."""
        rows, each = factor.shape
        columns = np.maximum(self.index, 0)
        return by_rows(factor.ravel(), columns.ravel(), each * np.arange(rows + 1), self.width)

    @cached_property
    def _moduli(self) -> tuple[Upper, Upper]:
        """Row sums and column sums of |L|."""
        sparse, each = self._sparse(np.abs(self.factor)), self.factor.shape[1]
        rows = Upper(sparse.sum(axis=1)) * (1 + 2 * gamma(each + 1))
        return rows, Upper(sparse.sum(axis=0)) * (1 + 2 * gamma(len(self.factor) * each + 1))

    @cached_property
    def crude(self) -> Upper:
        """Bound of || |L| ||."""
        rows, columns = self._moduli
        return (rows.max() * columns.max()).root()

    @cached_property
    def single(self) -> bool:
        """Whether every output reads at most one entry."""
        return bool((np.count_nonzero(self.factor, axis=1) <= 1).all())

    @cached_property
    def norm(self) -> Upper:
        """||L||: exactly where rows or columns do not overlap, else from the Gram matrix of the shorter side."""
        used = np.bincount(self.index[self.factor != 0], minlength=self.width)
        if self.single:
            return Upper(self.weights(np.ones((1, self.size)))).max().min(self.crude)
        if (used <= 1).all():
            return norms(self.factor).max().min(self.crude)
        if min(self.size, self.width) > _DENSE:
            return self.crude
        sparse = self._sparse(self.factor)
        gram = (sparse @ sparse.T if self.size <= self.width else sparse.T @ sparse).toarray()
        # Every entry of the Gram matrix is off by at most gamma of the same sum of moduli, whose norm is crude^2.
        count = 2 * self.factor.shape[1] + max(self.size, self.width)
        return (largest(gram[None]).max() + self.crude * self.crude * gamma(count)).root().min(self.crude)

    def weights(self, c: Array) -> Array:
        """Weights c' on the input that stand for c on the output: ||c o L a|| <= ||c' o a|| for every a.

        `c'_j^2 = sum_k c_k^2 |l_kj| sum_i |l_ki|`, by Cauchy and Schwarz in every row; equal where rows have one entry.

        Args:
            c: (n, N_v), upper bounds.

        Returns:
            (n, N_u), upper bounds.
        """
        squares = Upper(c) * Upper(c) * self._moduli[0]
        sums = (self._sparse(np.abs(self.factor)).T @ squares.value.T).T
        return (Upper(sums) * (1 + 2 * gamma(self._overlap + 4)) + Upper(2.0**-1000)).root().value

    def forward(self, inputs: list[Approx]) -> Approx:
        """L a + c."""
        out = self.linear(inputs[0])
        if self.offset is None:
            return out
        return Approx(out.mid + self.offset, out.err + (out.norms + norms(self.offset)) * (2 * UNIT))

    def linear(self, a: Approx) -> Approx:
        """L a at the doubles of a."""
        out = (self._sparse(self.factor) @ a.mid.T).T
        if self.single and np.isin(self.factor, (-1.0, 0.0, 1.0)).all():
            return Approx(np.ascontiguousarray(out), Upper(np.zeros(len(out))))
        rounding = a.norms * self.crude * gamma(self.factor.shape[1] + 2)
        return Approx(np.ascontiguousarray(out), rounding + Upper(2.0**-1000))

    def carried(self, inputs: list[Approx]) -> Upper:
        """||L|| times the error."""
        return self.norm * inputs[0].err

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """B L."""
        n, outputs, _ = rows.mid.shape
        out = (self._sparse(self.factor).T @ rows.mid.reshape(n * outputs, -1).T).T
        rounding = rows.norms * self.crude * gamma(self._overlap + 2) + Upper(2.0**-1000)
        return [Approx(np.ascontiguousarray(out).reshape(n, outputs, -1), self.norm * rows.err + rounding)]

    @cached_property
    def _overlap(self) -> int:
        """The largest number of factors that one entry of the input meets."""
        return int(np.bincount(np.maximum(self.index, 0).ravel(), minlength=1).max(initial=0))

    def rules(self, around: Around) -> FixedRules:
        """Its norm alone."""
        return FixedRules(self, around.index)


@dataclass(frozen=True)
class FixedRules:
    """||L|| forward and backward."""

    kind: Fixed
    index: int

    def forward(self, at: Rows, single: bool) -> Row:
        """||L|| X."""
        return at.values(self.kind.inputs[0], single) * self.kind.norm

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """||L|| Y."""
        return at.back(self.index, single) * self.kind.norm

    def jacobian(self, at: Rows) -> list[Array]:
        """None."""
        return []

    def curvature(self, at: Rows) -> list[Array]:
        """None."""
        return []
