"""What a kind of node is: its data, its rules on the way forward and back, and its bounds over a ball.

A kind writes `require_fitting`, `forward`, `backward`, `forward_change` and `backward_change`; what it leaves out is
that of a linear map without arrays of its own, whose output is bounded as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...theory.rows import Pair
from ..fields.protocol import Values
from ..fitting import GroupShapes
from ..quadratic import Quadratic
from ..sweep import Sweep
from ..tape import Reach, Tape, Weighted


@dataclass(frozen=True)
class NoNumbers:
    """Of a kind whose bounds need none; a node without numbers is one that no parameter moves or nothing reads."""


class Kind:
    """A kind of node; v is the node's index and inputs those of the nodes that it reads.

    Attributes:
        name: in a certificate.
    """

    name: ClassVar[str]

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
        """Its own arrays by name."""
        return {}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit.

        Raises:
            InvalidInputError: saying what does not.
        """
        raise NotImplementedError

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """A_v of shape (n, N_v)."""
        raise NotImplementedError

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """For every input what its rows B_u, (n C, N_u), get from B_v."""
        raise NotImplementedError

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> Any:
        """What the bounds over a ball need of the node at the centre, a dataclass of floats."""
        return NoNumbers()

    def weighted(self, tape: Tape, v: int, inputs: Sequence[int], c: np.ndarray) -> list[Weighted]:
        """Terms of `||c o (A'_v - A_v)||_F` for weights c (n, N_v) >= 0; here max(c) X_v."""
        return [Weighted(v, False, float(c.max(initial=0.0)), 0.0, 0.0, 0.0)]

    def reach(self, tape: Tape, v: int, inputs: Sequence[int]) -> Reach | None:
        """How far the output's single entries go in a ball, where more is known than of all of them together."""
        return None

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """X_v and x_v."""
        raise NotImplementedError

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """For every input what its rows Y_u and y_u get from the node."""
        raise NotImplementedError

    def curvature(self, sweep: Sweep, v: int, inputs: Sequence[int], form: Quadratic) -> None:
        """Add the node's terms of Q; a linear map has none."""
