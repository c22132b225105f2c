"""The step rules that the theorems speak of: every one has h_t in [eta delta, eta] for some delta."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ..theory import InvalidInputError
from ..theory.formulas import effective_delta

_MULTIPLE = re.compile(r"\s*([0-9.eE+-]+)\s*/\s*beta\s*")


@dataclass(frozen=True)
class StepSettings:
    """Plain gradient descent with step eta, and what its relatives share.

    Attributes:
        eta: the step size, a positive number, or a text "c/beta" with 0 < c < 2: then eta is fixed by the
            smoothness bound beta of the ball that the certificate chooses.
        gamma: clipping threshold, in the units of the gradient; infinite for gradient descent.
        delta: the floor of the step, h >= eta delta; 1 for gradient descent, 0 for GClip.

    All refer to the loss of the problem as it is scaled: for c L use eta / c and c gamma.
    """

    eta: float | str
    gamma: float = math.inf
    delta: float = 1.0

    name = "gd"

    def __post_init__(self) -> None:
        if self.multiple is None and not (isinstance(self.eta, int | float) and 0 < self.eta < math.inf):
            raise InvalidInputError(
                f"optimizer.eta = {self.eta!r}: allowed are a positive number or a text 'c/beta' with 0 < c < 2"
            )
        if not self.gamma > 0:
            raise InvalidInputError(f"optimizer.gamma = {self.gamma!r}: must be positive")

    @property
    def multiple(self) -> float | None:
        """c where eta is "c/beta", else None."""
        if not isinstance(self.eta, str):
            return None
        found = _MULTIPLE.fullmatch(self.eta)
        try:
            c = float(found[1]) if found else math.nan
        except ValueError:
            c = math.nan
        if not 0 < c < 2:
            raise InvalidInputError(
                f"optimizer.eta = {self.eta!r}: allowed are a positive number or a text 'c/beta' with 0 < c < 2"
            )
        return c

    def delta_on(self, grad_bound: float) -> float:
        """A delta with h_t >= eta delta wherever ||grad L|| <= grad_bound (THEORY section 1)."""
        if grad_bound == 0:
            return 1.0  # the gradient vanishes, and then h = eta
        return effective_delta(self.gamma, self.delta, grad_bound)


@dataclass(frozen=True)
class GradientDescentSettings(StepSettings):
    """Gradient descent, h_t = eta: gamma is infinite and delta is 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gamma != math.inf or self.delta != 1:
            raise InvalidInputError(f"optimizer.gamma = {self.gamma!r}, delta = {self.delta!r}: gd has neither")


@dataclass(frozen=True)
class DeltaGClipSettings(StepSettings):
    """delta-GClip, h_t = eta min(1, max(delta, gamma / ||grad L||)) with 0 < delta < 1 [TMSSR25]."""

    gamma: float = 1.0
    delta: float = 0.1

    name = "delta-gclip"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.delta < 1:
            raise InvalidInputError(f"optimizer.delta = {self.delta!r}: must lie in (0, 1)")


@dataclass(frozen=True)
class GClipSettings(StepSettings):
    """GClip, h_t = eta min(1, gamma / ||grad L||): delta-GClip at delta = 0."""

    gamma: float = 1.0
    delta: float = 0.0

    name = "gclip"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delta != 0:
            raise InvalidInputError(f"optimizer.delta = {self.delta!r}: gclip has no delta")
