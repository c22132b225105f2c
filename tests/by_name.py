"""The theorems of the project by their ids, asked in floating point or for a proof, without the public border."""

from __future__ import annotations

from pltheory.certification.bplus.claim import bplus_claim as _bplus_claim
from pltheory.certification.claim import Claim
from pltheory.certification.trajectory.claim import trajectory_claim as _trajectory_claim
from pltheory.runs.promise import BallPromise
from pltheory.theorems.ball import BallTheorem
from pltheory.theorems.ball_constants import BallConstants
from pltheory.theorems.guard import BUILT_IN, Guarded
from pltheory.theorems.potential import PotentialTheorem
from pltheory.theorems.protocol import Question, Theorem, TheoremReport

THEOREMS: dict[str, Theorem] = BUILT_IN
ON_A_BALL = tuple(
    name for name, t in BUILT_IN.items() if isinstance(t, BallTheorem) and not isinstance(t, PotentialTheorem)
)
"""Theorems about a ball and steps with a floor; those about any steps have tests of their own."""


def check(at, settings, theorem: str | Theorem, *, checkpoint=None) -> TheoremReport:
    """The theorem's rows as computed in floating point."""
    found = THEOREMS[theorem] if isinstance(theorem, str) else theorem
    origin = None if THEOREMS.get(found.id) is found else "a test"
    return Guarded(found, origin).answer(Question(at, settings, rigorous=False, checkpoint=checkpoint))


def reach(profile, settings, theorem: str, **more) -> BallConstants:
    """The ball that a search finds."""
    return THEOREMS[theorem].search_radius(profile, settings, **more)


def certify(problem, settings, guess, *, theorem: str = "B", centre=None) -> Claim:
    """The proof on the ball that a profile proposes."""
    return THEOREMS[theorem].certify_near(problem, settings, guess, centre)


def bplus_claim(problem, settings, found) -> Claim:
    """The claim of a result of `certify_bplus`."""
    return _bplus_claim(THEOREMS["B+"].statement, problem, settings, found)


def trajectory_claim(problem, settings, found) -> Claim:
    """The claim of a result of `certify_trajectory`."""
    return _trajectory_claim(THEOREMS["D"].statement, problem, settings, found)


def promise_of(found: BallConstants, profile=None) -> BallPromise:
    """What a theorem promises on a ball; with a profile, along the path as Theorems B and C do."""
    return BallPromise(
        eta=found.eta, floor=found.delta, rate=found.rate, radius=found.required, mu=found.mu, beta=found.beta,
        profile=profile,
    )  # fmt: skip
