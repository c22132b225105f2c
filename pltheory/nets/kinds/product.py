"""M: a product of two nodes: attention scores, attention itself, gates (THEORY_GRAPHS section 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...theory.arithmetic import Scalar
from ...theory.rows import Pair, scaled, together
from ..fields.protocol import Values
from ..fitting import GroupShapes, Indices, require, require_indices, require_once
from ..quadratic import Quadratic
from ..sweep import Sweep
from ..tape import Tape
from .kind import Kind


@dataclass(frozen=True)
class ProductNumbers:
    """Numbers of a product at the centre.

    Attributes:
        scale: |scale|.
        left: largest spectral norm of a matrix of the first input, over samples.
        right: of the second.
        row_max: bo_v.
    """

    scale: Scalar
    left: Scalar
    right: Scalar
    row_max: Scalar


@dataclass(frozen=True, eq=False)
class Product(Kind):
    """H matrix products, `z_{hij} = scale sum_k a_u[left[h,i,k]] a_u'[right[h,k,j]]`; a gate has 1 x 1 matrices.

    Attributes:
        left: (H, p, r), entries of the first input, each at most once.
        right: (H, r, q), entries of the second input, each at most once.
        scale: a number.
    """

    left: Indices
    right: Indices
    scale: float = 1.0

    name = "product"

    @property
    def function(self) -> str:
        """Name of what is not affine in it, "" where nothing is."""
        return "product"

    @property
    def settings(self) -> Mapping[str, int | float | str]:
        """Its scalars in a certificate."""
        return {"scale": float(self.scale)}

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Both index arrays."""
        return {"left": self.left, "right": self.right}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) == 2, "a product reads two nodes")
        for index, n, side in ((self.left, inputs[0], "left"), (self.right, inputs[1], "right")):
            require_indices(index, 3, n, side, padding=False)
            require_once(index, side)
        (h, p, r), (h2, r2, q) = self.left.shape, self.right.shape
        require((h, r) == (h2, r2) and size == h * p * q >= 1 and r >= 1, "the two sides do not fit")
        require(math.isfinite(self.scale), "the scale is not finite")

    def _sides(self, tape: Tape, inputs: Sequence[int]) -> tuple[Values, Values]:
        """The matrices of both inputs, (n, H, p, r) and (n, H, r, q)."""
        f = tape.field
        return f.gather(tape.values[inputs[0]], self.left), f.gather(tape.values[inputs[1]], self.right)

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """The products, scaled."""
        f, (left, right) = tape.field, self._sides(tape, inputs)
        z = f.product(left, right) if self.left.shape[2] > 1 else f.times(left, right)
        return f.scaled(f.reshape(z, tape.samples, -1), self.scale)

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """B_v beta(., a') and B_v beta(a, .)."""
        f, n, c = tape.field, tape.samples, tape.outputs
        (h, p, r), q = self.left.shape, self.right.shape[2]
        left, right = self._sides(tape, inputs)
        rows = f.scaled(f.reshape(tape.rows[v], n, c, h, p, q), self.scale)
        to_left = f.product(rows, f.reshape(f.transpose(right, 0, 1, 3, 2), n, 1, h, q, r))
        to_right = f.product(f.reshape(f.transpose(left, 0, 1, 3, 2), n, 1, h, r, p), rows)
        out = []
        for part, index, u in ((to_left, self.left, inputs[0]), (to_right, self.right, inputs[1])):
            places = np.full(f.shape(tape.values[u])[1], -1, dtype=np.int64)
            places[index.ravel()] = np.arange(index.size)
            out.append(f.gather(f.reshape(part, n * c, index.size), places))
        return out

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> ProductNumbers:
        """Norms of both sides and of the backward rows."""
        f, n, (left, right) = tape.field, tape.samples, self._sides(tape, inputs)
        (h, p, r), q = self.left.shape, self.right.shape[2]
        return ProductNumbers(
            abs(self.scale),
            f.largest_norm(f.reshape(left, n * h, p, r)),
            f.largest_norm(f.reshape(right, n * h, r, q)),
            tape.largest_row_norm(tape.rows[v]),
        )

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """c ((||A_u'||_m + da_u') X_u + (||A_u||_m, with its move once it has one) X_u')."""
        at: ProductNumbers = sweep.numbers[v]
        u, w = inputs
        return together(
            sweep.forward[u].scaled(at.scale * (at.right + sweep.moved(w).sample)),
            sweep.forward[w].scaled(at.scale * (at.left + sweep.before(u).sample)),
        )

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """c ((||A_u'||_m + da_u') Y_v + bo_v X_u') for the first input, likewise for the second."""
        at: ProductNumbers = sweep.numbers[v]
        u, w = inputs
        rows = at.scale * (at.row_max + sweep.before_back(v).sample)

        def one(norm: Scalar, other: int) -> Pair:
            widened = at.scale * (norm + sweep.moved(other).sample)
            return together(sweep.backward[v].scaled(widened), sweep.forward[other].scaled(rows))

        return [one(at.right, w), one(at.left, u)]

    def curvature(self, sweep: Sweep, v: int, inputs: Sequence[int], form: Quadratic) -> None:
        """2 c bb_v (X'_u . t)(x'_u' . t), or the other way."""
        at: ProductNumbers = sweep.numbers[v]
        u, w = (sweep.forward[k] for k in inputs)
        c = 2.0 * (at.scale * (at.row_max + sweep.before_back(v).sample))
        pairs = [(u.batch, w.sample), (w.batch, u.sample)]
        first, second = min(pairs, key=lambda pair: sweep.size(pair[0]) * sweep.size(pair[1]))
        form.add(scaled(c, first), second)
