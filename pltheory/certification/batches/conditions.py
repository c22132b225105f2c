"""Hypotheses (a) to (e) of Theorems F1 and F4 at numbers eps, D, V and g, in floats or with round-off counted.

F1 is F4 with one worker and one pass. The iterates stay in the ball of radius eps + V, the zeros that are met in that
of radius R = eps + V + D.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Any

from ...optim import ClippedSettings
from ...problem.batches import Batches
from ...problem.loss import Loss, SquareLoss
from ...rigor.errors import NoVerdictError
from ...rigor.scalar import Interval
from ...theory import NotAvailableError
from ...theory.arithmetic import FLOATS, Arithmetic, Scalar
from ...theory.batches import allowance, epoch_rate, faded, gap, growth, lost, path, seen, shared
from .moduli import Moduli
from .numbers import BatchNumbers
from .workers import Reach

SLACK = 1 + 2.0**-20
"""What the search leaves for rounding in V and g, where it enlarges them."""
MARGIN = 1 + 2.0**-40
"""What must be left of it."""
LEAST_RADIUS = 1e-140
"""D at a start that is a zero: its square does not underflow."""
ROUNDS = 200
BISECTIONS = 20


@dataclass(frozen=True)
class Radii:
    """The numbers by which the theorem is applied.

    Attributes:
        eps: a zero lies within this of the centre.
        d: D, the start lies within this of that zero.
        v: V, all iterates stay within this of that zero.
        g: growth of the distance within an epoch, or a round.
    """

    eps: float
    d: float
    v: float
    g: float


@dataclass(frozen=True)
class Rule:
    """The steps: w - h s g_B with h = eta min(1, max(delta, gamma / (s |g_B|))), g_B of the summed loss of a batch.

    Attributes:
        eta: a number; NaN where `multiple` is given.
        multiple: c of eta = "c/beta", beta that of the largest s, or None.
        gamma, delta: as in the settings.
        least, most: smallest and largest s.
    """

    eta: float
    multiple: float | None
    gamma: float
    delta: float
    least: Fraction
    most: Fraction

    @classmethod
    def of(cls, settings: ClippedSettings, loss: Loss, batches: Batches, samples: int, outputs: int) -> Rule:
        """Of these settings for the square loss of so many samples and outputs.

        Raises:
            NotAvailableError: another loss.
        """
        if not isinstance(loss, SquareLoss):
            raise NotAvailableError(f"Theorems about mini-batches speak of the square loss, not of {loss.name}")
        multiple = settings.multiple
        eta = math.nan if multiple is not None else float(settings.eta)
        return cls(eta, multiple, settings.gamma, settings.delta, *batches.shares(loss, samples, outputs))

    def fixed(self, eta: Scalar) -> Rule:
        """With eta the number that its multiple came to."""
        return replace(self, eta=float(eta / float(self.most)), multiple=None)


@dataclass(frozen=True)
class Conditions:
    """What the hypotheses compare, and what follows; numbers of one arithmetic.

    Attributes:
        needed, start: the right sides of (N) and of |w_0 - c| + eps <= D.
        eta, beta: largest eta s, and ||J_B||^2.
        floor: delta, clipping counted where it has faded.
        growth: g^2 (1 - eta M^2 / (4 a)).
        sg, om, x: of (c) and (d); om the largest Om_k / sqrt(mu_k om_k) of a worker.
        right: of (e).
        rate, path: of the conclusion; the path in the mean over the workers.
        whole: L_F.
    """

    needed: Scalar
    start: Scalar
    eta: Scalar
    beta: Scalar
    floor: Scalar
    growth: Scalar
    sg: Scalar
    om: Scalar
    x: Scalar
    right: Scalar
    rate: Scalar
    path: Scalar
    whole: Scalar


def conditions(
    n: BatchNumbers,
    rule: Rule,
    at: Radii,
    spread: float = 0.0,
    ops: Arithmetic = FLOATS,
    number: Callable[[Any], Scalar] = float,
) -> Conditions | None:
    """The hypotheses at these numbers; None where one fails so far that the others have no meaning.

    Args:
        n: at the centre.
        rule: the steps.
        at: eps, D, V and g.
        spread: radius of a ball of starts around w_0.
        ops, number: the arithmetic.
    """
    m, above = n.moduli(ops, number), ops.above
    eps, d, v, g, sigma = (number(value) for value in (at.eps, at.d, at.v, at.g, n.sigma))
    inner = eps + v
    radius = inner + d
    near, far = above(m.change(inner)), above(m.change(radius))
    beta, outer = number(n.parts.largest(near)), number(n.parts.largest(far))
    unit, shorter = number(rule.most), number(rule.least / rule.most)
    eta = number(rule.eta) * unit if rule.multiple is None else number(rule.multiple) / beta
    a, tau = gap(eta, beta), g * d
    sg = sigma - number(n.whole_share) * m.mean(inner, d)
    if not (low(a) > 0 and low(sg) > 0):
        return None
    whole = number(n.whole) + number(n.whole_share) * m.change(radius)
    count, passes = n.batches.workers or 1, n.batches.passes
    reached = Reach(near, far, m.change(radius), m.lipschitz(radius), tau)
    truncated = [w.truncated(passes, eta, reached, ops, number) for w in n.workers]
    om = shared(reduce(ops.maximum, truncated), number(count), ops)
    # Squares summed over the steps of a worker, and in the mean over the workers those of all.
    share = number(n.parts.spread()) * ops.sqrt(number(Fraction(passes, count)))
    most = number(max(w.parts.spread() for w in n.workers)) * ops.sqrt(number(passes))
    epoch, zero = m.remainder(tau, inner, radius), m.remainder(v, eps, inner)
    floor = number(rule.delta) * shorter
    if math.isfinite(rule.gamma):
        floor = faded(floor, shorter, number(rule.gamma) / unit, outer * tau, ops)
    if not low(floor) > 0:
        return None
    kap = seen(eta, floor, sg, om, ops)
    x = lost(eta, share * epoch, g, a, kap, ops)
    if not high(x) < 1:
        return None
    return Conditions(
        needed=number(n.alpha) + number(n.whole_share) * m.sum_to(eps) / sigma,
        start=number(n.distance) + eps + number(spread),
        eta=eta,
        beta=beta,
        floor=floor,
        growth=g * g * growth(eta, a, most * epoch),
        sg=sg,
        om=om,
        x=x,
        right=allowance(eta, share * zero, most * zero, a, kap, x, d, v, ops),
        rate=epoch_rate(a, kap, x),
        path=path(eta, number(Fraction(passes, count)) * number(n.parts.summed(near)), d, a, kap, x, ops),
        whole=whole,
    )


def low(x: Scalar) -> float:
    """Its lower end."""
    return x.lo if isinstance(x, Interval) else float(x)


def high(x: Scalar) -> float:
    """Its upper end."""
    return x.hi if isinstance(x, Interval) else float(x)


def search(n: BatchNumbers, rule: Rule, spread: float = 0.0) -> tuple[Radii, Conditions | None]:
    """eps, D, V and g at which the hypotheses hold as computed, or the last ones tried and None."""
    m = n.moduli()
    eps = least_eps(n, m)
    at = Radii(eps, max((n.distance + eps + spread) * SLACK, LEAST_RADIUS), math.nan, SLACK)
    at = replace(at, v=at.d * SLACK)
    if not math.isfinite(at.d) or n.sigma <= 0:
        return at, None
    for _ in range(ROUNDS):
        try:
            found = conditions(n, rule, at, spread)
        except (OverflowError, NoVerdictError):
            return at, None
        if found is None or not found.growth > 0:
            return at, None
        v = math.sqrt(found.right)
        g = at.g / math.sqrt(found.growth)
        if not (math.isfinite(v) and math.isfinite(g) and v < 1e6 * at.d):
            return at, None
        if v * MARGIN <= at.v and g * MARGIN <= at.g:
            return at, found
        at = replace(at, v=max(at.v, v * SLACK), g=max(at.g, g * SLACK))
    return at, None


def reach(n: BatchNumbers, rule: Rule, spread: float = 0.0) -> float:
    """About the largest distance of a start from the centre at which it would hold; 0 where none is seen."""
    short, far = 0.0, n.distance + spread
    for _ in range(BISECTIONS):
        middle = 0.5 * (short + far)
        if search(replace(n, distance=middle), rule)[1] is None:
            far = middle
        else:
            short = middle
    return short


def least_eps(n: BatchNumbers, m: Moduli) -> float:
    """The smallest eps of (N), from below upward; infinite where there is none."""
    if not (n.sigma > 0 and math.isfinite(n.alpha)):
        return math.inf
    eps = n.alpha * SLACK
    for _ in range(ROUNDS):
        right = n.alpha + n.whole_share * m.sum_to(eps) / n.sigma
        if right <= eps:
            return eps
        if not right < 1e6 * max(n.alpha, 1e-300):
            break
        eps = right * SLACK
    return math.inf
