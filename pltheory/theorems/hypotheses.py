"""Hypotheses that several theorems share: each judges itself.

What a theorem found is read by the names `eta`, `beta`, `floor`, `lambda_min`, `needed` and `available`, each a bound
that says whether round-off is counted; `None` stands for a theorem that found nothing.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ..nets.activations import activation, is_known, origin
from ..nets.graph import Graph
from ..nets.kinds.kinks import Kinked
from ..optim import has_certificates
from ..optim import origin as origin_of_rule
from ..optim.guard import uniform_floor
from ..theory import Bound, Direction
from ..theory.bound import estimate, given
from ..theory.digits import above, below
from ..theory.formulas import width_scale_lzb
from ..theory.verdict import Comparison, Fact, Relation, Row, Verdict, unknown
from .protocol import Hypothesis, Question

ZERO = given(0.0, "zero")
_NO_BALL = "no bounds over a ball"
_KINKS = "kinks"


def _smooth(q: Question, found: Any) -> Row:
    needed = "C^2, |act'| and |act''| bounded"
    if q.at.profile is not None and q.at.profile.bounds.kinked:
        return _between_kinks(q, found)
    if q.at.graph is not None:
        return _smooth_nodes(needed, q.at.graph)
    if q.at.linearization is None:
        return Row(Fact(needed, "-", None), "not a network that the theorem speaks of")
    act = activation(q.at.linearization.network.activation)
    if not act.smooth:
        return Row(Fact(needed, act.name, False), f"{act.name}' jumps at 0")
    return Row(Fact(needed, act.name, True), _constants(act.name))


def _between_kinks(q: Question, found: Any) -> Row:
    """With kinks: none is met on the ball, so that the network is there the smooth one of its pieces (Theorem P)."""
    if found is None:
        return unknown(_NO_BALL)
    kinks: Bound | None = getattr(found, "kinks", None)
    if kinks is None:
        return unknown("whether an argument meets a kink is not known")
    return Row(Comparison(kinks, "<=", ZERO, _KINKS), kinks.method)


def _smooth_nodes(needed: str, graph: Graph) -> Row:
    """Which nodes are not linear, and whether one of them has kinks: the others are smooth."""
    names = sorted({node.kind.function for node in graph.nodes if node.kind.function})
    kinds = [node.kind for node in graph.nodes if isinstance(node.kind, Kinked)]
    kinked = sorted({kind.function for kind in kinds if kind.jump()})
    if kinked:
        return Row(Fact(needed, ", ".join(names), False), f"the derivative of {', '.join(kinked)} jumps")
    if kinds:
        needed = "C^1, |act'| bounded, act' Lipschitz"
    known = [_constants(name) for name in names if is_known(name)]
    return Row(Fact(needed, ", ".join(names) or "linear", True), "; ".join(known) or "by the kinds of its nodes")


def _constants(name: str) -> str:
    act, whose = activation(name), origin(name)
    source = "closed forms" if whose is None else f"as stated by {whose}"
    return f"{source}: s1 ≤ {above(act.s1, 4)}, s2 ≤ {above(act.s2, 4)}"


def _positive(q: Question, found: Any) -> Row:
    if q.at.singular is not None:
        return Row(Comparison(replace(ZERO, method=q.at.singular), ">", ZERO), q.at.singular)
    proved: Bound | None = getattr(found, "lambda_min", None)
    if proved is not None:
        return Row(Comparison(proved, ">", ZERO), proved.method)
    lam = q.at.lambda_min
    return Row(Comparison(lam, ">", ZERO), f"{lam.method}, {q.problem.y.numel()}-square kernel")


def _floor(q: Question, found: Any) -> Row:
    delta = uniform_floor(q.settings)
    floor = given(delta, "Lemma 1") if found is None else found.floor
    if not floor.value > delta:
        floor = given(delta, "Lemma 1")
    if not has_certificates(q.settings):
        # The steps stay in the band as their author says; the run is held to it.
        whose = origin_of_rule(q.settings) or "its author"
        floor = Bound(floor.value, Direction.LOWER, f"as declared by {whose}, not proved")
    if delta == 0 and found is None:
        return unknown(f"{q.settings.name}: needs a bound of the gradient")
    if not floor.value > 0:
        return unknown(f"{q.settings.name}: no floor of the steps above 0 is known")
    return Row(Comparison(floor, ">", ZERO, "delta"), f"{floor.method} ({q.settings.name})")


def _plain(q: Question, found: Any) -> Row:
    if q.settings.name == "gd":
        return Row(Fact("gd", "gd", True), "by construction")
    silent = "the theorem is silent about this optimizer"
    return Row(Fact("gd", q.settings.name, False if has_certificates(q.settings) else None), silent)


def _checkpoint(q: Question, found: Any) -> Row:
    if q.checkpoint is None:
        return Row(Fact("network.checkpoint", "none", None), "at an initialisation this is Theorem B")
    return Row(Fact("network.checkpoint", q.checkpoint, True), "weights as stored")


def _empty_buffer(q: Question, found: Any) -> Row:
    how = "by construction: the run starts without a buffer"
    if q.checkpoint is not None:
        how += "; the optimizer state of a checkpoint is not read"
    return Row(Fact("b_0 = 0", "no buffer", True), how)


def _width(q: Question, found: Any) -> Row:
    at, lam = q.at, q.at.lambda_min
    if at.linearization is None or at.profile is None or lam.kind is Direction.ESTIMATE:
        return unknown("lambda_0 not resolved")
    widths = at.linearization.network.widths[1:-1]
    radius = float(at.profile.radii[-1])
    scale = width_scale_lzb(at.problem.x.shape[0], radius, len(widths), lam.value, lam.value / 2)
    how = f"asymptotic, constant not given; scale at R = {radius:.3g}, mu = lambda_0/2"
    return Row(Comparison(given(min(widths)), ">=", estimate(scale, "scale")), how)


def step_below(name: str, numerator: float, relation: Relation) -> Hypothesis:
    """Eta against numerator / beta; beta = L_F^2 + ||r_0|| ell is also what [LZB22, Theorem 6] divides by."""

    def judge(q: Question, found: Any) -> Row:
        if found is None:
            return unknown(_NO_BALL)
        beta: Bound = found.beta
        if not math.isfinite(beta.value):
            return unknown(beta.method)
        if not found.eta.value > 0:
            return unknown(f"eta = {q.settings.eta} underflows: {beta.method}")
        limit = numerator / beta.value
        if beta.rounded:
            limit = math.nextafter(limit, 0.0)
        allowed = Bound(limit, Direction.LOWER, beta.method, beta.rounded)
        # A valid beta is at least the largest eigenvalue of the Hessian at w_0 itself, of which this is a lower bound;
        # the factor keeps round-off from refuting what is merely tight.
        steepest = q.at.curvature.at_least()
        ruled_out = None
        if steepest > 0:
            ruled_out = Bound(2 * (1 + 1e-6) / steepest, Direction.UPPER, q.at.curvature.method, rounded=True)
        says = Comparison(found.eta, relation, allowed, against=ruled_out)
        how = beta.method
        if says.verdict is Verdict.REFUTED:
            how = f"lambda_max(Hess L(w_0)) ≥ {below(steepest, 4)}: no valid beta allows this eta"
        return Row(says, how)

    return Hypothesis(name, judge)


def fits_into_ball(name: str, symbol: str = "R") -> Hypothesis:
    """What a radius condition asks for against what there is; the best radius is shown, the smallest is chosen."""

    def judge(q: Question, found: Any) -> Row:
        if found is None:
            return unknown(_NO_BALL)
        r = found.constants
        how = f"best at R = {r.best_radius:.4g}"
        if found.counted:
            how = f"verified on R = {r.radius:.4g}; x {r.ratio:.3g} at R = {r.best_radius:.4g} as computed"
        return Row(Comparison(found.available, ">", found.needed, symbol), how)

    return Hypothesis(name, judge)


def steps_are(name: str) -> Hypothesis:
    """What the steps are by construction, the theorem being asked of no others."""
    return Hypothesis(name, lambda q, found: Row(Fact(name, q.settings.recursion.words, True), "by construction"))


def shortfall(q: Question, rows: list[Row], more: list[str] | None = None) -> str:
    """What is refuted; else the one cause of all that is open; else each open row, and what would close it."""
    refuted = [r for r in rows if r.verdict is Verdict.REFUTED]
    if refuted:
        return "; ".join(map(in_a_clause, refuted))
    still_open = [r for r in rows if r.verdict is Verdict.UNDECIDED]
    if still_open and q.at.unavailable is not None:
        return q.at.unavailable  # said once
    return "; ".join([*_by_cause(still_open), *(more or [])])


def _by_cause(rows: list[Row]) -> list[str]:
    """A clause a row; rows that are open for one cause share it."""
    causes: dict[str, list[str]] = {}
    for name, cause in map(_open, rows):
        causes.setdefault(cause, []).append(name)
    return [f"{'; '.join(names)}: {cause}" for cause, names in causes.items()]


def in_a_clause(row: Row) -> str:
    """An open or refuted row, for a list of what is missing."""
    return ": ".join(_open(row))


def _open(row: Row) -> tuple[str, str]:
    """Its hypothesis, and what it lacks."""
    kinks = isinstance(row.says, Comparison) and row.says.symbol == _KINKS
    if row.verdict is Verdict.REFUTED or row.margin is None or kinks:
        return row.hypothesis, row.how
    if row.margin == 0:
        return row.hypothesis, "no ball of the profile fulfils it"
    return row.hypothesis, f"short by a factor {1 / row.margin:.3g}"


SMOOTH = Hypothesis("smooth activation", _smooth)
POSITIVE = Hypothesis("lambda_min(K(w_0)) > 0", _positive)
CLIPPED = Hypothesis("h_t in [eta delta, eta]", _floor)
EMPTY_BUFFER = Hypothesis("buffer empty at w_0", _empty_buffer)
PLAIN = Hypothesis("plain gradient descent, h_t = eta", _plain)
CHECKPOINT = Hypothesis("a checkpoint to start from", _checkpoint)
WIDTH = Hypothesis("width = Omega~(n R^(6L+2) / (lambda_0 - mu)^2), constant not given", _width)
STEP = step_below("eta < 2/beta", 2.0, "<")
INTEGRAL = fits_into_ball("||r_0|| < (1 - beta eta / 2) int_0^R sig", symbol="")
