"""The loss of a problem as an object: its value, its derivative in the outputs, and its unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor


@dataclass(frozen=True)
class SquareLoss:
    """c 1/2 ||F - y||^2 with a constant c that depends on the number of samples alone.

    Kernels and profiles are stated for c = 1; c carries L, mu and beta to the loss in use.

    Attributes:
        name: in configurations, reports and certificates.
        words: what it is, in a line.
        share: c by the number of samples, exactly.
    """

    name: str
    words: str
    share: Callable[[int], Fraction]

    def scale(self, n: int) -> float:
        """c as a double."""
        return float(self.share(n))

    def value(self, residual: Tensor) -> Tensor:
        """The loss at F - y of shape (n, C), a scalar tensor."""
        return 0.5 * self.scale(len(residual)) * residual.square().sum()

    def slope_(self, residual: Tensor) -> Tensor:
        """Its derivative in the outputs, written over F - y."""
        return residual.mul_(self.scale(len(residual)))


LOSSES: dict[str, SquareLoss] = {
    loss.name: loss
    for loss in (
        SquareLoss("sum", "1/2 ||F - y||^2", lambda n: Fraction(1)),
        SquareLoss("mean", "1/2 ||F - y||^2 over the number of samples", lambda n: Fraction(1, n)),
    )
}
"""The losses by name."""
