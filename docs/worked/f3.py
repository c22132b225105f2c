"""Theorem F3 on six digits with 64 units: stored batches, enclosed, and Theorem F1 from where they end."""

from functools import cache

import numpy as np
from worked import f1
from worked import six_digits as six

import pltheory as pl
from pltheory.certification.batches.certify import every_order
from pltheory.certification.handover import Handover, hand_over
from pltheory.problem.batches import Batches

WIDTH, MOST, SHOWN = 64, 600, 40
RULE = pl.DeltaGClipSettings(eta="0.5/beta", gamma=1.0, delta=0.1)
BATCHES = Batches(size=2, order="shuffle", seed=0)


@cache
def found() -> Handover:
    """The run, enclosed, and F1 from its end with round-off counted."""
    at = hand_over(six.of_width(WIDTH), RULE, BATCHES, MOST)
    if at is None or at.then is None or at.then.counted() is None:
        raise ValueError("the example of Theorem F3 does not close")
    return at


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    at = found()
    records, run = at.run.records, at.run
    start = every_order(six.of_width(WIDTH), RULE, BATCHES)
    if start.closes:
        raise ValueError("the example of Theorem F3 closes at its start")
    return {
        **f1.constants(at.then), "bound": records[SHOWN].eps, "bound1": records[SHOWN + 1].eps,
        "lip": records[SHOWN].factor, "rho": records[SHOWN].rho, "T": run.steps, "apart": run.apart,
        "growth": run.growth, "etas": at.eta, "before": start.numbers.distance,
    }  # fmt: skip


def errors() -> tuple[np.ndarray, np.ndarray]:
    """eps_t and rho_t along the run."""
    return np.array([r.eps for r in found().run.records]), np.array([r.rho for r in found().run.records])
