"""The search for Theorem M2's witness, in floating point: al and C by descent without derivatives, the rest inside.

For given al, C, Q and multiplier a form is M_0 - k N with N positive: the largest k is a generalised eigenvalue. What
is found here is a guess; `Witness.least_pivot` decides.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.linalg.lapack import dsygv
from scipy.optimize import minimize, minimize_scalar

from ...rigor.roundoff import Array
from ...theory.forms import Momentum, closed_form_squared, step_form
from .witness import Witness

ROOM = 1.0 - 2.0**-20
"""What is claimed of k and omega is less than what was found by that factor, so that the forms are definite."""
_LARGEST = 2.0**40
"""Of C, Q and the multipliers: beyond it a matrix is no better, and its floats are worse."""
_NONE = 2.0**-30
"""An al below it is none: its multiplier would have to be enormous."""
_PIECES = (1, 2)
"""Numbers of intervals of h / eta that are tried; with equal ratios."""
_WORTH = 1.02
"""More intervals are kept where they enlarge k by that factor."""


def greatest(first: Array, asked: Array) -> float:
    """The largest k with first - k asked positive semidefinite, for asked >= 0; at most 0 where first is not positive.

    Args:
        first: (3, 3) symmetric.
        asked: (3, 3) symmetric.
    """
    values, _, info = dsygv(asked, first)
    if info or not np.isfinite(values[-1]):  # no factor: the first matrix is not positive definite
        return min(float(np.linalg.eigvalsh(first)[0]), 0.0)
    return 1.0 / float(values[-1]) if values[-1] > 0 else math.inf


def _matrix(at: Momentum, tau: float, bend: float, pull: float, price: float) -> Array:
    return np.array(step_form(at, tau, bend, pull, price), dtype=float)


def along_path(at: Momentum, tau: float, q: float, price: float) -> float:
    """The largest k of one step size."""
    first = _matrix(at, tau, at.smooth, 0.0, price)
    return greatest(first, first - _matrix(at, tau, at.smooth + q, 1 / q, price))


def of_rate(at: Momentum, tau: float, price: float) -> float:
    """The largest omega of one step size."""
    first = _matrix(at, tau, at.smooth, 0.0, price)
    return greatest(first, first - _matrix(at, tau, at.smooth, 2 * tau, price))


def _at(m: float, nesterov: bool, smooth: float, stiff: float, logs: Array) -> Momentum:
    ahead, weight = (min(math.exp(min(float(x), 80.0)), _LARGEST) for x in logs[:2])
    return Momentum(m, nesterov, ahead if ahead > _NONE else 0.0, weight, smooth, stiff)


def _positive(x: float) -> float:
    return min(max(math.exp(min(float(x), 80.0)), 1 / _LARGEST), _LARGEST)


def _best(of: Callable[[float], float], start: float = 0.0) -> tuple[float, float]:
    """(largest value, argument) of a function of one logarithm: a coarse grid, then the best cell's neighbourhood."""
    grid = [start - 16.0, *np.linspace(start - 8.0, start + 8.0, 9), start + 16.0]
    values = [of(x) for x in grid]
    i = int(np.argmax(values))
    low, high = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
    found = minimize_scalar(lambda x: -of(x), bounds=(low, high), method="bounded", options={"xatol": 1e-7})
    return max((-float(found.fun), float(found.x)), (values[i], grid[i]))


@lru_cache(maxsize=256)
def find(m: float, nesterov: bool, smooth: float, stiff: float, floor: float) -> Witness | None:
    """A witness for steps h_t in [floor eta, eta], as large a k as was found; None where none was.

    Args:
        m: momentum in (0, 1).
        nesterov: its form.
        smooth: b = beta eta.
        stiff: eps = eta sig(0)^2.
        floor: in (0, 1].
    """
    found = None
    for count in _PIECES if floor < 1 else (1,):
        ends = [float(x) for x in floor ** (1 - np.arange(count + 1) / count)] if floor < 1 else [1.0, 1.0]
        ends[0], ends[-1] = floor, 1.0
        more = _with_ends(m, nesterov, smooth, stiff, ends)
        if more is None:
            continue
        if found is not None and more.k < _WORTH * found.k:
            break
        found = more
    return found


def _with_ends(m: float, nesterov: bool, smooth: float, stiff: float, ends: list[float]) -> Witness | None:
    pairs = list(itertools.pairwise(ends))
    steps = sorted({tau for pair in pairs for tau in pair})

    def unpack(logs: Array) -> tuple[Momentum, list[float], list[tuple[float, ...]]]:
        at = _at(m, nesterov, smooth, stiff, logs)
        qs = [_positive(x) for x in logs[2 : 2 + len(pairs)]]
        rest = [_positive(x) for x in logs[2 + len(pairs) :]]
        # Of one step size in one piece there is one multiplier.
        each = 1 if steps == [1.0] else 2
        return at, qs, [tuple(rest[each * i : each * (i + 1)]) for i in range(len(pairs))]

    def value(logs: Array) -> float:
        at, qs, prices = unpack(logs)
        return min(
            along_path(at, tau, q, price)
            for pair, q, own in zip(pairs, qs, prices, strict=True)
            for tau, price in zip(sorted(set(pair)), own, strict=True)
        )

    each = 1 if steps == [1.0] else 2
    best: tuple[float, Array] | None = None
    top = m * m / (1 - m) if nesterov else m / (1 - m)
    starts = ((1.0, m * smooth / (1 - m) ** 2), (0.4, 0.5 * m * m), (0.1, m * m), (1e-3, m * m))
    for share, weight in starts if steps == [1.0] else starts[:2]:
        logs = np.log([share * top, weight, *[1 - m + smooth] * len(pairs), *[10.0] * (each * len(pairs))])
        for _ in range(3):
            options = {"maxiter": 300 * len(logs), "maxfev": 300 * len(logs), "xatol": 1e-8, "fatol": 1e-10}
            result = minimize(lambda x: -value(x), logs, method="Nelder-Mead", options=options)
            gained, logs = -float(result.fun) - value(logs), result.x
            if gained < 1e-6:
                break
        if best is None or value(logs) > best[0]:
            best = value(logs), logs
    assert best is not None
    if not best[0] > 0:
        return None
    at, qs, prices = unpack(best[1])
    omegas, rows = [], []
    for (low, high), q, own in zip(pairs, qs, prices, strict=True):
        rates = [_best(lambda x, tau=tau: of_rate(at, tau, _positive(x))) for tau in (low, high)]  # type: ignore[misc]
        omegas += [omega for omega, _ in rates]
        rows.append([low, high, q, own[0], own[-1], *[_positive(x) for _, x in rates]])
    omega = min(omegas)
    if not omega > 0:
        return None
    return Witness(at.ahead, at.weight, ROOM * best[0], ROOM * omega, np.array(rows))


def closed_form(m: float, smooth: float, stiff: float) -> float:
    """k of the closed form, heavy ball with h_t = eta; 0 where there is none."""
    return math.sqrt(max(0.0, closed_form_squared(m, smooth, stiff)))
