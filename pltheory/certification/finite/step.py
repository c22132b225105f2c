"""One float64 step of the recursion on pairs (w, d), and a bound on how far it is from the exact one.

Without momentum it is the step of Theorem D. With it, `d' = m d - Phi(v)` and `w' = w + d'`, or Nesterov's `w' = w + m
d' - Phi(v)`; Phi is eta-Lipschitz, so that a gradient known to within e makes Phi known to within eta e. The errors of
w' and d' are put together in the norm of pairs, `|w + al d|^2 + c |d|^2`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...rigor import roundoff
from ...rigor.roundoff import Array, add_up, finite, mul_up, quiet
from ...rigor.scalar import Interval, between, interval, sqrt
from ..trajectory.growth import Expansion
from ..trajectory.network import norm
from ..trajectory.step import enclose_update, exact_step_size, step_size_error
from .expansion import Momentum

ERROR_TERMS = ("kept_rounding", "moved_rounding")
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""


@dataclass(frozen=True)
class Clip:
    """The rule's doubles at one step."""

    eta: float
    gamma: float
    delta: float


@dataclass(frozen=True, eq=False)
class Pair:
    """A computed state: w and d, array by array; d empty where there is no momentum."""

    w: list[Array]
    d: list[Array]


@dataclass(frozen=True, eq=False)
class Taken:
    """A computed step.

    Attributes:
        state: where it ends.
        rho: upper bound of its distance from the exact step from the same state, in the norm of pairs.
        grad: enclosure of ||exact gradient||.
        length: enclosure of the length of the computed step of w.
    """

    state: Pair
    rho: float
    grad: Interval
    length: Interval


def start(w: Sequence[Array], expansion: Expansion) -> Pair:
    """W and d = 0."""
    moving = isinstance(expansion, Momentum)
    return Pair(list(w), [np.zeros_like(p) for p in w] if moving else [])


def kept_rounding(kept: float, stepped: float, result: float, count: int) -> float:
    """|computed - exact m d - s| for a computed s: two roundings of products, which may underflow, and a difference."""
    u = roundoff.U
    return float(
        add_up(mul_up(u, kept), mul_up(u, stepped), mul_up(u, result), mul_up(2.0, roundoff.ETA, float(count)))
    )


def moved_rounding(sizes: Sequence[float], count: int) -> float:
    """Of sums one after another, by their results, products among them underflowing by ETA each."""
    rounded = [mul_up(roundoff.U, s) for s in sizes]
    return float(add_up(mul_up(2.0, roundoff.ETA, float(count)), *rounded))


@quiet
def take(state: Pair, along: Sequence[Array], apart: float, clip: Clip, expansion: Expansion) -> Taken:
    """Take one step along a computed gradient.

    Args:
        state: w and d.
        along: the computed gradient, shape by shape.
        apart: upper bound of its distance from the exact one.
        clip: the rule's doubles.
        expansion: which recursion, and the norm of pairs.

    Raises:
        NoVerdictError: overflow or NaN.
    """
    if not isinstance(expansion, Momentum):
        moved = enclose_update(state.w, along, apart, clip.eta, clip.gamma, clip.delta)
        return Taken(Pair(moved.arrays, []), moved.rho, moved.grad, _length(state.w, moved.arrays))
    size = norm(along)
    h = exact_step_size(clip.eta, clip.gamma, clip.delta, size)
    used = min(max(h.lo + 0.5 * (h.hi - h.lo), h.lo), h.hi)
    count = sum(p.size for p in state.w)
    stepped = [used * g for g in along]
    kept = [expansion.m * d for d in state.d]
    d = [k - s for k, s in zip(kept, stepped, strict=True)]
    # Of Phi, the gradient's error included.
    phi = float(add_up(mul_up(clip.eta, apart), step_size_error(h, used, size.hi)))
    stepped_up = norm(stepped).hi
    of_d = float(add_up(phi, kept_rounding(norm(kept).hi, stepped_up, norm(d).hi, count)))
    if expansion.nesterov:
        carried = [expansion.m * v for v in d]
        partly = [w + c for w, c in zip(state.w, carried, strict=True)]
        w = [p - s for p, s in zip(partly, stepped, strict=True)]
        sizes = [norm(x).hi for x in (carried, partly, w)] + [stepped_up]
        # w' - exact w' is m (d' - exact d') - (Phi computed - Phi), and the roundings.
        own = add_up(phi, moved_rounding(sizes, count))
        share = interval(expansion.m) + expansion.al
    else:
        w = [v + x for v, x in zip(state.w, d, strict=True)]
        own = np.asarray(moved_rounding([norm(w).hi], count))
        share = 1 + expansion.al
    for part in (*w, *d):
        finite(part, "weights")
    first = share * of_d + float(own)
    rho = sqrt(first**2 + (interval(expansion.root) * of_d) ** 2).hi
    grad = between(max(0.0, (size - apart).lo), (size + apart).hi)
    return Taken(Pair(w, d), float(finite(np.asarray(rho), "error of a step")), grad, _length(state.w, w))


def _length(before: Sequence[Array], after: Sequence[Array]) -> Interval:
    found = norm([b - a for a, b in zip(before, after, strict=True)])
    # A computed difference d of floats stands for an exact one between |d| (1 - 2 U) and |d| (1 + 2 U).
    return found * between(1 - 2.0**-51, 1 + 2.0**-51)
