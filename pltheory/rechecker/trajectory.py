"""Theorem D rechecked: the exact iteration followed step by step, the error recursion, and Theorem C where it ends.

x_t are the exact iterates from the stored weights. The recheck keeps weights v_t of its own with ||v_t - x_t|| <= a_t:
`a_{t+1} = Lip_t a_t + (radius of its step)`, so B(v_t, eps_t + a_t) holds B(x_t, eps_t), which is the ball that the
claims of step t are about. No number of a step is believed before it has been compared with a bound on that ball.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from .arithmetic import root
from .ball import Centre, Claim, centre, steepness
from .checks import Check, Checks, Tick, clipping_floor, loss_factor, positive
from .fields import ACCEPTED, FALSE, UNSURE, Array, damaged, number
from .file import MOST_LAYERS, Admit, Stored, read_bounds, read_hypotheses, read_stored, read_witness
from .iterate import (
    Forward,
    Weights,
    distance,
    forward,
    gradient,
    growth,
    hidden_layer_curvature,
    norm,
    share_of,
    step,
    stored_weights,
)

BOUNDS = {
    "growth": "upper", "displacement": "upper", "residual": "upper", "lambda_min": "lower", "lipschitz": "upper",
    "ell": "upper", "beta": "upper", "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
    "distance": "upper",
}  # fmt: skip
HYPOTHESES = [
    ("0 < lambda_min(K(w_T))", "<"),
    ("beta eta < 2", "<"),
    ("norm of r on B(w_T, eps_T) < (1 - beta eta / 2) int sig", "<"),
]
STEPS = ("rho", "factor", "residual", "lipschitz", "curvature", "beta", "low", "high", "branches")
"""Arrays with one number a step."""
BRANCHES = {"full": 1, "band": 2, "floor": 4}
"""Branches of the step; the number of a step is the sum of those that it names."""


@dataclass(frozen=True)
class TrajectoryClaim(Stored):
    """What a certificate of Theorem D says, as numbers; attributes as in its file, steps[name][t] for step t."""

    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    eps: list[float]
    steps: dict[str, list[float]]
    end: Stored
    grid: list[float]
    sigma: list[float]

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return len(self.steps["rho"]) + 2 * len(self.weights) + len(self.grid)

    def branches(self, t: int) -> set[str]:
        """The branches that step t names."""
        return {name for name, bit in BRANCHES.items() if int(self.steps["branches"][t]) & bit}


def read_trajectory(text: dict[str, Any], path: Path, admit: Admit) -> TrajectoryClaim:
    """The claim of a certificate of Theorem D, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    # What is not of the right type here is refused by name in read_stored.
    network, arrays = text.get("network"), text.get("arrays")
    layers = network.get("layers") if isinstance(network, dict) else 0
    hashes = arrays.get("sha256") if isinstance(arrays, dict) else {}
    count = layers if type(layers) is int and 0 < layers <= MOST_LAYERS else 0
    ends = {f"end_W{l}": 2 for l in range(1, count + 1)}
    ends |= {f"end_b{l}": 1 for l in range(1, count + 1) if isinstance(hashes, dict) and f"b{l}" in hashes}
    vectors = dict.fromkeys(("eps", *STEPS, "grid", "sigma"), 1)
    stored = read_stored(text, path, admit, {**ends, **vectors}, ("steps", "eps", "radius"))
    more = stored.more
    weights = [more[f"end_W{l}"] for l in range(1, count + 1)]
    biases = [more.get(f"end_b{l}") for l in range(1, count + 1)]
    for name in ends:
        if more[name].shape != _first(stored, name).shape:
            damaged(f"arrays.{name}", f"has the shape {more[name].shape}, the start {_first(stored, name).shape}")
    steps, field = read_witness(text, "steps")
    if type(steps) is not int or steps < 1:
        damaged(field, "not a positive number of steps")
    eps, grid, sigma = more["eps"], more["grid"], more["sigma"]
    for name in STEPS:
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
    return TrajectoryClaim(
        **vars(stored), bounds=read_bounds(text, BOUNDS), hypotheses=read_hypotheses(text, HYPOTHESES),
        eps=eps.tolist(), steps={name: more[name].tolist() for name in STEPS},
        end=replace(stored, weights=weights, biases=biases), grid=grid.tolist(), sigma=sigma.tolist(),
    )  # fmt: skip


def _first(stored: Stored, name: str) -> Array:
    part = (stored.weights if name[4] == "W" else stored.biases)[int(name[5:]) - 1]
    assert part is not None
    return part


def _at(c: Stored, hint: float) -> Claim:
    """A network as the code for balls takes it, K unscaled."""
    stored = {field.name: getattr(c, field.name) for field in fields(Stored)}
    return Claim(**{**stored, "loss": "sum"}, radius=0.0, bounds={"lambda_min": hint}, hypotheses=[], grid=[], sigma=[])


# --- one step ---------------------------------------------------------------------------------------------------------


class _Reference:
    """Norms at doubles near some v_s, and from them bounds on every ball that is not far away."""

    def __init__(self, c: TrajectoryClaim, at: Weights) -> None:
        near = at.floats(c)
        self.weights = stored_weights(near.weights, near.biases)
        self.centre: Centre = centre(_at(near, -np.inf), lambda note: None)

    def over(self, at: Weights, reach: arb) -> tuple[arb, arb]:
        """Upper bounds of ||J|| and of its Lipschitz constant on the ball of radius `reach`."""
        radius = (distance(at, self.weights) + reach).upper()
        ell = steepness(self.centre.norms, radius, everywhere=True).upper()
        return (root(self.centre.largest) + radius * ell).upper(), ell


class _Replay:
    """v_t, the bound a_t of its distance from x_t, and the reference whose norms are in use."""

    def __init__(self, c: TrajectoryClaim) -> None:
        self.c, self.at, self.apart = c, stored_weights(c.weights, c.biases), arb(0)
        self.reference = _Reference(c, self.at)

    def bounds(self, t: int, seen: Forward, reach: arb) -> tuple[arb, arb, arb]:
        """Upper bounds of ||r||, ||J||, ||sum_i r_i Hess f_i|| on the ball; a new reference where they fall short."""
        steps = self.c.steps
        for fresh in (False, True):
            if fresh:
                self.reference = _Reference(self.c, self.at)
            lipschitz, ell = self.reference.over(self.at, reach)
            residual = norm([seen.residual]) + lipschitz * reach
            curvature = residual * ell
            if lipschitz <= steps["lipschitz"][t]:
                if not curvature <= steps["curvature"][t] and len(self.c.weights) == 2:
                    curvature = curvature.min(hidden_layer_curvature(self.c, self.at, seen, reach, lipschitz))
                if curvature <= steps["curvature"][t]:
                    break
        return residual, lipschitz, curvature

    def step(self, t: int, checks: Checks) -> None:
        """Compare every claim of step t, then take it."""
        c, steps = self.c, self.c.steps
        seen = forward(c, self.at)
        reach = (arb(c.eps[t]) + self.apart).upper()

        def compare(name: str, what: str, value: arb, direction: str = "upper") -> None:
            checks.compare(f"step {t}, {name}", steps[name][t], value, direction, what)

        along = gradient(c, self.at, seen)
        size = norm(along.parts)
        after, rounding = step(c, self.at, along, size)
        if not rounding <= steps["rho"][t]:
            # Wider than the computation that the claims are about: what fails below would say nothing about them.
            claim = f"<= {steps['rho'][t]!r}"
            own = f"{rounding.str(5)}, error of this recheck's own step"
            checks.append(Check(f"step {t}, rho", claim, own, UNSURE))
            return
        residual, lipschitz, curvature = self.bounds(t, seen, reach)
        compare("residual", "norm of r on the ball", residual)
        compare("lipschitz", "norm of J on the ball", lipschitz)
        compare("curvature", "norm of sum_i r_i Hess f_i on the ball", curvature)
        claimed = {name: arb(steps[name][t]) for name in ("lipschitz", "curvature", "beta", "low", "high", "factor")}
        share = share_of(c)
        compare("beta", "lipschitz^2 + curvature, scaled", share * (claimed["lipschitz"] ** 2 + claimed["curvature"]))
        moved = claimed["beta"] * reach
        compare("low", "norm of the gradient on the ball", (size - moved).max(arb(0)), "lower")
        compare("high", "norm of the gradient on the ball", size + moved)
        self._branches(t, checks, claimed["low"], claimed["high"])
        found = growth(c, claimed["beta"], share * claimed["curvature"], claimed["low"], c.branches(t))
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


def check_trajectory(c: TrajectoryClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem D; the first step that fails ends the recheck."""
    replay = _Replay(c)
    for t in range(len(c.steps["rho"])):
        tick(f"step {t}")
        before = len(checks)
        replay.step(t, checks)
        if any(check.code != ACCEPTED for check in checks[before:]):
            return
    end = stored_weights(c.end.weights, c.end.biases)
    away = distance(replay.at, end) + replay.apart
    field = f"arrays.eps[{len(c.eps) - 1}]"
    checks.compare(field, c.eps[-1], away, "upper", "distance of the stored end from the exact iterate")
    factors = [arb(f).max(arb(1)) for f in c.steps["factor"]]
    checks.compare("bounds.growth", c.bounds["growth"], _product(factors), "upper")
    displacement = distance(end, stored_weights(c.weights, c.biases))
    checks.compare("bounds.displacement", c.bounds["displacement"], displacement, "upper")
    _last_step(c, checks, tick)
    whole = arb(c.bounds["displacement"]) + c.eps[-1] + c.bounds["required"]
    checks.compare("bounds.distance", c.bounds["distance"], whole, "upper")


def _product(values: Iterable[arb]) -> arb:
    total = arb(1)
    for v in values:
        total *= v
    return total


def _last_step(c: TrajectoryClaim, checks: Checks, tick: Tick) -> None:
    """Theorem C at the stored end w_T for every start in B(w_T, eps_T).

    A start w has ||r(w)|| <= rbar = ||r(w_T)|| + L_F(eps) eps, and s -> sig(s + eps) is a profile about it. On the
    ball of radius R + eps about w_T, where the loss has not risen, the Hessian of the loss in use is at most
    beta = c (L_F^2 + rbar ell). Theorem B at w asks for rbar < (1 - beta eta / 2) int_eps^{R + eps} sig; its path then
    ends before the integral has reached rbar, and mu = c sig^2 there.
    """
    at = centre(_at(c.end, c.bounds["lambda_min"]), tick)
    zero, eta, share = arb(0), arb(c.eta), share_of(c)

    def bound(name: str, value: arb) -> None:
        checks.compare(f"bounds.{name}", c.bounds[name], value, BOUNDS[name])

    def hypothesis(i: int, low: arb, high: arb) -> None:
        checks.hypothesis(i, c.hypotheses[i], HYPOTHESES[i][0], low, high)

    sigma_0, largest = root(at.least), root(at.largest)
    changes: list[arb] = []
    profile: list[arb] = []
    summed = zero
    for s, claim in zip(c.grid, c.sigma, strict=True):
        tick(f"profile at radius {s:.3g}")
        ell = steepness(at.norms, arb(s), everywhere=True)
        # int_0^s ell by right end points, ell being nondecreasing; or the recursion for dJ itself.
        summed += (arb(s) - (c.grid[len(changes) - 1] if changes else 0)) * ell
        changes.append(summed.min(s * steepness(at.norms, arb(s), everywhere=False)))
        profile.append((sigma_0 - changes[-1]).max(zero))
        checks.compare(f"arrays.sigma[{len(profile) - 1}]", claim, profile[-1], "lower")
    residual = at.residual + (largest + changes[0]) * c.grid[0]
    lipschitz = largest + changes[-1]
    beta = share * (lipschitz**2 + residual * ell)
    left = 1 - beta * eta / 2
    bound("residual", residual)
    bound("lambda_min", at.least)
    bound("lipschitz", lipschitz)
    bound("ell", ell)
    bound("beta", beta)
    hypothesis(0, zero, at.least)
    hypothesis(1, beta * eta, arb(2))
    positive("1 - beta eta / 2", left)
    widths = [arb(q) - p for p, q in itertools.pairwise(c.grid)]
    sums = [zero, *itertools.accumulate(w * s for w, s in zip(widths, profile[1:], strict=True))]
    hypothesis(2, residual, left * sums[-1])
    # The last radius that a path of the length claimed may reach.
    reached = arb(c.grid[0]) + c.bounds["required"]
    j = max((i for i, s in enumerate(c.grid) if s <= reached), default=0)
    available = left * sums[j]
    code = ACCEPTED if available >= residual else FALSE if available < residual else UNSURE
    what = f"(1 - beta eta / 2) int sig = {available.str(17)}, norm of r {residual.str(17)}"
    checks.append(Check("bounds.required", f"<= {c.bounds['required']!r}", what, code))
    mu = share * profile[j] ** 2
    bound("mu", mu)
    floor = clipping_floor(c, share * lipschitz * residual)
    bound("floor", floor)
    bound("rate", loss_factor(mu, beta, eta, floor))
    below_one = ACCEPTED if c.bounds["rate"] < 1 and c.bounds["mu"] > 0 else FALSE
    checks.append(Check("bounds.rate", f"{c.bounds['rate']!r} < 1", "a linear rate", below_one))
