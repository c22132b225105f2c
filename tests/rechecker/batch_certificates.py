"""Certificates of Theorems F1, F2 and F4, made once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from tests.certification.test_every_order import near
from tests.forge import Forge

GD = GradientDescentSettings(eta="0.1/beta")
CLIPPED = DeltaGClipSettings(eta="0.1/beta", gamma=1e-3, delta=0.6)
MORE_CLIPPED = DeltaGClipSettings(eta="0.1/beta", gamma=1e-5, delta=0.6)
CASES = {
    "F1 fixed": (GD, Batches(2, "fixed"), {}),
    "F1 shuffle": (CLIPPED, Batches(2), {}),
    "F1 mean, remainder": (CLIPPED, Batches(3), {"loss": "mean", "bias": True}),
    "F1 all at once": (GD, Batches(4), {"activation": "gelu"}),
    "F1 one at a time": (GD, Batches(1), {"outputs": 1}),
    "F2 plain": (GD, Batches(2, "random"), {}),
    "F2 mean, clipped": (MORE_CLIPPED, Batches(3, "random"), {"loss": "mean", "bias": True}),
    "F2 by Markov": (GD, Batches(4, "random"), {"shift": 1e-8}),
    "F4 consecutive": (GD, Batches(1, "fixed", workers=2, passes=3), {"n": 4}),
    "F4 any part": (CLIPPED, Batches(1, workers=2, passes=3), {"n": 4}),
    "F4 mean, remainder": (CLIPPED, Batches(2, workers=2, passes=2), {"loss": "mean", "n": 6}),
    "F4 one step": (GD, Batches(2, workers=2), {"n": 4}),
    "F4 one sample each": (GD, Batches(1, workers=4), {"loss": "mean", "n": 4}),
    "F4 one worker": (GD, Batches(2, workers=1, passes=2), {"n": 4}),
}
"""Step rule, batches, and what is not as usual of the network and its data."""


def claimed(name: str) -> Claim:
    """Made anew."""
    rule, batches, more = CASES[name]
    return pl.certify(near(**{"m": 60, "shift": 1e-5, **more}), rule, theorem=name[:2], batches=batches)


made = cache(claimed)


def forge(folder: Path, name: str) -> Forge:
    """In the hands of an attacker."""
    claim = made(name)
    assert claim.holds
    return Forge(folder, claim.text("c.cert.npz"), claim.arrays_bytes())
