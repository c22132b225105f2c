"""What the rules of a node kind need of an array of numbers, written once for floats and for enclosures.

An array is a `numpy.ndarray` in the one field and a `Near` in the other. A norm is a float: an estimate
in the one, an upper bound in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ...rigor.roundoff import Array
from ..fitting import Indices

Values = Any
"""An array of the field."""


class Field(Protocol):
    """Arithmetic of arrays; every result of the verified field encloses the exact one."""

    rounded: bool
    """Whether round-off is counted."""

    def constant(self, x: Array) -> Values:
        """The array of exact doubles."""
        ...

    def shape(self, x: Values) -> tuple[int, ...]:
        """Its shape."""
        ...

    def reshape(self, x: Values, *shape: int) -> Values:
        """The same entries in another shape."""
        ...

    def transpose(self, x: Values, *axes: int) -> Values:
        """The axes in another order."""
        ...

    def part(self, x: Values, index: Any) -> Values:
        """A slice along the first axis, or the entries of it that an array of indices names, in its order."""
        ...

    def add(self, x: Values, y: Values) -> Values:
        """The sum, broadcast."""
        ...

    def times(self, x: Values, y: Values) -> Values:
        """The entrywise product, broadcast."""
        ...

    def scaled(self, x: Values, c: float) -> Values:
        """C x; c is exact."""
        ...

    def reciprocal(self, c: float) -> Values:
        """1 / c of an exact number."""
        ...

    def settled(self, x: Values) -> Values:
        """x as if it were exact: for a linear map whose norm `carried` then answers for."""
        ...

    def carried(self, z: Values, norm: Callable[[], float], x: Values) -> Values:
        """z, the image of `settled(x)` under a linear map of at most that norm, as the image of x."""
        ...

    def with_column(self, x: Values, c: float) -> Values:
        """[x, c 1] along the last axis."""
        ...

    def product(self, x: Values, y: Values) -> Values:
        """The matrix product over the last two axes, leading ones broadcast."""
        ...

    def fine_product(self, x: Values, y: Values) -> Values:
        """The same with less rounding, for three times the work."""
        ...

    def gather(self, x: Values, index: Indices) -> Values:
        """Entries of the last axis, in the shape of index; zero for -1."""
        ...

    def gathered_sum(self, x: Values, index: Indices) -> Values:
        """Sums of entries of the last axis, over the last axis of index (k, m); nothing for -1."""
        ...

    def concatenate(self, parts: Sequence[Values]) -> Values:
        """Arrays behind each other along the first axis."""
        ...

    def activation(self, name: str, z: Values, order: int) -> Values:
        """act(z), act'(z) or act''(z)."""
        ...

    def applied(self, x: Values, function: Callable[[Array], Array], norm: float, roundings: int) -> Values:
        """A map that is Lipschitz with `norm` in Frobenius norm, computed with so many roundings an entry."""
        ...

    def masked(self, x: Values, factor: Array, largest: float) -> Values:
        """Entrywise product with exact numbers of modulus at most `largest`, broadcast."""
        ...

    def centred(self, x: Values) -> Values:
        """x less its mean over the last axis."""
        ...

    def normalised(self, x: Values, epsilon: float) -> tuple[Values, Values]:
        """f x and f = sqrt(d) / sqrt(|x|^2 + d epsilon) over the last axis, of length d; that of f has length 1."""
        ...

    def softmax(self, z: Values) -> Values:
        """Softmax over the last axis."""
        ...

    def exponential(self, z: Values) -> Values:
        """e^z of entries at most 0."""
        ...

    def lengths(self, x: Values, axis: int) -> Array:
        """Euclidean norms along an axis."""
        ...

    def smallest_row_norm(self, x: Values) -> float:
        """Smallest of them: a lower bound in the verified field."""
        ...

    def norm(self, x: Values) -> float:
        """Spectral norm of a matrix."""
        ...

    def largest_norm(self, x: Values) -> float:
        """Largest spectral norm in a stack of matrices."""
        ...

    def roots(self, grams: Values) -> Array:
        """Square roots of the largest eigenvalues of Gram matrices (k, r, r)."""
        ...

    def radius(self, x: Values) -> float:
        """How far x is from exact in Frobenius norm; 0 where that is not counted."""
        ...

    def frobenius(self, x: Values) -> float:
        """Frobenius norm."""
        ...

    def middle(self, x: Values) -> Array:
        """About what x is: for choices that any answer to is right."""
        ...

    def sum(self, x: Array, y: Array) -> Array:
        """The sum of nonnegative numbers, upwards."""
        ...

    def root(self, x: Array | float) -> Array:
        """Square root of a nonnegative number, upwards."""
        ...

    def up(self, *factors: Array | float) -> Array:
        """Product of nonnegative numbers, upwards."""
        ...

    def total(self, x: Array) -> float:
        """Sum of nonnegative numbers, upwards."""
        ...


def padded(x: np.ndarray) -> np.ndarray:
    """X with a zero behind the last axis, where an index of -1 finds it."""
    return np.concatenate([x, np.zeros((*x.shape[:-1], 1))], axis=-1)
