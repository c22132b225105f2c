"""Theorem W1: a small network trained with a large decay until it hardly moves; its proof and what follows."""

from functools import cache

import torch

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.runs.loop import run as followed
from pltheory.runs.trace import Trace
from pltheory.theory.formulas import slack

DECAY, TRAINING, STEPS = 0.5, 400, 200
RULE = pl.DeltaGClipSettings("0.5/beta", gamma=1e-3, delta=0.1, weight_decay=DECAY)


@cache
def problem() -> pl.Problem:
    """Five points on a sphere, 24 tanh units."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    x = 2 * torch.nn.functional.normalize(x, dim=1)
    y = torch.randn(5, 1, generator=generator, dtype=torch.float64)
    found = pl.Problem(pl.fully_connected([4, 24, 1], bias=True, seed=0), x, y)
    optimizer = pl.optim.DeltaGClip(found.network.parameters(), lr=0.1, gamma=1.0, delta=0.1, weight_decay=DECAY)
    for _ in range(TRAINING):
        optimizer.zero_grad()
        found.value().backward()
        optimizer.step()
    return found


@cache
def claim() -> Claim:
    """The proof."""
    found = pl.certify(problem(), RULE, theorem="W1")
    found.require_holds()
    return found


@cache
def run() -> Trace:
    """With the step size of the claim."""
    return followed(problem(), RULE, claim().eta, steps=STEPS, target=0.0, records=2).trace


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c, trace = claim(), run()
    tau, beta, start = (c.bounds[name].value for name in ("tau", "beta", "gradient"))
    eta = c.eta
    return {
        "tau": tau, "beta": beta, "eta": eta, "G0": start, "decay": DECAY, "curvature": c.bounds["curvature"].value,
        "R": c.numbers["radius"], "k": slack(beta, eta), "required": c.bounds["required"].value,
        "apart": c.bounds["distance"].value, "slow": c.bounds["rate"].value, "d": float(trace.distance[-1]),
        "G": start, "u0": float(trace.clip_norm[0]), "uT": float(trace.clip_norm[-1]),
    }  # fmt: skip
