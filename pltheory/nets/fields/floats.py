"""Float64 without counting round-off: what a search reads, and HOLDS rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.linalg
import torch

from ...rigor.roundoff import Array
from ...rigor.stacks import largest_eigenvalue
from ...theory import NumericalFailureError
from ..activations import activation
from ..fitting import Indices
from .protocol import padded

_LARGE = 512
"""From this order on one eigenvalue is cheaper than all."""


def _finite(grams: Array) -> Array:
    if not np.isfinite(grams).all():
        raise NumericalFailureError("a norm of the network is not finite")
    return grams


class Floats:
    """Arrays of NumPy. Methods as in `Field`; a norm that is not finite is a NumericalFailureError."""

    rounded = False

    def constant(self, x: Array) -> Array:  # noqa: D102
        return x

    def shape(self, x: Array) -> tuple[int, ...]:  # noqa: D102
        return x.shape

    def reshape(self, x: Array, *shape: int) -> Array:  # noqa: D102
        return x.reshape(shape)

    def transpose(self, x: Array, *axes: int) -> Array:  # noqa: D102
        return x.transpose(axes)

    def part(self, x: Array, index: Any) -> Array:  # noqa: D102
        return x[index]

    def add(self, x: Array, y: Array) -> Array:  # noqa: D102
        return x + y

    def times(self, x: Array, y: Array) -> Array:  # noqa: D102
        return x * y

    def scaled(self, x: Array, c: float) -> Array:  # noqa: D102
        return x if c == 1.0 else c * x

    def reciprocal(self, c: float) -> Array:  # noqa: D102
        return np.asarray(1 / c)

    def settled(self, x: Array) -> Array:  # noqa: D102
        return x

    def carried(self, z: Array, norm: Callable[[], float], x: Array) -> Array:  # noqa: D102
        return z

    def with_column(self, x: Array, c: float) -> Array:  # noqa: D102
        return np.concatenate([x, np.full((*x.shape[:-1], 1), c)], axis=-1)

    def product(self, x: Array, y: Array) -> Array:  # noqa: D102
        return np.matmul(x, y)

    def fine_product(self, x: Array, y: Array) -> Array:  # noqa: D102
        return np.matmul(x, y)

    def gather(self, x: Array, index: Indices) -> Array:  # noqa: D102
        return (padded(x) if (index < 0).any() else x)[..., index]

    def gathered_sum(self, x: Array, index: Indices) -> Array:  # noqa: D102
        whole = padded(x)
        total = whole[..., index[:, 0]]
        for j in range(1, index.shape[1]):
            total += whole[..., index[:, j]]
        return total

    def concatenate(self, parts: Sequence[Array]) -> Array:  # noqa: D102
        return np.concatenate(parts)

    def activation(self, name: str, z: Array, order: int) -> Array:  # noqa: D102
        act = activation(name)
        with torch.no_grad():
            t = torch.from_numpy(np.ascontiguousarray(z))
            return (act.value, act.derivative, act.second)[order](t).numpy()

    def applied(self, x: Array, function: Callable[[Array], Array], norm: float, roundings: int) -> Array:  # noqa: D102
        return function(x)

    def masked(self, x: Array, factor: Array, largest: float) -> Array:  # noqa: D102
        return x * factor

    def centred(self, x: Array) -> Array:  # noqa: D102
        return x - x.mean(-1, keepdims=True)

    def normalised(self, x: Array, epsilon: float) -> tuple[Array, Array]:  # noqa: D102
        factor = 1 / np.sqrt(np.square(x).mean(-1, keepdims=True) + epsilon)
        return x * factor, factor

    def softmax(self, z: Array) -> Array:  # noqa: D102
        e = np.exp(z - z.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def exponential(self, z: Array) -> Array:  # noqa: D102
        return np.exp(z)

    def lengths(self, x: Array, axis: int) -> Array:  # noqa: D102
        return np.sqrt(np.square(x).sum(axis))

    def smallest_row_norm(self, x: Array) -> float:  # noqa: D102
        return float(self.lengths(x, -1).min())

    def norm(self, x: Array) -> float:  # noqa: D102
        if not x.size:
            return 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused
            gram = _finite(x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x)
        top = [len(gram) - 1] * 2
        values = scipy.linalg.eigvalsh(gram, subset_by_index=top) if len(gram) > _LARGE else np.linalg.eigvalsh(gram)
        return float(np.sqrt(max(0.0, values[-1])))

    def largest_norm(self, x: Array) -> float:  # noqa: D102
        if not x.size:
            return 0.0
        other = x.swapaxes(-1, -2)
        grams = x @ other if x.shape[-2] <= x.shape[-1] else other @ x
        stack = _finite(grams.reshape(-1, *grams.shape[-2:]))
        return float(np.sqrt(largest_eigenvalue(stack, np.abs(stack).sum(-1).max(-1))))

    def roots(self, grams: Array) -> Array:  # noqa: D102
        return np.sqrt(np.maximum(0.0, np.linalg.eigvalsh(_finite(grams))[:, -1]))

    def radius(self, x: Array) -> float:  # noqa: D102
        return 0.0

    def frobenius(self, x: Array) -> float:  # noqa: D102
        return float(np.linalg.norm(x))

    def middle(self, x: Array) -> Array:  # noqa: D102
        return x

    def sum(self, x: Array, y: Array) -> Array:  # noqa: D102
        return x + y

    def root(self, x: Array | float) -> Array:  # noqa: D102
        return np.sqrt(x)

    def up(self, *factors: Array | float) -> Array:  # noqa: D102
        total = np.asarray(factors[0], dtype=np.float64)
        for factor in factors[1:]:
            total = total * factor
        return total

    def total(self, x: Array) -> float:  # noqa: D102
        return float(np.sum(x))
