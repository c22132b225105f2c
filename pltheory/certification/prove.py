"""A certificate by the name of a theorem: prove it, save it, and let the rechecker have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ..measure.linearization import linearize
from ..problem.held import hold
from ..problem.problem import Problem
from ..problem.settings import StepSettings, require_rule
from ..problem.surroundings import undisturbed
from ..theory import InvalidInputError
from .bplus import certify_bplus
from .bplus.file import bplus_certificate
from .certificate import THEOREMS as ON_A_BALL
from .certificate import Inequality
from .certificate import certify as certify_on_ball
from .profile import profile
from .trajectory import certify_trajectory
from .trajectory.file import StoredTrajectory

TRAJECTORY_STEPS = 10_000
"""Steps that Theorem D may take."""


class Proved(Protocol):
    """A certificate of any theorem."""

    @property
    def theorem(self) -> str:
        """Id of the theorem."""
        ...

    @property
    def holds(self) -> bool:
        """Whether every hypothesis is proved."""
        ...

    @property
    def inequalities(self) -> tuple[Inequality, ...]:
        """The hypotheses; empty where no numbers were found."""
        ...

    def save(self, path: str | Path) -> None:
        """Write the JSON text to path and the arrays beside it.

        Raises:
            InvalidInputError: it does not hold, or a file exists or cannot be written.
        """
        ...


def _on_ball(theorem: str, problem: Problem, settings: StepSettings) -> Proved:
    lin = linearize(problem.network, problem.x)
    guess = profile(lin, float((lin.outputs - problem.y).norm()), problem.scale)
    return certify_on_ball(problem, settings, guess, theorem=theorem)


def _bplus(theorem: str, problem: Problem, settings: StepSettings) -> Proved:
    return bplus_certificate(problem, settings, certify_bplus(problem, settings, rigorous=True, refinements=1))


def _trajectory(theorem: str, problem: Problem, settings: StepSettings) -> Proved:
    found = certify_trajectory(problem, settings, steps_limit=TRAJECTORY_STEPS)
    return StoredTrajectory(problem.loss, settings.name, found)


PROVERS: dict[str, Callable[[str, Problem, StepSettings], Proved]] = {
    **dict.fromkeys(ON_A_BALL, _on_ball),
    "B+": _bplus,
    "D": _trajectory,
}
"""Theorem to what proves it."""


@undisturbed
def certify(problem: Problem, settings: StepSettings, *, theorem: str = "B") -> Proved:
    """Prove a theorem's hypotheses with arithmetic that counts its own rounding.

    Args:
        problem: network of class N, data, square loss (sum or mean). Theorem C is Theorem B at weights that are not
            random, for instance a checkpoint loaded into the network.
        settings: step rule; eta a number or "c/beta".
        theorem: A, A', B, C, B+ (one hidden layer, one output), or D (a trajectory from these weights; minutes).

    Returns:
        A certificate; `holds` says whether every hypothesis is proved. `save(path)` writes one that holds, and
        `pltheory.recheck(path)` checks the files again with other code.

    Raises:
        InvalidInputError: a theorem that has no certificate, or the network or the data changed meanwhile.
        NotAvailableError: not a network that the theorem speaks of, or one whose outputs or gradients are not those of
            its layers.
        NoVerdictError, NumericalFailureError: an overflow, a NaN, or a bound that cannot be verified.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    if theorem not in PROVERS:
        raise InvalidInputError(f"theorem = {theorem!r}: certificates exist for {', '.join(PROVERS)}")
    require_rule(settings)
    held = hold(problem)
    held.require_class_n()
    linearize(held.problem.network, held.problem.x)  # for its refusal: the provers read the layers alone
    proved = PROVERS[theorem](theorem, held.problem, settings)
    held.require_unchanged()
    return proved
