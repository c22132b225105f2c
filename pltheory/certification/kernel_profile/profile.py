"""sig_E(s) = sigma_0 (1 - theta(s))_+ from the numbers at the centre."""

from __future__ import annotations

import numpy as np

from ...rigor.interval_arrays import IntervalArray, intervals
from ...rigor.roundoff import down, finite
from ...rigor.scalar import interval
from ...theory import kernel_profile as formulas
from .centre import Centre
from .numbers import BALLS, Array


def lost_share(centre: Centre, radii: Array) -> Array:
    """theta(s) / (1 - e), upper bounds: K(w) >= (1 - theta / (1 - e))^2 K_0 for |w - w_0| <= s where that is below 1.

    Args:
        centre: numbers at the weights.
        radii: (m,) increasing, not negative.

    Raises:
        NoVerdictError: with round-off counted, an overflow.
        NumericalFailureError: a bound is not finite.
    """
    turn = formulas.turning(centre.numbers, _radii(centre, radii), centre.arithmetic.formulas)
    if centre.arithmetic is BALLS:
        slope = centre.numbers.slope[()]
        theta = formulas.loss_of_kernel(slope, [interval(float(s)) for s in radii], [turn[j] for j in range(len(radii))])
        share = [(t / (interval(1.0) - interval(centre.defect))).hi for t in theta]
    else:
        theta = formulas.loss_of_kernel(centre.numbers.slope, [float(s) for s in radii], list(turn))
        share = [t / (1 - centre.defect) for t in theta]
    return finite(np.maximum(np.asarray(share, dtype=np.float64), 0.0), "theta")


def _radii(centre: Centre, radii: Array) -> Array | IntervalArray:
    grid = np.asarray(radii, dtype=np.float64)
    return intervals(grid) if centre.arithmetic is BALLS else grid


def kernel_profile(centre: Centre, radii: Array, sigma: float | None = None) -> Array:
    """sig_E, lower bounds of sigma_min(J) on the balls of these radii, nonincreasing.

    Args:
        centre: numbers at the weights.
        radii: (m,) increasing, not negative.
        sigma: a lower bound of sigma_min(J_0) in place of the centre's own.

    Raises:
        as `lost_share`.
    """
    share = lost_share(centre, radii)
    return np.maximum(0.0, down(down(1.0 - share) * (centre.sigma if sigma is None else sigma)))
