"""Theorem S: any step sizes in (0, eta], the largest step of a schedule."""

from __future__ import annotations

from ..certification.steps import AnySteps
from .hypotheses import POSITIVE, SMOOTH, STEP
from .potential import INTEGRAL, STEPS, PotentialTheorem
from .sources import PROJECT


class AnyStepSizes(PotentialTheorem):
    """Theorem B never uses that the steps have a floor; the loss falls by a factor for each step."""

    id = "S"
    title = "any step sizes, schedules"
    citation = PROJECT
    law = AnySteps()
    forms = law.forms
    hypotheses = (SMOOTH, POSITIVE, STEPS, STEP, INTEGRAL)
    conclusion = (
        "path length at most rho, w_t converges; L_T <= L_0 times the product of 1 - 2 mu h_s (1 - beta h_s / 2) over "
        "the steps of the schedule; L_t -> 0 where the steps after it have a positive lower bound, else no zero is "
        "claimed"
    )
    claims = ("integral_root", "profile_step", "theorem_b")
    at_checkpoint = True


THEOREM = AnyStepSizes()
