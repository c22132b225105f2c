"""A verdict of Theorem D as a claim: about every step, and the weights that the run ended at.

The claims of step t are about the exact iterate x_t and the ball of radius eps_t about it, so they do not depend on the
bits of the run that found them; of that run only its end w_T is kept.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...nets.channels import Channels
from ...nets.graph import Graph
from ...optim import StepSettings, certifiable
from ...problem.problem import Problem
from ...rigor.roundoff import Array
from ...rigor.scalar import interval
from ...theory.statement import Statement
from ..claim import Claim, Inequality, bounds
from .basin import Basin
from .certify import StepRecord, TrajectoryCertificate

_NO_RECHECK = "no file is written of Theorem D on this graph: no recheck of it exists yet"
_SMOOTH = "norm of r on B(w_T, eps_T) < (1 - beta eta / 2) int sig"
_JUMPS = "norm of r on B(w_T, eps_T) < int (sig (1 - beta eta / 2) - (kap / 2) (1 + beta eta / 2))_+"
"""The last step's hypothesis, Theorem C's or N's."""
BRANCHES = {"full": 1.0, "band": 2.0, "floor": 4.0}
"""A step's branches are stored as the sum of these."""


def trajectory_claim(statement: Statement, problem: Problem, settings: StepSettings, c: TrajectoryCertificate) -> Claim:
    """The claim of a verdict of `certify_trajectory` on this problem and step rule, about the arrays it is of."""
    rule = certifiable(settings)
    claim = Claim(statement, c.start, str(problem.objective), rule)
    b, distance = c.basin, c.distance
    if c.status != "CERTIFIED" or b is None or distance is None:
        return replace(claim, shortfall=f"{c.status} {c.obstruction}")
    beta = interval(c.scale) * b.beta
    return replace(
        claim,
        rule=replace(rule, eta=c.eta),
        bounds=bounds(
            growth=("upper", c.growth),
            displacement=("upper", c.displacement),
            residual=("upper", b.residual),
            lambda_min=("lower", c.lambda_min),
            lipschitz=("upper", b.lipschitz),
            ell=("upper", b.ell),
            beta=("upper", beta.hi),
            required=("upper", b.rho),
            mu=("lower", (interval(c.scale) * b.mu).lo),
            floor=("lower", b.floor),
            rate=("upper", b.rate),
            distance=("upper", distance),
        ),
        inequalities=(
            Inequality("0 < lambda_min(K(w_T))", 0.0, "<", c.lambda_min),
            Inequality("beta eta < 2", (beta * c.eta).hi, "<", 2.0),
            Inequality(_JUMPS if b.kap else _SMOOTH, b.residual, "<", b.available),
        ),
        witness=_witness(c, b),
        numbers={"steps": c.steps, "eps": c.eps, "radius": b.grid[-1]},
        shortfall="" if c.steps else "Theorem D took no step here: Theorem B at the same weights says as much",
        unwritten=_NO_RECHECK if _without_recheck(c.final) else "",
    )


def _without_recheck(final: object) -> bool:
    if not isinstance(final, Graph):
        return False
    return not final.piecewise_linear if final.kinked else Channels.of(final) is None


def _witness(c: TrajectoryCertificate, b: Basin) -> dict[str, Array]:
    """The arrays of Theorem D; T steps."""
    rows = np.array([_row(s) for s in c.records]).reshape(-1, len(_COLUMNS))  # (T, columns)
    steps = dict(zip(_COLUMNS, np.ascontiguousarray(rows.T), strict=True))
    if isinstance(c.final, Graph):
        steps["concave"] = np.array([s.concave for s in c.records])
    eps = np.array([*(s.eps for s in c.records), c.eps])
    profile = {"grid": np.array(b.grid), "sigma": np.array(b.sig)}
    if b.kap:
        profile["kappa"] = np.array(b.kap)
    return {**c.final.named("end_"), **steps, "eps": eps, **profile}


_COLUMNS = ("rho", "factor", "residual", "lipschitz", "curvature", "beta", "low", "high", "branches")


def _row(s: StepRecord) -> tuple[float, ...]:
    named = sum(BRANCHES[b] for b in s.branches)
    return s.rho, s.factor, s.residual, s.lipschitz, s.curvature, s.beta, s.gradient.lo, s.gradient.hi, named
