"""The classical route at trained weights: the ball of its search, in floating point, and what others ask for on it."""

from functools import cache

from worked import six_digits as six
from worked import trained

from pltheory.theorems import tmssr25
from pltheory.theory.formulas import radius_classic, radius_gradient_descent, radius_sharp, radius_tight


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    p = trained.profile()
    found = tmssr25.THEOREM.search_radius(p, six.RULE, headroom=1.5)
    i = int((p.radii == found.radius).argmax())
    loss, mu, beta, eta, delta = p.loss, float(p.sig[i] ** 2), float(p.beta[i]), found.eta, six.RULE.delta
    lipschitz = float(p.lipschitz[i])
    return {
        "L0": loss, "r0": p.residual, "mu": mu, "beta": beta, "eta": eta, "delta": delta, "R": found.radius,
        "LF": lipschitz, "ell": float(p.ell[i]), "Rclassic": float(radius_classic(loss, mu, eta, delta, lipschitz)),
        "RA": float(radius_sharp(loss, mu, beta, eta)), "Rtight": float(radius_tight(loss, mu, beta, eta)),
        "RLZB": float(radius_gradient_descent(p.residual, mu, lipschitz)),
    }  # fmt: skip
