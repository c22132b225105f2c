"""N, entry by entry: a smooth activation of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...theory.arithmetic import Scalar
from ...theory.rows import Pair, scaled, together
from ..activations import activation, is_known
from ..fields.protocol import Values
from ..fitting import GroupShapes, require
from ..quadratic import Quadratic
from ..sweep import Sweep
from ..tape import Tape, Weighted
from .kind import Kind


@dataclass(frozen=True)
class PointwiseNumbers:
    """Numbers of an activation at the centre.

    Attributes:
        s1: sup |act'|.
        s2: sup |act''|.
        largest: U_v, the largest column norm.
        columns: the terms of Om(mu_v, u), mu_v the column norms of B_v over outputs.
        roots: those of Om(sqrt mu_v, u).
    """

    s1: Scalar
    s2: Scalar
    largest: Scalar
    columns: tuple[Weighted, ...]
    roots: tuple[Weighted, ...]


@dataclass(frozen=True, eq=False)
class Pointwise(Kind):
    """An activation.

    Attributes:
        activation: its name in the table.
    """

    activation: str

    name = "pointwise"

    @property
    def function(self) -> str:
        """Name of what is not affine in it, "" where nothing is."""
        return self.activation

    @property
    def settings(self) -> Mapping[str, int | float | str]:
        """Its scalars in a certificate."""
        return {"activation": self.activation}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit, or a function that is not smooth."""
        require(len(inputs) == 1 and inputs[0] == size, "an activation has the size of what it reads")
        require(is_known(self.activation) and activation(self.activation).smooth, f"{self.activation} is not smooth")

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """act(Z)."""
        return tape.field.activation(self.activation, tape.values[inputs[0]], 0)

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """B_v o act'(Z)."""
        f, n, c = tape.field, tape.samples, tape.outputs
        slope = f.activation(self.activation, tape.values[inputs[0]], 1)
        size = f.shape(slope)[1]
        rows = f.times(tape.by_sample(tape.rows[v]), f.reshape(slope, n, 1, size))
        return [f.reshape(rows, n * c, size)]

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> PointwiseNumbers:
        """Weighted norms of what the activation reads."""
        act, f = activation(self.activation), tape.field
        mu = tape.column_norms(tape.rows[v])
        columns = tape.weighted(inputs[0], mu)
        roots = tape.weighted(inputs[0], np.asarray(f.root(mu)))
        return PointwiseNumbers(act.s1, act.s2, float(mu.max(initial=0.0)), tuple(columns), tuple(roots))

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """s1 X_u."""
        return sweep.forward[inputs[0]].scaled(sweep.numbers[v].s1)

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """s1 Y_v + s2 Om(mu_v, u); where B_v has moved, Om(mu_v, u) + db_v X_u."""
        at: PointwiseNumbers = sweep.numbers[v]
        moved = sweep.before_back(v).sample
        bent = together(sweep.weighted(at.columns, at.largest, inputs[0]), sweep.forward[inputs[0]].scaled(moved))
        return [together(sweep.backward[v].scaled(at.s1), bent.scaled(at.s2))]

    def curvature(self, sweep: Sweep, v: int, inputs: Sequence[int], form: Quadratic) -> None:
        """s2 [(Om'(sqrt mu, u) . t)(om'(sqrt mu, u) . t) + db_v (X'_u . t)(x'_u . t)]."""
        at: PointwiseNumbers = sweep.numbers[v]
        weighted, x = sweep.weighted(at.roots, at.largest, inputs[0]), sweep.forward[inputs[0]]
        form.add(scaled(at.s2, weighted.batch), weighted.sample)
        form.add(scaled(at.s2 * sweep.before_back(v).sample, x.batch), x.sample)
