"""The suprema of THEORY's activation table once more, at 30 digits: a grid, then Newton on the next derivative."""

from __future__ import annotations

from functools import cache

import mpmath as mp

DEFINITIONS = {
    "tanh": mp.tanh,
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
    "softplus": lambda z: mp.log(1 + mp.exp(z)),
    "erf": mp.erf,
    "gelu": lambda z: z * mp.ncdf(z),
    "silu": lambda z: z / (1 + mp.exp(-z)),
    "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z))),
    "sin": mp.sin,
}


@cache
def supremum(name: str, order: int) -> mp.mpf:
    """Sup over the line of the modulus of a derivative: over a grid, refined, and over the limits at infinity.

    Every derivative of these functions of order 1 to 3 has settled to its limits, 0 or 1, well within |z| <= 30; sin
    runs through more than a period on the grid.
    """
    f = DEFINITIONS[name]

    def size(z: mp.mpf) -> mp.mpf:
        return abs(mp.diff(f, z, order))

    with mp.workdps(15):
        best = max((mp.mpf(k) / 16 for k in range(-128, 129)), key=size)
    with mp.workdps(30):
        left, right = best - mp.mpf(1) / 16, best + mp.mpf(1) / 16
        golden = (mp.sqrt(5) - 1) / 2
        while right - left > mp.mpf("1e-13"):
            a, b = right - golden * (right - left), left + golden * (right - left)
            left, right = (a, right) if size(a) < size(b) else (left, b)
        # A maximum is flat: an error of 1e-13 in its place is 1e-26 in its value.
        inside = size((left + right) / 2)
        return max(inside, size(mp.mpf(-60)), size(mp.mpf(60)))
