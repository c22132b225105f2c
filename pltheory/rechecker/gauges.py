"""Losses and their gauges in balls: the value at enclosed outputs, and what is claimed of the gradient by the value.

With f(x) = (1 - e^-x)^2, the gradient of a sum of n terms -ln p in the outputs has norm at least `sqrt(k m)`, m the
least of f(v - (n - 1) x) + (n - 1) f(x) over 0 <= x <= v / n, v the sum (THEORY_LOSSES section 1). A number is shown to
be at most m by the mean value form on intervals, cut in two until every one of them says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from .fields import UNSURE, Array, Stop, damaged

GAUGED = (
    "sum", "mean", "weighted-square, sum", "weighted-square, mean", "cross-entropy, sum", "cross-entropy, mean",
    "logistic, sum", "logistic, mean",
)  # fmt: skip
"""Losses that Theorem L is claimed of, as `loss` has them."""
MOST_CUTS = 40
"""Halvings of an interval after which a claim about a minimum is not decided."""


@dataclass(frozen=True)
class Form:
    """A loss on given targets.

    Attributes:
        name: "square", "weighted-square", "cross-entropy" or "logistic".
        share: c, the loss is c times its sum.
        terms: of the sum.
        y: targets, (n, C).
        weights: c_i of the weighted square loss, else empty.
    """

    name: str
    share: arb
    terms: int
    y: Array
    weights: list[float]

    @property
    def squares(self) -> bool:
        """Whether the way to a loss of zero is finite."""
        return self.name in ("square", "weighted-square")

    @property
    def curvature(self) -> arb:
        """M of the loss in use."""
        most = arb(max(self.weights)) if self.weights else arb(1)
        return self.share * {"cross-entropy": arb(1) / 2, "logistic": arb(1) / 4}.get(self.name, most)

    def value(self, outputs: list[list[arb]]) -> arb:
        """The loss in use."""
        total = arb(0)
        for i, (row, y) in enumerate(zip(outputs, self.y.tolist(), strict=True)):
            if self.squares:
                c = arb(self.weights[i]) if self.weights else arb(1)
                total += c * sum(((f - t) ** 2 for f, t in zip(row, y, strict=True)), arb(0)) / 2
            elif self.name == "logistic":
                total += sum((((-f if t > 0 else f).exp() + 1).log() for f, t in zip(row, y, strict=True)), arb(0))
            else:
                own = y.index(1.0)
                total += (1 + sum(((f - row[own]).exp() for c, f in enumerate(row) if c != own), arb(0))).log()
        return self.share * total

    def upper(self, v: arb) -> arb:
        """Gam(v)."""
        if self.squares:
            return (2 * self.curvature * v).sqrt()
        most = arb(2 if self.name == "cross-entropy" else 1).sqrt()
        return self.share * most * (v / self.share).min(arb(self.terms).sqrt())

    def path(self, low: arb, high: arb) -> arb:
        """int dv / gam of a square loss."""
        least = self.share * (arb(min(self.weights)) if self.weights else arb(1))
        return ((2 * high).sqrt() - (2 * low).sqrt()) / least.sqrt()

    def below_gauge(self, claim: float, v: float) -> bool:
        """Whether claim <= gam(v) is shown.

        Raises:
            Stop: with code UNSURE, where it is neither shown nor refuted.
        """
        if not claim > 0:
            return True
        g, sum_ = arb(claim) / self.share, arb(v) / self.share
        if self.squares:
            least = arb(min(self.weights)) if self.weights else arb(1)
            return _shown(g * g, 2 * least * sum_)
        classes = self.y.shape[1]
        k = arb(classes) / (classes - 1) if self.name == "cross-entropy" else arb(1)
        return _at_most_minimum(g * g / k, sum_, self.terms)


def form_of(loss: str, y: Array, weights: Array | None) -> Form:
    """The loss that a certificate names, on its targets.

    Raises:
        Stop: with code DAMAGED, for targets that are none of the loss.
    """
    name, _, reduction = loss.rpartition(", ")
    name = name or "square"
    n, outputs = y.shape
    terms = n * outputs if name == "logistic" else n
    if name == "cross-entropy" and not (outputs >= 2 and ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()):
        damaged("arrays.y", "must have one-hot rows of two or more classes")
    if name == "logistic" and not (abs(y) == 1).all():
        damaged("arrays.y", "must have entries -1 and +1")
    if weights is not None and (weights.shape != (n,) or not (weights > 0).all()):
        damaged("arrays.weights", "must have a positive number for each sample")
    share = arb(1) / terms if reduction == "mean" else arb(1)
    return Form(name, share, terms, y, [] if weights is None else weights.tolist())


def _f(x: arb) -> arb:
    return (-x).expm1() ** 2


def _slope(x: arb) -> arb:
    e = (-x).exp()
    return 2 * (1 - e) * e


def _at_most_minimum(claim: arb, v: arb, n: int) -> bool:
    """Whether claim <= f(v - (n - 1) x) + (n - 1) f(x) for all x from 0 to v / n."""
    ln2 = arb(2).log()
    even = n * _f(v.min(ln2) / n)
    # Up to ln 2 the even spread is the least, and the least grows with v.
    if claim <= even:
        return True
    if v <= ln2:
        return _shown(claim, even)
    if n == 1:
        return _shown(claim, _f(v))
    end = (v / n).upper()
    left = [(arb(0), end, 0)]
    while left:
        low, high, cuts = left.pop()
        middle, half = ((low + high) / 2).mid(), ((high - low) / 2).upper()
        x = middle + half * arb(0, 1)
        at = _f(v - (n - 1) * middle) + (n - 1) * _f(middle)
        if claim > at:
            return False
        rise = (n - 1) * (_slope(x) - _slope(v - (n - 1) * x))
        if claim <= at - half * abs(rise).upper():
            continue
        if cuts == MOST_CUTS:
            return _undecided()
        left += [(low, middle, cuts + 1), (middle, high, cuts + 1)]
    return True


def _shown(claim: arb, value: arb) -> bool:
    """Whether claim <= value, where that is decided."""
    return True if claim <= value else False if claim > value else _undecided()


def _undecided() -> bool:
    raise Stop(UNSURE, "arrays.gauges", "the precision does not decide the gauge; try more bits")
