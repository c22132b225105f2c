"""Theorem T+L: a stored run enclosed, then down to a level of the loss from where it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..certification.finite.outputs import OUTPUT_LOSSES
from ..certification.level import NAMES
from . import l, t
from .stored_then import StoredThen, followed_then


class StoredThenLevel(StoredThen):
    """Theorem T up to a point from which Theorem L reaches the level."""

    id = "T+L"
    title = "verified finite time, then down to a level"
    then = l.THEOREM
    hypotheses = followed_then(NAMES)
    conclusion = (
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, with steps that see all "
        "samples, L_t falls to at most eps, within N more steps if eps > 0; up to there the path from x_T is at most "
        "rho; for eps = 0 w_t converges to a zero of L"
    )
    claims = (*t.THEOREM.claims, *l.THEOREM.claims, "level_handover")
    losses = tuple(OUTPUT_LOSSES)
    options = ("steps", "level")
    defaults: ClassVar[Mapping[str, Any]] = {"steps": 0, "level": 0.0}


THEOREM = StoredThenLevel()
