"""A verdict of Theorem T as a claim: about every step of the exact run, and about its end.

As in Theorem D the claims of step t are about the exact iterate and the ball of radius reach eps_t about it, so that
they do not depend on the bits of the run that found them; of that run only its end is kept.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...optim import ClippedSettings
from ...rigor.roundoff import Array
from ...theory.statement import Statement
from ..claim import Claim, Inequality, bounds
from ..trajectory.claim import BRANCHES
from .expansion import Momentum
from .run import FiniteRecord, FiniteRun, network_of

NO_CLASS = -1
"""What `right` and `wrong` are where targets name no classes."""
_COLUMNS = ("rho", "factor", "residual", "lipschitz", "curvature", "bend", "beta", "low", "high", "branches")
_WIDTH = "width of the loss's enclosure after T steps < L(w_0)"


def finite_claim(statement: Statement, loss: str, settings: ClippedSettings, run: FiniteRun) -> Claim:
    """The claim of what `follow` found.

    Args:
        statement: the theorem in words.
        loss: name of the problem's loss.
        settings: the step rule; the claim's eta is the largest of the stored steps.
        run: what was found.
    """
    claim = Claim(statement, run.start, loss, replace(settings, eta=max(run.rule.eta)))
    o = run.outcome
    if o is None:
        return replace(claim, shortfall=f"{run.status} {run.obstruction}")
    norm, rule = run.expansion, run.rule
    pairs = norm if isinstance(norm, Momentum) else None
    return replace(
        claim,
        bounds=bounds(
            growth=("upper", run.growth),
            apart=("upper", o.apart),
            lipschitz=("upper", o.lipschitz),
            loss_low=("lower", o.loss.lo),
            loss_high=("upper", o.loss.hi),
            margin=("lower", o.margin),
            distance_low=("lower", o.distance.lo),
            distance_high=("upper", o.distance.hi),
            path_low=("lower", o.path.lo),
            path_high=("upper", o.path.hi),
        ),
        inequalities=(Inequality(_WIDTH, o.width, "<", o.first.lo),),
        witness=_witness(run),
        numbers={
            "steps": run.steps,
            "eps": run.eps,
            "momentum": rule.m,
            "nesterov": int(rule.nesterov),
            "weight": 0.0 if pairs is None else pairs.root,
            "right": NO_CLASS if o.right is None else o.right,
            "wrong": NO_CLASS if o.wrong is None else o.wrong,
        },
    )


def _witness(run: FiniteRun) -> dict[str, Array]:
    rows = np.array([_row(s) for s in run.records]).reshape(-1, len(_COLUMNS))  # (T, columns)
    steps = dict(zip(_COLUMNS, np.ascontiguousarray(rows.T), strict=True))
    batches = run.rule.batches
    table = np.full((len(batches), max(map(len, batches))), -1.0)
    for t, batch in enumerate(batches):
        table[t, : len(batch)] = batch
    end = network_of(run.start, run.final.w).named("end_")
    eps = np.array([*(s.eps for s in run.records), run.eps])
    return {**end, **steps, "eta": np.array(run.rule.eta), "batches": table, "eps": eps}


def _row(s: FiniteRecord) -> tuple[float, ...]:
    named = sum(BRANCHES[b] for b in s.branches)
    return s.rho, s.factor, s.residual, s.lipschitz, s.curvature, s.bend, s.beta, s.gradient.lo, s.gradient.hi, named
