"""A network at its weights, enclosed: the kernel as a ball, the numbers of its nodes as upper bounds.

The exact network is the one whose parameters, scales, data and targets are the stored doubles (float32 and float16
weights are the doubles they widen to), evaluated in real arithmetic.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..nets.ball import GraphBounds
from ..nets.centre import linearize
from ..nets.fields import VERIFIED
from ..nets.fields.verified import Near, frobenius
from ..nets.roundoff import output_error
from ..rigor.eigen import lambda_max_upper, lambda_min_lower
from ..rigor.midrad import Ball
from ..rigor.roundoff import U, add_up, down, mul_up
from .centre import Centre
from .stored import Stored
from .stored_graph import graph_of

ROOM = 8.0
"""Times its own rounding that a claim about the kernel or the residual leaves: a recheck rounds otherwise."""


def enclose(a: Stored, *, spectrum: tuple[float | None, float | None] = (None, None), keep: bool = False) -> Centre:
    """Verified numbers of a network at its weights.

    Args:
        a: the network and data.
        spectrum: guesses at the smallest and largest kernel eigenvalue, trusted for nothing; found here if None.
        keep: whether the kernel and the residual are kept.

    Raises:
        NoVerdictError: an overflow, or no eigenvalue bound could be verified.
        RoundingEnvironmentError: see `pltheory.rigor.environment`.
    """
    graph = graph_of(a)
    at = linearize(graph, a.x, VERIFIED)
    lowest, highest = spectrum
    # What the kernel is off in Frobenius norm moves no eigenvalue by more.
    middle = Ball(0.5 * (at.kernel.mid + at.kernel.mid.T))
    off = mul_up(ROOM, add_up(at.kernel.rad, mul_up(U, frobenius(middle.mid))))
    smallest = lambda_min_lower(middle, estimate=lowest)
    largest = lambda_max_upper(middle, estimate=highest)
    off_outputs = min(at.outputs.rad, output_error(graph, at.numbers, at.rounding))
    away = VERIFIED.add(Near(at.outputs.mid, off_outputs), VERIFIED.constant(-a.y))
    return Centre(
        a,
        GraphBounds.of(at),
        replace(smallest, value=float(down(smallest.value - off))),
        replace(largest, value=float(add_up(largest.value, off))),
        float(add_up(frobenius(away.mid), mul_up(ROOM, away.rad))),
        Ball(at.outputs.mid, np.asarray(float(mul_up(ROOM, off_outputs)))),
        # What a matrix is off in Frobenius norm, no entry is by more.
        gram=(Ball(middle.mid, np.asarray(off)), Ball(away.mid, np.asarray(mul_up(ROOM, away.rad)))) if keep else None,
    )
