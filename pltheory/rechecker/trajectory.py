"""Theorem D rechecked: the exact iteration followed step by step, the error recursion, and Theorem C where it ends.

x_t are the exact iterates from the stored weights. The recheck keeps weights v_t of its own with ||v_t - x_t|| <= a_t:
`a_{t+1} = Lip_t a_t + (radius of its step)`, so B(v_t, eps_t + a_t) holds B(x_t, eps_t), which is the ball that the
claims of step t are about. No number of a step is believed before it has been compared with a bound on that ball.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from .arithmetic import root
from .ball_bounds import integral
from .checks import Check, Checks, Comparison, Tick, clipping_floor, loss_factor, positive
from .fields import ACCEPTED, FALSE, SCHEMAS, UNSURE, Array, Stop, damaged, number
from .file import (
    MOST_LAYERS,
    Admit,
    Common,
    Stored,
    names_hashed,
    read_bounds,
    read_hypotheses,
    read_stored,
    read_witness,
)
from .followed import GraphNetwork, LayerNetwork, Network, Passes
from .graph.file import GraphStored, read_graph
from .graph.text import has_kinks
from .iterate import growth, share_of
from .midpoint import require_rounding
from .pairs.step import PairWeights

BOUNDS = {
    "growth": "upper", "displacement": "upper", "residual": "upper", "lambda_min": "lower", "lipschitz": "upper",
    "ell": "upper", "beta": "upper", "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
    "distance": "upper",
}  # fmt: skip
POSITIVE, STEP = "0 < lambda_min(K(w_T))", "beta eta < 2"
LAST = "norm of r on B(w_T, eps_T) < (1 - beta eta / 2) int sig"
JUMPS = "norm of r on B(w_T, eps_T) < int (sig (1 - beta eta / 2) - (kap / 2) (1 + beta eta / 2))_+"
"""The last hypothesis of a network with kinks, Theorem N's."""
HYPOTHESES, KINKED = ([(name, "<") for name in (POSITIVE, STEP, last)] for last in (LAST, JUMPS))
STEPS = ("rho", "factor", "residual", "lipschitz", "curvature", "beta", "low", "high", "branches")
"""Arrays with one number a step."""
BRANCHES = {"full": 1, "band": 2, "floor": 4}
"""Branches of the step; the number of a step is the sum of those that it names."""


@dataclass(frozen=True)
class Followed(Common):
    """What a certificate of Theorem D says, as numbers; attributes as in its file, steps[name][t] for step t."""

    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    eps: list[float]
    steps: dict[str, list[float]]
    end_weights: list[Array]
    end_biases: list[Array | None]
    grid: list[float]
    sigma: list[float]

    def branches(self, t: int) -> set[str]:
        """The branches that step t names."""
        return {name for name, bit in BRANCHES.items() if int(self.steps["branches"][t]) & bit}


@dataclass(frozen=True)
class TrajectoryClaim(Followed, Stored):
    """About a fully connected network."""

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return len(self.steps["rho"]) + 2 * len(self.weights) + len(self.grid)

    @property
    def network(self) -> Network:
        """What the recheck computes with."""
        end = replace(self, weights=self.end_weights, biases=self.end_biases)
        return LayerNetwork(self, end, self.bounds["lambda_min"])


@dataclass(frozen=True)
class GraphTrajectoryClaim(Followed, GraphStored):
    """About a network of class G."""

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return len(self.steps["rho"]) + 2 * len(self.kinds) + len(self.grid)

    @property
    def network(self) -> Network:
        """What the recheck computes with."""
        return GraphNetwork(self, self.end_weights, self.end_biases)


@dataclass(frozen=True)
class KinkedTrajectoryClaim(GraphTrajectoryClaim):
    """About a network with kinks, whose last step is Theorem N: kappa are bounds of kap at the radii of the grid."""

    kappa: list[float]


def read_trajectory(text: dict[str, Any], path: Path, admit: Admit) -> TrajectoryClaim | GraphTrajectoryClaim:
    """The claim of a certificate of Theorem D, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    # What is not of the right type here is refused by name in read_stored and read_graph.
    network = text.get("network")
    network = network if isinstance(network, dict) else {}
    graph = "nodes" in network and text["schema"] != SCHEMAS[0]
    layers = network.get("groups" if graph else "layers")
    named = names_hashed(text) if isinstance(text.get("arrays"), dict) else set()
    count = layers if type(layers) is int and 0 < layers <= MOST_LAYERS else 0
    names = (*STEPS, "concave") if graph else STEPS
    kinked = graph and has_kinks(network)
    vectors = dict.fromkeys(("grid", "sigma", *(("kappa",) if kinked else ()), "eps", *names), 1)
    ends = {f"end_W{l}": 3 if graph else 2 for l in range(1, count + 1)}
    ends |= {f"end_b{l}": 2 if graph else 1 for l in range(1, count + 1) if f"b{l}" in named}
    read = read_graph if graph else read_stored
    stored = read(text, path, admit, {**vectors, **ends}, ["steps", "eps", "radius"])
    more = stored.more
    weights = [more[f"end_W{l}"] for l in range(1, count + 1)]
    biases = [more.get(f"end_b{l}") for l in range(1, count + 1)]
    for name, first in _starts(stored).items():
        if more[name].shape != first.shape:
            damaged(f"arrays.{name}", f"has the shape {more[name].shape}, the start {first.shape}")
    steps, field = read_witness(text, "steps")
    if type(steps) is not int or steps < 1:
        damaged(field, "not a positive number of steps")
    eps, grid, sigma = more["eps"], more["grid"], more["sigma"]
    for name in names:
        if len(more[name]) != steps:
            damaged(f"arrays.{name}", f"does not have {steps} numbers, one for each step")
    if len(eps) != steps + 1 or (eps < 0).any():
        damaged("arrays.eps", f"not {steps + 1} nonnegative numbers")
    last, field = read_witness(text, "eps")
    if number(last, field) != eps[-1]:
        damaged(field, f"is not the last of arrays.eps, {eps[-1]!r}")
    if not (more["rho"] > 0).all():
        damaged("arrays.rho", "must be positive")
    if not np.isin(more["branches"], range(1, 8)).all():
        damaged("arrays.branches", "must be whole numbers from 1 to 7")
    if sigma.shape != grid.shape or grid.size < 2 or (sigma < 0).any():
        damaged("arrays.sigma", "must have one nonnegative number for each of two or more radii")
    radius = number(*read_witness(text, "radius"))
    if grid[0] != eps[-1] or not (np.diff(grid) > 0).all() or grid[-1] != radius:
        damaged("arrays.grid", f"must start at eps_T, increase strictly and end at the radius, {radius!r}")
    known = KINKED if kinked else HYPOTHESES
    claimed: dict[str, Any] = dict(
        **vars(stored), bounds=read_bounds(text, BOUNDS), hypotheses=read_hypotheses(text, known),
        eps=eps.tolist(), steps={name: more[name].tolist() for name in names}, end_weights=weights,
        end_biases=biases, grid=grid.tolist(), sigma=sigma.tolist(),
    )  # fmt: skip
    if kinked:
        if more["kappa"].shape != grid.shape or (more["kappa"] < 0).any():
            damaged("arrays.kappa", "must have one nonnegative number for each radius")
        return KinkedTrajectoryClaim(**claimed, kappa=more["kappa"].tolist())
    return (GraphTrajectoryClaim if isinstance(stored, GraphStored) else TrajectoryClaim)(**claimed)


def _starts(stored: Stored | GraphStored) -> dict[str, Array]:
    """The weights of the start by the names of those of the end."""
    if isinstance(stored, GraphStored):
        weights, biases = stored.parameters
    else:
        weights, biases = stored.weights, stored.biases
    starts = {f"end_W{l}": w for l, w in enumerate(weights, 1)}
    return starts | {f"end_b{l}": b for l, b in enumerate(biases, 1) if b is not None}


# --- one step ---------------------------------------------------------------------------------------------------------


class Replay:
    """v_t, the bound a_t of its distance from x_t, and the reference whose norms are in use."""

    def __init__(self, c: TrajectoryClaim | GraphTrajectoryClaim) -> None:
        self.c, self.balls, self.apart = c, c.network, arb(0)
        # What ends a computation in doubles refutes nothing: balls go on.
        with suppress(Stop, np.linalg.LinAlgError):
            require_rounding()
            self._begin(self.balls.in_pairs() or self.balls)
            return
        self._begin(self.balls)

    def _begin(self, net: Passes) -> None:
        self.net, self.at = net, net.start
        self.reference = net.reference(self.at)

    def bounds(self, t: int, seen: Any, reach: arb) -> tuple[arb, arb, arb, arb]:
        """Upper bounds of ||r||, ||J||, ||E||, -lambda_min(E) on the ball; a new reference where they fall short.

        E = sum_i r_i Hess f_i. A claim without a number of its own for -lambda_min(E) has that of ||E||.
        """
        steps = self.c.steps
        claims = [steps[name][t] for name in ("curvature", "concave") if name in steps]
        for fresh in (False, True):
            if fresh:
                self.reference = self.net.reference(self.at)
            lipschitz, ell = self.reference.over(self.at, reach)
            residual = self.net.norm([seen.residual]) + lipschitz * reach
            curvature = concave = residual * ell
            if lipschitz <= steps["lipschitz"][t]:
                if not curvature <= min(claims):
                    curvature, concave = (
                        bound.min(curvature) for bound in self.net.curvature(self.at, seen, reach, lipschitz, curvature)
                    )
                if curvature <= steps["curvature"][t] and concave <= claims[-1]:
                    break
        return residual, lipschitz, curvature, concave

    def step(self, t: int, checks: Checks) -> None:
        """Compare every claim of step t, then take it; in balls from the first step on that pairs do not confirm."""
        if isinstance(self.at, PairWeights):
            before, tried = (self.at, self.apart), Checks()
            with suppress(Stop, np.linalg.LinAlgError):
                self._step(t, tried)
                if all(check.code == ACCEPTED for check in tried):
                    checks += tried
                    return
            self.at, moved = before[0].balls()
            self.apart, self.net = (before[1] + moved).upper(), self.balls
            self.reference = self.net.reference(self.at)
        self._step(t, checks)

    def _step(self, t: int, checks: Checks) -> None:
        c, steps = self.c, self.c.steps
        seen = self.net.forward(self.at)
        reach = (arb(c.eps[t]) + self.apart).upper()

        def compare(name: str, what: str, value: arb, direction: str = "upper") -> None:
            checks.compare(f"step {t}, {name}", steps[name][t], value, direction, what)

        along = self.net.gradient(self.at, seen)
        size = self.net.norm(along.parts)
        after, rounding = self.net.step(self.at, along, size)
        if not rounding <= steps["rho"][t]:
            # Wider than the computation that the claims are about: what fails below would say nothing about them.
            claim = f"<= {steps['rho'][t]!r}"
            own = f"{rounding.str(5)}, error of this recheck's own step"
            checks.append(Check(f"step {t}, rho", claim, own, UNSURE))
            return
        residual, lipschitz, curvature, concave = self.bounds(t, seen, reach)
        compare("residual", "norm of r on the ball", residual)
        compare("lipschitz", "norm of J on the ball", lipschitz)
        compare("curvature", "norm of sum_i r_i Hess f_i on the ball", curvature)
        if "concave" in steps:
            compare("concave", "minus the least eigenvalue of sum_i r_i Hess f_i on the ball", concave)
        claimed = {name: arb(values[t]) for name, values in steps.items()}
        share = share_of(c)
        compare("beta", "lipschitz^2 + curvature, scaled", share * (claimed["lipschitz"] ** 2 + claimed["curvature"]))
        moved = claimed["beta"] * reach
        compare("low", "norm of the gradient on the ball", (size - moved).max(arb(0)), "lower")
        compare("high", "norm of the gradient on the ball", size + moved)
        self._branches(t, checks, claimed["low"], claimed["high"])
        negative = share * claimed.get("concave", claimed["curvature"])
        found = growth(c, claimed["beta"], negative, claimed["low"], c.branches(t))
        compare("factor", "growth of the branches named", found)
        recursion = claimed["factor"] * c.eps[t] + steps["rho"][t]
        checks.compare(f"step {t}, eps of the next", c.eps[t + 1], recursion, "upper", "factor eps + rho")
        self.at, self.apart = after, (claimed["factor"] * self.apart + rounding).upper()

    def _branches(self, t: int, checks: Checks, low: arb, high: arb) -> None:
        named, tiny = self.c.branches(t), arb(2) ** -50
        possible = self._allowed(low, high)
        # Naming more than the stored norms allow is no danger, but it is not what they say; a rounding is granted.
        generous = self._allowed(low * (1 - tiny), high * (1 + tiny))
        code = ACCEPTED if possible <= named <= generous else FALSE
        allowed = f"{' or '.join(sorted(possible))}, what gradients between low and high allow"
        checks.append(Check(f"step {t}, branches", " or ".join(sorted(named)), allowed, code))

    def _allowed(self, low: arb, high: arb) -> set[str]:
        """Branches that gradients of these norms can meet; what the precision does not decide counts as met."""
        gamma, delta = arb(self.c.gamma), arb(self.c.delta)
        met = {
            "full": not low > gamma,
            "band": not (high <= gamma or delta * low >= gamma),
            "floor": not delta * high < gamma,
        }
        return {name for name, yes in met.items() if yes}


# --- the claims -------------------------------------------------------------------------------------------------------


def check_trajectory(c: TrajectoryClaim | GraphTrajectoryClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem D; the first step that fails ends the recheck."""
    replay = Replay(c)
    check_run(replay, partial(_last_step, c, replay.balls), checks, tick)


def check_run(replay: Replay, last_step: Callable[[Checks, Tick], None], checks: Checks, tick: Tick) -> None:
    """Recompute what is claimed of the steps and their end, and by `last_step` what is claimed from there on."""
    c = replay.c
    for t in range(len(c.steps["rho"])):
        tick(f"step {t}")
        before = len(checks)
        replay.step(t, checks)
        if any(check.code != ACCEPTED for check in itertools.islice(checks, before, None)):
            return
    net = replay.net
    away = net.distance(replay.at, net.end) + replay.apart.union(-replay.apart)
    field = f"arrays.eps[{len(c.eps) - 1}]"
    checks.compare(field, c.eps[-1], away, "upper", "distance of the stored end from the exact iterate")
    factors = [arb(f).max(arb(1)) for f in c.steps["factor"]]
    checks.compare("bounds.growth", c.bounds["growth"], product_of(factors), "upper")
    displacement = net.distance(net.end, net.start)
    checks.compare("bounds.displacement", c.bounds["displacement"], displacement, "upper")
    last_step(checks, tick)
    whole = arb(c.bounds["displacement"]) + c.eps[-1] + c.bounds["required"]
    checks.compare("bounds.distance", c.bounds["distance"], whole, "upper")


def product_of(values: Iterable[arb]) -> arb:
    """Of all."""
    total = arb(1)
    for v in values:
        total *= v
    return total


def _last_step(c: TrajectoryClaim | GraphTrajectoryClaim, net: Network, checks: Checks, tick: Tick) -> None:
    """Theorem C at the stored end w_T for every start in B(w_T, eps_T).

    A start w has ||r(w)|| <= rbar = ||r(w_T)|| + L_F(eps) eps, and s -> sig(s + eps) is a profile about it. On the
    ball of radius R + eps about w_T, where the loss has not risen, the Hessian of the loss in use is at most
    beta = c (L_F^2 + rbar ell). Theorem B at w asks for rbar < (1 - beta eta / 2) int_eps^{R + eps} sig; its path then
    ends before the integral has reached rbar, and mu = c sig^2 there.
    """
    at, claimed = net.about_end(tick), Comparison(c, BOUNDS, HYPOTHESES, checks)
    zero, eta, share = arb(0), arb(c.eta), share_of(c)
    sigma_0, largest = root(at.least), at.largest
    changes: list[arb] = []
    profile: list[arb] = []
    for s, claim in zip(c.grid, c.sigma, strict=True):
        tick(f"profile at radius {s:.3g}")
        changes.append(at.change(s))
        profile.append((sigma_0 - changes[-1]).max(zero))
        checks.compare(f"arrays.sigma[{len(profile) - 1}]", claim, profile[-1], "lower")
    residual = at.residual + (largest + changes[0]) * c.grid[0]
    lipschitz = largest + changes[-1]
    ell = at.steepness(c.grid[-1])
    beta = share * (lipschitz**2 + residual * ell)
    left = 1 - beta * eta / 2
    claimed.bounds(residual=residual, lambda_min=at.least, lipschitz=lipschitz, ell=ell, beta=beta)
    claimed.hypothesis(POSITIVE, zero, at.least)
    claimed.hypothesis(STEP, beta * eta, arb(2))
    positive("1 - beta eta / 2", left)
    sums = integral(c.grid, profile)
    claimed.hypothesis(LAST, residual, left * sums[-1])
    # The last radius that a path of the length claimed may reach.
    reached = arb(c.grid[0]) + c.bounds["required"]
    j = max((i for i, s in enumerate(c.grid) if s <= reached), default=0)
    summed = "(1 - beta eta / 2) int sig", left * sums[j]
    checks.required(c.bounds["required"], summed, ("norm of r", residual))
    mu, floor = share * profile[j] ** 2, clipping_floor(c, share * lipschitz * residual)
    claimed.bounds(mu=mu, floor=floor, rate=loss_factor(mu, beta, eta, floor))
    checks.linear(c.bounds)
