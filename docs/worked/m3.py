"""Theorem M3 at trained weights, heavy ball: its certificate and the run. Gains are in the units of one step."""

from functools import cache

import numpy as np
from worked import trained

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.runs.trace import Trace
from pltheory.theory.acceleration import Gains

RULE = pl.DeltaGClipSettings(eta="1/beta", gamma=0.5, delta=0.1, momentum=0.5)
STEPS = 40


@cache
def claim() -> Claim:
    """The proof."""
    return trained.proved(RULE, "M3")


@cache
def run() -> Trace:
    """With the step size of the claim."""
    return trained.followed(RULE, claim().eta, STEPS)


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c, trace, m = claim(), run(), RULE.momentum
    n, eta, r0, q = c.numbers, c.eta, c.bounds["residual"].value, c.numbers["q"]
    g1, g2, g4, free_r, free_u = (
        n[name] ** 0.5 for name in ("step_to_residual", "across", "gradient_to_buffer", "free_residual", "free_buffer")
    )
    om = eta**0.5 * c.bounds["change"].value
    most, buffer = Gains(g1, g2, g4, free_r, free_u).weighted(om, free_r * r0, free_u * r0)
    residual = np.sqrt(2 * trace.loss)
    weighted = float(np.sqrt(np.sum(residual**2 * q ** (-2.0 * np.arange(len(residual))))))
    return {
        "m": m, "eta": eta, "beta": 1 / eta, "r0": r0, "q": q, "low": n["low"], "high": n["high"],
        "lambda_min": c.bounds["lambda_min"].value, "norm": c.bounds["norm"].value, "change": c.bounds["change"].value,
        "ell": c.bounds["envelope"].value, "om": om, "g1": g1, "g2": g2, "g4": g4, "R_f": free_r * r0,
        "U_f": free_u * r0, "kap": n["low"], "gain": q**2 * n["step_to_residual"], "l0": q**2 + m**2, "l1": 2 * m * q,
        "other": n["across"], "N": most, "U": buffer, "R": n["radius"], "r": weighted, 
        "length": c.bounds["required"].value, "P": float(trace.path[-1]), "rT": float(residual[20]),
        "envelope": most * q**20,
    }  # fmt: skip
