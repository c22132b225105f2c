"""Theorem W2 rechecked: for how many steps weight decay leaves the weights in the ball, and the loss after them.

With W = ||w_0|| + R and P = lambda eta times the sum of the schedule's factors over the steps, decay alone moves the
weights by at most W P, and `||r_0|| + L_F W P < (1 - beta eta / 2) int_{W P}^R sig` keeps them in the ball.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from . import ball
from .arithmetic import blocks, matrix
from .checks import Check, Checks, Tick, clipping_floor, positive
from .fields import ACCEPTED, FALSE, SCHEMAS, UNSURE, Array, Stop, damaged, number
from .file import Admit, read_bounds, read_decay, read_hypotheses, read_stored, read_witness
from .graph.ball import GraphBall
from .graph.file import GraphStored, read_graph

BOUNDS = {
    "residual": "upper", "weights": "upper", "lambda_min": "lower", "lipschitz": "upper", "ell": "upper",
    "reached": "upper", "beta": "upper", "required": "upper", "mu": "lower", "floor": "lower", "limit": "upper",
    "loss_end": "upper",
}  # fmt: skip
HYPOTHESES = [
    ("0 < lambda_min(K(w_0))", "<"), ("beta eta <= 1", "<="), ("||r_0|| + L_F W P < k int_{W P}^R sig", "<"),
]  # fmt: skip
MOST_RUNS, MOST_STEPS = 10**6, 10**9


@dataclass(frozen=True)
class Claim:
    """What a certificate of Theorem W2 says: a ball, and the steps on it.

    Attributes:
        on: the ball.
        decay: lambda.
        decoupled: whether it stands beside the gradient.
        factors, repeats: of the schedule, and of how many steps in a row each is.
    """

    on: ball.Claim | ball.GraphClaim
    decay: float
    decoupled: bool
    factors: list[float]
    repeats: list[int]

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return self.on.parts

    @property
    def in_doubles(self) -> bool:
        """Whether the bounds of the network are doubles, to which no bits can be added."""
        return self.on.in_doubles


def read_floor(text: dict[str, Any], path: Path, admit: Admit) -> Claim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    if text["schema"] == SCHEMAS[0]:
        damaged("schema", f"knows of no Theorem {text['theorem']}")
    arrays = {"grid": 1, "sigma": 1, "factors": 1, "repeats": 1}
    layered = isinstance(text.get("network"), dict) and "nodes" in text["network"]
    read = read_graph if layered else read_stored
    stored = read(text, path, admit, arrays, ["radius", "steps"])
    decay, decoupled = read_decay(text)
    radius = number(*read_witness(text, "radius"))
    grid, sigma = ball.read_profile(stored.more, radius)
    factors, repeats = stored.more["factors"], stored.more["repeats"]
    if not 1 <= factors.size <= MOST_RUNS or not ((factors >= 0) & (factors <= 1)).all():
        damaged("arrays.factors", f"must have 1 to {MOST_RUNS} numbers in [0, 1]")
    whole = repeats.shape == factors.shape and ((repeats >= 1) & (repeats <= MOST_STEPS) & (repeats % 1 == 0)).all()
    if not whole or repeats.sum() > MOST_STEPS:
        damaged("arrays.repeats", f"must have a whole number for each factor, at most {MOST_STEPS} in all")
    counts = [int(n) for n in repeats.tolist()]
    steps, field = read_witness(text, "steps")
    if type(steps) is not int or steps != sum(counts):
        damaged(field, f"must be the sum of the repeats, {sum(counts)}")
    known = list(HYPOTHESES)
    if isinstance(stored, GraphStored) and stored.kinks:
        known.insert(-1, ball.KINKS)
    kind = ball.GraphClaim if isinstance(stored, GraphStored) else ball.Claim
    on = kind(
        **vars(stored), radius=radius, bounds=read_bounds(text, BOUNDS), hypotheses=read_hypotheses(text, known),
        grid=grid.tolist(), sigma=sigma.tolist(), admit=admit,
    )  # fmt: skip
    return Claim(on, decay, decoupled, factors.tolist(), counts)


def norm(arrays: list[Array | None]) -> arb:
    """The Euclidean norm of all entries of some arrays."""
    total = arb(0)
    for a in arrays:
        if a is not None:
            flat = np.ascontiguousarray(a).reshape(1, -1)
            for block in blocks(flat, 1):
                row = matrix(block)
                total += (row * row.transpose())[0, 0]
    return total.sqrt()


def parameters(c: ball.Claim | ball.GraphClaim) -> list[Array | None]:
    """All weights and biases that are stored."""
    weights, biases = c.parameters if isinstance(c, ball.GraphClaim) else (c.weights, c.biases)
    return [*weights, *biases]


def check_floor(claim: Claim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem W2."""
    c = claim.on
    found = ball.on_ball(c, checks, tick)
    zero, one, eta, decay = arb(0), arb(1), arb(c.eta), arb(claim.decay)

    def bound(name: str, value: arb) -> None:
        checks.compare(f"bounds.{name}", c.bounds[name], value, BOUNDS[name])

    start = norm(parameters(c))
    longest = start + arb(c.radius)
    shrunk = decay * eta * sum((arb(f) * n for f, n in zip(claim.factors, claim.repeats, strict=True)), zero)
    alone = longest * shrunk
    reached = found.residual + found.lipschitz * alone
    beta = found.lipschitz**2 + reached * found.ell
    k = one - beta * eta / 2
    bound("residual", found.residual)
    bound("weights", start)
    bound("lambda_min", found.at.least * found.share)
    bound("lipschitz", found.lipschitz)
    bound("ell", found.ell)
    bound("reached", reached)
    bound("beta", beta)
    checks.hypothesis(0, c.hypotheses[0], HYPOTHESES[0][0], zero, found.at.least)
    checks.hypothesis(1, c.hypotheses[1], HYPOTHESES[1][0], beta * eta, one)
    last = len(c.hypotheses) - 1
    if isinstance(c, ball.GraphClaim) and c.kinks:
        assert isinstance(found.at, GraphBall)
        checks.hypothesis(last - 1, c.hypotheses[last - 1], ball.KINKS[0], arb(found.at.meeting(c.radius)), zero)
    # The profile that the theorem is held with: what is stored, once it is found to be one. Decay alone reaches the
    # first radius of the grid that is certainly not below W P, or it fills the ball.
    profile = [arb(v) for v in itertools.accumulate(reversed(c.sigma), max)][::-1]
    first = next((j for j, s in enumerate(c.grid) if arb(s) >= alone), len(c.grid) - 1)
    cells = [(arb(q) - p) * s for (p, q), s in zip(itertools.pairwise(c.grid), profile[1:], strict=True)]
    sums = [zero] * (first + 1) + list(itertools.accumulate(cells[first:]))
    checks.hypothesis(last, c.hypotheses[last], HYPOTHESES[-1][0], reached, k * sums[-1])
    if c.bounds["required"] not in c.grid:
        raise Stop(FALSE, "bounds.required", f"the claim {c.bounds['required']!r} is not a point of the grid")
    j = c.grid.index(c.bounds["required"])
    code = ACCEPTED if k * sums[j] >= reached else FALSE if k * sums[j] < reached else UNSURE
    what = f"k int sig = {(k * sums[j]).str(17)}, residual up to {reached.str(17)}"
    checks.append(Check("bounds.required", f"<= {c.bounds['required']!r}", what, code))
    mu = profile[j] ** 2
    positive("sig(rho)", profile[j])
    bound("mu", mu)
    positive("mu", arb(c.bounds["mu"]))
    read = found.lipschitz * reached + (zero if claim.decoupled else decay * longest)
    floor = clipping_floor(c, read)
    positive("floor of the steps", floor)
    bound("floor", floor)
    strength = decay / floor if claim.decoupled else decay
    # With the claim's own mu: below F a smaller one lets the loss rise by less.
    limit = (strength * longest) ** 2 / (2 * arb(c.bounds["mu"]))
    bound("limit", limit)
    tick("loss after the steps")
    product = one
    for f, n in zip(claim.factors, claim.repeats, strict=True):
        product = product * (one - mu * floor * eta * arb(f)).min(one).max(zero) ** n
    bound("loss_end", limit + (found.residual**2 / 2 - limit).max(zero) * product)
