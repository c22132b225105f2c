"""S: a sum of nodes: residual additions; with embeddings, concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...theory.rows import Pair, together
from ..fields.protocol import Values
from ..fitting import GroupShapes, require
from ..sweep import Sweep
from ..tape import Tape, Weighted
from .kind import Kind


@dataclass(frozen=True, eq=False)
class Sum(Kind):
    """A sum of two or more nodes of one size; one may stand in it twice."""

    name = "sum"

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) >= 2 and all(n == size for n in inputs), "a sum needs two or more nodes of its own size")

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """The sum, from left to right."""
        value = tape.values[inputs[0]]
        for u in inputs[1:]:
            value = tape.field.add(value, tape.values[u])
        return value

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """The rows themselves, for every summand."""
        return [tape.rows[v]] * len(inputs)

    def weighted(self, tape: Tape, v: int, inputs: Sequence[int], c: np.ndarray) -> list[Weighted]:
        """The summands' terms."""
        return [term for u in inputs for term in tape.weighted(u, c)]

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """The sum: an identity path contributes itself, never a product."""
        return together(*(sweep.forward[u] for u in inputs))

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """Y_v for every summand."""
        return [sweep.backward[v]] * len(inputs)
