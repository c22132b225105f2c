"""What rigorous arithmetic says instead of a number it cannot vouch for."""

from __future__ import annotations

from pltheory.theory import NumericalFailureError, PltheoryError


class NoVerdictError(NumericalFailureError):
    """Overflow, infinity, NaN, a division by a ball around zero, or a bound that could not be established.

    Raised in place of every comparison that would silently be false.
    """


class RoundingEnvironmentError(PltheoryError, RuntimeError):
    """The processor does not round to nearest with gradual underflow, so no error bound here holds."""
