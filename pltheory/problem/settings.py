"""The step rules that the theorems speak of: every one has h_t in [eta delta, eta] for some delta."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields

from ..theory import InvalidInputError
from ..theory.formulas import effective_delta

_MULTIPLE = re.compile(r"\s*([0-9.eE+-]+)\s*/\s*beta\s*", re.ASCII)
_ETA = "allowed are a positive number or a text 'c/beta' with 0 < c < 2"


def _number(value: object) -> float:
    """The double that a Python number is; NaN for what is none, a bool included."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    try:
        exact = float(value)
    except OverflowError:
        return math.nan
    # An integer beyond 2^53 may be no double: the certificate would be about another number than the run.
    return exact if exact == value else math.nan


@dataclass(frozen=True)
class StepSettings:
    """What the step rules share; it is none itself.

    Attributes:
        eta: the step size, a positive number, or a text "c/beta" with 0 < c < 2: then eta is fixed by the
            smoothness bound beta of the ball that the certificate chooses.
        gamma: clipping threshold, in the units of the gradient; infinite for gradient descent.
        delta: the floor of the step, h >= eta delta; 1 for gradient descent, 0 for GClip.

    All refer to the loss of the problem as it is scaled: for c L use eta / c and c gamma.

    Raises:
        InvalidInputError: a value outside its range, or of another type than a Python number.
    """

    eta: float | str
    gamma: float = math.inf
    delta: float = 1.0

    name = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.eta, str) and self.multiple) and not 0 < _number(self.eta) < math.inf:
            raise InvalidInputError(f"optimizer.eta = {self.eta!r}: {_ETA}")
        if not _number(self.gamma) > 0:
            raise InvalidInputError(f"optimizer.gamma = {self.gamma!r}: must be positive")
        self._require_rule()

    def _require_rule(self) -> None:
        """Refuse a delta, or a gamma, that this rule does not have."""
        raise InvalidInputError(f"{type(self).__name__} is no step rule of this project; {_known()} are")

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
            raise InvalidInputError(f"optimizer.eta = {self.eta!r}: {_ETA}")
        return c

    def delta_on(self, grad_bound: float) -> float:
        """A delta with h_t >= eta delta wherever ||grad L|| <= grad_bound (THEORY section 1)."""
        if grad_bound == 0:
            return 1.0  # the gradient vanishes, and then h = eta
        return effective_delta(self.gamma, self.delta, grad_bound)


@dataclass(frozen=True)
class GradientDescentSettings(StepSettings):
    """Gradient descent, h_t = eta: gamma is infinite and delta is 1."""

    name = "gd"

    def _require_rule(self) -> None:
        if self.gamma != math.inf or _number(self.delta) != 1:
            raise InvalidInputError(
                f"optimizer.delta = {self.delta!r}, optimizer.gamma = {self.gamma!r}: gd has neither"
            )


@dataclass(frozen=True)
class DeltaGClipSettings(StepSettings):
    """delta-GClip, h_t = eta min(1, max(delta, gamma / ||grad L||)) with 0 < delta < 1 [TMSSR25]."""

    gamma: float = 1.0
    delta: float = 0.1

    name = "delta-gclip"

    def _require_rule(self) -> None:
        if not 0 < _number(self.delta) < 1:
            raise InvalidInputError(f"optimizer.delta = {self.delta!r}: must lie in (0, 1)")


@dataclass(frozen=True)
class GClipSettings(StepSettings):
    """GClip, h_t = eta min(1, gamma / ||grad L||): delta-GClip at delta = 0."""

    gamma: float = 1.0
    delta: float = 0.0

    name = "gclip"

    def _require_rule(self) -> None:
        if _number(self.delta) != 0:
            raise InvalidInputError(f"optimizer.delta = {self.delta!r}: gclip has no delta")


RULES: tuple[type[StepSettings], ...] = (DeltaGClipSettings, GClipSettings, GradientDescentSettings)
"""The step rules that theorems are held against."""


def _known() -> str:
    return ", ".join(rule.__name__ for rule in RULES)


def require_rule(settings: object) -> None:
    """Refuse what is no step rule of this project, or was given values behind its constructor's back.

    A subclass may step otherwise than its fields say, and a copy or a pickle may carry fields that nobody looked at.

    Raises:
        InvalidInputError: not exactly one of the three rules, or a value outside its range.
    """
    rule = type(settings)
    if rule not in RULES or vars(settings).keys() != {f.name for f in fields(rule)}:
        raise InvalidInputError(f"settings: {rule.__name__} is no step rule of this project; {_known()} are")
    rule.__post_init__(settings)  # type: ignore[arg-type]
