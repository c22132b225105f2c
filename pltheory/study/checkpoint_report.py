"""`pltheory certify` as data: how a checkpoint was read, how it fits, what the polish did, and the certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ..certificates.basin import Basin, certify_basin
from ..certificates.fit import Fit, doubts
from ..problem.checkpoint import Reading
from ..theorems.ladder import AT_CHECKPOINT, AtCheckpoint
from ..theory import InvalidInputError
from .build import batches_of, data_of, problem_and_reading, settings_of
from .config import Config, loss_in
from .in_force import alternatives, in_force

SCHEMA = "pltheory-certify/1"
WELL_FITTED = 1e-6
"""Share of the targets' variation below which no other setting is tried: under this one the weights were trained."""
CAUSE = (
    "usual cause: another centring, scale, activation, label coding or loss in training than in force here; "
    "compare the settings"
)


@dataclass(frozen=True)
class CheckpointReport:
    """The answer at a checkpoint.

    Attributes:
        reading: how the file was read.
        settings: what is in force, by topic.
        basin: fit, polish and certificate.
        reasons: why the weights do not look trained under these settings; empty where they do.
    """

    reading: Reading
    settings: dict[str, str]
    basin: Basin
    reasons: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """CERTIFIED, or UNDECIDED where a hypothesis is not proved."""
        return "CERTIFIED" if self.basin.holds else "UNDECIDED"

    @property
    def about(self) -> str:
        """Which weights the verdict speaks of."""
        b = self.basin
        if b.polished is None or not b.moved:
            return "the weights as loaded"
        return f"the polished weights, not those of {self.reading.path}: {b.moved:.4g} away"

    def to_dict(self, arrays_file: str) -> dict[str, Any]:
        """The report under the schema `SCHEMA`; a warning is its first entry.

        Args:
            arrays_file: name of the certificate's arrays.
        """
        b = self.basin
        polish = None
        if b.polished is not None and b.end is not None:
            polish = {
                "moved": b.moved,
                "norm": b.norm,
                "moved_share": b.moved / b.norm if b.norm > 0 else None,
                "fit": _fit(b.end),
                "steps": [asdict(s) for s in b.polished.steps],
            }
        return {
            "schema": SCHEMA,
            "warning": {"reasons": list(self.reasons), "cause": CAUSE} if self.reasons else None,
            "verdict": self.verdict,
            "about": self.about,
            "shortfall": b.shortfall,
            "in_force": self.settings,
            "checkpoint": {**asdict(self.reading), "said": str(self.reading)},
            "loaded": _fit(b.loaded),
            "polish": polish,
            "certificate": None if b.certificate is None else b.certificate.document(arrays_file),
        }


def _fit(f: Fit) -> dict[str, Any]:
    finite = f.unexplained < float("inf")
    return {**asdict(f), "unexplained": f.unexplained if finite else None}


def at_checkpoint(
    config: Config,
    *,
    theorem: AtCheckpoint = AT_CHECKPOINT,
    limit: int = 12,
    progress: Callable[[int, int, str], None] | None = None,
) -> CheckpointReport:
    """Read `network.checkpoint`, polish a copy and prove a theorem where that ends.

    Args:
        config: with `network.checkpoint`.
        theorem: C unless given.
        limit: most Gauss-Newton steps; 0 proves at the weights as loaded.
        progress: called as (done, limit, note).

    Raises:
        InvalidInputError: no checkpoint, or what `problem_of` refuses.
        NotAvailableError, NumericalFailureError, RoundingEnvironmentError: as `certify_basin`.
    """
    outside = theorem.outside(batches_of(config), loss_in(config))
    if outside:
        raise InvalidInputError(outside)
    data = data_of(config)
    problem, reading = problem_and_reading(config, data)
    if reading is None:
        raise InvalidInputError("network.checkpoint: missing; a checkpoint is needed")
    basin = certify_basin(problem, settings_of(config), theorem=theorem, limit=limit, progress=progress)
    others = alternatives(config, problem) if basin.loaded.unexplained > WELL_FITTED else []
    # Weights that were not moved are no measure of themselves.
    reasons = doubts(basin.loaded, basin.end if basin.moved else None, basin.moved, basin.norm, others)
    return CheckpointReport(reading, in_force(config, data), basin, tuple(reasons))
