"""The PL* ratio along a run, in blocks that grow with the step: of each its least and its largest value."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..runs.loop import Run

GROWTH = 1.2
"""A block is longer than the one before by this factor: runs of any length have the same blocks."""


def starts(steps: int) -> list[int]:
    """The steps at which blocks begin, below `steps`: 0 and the powers of `GROWTH`, rounded down, each once."""
    powers = itertools.takewhile(lambda at: at < steps, (int(GROWTH**k) for k in itertools.count()))
    return list(dict.fromkeys([0, *powers]))


def pl_course(run: Run) -> dict[str, list[Any]] | None:
    """||grad L(w_t)||^2 / (2 L(w_t)) along a run of full batches; an estimate, in float64.

    Steps at which the loss is at the floor of rounding are left out: it cannot be told from zero there.

    Returns:
        `step`, where each block begins, and `least` and `largest` in it, in loss / weight^2; None where the gradients
        are those of batches, or no step was taken.
    """
    trace = run.trace
    if len(trace.batch_loss) or not len(trace.grad_norm):
        return None
    loss = trace.loss[:-1]
    known = np.isfinite(loss) & (loss > run.floor) & np.isfinite(trace.grad_norm)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        ratio = np.where(known, trace.grad_norm**2 / (2 * loss), np.nan)
    found: dict[str, list[Any]] = {"step": [], "least": [], "largest": []}
    for start, end in itertools.pairwise([*starts(len(loss)), len(loss)]):
        block = ratio[start:end][np.isfinite(ratio[start:end])]
        if len(block):
            found["step"].append(start)
            found["least"].append(float(block.min()))
            found["largest"].append(float(block.max()))
    return found
