"""A theorem held against a problem: each hypothesis a row, the whole a verdict with its shortfall."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from ..certification.certificate import Certificate
from ..certification.profile import Profile, profile
from ..certification.prove import Proved
from ..certification.radius import CONDITIONS, Reach, reach
from ..measure.autodiff import weighted_gradient
from ..measure.hessian import curvature_along
from ..measure.linearization import Linearization, linearize
from ..measure.ntk import empirical_ntk
from ..measure.spectrum import extremes, top_eigenvector
from ..nets.activations import activation, origin
from ..problem.admissible import antipodal_pair
from ..problem.problem import Problem
from ..problem.settings import StepSettings
from ..theory import Bound, Direction, NotAvailableError, NumericalFailureError
from ..theory.bound import lower
from ..theory.formulas import width_scale_lzb
from ..theory.theorems import (
    CHECKPOINT,
    CLIPPED,
    INTEGRAL,
    PLAIN,
    POSITIVE,
    RADIUS_CLASSIC,
    RADIUS_LZB,
    RADIUS_SHARP,
    RADIUS_TIGHT,
    SMOOTH,
    STEP,
    STEP_CLASSIC,
    STEP_LZB,
    WIDTH,
    Theorem,
)
from .promise import Promise
from .verdict import HypothesisRow, Verdict, weakest


@dataclass(frozen=True)
class Measured:
    """What is measured once at w_0 and read by every theorem.

    Attributes:
        problem: the problem.
        linearization: for class N, else None.
        lambda_min: of the kernel, scaled to the loss in use.
        lambda_max: likewise.
        singular: why the kernel is exactly singular, if a reason is known.
        profile: bounds over balls around w_0, or None.
        unavailable: why there is no profile.
        curvature: a lower bound of lambda_max(Hess L(w_0)); minus infinity where none is known.
    """

    problem: Problem
    linearization: Linearization | None
    lambda_min: Bound
    lambda_max: Bound
    singular: str | None
    profile: Profile | None
    unavailable: str | None
    curvature: Bound


def measure(problem: Problem) -> Measured:
    """Kernel, spectrum, profile and curvature of a problem at its weights.

    Raises:
        InvalidInputError: the network mixes samples.
        NumericalFailureError: a measured number is not finite.
    """
    lin, unavailable, bounds = None, None, None
    try:
        lin = linearize(problem.network, problem.x)
    except NotAvailableError as error:
        unavailable = str(error)
    kernel = lin.kernel if lin is not None else empirical_ntk(problem.network, problem.x)
    spectrum = extremes(kernel)
    if lin is not None:
        residual = float(torch.linalg.vector_norm(lin.outputs - problem.y, dtype=torch.float64))
        try:
            bounds = profile(lin, residual, problem.scale, spectrum=spectrum)
        except NotAvailableError as error:
            unavailable = str(error)
    smallest, largest = (replace(b, value=problem.scale * b.value) for b in spectrum)
    return Measured(
        problem=problem,
        linearization=lin,
        lambda_min=smallest,
        lambda_max=largest,
        singular=_why_singular(problem, lin),
        profile=bounds,
        unavailable=unavailable,
        curvature=_curvature(problem, kernel),
    )


def _why_singular(problem: Problem, lin: Linearization | None) -> str | None:
    size, outputs = sum(p.numel() for p in problem.parameters()), problem.y.numel()
    if size < outputs:
        return f"{size} parameters are fewer than the n C = {outputs} outputs"
    # Without biases an odd activation makes F(-x) = -F(x), so x and -x make the kernel singular.
    odd = lin is not None and activation(lin.network.activation).odd
    if odd and lin is not None and all(la.bias is None for la in lin.network.layers):
        pair = antipodal_pair(problem.x)
        if pair is not None:
            return f"rows {pair[0]} and {pair[1]} of x are opposite and the network is odd"
    return None


def _curvature(problem: Problem, kernel: torch.Tensor) -> Bound:
    """Rayleigh quotient of the loss Hessian along J^T u, u the kernel's top eigenvector; minus infinity without one."""
    names = [name for name, p in problem.network.named_parameters() if p.requires_grad]
    try:
        grads = weighted_gradient(problem.network, problem.x, top_eigenvector(kernel))
        return curvature_along(problem, dict(zip(names, grads, strict=True)))
    except (NotAvailableError, NumericalFailureError) as error:
        return lower(-math.inf, f"not known: {error}")


@dataclass(frozen=True)
class TheoremReport:
    """A theorem's verdict on a problem.

    Attributes:
        theorem: the theorem.
        verdict: the weakest of its rows.
        rows: one per hypothesis, in the theorem's order.
        reach: the radius search, where a profile exists and the theorem has a radius.
        shortfall: what is missing and what would close it; empty when nothing is.
        certificate: the proof, where there is one.
        eta: the step size a theorem without a ball is about.
        promise: what the run is held against, of a theorem of another package.
        origin: whose code made the rows; None for this project's.
    """

    theorem: Theorem
    verdict: Verdict
    rows: list[HypothesisRow]
    reach: Reach | None
    shortfall: str
    certificate: Proved | None = None
    eta: float | None = None
    promise: Promise | None = None
    origin: str | None = None


def check(at: Measured, settings: StepSettings, theorem: Theorem, *, checkpoint: str | None = None) -> TheoremReport:
    """Hold one theorem against measured numbers.

    Args:
        at: from `measure`.
        settings: the step rule.
        theorem: from the registry.
        checkpoint: name of the checkpoint that w_0 was loaded from, needed by Theorem C.
    """
    found = None
    if at.profile is not None and theorem.id in CONDITIONS:
        found = reach(at.profile, settings, theorem.id)
    held = _Held(at, settings, found, checkpoint)
    rows = [JUDGES.get(name, _unknown)(name, held) for name in theorem.hypotheses]
    return TheoremReport(theorem, weakest(r.verdict for r in rows), rows, found, _shortfall(rows, at, found))


@dataclass(frozen=True)
class _Held:
    """What a hypothesis is held against."""

    at: Measured
    settings: StepSettings
    found: Reach | None
    checkpoint: str | None


Judge = Callable[[str, _Held], HypothesisRow]


def with_certificate(report: TheoremReport, certificate: Certificate) -> TheoremReport:
    """The report of a theorem that holds as computed, with its numbers replaced by those that are proved."""
    assert report.reach is not None
    if not certificate.holds:
        failing = next(i for i in certificate.inequalities if not i.holds)
        missing = f"round-off not covered: {failing.name}, {failing.left:.10g} against {failing.right:.10g}"
        return replace(report, shortfall=missing)
    rows = [_certified(row, certificate, report.reach) for row in report.rows]
    reach = certificate.as_reach(report.reach)
    return TheoremReport(report.theorem, weakest(r.verdict for r in rows), rows, reach, "", certificate)


def _certified(row: HypothesisRow, c: Certificate, found: Reach) -> HypothesisRow:
    if row.name == POSITIVE:
        how = "Cholesky factor with verified residual"
        return replace(row, measured=f"≥ {c.lambda_min:.4g}", verdict=Verdict.CERTIFIED, how=how)
    if row.name == CLIPPED:
        level = Verdict.CERTIFIED if c.floor > 0 else Verdict.UNDECIDED
        return replace(row, measured=f"delta ≥ {c.floor:.4g} ({c.optimizer})", verdict=level)
    if row.name == STEP:
        limit = 2 / c.beta
        how = f"beta ≤ {c.beta:.4g} on the ball R = {c.radius:.4g}, verified"
        return replace(
            row, needed=f"< {limit:.4g}", measured=f"{c.eta:.4g}", margin=limit / c.eta, verdict=Verdict.CERTIFIED,
            how=how,
        )  # fmt: skip
    if row.name in (RADIUS_SHARP, RADIUS_TIGHT, INTEGRAL):
        last = c.inequalities[-1]
        best = f"x {found.ratio:.3g} at R = {found.best_radius:.4g} as computed"
        sides = (f"R > {last.left:.5g}", f"R = {last.right:.5g}")
        if row.name == INTEGRAL:
            sides = (f"> {last.left:.5g}", f"≥ {last.right:.5g}")
        return HypothesisRow(
            row.name, *sides, last.right / last.left, Verdict.CERTIFIED, f"verified on R = {c.radius:.4g}; {best}"
        )
    return row


def _smooth(name: str, held: _Held) -> HypothesisRow:
    at = held.at

    def row(measured: str, verdict: Verdict, how: str) -> HypothesisRow:
        return HypothesisRow(name, "C^2, |act'| and |act''| bounded", measured, None, verdict, how)

    if at.linearization is None:
        return row("-", Verdict.UNDECIDED, "not a network that the theorem speaks of")
    act = activation(at.linearization.network.activation)
    if not act.smooth:
        return row(act.name, Verdict.REFUTED, f"{act.name}' jumps at 0")
    return row(act.name, Verdict.CERTIFIED, f"{whose_constants(act.name)}: s1 ≤ {act.s1:.4g}, s2 ≤ {act.s2:.4g}")


def whose_constants(name: str) -> str:
    """What the constants of an activation rest on."""
    whose = origin(name)
    return "closed forms" if whose is None else f"as stated by {whose}"


def _positive(name: str, held: _Held) -> HypothesisRow:
    at = held.at
    lam = at.lambda_min
    if at.singular is not None:
        verdict, how = Verdict.REFUTED, at.singular
    elif lam.kind is Direction.ESTIMATE or not lam.at_least() > 0:
        verdict, how = Verdict.UNDECIDED, lam.method
    else:
        verdict, how = Verdict.HOLDS, f"{lam.method}, {at.problem.y.numel()}-square kernel"
    return HypothesisRow(name, "> 0", f"{lam.value:.4g}", None, verdict, how)


def _steps(name: str, held: _Held) -> HypothesisRow:
    settings, found = held.settings, held.found
    if found is None and settings.delta == 0:
        return HypothesisRow(name, "delta > 0", "-", None, Verdict.UNDECIDED, "GClip: needs a bound of the gradient")
    floor = settings.delta if found is None else found.delta
    how = "Lemma 1" if floor == settings.delta else "Lemma 1 and ||grad L|| ≤ L_F ||r_0||"
    verdict = Verdict.CERTIFIED if floor == settings.delta else Verdict.HOLDS
    if not floor > 0:
        verdict, how = Verdict.UNDECIDED, "GClip: gamma over the bound of the gradient underflows"
    return HypothesisRow(name, "delta > 0", f"delta = {floor:.4g} ({settings.name})", None, verdict, how)


def _plain(name: str, held: _Held) -> HypothesisRow:
    rule = held.settings.name
    if rule == "gd":
        return HypothesisRow(name, "gd", "gd", None, Verdict.CERTIFIED, "by construction")
    return HypothesisRow(name, "gd", rule, None, Verdict.REFUTED, "the theorem is silent about this optimizer")


def _checkpoint(name: str, held: _Held) -> HypothesisRow:
    if held.checkpoint is None:
        return HypothesisRow(
            name, "network.checkpoint", "none", None, Verdict.UNDECIDED, "at an initialisation this is Theorem B"
        )
    return HypothesisRow(name, "network.checkpoint", held.checkpoint, None, Verdict.CERTIFIED, "weights as stored")


def _width(name: str, held: _Held) -> HypothesisRow:
    at, lam = held.at, held.at.lambda_min
    if at.linearization is None or at.profile is None or lam.kind is Direction.ESTIMATE:
        return HypothesisRow(name, "-", "-", None, Verdict.UNDECIDED, "lambda_0 not resolved")
    widths = at.linearization.network.widths[1:-1]
    radius = float(at.profile.radii[-1])
    scale = width_scale_lzb(at.problem.x.shape[0], radius, len(widths), lam.value, lam.value / 2)
    return HypothesisRow(
        name, f"~ {scale:.2g} (scale)", f"{min(widths)}", None, Verdict.UNDECIDED,
        f"asymptotic, constant not given; scale at R = {radius:.3g}, mu = lambda_0/2",
    )  # fmt: skip


def _step_limit(numerator: float, symbol: str) -> Judge:
    """eta against numerator / beta; beta = L_F^2 + ||r_0|| ell is also the bound that [LZB22, Theorem 6] divides by."""

    def judge(name: str, held: _Held) -> HypothesisRow:
        at, found = held.at, held.found
        if found is None:
            return _without_ball(name, held)
        limit = numerator / found.beta
        fits = found.eta <= limit if symbol == "≤" else found.eta < limit
        how = f"beta ≤ {found.beta:.4g} on the ball R = {found.radius:.4g}"
        verdict = Verdict.HOLDS if fits else Verdict.UNDECIDED
        # A valid beta is at least the largest eigenvalue of the Hessian at w_0 itself, of which this is a lower bound;
        # the factor keeps round-off from refuting what is merely tight.
        if found.eta * at.curvature.at_least() > 2 * (1 + 1e-6):
            verdict = Verdict.REFUTED
            how = f"lambda_max(Hess L(w_0)) ≥ {at.curvature.value:.4g}: no valid beta allows this eta"
        return HypothesisRow(name, f"{symbol} {limit:.4g}", f"{found.eta:.4g}", limit / found.eta, verdict, how)

    return judge


def _integral(name: str, held: _Held) -> HypothesisRow:
    found = held.found
    if found is None or held.at.profile is None:
        return _without_ball(name, held)
    residual = held.at.profile.residual
    return HypothesisRow(
        name, f"> {residual:.4g}", f"{found.ratio * residual:.4g}", found.ratio, _by_ratio(found),
        f"lower bound, best at R = {found.best_radius:.4g}",
    )  # fmt: skip


def _radius(name: str, held: _Held) -> HypothesisRow:
    found = held.found
    if found is None:
        return _without_ball(name, held)
    # The best radius is shown with what it would need; the smallest that closes is the one chosen.
    needed = found.best_radius / found.ratio if found.ratio > 0 else float("inf")
    return HypothesisRow(
        name,
        f"R > {needed:.4g}",
        f"R = {found.best_radius:.4g}",
        found.ratio,
        _by_ratio(found),
        "best radius, lower bound of mu",
    )


def _by_ratio(found: Reach) -> Verdict:
    return Verdict.HOLDS if found.ratio > 1 else Verdict.UNDECIDED


def _without_ball(name: str, held: _Held) -> HypothesisRow:
    return HypothesisRow(name, "-", "-", None, Verdict.UNDECIDED, "no bounds over a ball")


def _unknown(name: str, held: _Held) -> HypothesisRow:
    return HypothesisRow(name, "-", "-", None, Verdict.UNDECIDED, "nothing here can judge this hypothesis")


JUDGES: dict[str, Judge] = {
    SMOOTH: _smooth,
    POSITIVE: _positive,
    CLIPPED: _steps,
    PLAIN: _plain,
    CHECKPOINT: _checkpoint,
    WIDTH: _width,
    STEP: _step_limit(2.0, "<"),
    STEP_CLASSIC: _step_limit(1.0, "≤"),
    STEP_LZB: _step_limit(1.0, "≤"),
    RADIUS_LZB: _radius,
    RADIUS_CLASSIC: _radius,
    RADIUS_SHARP: _radius,
    RADIUS_TIGHT: _radius,
    INTEGRAL: _integral,
}
"""Hypothesis to what judges it; one that is not here is UNDECIDED."""


def _shortfall(rows: list[HypothesisRow], at: Measured, found: Reach | None) -> str:
    refuted = [r for r in rows if r.verdict is Verdict.REFUTED]
    if refuted:
        return "; ".join(f"{r.name}: {r.how}" for r in refuted)
    open_rows = [r for r in rows if r.verdict is Verdict.UNDECIDED]
    if not open_rows:
        return ""
    if at.unavailable is not None:
        return at.unavailable  # one cause of all that is open: said once
    parts = [_open(r) for r in open_rows]
    if found is not None and not found.holds and at.profile is not None:
        if found.eta_limit > 0:
            parts.append(f"it closes at eta = {found.eta_limit:.3g}")
        elif 0 < found.ratio <= 1:
            parts.append(f"it would close at ||r_0|| below {found.ratio * at.profile.residual:.3g}")
    return "; ".join(parts)


def _open(row: HypothesisRow) -> str:
    if row.margin is None:
        return f"{row.name}: {row.how}"
    if row.margin == 0:
        return f"{row.name}: no ball of the profile fulfils it"
    return f"{row.name}: short by a factor {1 / row.margin:.3g}"
