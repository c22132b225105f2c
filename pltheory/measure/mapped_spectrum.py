"""Extreme eigenvalues of a kernel that is a file mapped into memory, with their direction.

Lanczos reads the file once a product. The smallest eigenvalue takes a Cholesky factor, which is a file of the same
size, without a name and gone with the process. What is held in memory beside the pages of both files, which the
operating system takes back when it needs them, is some panels of 512 columns. Time is n^3 / 3 operations for the
factor, n^2 for everything else.
"""

from __future__ import annotations

import math
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from ..rigor import environment
from ..rigor.eigen import inverse_of, lambda_min_lower
from ..rigor.midrad import Ball
from ..rigor.residual import Factor, Room, factorise
from ..rigor.roundoff import Array
from ..theory import Bound, InvalidInputError, NumericalFailureError
from ..theory.bound import estimate, lower, upper
from .spectrum import INDEFINITE, extremes, inverse_lanczos, rayleigh

DENSE = 64
"""Up to this order a whole spectrum costs nothing."""
_GUESS = 2.0**-9
"""Relative residual in the inverse that a guess at the smallest eigenvalue has: the first shift is 2^-7 below it."""
_TOP = 1e-8
"""Relative residual of the largest eigenvalue's vector; the value is nearer."""
_FEW = 10
"""Lanczos vectors of a guess."""


def largest_eigenvalue(kernel: Array) -> Bound:
    """Largest eigenvalue from below: a Rayleigh quotient, by Lanczos; exact up to round-off for small matrices.

    Args:
        kernel: symmetric, (n, n), float64.

    Raises:
        NumericalFailureError: an entry is not finite, or Lanczos does not converge.
    """
    if len(kernel) <= DENSE:
        return extremes(torch.tensor(np.array(kernel)))[1]
    rho, residual = _top(kernel)
    return lower(rho, f"Rayleigh quotient, residual {residual:.1e}")


def smallest_eigenvalue(kernel: Array, scratch: Path) -> Bound:
    """Smallest eigenvalue from above: a Rayleigh quotient, by Lanczos on the inverse; no lower bound.

    Below the resolution of an eigenvalue solver, eps times the order times the largest eigenvalue, it is an estimate.

    Args:
        kernel: symmetric, (n, n), float64.
        scratch: a folder with room for n^2 doubles.

    Raises:
        InvalidInputError: the folder has no room.
        NumericalFailureError: an entry is not finite, or the matrix is indefinite, so no tangent kernel.
    """
    n = len(kernel)
    if n <= DENSE:
        return extremes(torch.tensor(np.array(kernel)))[0]
    resolution = _resolution(kernel)
    factor, _ = _factor(kernel, room_in(scratch), resolution)
    inverse, most = inverse_of(factor)

    def lanczos(accuracy: float) -> tuple[float, float] | None:
        return inverse_lanczos(lambda v: np.ldexp(inverse(v), 2 * most), lambda v: kernel @ v, n, accuracy)

    # Where eigenvalues crowd at the lower end no vector is that near to one of them; the quotient is a bound all the
    # same, and says its residual.
    found = lanczos(resolution) or lanczos(math.inf)
    if found is None:
        raise NumericalFailureError("Lanczos for the smallest eigenvalue did not converge; ask for a verified bound")
    rho, residual = found
    if rho <= resolution:
        return estimate(max(0.0, rho), f"Rayleigh quotient, below the resolution {resolution:.1e}")
    return upper(rho, f"Rayleigh quotient, residual {residual:.1e}")


def verified_smallest_eigenvalue(kernel: Array, scratch: Path) -> Bound:
    """A verified lower bound of the smallest eigenvalue of the symmetric matrix of the kernel's lower triangle.

    Round-off of the bound is counted; how far the entries are from a network's exact kernel is not.

    Args, Raises: as `smallest_eigenvalue`; and
        NoVerdictError: nothing can be verified.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    environment.require()
    room = room_in(scratch)
    found = lambda_min_lower(Ball(kernel), estimate=_guess(kernel, room), method="one pass", room=room)
    environment.require()
    return replace(found, method=f"{found.method}, of the matrix as it is stored")


def room_in(scratch: Path) -> Room:
    """Makes arrays of zeros that are files in that folder, without a name.

    Raises:
        InvalidInputError: when called: the folder cannot be written, or has no room.
    """

    def room(shape: tuple[int, int]) -> Array:
        size = 8 * math.prod(shape)
        try:
            with tempfile.TemporaryFile(dir=scratch) as file:
                # A hole in a file is memory that may turn out not to be there, when nothing can be said any more.
                os.posix_fallocate(file.fileno(), 0, size)
                return np.asarray(np.memmap(file, dtype=np.float64, mode="r+", shape=shape))
        except OSError as error:
            raise InvalidInputError(
                f"{scratch}: no room for a factor of {size / 2**30:.1f} GiB ({error.strerror})"
            ) from None

    return room


def _guess(kernel: Array, room: Room) -> float:
    n = len(kernel)
    if n <= DENSE:
        return float(extremes(torch.tensor(np.array(kernel)))[0].value)
    factor, shift = _factor(kernel, room, _resolution(kernel))
    if shift:
        return shift  # singular in floating point: what can be verified lies below 0
    inverse, most = inverse_of(factor)
    start = inverse(np.random.default_rng(0).standard_normal(n))
    operator = LinearOperator((n, n), inverse, dtype=np.float64)
    try:
        found = eigsh(operator, k=1, v0=start, ncv=_FEW, tol=_GUESS, return_eigenvectors=False)
    except ArpackError as error:
        raise NumericalFailureError(f"Lanczos for a guess at the smallest eigenvalue: {error}") from None
    return float(np.ldexp(1.0 / found[0], -2 * most))


def _factor(kernel: Array, room: Room, resolution: float) -> tuple[Factor, float]:
    """A factor of the kernel, or where rounding makes it singular of the kernel less a negative shift."""
    sym = Ball(kernel)
    for shift in (0.0, -resolution):
        factor = factorise(sym, shift, room=room)
        if factor is not None:
            return factor, shift
    raise NumericalFailureError(INDEFINITE)


def _top(kernel: Array) -> tuple[float, float]:
    n = len(kernel)
    start = kernel @ np.random.default_rng(0).standard_normal(n)
    if not np.isfinite(start).all():
        raise NumericalFailureError("the tangent kernel has a NaN or an infinity, or products with it overflow")
    if not start.any():
        return 0.0, 0.0
    try:
        operator = LinearOperator((n, n), lambda v: kernel @ v, dtype=np.float64)
        _, vectors = eigsh(operator, k=1, which="LA", v0=start, tol=_TOP)
    except ArpackError as error:
        raise NumericalFailureError(f"Lanczos for the largest eigenvalue: {error}") from None
    return rayleigh(lambda v: kernel @ v, vectors[:, 0] / np.linalg.norm(vectors[:, 0]))


def _resolution(kernel: Array) -> float:
    """What an eigenvalue solver can tell apart, or less: eps times the order times the largest eigenvalue."""
    column = kernel[:, int(np.argmax(np.diagonal(kernel)))]  # its norm is below the spectral norm
    largest = float(np.abs(column).max())
    if not 0 < largest < math.inf:
        return largest
    # Of a column of entries up to 1: squares of very large or small ones are no numbers.
    return float(np.finfo(np.float64).eps * len(kernel) * np.linalg.norm(column / largest) * largest)
