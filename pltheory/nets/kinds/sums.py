"""S: a sum of nodes: residual additions; with embeddings, concatenation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...theory.rows import Pair, together
from ..fields.protocol import Values
from ..fitting import GroupShapes, require
from ..quadratic import Quadratic
from ..sweep import Sweep
from ..tape import Tape, Weighted


@dataclass(frozen=True, eq=False)
class Sum:
    """A sum of two or more nodes of one size; one may stand in it twice."""

    name = "sum"
    """The kind in a certificate."""

    @property
    def function(self) -> str:
        """Name of what is not affine in it, "" where nothing is."""
        return ""

    @property
    def settings(self) -> Mapping[str, int | float | str]:
        """Its scalars in a certificate."""
        return {}

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """None."""
        return {}

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

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> None:
        """None."""

    def weighted(self, tape: Tape, v: int, inputs: Sequence[int], c: np.ndarray) -> list[Weighted]:
        """The summands' terms."""
        return [term for u in inputs for term in tape.weighted(u, c)]

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """The sum: an identity path contributes itself, never a product."""
        return together(*(sweep.forward[u] for u in inputs))

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """Y_v for every summand."""
        return [sweep.backward[v]] * len(inputs)

    def curvature(self, sweep: Sweep, v: int, inputs: Sequence[int], form: Quadratic) -> None:
        """None: the map is linear."""
