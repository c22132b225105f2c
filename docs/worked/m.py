"""Theorem M at trained weights, heavy ball: its certificate, one step, and the run."""

from functools import cache

import numpy as np
from worked import pieces, trained

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.runs.trace import Trace
from pltheory.theory.potential import ahead, limit

RULE = pl.DeltaGClipSettings(eta="0.05/beta", gamma=1e-3, delta=0.1, momentum=0.5)
SHOWN, STEPS = 3, 300


@cache
def claim() -> Claim:
    """The proof."""
    return trained.proved(RULE, "M")


@cache
def run() -> Trace:
    """With the step size of the claim."""
    return trained.followed(RULE, claim().eta, STEPS)


def energy(c: float) -> np.ndarray:
    """E_t of the run, before each step."""
    trace = run()
    return trace.ahead + c / 2 * (claim().eta * trace.buffer) ** 2


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c, profile, trace, m = claim(), pieces.of(claim()), run(), RULE.momentum
    k, eta, r0 = c.numbers["k"], c.eta, c.bounds["residual"].value
    rho, weight, of_rate = profile.root(r0 / k), c.numbers["c"] / eta, c.numbers["c_rate"] / eta
    falling, rated, t = energy(weight), energy(of_rate), SHOWN
    length = trace.step_size * trace.grad_norm / (1 - m)
    path = np.concatenate([[0.0], np.cumsum(length)])
    return {
        "m": m, "eta": eta, "beta": c.bounds["beta"].value, "LF": c.bounds["lipschitz"].value,
        "ell": c.bounds["ell"].value, "r0": r0, "R": c.numbers["radius"], "sigma": profile.value(0.0),
        "k": k, "xi": c.numbers["xi"], "C": weight, "omega": c.numbers["omega"], "C_rate": of_rate,
        "W": abs(1 - 2 * c.numbers["omega"]), "alpha": ahead(m, False), "a_p": m,
        "k_limit": 1 - c.bounds["beta"].value * eta / limit(m, m), "total": profile.integral(c.numbers["radius"]),
        "rho": rho, "tau": profile.value(rho), "area_rho": profile.integral(rho), "floor": c.bounds["floor"].value,
        "h": float(trace.step_size[t]), "l": float(length[t]), "sigP": profile.value(float(path[t])),
        "rhot": float(np.sqrt(2 * falling[t])), "rhon": float(np.sqrt(2 * falling[t + 1])),
        "Et": float(rated[t]), "En": float(rated[t + 1]), "P": float(path[-1]), "T": STEPS, "start": r0,
        "slow": c.bounds["rate"].value,
    }  # fmt: skip
