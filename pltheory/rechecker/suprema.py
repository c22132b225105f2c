"""`network.Suprema` on whole arrays: local suprema of an activation's derivatives, every one rounded up."""

from __future__ import annotations

import numpy as np

from .arithmetic import ACTIVATIONS
from .fields import Array
from .midpoint import UNIT, Upper
from .network import CURVATURES
from .tables import activation

_FEW = 1 + 16 * UNIT
"""More than eight roundings of a product of positive numbers make of it."""


class ArraySuprema:
    """Of one activation.

    Args:
        name: its name.
    """

    def __init__(self, name: str) -> None:
        self._exact, self._table = name == "tanh", activation(name)[0]
        self._s2, self._s3 = Upper.of(ACTIVATIONS[name][2]()), Upper.of(CURVATURES[name][1]())

    def over(self, zeta: Upper, s: Array, off: Upper, d2: Upper) -> tuple[Upper, Upper, Upper]:
        """Bounds over |x| <= zeta of |s'(z + x) - s'(z)|, |s''(z + x)|, |s'''(z + x)|, all of one shape.

        Args:
            zeta: how far z may move.
            s: doubles within `off` of s(z).
            off: one number.
            d2: bounds of |s''(z)|.
        """
        if self._exact:
            return self._tanh(zeta, s, float(off.value))
        change = (d2 * zeta + self._s3 * zeta * zeta * 0.5).min(self._s2 * zeta)
        third = Upper(np.broadcast_to(self._s3.value, s.shape))
        return change, (d2 + self._s3 * zeta).min(self._s2), third

    def _tanh(self, zeta: Upper, t: Array, off: float) -> tuple[Upper, Upper, Upper]:
        value, error = self._table(zeta.value)
        tau = np.minimum(_up(value + error), 1.0)
        most, least = np.minimum(_up(t + off), 1.0), np.maximum(_down(t - off), -1.0)
        # (t + tau) / (1 + t tau) rises with t and tau; its other end is the same of -t, with the sign turned.
        high, low = _added(most, tau), -_added(-least, tau)
        squares = np.square(high), np.square(low)
        top = np.minimum(_up(np.maximum(*squares)), 1.0)
        across = (low <= 0) & (high >= 0)
        bottom = np.where(across, 0.0, np.maximum(_down(np.minimum(*squares)), 0.0))
        outer = np.maximum(most, -least)
        inner = np.where((least <= 0) & (most >= 0), 0.0, np.minimum(np.abs(most), np.abs(least)))
        change = np.maximum(_up(top - np.maximum(_down(inner * inner), 0.0)), _up(_up(outer * outer) - bottom))
        # 2 sqrt(u) (1 - u) rises to u = 1/3 and falls.
        rising, falling = 3 * top < 1 - 8 * UNIT, 3 * bottom > 1 + 8 * UNIT
        u = np.where(rising, top, bottom)
        second = np.where(rising | falling, 2 * np.sqrt(u) * (1 - u) * _FEW, self._s2.value)
        ends = np.maximum(*(np.abs(2 * (1 - v) * (1 - 3 * v)) for v in (top, bottom))) * _FEW + 16 * UNIT
        # 2 (1 - u)(1 - 3 u) falls from 2 to -2/3 at u = 2/3 and rises to 0.
        beside = (3 * top < 2 - 8 * UNIT) | (3 * bottom > 2 + 8 * UNIT)
        third = np.where(beside, ends, np.maximum(ends, 2 / 3 * _FEW))
        return Upper(np.maximum(change, 0.0)), Upper(second), Upper(third)


def _added(t: Array, tau: Array) -> Array:
    """Upper bound of (t + tau) / (1 + t tau), at most 1, for |t| <= 1 and tau from 0 to 1."""
    above, product = _up(t + tau), t * tau
    below = np.where(above > 0, _down(1 + _down(product)), _up(1 + _up(product)))
    return np.where(below > 0, np.minimum(_up(above / below), 1.0), 1.0)


def _up(x: Array) -> Array:
    return np.nextafter(x, np.inf)


def _down(x: Array) -> Array:
    return np.nextafter(x, -np.inf)
