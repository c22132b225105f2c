"""The theorems' formulas on intervals: their roots, minima, maxima and norms.

`INTERVALS` is an `Arithmetic`, so `formulas.rate(..., ops=INTERVALS)` encloses the exact value of the formula for every
choice of exact arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pltheory.theory.arithmetic import Arithmetic

from .eigen import spectral_norm_upper
from .midrad import Ball
from .scalar import Interval, interval, maximum, minimum, sqrt


def spectral_norm(rows: list[list[Any]]) -> Interval:
    """Enclosure of the spectral norm of a small matrix of intervals.

    Above: `eigen.spectral_norm_upper` of the ball that holds the matrix. Below: ||M v|| / ||v|| for one
    vector v.
    """
    cells = [[interval(x) for x in row] for row in rows]
    lo = np.array([[c.lo for c in row] for row in cells])
    hi = np.array([[c.hi for c in row] for row in cells])
    mid = 0.5 * lo + 0.5 * hi
    # Whatever mid is, this radius reaches both ends.
    rad = np.maximum(np.nextafter(hi - mid, np.inf), np.nextafter(mid - lo, np.inf))
    top = spectral_norm_upper(Ball(mid, np.maximum(rad, 0.0)))
    vector = [float(x) for x in np.linalg.svd(mid)[2][0]]
    image = [sum((c * v for c, v in zip(row, vector, strict=True)), interval(0)) for row in cells]
    ratio = sqrt(_squares(image)) / sqrt(_squares([interval(v) for v in vector]))
    return Interval(max(0.0, min(ratio.lo, top)), top)


def _squares(xs: list[Interval]) -> Interval:
    return sum((abs(x) * abs(x) for x in xs), interval(0))


INTERVALS = Arithmetic(sqrt, minimum, maximum, spectral_norm, lambda x: interval(x).hi, lambda x: interval(x).hi)
"""The arithmetic of `pltheory.theory.formulas` whose results are enclosures."""
