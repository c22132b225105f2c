"""Local suprema of an activation's derivatives: over |x| <= zeta of |s'(z + x) - s'(z)|, |s''(z + x)|, |s'''(z + x)|.

For tanh everything is rational in t = tanh z: tanh(z + x) = (t + tau) / (1 + t tau) with |tau| <= tanh zeta, and
s' = 1 - t^2, s'' = -2 t (1 - t^2), s''' = -2 (1 - t^2)(1 - 3 t^2) are polynomials whose extrema are known. Other
activations use Taylor's formula with the global suprema.
"""

from __future__ import annotations

import math

import numpy as np

from ...rigor.roundoff import Array
from .arrays import raised, spread
from .centre import Centre

_PEAK = 1 / math.sqrt(3)  # where |s''| of tanh is largest, as a value of t


def local_suprema(centre: Centre, index: slice, zeta: Array) -> tuple[Array, Array, Array]:
    """Upper bounds of the three suprema for the neurons of the slice, each (neurons, n).

    Args:
        centre: the network at w_0.
        index: neurons.
        zeta: (neurons, n) nonnegative.
    """
    if centre.act.name == "tanh":
        return _tanh(centre.s.mid[index], spread(centre.s), zeta, centre.act.s2)
    slope = np.abs(centre.d2.mid[index]) * (1 + 2.0**-50) + spread(centre.d2)
    s2, s3 = centre.act.s2, centre.act.s3
    change = np.minimum(slope * zeta + 0.5 * s3 * zeta * zeta, s2 * zeta)
    return raised(change), raised(np.minimum(s2, slope + s3 * zeta)), np.full_like(zeta, s3)


def tanh_above(zeta: Array) -> Array:
    """Upper bound of tanh zeta, zeta >= 0: the third convergent of x / (1 + x^2 / (3 + x^2 / (5 + ..))), and 1.

    Convergents of a continued fraction with positive terms lie alternately below and above its value.
    """
    square = zeta * zeta
    return np.minimum(raised(zeta * (15 + square) / (15 + 6 * square)), 1.0)


def _tanh(t: Array, error: float, zeta: Array, most: float) -> tuple[Array, Array, Array]:
    tau = tanh_above(zeta)
    far = tau > 0.99  # the quotients below lose precision: take the whole range of tanh
    near = np.where(far, 0.0, tau)
    high = np.where(far, 1.0, np.minimum(1.0, (t + near) / (1 + t * near)))
    low = np.where(far, -1.0, np.maximum(-1.0, (t - near) / (1 - t * near)))
    across = (low < 0) & (high > 0)
    # |t| <= 1 and tau <= 0.99, so the quotients err by less than 2^10 (error + 2^-50), and the polynomials below have
    # slopes at most 16 on [-1, 1].
    slack = 2.0**14 * (error + 2.0**-50)
    square = t * t
    change = np.maximum(np.abs(low * low - square), np.abs(high * high - square))
    change = np.where(across, np.maximum(change, square), change)
    left, right = np.abs(low), np.abs(high)
    most_t, least_t = np.maximum(left, right), np.where(across, 0.0, np.minimum(left, right))
    rising = most_t < _PEAK
    falling = least_t > _PEAK
    at = np.where(rising, most_t, least_t)
    second = np.where(rising | falling, 2 * at * (1 - at * at), most)
    first_u, last_u = least_t * least_t, most_t * most_t
    third = np.maximum(np.abs(_third(first_u)), np.abs(_third(last_u)))
    third = np.where((first_u < 2 / 3) & (last_u > 2 / 3), np.maximum(third, 2 / 3), third)
    return change + slack, second + slack, third + slack


def _third(u: Array) -> Array:
    """-s''' as a polynomial in u = t^2: falls from 2 to -2/3 at u = 2/3, then rises to 0."""
    return 2 * (1 - u) * (1 - 3 * u)
