"""The potentials of Theorems M and Mb: for which k, C and xi they fall, and the best that a search finds.

With m the momentum, a = 1 - m, s = beta eta / a^2 and eps = eta sig(0)^2, both theorems ask for C > 0 and k <= xi <= 1
with V > 0 and 1 - p >= rest, at p = (k / 2)(xi + 1 / xi) and q = k / xi; the same at p = omega and q = 2 omega
gives the rate. Both are + - * / and abs: floats, arrays and rationals alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

ZOOMS, POINTS = 9, 33
SHRINK = 1e-9
"""What a number found in floating point gives away, so that exact arithmetic confirms it."""


@dataclass(frozen=True)
class Setting:
    """Where a potential is looked for.

    Attributes:
        m: momentum in (0, 1).
        ap: m, of Nesterov's form m^2.
        s: beta eta / (1 - m)^2.
        eps: eta sig(0)^2.
        outside: Theorem Mb; else Theorem M.
        most: largest C allowed.
    """

    m: Any
    ap: Any
    s: Any
    eps: Any
    outside: bool = False
    most: Any = math.inf

    def value(self, q: Any, c: Any) -> Any:
        """V."""
        m, a = self.m, 1 - self.m
        if self.outside:
            return c * (1 - m * m) - q * (m * m + c * self.eps / a)
        lead = self.s * a * self.ap
        return c * (1 - m * m) - q / a * (lead * lead + c * self.eps)

    def rest(self, q: Any, c: Any) -> Any:
        """What 1 - p has to reach, where V is positive."""
        m, a, v = self.m, 1 - self.m, self.value(q, c)
        if self.outside:
            sa = self.s * a
            cross = m * (abs(1 - q) + c * sa)
            return sa / 2 + c * sa * sa / 2 + cross * cross / (2 * v)
        cross = abs(1 - q) * self.ap * self.s + m * c
        return a * (self.s + c) / 2 + a * cross * cross / (2 * v)

    @property
    def closed(self) -> float:
        """The C of the closed form."""
        return float(self.m / (self.s * (1 - self.m)) if self.outside else self.ap * self.s)


def ahead(m: Any, nesterov: bool) -> Any:
    """How far z_t = w_t + alpha d_t lies ahead: alpha = m / (1 - m), of Nesterov's form m^2 / (1 - m) (Theorem M)."""
    return (m * m if nesterov else m) / (1 - m)


def limit(m: Any, ap: Any) -> Any:
    """b*: the closed form needs beta eta below 2 (1 - m)^2 / (1 - m + 2 ap)."""
    return 2 * (1 - m) * (1 - m) / (1 - m + 2 * ap)


@dataclass(frozen=True)
class Constants:
    """What a search found.

    Attributes:
        k: of the path; 0 where there is none.
        xi, c: with it.
        omega: of the rate; 0 where there is none.
        c_rate: with it.
    """

    k: float
    xi: float
    c: float
    omega: float
    c_rate: float


def search(at: Setting) -> Constants:
    """The best k and omega of a search in floating point, a little less of each; to be confirmed by `confirmed`."""
    q, c = _best(at, _k_of)
    k, xi = _k_and_xi(at, q, c)
    half, c_rate = _best(at, _omega_of)
    omega = half if _omega_of(at, np.array([[half]]), np.array([[c_rate]]))[0, 0] > 0 else 0.0
    return Constants((1 - SHRINK) * k, xi, c, (1 - SHRINK) * omega, c_rate)


def _k_of(at: Setting, q: np.ndarray, c: np.ndarray) -> np.ndarray:
    """K at q and C, 0 where there is none: p is the largest that the margin allows, and k^2 = q (2 p - q)."""
    with np.errstate(all="ignore"):
        v = at.value(q, c)
        p = np.minimum(1 - at.rest(q, c), q)
        found = np.sqrt(np.maximum(q * (2 * p - q), 0.0))
        return np.where((v > 0) & (c <= at.most) & (q <= 1) & np.isfinite(found), found, 0.0)


def _omega_of(at: Setting, omega: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Omega itself where it is allowed, else 0."""
    with np.errstate(all="ignore"):
        v, room = at.value(2 * omega, c), 1 - omega - at.rest(2 * omega, c)
        return np.where((v > 0) & (room >= 0) & (c <= at.most) & (omega <= 1), omega, 0.0)


def _k_and_xi(at: Setting, q: float, c: float) -> tuple[float, float]:
    k = float(_k_of(at, np.array(q), np.array(c)))
    return k, k / q if k > 0 else 1.0


def _best(at: Setting, value: Callable[[Setting, np.ndarray, np.ndarray], np.ndarray]) -> tuple[float, float]:
    """The arguments of the largest value on grids that close in on it, logarithmic in C."""
    low, high = 1e-6, 1.0
    near = math.log(min(at.closed, float(at.most)))
    first, last = near - 9.0, min(near + 9.0, math.log(at.most) if at.most < math.inf else math.inf)
    x, y = 0.5, near
    for _ in range(ZOOMS):
        xs, ys = np.linspace(low, high, POINTS), np.linspace(first, last, POINTS)
        found = value(at, xs[:, None], np.exp(ys)[None, :])
        i, j = np.unravel_index(int(np.argmax(found)), found.shape)
        x, y = float(xs[i]), float(ys[j])
        dx, dy = 3 * (high - low) / POINTS, 3 * (last - first) / POINTS
        low, high = max(1e-12, x - dx), min(1.0, x + dx)
        first, last = y - dy, min(y + dy, math.log(at.most) if at.most < math.inf else math.inf)
    return x, min(math.exp(y), float(at.most))
