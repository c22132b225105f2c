"""Theorems whose hypotheses are not about one ball: B+ (a region per neuron) and D (a verified trajectory).

Both cost more than the rest of the ladder together, so the ladder tries B+ only on small networks, and D only when it
is asked for by name.
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
from ..theory import NotAvailableError, NumericalFailureError
from ..theory.theorems import Theorem
from .convergence import Progress
from .hypotheses import TheoremReport
from .verdict import HypothesisRow, Verdict, weakest

BEYOND = ("B+", "D")
LADDER_SIZE = 20_000
"""n times the number of hidden units up to which `all` tries Theorem B+."""


def check_beyond(
    problem: Problem,
    settings: StepSettings,
    theorem: Theorem,
    *,
    by_name: bool,
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
        unavailable: why the network is not read as class N, if it is not.
        singular: why lambda_min(K(w_0)) is exactly zero, if it is known to be.
        by_name: whether it was asked for by name; the ladder leaves out what takes long.
        rigorous: count round-off (B+; Theorem D always does).
        steps: most steps of D's trajectory.
        progress: called as (done, total, note).
    """
    if singular is not None:
        rows = [
            HypothesisRow(name, "> 0", "0", None, Verdict.REFUTED, singular)
            if name.startswith("lambda_min")
            else HypothesisRow(name, "-", "-", None, Verdict.UNDECIDED, "not looked at")
            for name in theorem.hypotheses
        ]
        return TheoremReport(theorem, Verdict.REFUTED, rows, None, singular)
    if unavailable is not None:
        return _open(theorem, unavailable)
    if not by_name and (theorem.id == "D" or _units(problem) * len(problem.x) > LADDER_SIZE):
        return _open(theorem, f"not tried in the ladder: ask for it by name, --theorem {theorem.id}")
    try:
        if theorem.id == "B+":
            found = certify_bplus(problem, settings, rigorous=rigorous, refinements=1 if by_name else 0)
            return _bplus(theorem, problem, found, settings)
        said = None
        if progress is not None:
            told = progress

            def said(t: int, residual: float, eps: float, growth: float) -> None:
                told(t, steps, f"||r|| = {residual:.1e}, error {eps:.0e}")

        followed = certify_trajectory(problem, settings, steps_limit=steps, progress=said)
        return _trajectory(theorem, StoredTrajectory(problem.loss, settings.name, followed))
    except NotAvailableError as error:
        return _open(theorem, str(error))
    except (NoVerdictError, NumericalFailureError) as error:
        return _open(theorem, f"no verdict: {error}")


def _units(problem: Problem) -> int:
    return sum(p.shape[0] for p in problem.parameters() if p.ndim == 2)


def _open(theorem: Theorem, why: str) -> TheoremReport:
    rows = [HypothesisRow(name, "-", "-", None, Verdict.UNDECIDED, why) for name in theorem.hypotheses]
    return TheoremReport(theorem, Verdict.UNDECIDED, rows, None, why)


def _bplus(theorem: Theorem, problem: Problem, found: BPlusResult, settings: StepSettings) -> TheoremReport:
    level = Verdict(found.verdict)
    reached = level is not Verdict.UNDECIDED
    verified = "verified" if level is Verdict.CERTIFIED else "as computed"
    names = iter(theorem.hypotheses)
    rows = [
        HypothesisRow(next(names), "class N, L = 1, C = 1", "yes", None, Verdict.CERTIFIED, "by inspection"),
        HypothesisRow(next(names), "> 0", f"{found.lambda_0:.4g}", None, level if reached else Verdict.HOLDS, verified),
        HypothesisRow(
            next(names), "delta > 0", f"delta = {settings.delta:.4g} ({settings.name})", None,
            Verdict.CERTIFIED if settings.delta > 0 else level, "Lemma 1",
        ),
    ]  # fmt: skip
    if reached:
        limit = 2 / found.beta
        rows.append(
            HypothesisRow(
                next(names), f"< {limit:.4g}", f"{found.eta:.4g}", limit / found.eta, level,
                f"beta ≤ {found.beta:.4g} along the run, {verified}",
            )
        )  # fmt: skip
    else:
        rows.append(HypothesisRow(next(names), "-", f"{found.eta:.4g}", None, Verdict.UNDECIDED, "no region was found"))
    eps = f"eps = {found.eps:.4g}" if reached else "-"
    how = f"||R (K - K_0) R|| ≤ eps, {len(found.inequalities)} inequalities, {verified}" if reached else found.shortfall
    rows.append(HypothesisRow(next(names), "eps < 1", eps, 1 / found.eps if reached else None, level, how))
    reach = None
    if reached and found.rate is not None:
        reach = _reach(found.eta, found.mu, found.beta, settings.delta, found.rate)
    proof = None if found.proof is None else bplus_certificate(problem, settings, found)
    return TheoremReport(theorem, weakest(r.verdict for r in rows), rows, reach, found.shortfall, proof)


def _trajectory(theorem: Theorem, found: StoredTrajectory) -> TheoremReport:
    c, proved = found.result, found.holds
    basin = c.basin
    level = Verdict.CERTIFIED if proved else Verdict.UNDECIDED
    positive = basin is not None and basin.sigma > 0
    names = iter(theorem.hypotheses)
    counts = ", ".join(f"{k} {v}" for k, v in c.branches.items()) or "none"
    tried = "never tried" if basin is None else f"ratio {basin.ratio:.5g}"
    rows = [
        HypothesisRow(next(names), "C^2, |act'| and |act''| bounded", "yes", None, Verdict.CERTIFIED, "closed forms"),
        HypothesisRow(
            next(names), "> 0", "sigma_min(J(w_T)) > 0" if positive else "-", None,
            Verdict.CERTIFIED if positive else Verdict.UNDECIDED, "verified at w_T, where it is needed",
        ),
        HypothesisRow(
            next(names), "eps_T small", f"eps_T ≤ {c.eps:.2g}", None, level,
            f"T = {c.steps} steps ({counts}), growth 10^{math.log10(max(c.growth, 1.0)):.1f}",
        ),
        HypothesisRow(next(names), "ratio > 1", tried, None if basin is None else basin.ratio, level, _from_basin(c)),
    ]  # fmt: skip
    verdict = weakest(r.verdict for r in rows)
    return TheoremReport(theorem, verdict, rows, None, c.obstruction, found if proved else None, c.eta)


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
