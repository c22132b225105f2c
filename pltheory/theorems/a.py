"""Theorem A: a radius free of delta and gamma."""

from __future__ import annotations

from ..theory.formulas import radius_sharp
from .ball import UniformTheorem
from .hypotheses import CLIPPED, POSITIVE, SMOOTH, STEP, fits_into_ball
from .sources import PROJECT


class SharpRadius(UniformTheorem):
    """The potential ||r_t|| in place of the loss: no step is shorter than its share of the path."""

    id = "A"
    title = "sharp radius, free of delta and gamma"
    citation = PROJECT
    hypotheses = (
        SMOOTH,
        POSITIVE,
        CLIPPED,
        STEP,
        fits_into_ball("R > sqrt(2 L_0 / mu) / (1 - beta eta / 2)"),
    )
    conclusion = "L_t <= q^t L_0, path length at most R, w_t converges to a zero of L"
    claims = ("potential_step", "no_exit", "theorem_a")
    formula = staticmethod(radius_sharp)


THEOREM = SharpRadius()
