"""The bounds over a ball of a class-N network: THEORY section 5, with the choice of rows that suits the radius."""

from __future__ import annotations

from dataclasses import dataclass

from ..theory.arithmetic import ARRAYS, FLOATS, Arithmetic, Scalar
from ..theory.ball_bounds import Number
from ..theory.perturbation import CentreNorms, jacobian_change, jacobian_lipschitz, tightest_choice


@dataclass(frozen=True)
class ClassNBounds:
    """Bounds from the norms at the weights.

    Attributes:
        norms: floats; upper bounds where they are verified.
    """

    norms: CentreNorms

    def change(self, s: Scalar, ops: Arithmetic, number: Number) -> Scalar:
        """As in `BallBounds`; in an arithmetic of enclosures one choice of rows is carried through."""
        choices = None if ops in (FLOATS, ARRAYS) else [tightest_choice(self.norms, ops.near(s))]
        return jacobian_change(self.norms.converted(number), s, ops, choices)

    def lipschitz(self, radius: Scalar, ops: Arithmetic, number: Number) -> Scalar:
        """As in `BallBounds`."""
        return jacobian_lipschitz(self.norms.converted(number), radius, ops)

    @property
    def kinked(self) -> bool:
        """No: every activation of the class is smooth."""
        return False

    def kinks(self, radius: float, ops: Arithmetic, number: Number) -> int:
        """0."""
        return 0

    def nearest_kink(self, radius: float) -> str:
        """None."""
        return ""
