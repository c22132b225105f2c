"""Theorem T+B: a stored run enclosed, then to a zero of the loss from where it ends."""

from __future__ import annotations

from ..certification.certificate import INTEGRAL_NAMES
from . import b, t
from .stored_then import StoredThen, followed_then


class StoredThenIntegral(StoredThen):
    """Theorem T up to a point in the basin of a zero of the square loss, by Theorem B for every start near it."""

    id = "T+B"
    title = "verified finite time, then integrated PL*"
    then = b.THEOREM
    hypotheses = followed_then(INTEGRAL_NAMES)
    conclusion = (
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, with steps that see all "
        "samples, L_{t+1} <= q L_t with mu = sig(rho)^2, path length from x_T at most rho, w_t converges to a zero of L"
    )
    claims = (*t.THEOREM.claims, *b.THEOREM.claims, "last_step")
    options = ("steps",)


THEOREM = StoredThenIntegral()
