"""Theorem C: Theorem B at weights that are not random."""

from __future__ import annotations

from .ball import IntegralTheorem
from .hypotheses import CHECKPOINT, CLIPPED, INTEGRAL, POSITIVE, SMOOTH, STEP
from .sources import PROJECT


class FromCheckpoint(IntegralTheorem):
    """The weights of a checkpoint lie in the basin of a global minimum."""

    id = "C"
    title = "Theorem B from a checkpoint"
    citation = PROJECT
    hypotheses = (CHECKPOINT, SMOOTH, POSITIVE, CLIPPED, STEP, INTEGRAL)
    conclusion = "as Theorem B: the checkpoint lies in the basin of a global minimum"
    claims = ("integral_root", "profile_step", "theorem_b", "theorem_c")
    at_checkpoint = True


THEOREM = FromCheckpoint()
