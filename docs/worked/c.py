"""Theorem C at trained weights: its certificate, and the linear profile that begins with the same slope."""

from functools import cache

from worked import six_digits as six
from worked import trained

from pltheory.theorems import b
from pltheory.theorems.measured import profile_at


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c = trained.claim()
    grid, sigma = c.witness["grid"], c.witness["sigma"]
    radius = float(grid[-1])
    # Of a concave profile the chord over the ball is a lower bound, and a linear profile.
    slope = float(sigma[0] - sigma[-1]) / radius
    r0, beta, eta = c.bounds["residual"].value, c.bounds["beta"].value, c.eta
    left = 1 - beta * eta / 2
    sig0 = float(sigma[0])
    return {
        "before": b.THEOREM.ratio(profile_at(six.of_width(trained.WIDTH)), six.RULE),
        "total": sig0 * radius - slope * radius**2 / 2, "r0": r0, "beta": beta, "eta": eta, "delta": six.RULE.delta,
        "rho": (sig0 - (sig0**2 - 2 * slope * r0 / left) ** 0.5) / slope, "R": radius, "sig0": sig0, "slope": slope,
        "LF": c.bounds["lipschitz"].value, "ell": c.bounds["ell"].value,
    }  # fmt: skip
