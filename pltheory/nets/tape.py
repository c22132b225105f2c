"""What is known of a graph while it is linearised: values on the way forward, backward rows on the way back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..rigor.roundoff import Array
from ..theory.arithmetic import Scalar
from .fields.protocol import Field, Values
from .fitting import Indices


@dataclass(frozen=True)
class Weighted:
    """One term of a weighted change `||c o (A'_u - A_u)||_F` (THEORY_GRAPHS section 3, Om).

    Attributes:
        node: an affine node, or any other.
        affine: whether its own weights' part is known.
        largest: max c.
        batch: ||E~||_c of an affine node, else 0.
        sample: en_{v,c}, likewise.
        spread: Tc, likewise; 0 where what it reads does not move.
    """

    node: int
    affine: bool
    largest: Scalar
    batch: Scalar
    sample: Scalar
    spread: Scalar


@dataclass(frozen=True, eq=False)
class Reach:
    """What bounds how far single entries of an affine node's output go in a ball, all from above.

    Attributes:
        node: the affine node.
        group: its parameter group.
        own: |e~_ip| of every entry, (n, N).
        weights: |kappa| |W_o| of every entry, times the root of how often one entry stands in one patch; (N,).
        scale: |kappa|, times the same root.
        input: the node that it reads.
        classes: (n, N), where the input does not move: entries of one sample and class are one function of the weights.
    """

    node: int
    group: int
    own: Array
    weights: Array
    scale: float
    input: int
    classes: Indices | None


@dataclass(frozen=True)
class Rounded:
    """Rounding at one node.

    Attributes:
        added: |e_v|, of the node's own operation.
        rows: an upper bound of bo_v: an error of one sample meets no other's rows.
    """

    added: float
    rows: float


@dataclass
class Tape:
    """A linearisation in the making.

    Attributes:
        field: floats or verified balls.
        groups: weight (G, O, q) and bias (G, O) or None of every group, as arrays of the field.
        samples: n.
        outputs: C.
        values: A_v of every node, (n, N_v).
        rows: B_v of a node once its children are done, (n C, N_v).
        norms: ||T_v(W_0)|| of affine nodes, once they were asked for.
        moving: whether a node's values depend on the parameters.
        weighted: from a node and weights c (n, N_u) >= 0 to the terms of its weighted change.
        reach: from a node to how far its single entries go, None where only all of them together are bounded.
    """

    field: Field
    groups: Sequence[tuple[Values, Values | None]]
    samples: int
    outputs: int
    values: list[Values] = dataclasses.field(default_factory=list)
    rows: dict[int, Values] = dataclasses.field(default_factory=dict)
    moving: list[bool] = dataclasses.field(default_factory=list)
    norms: dict[int, float] = dataclasses.field(default_factory=dict)
    weighted: Callable[[int, Array], list[Weighted]] = lambda u, c: []
    reach: Callable[[int], Reach | None] = lambda u: None

    def norm_of(self, v: int, compute: Callable[[], float]) -> float:
        """The norm of an affine node's map, computed once."""
        if v not in self.norms:
            self.norms[v] = compute()
        return self.norms[v]

    def by_sample(self, rows: Values) -> Values:
        """Rows (n C, N) as (n, C, N)."""
        return self.field.reshape(rows, self.samples, self.outputs, self.field.shape(rows)[-1])

    def column_norms(self, rows: Values) -> Array:
        """mu[i, k], the Euclidean norm over outputs of column k of B^i; shape (n, N)."""
        return self.field.lengths(self.by_sample(rows), 1)

    def largest_row_norm(self, rows: Values) -> float:
        """max_i ||B^i||."""
        return self.field.largest_norm(self.by_sample(rows))

    def rows_of_squares(self, rows: Values) -> float:
        """Upper bound of (sum_i ||B^i||^2)^(1/2)."""
        stack, f = self.by_sample(rows), self.field
        norms = np.array([f.largest_norm(f.part(stack, slice(i, i + 1))) for i in range(self.samples)])
        return float(f.root(f.total(f.up(norms, norms))))
