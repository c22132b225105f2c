"""Gradient descent over one plus the gradient's norm, with a floor: h = eta max(delta, 1 / (1 + ||grad L||))."""

from dataclasses import dataclass

from pltheory.optim import StepSettings
from pltheory.theory import InvalidInputError
from pltheory.theory.arithmetic import FLOATS


@dataclass(frozen=True)
class Normalised(StepSettings):
    """Steps that shorten as the gradient grows, and no further than eta delta."""

    delta: float = 0.1

    name = "normalised"
    words = "gradient descent over one plus the gradient's norm, with a floor"
    keys = ("delta",)

    def check(self):
        """Delta lies in (0, 1]."""
        if not 0 < self.delta <= 1:
            raise InvalidInputError(f"optimizer.delta = {self.delta!r}: must lie in (0, 1]")

    @property
    def floor(self):
        """Whatever the gradient: the maximum is at least delta."""
        return self.delta

    def step_size(self, eta, grad_norm, ops=FLOATS):
        """The rule, for floats, arrays and tensors."""
        return eta * ops.maximum(self.delta, 1 / (1 + grad_norm))

    def delta_on(self, grad_bound):
        """The step falls as the gradient grows."""
        return max(self.delta, 1 / (1 + grad_bound))
