"""What Theorems S, M and Mb rest on, from the definitions: one step taken in rationals, the worst case looked for.

Everything is homogeneous, and the worst vectors are parallel, so that one coordinate with every choice
of signs is enough.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

Pair = tuple[Fraction, Fraction]


def left_over(
    m: Fraction, nesterov: bool, outside: bool, eta: Fraction, beta: Fraction, sigma: Fraction, c: Fraction,
    own: Fraction, pull: Fraction,
) -> Pair:  # fmt: skip
    """(V, margin) of E - E' - h' (own |p|^2 + pull |X|^2) >= 0 at h = eta, per h' |p|^2 with h' = eta / a or eta a.

    Here p = g, or the buffer of Theorem Mb, X^2 = ||grad||^2 + weight sig^2 ||d||^2, and the margin is what is left
    when d is the worst; V is twice the coefficient of ||d||^2, d in units of eta p or p. A margin where V <= 0 means
    nothing.
    """
    a = 1 - m
    found: list[Pair] = []
    for sign, bend in itertools.product((1, -1), (1, -1)):

        def value(x: Fraction, sign: int = sign, bend: int = bend) -> Fraction:
            if outside:  # the buffer after the step is 1, y lags behind it
                y, after, weight = sign * x, Fraction(1), eta * a * c
                g = a * (after - m * y)
                change = bend * beta * eta * after
                y_after = m * y - change / a
                fall = eta * g * after - beta / 2 * (eta * after) ** 2 + weight / 2 * (y * y - y_after * y_after)
                seen = g * g + weight * sigma**2 * y * y
                return (fall - eta * a * own * after**2 - eta / a * pull * seen) / (eta * a)
            lead = (m * m if nesterov else m) / a
            d, g, weight = sign * x * eta, Fraction(1), c / eta
            d_after = m * d - eta * g
            w_after = m * d_after - eta * g if nesterov else d_after
            z, z_after = lead * d, w_after + lead * d_after
            assert z_after - z == -eta / a * g
            seen_g = g + bend * beta * abs(z)
            fall = -seen_g * (z_after - z) - beta / 2 * (z_after - z) ** 2 + weight / 2 * (d * d - d_after * d_after)
            seen = seen_g**2 + weight * sigma**2 * d * d
            return (fall - eta / a * (own * g * g + pull * seen)) * a / eta

        zero, one, two = (value(Fraction(x)) for x in (0, 1, 2))
        square = (two - 2 * one + zero) / 2
        line = one - zero - square
        v = 2 * square / (1 if outside else a)
        # d >= 0 is its length: a line that rises is worst at 0.
        found.append((v, zero - min(line, Fraction(0)) ** 2 / (4 * square) if square > 0 else zero))
    return min(v for v, _ in found), min(margin for _, margin in found)


def circle_limit(m: float, *, nesterov: bool) -> float:
    """The gain up to which the circle criterion allows arbitrary steps on one mode: -1 / min Re of the transfer."""
    z = np.exp(1j * np.geomspace(1e-4, np.pi, 4000))
    moved = m * z / (z - m) + 1 if nesterov else z / (z - m)
    return float(-1 / np.min((moved / (z - 1)).real))


def behind(m: float, nesterov: bool, lipschitz: float, weight: float) -> float:
    """Largest ||r(w)||^2 / (||r(z)||^2 + weight ||d||^2) with ||r(w)|| <= ||r(z)|| + L_F alpha ||d||."""
    lead = (m * m if nesterov else m) / (1 - m)
    row = np.array([1.0, lipschitz * lead / np.sqrt(weight)])
    return float(np.linalg.norm(row) ** 2)


def longest_buffer(m: float, lipschitz: float, weight: float) -> float:
    """Largest ||m y + g / a|| with ||g|| <= L_F ||r||, ||r||^2 + weight ||y||^2 <= 1, on a grid of the angle."""
    angle = np.linspace(0, np.pi / 2, 20001)
    return float(np.max(m * np.sin(angle) / np.sqrt(weight) + lipschitz * np.cos(angle) / (1 - m)))
