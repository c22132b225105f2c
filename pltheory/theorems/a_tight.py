"""Theorem A': the radius of Theorem A with both ends of a step counted."""

from __future__ import annotations

from ..theory.formulas import radius_tight
from .ball import UniformTheorem
from .hypotheses import CLIPPED, POSITIVE, SMOOTH, STEP, fits_into_ball
from .sources import PROJECT


class TightRadius(UniformTheorem):
    """The least radius that a uniform PL* constant gives on these inequalities."""

    id = "A'"
    title = "tight radius"
    citation = PROJECT
    hypotheses = (SMOOTH, POSITIVE, CLIPPED, STEP, fits_into_ball("R > R*, mu <= beta"))
    conclusion = "as Theorem A, with path length at most R*"
    claims = ("tight_path", "no_exit_tight", "theorem_a_tight")
    formula = staticmethod(radius_tight)


THEOREM = TightRadius()
