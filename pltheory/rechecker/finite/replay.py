"""Theorem T rechecked.

(x_t, d_t) are the exact iterates from the stored weights. The recheck keeps a pair (v_t, u_t) of its own within a_t of
them in the norm of pairs, `a_{t+1} = Lip_t a_t + (error of its step)`, so that B(v_t, reach (eps_t + a_t)) holds the
ball about x_t that the claims of step t are about. No number of a step is believed before it has been compared there.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from flint import arb

from ..arithmetic import largest_of, root
from ..checks import Check, Checks, Tick
from ..fields import ACCEPTED, FALSE, UNSURE, Stop
from ..file import Stored
from ..iterate import step_size
from ..midpoint import require_rounding
from ..pairs.step import PairWeights
from .claim import BOUNDS, HYPOTHESES, NO_CLASS, FiniteClaim
from .engines import InBalls, Samples, engines, floats, like, nothing
from .expansion import Clip, Pairs
from .losses import LOSSES, one_class, signs


class Replay:
    """(v_t, u_t), the bound a_t of its distance from (x_t, d_t), and the path so far."""

    def __init__(self, c: FiniteClaim) -> None:
        self.c, self.loss = c, LOSSES[c.output_loss]
        self.pairs = Pairs(c.momentum, c.nesterov, c.weight)
        self.apart, self.path, self.slack = arb(0), arb(0), arb(0)
        self.all: Samples = tuple(range(len(c.x)))
        for make in engines(c, c.end):
            # What ends a computation in doubles refutes nothing: balls go on.
            with suppress(Stop, np.linalg.LinAlgError):
                require_rounding()
                self._begin(make(c, c.end))
                return
        self._begin(InBalls(c, c.end))

    def _begin(self, engine: Any) -> None:
        self.engine = engine
        self.at = engine.start
        self.held = nothing(self.at, engine) if self.pairs.moving else None
        self.references: dict[Samples, Any] = {}

    # --- one step ---

    def step(self, t: int, checks: Checks) -> None:
        """Compare every claim of step t, then take it; in balls from the first step on that pairs do not confirm."""
        if isinstance(self.at, PairWeights):
            before, tried = (self.at, self.held, self.apart, self.path, self.slack), Checks()
            with suppress(Stop, np.linalg.LinAlgError):
                self._step(t, tried)
                if all(check.code == ACCEPTED for check in tried):
                    checks += tried
                    return
            at, held, apart, self.path, self.slack = before
            self.engine, self.references = InBalls(self.c, self.c.end), {}
            self.at, moved = at.balls()
            self.held, pushed = held.balls() if held is not None else (None, arb(0))
            self.apart = (apart + self.pairs.norm(moved, pushed)).upper()
        self._step(t, checks)

    def _step(self, t: int, checks: Checks) -> None:
        c, steps, rows = self.c, self.c.steps, self.c.batches[t]
        passes = self.engine.passes(rows)
        seen = passes.forward(self.at)
        outputs, targets = self.engine.outputs(seen), floats(c.y[list(rows)])
        slope = [self.loss.slope(u, y) for u, y in zip(outputs, targets, strict=True)]
        seen = self.engine.with_slope(seen, slope)
        size_of_slope = root(sum((v * v for row in slope for v in row), arb(0)))
        reach = (self.pairs.reach * (arb(c.eps[t]) + self.apart)).upper()
        clip = Clip(steps["eta"][t], c.gamma, c.delta)
        share = arb(1) / c.terms(len(rows))

        def compare(name: str, what: str, value: arb, direction: str = "upper") -> None:
            checks.compare(f"step {t}, {name}", steps[name][t], value, direction, what)

        summed = passes.gradient(self.at, seen)
        along = like(summed, [self.engine.scaled(p, share) for p in summed.parts])
        size = passes.norm(along.parts)
        after, held, rounding = self.moved(along, size, clip)
        if not rounding <= steps["rho"][t]:
            # Wider than the computation that the claims are about: what fails below would say nothing about them.
            claim = f"<= {steps['rho'][t]!r}"
            own = f"{rounding.str(5)}, error of this recheck's own step"
            checks.append(Check(f"step {t}, rho", claim, own, UNSURE))
            return
        lipschitz, ell = self.over(t, passes, rows, reach)
        pull = self.loss.most * lipschitz
        residual = (size_of_slope + pull * reach).upper()
        curvature = residual * ell
        if not curvature <= steps["curvature"][t]:
            curvature = passes.curvature(self.at, seen, reach, pull, curvature)[0].min(curvature)
        around = (lipschitz * reach).union(-(lipschitz * reach))
        bends = (self.loss.bend([v + around for v in u], y) for u, y in zip(outputs, targets, strict=True))
        compare("lipschitz", "norm of the batch's J on the ball", lipschitz)
        compare("residual", "norm of the loss's derivative on the ball", residual)
        compare("curvature", "norm of sum_ic l'_ic Hess f_ic on the ball", curvature)
        compare(
            "bend", "largest eigenvalue of the loss's Hessian in the outputs", largest_of(bends).min(self.loss.most)
        )
        claimed = {name: arb(values[t]) for name, values in steps.items()}
        beta = share * (claimed["bend"] * claimed["lipschitz"] ** 2 + claimed["curvature"])
        compare("beta", "bend lipschitz^2 + curvature, scaled", beta)
        change = claimed["beta"] * reach
        compare("low", "norm of the gradient on the ball", (size - change).max(arb(0)), "lower")
        compare("high", "norm of the gradient on the ball", size + change)
        self._branches(t, checks, clip, claimed["low"], claimed["high"])
        negative = share * claimed["curvature"]
        found = self.pairs.growth(clip, claimed["beta"], negative, claimed["low"], c.branches(t))
        compare("factor", "growth of the branches named", found)
        recursion = claimed["factor"] * c.eps[t] + steps["rho"][t]
        checks.compare(f"step {t}, eps of the next", c.eps[t + 1], recursion, "upper", "factor eps + rho")
        ahead = (claimed["factor"] * self.apart + rounding).upper()
        self.path += passes.distance(after, self.at)
        self.slack += self.pairs.reach * (self.apart + ahead)
        self.at, self.held, self.apart = after, held, ahead

    def moved(self, along: Any, size: arb, clip: Clip) -> tuple[Any, Any, arb]:
        """The pair after an exact step from an exact one, settled, and how far it may be from it."""
        engine, h = self.engine, step_size(replace(self.c, eta=clip.eta), size)
        stepped = [engine.scaled(g, -h) for g in along.parts]
        if self.held is None:
            after, rounding = engine.settled(like(self.at, _sum(self.at.parts, stepped)))
            return after, None, rounding
        m = self.pairs.m
        held = _sum([engine.scaled(u, m) for u in self.held.parts], stepped)
        by = _sum([engine.scaled(u, m) for u in held], stepped) if self.pairs.nesterov else held
        after, of_w = engine.settled(like(self.at, _sum(self.at.parts, by)))
        kept, of_d = engine.settled(like(self.held, held))
        return after, kept, self.pairs.norm(of_w, of_d)

    def over(self, t: int, passes: Any, rows: Samples, reach: arb) -> tuple[arb, arb]:
        """Upper bounds of ||J|| and its Lipschitz constant; a new reference where those of the last fall short."""
        if rows in self.references:
            lipschitz, ell = self.references[rows].over(self.at, reach)
            if lipschitz <= self.c.steps["lipschitz"][t]:
                return lipschitz, ell
        self.references[rows] = passes.reference(self.at)
        lipschitz, ell = self.references[rows].over(self.at, reach)
        return lipschitz, ell

    def _branches(self, t: int, checks: Checks, clip: Clip, low: arb, high: arb) -> None:
        named, tiny = self.c.branches(t), arb(2) ** -50
        possible = _allowed(clip, low, high)
        # Naming more than the stored norms allow is no danger, but it is not what they say; a rounding is granted.
        generous = _allowed(clip, low * (1 - tiny), high * (1 + tiny))
        code = ACCEPTED if possible <= named <= generous else FALSE
        allowed = f"{' or '.join(sorted(possible))}, what gradients between low and high allow"
        checks.append(Check(f"step {t}, branches", " or ".join(sorted(named)), allowed, code))

    # --- the end ---

    def finish(self, checks: Checks) -> None:
        """Compare what is claimed of x_T: enclosures about the recheck's own v_T, which is within reach a_T of it."""
        c, passes = self.c, self.engine.passes(self.all)
        bounds, error = c.bounds, (self.pairs.reach * self.apart).upper()
        around = error.union(-error)

        def bound(name: str, value: arb, what: str) -> None:
            checks.compare(f"bounds.{name}", bounds[name], value, BOUNDS[name], what)

        away = passes.distance(self.at, self.engine.end) + around
        bound("apart", away, "distance of the stored end from the exact iterate")
        factors = arb(1)
        for f in c.steps["factor"]:
            factors *= arb(f).max(arb(1))
        bound("growth", factors, "product of the factors")
        end = passes.distance(self.at, self.engine.start) + around
        path = self.path + self.slack.union(-self.slack)
        for name, value in (("distance", end), ("path", path)):
            bound(f"{name}_low", value, f"{name} of the exact iterate")
            bound(f"{name}_high", value, f"{name} of the exact iterate")
        # ||J|| over the ball of radius `apart` about the stored end, which holds x_T and v_T.
        lipschitz = passes.reference(self.engine.end).over(self.engine.end, arb(bounds["apart"]))[0]
        bound("lipschitz", lipschitz, "norm of J about the stored end")
        moved = (lipschitz * error).union(-(lipschitz * error))
        targets = floats(c.y)
        outputs = [[v + moved for v in row] for row in self.engine.outputs(passes.forward(self.at))]
        loss = self._loss(outputs, targets)
        bound("loss_low", loss, "loss of the exact iterate")
        bound("loss_high", loss, "loss of the exact iterate")
        first = self._loss(self.engine.outputs(passes.forward(self.engine.start)), targets)
        width = arb(bounds["loss_high"]) - bounds["loss_low"]
        checks.hypothesis(0, c.hypotheses[0], HYPOTHESES[0][0], width, first)
        self._classes(outputs, targets, checks)

    def ahead(self, centre: Stored) -> tuple[arb, arb]:
        """Upper bounds of the distance of z_T = w_T + al d_T from a network's weights, and of |d_T|.

        The norm of pairs, in which the exact state is known, is at least that of z, and sqrt c times that of d.
        """
        assert self.held is not None
        passes, engine = self.engine.passes(self.all), self.engine
        z = [engine.scaled(u, self.pairs.al) for u in self.held.parts]
        near, rounding = engine.settled(like(self.at, _sum(self.at.parts, z)))
        away = passes.distance(near, type(engine)(self.c, centre).end) + rounding + self.apart
        return away.upper(), (passes.norm(self.held.parts) + self.apart / self.c.weight).upper()

    def _loss(self, outputs: list[list[arb]], targets: list[list[float]]) -> arb:
        parts = (self.loss.value(u, y) for u, y in zip(outputs, targets, strict=True))
        return sum(parts, arb(0)) / self.c.terms(len(targets))

    def _classes(self, outputs: list[list[arb]], targets: list[list[float]], checks: Checks) -> None:
        c = self.c
        margins = [_margin(u, y) for u, y in zip(outputs, targets, strict=True)]
        known = [m for m in margins if m is not None]
        if len(known) < len(margins):
            right = wrong = NO_CLASS
            least = arb(0)
        else:
            right, wrong = sum(bool(m > 0) for m in known), sum(bool(m < 0) for m in known)
            least = -largest_of(-m for m in known)
        checks.compare("bounds.margin", c.bounds["margin"], least, "lower", "smallest margin")
        for name, claim, found in (("right", c.right, right), ("wrong", c.wrong, wrong)):
            code = ACCEPTED if (claim <= found if found != NO_CLASS else claim == found) else FALSE
            code = FALSE if claim == NO_CLASS != found else code
            checks.append(Check(f"witness.{name}", f"{claim}", f"{found} samples", code))


def _sum(a: list[Any], b: list[Any]) -> list[Any]:
    return [p + q for p, q in zip(a, b, strict=True)]


def _margin(u: list[arb], y: list[float]) -> arb | None:
    """The own output less the largest of the others; y u for one output."""
    if len(y) == 1:
        return u[0] * y[0] if signs(y) else None
    if not one_class(y):
        return None
    own = y.index(1.0)
    best = u[1 - own] if len(u) == 2 else u[(own + 1) % len(u)]
    for k, v in enumerate(u):
        if k != own:
            best = best.max(v)
    return u[own] - best


def _allowed(clip: Clip, low: arb, high: arb) -> set[str]:
    """Branches that gradients of these norms can meet; what the precision does not decide counts as met."""
    gamma, delta = arb(clip.gamma), arb(clip.delta)
    met = {
        "full": not low > gamma,
        "band": not (high <= gamma or delta * low >= gamma),
        "floor": not delta * high < gamma,
    }
    return {name for name, yes in met.items() if yes}


def check_finite(c: FiniteClaim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem T; the first step that fails ends the recheck."""
    replayed(c, checks, tick)


def replayed(c: FiniteClaim, checks: Checks, tick: Tick) -> Replay | None:
    """The same.

    Returns:
        What is known of the exact state at the end; None where a step fails.
    """
    replay = Replay(c)
    for t in range(len(c.batches)):
        tick(f"step {t}")
        before = len(checks)
        replay.step(t, checks)
        if any(check.code != ACCEPTED for check in checks[before:]):
            return None
    tick("the end")
    replay.finish(checks)
    return replay
