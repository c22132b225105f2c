"""What a theorem about a ball reads of a network: how far its Jacobian can move, and how fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .arithmetic import Arithmetic, Scalar

Number = Callable[[float], Scalar]
"""From an exact float to a number of the arithmetic in use."""


class BallBounds(Protocol):
    """Bounds over balls around the weights w_0, from numbers there; scale of the plain F.

    In an arithmetic of enclosures the results are proved if the numbers at w_0 are.
    """

    def change(self, s: Scalar, ops: Arithmetic, number: Number) -> Scalar:
        """Upper bound of ||J(w) - J(w_0)|| over ||w - w_0|| <= s; s may be an array of radii."""
        ...

    def lipschitz(self, radius: Scalar, ops: Arithmetic, number: Number) -> Scalar:
        """ell(R): a Lipschitz constant of w -> J(w) over the ball, spectral against Euclidean norm."""
        ...

    @property
    def kinked(self) -> bool:
        """Whether a function of the network has kinks that arguments could meet."""
        ...

    def kinks(self, radius: float, ops: Arithmetic, number: Number) -> int:
        """How many arguments of functions with kinks may meet one in the ball.

        The other bounds are those of the network with its pieces frozen: of the network itself where this is 0.
        """
        ...

    def nearest_kink(self, radius: float) -> str:
        """Which argument meets a kink first, in words: in the ball or a little beyond; "" for none there."""
        ...
