"""Theorem C at a checkpoint: how it fits as loaded, the polish into the basin, and the proof at where that ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..certification.claim import Claim
from ..optim import StepSettings
from ..problem.problem import Problem
from ..rigor.errors import NoVerdictError
from ..theorems.ladder import AT_CHECKPOINT, AtCheckpoint
from ..theory import NotAvailableError, NumericalFailureError
from .fit import Fit, fit
from .polish import Polished, polish


@dataclass(frozen=True)
class Basin:
    """What was found at a checkpoint.

    Attributes:
        loaded: the fit at the weights as loaded.
        norm: ||w|| there.
        polished: the polish, whose end the certificate is about; None where it failed.
        end: the fit where it ended.
        certificate: of the theorem; None where no numbers were found.
        shortfall: why there is no proof, where that is not an inequality of the certificate.
        failure: what ended a polish.
    """

    loaded: Fit
    norm: float
    polished: Polished | None
    end: Fit | None
    certificate: Claim | None
    shortfall: str | None = None
    failure: NumericalFailureError | None = None

    @property
    def moved(self) -> float:
        """||w_polished - w_loaded||."""
        return 0.0 if self.polished is None else self.polished.moved

    @property
    def holds(self) -> bool:
        """Whether the theorem is proved at the polished weights."""
        return self.certificate is not None and self.certificate.holds


def certify_basin(
    problem: Problem,
    settings: StepSettings,
    *,
    theorem: AtCheckpoint = AT_CHECKPOINT,
    limit: int = 12,
    progress: Callable[[int, int, str], None] | None = None,
) -> Basin:
    """Polish a copy of the weights and prove a theorem where that ends.

    Args:
        problem: of class N or G at the checkpoint's weights, which are left as they are.
        settings: step rule.
        theorem: C unless given.
        limit: most Gauss-Newton steps; 0 proves at the weights as loaded or says why not.
        progress: called as (done, limit, note).

    Raises:
        InvalidInputError: the theorem does not speak of these steps.
        NotAvailableError: neither of class N nor of class G.
        NumericalFailureError: the loss at the weights as loaded is not finite.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    theorem.require_covers(settings)
    loaded = fit(problem)
    norm = float(torch.stack([p.detach().double().norm() for p in problem.parameters()]).norm())
    try:
        polished = polish(problem, settings, theorem=theorem, limit=limit, progress=progress)
        end = fit(polished.problem)
    except NumericalFailureError as error:
        # Without a polish there is nothing that could fail: the weights are then not provably in a basin.
        return Basin(loaded, norm, None, None, None, str(error), error if limit > 0 else None)
    if progress is not None:
        progress(limit, limit, "proving")
    try:
        certificate = theorem.certify_near(polished.problem, settings, polished.profile)
    except (NoVerdictError, NotAvailableError) as error:
        return Basin(loaded, norm, polished, end, None, f"round-off not covered: {error}")
    return Basin(loaded, norm, polished, end, certificate)
