"""Theorem M: momentum, heavy ball or Nesterov, with any step sizes inside of the buffer."""

from __future__ import annotations

from ..certification.steps import Inside
from .hypotheses import CLIPPED, EMPTY_BUFFER, POSITIVE, SMOOTH, STEP
from .potential import FALLS, INTEGRAL, PotentialTheorem
from .sources import PROJECT


class Momentum(PotentialTheorem):
    """The loss ahead of the weights and the length of the buffer fall together."""

    id = "M"
    title = "momentum, the gradient clipped"
    citation = PROJECT
    law = Inside()
    forms = law.forms
    hypotheses = (SMOOTH, POSITIVE, EMPTY_BUFFER, CLIPPED, STEP, FALLS, INTEGRAL)
    conclusion = (
        "from an empty buffer, d_0 = 0: E_{t+1} <= (1 - 2 omega mu h_t / (1 - m)) E_t with E_t = L(z_t) + (c / 2) "
        "||d_t||^2, the paths of w_t and z_t at most rho, w_t converges to a zero of L"
    )
    claims = (
        "integral_root",
        "gradient_between",
        "momentum_coordinates",
        "momentum_step",
        "momentum_rate",
        "momentum_limit",
        "momentum_path",
        "momentum_ahead",
    )
    at_checkpoint = True


THEOREM = Momentum()
