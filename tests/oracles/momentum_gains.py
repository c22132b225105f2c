"""Theorem M3's gains and Theorem M2's forms the slow way: grids over the circle, sums of series, energies."""

from __future__ import annotations

import math

import numpy as np


def gains_on_grid(m: float, q: float, low: float, high: float, points: int = 600) -> dict[str, float]:
    """Squares of the gains over |z| = q and eigenvalues from low to high, each a lower bound of the supremum."""
    z = q * np.exp(1j * np.linspace(0, np.pi, points))[:, None]
    kap = np.linspace(low, high, 41)[None, :]
    d = np.abs((z - 1) * (z - m) + kap * z)
    return {
        "step_to_residual": float(np.max((np.abs(z - m) / d) ** 2)),
        "across": float(np.max((np.abs(z) * np.sqrt(kap) / d) ** 2)),
        "gradient_to_buffer": max(
            float(np.max((np.abs(z * (z - 1)) / d) ** 2)), float(np.max(np.abs(z / (z - m)))) ** 2
        ),
    }


def free_responses(m: float, q: float, low: float, high: float, terms: int = 4000) -> dict[str, float]:
    """Squares of R_f and U_f over ||r_0||, by running the recursion of each mode: lower bounds."""
    residual = buffer = 0.0
    for kap in np.linspace(low, high, 9):
        r, u, sums = 1.0, 0.0, [0.0, 0.0]
        for t in range(terms):
            weight = q ** (-2 * t)
            u = m * u + math.sqrt(kap) * r  # sqrt(eta) times the buffer
            sums[0] += weight * r * r
            sums[1] += weight * u * u
            r -= math.sqrt(kap) * u
            if weight * (r * r + u * u) < 1e-18 * sums[0]:
                break
        residual, buffer = max(residual, sums[0]), max(buffer, sums[1])
    return {"free_residual": residual, "free_buffer": buffer}


def left_over(
    m: float, nesterov: bool, al: float, weight: float, b: float, eps: float,
    tau: float, bend: float, pull: float, price: float, g: np.ndarray, d: np.ndarray, e: np.ndarray,
) -> float:  # fmt: skip
    """The form of Theorem M2 as its definition says, on vectors: the steps of w, d and v are taken."""
    after = m * d - tau * g
    w = m * after - tau * g if nesterov else after
    delta = (w + al * after) - al * d
    found = -(g + e) @ delta - bend / 2 * delta @ delta + weight / 2 * (d @ d - after @ after)
    found -= pull / 2 * ((g + e) @ (g + e) + weight * eps * d @ d)
    return float(found - price * ((al * b) ** 2 * d @ d - e @ e))
