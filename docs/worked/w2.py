"""Theorem W2 at trained weights: weight decay for a number of steps, its certificate and the run."""

from functools import cache

import numpy as np
from worked import pieces, trained

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.runs.trace import Trace
from pltheory.theory.formulas import loss_floor, slack

DECAY, SHOWN = 1e-5, 20
RULE = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1, weight_decay=DECAY)


@cache
def claim() -> Claim:
    """The proof."""
    return trained.proved(RULE, "W2")


@cache
def run() -> Trace:
    """As many steps as are spoken of."""
    return trained.followed(RULE, claim().eta, int(claim().numbers["steps"]))


def bounds() -> np.ndarray:
    """Of L_t, for every iterate."""
    v, h = values(), run().step_size
    above = max(0.0, v["L0"] - v["F"]) * np.concatenate([[1.0], np.cumprod(1 - v["mu"] * h)])
    return v["F"] + above


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c, profile, trace, t = claim(), pieces.of(claim()), run(), SHOWN
    beta, eta, r0, lipschitz = c.bounds["beta"].value, c.eta, c.bounds["residual"].value, c.bounds["lipschitz"].value
    weights, radius = c.bounds["weights"].value, c.numbers["radius"]
    shrunk = DECAY * eta * c.numbers["steps"]
    asked = r0 + lipschitz * weights * shrunk
    k = slack(beta, eta)
    rho = profile.root(asked / k, weights * shrunk)
    mu = profile.value(rho) ** 2
    floor = loss_floor(DECAY, weights, mu)
    before = profile.integral(weights * shrunk)
    loss = trace.loss
    return {
        "beta": beta, "eta": eta, "r0": r0, "LF": lipschitz, "ell": c.bounds["ell"].value, "R": radius, "W": weights,
        "lambda": DECAY, "lam": DECAY, "T": c.numbers["steps"], "Q": shrunk, "WP": weights * shrunk, "reached": asked,
        "total": profile.integral(radius) - before, "area_rho": profile.integral(rho) - before, "rho": rho,
        "tau": profile.value(rho), "mu": mu, "F": floor, "L0": r0**2 / 2, "h": float(trace.step_size[t]),
        "L": float(loss[t]), "L1": float(loss[t + 1]), "e": max(0.0, float(loss[t]) - floor),
        "h0": float(trace.step_size[t]), "P": float(trace.path[-1]), "LT": float(loss[-1]),
        "loss_end": c.bounds["loss_end"].value,
    }  # fmt: skip
