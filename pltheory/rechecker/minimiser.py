"""Theorem W1 rechecked: the loss with its weight decay is strongly convex on a ball, and its minimiser is inside.

With E >= ||sum_i r_i Hess f_i|| on B(w_0, R), tau = lambda - E and beta = L_F^2 + E + lambda bound the Hessian of
`L + (lambda / 2) ||w||^2`, whose gradient at w_0 must be below (1 - beta eta / 2) tau R. E is (||r_0|| + L_F R) ell, or
with one hidden layer the largest block of that matrix, whichever is smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flint import arb

from .ball_bounds import LayerBounds
from .ball_claim import Claim, OnBall
from .checks import Checks, Comparison, Tick, clipping_floor, loss_factor, positive
from .fields import damaged, number
from .file import Admit, read_bounds, read_decay, read_hypotheses, read_stored, read_witness
from .iterate import forward, gradient, hidden_layer_curvature, norm, share_of, stored_weights

BOUNDS = {
    "residual": "upper", "lipschitz": "upper", "ell": "upper", "curvature": "upper",
    "tau": "lower", "beta": "upper", "gradient": "upper", "required": "upper", "distance": "upper",
    "floor": "lower", "rate": "upper",
}  # fmt: skip
CONVEX, STEP, INSIDE = (
    "||sum r Hess f|| < lambda on B(w_0, R)", "beta eta < 2", "||grad L_lambda(w_0)|| / (k tau) < R",
)  # fmt: skip
HYPOTHESES = [(name, "<") for name in (CONVEX, STEP, INSIDE)]


@dataclass(frozen=True)
class MinimiserClaim(OnBall):
    """What a certificate of Theorem W1 says: a ball, and the decay.

    Attributes:
        decay: lambda.
    """

    on: Claim
    decay: float

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return self.on.parts + 1


def read_minimiser(text: dict[str, Any], path: Path, admit: Admit) -> MinimiserClaim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    stored = read_stored(text, path, admit, {}, ["radius"])
    decay, decoupled = read_decay(text)
    if decoupled:
        damaged("optimizer.decoupled_weight_decay", "must be false: Theorem W1 speaks of decay inside of the clip")
    radius = number(*read_witness(text, "radius"))
    if not radius > 0:
        damaged("witness.radius", f"{radius} is not positive")
    # Nothing is asked of the kernel: its smallest eigenvalue is only a hint here, and there is no profile of it.
    on = Claim(
        **vars(stored), radius=radius, bounds={**read_bounds(text, BOUNDS), "lambda_min": 0.0},
        hypotheses=read_hypotheses(text, HYPOTHESES),
        grid=[0.0, radius], sigma=[0.0, 0.0], admit=admit,
    )  # fmt: skip
    return MinimiserClaim(on, decay)


def check_minimiser(claim: MinimiserClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem W1."""
    c, decay = claim.on, arb(claim.decay)
    network, radius = LayerBounds(c, tick), arb(c.radius)
    share = share_of(c)
    scale = share.sqrt()
    residual, ell = network.residual * scale, network.steepness(c.radius) * scale
    lipschitz = (network.largest + network.change(c.radius)) * scale
    tick("gradient at the weights")
    at = stored_weights(c.weights, c.biases)
    seen = forward(c, at)
    along = gradient(c, at, seen)
    steepest = norm(g + w * decay for g, w in zip(along.parts, at.parts, strict=True))
    curvature = (residual + lipschitz * radius) * ell
    if len(c.weights) == 2:
        curvature = curvature.min(share * hidden_layer_curvature(c, at, seen, radius, lipschitz / scale))
    tau, beta = decay - curvature, lipschitz**2 + curvature + decay
    k = 1 - beta * arb(c.eta) / 2

    claimed = Comparison(c, BOUNDS, HYPOTHESES, checks)
    claimed.bounds(
        residual=residual, lipschitz=lipschitz, ell=ell, curvature=curvature, tau=tau, beta=beta, gradient=steepest
    )  # fmt: skip
    claimed.hypothesis(CONVEX, curvature, decay)
    claimed.hypothesis(STEP, beta * arb(c.eta), arb(2))
    positive("tau", tau)
    positive("1 - beta eta / 2", k)
    needed = steepest / (k * tau)
    claimed.hypothesis(INSIDE, needed, radius)
    floor = clipping_floor(c, steepest + beta * needed)
    claimed.bounds(
        required=needed, distance=steepest / tau, floor=floor, rate=loss_factor(tau, beta, arb(c.eta), floor)
    )  # fmt: skip
