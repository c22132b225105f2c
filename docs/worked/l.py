"""Theorem L from initialisation: cross-entropy of three points in three classes down to accuracy 1, and the run."""

from functools import cache

import numpy as np
import torch
from scipy.integrate import quad
from worked import pieces

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.problem.gauge import Gauge
from pltheory.runs.loop import run as followed
from pltheory.runs.trace import Trace
from pltheory.theory.formulas import decrease, slack

CLASSES, WIDTH, SHOWN, STEPS = 3, 8000, 10, 80
RULE = pl.DeltaGClipSettings(eta="0.1/beta", gamma=1.0, delta=0.1)


@cache
def problem() -> pl.Problem:
    """Three points of a sphere, a class each."""
    x, _ = pl.datasets.sphere(n=CLASSES, d=10)
    network = pl.fully_connected([10, WIDTH, CLASSES], activation="tanh", output_init="rademacher", seed=0)
    return pl.Problem(network, x, torch.eye(CLASSES, dtype=x.dtype), loss="cross-entropy")


@cache
def claim() -> Claim:
    """The proof."""
    found = pl.certify(problem(), RULE, theorem="L")
    found.require_holds()
    return found


@cache
def run() -> Trace:
    """With the step size of the claim."""
    return followed(problem(), RULE, claim().eta, steps=STEPS, target=0.0, records=2).trace


@cache
def gauge() -> Gauge:
    """Of the loss, for three samples in three classes."""
    return problem().objective.gauge(CLASSES, CLASSES)


def gam(v: float) -> float:
    """The gauge at a loss."""
    return float(gauge().lower(np.array(v)))


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c, profile, trace, t = claim(), pieces.of(claim()), run(), SHOWN
    beta, eta, start, way = c.bounds["beta"].value, c.eta, c.bounds["loss"].value, c.bounds["length"].value
    k, level = slack(beta, eta), c.numbers["level"]
    rho = profile.root(way / k)
    low = eta * c.bounds["floor"].value
    with torch.no_grad():
        p = torch.softmax(problem().outputs()[0], dim=0).tolist()
    before, after, h = float(trace.loss[t]), float(trace.loss[t + 1]), float(trace.step_size[t])
    return {
        "L0": start, "eps": level, "beta": beta, "eta": eta, "most": 0.5, "ell": c.bounds["lipschitz"].value,
        "k": c.bounds["ell"].value, "slope": c.bounds["slope"].value, "way": way, "R": c.numbers["radius"],
        "total": profile.integral(c.numbers["radius"]), "area": 0.0, "area1": profile.integral(rho), "rho": rho,
        "tau": profile.value(rho), "b0": min(decrease(beta, low), decrease(beta, eta)),
        "steps": c.bounds["steps"].value, "last": eta * c.bounds["lipschitz"].value * c.bounds["slope"].value,
        "gam0": gam(start), "gamE": gam(level),
        "p_y": p[0], "p_1": p[1], "p_2": p[2], "gg": (p[0] - 1) ** 2 + p[1] ** 2 + p[2] ** 2,
        "v": before, "v1": after, "h": h, "G": float(trace.grad_norm[t]), "gam": gam(before),
        "sigma": profile.value(float(trace.path[t])), "phi": float(quad(lambda v: 1 / gam(v), after, before)[0]),
        "first": int(np.argmax(trace.loss <= level)), "P": float(trace.path[np.argmax(trace.loss <= level)]),
    }  # fmt: skip
