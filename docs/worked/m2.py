"""Theorem M2 at trained weights, heavy ball with steps beyond Theorem M: its certificate, one step, and the run."""

from functools import cache

import numpy as np
from worked import pieces, trained

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.runs.trace import Trace
from pltheory.theory.forms import closed_form_squared
from pltheory.theory.potential import limit

RULE = pl.DeltaGClipSettings(eta="0.3/beta", gamma=0.5, delta=0.1, momentum=0.5)
SHOWN, STEPS = 3, 60


@cache
def claim() -> Claim:
    """The proof."""
    return trained.proved(RULE, "M2")


@cache
def run() -> Trace:
    """With the step size of the claim."""
    return trained.followed(RULE, claim().eta, STEPS)


@cache
def values() -> dict[str, float]:
    """By the letters of the page; those of the closed form in the units of one step."""
    c, profile, trace, m, t = claim(), pieces.of(claim()), run(), RULE.momentum, SHOWN
    if c.numbers["ahead"] != 0:
        raise ValueError("the example of Theorem M2: the page speaks of alpha = 0")
    k, eta, r0, beta = c.numbers["k"], c.eta, c.bounds["residual"].value, c.bounds["beta"].value
    rho, weight, sigma = profile.root(r0 / k), c.numbers["weight"] / eta, profile.value(0.0)
    energy = trace.loss[:-1] + weight / 2 * (eta * trace.buffer) ** 2
    path = np.concatenate([[0.0], np.cumsum(trace.moved)])
    b, eps = beta * eta, eta * sigma**2
    return {
        "m": m, "eta": eta, "beta": beta, "LF": c.bounds["lipschitz"].value, "ell": c.bounds["ell"].value, "r0": r0,
        "R": c.numbers["radius"], "sigma": sigma, "b": b, "eps": eps, "kM": 1 - b / limit(m, m),
        "kc": closed_form_squared(m, b, eps) ** 0.5,
        "k": k, "C": c.numbers["weight"], "omega": c.numbers["omega"], "total": profile.integral(c.numbers["radius"]),
        "pivot": next(i.right for i in c.inequalities if "pivots" in i.name), "rho": rho, "tau": profile.value(rho),
        "area_rho": profile.integral(rho), "l": float(trace.moved[t]), "sigP": profile.value(float(path[t])),
        "rhot": float(np.sqrt(2 * energy[t])), "rhon": float(np.sqrt(2 * energy[t + 1])), "P": float(path[-1]),
        "Et": float(energy[t]), "En": float(energy[t + 1]), "mu": profile.value(rho) ** 2, "tau_t": 1.0,
    }  # fmt: skip
