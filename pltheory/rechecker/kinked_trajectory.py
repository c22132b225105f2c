"""Theorem D rechecked for networks with kinks (THEORY_RELU section 6): nothing is asked along the steps.

If no token is within reach of a kink on the ball that a step's claims are about, the step's map there is that of the
network with its pieces frozen, and the recursion of Theorem D holds. The last step is Theorem N, for every start in
B(w_T, eps_T). Pieces are those of this program's own iterates, whose distance from the exact ones is in the balls.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from flint import arb

from .checks import Checks, Comparison, Tick
from .fields import Array
from .file import Common
from .graph.file import with_parameters
from .graph.kinked import KinkedBall
from .graph.kinked_path import KinkedPath, Seen
from .graph.kinked_reference import KinkedReference
from .graph.selections import Selections, contracted
from .in_pairs import InPairs, by_groups
from .iterate import share_of
from .midpoint import Upper, require_rounding
from .pairs.pair import Pair
from .pairs.step import PairWeights
from .potential import Claimed, conclude, on_ball
from .trajectory import BOUNDS, JUMPS, KINKED, POSITIVE, STEP, KinkedTrajectoryClaim, Replay, check_run

_ROOM = 1.0 + 2.0**-20
_LEAST = 2.0**-60
"""Radius of a reference's ball at least."""


class KinkedNetwork(InPairs):
    """A graph with kinks along its trajectory, in pairs of doubles; methods as of `followed.Passes`.

    Args:
        c: what is claimed.

    Attributes:
        about: the bounds in use, on a ball that holds those of the steps.
    """

    def __init__(self, c: KinkedTrajectoryClaim) -> None:
        super().__init__(c)
        self._c, self._path = c, KinkedPath(c)
        self.about: KinkedReference | None = None
        self._selections = Selections.of(c)
        self.start, self.end = by_groups(*c.parameters), by_groups(c.end_weights, c.end_biases)
        self._rows: tuple[Seen, list[Pair | None]] | None = None

    def forward(self, at: PairWeights) -> Seen:
        """Values and the residual."""
        return self._path.forward(at)

    def gradient(self, at: PairWeights, seen: Seen) -> PairWeights:
        """Of the loss in use."""
        return self._path.gradient(at, seen, self._sent_back(at, seen), share_of(self._c))

    def _sent_back(self, at: PairWeights, seen: Seen) -> list[Pair | None]:
        if self._rows is None or self._rows[0] is not seen:
            self._rows = seen, self._path.sent_back(at, seen)
        return self._rows[1]

    def reference(self, at: PairWeights, radius: float = _LEAST) -> KinkedReference:
        """Bounds on a ball of that radius."""
        self.about = KinkedReference(self._c, at, radius)
        return self.about

    def curvature(self, at: PairWeights, seen: Seen, reach: arb, lipschitz: arb, known: arb) -> tuple[arb, arb]:
        """Where no token leaves its piece."""
        found = known
        if self._selections is not None:
            found = self._selections.norm(seen, lipschitz * reach)
        elif self.about is not None:
            residual = Upper.of(self.norm([seen.residual]) + lipschitz * reach)
            found = contracted(self._c.kinds, self.about, self._sent_back(at, seen), residual, Upper.of(reach))
        return found, found

    def meeting(self, seen: Seen, reach: arb, ref: KinkedReference) -> dict[int, Array]:
        """Tokens within reach of a kink, by node."""
        read = {v: seen.near(self._c.kinds[v].inputs[0]) for v in self._c.kinks}
        return ref.meeting(read, reach)


class KinkedReplay(Replay):
    """The replay, in pairs alone."""

    def __init__(self, c: KinkedTrajectoryClaim) -> None:
        require_rounding()
        self.c, self.apart = c, arb(0)
        self.net = self._net = KinkedNetwork(c)
        self.at = self.net.start
        self._about: KinkedReference | None = None
        self._met: dict[int, Array] = {}
        self._part = 1.0
        self._radii = _hints(c, c.steps, c.eps)

    @property
    def network(self) -> KinkedNetwork:
        """That is followed."""
        return self._net

    def step(self, t: int, checks: Checks) -> None:
        """Compare every claim of step t, then take it."""
        tried = Checks()
        self._step(t, tried)
        count = sum(int(tokens.sum()) for tokens in self._met.values())
        where = f"{count} arguments that may meet a kink on the ball, node {min(self._met)}" if count else "none"
        checks.fact(f"step {t}, kinks", "no argument meets a kink", where, not count)
        checks += tried

    def bounds(self, t: int, seen: Any, reach: arb) -> tuple[arb, arb, arb, arb]:
        """As in `Replay`. A reference is made for the steps ahead of which the claims say one bound of ||J||."""
        steps = self.c.steps
        enough = min(steps["curvature"][t], steps["concave"][t])
        for fresh in (False, True):
            if fresh:
                self._part /= 4
            if fresh or self._about is None or not self._about.holds(self.at, reach):
                ahead = 0.0 if fresh else self._part * self._radii[t]
                self._about = self._net.reference(self.at, max(ahead, 2 * float(reach), _LEAST))
            lipschitz, ell = self._about.over(self.at, reach)
            residual = self._net.norm([seen.residual]) + lipschitz * reach
            curvature = residual * ell
            if lipschitz <= steps["lipschitz"][t] and not curvature <= enough:
                curvature = curvature.min(self._net.curvature(self.at, seen, reach, lipschitz, curvature)[0])
            self._met = self._net.meeting(seen, reach, self._about)
            if lipschitz <= steps["lipschitz"][t] and curvature <= enough and not self._met:
                break
        return residual, lipschitz, curvature, curvature


def _hints(c: Common, steps: dict[str, list[float]], eps: list[float]) -> list[float]:
    """From every step on, how far the steps go for which one bound of ||J|| is claimed; nothing is proved from that."""
    eta = c.eta
    ways = [min(eta * g, max(eta * c.gamma, eta * c.delta * g)) for g in steps["high"]]
    found = [0.0] * len(ways)
    for t in reversed(range(len(ways))):
        on = t + 1 < len(ways) and steps["lipschitz"][t + 1] == steps["lipschitz"][t]
        found[t] = max(2.5 * eps[t], ways[t] + found[t + 1] if on else 0.0) * _ROOM
    return [float(np.nan_to_num(r, nan=0.0, posinf=0.0)) for r in found]


def check_kinked_trajectory(c: KinkedTrajectoryClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem D with kinks; the first step that fails ends the recheck."""
    replay = KinkedReplay(c)
    check_run(replay, partial(_last_step, c, replay.network), checks, tick)


def _last_step(c: KinkedTrajectoryClaim, net: KinkedNetwork, checks: Checks, tick: Tick) -> None:
    """Theorem N at w_T for every start in B(w_T, eps_T): bounds on B(w_T, R + eps_T), the integral from eps_T on."""
    at = KinkedBall(with_parameters(c, c.end_weights, c.end_biases), tick)
    # Pairs know the residual to more digits than doubles do.
    at.residual = net.norm([net.forward(net.end).residual]).upper().min(at.residual)
    share = share_of(c)
    claim = Claimed(c.grid, c.sigma, c.kappa, c.bounds, c.bounds["ell"])
    f = on_ball(c, at, claim, share, checks, tick)
    room = share * f.beta * arb(c.eta)
    claimed = Comparison(c, BOUNDS, KINKED, checks)
    claimed.bounds(
        residual=f.residual, lambda_min=at.least, lipschitz=f.lipschitz, ell=f.ell, beta=share * f.beta
    )  # fmt: skip
    claimed.hypothesis(POSITIVE, arb(0), at.least)
    claimed.hypothesis(STEP, room, arb(2))
    conclude(c, f, claim, share, partial(claimed.hypothesis, JUMPS), checks)
