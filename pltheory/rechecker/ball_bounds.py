"""What is recomputed on a ball about stored weights: the network, how J changes, the profile and its integral."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Protocol

from flint import arb

from .arithmetic import root
from .ball_claim import KINKS, Claim, GraphClaim
from .checks import Checks, Comparison, Tick
from .cost import Cost, used
from .fields import UNSURE, Stop
from .graph.ball import GraphBall
from .graph.centre import graph_centre
from .graph.chain import chain, chain_cost
from .graph.cost import direction_cost
from .graph.direction.kept import covered, kept_shares
from .iterate import share_of
from .layers.centre import centre
from .layers.recursion import steepness
from .midpoint import require_rounding
from .spread import FromWithin, outward


class Bounds(Protocol):
    """What the inequalities need of a network about its weights, summed loss."""

    least: arb
    """lambda_min(J J^T)."""
    largest: arb
    """||J||."""
    residual: arb
    """||F - y||."""

    def change(self, s: float) -> arb:
        """Upper bound of ||J(w) - J(w_0)|| for |w - w_0| <= s, asked for rising radii."""
        ...

    def steepness(self, radius: float) -> arb:
        """Lipschitz constant of J on the ball."""
        ...


class WithOutputs(Bounds, Protocol):
    """The same with F, which theorems about other losses than the square ask for."""

    outputs: list[list[arb]]


class LayerBounds:
    """Of a fully connected network: THEORY section 5, and Theorem G1 on its chain; what is nearer of both."""

    def __init__(self, c: Claim, tick: Tick) -> None:
        at = centre(c, c.bounds["lambda_min"] * (len(c.x) if c.loss == "mean" else 1), tick)
        self._norms, self.outputs = at.norms, at.outputs
        self.least, self.largest, self.residual = at.least, root(at.largest), at.residual
        self.chain: GraphBall | None = None
        if len(c.weights) > 2:  # with one hidden layer both are the same
            kinds = chain(c.weights, c.biases, c.kappas, c.taus, c.activation)
            if c.admit is not None:
                more = chain_cost(c.weights, c.y.shape, len(c.grid))
                c.admit(c.theorem, {}, Cost(used() + more.seconds, more.bytes))
            self.chain = GraphBall(kinds, len(c.weights), c.x, c.y, tick)
            self.least = _both(self.least, self.chain.least)
            self.largest = self.largest.min(self.chain.largest)
            self.residual = self.residual.min(self.chain.residual)

    def change(self, s: float) -> arb:
        """Of J within s."""
        found = s * steepness(self._norms, arb(s), everywhere=False)
        return found if self.chain is None else found.min(self.chain.change(s))

    def steepness(self, radius: float) -> arb:
        """ell(R)."""
        found = steepness(self._norms, arb(radius), everywhere=True)
        return found if self.chain is None else found.min(self.chain.steepness(radius))


def _both(a: arb, b: arb) -> arb:
    """What two enclosures of one number have in common."""
    try:
        return a.intersection(b)
    except ValueError:
        raise Stop(UNSURE, "arithmetic", "two enclosures of one eigenvalue do not meet") from None


def bounds_of(c: Claim | GraphClaim, tick: Tick) -> WithOutputs:
    """About the stored weights, or about any start near them."""
    at: WithOutputs = GraphBall.of(c, tick) if isinstance(c, GraphClaim) else LayerBounds(c, tick)
    return FromWithin(at, c.spread) if c.spread else at


def _kept(c: Claim | GraphClaim, at: Bounds, tick: Tick) -> list[arb] | None:
    """Theorem E: lower bounds of sigma_min(J) / sigma_min(J_0) at every radius; None where there are none."""
    if isinstance(c, GraphClaim):
        kinds, groups = c.kinds, c.groups
    else:
        kinds, groups = chain(c.weights, c.biases, c.kappas, c.taus, c.activation), len(c.weights)
    if not covered(kinds, c.y.size):
        return None
    if c.admit is not None:
        cost = direction_cost(kinds, len(c.x), len(c.grid))
        c.admit(c.theorem, {}, Cost(used() + cost.seconds, cost.bytes))
    own = at.of if isinstance(at, FromWithin) else at
    ball = own.chain if isinstance(own, LayerBounds) else own
    if isinstance(ball, GraphBall):
        centre_ = ball.centre
    else:
        require_rounding()
        centre_ = graph_centre(kinds, c.x, c.y, tick)
    if not c.spread:
        return kept_shares(kinds, groups, centre_, c.grid, tick)
    shares = kept_shares(kinds, groups, centre_, [0.0, *(outward(s, c.spread) for s in c.grid)], tick)
    return None if shares is None else shares[1:]


def profile(c: Claim | GraphClaim, at: Bounds, scale: arb, checks: Checks, tick: Tick) -> tuple[list[arb], list[arb]]:
    """scale sig at the radii of the grid, compared with the profile stored, and the change of J within each of them."""
    sigma_0, changes = root(at.least), []
    found = []
    for s in c.grid:
        tick(f"profile at radius {s:.3g}")
        changes.append(change := at.change(s))
        found.append(((sigma_0 - change) * scale).max(arb(0)))
    if any(not sigma >= claim for sigma, claim in zip(found, c.sigma, strict=True)):
        shares = _kept(c, at, tick)
        if shares is not None:
            found = [sigma.max(sigma_0 * scale * part) for sigma, part in zip(found, shares, strict=True)]
    for j, (sigma, claim) in enumerate(zip(found, c.sigma, strict=True)):
        checks.compare(f"arrays.sigma[{j}]", claim, sigma, "lower")
    return found, changes


def integral(grid: list[float], values: list[arb]) -> list[arb]:
    """From the first point of the grid to each, of a function that falls: by the values at right ends."""
    widths = [arb(q) - p for p, q in itertools.pairwise(grid)]
    return [arb(0), *itertools.accumulate(w * v for w, v in zip(widths, values[1:], strict=True))]


def compare_kinks(c: Claim | GraphClaim, at: Bounds, radius: float, claimed: Comparison) -> None:
    """Where the network has kinks, that no argument may meet one on the ball."""
    if isinstance(c, GraphClaim) and c.kinks:
        assert isinstance(at, GraphBall)
        claimed.hypothesis(KINKS[0], arb(at.meeting(radius)), arb(0))


@dataclass(frozen=True)
class Found:
    """What is recomputed on a ball, in the scale of the loss in use but for `at`.

    Attributes:
        at: of the network, summed loss.
        share: of the loss.
        profile: sig at the radii of the grid.
        residual, largest, lipschitz, ell: ||r_0||, ||J(w_0)||, and L_F and ell on the ball.
    """

    at: Bounds
    share: arb
    profile: list[arb]
    residual: arb
    largest: arb
    lipschitz: arb
    ell: arb


def on_ball(c: Claim | GraphClaim, checks: Checks, tick: Tick) -> Found:
    """Recompute the bounds over the ball, and compare the stored profile with them."""
    at, share = bounds_of(c, tick), share_of(c)
    scale = share.sqrt()
    found, changes = profile(c, at, scale, checks, tick)
    edge = outward(c.radius, c.beyond)
    # At the start J may have changed already.
    first, lipschitz = changes[0], (at.largest + (at.change(edge) if c.beyond else changes[-1])) * scale
    ell = at.steepness(edge) * scale
    return Found(at, share, found, at.residual * scale, (at.largest + first) * scale, lipschitz, ell)
