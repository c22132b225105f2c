"""Rates of stochastic steps as their papers' abstracts state them: an order in the number of steps, no constant.

Such a theorem asks something of the loss or of the noise at every w, and its constant is not given: whatever is
measured, it is UNDECIDED here, and its rows say what is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..measure.gradient_noise import FEWEST, GradientNoise, gradient_noise
from ..optim import has_certificates
from ..problem.loss import KINDS
from ..theory.bound import estimate, given
from ..theory.digits import below
from ..theory.verdict import Comparison, Fact, Row, unknown
from .hypotheses import shortfall
from .protocol import Hypothesis, Question, Theorem

DRAWS = 200
"""Batches that are drawn where a batch has more than one sample."""
NOT_GIVEN = "constant not given"


@dataclass(frozen=True)
class Noise:
    """What was measured at w_0: the noise of batch gradients."""

    at: GradientNoise


def steps_of(rule: str) -> Hypothesis:
    """The step rule that the statement is about."""

    def judge(q: Question, found: Any) -> Row:
        own = True if q.settings.name == rule else (False if has_certificates(q.settings) else None)
        return Row(Fact(rule, q.settings.name, own), "by the settings")

    return Hypothesis(f"steps of {rule}", judge)


def everywhere(name: str, says: Callable[[Any], str]) -> Hypothesis:
    """What is asked for at every w, where measurements at some w show nothing and may be all there is."""
    return Hypothesis(
        name, lambda q, found: unknown("of all w nothing is known" + ("" if found is None else says(found)))
    )


def noise_at_start(found: Noise) -> str:
    """Size of the noise at w_0."""
    n = found.at
    which = f"all {len(n.norms)} samples" if n.every else f"{len(n.norms)} drawn batches of {n.batch}"
    return f"; at w_0, {which}: largest {below(n.largest.value, 3)}, E X^2 = {below(n.variance.value, 3)}"


def _tail(q: Question, found: Noise | None) -> Row:
    if found is None:
        return unknown("not looked at")
    count = len(found.at.norms)
    if count < 10 * FEWEST:
        return unknown(f"Hill's index needs {10 * FEWEST} batches, here {count}")
    tail = found.at.tail()
    index = estimate(tail.index.value, f"Hill's index of the noise at w_0, {tail}")
    return Row(Comparison(index, ">=", given(2.0, "1 + s at s = 1"), "index"), index.method)


SMOOTH_EVERYWHERE = everywhere("grad L is (L, s)-Hölder on R^p, s in (0, 1]", lambda found: "")
MOMENT = everywhere("E ||g_B - grad L||^alpha <= sigma^alpha for all w, alpha in (1, 2]", noise_at_start)
TAIL = Hypothesis("alpha >= 1 + s", _tail)
RATE = Hypothesis("a rate in numbers", lambda q, found: unknown(NOT_GIVEN))


class StatedRate(Theorem):
    """A rate without its constant."""

    losses = tuple(KINDS)

    def search(self, question: Question) -> Noise | None:
        """The noise at w_0.

        Raises:
            NotAvailableError: it takes more work than is allowed.
        """
        assert question.batches is not None
        size = question.batches.size
        batches = len(question.problem.x) if size == 1 else DRAWS
        question.allow(6.0 * batches * size * sum(p.numel() for p in question.problem.parameters()))
        return Noise(gradient_noise(question.problem, size, draws=DRAWS))

    def shortfall(self, question: Question, found: Any, rows: list[Row]) -> str:
        """What is open."""
        return shortfall(question, rows)
