"""Theorem T+M: a stored run with momentum enclosed, then momentum to a zero of the loss from where it ends."""

from __future__ import annotations

from dataclasses import replace

from ..certification.any_steps import INSIDE_NAMES
from ..rigor.roundoff import add_up, mul_up
from ..runs.handover import HandoverPromise
from ..theory.potential import ahead
from . import m, t
from .protocol import Question
from .stored_then import Found, StoredThen, followed_then


class StoredThenMomentum(StoredThen):
    """Theorem T up to a state, weights and buffer, from which Theorem M holds with the buffer as it is."""

    id = "T+M"
    title = "verified finite time with momentum, then momentum"
    then = m.THEOREM
    forms = m.THEOREM.forms
    hypotheses = followed_then(INSIDE_NAMES)
    conclusion = (
        "from an empty buffer, d_0 = 0: the exact iterate after T stored steps from w_0 is as enclosed; from there on, "
        "with steps that see all samples and the buffer as it is, E_{t+1} <= (1 - 2 omega mu h_t / (1 - m)) E_t with "
        "E_t = L(z_t) + (c / 2) ||d_t||^2, the path of z_t is at most rho and that of w_t at most rho + alpha "
        "||d_T||, w_t converges to a zero of L"
    )
    claims = (*t.THEOREM.claims, *m.THEOREM.claims, "momentum_carried")
    options = ("steps",)

    def promise(self, question: Question, found: Found) -> HandoverPromise | None:
        """As of `StoredThen`, the path of w longer than that of z by alpha ||d_T||."""
        whole = super().promise(question, found)
        if whole is None or found.then is None or found.then.certificate is None:
            return None
        how = question.settings.recursion
        more = mul_up(ahead(how.momentum, how.nesterov), found.then.certificate.numbers["buffer"], 1 + 2.0**-40)
        assert whole.then is not None
        assert whole.then.radius is not None
        radius = float(add_up(whole.then.radius, more))
        return replace(whole, radius=radius, then=replace(whole.then, radius=radius))


THEOREM = StoredThenMomentum()
