"""A theorem held against a problem: each hypothesis a row, the whole a verdict with its shortfall."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from ..certification.certificate import Certificate
from ..certification.profile import Profile, profile
from ..certification.prove import Proved
from ..certification.radius import Reach, reach
from ..measure.autodiff import weighted_gradient
from ..measure.hessian import curvature_along
from ..measure.linearization import Linearization, linearize
from ..measure.ntk import empirical_ntk
from ..measure.spectrum import extremes, top_eigenvector
from ..problem.admissible import antipodal_pair
from ..problem.problem import Problem
from ..problem.settings import StepSettings
from ..theory import Bound, Direction, NotAvailableError, NumericalFailureError, activation
from ..theory.bound import lower
from ..theory.formulas import width_scale_lzb
from ..theory.theorems import Theorem
from .promise import Promise
from .verdict import HypothesisRow, Verdict, weakest

ODD = ("tanh", "erf")
"""Activations with act(-z) = -act(z): without biases F(-x) = -F(x), so x and -x make the kernel singular."""


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
    if lin is not None and lin.network.activation in ODD and all(la.bias is None for la in lin.network.layers):
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
    if at.profile is not None and theorem.id != "LZB22-4":
        found = reach(at.profile, settings, theorem.id)
    special: dict[str, Callable[[], HypothesisRow]] = {
        "smooth activation": lambda: _smooth(at),
        "lambda_min(K(w_0)) > 0": lambda: _positive(at),
        "h_t in [eta delta, eta]": lambda: _steps(settings, found),
        "plain gradient descent, h_t = eta": lambda: _plain(settings),
        "a checkpoint to start from": lambda: _checkpoint(checkpoint),
    }
    rows = []
    for name in theorem.hypotheses:
        if name in special:
            rows.append(special[name]())
        elif name.startswith("width"):
            rows.append(_width(name, at))
        elif found is None:
            rows.append(HypothesisRow(name, "-", "-", None, Verdict.UNDECIDED, at.unavailable or "no profile"))
        elif name.startswith("eta"):
            rows.append(_step_limit(name, at, found))
        else:
            rows.append(_radius(name, at, found))
    return TheoremReport(theorem, weakest(r.verdict for r in rows), rows, found, _shortfall(rows, at, found))


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
    if row.name == "lambda_min(K(w_0)) > 0":
        how = "Cholesky factor with verified residual"
        return replace(row, measured=f"≥ {c.lambda_min:.4g}", verdict=Verdict.CERTIFIED, how=how)
    if row.name == "h_t in [eta delta, eta]":
        return replace(row, measured=f"delta ≥ {c.floor:.4g} ({c.optimizer})", verdict=Verdict.CERTIFIED)
    if row.name.startswith("eta < 2"):
        limit = 2 / c.beta
        how = f"beta ≤ {c.beta:.4g} on the ball R = {c.radius:.4g}, verified"
        return replace(
            row, needed=f"< {limit:.4g}", measured=f"{c.eta:.4g}", margin=limit / c.eta, verdict=Verdict.CERTIFIED,
            how=how,
        )  # fmt: skip
    if row.name.startswith(("R >", "||r_0||")):
        last = c.inequalities[-1]
        best = f"x {found.ratio:.3g} at R = {found.best_radius:.4g} as computed"
        sides = (f"R > {last.left:.5g}", f"R = {last.right:.5g}")
        if row.name.startswith("||r_0||"):
            sides = (f"> {last.left:.5g}", f"≥ {last.right:.5g}")
        return HypothesisRow(
            row.name, *sides, last.right / last.left, Verdict.CERTIFIED, f"verified on R = {c.radius:.4g}; {best}"
        )
    return row


def _smooth(at: Measured) -> HypothesisRow:
    def row(measured: str, verdict: Verdict, how: str) -> HypothesisRow:
        needed = "C^2, |act'| and |act''| bounded"
        return HypothesisRow("smooth activation", needed, measured, None, verdict, how)

    if at.linearization is None:
        return row("-", Verdict.UNDECIDED, at.unavailable or "not of class N")
    act = activation(at.linearization.network.activation)
    if not act.smooth:
        return row(act.name, Verdict.REFUTED, f"{act.name}' jumps at 0")
    return row(act.name, Verdict.CERTIFIED, f"closed forms: s1 ≤ {act.s1:.4g}, s2 ≤ {act.s2:.4g}")


def _positive(at: Measured) -> HypothesisRow:
    lam = at.lambda_min
    if at.singular is not None:
        verdict, how = Verdict.REFUTED, at.singular
    elif lam.kind is Direction.ESTIMATE or not lam.at_least() > 0:
        verdict, how = Verdict.UNDECIDED, lam.method
    else:
        verdict, how = Verdict.HOLDS, f"{lam.method}, {at.problem.y.numel()}-square kernel"
    return HypothesisRow("lambda_min(K(w_0)) > 0", "> 0", f"{lam.value:.4g}", None, verdict, how)


def _steps(settings: StepSettings, found: Reach | None) -> HypothesisRow:
    name = "h_t in [eta delta, eta]"
    if found is None and settings.delta == 0:
        return HypothesisRow(name, "delta > 0", "-", None, Verdict.UNDECIDED, "GClip: needs a bound of the gradient")
    floor = settings.delta if found is None else found.delta
    how = "Lemma 1" if floor == settings.delta else "Lemma 1 and ||grad L|| ≤ L_F ||r_0||"
    verdict = Verdict.CERTIFIED if floor == settings.delta else Verdict.HOLDS
    return HypothesisRow(name, "delta > 0", f"delta = {floor:.4g} ({settings.name})", None, verdict, how)


def _plain(settings: StepSettings) -> HypothesisRow:
    name = "plain gradient descent, h_t = eta"
    if settings.name == "gd":
        return HypothesisRow(name, "gd", "gd", None, Verdict.CERTIFIED, "by construction")
    return HypothesisRow(name, "gd", settings.name, None, Verdict.REFUTED, "the theorem is silent about this optimizer")


def _checkpoint(checkpoint: str | None) -> HypothesisRow:
    name = "a checkpoint to start from"
    if checkpoint is None:
        return HypothesisRow(
            name, "network.checkpoint", "none", None, Verdict.UNDECIDED, "at an initialisation this is Theorem B"
        )
    return HypothesisRow(name, "network.checkpoint", checkpoint, None, Verdict.CERTIFIED, "weights as stored")


def _width(name: str, at: Measured) -> HypothesisRow:
    lam = at.lambda_min
    if at.linearization is None or at.profile is None or lam.kind is Direction.ESTIMATE:
        return HypothesisRow(name, "-", "-", None, Verdict.UNDECIDED, at.unavailable or "lambda_0 not resolved")
    widths = at.linearization.network.widths[1:-1]
    radius = float(at.profile.radii[-1])
    scale = width_scale_lzb(at.problem.x.shape[0], radius, len(widths), lam.value, lam.value / 2)
    return HypothesisRow(
        name, f"~ {scale:.2g} (scale)", f"{min(widths)}", None, Verdict.UNDECIDED,
        f"asymptotic, constant not given; scale at R = {radius:.3g}, mu = lambda_0/2",
    )  # fmt: skip


def _step_limit(name: str, at: Measured, found: Reach) -> HypothesisRow:
    symbol = "≤" if "<=" in name else "<"
    limit = _limit_on_ball(name, at, found)
    fits = found.eta <= limit if symbol == "≤" else found.eta < limit
    how = f"beta ≤ {found.beta:.4g} on the ball R = {found.radius:.4g}"
    verdict = Verdict.HOLDS if fits else Verdict.UNDECIDED
    # A valid beta is at least the largest eigenvalue of the Hessian at w_0 itself, of which this is a lower bound;
    # the factor keeps round-off from refuting what is merely tight.
    if found.eta * at.curvature.at_least() > 2 * (1 + 1e-6):
        verdict = Verdict.REFUTED
        how = f"lambda_max(Hess L(w_0)) ≥ {at.curvature.value:.4g}: no valid beta allows this eta"
    return HypothesisRow(name, f"{symbol} {limit:.4g}", f"{found.eta:.4g}", limit / found.eta, verdict, how)


def _limit_on_ball(name: str, at: Measured, found: Reach) -> float:
    if name.startswith("eta < 2"):
        return 2 / found.beta
    # beta = L_F^2 + ||r_0|| ell is also the bound that [LZB22, Theorem 6] divides by.
    return 1 / found.beta


def _radius(name: str, at: Measured, found: Reach) -> HypothesisRow:
    verdict = Verdict.HOLDS if found.ratio > 1 else Verdict.UNDECIDED
    if name.startswith("||r_0||"):
        assert at.profile is not None
        available = found.ratio * at.profile.residual
        return HypothesisRow(
            name, f"> {at.profile.residual:.4g}", f"{available:.4g}", found.ratio, verdict,
            f"lower bound, best at R = {found.best_radius:.4g}",
        )  # fmt: skip
    # The best radius is shown with what it would need; the smallest that closes is the one chosen.
    needed = found.best_radius / found.ratio if found.ratio > 0 else float("inf")
    return HypothesisRow(
        name,
        f"R > {needed:.4g}",
        f"R = {found.best_radius:.4g}",
        found.ratio,
        verdict,
        "best radius, lower bound of mu",
    )


def _shortfall(rows: list[HypothesisRow], at: Measured, found: Reach | None) -> str:
    refuted = [r for r in rows if r.verdict is Verdict.REFUTED]
    if refuted:
        return "; ".join(f"{r.name}: {r.how}" for r in refuted)
    open_rows = [r for r in rows if r.verdict is Verdict.UNDECIDED]
    if not open_rows:
        return ""
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
