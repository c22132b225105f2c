"""Guard of the floating-point environment that every bound of this package presupposes.

The bounds hold for IEEE 754 binary64, rounding to nearest, gradual underflow. Each thread carries its own
control word. The one of the calling thread can be changed by any library (`torch.set_flush_denormal(True)`
reaches NumPy too); BLAS workers inherit theirs when they are started, and keep it when the calling thread
is put right again. So there are two probes: one of the calling thread, cheap enough for every operation,
and one through BLAS itself, whose result is spread over all of its workers. Both ask the arithmetic what it
does, instead of reading a register.
"""

from __future__ import annotations

import os
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .errors import RoundingEnvironmentError

# Operands live in module variables so that no compiler folds the probes.
_ONE = 1.0
_HALF_ULP = 2.0**-53
_MORE_THAN_HALF_ULP = 2.0**-53 + 2.0**-105
_AFTER_ONE = 1.0 + 2.0**-52
_SMALLEST_NORMAL = 2.0**-1022
_SUBNORMAL = 2.0**-1060
_HALF = 0.5
_LARGE = 2.0**600
_SUBNORMAL_TIMES_LARGE = 2.0**-460
_BITS_HALF = 1 << 51  # pattern of 2^-1023, compared as an integer, because flushing also blinds comparisons

_REMEDY = "call torch.set_flush_denormal(False), restore rounding to nearest, and start the process again"


def require_thread() -> None:
    """Refuse to go on if the calling thread flushes subnormals or does not round to nearest.

    Raises:
        RoundingEnvironmentError: it does; the message says which.
    """
    if _ONE + _HALF_ULP != _ONE or _ONE + _MORE_THAN_HALF_ULP != _AFTER_ONE:
        raise RoundingEnvironmentError(f"this thread does not round to nearest; {_REMEDY}")
    # Multiplied up again at once: under flush-to-zero the first product is 0, under denormals-are-zero the
    # second.
    if _SMALLEST_NORMAL * _HALF * _LARGE == 0.0 or _SUBNORMAL * _LARGE != _SUBNORMAL_TIMES_LARGE:
        raise RoundingEnvironmentError(f"this thread flushes subnormal numbers to zero; {_REMEDY}")


def require_ufuncs() -> None:
    """The same for NumPy's vector loops, whose code paths differ from Python's scalar arithmetic.

    Raises:
        RoundingEnvironmentError: a vector loop flushes or rounds otherwise.
    """
    lanes = 67  # no multiple of a vector length, so the remainder loop is probed too
    small = np.full(lanes, _SMALLEST_NORMAL) * np.full(lanes, _HALF)
    if (small.view(np.uint64) != _BITS_HALF).any():
        raise RoundingEnvironmentError(f"NumPy's loops flush subnormal numbers to zero; {_REMEDY}")
    ones = np.full(lanes, _ONE)
    nearest = (ones + np.full(lanes, _HALF_ULP) == ones).all()
    above = (ones + np.full(lanes, _MORE_THAN_HALF_ULP) == _AFTER_ONE).all()
    if not (nearest and above):
        raise RoundingEnvironmentError(f"NumPy's loops do not round to nearest; {_REMEDY}")


@cache
def _blas_threads() -> int:
    """The most workers a pool was started with; asked once, because asking takes longer than the probe."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return os.cpu_count() or 1
    pools = [int(p["num_threads"]) for p in threadpool_info() if p.get("user_api") == "blas"]
    return max([*pools, os.cpu_count() or 1])


def _probe(column: list[float], row: list[float], size: int) -> NDArray[np.float64]:
    """A product whose entries are all the same short inner product, large enough to be shared out."""
    # OpenBLAS shares out what has over 1e6 multiplications. Subnormals are slow: there are few, and last.
    inner = 8
    left = np.zeros((size, inner))
    right = np.zeros((inner, size))
    left[:, -len(column) :] = column
    right[-len(row) :, :] = np.array(row)[:, None]
    product: NDArray[np.float64] = left @ right
    return product


def require_blas() -> None:
    """Refuse to go on if any BLAS worker flushes subnormals or does not round to nearest.

    Every entry of three products has one correct value, in any order of summation and with or without fused
    multiply-add; each worker computes a part of them. Costs a few milliseconds.

    Raises:
        RoundingEnvironmentError: an entry is wrong.
    """
    size = max(512, 32 * _blas_threads())
    flushed = _probe([2.0**-600], [2.0**-450], size).view(np.uint64) != 1 << 24  # 2^-1050
    blind = _probe([_SUBNORMAL], [_LARGE], size) != _SUBNORMAL_TIMES_LARGE
    if flushed.any() or blind.any():
        raise RoundingEnvironmentError(f"a BLAS worker thread flushes subnormal numbers to zero; {_REMEDY}")
    tie = _probe([_ONE, _HALF_ULP], [_ONE, _ONE], size) != _ONE
    above = _probe([_ONE, _MORE_THAN_HALF_ULP], [_ONE, _ONE], size) != _AFTER_ONE
    if tie.any() or above.any():
        raise RoundingEnvironmentError(f"a BLAS worker thread does not round to nearest; {_REMEDY}")


@cache
def _blas_probed(process: int) -> None:
    require_blas()


def require_blas_once() -> None:
    """`require_blas`, but once a process: workers keep their flags, and waking them all takes time.

    Pools restarted later with other flags are met by `require`, which a certified run calls first and last.

    Raises:
        RoundingEnvironmentError: as `require_blas`.
    """
    _blas_probed(os.getpid())


def require() -> None:
    """All probes: calling thread, NumPy's vector loops, BLAS workers. Call at the start of every certified
    run.

    Raises:
        RoundingEnvironmentError: naming the first probe that fails.
    """
    require_thread()
    require_ufuncs()
    require_blas()
