"""Theorem F4 on six digits: two workers, each twice through its half of the samples, then averaged."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from worked import f1
from worked import six_digits as six

from pltheory.certification.batches.certify import EveryOrder
from pltheory.problem.batches import Batches

WORKERS, PASSES, SIZE = 2, 2, 3
BATCHES = Batches(size=SIZE, order="shuffle", seed=0, workers=WORKERS, passes=PASSES)
ROUNDS = 12


@dataclass(frozen=True)
class Rounds:
    """A run in rounds, measured in floats.

    Attributes:
        away: (rounds, workers, passes + 1) distances of each worker's weights from the first zero, the start's first.
        seen: S of the first round.
        seen_by: S_k of each worker there.
        near, after: distances to zeros near the start and the end of the first round.
    """

    away: np.ndarray
    seen: float
    seen_by: list[float]
    near: float
    after: float


def found() -> EveryOrder:
    """The theorem at the initialisation."""
    return f1.proved(BATCHES)


@cache
def followed() -> Rounds:
    """Rounds with the step size of the proof; the halves of the samples are drawn anew in each."""
    work = six.of_width(six.WIDTH)
    eta, rng = found().rule.eta, np.random.default_rng(0)
    weights = list(work.network.parameters())
    zero = f1.zero_near(work)
    near = float((f1.vector(work) - zero).norm())
    seen, after, away = [], 0.0, np.empty((ROUNDS, WORKERS, PASSES + 1))
    for number in range(ROUNDS):
        start, ends = [w.detach().clone() for w in weights], []
        for k, part in enumerate(np.split(rng.permutation(len(work.x)), WORKERS)):
            total = 0.0
            with torch.no_grad():
                for w, s in zip(weights, start, strict=True):
                    w.copy_(s)
            away[number, k, 0] = float((f1.vector(work) - zero).norm())
            for step in range(PASSES):
                r = work.residual().flatten()[part]
                slopes = torch.autograd.grad(0.5 * (r * r).sum(), weights)
                total += eta * float(r.detach() @ r.detach())
                with torch.no_grad():
                    for w, g in zip(weights, slopes, strict=True):
                        w -= eta * g
                away[number, k, step + 1] = float((f1.vector(work) - zero).norm())
            ends.append([w.detach().clone() for w in weights])
            if number == 0:
                seen.append(total**0.5)
        with torch.no_grad():
            for w, *theirs in zip(weights, *ends, strict=True):
                w.copy_(sum(theirs) / WORKERS)
        if number == 0:
            after = float((f1.vector(work) - f1.zero_near(work)).norm())
    whole = (sum(s * s for s in seen) / WORKERS) ** 0.5
    return Rounds(away, whole, seen, near, after)


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    run, constants = followed(), f1.constants(found())
    eta, g = constants["eta"], 1 + constants["g1"]
    return {
        **constants, "S": run.seen, "S_1": run.seen_by[0], "S_2": run.seen_by[1], "d": run.near, "d1": run.after,
        "b": eta**0.5 * g * run.near, "Mw": constants["M"], "M0w": constants["M_0"],
    }  # fmt: skip
