"""THEORY section 5: how far the Jacobian of fully connected layers may change on a ball, from norms at its centre."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from flint import arb, arb_mat

from ..arithmetic import Row, floats_of, largest_of, root, spectrum
from .centre import Norms


def _add(a: arb, x: Row, b: arb, y: Row) -> Row:
    return [a * p + b * q for p, q in zip(x, y, strict=True)]


def _pass(at: Norms, inputs: list[arb], rows: list[arb]) -> tuple[list[Row], list[Row], list[Row]]:
    """Changes of A_{l-1}, u^l and b^l as row vectors linear in (t_1, .., t_{L+1}): for the batch, or for one sample."""
    count = len(at.weight)
    e = [[arb(int(k == l)) for k in range(count)] for l in range(count)]
    none = [arb(0)] * count
    xa, xz, xb, xu = [none], [], [none] * count, [none] * count
    for l in range(count - 1):
        xz.append(_add(inputs[l], e[l], at.kappa[l] * at.weight[l], xa[l]))
        xa.append([at.s1 * v for v in xz[l]])
    for l in reversed(range(count - 1)):
        k = at.kappa[l + 1]
        xu[l] = _add(k * at.weight[l + 1], xb[l + 1], k * rows[l + 1], e[l + 1])
        xb[l] = _add(at.s1, xu[l], at.s2 * at.top[l], xz[l])
    return xa, xu, xb


def steepness(at: Norms, s: arb, *, everywhere: bool) -> arb:
    """||M||, the worst split of s over the layers: ell(s) if everywhere, else dJ(s) / s, measured from the centre."""
    at = replace(at, weight=[w + s for w in at.weight])
    batch, single = _pass(at, at.inputs, at.rows), _pass(at, at.al, at.bo)
    # With all t_l = s a change is s times the sum of its row.
    (d_a, d_u, d_b), (s_a, s_u, s_b) = ([[s * sum(row, arb(0)) for row in part] for part in p] for p in (batch, single))
    inputs = [v + k * d for v, k, d in zip(at.inputs, at.kappa, d_a, strict=True)]
    al = [v + k * d.min(e) for v, k, d, e in zip(at.al, at.kappa, d_a, s_a, strict=True)]
    bo = at.bo
    if everywhere:
        bo = [v + d.min(e) for v, d, e in zip(at.bo, d_b, s_b, strict=True)]
        top = [v + d.min(e) for v, d, e in zip(at.top, d_u, s_u, strict=False)]
        at = replace(at, top=top)
        batch = _pass(at, inputs, [v + d for v, d in zip(at.rows, d_b, strict=True)])
        single = _pass(at, al, bo)
    moved = [[k * b * v for v in row] for k, b, row in zip(at.kappa, bo, batch[0], strict=True)]
    one = arb(1)
    choices = [
        (_add(al[l], batch[2][l], one, moved[l]), _add(inputs[l], single[2][l], one, moved[l]))
        for l in range(len(moved))
    ]
    free = len(choices) - 1  # the two rows of the output layer are equal
    picks = itertools.product((0, 1), repeat=free) if free <= 3 else iter([(0,) * free, (1,) * free])
    matrices = [arb_mat([both[which] for both, which in zip(choices, (*pick, 0), strict=True)]) for pick in picks]
    # Floats say which of these upper bounds are in question for the smallest; a wrong one among them does no harm.
    guesses = [float(np.sqrt(np.linalg.eigvalsh(f @ f.T)[-1])) for f in map(floats_of, matrices)]
    near = [m for m, g in zip(matrices, guesses, strict=True) if not g > 1.000001 * min(guesses)]
    return -largest_of(-root(spectrum(m * m.transpose())[1]) for m in near)
