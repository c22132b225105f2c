"""A smooth function of one variable and its first two derivatives on balls: what certifies an activation.

It evaluates the tables of `tables` and assumes nothing beyond the rounding model.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from pltheory.theory import InvalidInputError

from .errors import NoVerdictError
from .midrad import Ball
from .roundoff import Array, mul_up, quiet
from .tables import DEGREE, Shape, Table, table

ERROR_TERMS = ("propagated", "table_error")
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

_CHUNK = 16384
"""Entries evaluated at a time, so that temporaries stay in the cache."""


class Function(Protocol):
    """What is to be known of a function."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def s1(self) -> float:
        """Upper bound of the supremum over the line of |f'|."""
        ...

    @property
    def s2(self) -> float:
        """Of |f''|."""
        ...

    @property
    def s3(self) -> float:
        """Of |f'''|."""
        ...

    @property
    def shape(self) -> Shape | None:
        """How it is tabulated; None where it is not."""
        ...


def enclosure(f: Function, x: Ball, order: int = 0) -> Ball:
    """Ball of f(x), f'(x) or f''(x), entry by entry.

    Args:
        f: the function.
        x: ball of any shape; the result's radius is a scalar where that of x is.
        order: 0, 1 or 2, the derivative.

    Raises:
        InvalidInputError: another order.
        NoVerdictError: overflow, or a function that is not tabulated.
        RoundingEnvironmentError: see `environment`.
    """
    if order not in (0, 1, 2):
        raise InvalidInputError(f"{f.name}, derivative {order!r}: allowed are 0, 1, 2")
    if f.shape is None:
        raise NoVerdictError(f"no verified enclosure of {f.name} is known")
    centre = _from_table(table(f.shape, order), x)
    if not x.rad.any():
        return centre
    return centre.wider(propagated(f, order, x.rad))


def propagated(f: Function, order: int, rad: Array) -> Array:
    """sup |g(x') - g(x)| over |x' - x| <= rad: rad times the supremum of the next derivative's modulus."""
    return mul_up((f.s1, f.s2, f.s3)[order], rad)


def table_error(t: Table, lowest: float, highest: float) -> float:
    """Upper bound of the error of the table over all x from lowest to highest."""
    first, last = (int(np.clip(np.rint(x * 2.0**t.bits), -t.reach - 1, t.reach + 1)) for x in (lowest, highest))
    inside = t.errors[max(first, -t.reach) + t.reach : min(last, t.reach) + t.reach + 1]
    outside = t.tail_error if first < -t.reach or last > t.reach else 0.0
    return max(float(np.max(inside, initial=0.0)), outside)


@quiet
def _from_table(t: Table, x: Ball) -> Ball:
    """Ball of the table's function at the midpoints of x."""
    if x.mid.size == 0:
        return Ball(x.mid.copy())
    flat = np.ascontiguousarray(x.mid).reshape(-1)
    out = np.empty_like(flat)
    size = min(_CHUNK, flat.size)
    s, cell, term = np.empty(size), np.empty(size), np.empty(size)
    index = np.empty(size, dtype=np.intp)
    scale = 2.0**t.bits
    beyond = max(-x.low, x.high) * scale >= t.reach
    for start in range(0, flat.size, size):
        part = flat[start : start + size]
        m = part.size
        s_, cell_, term_, index_, out_ = s[:m], cell[:m], term[:m], index[:m], out[start : start + m]
        # 2^p x is exact, and so is its distance to the nearest integer: both are multiples of the last
        # place of 2^p x, and the distance is at most 1/2 and at most |2^p x|.
        np.multiply(part, scale, out=s_)
        np.rint(s_, out=cell_)
        np.subtract(s_, cell_, out=s_)
        np.add(cell_, t.reach, out=cell_)
        # Cells beyond the table are clipped by `take` and their values replaced below.
        np.copyto(index_, cell_, casting="unsafe")
        np.take(t.coefficients[DEGREE], index_, out=out_, mode="clip")
        for k in range(DEGREE - 1, -1, -1):
            np.multiply(out_, s_, out=out_)
            np.take(t.coefficients[k], index_, out=term_, mode="clip")
            np.add(out_, term_, out=out_)
        if beyond:
            for outside, (slope, constant) in ((cell_ > 2 * t.reach, t.right), (cell_ < 0, t.left)):
                out_[outside] = part[outside] if slope else constant
    return Ball(out.reshape(x.shape), np.asarray(table_error(t, x.low, x.high)))
