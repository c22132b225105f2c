"""Theorems S, M and Mb rechecked: the potential's inequalities in rationals, and the loss at the end of a schedule.

With m the momentum, a = 1 - m and beta, eta, sig(0) the doubles of the certificate, s = beta eta / a^2 and
eps = eta sig(0)^2 enter M's and Mb's inequalities as rationals, so that these are decided exactly.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb, fmpq

from . import ball
from .checks import Check, Checks, Tick, clipping_floor
from .fields import ACCEPTED, FALSE, SCHEMAS, UNSURE, Stop, damaged, number
from .file import Admit, Stored, read_bounds, read_hypotheses, read_recursion, read_stored, read_witness
from .graph.ball import GraphBall
from .graph.file import GraphStored, read_graph

BOUNDS = {
    "residual": "upper", "start": "upper", "lambda_min": "lower", "largest": "upper", "lipschitz": "upper",
    "ell": "upper", "beta": "upper", "required": "upper", "mu": "lower", "floor": "lower", "rate": "upper",
    "loss_end": "upper",
}  # fmt: skip
NUMBERS = {theorem: ("k", "xi", "c", "omega", "c_rate") for theorem in ("M", "Mb")} | {"S": ("k",)}
POSITIVE, LAST = ("0 < lambda_min(K(w_0))", "<"), ("rho_0 < k int_0^R sig", "<")
_MOMENTUM = [
    ("0 < k", "<"), ("k <= xi", "<="), ("xi <= 1", "<="), ("0 < V of the path", "<"), ("potential of the path", "<="),
    ("0 < omega", "<"), ("0 < V of the rate", "<"), ("potential of the rate", "<="),
]  # fmt: skip
OWN = {
    "S": [("beta eta < 2", "<"), ("k <= 1 - beta eta / 2", "<=")],
    "M": _MOMENTUM,
    "Mb": [("eta C ||J_0||^2 / (1 - m) <= m", "<="), *_MOMENTUM],
}
"""Hypotheses between the kernel's and the integral's, with their relations."""
MOST_STEPS = 10**6


@dataclass(frozen=True)
class Steps:
    """What a certificate says beyond a ball.

    Attributes:
        m, nesterov, clip: the recursion.
        factors: of the schedule, one by one.
        tail: lower bound of all later ones.
        numbers: k, and of M and Mb xi, C, omega and the C that goes with it.
        buffer: upper bound of ||d_0||, of M.
    """

    m: float
    nesterov: bool
    clip: str
    factors: list[float]
    tail: float
    numbers: dict[str, float]
    buffer: float = 0.0


@dataclass(frozen=True)
class Claim:
    """What a certificate of Theorem S, M or Mb says: a ball, and steps."""

    on: ball.Claim | ball.GraphClaim
    steps: Steps

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return self.on.parts

    @property
    def in_doubles(self) -> bool:
        """Whether the bounds of the network are doubles, to which no bits can be added."""
        return self.on.in_doubles


def read_steps(text: dict[str, Any], path: Path, admit: Admit) -> Claim:
    """The claim of a certificate, every field and hash checked, none of it recomputed.

    Raises:
        Stop: with code DAMAGED.
    """
    if text["schema"] == SCHEMAS[0]:
        damaged("schema", f"knows of no Theorem {text['theorem']}")
    arrays = {"grid": 1, "sigma": 1, "factors": 1}
    names = NUMBERS[text["theorem"]]
    numbers = ["radius", "tail", *names]
    layered = isinstance(text.get("network"), dict) and "nodes" in text["network"]
    read = read_graph if layered else read_stored
    stored = read(text, path, admit, arrays, numbers)
    known = [POSITIVE, *OWN[stored.theorem], LAST]
    if isinstance(stored, GraphStored) and stored.kinks:
        known.insert(-1, ball.KINKS)
    return claim_of(stored, text, 0.0, 0.0, read_bounds(text, BOUNDS), read_hypotheses(text, known), "", admit)


def claim_of(
    stored: Stored | GraphStored,
    text: dict[str, Any],
    spread: float,
    buffer: float,
    bounds: dict[str, float],
    hypotheses: list[tuple[float, str, float]],
    prefix: str,
    admit: Admit,
) -> Claim:
    """What a text claims of steps from its weights on.

    Args:
        stored: the start, with `grid`, `sigma` and `factors`; its theorem is S, M or Mb.
        text: with the theorem's numbers.
        spread: radius of the ball of starts.
        buffer: upper bound of ||d_0||, of M.
        bounds, hypotheses: of the theorem.
        prefix: before the names of its numbers.
        admit: asked before Theorem E is computed.

    Raises:
        Stop: with code DAMAGED.
    """
    m, nesterov, clip = read_recursion(text)
    _require_spoken_of(stored.theorem, stored.gamma, m, nesterov, clip)
    radius, factors = number(*read_witness(text, f"{prefix}radius")), stored.more["factors"]
    grid, sigma = ball.read_profile(stored.more, radius)
    tail = number(*read_witness(text, f"{prefix}tail"))
    if not 1 <= factors.size <= MOST_STEPS or not ((factors >= 0) & (factors <= 1)).all():
        damaged("arrays.factors", f"must have 1 to {MOST_STEPS} numbers in [0, 1]")
    if not 0 <= tail <= 1:
        damaged(f"witness.{prefix}tail", f"{tail} is not in [0, 1]")
    if stored.theorem == "M" and not ((factors == 1).all() and tail == 1):
        damaged("arrays.factors", "Theorem M speaks of one step size: factors and tail must be 1")
    ahead = (arb(m) ** (2 if nesterov else 1) / (1 - arb(m)) * arb(buffer)).upper()
    beyond = float(np.nextafter(float(ahead), np.inf)) if buffer else 0.0
    kind = ball.GraphClaim if isinstance(stored, GraphStored) else ball.Claim
    on = kind(
        **vars(stored), radius=radius, bounds=bounds, hypotheses=hypotheses, grid=grid.tolist(),
        sigma=sigma.tolist(), admit=admit, spread=spread, beyond=beyond,
    )  # fmt: skip
    given = {name: number(*read_witness(text, prefix + name)) for name in NUMBERS[stored.theorem]}
    return Claim(on, Steps(m, nesterov, clip, factors.tolist(), tail, given, buffer))


def _require_spoken_of(theorem: str, gamma: float, m: float, nesterov: bool, clip: str) -> None:
    """Refuse a recursion that the theorem does not speak of."""
    clipped = gamma != float("inf")
    spoken = {
        "S": m == 0 and not nesterov and clip == "gradient",
        "M": m > 0 and clip == "gradient",
        "Mb": m > 0 and not nesterov and (clip == "buffer" or not clipped),
    }[theorem]
    if not spoken:
        damaged("optimizer.momentum", f"Theorem {theorem} does not speak of this recursion")


def check_steps(claim: Claim, checks: Checks, tick: Tick) -> None:
    """Recompute every claim of a certificate of Theorem S, M or Mb."""
    c, steps = claim.on, claim.steps
    found = ball.on_ball(c, checks, tick)
    bounds, zero, one, eta = c.bounds, arb(0), arb(1), arb(c.eta)

    def bound(name: str, value: arb) -> None:
        checks.compare(f"bounds.{name}", bounds[name], value, BOUNDS[name])

    # The profile that the theorem is held with, once it is found to be one: sig(0) is its largest value.
    profile = [arb(v) for v in itertools.accumulate(reversed(c.sigma), max)][::-1]
    law = _Law(c.theorem, steps, c.eta, bounds, max(c.sigma))
    bound("residual", found.residual)
    bound("lambda_min", found.at.least * found.share)
    bound("largest", found.largest)
    bound("lipschitz", found.lipschitz)
    bound("ell", found.ell)
    start = law.start(found, steps.numbers.get("c", 0.0))
    # Residuals up to sqrt(1 + m) ||r_0|| for Mb, whose potential begins above the loss.
    highest = found.residual * (1 + arb(steps.m)).sqrt() if c.theorem == "Mb" else start
    bound("beta", found.lipschitz**2 + highest * found.ell)
    checks.hypothesis(0, c.hypotheses[0], POSITIVE[0], zero, found.at.least)
    names = [name for name, _ in OWN[c.theorem]]
    for i, (name, (left, right)) in enumerate(zip(names, law.sides(), strict=True), 1):
        checks.hypothesis(i, c.hypotheses[i], name, left, right)
    last = len(c.hypotheses) - 1
    if isinstance(c, ball.GraphClaim) and c.kinks:
        assert isinstance(found.at, GraphBall)
        checks.hypothesis(last - 1, c.hypotheses[last - 1], ball.KINKS[0], arb(found.at.meeting(c.radius)), zero)
    widths = [arb(q) - p for p, q in itertools.pairwise(c.grid)]
    sums = [zero, *itertools.accumulate(w * s for w, s in zip(widths, profile[1:], strict=True))]
    bound("start", start)
    k = arb(steps.numbers["k"])
    checks.hypothesis(last, c.hypotheses[last], LAST[0], start, k * sums[-1])
    if bounds["required"] not in c.grid:
        raise Stop(FALSE, "bounds.required", f"the claim {bounds['required']!r} is not a point of the grid")
    j = c.grid.index(bounds["required"])
    code = ACCEPTED if k * sums[j] >= start else FALSE if k * sums[j] < start else UNSURE
    what = f"k int sig = {(k * sums[j]).str(17)}, rho_0 = {start.str(17)}"
    checks.append(Check("bounds.required", f"<= {bounds['required']!r}", what, code))
    mu, floor = profile[j] ** 2, clipping_floor(c, law.clipped(found, start))
    bound("mu", mu)
    bound("floor", floor)
    tick("loss at the end of the schedule")
    product, known = one, dict[float, arb]()
    for f in steps.factors:
        if f not in known:
            known[f] = law.factor(mu, floor, f, f).min(one).max(zero)
        product = product * known[f]
    rated = steps.numbers.get("c_rate", 0.0)
    loss = law.start(found, rated) ** 2 / 2 * product * law.apart(found, rated)
    bound("loss_end", loss)
    # Of a later factor of the schedule no more is said than that it lies in [tail, 1].
    bound("rate", law.factor(mu, floor, steps.tail, 1.0).min(one) if steps.tail > 0 else one)
    linear = bounds["mu"] > 0 and np.isfinite(bounds["loss_end"])
    checks.append(Check("bounds.mu", f"{bounds['mu']!r} > 0", "what the rate rests on", ACCEPTED if linear else FALSE))
    positive = eta > zero
    checks.append(Check("optimizer.eta", f"{c.eta!r} > 0", "the largest step", ACCEPTED if positive else FALSE))


class _Law:
    """The inequalities of one theorem, its numbers the doubles of the certificate."""

    def __init__(self, theorem: str, steps: Steps, eta: float, bounds: dict[str, float], sigma: float) -> None:
        self.theorem, self.steps, self.eta = theorem, steps, eta
        self.beta, self.largest = bounds["beta"], bounds["largest"]
        m, step = Fraction(steps.m), Fraction(eta)
        self.m, self.a = m, 1 - m
        self.lead = m * m if steps.nesterov else m
        self.s = Fraction(self.beta) * step / self.a**2
        self.eps = step * Fraction(sigma) ** 2

    def sides(self) -> list[tuple[arb, arb]]:
        """Both sides of each of the theorem's own hypotheses."""
        n = {name: Fraction(value) for name, value in self.steps.numbers.items()}
        zero = Fraction(0)
        if self.theorem == "S":
            product = Fraction(self.beta) * Fraction(self.eta)
            pairs = [(product, Fraction(2)), (n["k"], 1 - product / 2)]
        else:
            k, xi, omega = n["k"], n["xi"], n["omega"]
            if not (xi > 0 and n["c"] > 0 and n["c_rate"] > 0):
                raise Stop(FALSE, "witness.c", "xi, C and the C of the rate must be positive")
            v, rest = self._needed(k / xi, n["c"])
            v_rate, rest_rate = self._needed(2 * omega, n["c_rate"])
            path = (zero, k), (k, xi), (xi, Fraction(1)), (zero, v), (rest, 1 - (k * xi + k / xi) / 2)
            pairs = [*path, (zero, omega), (zero, v_rate), (rest_rate, 1 - omega)]
            if self.theorem == "Mb":
                lag = Fraction(self.eta) * n["c"] * Fraction(self.largest) ** 2 / self.a
                pairs.insert(0, (lag, self.m))
        return [(_ball(left), _ball(right)) for left, right in pairs]

    def _needed(self, q: Fraction, c: Fraction) -> tuple[Fraction, Fraction]:
        """V, and what 1 - (k/2)(xi + 1/xi) or 1 - omega must reach."""
        m, a, s = self.m, self.a, self.s
        kept = c * (1 + m) * a
        if self.theorem == "M":
            v = kept - (q / a) * ((s * a * self.lead) ** 2 + c * self.eps)
            cross, least = self.lead * s * abs(1 - q) + m * c, a * (s + c) / 2
            weight = a
        else:
            v = kept - q * (m * m + c * self.eps / a)
            cross, least = m * (abs(1 - q) + c * s * a), s * a / 2 * (1 + c * s * a)
            weight = Fraction(1)
        if not v > 0:
            raise Stop(FALSE, "witness.c", f"V = {float(v):.6g} is not positive")
        return v, least + weight * cross**2 / (2 * v)

    def start(self, found: ball.OnBall, c: float) -> arb:
        """sqrt(2 E_0), with that C."""
        if self.theorem == "Mb":
            return found.residual * (1 + arb(self.eta) * arb(c) * arb(self.largest) ** 2 / _ball(self.a)).sqrt()
        if not self.steps.buffer:
            return found.residual
        return (found.residual**2 + arb(c) * arb(self.steps.buffer) ** 2 / arb(self.eta)).sqrt()

    def apart(self, found: ball.OnBall, c: float) -> arb:
        """L(w_t) over E_t, with that C: the weights lie behind the point whose loss the potential holds."""
        if self.theorem != "M":
            return arb(1)
        return 1 + (found.lipschitz * _ball(self.lead / self.a)) ** 2 * arb(self.eta) / arb(c)

    def clipped(self, found: ball.OnBall, start: arb) -> arb:
        """Upper bound of the norm that is held against gamma."""
        if self.theorem == "S":
            return found.lipschitz * found.residual
        c = self.steps.numbers["c"]
        if self.theorem == "M":
            return found.lipschitz * start * self.apart(found, c).sqrt()
        lag = arb(self.steps.m) ** 2 / (arb(self.eta) * _ball(self.a) * arb(c))
        return (lag + (found.lipschitz / _ball(self.a)) ** 2).sqrt() * start

    def factor(self, mu: arb, floor: arb, least: float, most: float) -> arb:
        """Of the loss or the potential, for steps from floor least eta to most eta."""
        shortest, longest = floor * arb(self.eta) * arb(least), arb(self.eta) * arb(most)
        if self.theorem == "S":
            one, other = (h * (1 - arb(self.beta) * h / 2) for h in (shortest, longest))
            return 1 - 2 * mu * one.min(other)
        return 1 - 2 * arb(self.steps.numbers["omega"]) * mu * shortest / _ball(self.a)


def _ball(x: Fraction) -> arb:
    return arb(fmpq(x.numerator, x.denominator))
