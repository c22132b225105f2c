"""Theorem N rechecked: a ball in which kinks may be crossed, from the stored arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from .checks import Checks, Tick
from .fields import SCHEMAS, damaged, number
from .file import Admit, read_bounds, read_hypotheses, read_witness
from .graph.file import GraphStored, read_graph
from .graph.kinked import KinkedBall
from .iterate import share_of
from .potential import Claimed, conclude, on_ball

BOUNDS = {
    "residual": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "beta": "upper", "kap": "upper",
    "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
}  # fmt: skip
HYPOTHESES = [
    ("0 < lambda_min(K(w_0))", "<"),
    ("beta eta < 2", "<"),
    ("||r_0|| < int_0^R (sig (1 - beta eta / 2) - (kap / 2) (1 + beta eta / 2))_+", "<"),
]


@dataclass(frozen=True)
class CrossedClaim(GraphStored):
    """What a certificate of Theorem N says, as numbers; attributes as in its file."""

    radius: float
    step: float
    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    grid: list[float]
    sigma: list[float]
    kappa: list[float]

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return 2 * len(self.kinds) + len(self.grid)


def read_crossed(text: dict[str, Any], path: Path, admit: Admit) -> CrossedClaim:
    """The claim of a certificate of Theorem N, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    if text["schema"] == SCHEMAS[0]:
        damaged("schema", "Theorem N has no certificates of this schema")
    stored = read_graph(text, path, admit, {"grid": 1, "sigma": 1, "kappa": 1}, ["radius", "step"])
    if not stored.kinks:
        damaged("network.nodes", "has no node with kinks: Theorem N is not claimed of such a network")
    radius, step = (number(*read_witness(text, name)) for name in ("radius", "step"))
    grid, sigma, kappa = (stored.more[name] for name in ("grid", "sigma", "kappa"))
    for name, values in (("sigma", sigma), ("kappa", kappa)):
        if values.shape != grid.shape or grid.size < 2 or (values < 0).any():
            damaged(f"arrays.{name}", "must have one nonnegative number for each of two or more radii")
    if grid[0] != 0 or not (np.diff(grid) > 0).all() or grid[-1] != radius:
        damaged("arrays.grid", f"must start at 0, increase strictly and end at the radius, {radius!r}")
    return CrossedClaim(
        **vars(stored), radius=radius, step=step, bounds=read_bounds(text, BOUNDS),
        hypotheses=read_hypotheses(text, HYPOTHESES), grid=grid.tolist(), sigma=sigma.tolist(), kappa=kappa.tolist(),
    )  # fmt: skip


def check_crossed(c: CrossedClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem N."""
    at = KinkedBall(c, tick)
    share = share_of(c)
    root = share.sqrt()
    # ell as claimed, of the summed loss; a last digit of that quotient decides nothing.
    ell = float((arb(c.bounds["ell"]) / root).upper()) * (1 + 2.0**-50)
    claim = Claimed(c.grid, c.sigma, c.kappa, c.bounds, ell)
    f = on_ball(c, at, claim, share, checks, tick)

    def bound(name: str, value: arb) -> None:
        checks.compare(f"bounds.{name}", c.bounds[name], value, BOUNDS[name])

    def hypothesis(i: int, low: arb, high: arb) -> None:
        checks.hypothesis(i, c.hypotheses[i], HYPOTHESES[i][0], low, high)

    checks.compare("witness.step", c.step, f.step, "upper", "eta L_F norm of r")
    bound("residual", root * f.residual)
    bound("lambda_min", share * at.least)
    bound("lipschitz", root * f.lipschitz)
    bound("ell", root * f.ell)
    bound("beta", share * f.beta)
    hypothesis(0, arb(0), at.least)  # of J J^T itself, in which the loss's 1/n has no part
    hypothesis(1, share * f.beta * arb(c.eta), arb(2))
    left, relation, right = c.hypotheses[2]
    conclude(c, f, claim, share, (2, left, relation, right, HYPOTHESES[2][0]), checks)
