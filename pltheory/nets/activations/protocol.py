"""What an activation is: a class with the attributes and methods below, an instance of which stands in the table.

Functions of torch tensors are written with the tensor's own methods, or import torch inside, so that the constants can
be read without torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...rigor.elementary import enclosure
from ...rigor.midrad import Ball
from ...rigor.roundoff import Array, raised
from ...rigor.tables import Shape

if TYPE_CHECKING:
    from torch import Tensor, nn


VALUE = 24
"""Units of roundoff in an activation's computed value, relative to |act| + 1: library functions err by at most 4 units
in the last place, and tanh as 2 sigmoid(2 z) - 1 doubles what exp, the sum and the quotient err by, and adds one."""
SLOPE = 128
"""The same for a derivative, also where it is read off the value, as 1 - tanh^2."""


def above(value: float, ulps: int = 4) -> float:
    """A float not below the exact closed form: its few library calls err by less than `ulps` units."""
    for _ in range(ulps):
        value = math.nextafter(value, math.inf)
    return value


@dataclass(frozen=True)
class Split:
    """act = S + r for expectations over Gaussians: r smooth and gone outside [-reach, reach].

    Attributes:
        form: "step" for S = alpha + beta Phi(u / tau), "ramp" for S = E max(u + tau Z, 0), "wave" for S = sin u, of
            which nothing may be left.
        tau: width of S.
        alpha, beta: of a step.
        reach: where |r| falls below 1e-17; 0 where act = S.
        spacing: of nodes that resolve r.
    """

    form: Literal["step", "ramp", "wave"]
    tau: float
    alpha: float = 0.0
    beta: float = 1.0
    reach: float = 0.0
    spacing: float = 0.5


class Activation:
    """An activation and everything that depends on which one it is.

    A subclass sets name, s1, s2, s3 and writes value, derivative and second; with these its networks are measured, run
    and held against every theorem, up to HOLDS. With a `shape` they can be CERTIFIED. The rest has defaults.

    Attributes:
        name: as in configuration files.
        smooth: twice continuously differentiable with bounded first and second derivative.
        s1: upper bound of the supremum over the line of |act'|, a float not below it.
        s2: of |act''|; infinite where the derivative jumps.
        s3: of |act'''|.
        closed_forms: the three suprema as sympy-readable text, where a closed form is known.
        bound: upper bound of |act|.
        odd: act(-z) = -act(z).
        shape: how the verified enclosure is tabulated; without one nothing is certified.
        split: for the kernel of infinite width.
        module: the nn.Module that computes it, as "package:Class".
        module_attributes: what instances of that class hold beside what every module does.
        calls: what must not be replaced for that class, and for the methods here, to compute it: "package:function".
    """

    name: str
    smooth: bool = True
    s1: float
    s2: float
    s3: float
    closed_forms: tuple[str | None, str | None, str | None] = (None, None, None)
    bound: float = math.inf
    odd: bool = False
    shape: Shape | None = None
    split: Split | None = None
    module: str | None = None
    module_attributes: frozenset[str] = frozenset()
    calls: tuple[str, ...] = ()

    # --- torch: a tensor of any shape to one of the same ---

    def value(self, z: Tensor) -> Tensor:
        """act(z)."""
        raise NotImplementedError

    def derivative(self, z: Tensor) -> Tensor:
        """act'(z)."""
        raise NotImplementedError

    def second(self, z: Tensor) -> Tensor:
        """act''(z)."""
        raise NotImplementedError

    def with_derivative(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """act(z) and act'(z); to override where the second costs less from the first and loses nothing."""
        return self.value(z), self.derivative(z)

    stretch: float = 1.0
    """What z is multiplied by before `overwrite` has it, in the product that it comes from."""

    def overwrite(self, z: Tensor) -> Tensor | None:
        """act(z / stretch) into z, for a long run; act'(z / stretch), or None where `times_slope` reads it off act."""
        slope = self.derivative(z)
        z.copy_(self.value(z))
        return slope

    def times_slope(self, u: Tensor, slope: Tensor | None, value: Tensor) -> None:
        """u act'(z) into u, from what `overwrite` returned and wrote."""
        assert slope is not None
        u.mul_(slope)

    def computed_by(self, module: nn.Module) -> bool:
        """Whether a module of exactly the class `module`, with these settings, computes this function."""
        return True

    # --- verified enclosure ---

    def enclose(self, x: Ball, order: int = 0) -> Ball:
        """Ball of act(x), act'(x) or act''(x), entry by entry.

        Args:
            x: ball of any shape; the result's radius is a scalar where that of x is.
            order: 0, 1 or 2, the derivative.

        Raises:
            InvalidInputError: another order.
            NoVerdictError: overflow, or an activation without a shape.
            RoundingEnvironmentError: see `pltheory.rigor.environment`.
        """
        return enclosure(self, x, order)

    def slope_from(self, z: Ball, value: Ball) -> Ball:
        """Ball of act'(z), given that of act(z)."""
        return self.enclose(z, 1)

    def second_from(self, z: Ball, value: Ball, slope: Ball) -> Ball:
        """Ball of act''(z), given those of act(z) and act'(z)."""
        return self.enclose(z, 2)

    def local_suprema(
        self, value: Array, value_error: float, second: Array, second_error: float, zeta: Array
    ) -> tuple[Array, Array, Array]:
        """Upper bounds over |x| <= zeta of |act'(z + x) - act'(z)|, |act''(z + x)|, |act'''(z + x)|.

        By Taylor's formula with the global suprema, unless overridden.

        Args:
            value: act(z), off by at most value_error; any shape.
            value_error: see there.
            second: act''(z), of that shape, off by at most second_error.
            second_error: see there.
            zeta: of that shape, nonnegative.
        """
        slope = np.abs(second) * (1 + 2.0**-50) + second_error
        change = np.minimum(slope * zeta + 0.5 * self.s3 * zeta * zeta, self.s2 * zeta)
        return raised(change), raised(np.minimum(self.s2, slope + self.s3 * zeta)), np.full_like(zeta, self.s3)
