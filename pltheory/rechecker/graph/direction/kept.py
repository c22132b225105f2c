"""Theorem E: the share of sigma_min(J) that is kept on every ball."""

from __future__ import annotations

import itertools

import numpy as np
from flint import arb

from ...checks import Tick
from ..centre import GraphCentre
from ..kinds.affine import Affine
from ..kinds.fixed import Fixed
from ..kinds.input import Input
from ..kinds.kind import Kind
from ..kinds.pointwise import Pointwise
from ..kinds.sums import Sum
from .along import Along
from .turning import turning, turns_of

MOST = 30
"""N = n C up to which Theorem E is claimed."""


def covered(kinds: list[Kind], rows: int) -> bool:
    """Whether Theorem E is written out for these nodes and that many outputs of all samples."""
    return rows <= MOST and all(isinstance(kind, Input | Affine | Fixed | Sum | Pointwise) for kind in kinds)


def kept_shares(kinds: list[Kind], groups: int, at: GraphCentre, grid: list[float], tick: Tick) -> list[arb] | None:
    """Lower bounds of (1 - theta(s) / (1 - e))_+ at every radius; None where the kernel is singular to rounding.

    `theta(s) = th_1 s + int_0^s t ||Pi(t)|| dt`, and ||Pi|| grows, so its right end points on the grid bound it.

    Args:
        kinds: of all nodes.
        groups: G.
        at: the centre.
        grid: radii from 0 on.
        tick: called before each part.
    """
    tick("kernel direction")
    kernel = np.tril(at.kernel) + np.tril(at.kernel, -1).T
    values, vectors = np.linalg.eigh(kernel)
    if not values[0] > len(kernel) * 2.0**-50 * values[-1]:
        return None
    along = Along.of(kinds, at, vectors / np.sqrt(values))
    turns = turns_of(along)
    defect = 1 - turns.defect.exact
    if not defect > 0:
        return None
    tick("kernel direction over balls")
    pi = turning(along, turns, groups, np.asarray(grid[1:]))
    whole, slope, kept = arb(0), turns.slope.exact, [arb(1)]
    for (before, s), turn in zip(itertools.pairwise(grid), pi.value.tolist(), strict=True):
        whole += arb(turn) * (arb(s) ** 2 - arb(before) ** 2) / 2
        kept.append((1 - (slope * s + whole) / defect).lower().max(arb(0)))
    return kept
