"""The same six digits and 256 units, after 700 steps: weights near a zero of the loss, where every theorem has room."""

from functools import cache

from worked import six_digits as six

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.certification.profile import Profile
from pltheory.runs.loop import run
from pltheory.runs.trace import Trace
from pltheory.theorems.measured import profile_at

WIDTH, STEPS = 256, 700
TRAINING = pl.DeltaGClipSettings(eta=0.04, gamma=0.5, delta=0.1)


def after(steps: int) -> pl.Problem:
    """The weights after so many steps of delta-GClip, seen as a start."""
    found = six.of_width(WIDTH)
    optimizer = pl.optim.DeltaGClip(found.network.parameters(), lr=TRAINING.eta, gamma=0.5, delta=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        found.value().backward()
        optimizer.step()
    return found


@cache
def problem() -> pl.Problem:
    """The weights after all steps."""
    return after(STEPS)


def proved(settings: pl.DeltaGClipSettings, theorem: str) -> Claim:
    """A theorem there, proved."""
    found = pl.certify(problem(), settings, theorem=theorem)
    found.require_holds()
    return found


@cache
def claim() -> Claim:
    """Theorem C there, proved."""
    return proved(six.RULE, "C")


def followed(settings: pl.DeltaGClipSettings, eta: float, steps: int) -> Trace:
    """Steps from there on."""
    return run(problem(), settings, eta, steps=steps, target=0.0, records=30).trace


@cache
def profile() -> Profile:
    """Bounds over balls there, in floating point."""
    return profile_at(problem())
