"""The four operations beyond + - * / that the formulas need, for each kind of number.

Every formula of `pltheory.theory` takes an `Arithmetic` and is otherwise plain Python, so one expression serves
floats, NumPy arrays, sympy symbols and, by writing three functions, any other number type.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Scalar = Any
"""A number of the arithmetic in use: float, numpy.ndarray, sympy.Expr, ..."""


@dataclass(frozen=True)
class Arithmetic:
    """Square root, minimum and maximum of two numbers, and the spectral norm of a small matrix.

    Attributes:
        sqrt: nonnegative square root.
        minimum: the smaller of two numbers.
        maximum: the larger of two numbers.
        spectral_norm: norm of a square matrix given as a nested list of numbers.
        near: a float near the number, or near the last of an array: for a choice between bounds that all hold.
        above: a float that is no smaller; of single numbers only.
    """

    sqrt: Callable[[Scalar], Scalar]
    minimum: Callable[[Scalar, Scalar], Scalar]
    maximum: Callable[[Scalar, Scalar], Scalar]
    spectral_norm: Callable[[list[list[Scalar]]], Scalar]
    near: Callable[[Scalar], float] = float
    above: Callable[[Scalar], float] = float


def _norm_of_arrays(rows: list[list[Scalar]]) -> Scalar:
    entries = np.broadcast_arrays(*[np.asarray(x, dtype=float) for row in rows for x in row])
    stacked = np.stack(entries, axis=-1).reshape(*entries[0].shape, len(rows), len(rows[0]))
    finite = np.isfinite(stacked).all(axis=(-2, -1))
    # LAPACK refuses what is not finite; such a bound is infinite, and says nothing.
    return np.where(finite, np.linalg.norm(np.where(finite[..., None, None], stacked, 0.0), 2, axis=(-2, -1)), np.inf)


def _norm_of_floats(rows: list[list[Scalar]]) -> float:
    return float(_norm_of_arrays(rows))


FLOATS = Arithmetic(math.sqrt, min, max, _norm_of_floats)
ARRAYS = Arithmetic(np.sqrt, np.minimum, np.maximum, _norm_of_arrays, lambda x: float(np.ravel(x)[-1]))


@cache
def symbols() -> Arithmetic:
    """The sympy arithmetic; sympy is imported here, on first use, because importing it takes half a second."""
    import sympy as sp

    def norm(rows: list[list[Scalar]]) -> Scalar:
        m = sp.Matrix(rows)
        return sp.sqrt(sp.Max(*(m.T * m).eigenvals()))

    return Arithmetic(sp.sqrt, sp.Min, sp.Max, norm)
