"""tanh."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...rigor import roundoff
from ...rigor.midrad import Ball
from ...rigor.roundoff import Array, add_up, mul_up, quiet, raised
from ...rigor.tables import STEP, Shape
from .protocol import Activation, Split, above

if TYPE_CHECKING:
    from torch import Tensor

_PEAK = 1 / math.sqrt(3)  # where |act''| is largest, as a value of t


class Tanh(Activation):
    """tanh; its derivatives are polynomials in t = tanh z: 1 - t^2, -2 t (1 - t^2), -2 (1 - t^2)(1 - 3 t^2)."""

    name = "tanh"
    s1 = 1.0
    s2 = above(4 / (3 * math.sqrt(3)))
    s3 = 2.0
    closed_forms = ("1", "4/(3*sqrt(3))", "2")
    bound = 1.0
    odd = True
    shape = Shape(
        8,
        20,
        lambda x: 1 - 2 / ((2 * x).exp() + 1),
        STEP,
        ((0, -1), (0, 0), (0, 0)),
        # 1 - tanh = 2 / (e^2x + 1) <= 2 e^-2x; sech^2 <= 4 e^-2x; |2 tanh sech^2| <= 8 e^-2x.
        (lambda x: 2 * (-2 * x).exp(), lambda x: 4 * (-2 * x).exp(), lambda x: 8 * (-2 * x).exp()),
    )
    # The step has the slope at 0; r falls like exp(-2 |u|), its poles are at +-i pi / 2.
    split = Split("step", math.sqrt(2 / math.pi), -1.0, 2.0, 21.0, 0.25)
    module = "torch.nn:Tanh"
    calls = ("torch:tanh", "torch:Tensor.tanh")
    stretch = 2.0

    def value(self, z: Tensor) -> Tensor:
        """tanh z."""
        return z.tanh()

    def derivative(self, z: Tensor) -> Tensor:
        """1 - t^2."""
        t = z.tanh()
        return 1 - t * t

    def second(self, z: Tensor) -> Tensor:
        """-2 t (1 - t^2)."""
        t = z.tanh()
        return -2 * t * (1 - t * t)

    def with_derivative(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """t and 1 - t^2."""
        t = z.tanh()
        return t, 1 - t * t

    def overwrite(self, z: Tensor) -> Tensor | None:
        """tanh(z / 2) = 2 / (1 + e^-z) - 1, in half the time of torch's tanh.

        The error is an eps of 1 instead of an eps of tanh z: what any sum over neurons with other activations carries.
        """
        import torch

        torch.add(z.new_tensor(-1.0), z.sigmoid_(), alpha=2, out=z)
        return None

    def times_slope(self, u: Tensor, slope: Tensor | None, value: Tensor) -> None:
        """u (1 - t^2) in one pass."""
        import torch

        torch.ops.aten.tanh_backward.grad_input(u, value, grad_input=u)

    @quiet
    def slope_from(self, z: Ball, value: Ball) -> Ball:
        """1 - a^2, which saves a second reading of tables."""
        if value.rad.ndim:
            return self.enclose(z, 1)
        mid = value.mid * value.mid
        np.subtract(1.0, mid, out=mid)
        # |t^2 - a^2| <= rad (2 max|a| + rad) with |t| <= 1 and |a| <= 1 + rad; then two roundings of numbers at most
        # (1 + rad)^2 in modulus.
        reach = add_up(1.0, value.rad)
        rad = add_up(mul_up(value.rad, add_up(reach, reach)), mul_up(2 * roundoff.U, mul_up(reach, reach)))
        return Ball(mid, rad)

    def second_from(self, z: Ball, value: Ball, slope: Ball) -> Ball:
        """-2 a a', which saves a reading of tables."""
        return (value * slope) * -2.0

    def local_suprema(
        self, value: Array, value_error: float, second: Array, second_error: float, zeta: Array
    ) -> tuple[Array, Array, Array]:
        """From tanh(z + x) = (t + tau) / (1 + t tau), |tau| <= tanh zeta, and the extrema of the three polynomials."""
        t, tau = value, tanh_above(zeta)
        far = tau > 0.99  # the quotients below lose precision: take the whole range of tanh
        near = np.where(far, 0.0, tau)
        high = np.where(far, 1.0, np.minimum(1.0, (t + near) / (1 + t * near)))
        low = np.where(far, -1.0, np.maximum(-1.0, (t - near) / (1 - t * near)))
        across = (low < 0) & (high > 0)
        # |t| <= 1 and tau <= 0.99, so the quotients err by less than 2^10 (error + 2^-50), and the polynomials below
        # have slopes at most 16 on [-1, 1].
        slack = 2.0**14 * (value_error + 2.0**-50)
        square = t * t
        change = np.maximum(np.abs(low * low - square), np.abs(high * high - square))
        change = np.where(across, np.maximum(change, square), change)
        left, right = np.abs(low), np.abs(high)
        most_t, least_t = np.maximum(left, right), np.where(across, 0.0, np.minimum(left, right))
        rising = most_t < _PEAK
        falling = least_t > _PEAK
        at = np.where(rising, most_t, least_t)
        bend = np.where(rising | falling, 2 * at * (1 - at * at), self.s2)
        first_u, last_u = least_t * least_t, most_t * most_t
        third = np.maximum(np.abs(_third(first_u)), np.abs(_third(last_u)))
        third = np.where((first_u < 2 / 3) & (last_u > 2 / 3), np.maximum(third, 2 / 3), third)
        return change + slack, bend + slack, third + slack


def tanh_above(zeta: Array) -> Array:
    """Upper bound of tanh zeta, zeta >= 0: the third convergent of x / (1 + x^2 / (3 + x^2 / (5 + ..))), and 1.

    Convergents of a continued fraction with positive terms lie alternately below and above its value.
    """
    square = zeta * zeta
    return np.minimum(raised(zeta * (15 + square) / (15 + 6 * square)), 1.0)


def _third(u: Array) -> Array:
    """-act''' as a polynomial in u = t^2: falls from 2 to -2/3 at u = 2/3, then rises to 0."""
    return 2 * (1 - u) * (1 - 3 * u)
