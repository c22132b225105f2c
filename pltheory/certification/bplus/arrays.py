"""The one arithmetic Theorem B+ is computed in, in two strengths: balls that count round-off, and plain floats.

Every routine of the certificate is written once, for a `Field`: a `Ball` of `pltheory.rigor` in a rigorous run, a
`Plain` in a float64 run. Two readings leave a field and both point upward: `ceiling` (moduli) and `top` (norm).
What is then done with such nonnegative upper bounds is sums, products and roots of nonnegative floats, whose relative
error after fewer than 2^22 roundings is below `RAISE` - 1; `raised` puts it back. So no formula is written twice and
none needs its own error analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.linalg
import torch

from ...nets.activations import Activation
from ...rigor import eigen, midrad, norms
from ...rigor.midrad import Ball
from ...rigor.roundoff import RAISE as RAISE
from ...rigor.roundoff import TINY as TINY
from ...rigor.roundoff import Array, add_up, finite, mul_up
from ...rigor.roundoff import raised as raised

MOST_TERMS = 2**21
"""Longest sum the two constants are good for; a wider network gets no rigorous verdict."""


class Field(Protocol):
    """An array known up to a radius: `Ball` or `Plain`."""

    @property
    def mid(self) -> Array:
        """The array."""
        ...

    @property
    def rad(self) -> Array:
        """Bound of its error, entry by entry; 0 in a float64 run."""
        ...

    @property
    def T(self) -> Any:
        """The transposed field."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        ...

    def __neg__(self) -> Any: ...

    def __add__(self, other: Any) -> Any: ...

    def __sub__(self, other: Any) -> Any: ...

    def __mul__(self, other: Any) -> Any: ...

    def __matmul__(self, other: Any) -> Any: ...


@dataclass(frozen=True, eq=False)
class Plain:
    """An array taken at its word: the operations of `Ball` without radii, for verdicts that reach HOLDS only."""

    mid: Array
    __array_ufunc__ = None

    @property
    def rad(self) -> Array:
        """Zero."""
        return np.zeros(())

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.mid.shape

    @property
    def T(self) -> Plain:
        """The transposed array."""
        return Plain(self.mid.T)

    def __neg__(self) -> Plain:
        return Plain(-self.mid)

    def __add__(self, other: Any) -> Plain:
        return Plain(self.mid + _mid(other))

    def __sub__(self, other: Any) -> Plain:
        return Plain(self.mid - _mid(other))

    def __mul__(self, other: Any) -> Plain:
        return Plain(self.mid * _mid(other))

    __rmul__ = __mul__

    def __matmul__(self, other: Any) -> Plain:
        return Plain(self.mid @ _mid(other))


def _mid(x: Any) -> Any:
    return x.mid if isinstance(x, Plain) else x


def field(x: Any, rigorous: bool, rad: Any = 0.0) -> Field:
    """The field of an array; rad, where the array is not exact, counts in a rigorous run only."""
    array = np.asarray(x, dtype=np.float64)
    return Ball(array, np.asarray(rad, dtype=np.float64)) if rigorous else Plain(array)


def ceiling(x: Field) -> Array:
    """Entrywise upper bounds of the moduli."""
    if isinstance(x, Ball):
        return finite(np.broadcast_to(add_up(np.abs(x.mid), x.rad), x.mid.shape), "modulus")
    return np.abs(x.mid)


def spread(x: Field) -> float:
    """Upper bound of the largest radius."""
    return float(np.max(x.rad))


def uniform(x: Field) -> Any:
    """The same field with one radius for all entries: what the passes over many neurons cost least with."""
    return Ball(x.mid, np.asarray(spread(x))) if isinstance(x, Ball) else x


def reshaped(x: Field, *shape: int) -> Any:
    """The entries in another shape, with one radius for all."""
    return field(x.mid.reshape(shape), isinstance(x, Ball), spread(x))


def row_norms(x: Field) -> Array:
    """Upper bounds of the Euclidean norms of the rows of a matrix."""
    if isinstance(x, Ball):
        return norms.row_norms_upper(x)
    return np.sqrt(np.einsum("ij,ij->i", x.mid, x.mid))


def take_rows(x: Field, index: slice) -> Any:
    """Those rows of a matrix."""
    return x.rows(index) if isinstance(x, Ball) else Plain(x.mid[index])


def row_sums(x: Field) -> Any:
    """Sum along the rows of a matrix, as a column."""
    if isinstance(x, Ball):
        s = midrad.total(x, axis=1)
        return Ball(s.mid[:, None], s.rad[:, None] if s.rad.ndim else s.rad)
    return Plain(x.mid.sum(axis=1, keepdims=True))


def product(x: Field, y: Field) -> Any:
    """Matrix product whose radius follows rows and columns: keeps the precision of badly scaled rows."""
    return midrad.matmul(x, y, "outer") if isinstance(x, Ball) and isinstance(y, Ball) else x @ y


def top(x: Field) -> float:
    """Upper bound of the spectral norm of a matrix."""
    if isinstance(x, Ball):
        return eigen.spectral_norm_upper(x)
    return float(np.linalg.norm(x.mid, 2))


def top_symmetric(x: Field) -> float:
    """Upper bound of the largest eigenvalue of a symmetric matrix, and of 0."""
    mid = 0.5 * (x.mid + x.mid.T)
    if isinstance(x, Ball):
        # The exact matrix is symmetric, so it lies within the radii of the transposed midpoint as well; the mean of
        # two floats errs by half a unit of itself, which the raised radius covers.
        rad = np.broadcast_to(x.rad, x.shape)
        return max(
            0.0, eigen.lambda_max_upper(Ball(mid, add_up(np.maximum(rad, rad.T), mul_up(2.0**-52, np.abs(mid))))).value
        )
    return max(0.0, float(scipy.linalg.eigvalsh(mid)[-1]))


def top_nonnegative(x: Array) -> float:
    """Upper bound of the spectral norm of every symmetric matrix whose moduli are at most x, entry by entry.

    Collatz and Wielandt: for any vector u > 0 the largest eigenvalue of a nonnegative x is at most max (x u)_i / u_i.
    """
    # Asymmetry of rounding: the larger of both triangles dominates either.
    sym = np.maximum(x, x.T)
    u = np.abs(scipy.linalg.eigh(sym)[1][:, -1])
    u = u + 1e-9 * float(np.max(u))
    return float(raised(np.max((sym @ u) / u)))


def smooth(act: Activation, z: Field, order: int) -> Any:
    """The activation's derivative of that order (0, 1, 2), entry by entry."""
    if isinstance(z, Ball):
        return act.enclose(z, order)
    exact = torch.tensor(finite(z.mid, "preactivation"))
    return Plain(finite((act.value, act.derivative, act.second)[order](exact).numpy(), act.name))
