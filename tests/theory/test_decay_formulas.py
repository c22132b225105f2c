"""The numbers of Theorem W2 against their definitions, step by step; a wrong one is noticed, here or by the recheck."""

from __future__ import annotations

import math
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from pltheory.certification import decay, horizon
from pltheory.certification.horizon import OnBall
from pltheory.optim import ClippedSettings, DeltaGClipSettings, GClipSettings, GradientDescentSettings
from pltheory.optim.schedule import Cosine
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from pltheory.theorems.measured import profile_at
from pltheory.theorems.w2 import THEOREM
from pltheory.verification.contract import near_solution
from tests.formula_mutants import held_to
from tests.nets.graph_mutants import Mutant

RADII = np.linspace(0, 2, 2001)
SIGMA, BEND = 1.5, 0.4
ON = OnBall(RADII, SIGMA - BEND * RADII, SIGMA * RADII - BEND * RADII**2 / 2, 1.1, 2.3, BEND, 20.0)
RULES: dict[str, ClippedSettings] = {
    "coupled": DeltaGClipSettings(0.15, 1.0, 0.1, weight_decay=1e-3),
    "decoupled": DeltaGClipSettings(0.15, 2.0, 0.1, weight_decay=1e-3, decoupled_weight_decay=True),
    "scheduled": GClipSettings(0.15, 1.0, 0.0, weight_decay=1e-3, schedule=Cosine(11)),
    "unclipped": GradientDescentSettings(0.1, weight_decay=2e-3),
}


def wrong_numbers() -> list[str]:
    """Every number of a horizon of 11 steps, the loss and the decay added up step by step."""
    found = []
    for name, rule in RULES.items():
        said = horizon.at_horizon(rule, ON, 11, float(rule.eta))
        factors = [rule.schedule.at(t) for t in range(11)]
        lam, apart = rule.weight_decay, rule.decoupled_weight_decay
        shrunk = sum(lam * rule.eta * f for f in factors)
        most = ON.residual + sum(ON.lipschitz * ON.weights * lam * rule.eta * f for f in factors)
        beta = ON.lipschitz**2 + most * ON.ell
        read = ON.lipschitz * most + (0 if apart else lam * ON.weights)
        floor = 1.0 if rule.gamma == math.inf else max(rule.delta, min(1.0, rule.gamma / read))
        k, alone = 1 - beta * rule.eta / 2, ON.weights * shrunk

        def room(s: float, k: float = k, alone: float = alone) -> float:
            return k * ((SIGMA * s - BEND * s**2 / 2) - (SIGMA * alone - BEND * alone**2 / 2))

        # The smaller root of k int_{W P}^s sig = most.
        rest = SIGMA**2 - 2 * BEND * (most / k + SIGMA * alone - BEND * alone**2 / 2)
        rho = (SIGMA - math.sqrt(rest)) / BEND
        mu = (SIGMA - BEND * rho) ** 2
        strength = lam / floor if apart else lam
        floor_of_loss = (strength * ON.weights) ** 2 / (2 * mu)
        above = max(0.0, ON.residual**2 / 2 - floor_of_loss)
        for f in factors:
            above *= 1 - mu * floor * rule.eta * f
        true = {
            "shrunk": shrunk, "reached": most, "beta": beta, "floor": floor, "available": room(2.0), "mu": mu,
            "strength": strength, "limit": floor_of_loss, "loss": floor_of_loss + above,
        }  # fmt: skip
        for key, value in true.items():
            if not math.isclose(getattr(said, key), value, rel_tol=5e-3 if key in ("mu", "limit", "loss") else 2e-3):
                found.append(f"{name}: {key}: {getattr(said, key)} for {value}")
            loose = {"available", "mu"}  # lower bounds, by the grid
            exact = 1e-12 * abs(value)
            if (getattr(said, key) > value + exact) if key in loose else (getattr(said, key) < value - exact):
                found.append(f"{name}: {key} on the wrong side: {getattr(said, key)} for {value}")
        if not rho <= RADII[said.end] <= rho + 2 * RADII[1] or not said.holds:
            found.append(f"{name}: rho {RADII[said.end]} for {rho}")
    return found


def wrong_horizon() -> list[str]:
    """The horizon found closes, is the best of its neighbours, and none is found where there is no room."""
    found = []
    for name, rule in RULES.items():
        one = horizon.best_horizon(rule, ON)
        if not one.holds:
            found.append(f"{name}: does not close")
        if rule.schedule.constant:
            if one.loss > min(horizon.at_horizon(rule, ON, n, one.eta).loss for n in (1, 2, max(1, one.steps // 2))):
                found.append(f"{name}: {one.steps} steps are not the best")
            if horizon.best_horizon(rule, ON, 1.05).ratio < 1.05:
                found.append(f"{name}: no headroom")
    full = OnBall(RADII, ON.sigma, ON.integral, 2.3, ON.lipschitz, ON.ell, ON.weights)
    if horizon.best_horizon(RULES["coupled"], full).holds:
        found.append("a ball without room")
    steep = DeltaGClipSettings(0.19, 1.0, 0.1, weight_decay=1e-9)
    if horizon.best_horizon(steep, ON).holds:
        found.append("steps beyond 1 / beta")
    return found


@cache
def problem() -> Problem:
    return near_solution(24, 1e-3)


PROVED = {
    "coupled": DeltaGClipSettings("0.5/beta", 1e-3, 0.2, weight_decay=1e-5),
    "decoupled": DeltaGClipSettings("0.5/beta", 1e-4, 0.2, weight_decay=1e-6, decoupled_weight_decay=True),
    "scheduled": GClipSettings("0.5/beta", 1e-3, 0.0, weight_decay=1e-6, schedule=Cosine(9)),
}


def wrong_proof() -> list[str]:
    """What is proved and rechecked, or refused."""
    found = []
    for name, rule in PROVED.items():
        claim = THEOREM.certify(problem(), rule)
        if not claim.holds:
            found.append(f"{name}: does not hold")
            continue
        with tempfile.TemporaryDirectory() as folder:
            claim.save(Path(folder) / "c.json")
            result = recheck(Path(folder) / "c.json")
        if not result.accepted:
            found.append(f"{name}: {result.message}")
        if not claim["loss_end"] < 0.999 * claim["residual"] ** 2 / 2:
            found.append(f"{name}: nothing is said of the loss")
    return found


def wrong_search() -> list[str]:
    """The ball of a profile: the best of some."""
    p, rule = profile_at(problem()), PROVED["coupled"]
    found = horizon.search(rule, p, 5.0)
    others = [horizon._on(rule, p, 5.0, i, 1.0).horizon for i in (200, 1000, 3000)]
    wrong = [] if found.horizon.holds else ["does not close"]
    if found.horizon.loss > 1.05 * min(h.loss for h in others if h.holds):
        wrong.append("another ball is better")
    if not math.isclose(found.on.weights, 5.0 + found.radius):
        wrong.append("W is that at the start")
    return wrong


CHECKS = {"numbers": wrong_numbers, "horizon": wrong_horizon, "proof": wrong_proof, "search": wrong_search}
N, P = "numbers", "proof"
MUTANTS = [
    Mutant("no residual by decay", horizon, "reached", " + lipschitz * weights * shrunk", "", N),
    Mutant("W once more", horizon, "reached", "weights * shrunk", "weights * weights * shrunk", N),
    Mutant("the integral from 0", OnBall, "available", "self.integral[start]", "self.integral[0]", N),
    Mutant("the integral from before W P", OnBall, "available",
           "self.weights * shrunk)", "self.weights * shrunk) // 2", N),
    Mutant("beta of the start", OnBall, "beta", "self.weights, shrunk)", "self.weights, 0.0)", N),
    Mutant("decay of the shortest steps", horizon, "at_horizon",
           "how.weight_decay * eta *", "how.weight_decay * 0.5 * eta *", N),
    Mutant("the clip sees no decay", horizon, "clipped_norm", "if how.coupled", "if False", N),
    Mutant("the clip sees all decay", horizon, "clipped_norm", "if how.coupled", "if True", N),
    Mutant("lambda though decoupled", horizon, "at_horizon", "how.weight_decay / floor", "how.weight_decay", N),
    Mutant("F without 2", horizon, "loss_floor", "/ (2 * mu)", "/ mu", N),
    Mutant("F without mu", horizon, "loss_floor", "/ (2 * mu)", "/ 2", N),
    Mutant("the longest steps", horizon, "at_horizon", "floor * eta * factors", "eta * factors", N),
    Mutant("one step alone", horizon, "at_horizon", "np.prod(each**repeats)", "each[0]", N),
    Mutant("the loss from 0", horizon, "at_horizon", "loss = limit + ", "loss = ", N),
    Mutant("mu of the centre", horizon, "at_horizon", "on.sigma[end]", "on.sigma[0]", N),
    Mutant("a factor too many", horizon, "runs", "schedule.factors(steps), np.ones(steps)",
           "schedule.factors(steps - 1), np.ones(steps - 1)", N),
    Mutant("the shortest horizon", horizon, "best_horizon", "return min(closing, key=lambda h: h.loss)",
           "return max(closing, key=lambda h: h.loss)", "horizon"),
    Mutant("no headroom", horizon, "_most_shrunk", "headroom * reached", "reached", "horizon"),
    Mutant("the first ball", horizon, "search",
           "return min(closing, key=lambda f: f.horizon.loss)", "return closing[0]", "search"),
    Mutant("W of the start", horizon, "_on", "weights + float(p.radii[i])", "weights", "search"),
    Mutant("proof: W of the start", decay, "_build", "(interval(start) + interval(radius)).hi", "start", P),
    Mutant("proof: no decay in the residual", decay, "_build", "reached(residual, lipschitz, weights, shrunk)",
           "reached(residual, lipschitz, weights, interval(0.0))", P),
    Mutant("proof: the integral from 0", decay, "_build",
           "int(np.searchsorted(on.grid, (weights * shrunk).hi))", "0", P),
    Mutant("proof: the whole ball's mu", decay, "_build", "on.mu(end)", "on.mu(0)", P),
    Mutant("proof: lambda though decoupled", decay, "_build", "else decay / interval(floor)", "else decay", P),
    Mutant("proof: the longest steps", decay, "_build", "interval(floor) * interval(eta), f", "interval(eta), f", P),
    Mutant("proof: the power is the base", decay, "_power", "while n:", "while n > 1:", P),
    Mutant("proof: half of the steps", decay, "_total", "interval(", "interval(0.5 * ", P),
    Mutant("proof: no weights but the first", decay, "weights_above", 'if name[0] in "Wb"', 'if name == "W1"', P),
    Mutant("proof: nothing above F", decay, "_after",
           "(interval(limit) + above * interval(max(0.0, product.hi))).hi", "limit", P),
]  # fmt: skip


(
    test_the_formulas_as_they_stand_pass,
    test_a_wrong_formula_is_noticed,
    test_mutants_have_names_of_their_own,
) = held_to(CHECKS, MUTANTS)
