"""L: a fixed affine map: pooling, permutation, crop, embedding of channels, normalisation by fixed statistics.

`a_k = sum_j factor[k, j] a_u[index[k, j]] + offset[k]` (THEORY_GRAPHS section 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...rigor.roundoff import Array, mul_up, sqrt_up, sum_up
from ...theory.arithmetic import Scalar
from ...theory.rows import Pair
from ..fields.protocol import Field, Values
from ..fitting import GroupShapes, Indices, require, require_indices
from ..sweep import Sweep
from ..tape import Tape, Weighted
from .kind import Kind


@dataclass(frozen=True)
class FixedNumbers:
    """||L||, from above: the root of the largest row sum times the largest column sum of moduli."""

    norm: Scalar


@dataclass(frozen=True, eq=False)
class Fixed(Kind):
    """A fixed affine node.

    Attributes:
        index: (N_v, m), entries of the input; -1 for nothing.
        factor: (N_v, m), 0 where index is -1.
        offset: (N_v,), or None.
    """

    index: Indices
    factor: Array
    offset: Array | None = None

    name = "fixed"

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Index, factor, and offset where there is one."""
        return {"index": self.index, "factor": self.factor} | ({} if self.offset is None else {"offset": self.offset})

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) == 1, "a fixed map reads one other node")
        require_indices(self.index, 2, inputs[0], "indices", padding=True)
        require(len(self.index) == size >= 1, "a fixed map has another size")
        require(self.index.shape[1] >= 1, "a fixed map needs a column of indices")
        require(self.factor.shape == self.index.shape and bool(np.isfinite(self.factor).all()), "factors do not fit")
        require(not self.factor[self.index < 0].any(), "a factor without an index must be 0")
        require(
            self.offset is None or (self.offset.shape == (size,) and bool(np.isfinite(self.offset).all())),
            "the offset does not fit",
        )

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """L A_u + c."""
        f = tape.field
        total = self.linear(f, tape.values[inputs[0]])
        return total if self.offset is None else f.add(total, f.constant(self.offset[None, :]))

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """B_v L."""
        f, size = tape.field, tape.field.shape(tape.values[inputs[0]])[1]
        rows, terms = np.nonzero(self.index >= 0)
        entries, factors = self.index[rows, terms], self.factor[rows, terms]
        order = np.argsort(entries, kind="stable")
        entries, rows, factors = entries[order], rows[order], factors[order]
        place = np.arange(len(entries)) - np.searchsorted(entries, entries)
        most = int(place.max(initial=0)) + 1
        index, factor = np.full((size, most), -1, dtype=np.int64), np.zeros((size, most))
        index[entries, place], factor[entries, place] = rows, factors
        return [Fixed(index, factor).linear(f, tape.rows[v])]

    def linear(self, f: Field, x: Values) -> Values:
        """L x without the offset, along the last axis."""
        if (self.factor == np.where(self.index >= 0, 1.0, 0.0)).all():
            return f.gathered_sum(x, self.index)
        total = None
        for index, factor in zip(self.index.T, self.factor.T, strict=True):
            part = f.times(f.gather(x, index), f.constant(np.ascontiguousarray(factor)[None, :]))
            total = part if total is None else f.add(total, part)
        return total

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> FixedNumbers:
        """The norm."""
        rows, columns = self._moduli(tape.field.shape(tape.values[inputs[0]])[1])
        largest = mul_up(float(rows.max(initial=0.0)), float(columns.max(initial=0.0)))
        return FixedNumbers(float(sqrt_up(largest)) if largest != 1 else 1.0)

    def _moduli(self, size: int) -> tuple[Array, Array]:
        """Sums of moduli by row and by column, from above."""
        moduli = np.abs(self.factor)
        columns, most = np.zeros(size), int(np.bincount(self.index[self.index >= 0], minlength=1).max(initial=0))
        np.add.at(columns, self.index[self.index >= 0], moduli[self.index >= 0])
        one = self.index.shape[1] <= 1
        return (moduli.sum(1) if one else sum_up(moduli, 1)), (columns if most <= 1 else mul_up(columns, 1 + 2.0**-30))

    def weighted(self, tape: Tape, v: int, inputs: Sequence[int], c: np.ndarray) -> list[Weighted]:
        """Of the input with weights `c'_j^2 = sum_k c_k^2 |l_kj| sum_i |l_ki|`, by Cauchy and Schwarz in every row."""
        rows, _ = self._moduli(tape.field.shape(tape.values[inputs[0]])[1])
        squares = mul_up(c, c, rows[None, :])  # (n, N_v)
        back = np.zeros(tape.field.shape(tape.values[inputs[0]]))
        for index, factor in zip(self.index.T, np.abs(self.factor).T, strict=True):
            used = index >= 0
            np.add.at(back.T, index[used], mul_up(squares[:, used], factor[used][None, :]).T)
        # The sums, at most 2^20 terms each, are rounded up together.
        return tape.weighted(inputs[0], sqrt_up(mul_up(back, 1 + 2.0**-30)))

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """||L|| X_u."""
        return sweep.forward[inputs[0]].scaled(sweep.numbers[v].norm)

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """||L|| Y_v."""
        return [sweep.backward[v].scaled(sweep.numbers[v].norm)]
