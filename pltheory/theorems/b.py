"""Theorem B: the PL* constant integrated along the path."""

from __future__ import annotations

from .ball import IntegralTheorem
from .hypotheses import CLIPPED, INTEGRAL, POSITIVE, SMOOTH, STEP
from .sources import PROJECT


class IntegratedPL(IntegralTheorem):
    """Any ball on which (1 - beta eta / 2) int sig exceeds the residual at its centre."""

    id = "B"
    title = "integrated PL* along the path"
    citation = PROJECT
    hypotheses = (SMOOTH, POSITIVE, CLIPPED, STEP, INTEGRAL)
    conclusion = "L_t <= q^t L_0 with mu = sig(rho)^2, path length at most rho, w_t converges to a zero of L"
    claims = ("integral_root", "profile_step", "theorem_b")


THEOREM = IntegratedPL()
