"""Theorem Mb at trained weights: heavy ball, the buffer clipped, eta along a cosine; its certificate and the run."""

from functools import cache

import numpy as np
from worked import pieces, trained

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.optim.schedule import Cosine
from pltheory.runs.trace import Trace

STEPS, SHOWN = 150, 20
RULE = pl.DeltaGClipSettings(
    eta="0.05/beta", gamma=1e-3, delta=0.1, momentum=0.5, clip="buffer", schedule=Cosine(STEPS)
)  # fmt: skip


@cache
def claim() -> Claim:
    """The proof."""
    return trained.proved(RULE, "Mb")


@cache
def run() -> Trace:
    """With the step size of the claim."""
    return trained.followed(RULE, claim().eta, STEPS)


def energy(c: float) -> np.ndarray:
    """E_t of the run, before each step."""
    return run().loss[:-1] + c / 2 * run().lag ** 2


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c, profile, trace, m, t = claim(), pieces.of(claim()), run(), RULE.momentum, SHOWN
    k, eta, start = c.numbers["k"], c.eta, c.bounds["start"].value
    rho, share = profile.root(start / k), eta * (1 - m)
    weight, of_rate = share * c.numbers["c"], share * c.numbers["c_rate"]
    falling, rated = energy(weight), energy(of_rate)
    path = np.concatenate([[0.0], np.cumsum(trace.moved)])
    return {
        "m": m, "eta": eta, "beta": c.bounds["beta"].value, "LF": c.bounds["lipschitz"].value,
        "ell": c.bounds["ell"].value, "r0": c.bounds["residual"].value, "start": start, "R": c.numbers["radius"],
        "most": float(np.sqrt(1 + m)) * c.bounds["residual"].value, "j": c.bounds["largest"].value,
        "sigma": profile.value(0.0), "k": k, "xi": c.numbers["xi"], "u": weight / (1 - m) ** 2,
        "omega": c.numbers["omega"], "total": profile.integral(c.numbers["radius"]), "rho": rho,
        "tau": profile.value(rho), "area_rho": profile.integral(rho), "h": float(trace.step_size[t]),
        "l": float(trace.moved[t]),
        "sigP": profile.value(float(path[t])), "rhot": float(np.sqrt(2 * falling[t])),
        "rhon": float(np.sqrt(2 * falling[t + 1])), "Et": float(rated[t]), "En": float(rated[t + 1]),
        "P": float(path[-1]), "LT": float(trace.loss[-1]), "loss_end": c.bounds["loss_end"].value,
    }  # fmt: skip
