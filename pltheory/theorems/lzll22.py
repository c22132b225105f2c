"""[LZLL22]: local clipping finds a stationary point, N workers N times sooner, as its abstract states it."""

from __future__ import annotations

from typing import Any

from ..theory.verdict import Fact, Row
from .protocol import Hypothesis, Question
from .stated import RATE, StatedRate, everywhere, noise_at_start, steps_of

LZLL22 = (
    "M. Liu, Z. Zhuang, Y. Lei, C. Liao, A Communication-Efficient Distributed Gradient Clipping Algorithm for "
    "Training Deep Neural Networks, NeurIPS 2022, arXiv:2205.05040, abstract"
)


def _homogeneous(q: Question, found: Any) -> Row:
    assert q.batches is not None
    needed = "every worker draws from all samples"
    if q.batches.workers == 1:
        return Row(Fact(needed, "one worker", None), "in passes, not independently")
    fixed = q.batches.order == "fixed"
    parts = "parts that stay" if fixed else "parts drawn anew in every round"
    return Row(Fact(needed, parts, False if fixed else None), "Theorem F4 speaks of parts")


class LocalClippingRate(StatedRate):
    """Workers that draw from the same data; Theorem F4 speaks of workers with parts of their own."""

    id = "LZLL22"
    title = "local clipping under relaxed smoothness"
    citation = LZLL22
    hypotheses = (
        steps_of("gclip"),
        Hypothesis("homogeneous data", _homogeneous),
        everywhere("||Hess L|| <= L0 + L1 ||grad L|| on R^p", lambda found: ""),
        everywhere("noise of batch gradients as the paper assumes it, not in its abstract", noise_at_start),
        RATE,
    )
    conclusion = "an eps-stationary point within O(1/(N eps^4)) steps of each of N workers and O(1/eps^3) averages"
    orders = ("shuffle", "fixed")
    averaged = True


THEOREM = LocalClippingRate()
