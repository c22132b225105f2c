"""Many runs against what Theorem F2 promises of the mean: one run can neither keep nor break such a promise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from scipy.stats import binomtest

from ..certification.batches.certify_drawn import ALLOWED, Drawn, drawn_batches
from ..optim import ClippedSettings, certifiable
from ..problem.batches import Batches
from ..problem.problem import Problem
from ..runs.batch import MiniBatches
from ..theorems import f2
from ..theory import InvalidInputError, NotAvailableError

LARGE = 20.0
"""By Markov's inequality no more than one in so many exceeds so many times the mean."""
ROUNDING = 1 + 1e-6


@dataclass(frozen=True)
class Averages:
    """What many runs said of a promise about their mean.

    Attributes:
        runs, steps: how many, and how long each.
        left: runs that were seen outside of the ball, of which the share promised is at most `failure`.
        far: runs at whose end ||r||^2 / L_F^2 <= D_T^2 is above `LARGE` q^T D^2, those that may have left not counted.
        failure: the probability of leaving, as computed.
        level: probability with which a true promise is contradicted, at most.
        p_left, p_far: p-values of the two one-sided binomial tests; each is held against half of the level.
    """

    runs: int
    steps: int
    left: int
    far: int
    failure: float
    level: float
    p_left: float
    p_far: float

    @property
    def contradicts(self) -> bool:
        """Whether one of the tests rejects the promise."""
        return min(self.p_left, self.p_far) < self.level / 2

    def __str__(self) -> str:
        said = "contradicted" if self.contradicts else "not contradicted"
        return (
            f"{self.left} of {self.runs} runs of {self.steps} steps left the ball where the probability promised is at "
            f"most {self.failure:.3g} (p-value {self.p_left:.3g}); {self.far} ended above {LARGE:g} times the mean "
            f"promised, where at most one in {LARGE:g} may (p-value {self.p_far:.3g}): {said} at level {self.level:g}"
        )


def many_runs(
    problem: Problem,
    settings: ClippedSettings,
    batches: Batches,
    *,
    allowed: float = ALLOWED,
    runs: int = 200,
    steps: int = 500,
    level: float = 0.01,
) -> Averages:
    """Run with many seeds, from `batches.seed` on, and test what Theorem F2 promises of them together.

    Args:
        problem: network, data and square loss.
        settings: the step rule.
        batches: of order "random".
        allowed: the probability of leaving that the theorem is asked for.
        runs: how many.
        steps: of each.
        level: of the two tests together.

    Raises:
        InvalidInputError: runs, steps or level out of range, or batches that the theorem does not speak of.
        NotAvailableError: another loss, or the theorem does not hold here, so that nothing is promised.
    """
    if runs < 1 or steps < 1 or not 0 < level < 1:
        raise InvalidInputError(f"runs = {runs}, steps = {steps}, level = {level}: allowed are >= 1, >= 1, (0, 1)")
    f2.THEOREM.require_speaks(batches, problem.objective)
    at = drawn_batches(problem, settings, batches, allowed)
    if not at.closes or at.found is None:
        raise NotAvailableError("Theorem F2 does not hold here, so that nothing is promised of the mean")
    outcomes = [_run(at, problem, settings, replace(batches, seed=batches.seed + k), steps) for k in range(runs)]
    mean = float(at.found.rate) ** steps * at.radii.d**2
    left = sum(out for out, _ in outcomes)
    far = sum(square > LARGE * mean * ROUNDING for _, square in outcomes)
    failure = min(1.0, float(at.found.failure))
    return Averages(
        runs, steps, left, far, failure, level,
        float(binomtest(left, runs, failure, alternative="greater").pvalue),
        float(binomtest(far, runs, 1 / LARGE, alternative="greater").pvalue),
    )  # fmt: skip


def _run(at: Drawn, problem: Problem, settings: ClippedSettings, batches: Batches, steps: int) -> tuple[bool, float]:
    """Whether the run was seen outside of the ball, and ||r||^2 / L_F^2 at its end, 0 where W_t may have passed xi."""
    assert at.found is not None
    work = Problem(problem.copy().network.double(), problem.x.double(), problem.y.double(), problem.objective)
    centre = [torch.from_numpy(a.copy()) for a in at.centre.named().values()]
    layers = work.class_n().layers
    params = [*(y.weight for y in layers), *(y.bias for y in layers if y.bias is not None)]  # as they are stored
    batch, rule, unit = MiniBatches(work, batches), certifiable(settings), float(at.rule.most)
    ball = (at.radii.eps + at.radii.g * at.radii.d) * ROUNDING
    moduli = at.numbers.moduli()
    ell = float(max(at.numbers.parts.top_shares) * moduli.lipschitz(at.radii.eps + 2 * at.radii.g * at.radii.d))
    out, total = False, 0.0
    for _ in range(steps):
        loss = float(batch())
        with torch.no_grad():
            norm = math.sqrt(sum(float((p.grad**2).sum()) for p in params if p.grad is not None))
            h = at.rule.eta if norm == 0 else float(rule.step_size(at.rule.eta, norm))
            total += h * unit * ell * math.sqrt(2 * loss / unit)
            for p in params:
                if p.grad is not None:
                    p.sub_(h * p.grad)
            away = math.sqrt(sum(float(((p - c) ** 2).sum()) for p, c in zip(params, centre, strict=True)))
        out |= away > ball
    residual = float(work.residual().detach().norm())
    return out, 0.0 if total > at.radii.xi else (residual / float(at.found.whole)) ** 2
