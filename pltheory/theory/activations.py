"""Smooth activations with the suprema of their derivatives, from THEORY's table, in closed form.

A constant is the smallest float not below the closed form's value: `s1`, `s2`, `s3` are upper bounds as stored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import InvalidInputError


@dataclass(frozen=True)
class Activation:
    """An activation and what the theorems need to know of it.

    Attributes:
        name: as in configuration files.
        smooth: twice continuously differentiable with bounded first and second derivative.
        s1: upper bound of the supremum over the line of |act'|.
        s2: upper bound of the supremum of |act''|; infinite where the derivative jumps.
        s3: upper bound of the supremum of |act'''|.
        closed_forms: the three suprema as sympy-readable text, where a closed form is known.
    """

    name: str
    smooth: bool
    s1: float
    s2: float
    s3: float
    closed_forms: tuple[str | None, str | None, str | None] = (None, None, None)


def _above(value: float, ulps: int = 4) -> float:
    """A float not below the exact closed form: the few library calls above err by less than `ulps` units."""
    for _ in range(ulps):
        value = math.nextafter(value, math.inf)
    return value


_SIGMOID_2 = "1/(6*sqrt(3))"
_TABLE = [
    Activation(
        "tanh",
        True,
        1.0,
        _above(4 / (3 * math.sqrt(3))),
        2.0,
        ("1", "4/(3*sqrt(3))", "2"),
    ),
    Activation(
        "sigmoid",
        True,
        0.25,
        _above(1 / (6 * math.sqrt(3))),
        0.125,
        ("1/4", _SIGMOID_2, "1/8"),
    ),
    Activation(
        "softplus",
        True,
        1.0,
        0.25,
        _above(1 / (6 * math.sqrt(3))),
        ("1", "1/4", _SIGMOID_2),
    ),
    Activation(
        "erf",
        True,
        _above(2 / math.sqrt(math.pi)),
        _above(2 * math.sqrt(2) * math.exp(-0.5) / math.sqrt(math.pi), 8),
        _above(4 / math.sqrt(math.pi)),
        ("2/sqrt(pi)", "2*sqrt(2)*exp(-1/2)/sqrt(pi)", "4/sqrt(pi)"),
    ),
    Activation(
        "gelu",
        True,
        _above((1 + math.erf(1)) / 2 + math.exp(-1) / math.sqrt(math.pi), 8),
        _above(math.sqrt(2 / math.pi)),
        0.778769635057,
        ("(1+erf(1))/2+exp(-1)/sqrt(pi)", "sqrt(2/pi)", None),
    ),
    # The suprema of SiLU's first and third derivatives have no elementary closed form; decimals rounded up.
    Activation("silu", True, 1.099839320130, 0.5, 0.308181515797, (None, "1/2", None)),
    # |relu'| <= 1 but the derivative jumps at 0: known by name so that its verdict can say why.
    Activation("relu", False, 1.0, math.inf, math.inf),
]
ACTIVATIONS = {a.name: a for a in _TABLE}


def activation(name: str) -> Activation:
    """The activation of that name.

    Raises:
        InvalidInputError: the name is not in the table.
    """
    try:
        return ACTIVATIONS[name]
    except KeyError:
        raise InvalidInputError(f"activation = {name!r}: allowed are {', '.join(ACTIVATIONS)}") from None
