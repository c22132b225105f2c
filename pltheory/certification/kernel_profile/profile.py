"""theta(s) and sig_E(s) = sigma_0 (1 - theta(s))_+ from the numbers at the centre."""

from __future__ import annotations

import numpy as np

from ...rigor.interval_arrays import INTERVAL_ARRAYS, intervals
from ...rigor.roundoff import Array, down
from ...rigor.scalar import interval
from ...theory import NumericalFailureError
from ...theory.arithmetic import ARRAYS
from ...theory.kernel_profile import lost, turning
from .centre import KernelCentre


def lost_share(centre: KernelCentre, radii: Array) -> Array:
    """theta(s) / (1 - e), upper bounds: K(w) >= (1 - theta / (1 - e))^2 K_0 for |w - w_0| <= s where that is below 1.

    Args:
        centre: numbers at the weights.
        radii: (m,) increasing, not negative; between two of them, and from 0 to the first, ||Pi|| counts with its value
            at the right end, so a fine grid from 0 loses least.

    Raises:
        NoVerdictError: with round-off counted, an overflow.
        NumericalFailureError: a bound is not finite.
    """
    numbers, grid = centre.numbers, np.asarray(radii, dtype=np.float64)
    if centre.field.rounded:
        turn = turning(numbers, intervals(grid), INTERVAL_ARRAYS, intervals)
        theta = lost(interval(numbers.slope), [interval(float(s)) for s in grid], [turn[j] for j in range(len(grid))])
        share = np.array([(t / (interval(1.0) - interval(centre.defect))).hi for t in theta])
    else:
        theta = lost(numbers.slope, list(grid), list(turning(numbers, grid, ARRAYS)))
        share = np.asarray(theta) / (1 - centre.defect)
    if not np.isfinite(share).all():
        raise NumericalFailureError("kernel profile: a bound over the ball is not finite")
    return share


def kernel_profile(centre: KernelCentre, radii: Array, sigma: float) -> Array:
    """sig_E, lower bounds of sigma_min(J) on the balls of these radii, nonincreasing.

    Args:
        centre: numbers at the weights.
        radii: (m,) increasing, not negative.
        sigma: a lower bound of sigma_min(J_0).

    Raises:
        as `lost_share`.
    """
    return np.maximum(0.0, down(down(1.0 - lost_share(centre, radii)) * sigma))
