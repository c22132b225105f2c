"""The worked problem of most pages about theorems: six digits, one hidden layer of 8192 tanh units, proofs and a run.

Numbers are those of certificates, round-off counted; where a page inserts them, in doubles.
"""

from functools import cache

import numpy as np

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.runs.loop import run
from pltheory.runs.trace import Trace

SAMPLES, WIDTH = 6, 8192
RULE = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
STEPS = 1200


def of_width(width: int) -> pl.Problem:
    """The first six digits, +1 for 0 to 4 and -1 for 5 to 9; square loss, summed."""
    x, y = pl.datasets.digits(SAMPLES, labels="low-high")
    return pl.Problem(pl.fully_connected([64, width, 1], activation="tanh", output_init="rademacher", seed=0), x, y)


@cache
def problem() -> pl.Problem:
    """The one that is proved at its initialisation."""
    return of_width(WIDTH)


@cache
def claim(theorem: str) -> Claim:
    """A theorem at the initialisation, proved."""
    found = pl.certify(problem(), RULE, theorem=theorem)
    found.require_holds()
    return found


@cache
def followed(theorem: str) -> Trace:
    """The run with the step size of its claim."""
    return run(problem(), RULE, claim(theorem).eta, steps=STEPS, records=30).trace


def profile() -> tuple[np.ndarray, np.ndarray]:
    """The profile of Theorem B's certificate, a step function: the ends of its pieces, and its value up to each end."""
    witness = claim("B").witness
    return witness["grid"], witness["sigma"][1:]


def integral(s: float) -> float:
    """int_0^s sig."""
    grid, sigma = profile()
    return float(np.sum(sigma * np.diff(np.clip(grid, 0, s))))


def value(s: float) -> float:
    """sig(s)."""
    grid, sigma = profile()
    return float(sigma[max(int(np.searchsorted(grid, s)) - 1, 0)])


def bounds(theorem: str) -> dict[str, float]:
    """What the claim of a theorem says of its ball, by the letters of the pages, with the settings of the steps."""
    c = claim(theorem)
    names = {"r0": "residual", "beta": "beta", "mu": "mu", "LF": "lipschitz", "ell": "ell"}
    found = {letter: c.bounds[name].value for letter, name in names.items()}
    settings = {"eta": c.eta, "delta": RULE.delta, "gamma": RULE.gamma}
    return {**found, **settings, "R": float(c.witness["grid"][-1]), "L0": 0.5 * found["r0"] ** 2}


def step(trace: Trace, t: int) -> dict[str, float]:
    """One step of a run, and its path and distance at the end."""
    return {
        "h": float(trace.step_size[t]), "Lt": float(trace.loss[t]), "Ln": float(trace.loss[t + 1]),
        "g": float(trace.grad_norm[t]), "P": float(trace.path[-1]), "distance": float(trace.distance[-1]),
        "steps": len(trace.step_size),
    }  # fmt: skip
