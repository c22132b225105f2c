"""Balls with one radius an array: every result encloses the exact one, and every norm is an upper bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...rigor.eigen import spectral_norm_upper
from ...rigor.errors import NoVerdictError
from ...rigor.midrad import Ball, add, matmul, multiply
from ...rigor.roundoff import (
    Array,
    U,
    add_up,
    down,
    gamma,
    lower_sum,
    mul_up,
    quiet,
    raise_sum,
    sqrt_down,
    sqrt_up,
    sum_up,
    underflow,
    up,
)
from ...rigor.stacks import stack_lambda_max_upper, stack_norm_upper, stack_product
from ..activations import activation
from ..fitting import Indices
from .protocol import padded

ERROR_TERMS = ("sum_error", "quotient_error")
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""


def sum_error(terms: int, rad: Array, largest: float) -> Array:
    """Of a sum of so many entries of a ball whose midpoints are no larger than that: radii, and roundings on a path."""
    return add_up(mul_up(float(terms), rad), mul_up(gamma(max(terms - 1, 0)), float(terms), largest))


def quotient_error(value: float, numerator: Array, denominator: Array, smallest: float) -> Array:
    """Of a computed quotient of modulus up to `value` of two balls with these radii, the denominator at least smallest.

    |a/b - A/B| <= (ra + |a/b| rb) / |B|, and the division's own rounding.
    """
    moved = up(np.asarray(add_up(numerator, mul_up(value, 1 + 2.0**-30, denominator))) / down(smallest))
    return add_up(moved, mul_up(2 * U, value), underflow(1))


class Verified:
    """Balls. Methods as in `Field`; an overflow is a NoVerdictError."""

    rounded = True

    def constant(self, x: Array) -> Ball:  # noqa: D102
        return Ball(x)

    def shape(self, x: Ball) -> tuple[int, ...]:  # noqa: D102
        return x.shape

    def reshape(self, x: Ball, *shape: int) -> Ball:  # noqa: D102
        return Ball(x.mid.reshape(shape), x.rad)

    def transpose(self, x: Ball, *axes: int) -> Ball:  # noqa: D102
        return Ball(x.mid.transpose(axes), x.rad)

    def part(self, x: Ball, index: Any) -> Ball:  # noqa: D102
        return Ball(x.mid[index], x.rad)

    def add(self, x: Ball, y: Ball) -> Ball:  # noqa: D102
        return add(x, y)

    def times(self, x: Ball, y: Ball) -> Ball:  # noqa: D102
        return multiply(x, y)

    def scaled(self, x: Ball, c: float) -> Ball:  # noqa: D102
        return x if c == 1.0 else multiply(x, Ball(np.full((1,) * x.mid.ndim, c)))

    def reciprocal(self, c: float) -> Ball:  # noqa: D102
        return Ball(np.asarray(1 / c), mul_up(2 * U, abs(1 / c)))

    def with_column(self, x: Ball, c: float) -> Ball:  # noqa: D102
        return Ball(np.concatenate([x.mid, np.full((*x.shape[:-1], 1), c)], axis=-1), x.rad)

    def product(self, x: Ball, y: Ball) -> Ball:  # noqa: D102
        return matmul(x, y) if x.mid.ndim == y.mid.ndim == 2 else stack_product(x, y)

    def gather(self, x: Ball, index: Indices) -> Ball:  # noqa: D102
        return Ball((padded(x.mid) if (index < 0).any() else x.mid)[..., index], x.rad)

    @quiet
    def gathered_sum(self, x: Ball, index: Indices) -> Ball:  # noqa: D102
        whole, terms = padded(x.mid), index.shape[1]
        total = whole[..., index[:, 0]]
        for j in range(1, terms):
            total += whole[..., index[:, j]]
        return Ball(total, sum_error(terms, x.rad, max(x.high, -x.low)))

    def concatenate(self, parts: Sequence[Ball]) -> Ball:  # noqa: D102
        return Ball(np.concatenate([p.mid for p in parts]), np.max([p.rad for p in parts], axis=0))

    def activation(self, name: str, z: Ball, order: int) -> Ball:  # noqa: D102
        return activation(name).enclose(z, order)

    @quiet
    def centred(self, x: Ball) -> Ball:  # noqa: D102
        d = x.shape[-1]
        mean = x.mid.sum(-1, keepdims=True) / d
        largest = max(x.high, -x.low)
        # The sum's error, divided, and the division's own rounding.
        error = up(np.asarray(sum_error(d, x.rad, largest)) / d)
        return add(x, Ball(-mean, add_up(error, mul_up(2 * U, largest), underflow(1))))

    @quiet
    def normalised(self, x: Ball, epsilon: float) -> tuple[Ball, Ball]:  # noqa: D102
        d = x.shape[-1]
        squares = np.einsum("...i,...i->...", x.mid, x.mid)[..., None]
        wide = mul_up(sqrt_up(float(d)), x.rad)
        longest = add_up(sqrt_up(raise_sum(squares, d, products=d)), wide)
        shortest = np.maximum(0.0, down(sqrt_down(lower_sum(squares, d, products=d)) - wide))
        largest = sqrt_up(add_up(mul_up(longest, longest), up(d * epsilon)))
        smallest = sqrt_down(down(np.maximum(0.0, down(shortest * shortest)) + down(d * epsilon)))
        if not (smallest > 0).all():
            raise NoVerdictError("a token's norm vanishes")
        middle = np.sqrt(d) / np.sqrt(squares + d * epsilon)
        above, below = up(sqrt_up(float(d)) / smallest), down(sqrt_down(float(d)) / largest)
        factor = Ball(middle, np.asarray(np.max(np.maximum(up(above - middle), up(middle - below)))))
        return multiply(x, factor), factor

    @quiet
    def softmax(self, z: Ball) -> Ball:  # noqa: D102
        # e^t = s(t) / s(-t) with s the logistic function, whose enclosure is at hand; t <= 0, so s(-t) >= 1/2.
        t = add(z, Ball(-z.mid.max(-1, keepdims=True)))
        logistic = activation("sigmoid")
        above, below = logistic.enclose(t, 0), logistic.enclose(-t, 0)
        e = above.mid / below.mid
        largest = float(np.max(np.abs(e), initial=0.0))
        exponential = Ball(e, quotient_error(largest, above.rad, below.rad, float(down(below.low - below.rad))))
        total = e.sum(-1, keepdims=True)
        k = e.shape[-1]
        totals = Ball(total, sum_error(k, exponential.rad, largest))
        p = e / total
        return Ball(
            p,
            quotient_error(
                float(np.max(np.abs(p), initial=0.0)),
                exponential.rad,
                totals.rad,
                float(down(totals.low - totals.rad)),
            ),
        )

    @quiet
    def row_norms(self, x: Ball) -> Array:  # noqa: D102
        k = x.shape[-1]
        squares = np.einsum("...i,...i->...", x.mid, x.mid)
        return add_up(sqrt_up(raise_sum(squares, k, products=k)), mul_up(sqrt_up(float(k)), x.rad))

    @quiet
    def smallest_row_norm(self, x: Ball) -> float:  # noqa: D102
        k = x.shape[-1]
        squares = np.einsum("...i,...i->...", x.mid, x.mid)
        lengths = down(sqrt_down(lower_sum(squares, k, products=k)) - mul_up(sqrt_up(float(k)), x.rad))
        return max(0.0, float(lengths.min()))

    @quiet
    def sums_of_squares(self, x: Ball, axis: int) -> Array:  # noqa: D102
        moduli = add_up(np.abs(x.mid), x.rad)
        return sum_up(mul_up(moduli, moduli), axis)

    def norm(self, x: Ball) -> float:  # noqa: D102
        return spectral_norm_upper(x)

    def largest_norm(self, x: Ball) -> float:  # noqa: D102
        return stack_norm_upper(x)

    def largest_root(self, grams: Ball) -> float:  # noqa: D102
        return float(sqrt_up(stack_lambda_max_upper(grams)))

    def root(self, x: Array | float) -> Array:  # noqa: D102
        return sqrt_up(x)

    def up(self, *factors: Array | float) -> Array:  # noqa: D102
        return mul_up(*factors)

    def total(self, x: Array) -> float:  # noqa: D102
        return float(sum_up(np.asarray(x)))
