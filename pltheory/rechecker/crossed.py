"""Theorem N rechecked: a ball in which kinks may be crossed, from the stored arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flint import arb

from .ball_claim import POSITIVE, read_profile, require_values
from .checks import Checks, Comparison, Tick
from .fields import damaged, number
from .file import Admit, read_bounds, read_hypotheses, read_witness
from .graph.file import GraphStored, read_graph
from .graph.kinked import KinkedBall
from .iterate import share_of
from .potential import Claimed, conclude, on_ball

BOUNDS = {
    "residual": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper", "beta": "upper", "kap": "upper",
    "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
}  # fmt: skip
STEP, JUMPS = "beta eta < 2", "||r_0|| < int_0^R (sig (1 - beta eta / 2) - (kap / 2) (1 + beta eta / 2))_+"
HYPOTHESES = [POSITIVE, (STEP, "<"), (JUMPS, "<")]


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
    stored = read_graph(text, path, admit, {"grid": 1, "sigma": 1, "kappa": 1}, ["radius", "step"])
    if not stored.kinks:
        damaged("network.nodes", "has no node with kinks: Theorem N is not claimed of such a network")
    radius, step = (number(*read_witness(text, name)) for name in ("radius", "step"))
    grid, sigma = read_profile(stored.more, radius)
    require_values(stored.more, "kappa", "grid")
    return CrossedClaim(
        **vars(stored), radius=radius, step=step, bounds=read_bounds(text, BOUNDS),
        hypotheses=read_hypotheses(text, HYPOTHESES), grid=grid, sigma=sigma, kappa=stored.more["kappa"].tolist(),
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

    claimed = Comparison(c, BOUNDS, HYPOTHESES, checks)
    checks.compare("witness.step", c.step, f.step, "upper", "eta L_F norm of r")
    claimed.bounds(
        residual=root * f.residual, lambda_min=share * at.least, lipschitz=root * f.lipschitz, ell=root * f.ell,
        beta=share * f.beta,
    )  # fmt: skip
    claimed.hypothesis(POSITIVE[0], arb(0), at.least)  # of J J^T itself, in which the loss's 1/n has no part
    claimed.hypothesis(STEP, share * f.beta * arb(c.eta), arb(2))
    conclude(c, f, claim, share, partial(claimed.hypothesis, JUMPS), checks)
