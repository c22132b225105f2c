"""Theorems whose hypotheses are not about one ball: B+ (a region per neuron) and D (a verified trajectory).

Both may cost more than the rest of the ladder together. Where they are not asked for by name they get an allowance of
arithmetic: counted, not timed, so that a verdict does not depend on the machine.
"""

from __future__ import annotations

import math

from ..certification.bplus import BPlusResult, certify_bplus
from ..certification.bplus.file import bplus_certificate
from ..certification.radius import Reach
from ..certification.trajectory import TrajectoryCertificate, certify_trajectory
from ..certification.trajectory.file import StoredTrajectory
from ..problem.problem import Problem
from ..problem.settings import StepSettings
from ..rigor.errors import NoVerdictError
from ..rigor.scalar import interval
from ..theory import NotAvailableError, NumericalFailureError
from ..theory.theorems import Theorem
from .convergence import Progress
from .hypotheses import TheoremReport, whose_constants
from .promise import Promise
from .verdict import HypothesisRow, Verdict, weakest

BEYOND = ("B+", "D")
FEWEST_STEPS = 20
"""Steps below which a trajectory is not worth its start."""
_UNSEEN = "not looked at"


def check_beyond(
    problem: Problem,
    settings: StepSettings,
    theorem: Theorem,
    *,
    work: float,
    unavailable: str | None,
    singular: str | None,
    rigorous: bool,
    steps: int,
    progress: Progress | None = None,
) -> TheoremReport:
    """Hold Theorem B+ or D against a problem.

    Args:
        problem: network and data.
        settings: step rule.
        theorem: B+ or D.
        work: most multiplications that may be spent, roughly; infinite where it was asked for by its name.
        unavailable: why there are no bounds for this network, if there are none.
        singular: why lambda_min(K(w_0)) is exactly zero, if it is known to be.
        rigorous: count round-off (B+; Theorem D always does).
        steps: most steps of D's trajectory.
        progress: called as (done, total, note).
    """
    if singular is not None:
        rows = [
            HypothesisRow(name, "> 0", "0", None, Verdict.REFUTED, singular)
            if name.startswith("lambda_min")
            else HypothesisRow(name, "-", "-", None, Verdict.UNDECIDED, _UNSEEN)
            for name in theorem.hypotheses
        ]
        return TheoremReport(theorem, Verdict.REFUTED, rows, None, singular)
    if unavailable is not None:
        return _open(theorem, unavailable)
    try:
        hold = _hold_bplus if theorem.id == "B+" else _hold_trajectory
        return hold(problem, settings, theorem, work, rigorous, steps, progress)
    except NotAvailableError as error:
        return _open(theorem, str(error))
    except (NoVerdictError, NumericalFailureError) as error:
        return _open(theorem, f"no verdict: {error}")


def _hold_bplus(
    problem: Problem,
    settings: StepSettings,
    theorem: Theorem,
    work: float,
    rigorous: bool,
    steps: int,
    progress: Progress | None,
) -> TheoremReport:
    units = sum(p.shape[0] for p in problem.parameters() if p.ndim == 2)
    cost = 4.0 * problem.y.numel() ** 3 * units  # the kernel's change by every neuron
    if cost > work:
        return _too_long(theorem, cost, work)
    found = certify_bplus(problem, settings, rigorous=rigorous, refinements=1 if work == math.inf else 0)
    return _bplus(theorem, problem, found, settings)


def _hold_trajectory(
    problem: Problem,
    settings: StepSettings,
    theorem: Theorem,
    work: float,
    rigorous: bool,
    steps: int,
    progress: Progress | None,
) -> TheoremReport:
    outputs = problem.y.numel()
    step = float(outputs * sum(p.numel() for p in problem.parameters()) + outputs**3)
    allowed = steps if work == math.inf else min(steps, int(work / step))
    if allowed < FEWEST_STEPS:
        return _too_long(theorem, steps * step, work)
    said = None
    if progress is not None:
        told = progress

        def said(t: int, residual: float, eps: float, growth: float) -> None:
            told(t, allowed, f"||r|| = {residual:.1e}, error {eps:.0e}")

    followed = certify_trajectory(problem, settings, steps_limit=allowed, progress=said)
    return _trajectory(theorem, StoredTrajectory(problem.loss, settings.name, followed))


def _too_long(theorem: Theorem, cost: float, work: float) -> TheoremReport:
    why = f"not tried, it may take {cost:.0e} multiplications where {work:.0e} are allowed: ask for it by its name"
    return _open(theorem, why)


def _open(theorem: Theorem, why: str) -> TheoremReport:
    rows = [HypothesisRow(name, "-", "-", None, Verdict.UNDECIDED, _UNSEEN) for name in theorem.hypotheses]
    return TheoremReport(theorem, Verdict.UNDECIDED, rows, None, why)


def _bplus(theorem: Theorem, problem: Problem, found: BPlusResult, settings: StepSettings) -> TheoremReport:
    level, proof = Verdict(found.verdict), found.proof
    reached = level is not Verdict.UNDECIDED
    verified = "verified" if level is Verdict.CERTIFIED else "as computed"
    network, positive, floor, step, consistent = theorem.hypotheses
    lambda_0 = f"≥ {proof.lambda_min:.4g}" if proof is not None else f"{found.lambda_0:.4g}"
    sign = level if reached else Verdict.HOLDS if found.lambda_0 > 0 else Verdict.UNDECIDED
    delta = f"delta ≥ {proof.floor:.4g}" if proof is not None else f"delta = {settings.delta:.4g}"
    clipped = Verdict.CERTIFIED if settings.delta > 0 else level
    rows = [
        HypothesisRow(network, "class N, L = 1, C = 1", "yes", None, Verdict.CERTIFIED, "by inspection"),
        HypothesisRow(positive, "> 0", lambda_0, None, sign, verified if reached else "as computed"),
        HypothesisRow(floor, "delta > 0", f"{delta} ({settings.name})", None, clipped, "Lemma 1"),
    ]
    if reached:
        limit = 2 / found.beta
        how = f"beta ≤ {found.beta:.4g} along the run, {verified}"
        rows.append(HypothesisRow(step, f"< {limit:.4g}", f"{found.eta:.4g}", limit / found.eta, level, how))
    else:
        rows.append(HypothesisRow(step, "-", f"{found.eta:.4g}", None, Verdict.UNDECIDED, "no region was found"))
    eps = f"eps = {found.eps:.4g}" if reached else "-"
    how = f"||R (K - K_0) R|| ≤ eps, {len(found.inequalities)} inequalities, {verified}" if reached else found.shortfall
    rows.append(HypothesisRow(consistent, "eps < 1", eps, 1 / found.eps if reached else None, level, how))
    reach = None
    if reached and found.rate is not None:
        reach = _reach(found.eta, found.mu, found.beta, settings.delta, found.rate)
    certificate = None if proof is None else bplus_certificate(problem, settings, found)
    return TheoremReport(theorem, weakest(r.verdict for r in rows), rows, reach, found.shortfall, certificate)


def _trajectory(theorem: Theorem, found: StoredTrajectory) -> TheoremReport:
    c, proved = found.result, found.holds
    basin = c.basin
    level = Verdict.CERTIFIED if proved else Verdict.UNDECIDED
    lambda_min = (interval(c.scale) * interval(found.lambda_min)).lo
    positive = lambda_min > 0
    smooth, at_the_end, closes, last = theorem.hypotheses
    counts = ", ".join(f"{k} {v}" for k, v in c.branches.items()) or "none"
    tried = "never tried" if basin is None else f"ratio {basin.ratio:.5g}"
    rows = [
        HypothesisRow(
            smooth, "C^2, |act'| and |act''| bounded", c.start.activation, None, Verdict.CERTIFIED,
            whose_constants(c.start.activation),
        ),
        HypothesisRow(
            at_the_end, "> 0", f"≥ {lambda_min:.4g}" if positive else "-", None,
            Verdict.CERTIFIED if positive else Verdict.UNDECIDED,
            "Cholesky factor with verified residual" if positive else "the last step was never tried",
        ),
        HypothesisRow(
            closes, "eps_T small", f"eps_T ≤ {c.eps:.2g}", None, level,
            f"T = {c.steps} steps ({counts}), growth 10^{math.log10(max(c.growth, 1.0)):.1f}",
        ),
        HypothesisRow(last, "ratio > 1", tried, None if basin is None else basin.ratio, level, _from_basin(c)),
    ]  # fmt: skip
    verdict = weakest(r.verdict for r in rows)
    certificate = found if proved else None
    return TheoremReport(theorem, verdict, rows, None, c.obstruction, certificate, c.eta, _promise(c))


def _promise(c: TrajectoryCertificate) -> Promise | None:
    """Theorem C's conclusion holds at every start in B(w_T, eps_T), so of this run as well as of the exact one."""
    b = c.basin
    if b is None or not b.holds or b.floor is None:
        return None
    return Promise(c.eta, floor=b.floor, rate=b.rate, radius=b.rho, since=c.steps)


def _from_basin(c: TrajectoryCertificate) -> str:
    if c.basin is None or c.basin.rate is None or c.distance is None:
        return "round-off included"
    return f"1 - q = {1 - c.basin.rate:.3g} from w_T on, limit within {c.distance:.4g} of w_0"


def _reach(eta: float, mu: float, beta: float, floor: float, rate: float) -> Reach:
    """The numbers of a theorem without a ball, in the shape that runs and reports read."""
    none = math.inf
    return Reach(
        ratio=math.nan, best_radius=none, holds=True, radius=none, required=none, beta=beta, eta=eta, mu=mu,
        delta=floor, rate=rate, eta_limit=0.0,
    )  # fmt: skip
