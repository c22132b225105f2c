"""Theorem D on six digits with 64 units: the followed trajectory, and the basin where it ends."""

from functools import cache

import numpy as np
from scipy.optimize import brentq
from worked import six_digits as six

import pltheory as pl
from pltheory.certification.trajectory import TrajectoryCertificate, certify_trajectory
from pltheory.theorems import b
from pltheory.theorems.measured import profile_at
from pltheory.theory.formulas import expansion_constant, slack

WIDTH = 64
RULE = pl.DeltaGClipSettings(eta=0.04, gamma=0.5, delta=0.1)
BAND, FULL = 100, 180
"""Two steps that a page shows: one in the clipped band, one that is not clipped."""


@cache
def found() -> TrajectoryCertificate:
    """The proof."""
    return certify_trajectory(six.of_width(WIDTH), RULE, steps_limit=400)


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c = found()
    basin, band, full = c.basin, c.records[BAND], c.records[FULL]
    if basin is None or not basin.holds:
        raise ValueError(f"the example of Theorem D: {c.obstruction}")
    grid, sigma = np.array(basin.grid), np.array(basin.sig)
    left = slack(basin.beta, c.eta)

    def area(s: float) -> float:
        return float(np.sum(sigma[1:] * np.diff(np.clip(grid, grid[0], s))))

    rho = float(brentq(lambda s: left * area(c.eps + s) - basin.residual, 0, grid[-1] - c.eps, xtol=1e-14))
    tau = float(sigma[max(int(np.searchsorted(grid, c.eps + rho)), 1)])
    s, beta, nu = c.eta * c.gamma / band.gradient.lo, band.beta, float(c.scale * band.concave)
    return {
        "v": s * (beta + nu) / 2, "al": max(expansion_constant(s, beta, nu), 1.0), "s": s, "beta_b": beta, "nu_b": nu,
        "before": b.THEOREM.ratio(profile_at(six.of_width(WIDTH)), RULE), "eta": c.eta, "gamma": c.gamma,
        "delta": c.delta, "T": c.steps, "eps": c.eps, "bound": full.eps, "bound1": c.records[FULL + 1].eps,
        "lip": full.factor, "rho_t": full.rho, "beta_t": full.beta, "nu": float(c.scale * full.concave),
        "rbar": basin.residual, "LF": basin.lipschitz, "ell": basin.ell, "R": float(grid[-1] - c.eps),
        "area": 0.0, "total": area(float(grid[-1])), "area1": area(c.eps + rho), "rho": rho, "tau": tau,
    }  # fmt: skip
