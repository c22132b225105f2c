"""Theorem Mb: heavy-ball momentum with any step sizes outside of the buffer: schedules as torch has them, its clip."""

from __future__ import annotations

from ..certification.steps import Outside
from .hypotheses import EMPTY_BUFFER, POSITIVE, SMOOTH, STEP
from .potential import FALLS, INTEGRAL, STEPS, PotentialTheorem
from .sources import PROJECT


class MomentumOfBuffer(PotentialTheorem):
    """The loss and the buffer's distance from its stationary value fall together."""

    id = "Mb"
    title = "momentum, the buffer clipped or scheduled"
    citation = PROJECT
    law = Outside()
    forms = law.forms
    hypotheses = (SMOOTH, POSITIVE, EMPTY_BUFFER, STEPS, STEP, FALLS, INTEGRAL)
    conclusion = (
        "from an empty buffer, b_0 = 0: E_{t+1} <= (1 - 2 omega mu h_t / (1 - m)) E_t with E_t = L(w_t) + (c / 2) "
        "||b_t - grad L(w_t) / (1 - m)||^2, path length at most rho, w_t converges; L_t -> 0 where the steps after the "
        "schedule have a positive lower bound, else no zero is claimed"
    )
    claims = ("integral_root", "momentum_buffer_step", "momentum_lag", "momentum_buffer_limit", "momentum_path")
    at_checkpoint = True


THEOREM = MomentumOfBuffer()
