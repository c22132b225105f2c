"""Theorem S at trained weights: a cosine schedule, its certificate, and the run."""

from functools import cache

import numpy as np
from worked import pieces, trained

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.optim.schedule import Cosine
from pltheory.runs.trace import Trace
from pltheory.theory.formulas import contraction

STEPS, SHOWN = 60, 20
RULE = pl.DeltaGClipSettings(eta="1/beta", gamma=0.5, delta=0.1, schedule=Cosine(STEPS))


@cache
def claim() -> Claim:
    """The proof."""
    return trained.proved(RULE, "S")


@cache
def run() -> Trace:
    """With the step size of the claim."""
    return trained.followed(RULE, claim().eta, STEPS)


def bounds() -> np.ndarray:
    """L_0 times the product of the factors, for every iterate."""
    v = values()
    return v["L0"] * np.concatenate([[1.0], np.cumprod(contraction(v["mu"], v["beta"], run().step_size))])


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c, profile, trace, t = claim(), pieces.of(claim()), run(), SHOWN
    beta, eta, r0 = c.bounds["beta"].value, c.eta, c.bounds["residual"].value
    rho = profile.root(r0 / (1 - beta * eta / 2))
    tau = profile.value(rho)
    product = float(np.prod(contraction(tau**2, beta, trace.step_size)))
    return {
        "beta": beta, "eta": eta, "r0": r0, "L0": r0**2 / 2, "R": c.numbers["radius"], "ell": c.bounds["ell"].value,
        "LF": c.bounds["lipschitz"].value, "total": profile.integral(c.numbers["radius"]), "rho": rho, "tau": tau,
        "area_rho": profile.integral(rho), "mu": tau**2, "h": float(trace.step_size[t]),
        "Lt": float(trace.loss[t]), "Ln": float(trace.loss[t + 1]), "P": float(trace.path[-1]),
        "product": product, "loss_end": c.bounds["loss_end"].value, "LT": float(trace.loss[-1]),
        "steps_sum": float(np.sum(trace.step_size)),
    }  # fmt: skip
