"""Theorem T on ten digits in ten classes, heavy ball and cross-entropy: the followed run and what is enclosed."""

from functools import cache

import numpy as np

import pltheory as pl
from pltheory.certification.claim import Claim

WIDTH, SHOWN = 32, 50
RULE = pl.DeltaGClipSettings(eta=0.1, gamma=5.0, delta=0.1, momentum=0.5)


@cache
def claim() -> Claim:
    """The proof, of a hundred steps."""
    x, y = pl.datasets.digits(10, labels="one-hot")
    problem = pl.Problem(pl.fully_connected([64, WIDTH, 10], activation="tanh", seed=0), x, y, loss="cross-entropy")
    found = pl.certify(problem, RULE, theorem="T")
    found.require_holds()
    return found


def norm(lam: float, m: float, weight: float) -> float:
    """Of the step's derivative on an eigenvector, h times its eigenvalue lam; heavy ball."""
    a, root = 1 - m, weight**0.5
    al = m / a
    n = np.array([[1 - lam / a, lam * al / (a * root)], [-root * lam, m + al * lam]])
    return float(np.linalg.norm(n, 2))


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c, t = claim(), SHOWN
    w, m, weight, eta = c.witness, c.numbers["momentum"], c.numbers["weight"], c.eta
    nu, beta = float(w["curvature"][t]), float(w["beta"][t])
    bounds = {name: c.bounds[name].value for name in ("loss_low", "loss_high", "distance_high", "apart", "growth")}
    return {
        "m": m, "c": weight, "eta": eta, "T": c.numbers["steps"], "h": eta, "nu": nu, "beta_t": beta,
        "below": norm(-eta * nu, m, weight), "above": norm(eta * beta, m, weight), "lip": float(w["factor"][t]),
        "rho_t": float(w["rho"][t]), "bound": float(w["eps"][t]), "bound1": float(w["eps"][t + 1]),
        "eps": c.numbers["eps"], "al": m / (1 - m), "right": c.numbers["right"], "margin": c.bounds["margin"].value,
        "LF": c.bounds["lipschitz"].value, "width": bounds["loss_high"] - bounds["loss_low"], **bounds,
    }  # fmt: skip
