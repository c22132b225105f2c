"""A CERTIFIED verdict of Theorem D as a certificate: the claims of every step, and the weights that the run ended at.

The claims of step t are about the exact iterate x_t and the ball of radius eps_t about it, so they do not depend on the
bits of the run that found them; of that run only its end w_T is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...rigor.roundoff import Array, down
from ...rigor.scalar import interval
from ...theory import InvalidInputError
from ...theory.statement import Statement
from ..certificate import Inequality
from ..certificate_file import Document, number
from ..enclosure import Arrays
from .certify import StepRecord, TrajectoryCertificate

BRANCHES = {"full": 1.0, "band": 2.0, "floor": 4.0}
"""A step's branches are stored as the sum of these."""


@dataclass(frozen=True, eq=False)
class StoredTrajectory:
    """A verdict of Theorem D with the doubles it speaks of.

    Attributes:
        statement: the theorem in words.
        loss: "sum" or "mean".
        optimizer: name of the step rule.
        result: the verdict.
    """

    statement: Statement
    loss: str
    optimizer: str
    result: TrajectoryCertificate

    @property
    def theorem(self) -> str:
        """Id of the theorem."""
        return self.statement.id

    @property
    def holds(self) -> bool:
        """Whether everything is proved, round-off included."""
        return self.result.status == "CERTIFIED"

    @property
    def lambda_min(self) -> float:
        """Lower bound of the smallest eigenvalue of K(w_T), summed loss; 0 where the last step was never tried."""
        b = self.result.basin
        return 0.0 if b is None else max(0.0, float(down(b.sigma * b.sigma)))

    @property
    def inequalities(self) -> tuple[Inequality, ...]:
        """The hypotheses of the last step; those of the steps before it are in the arrays."""
        b = self.result.basin
        if b is None or not b.holds:
            return ()
        step = interval(self.result.scale) * b.beta * self.result.eta
        return (
            Inequality("0 < lambda_min(K(w_T))", 0.0, "<", self.lambda_min),
            Inequality("beta eta < 2", step.hi, "<", 2.0),
            Inequality("norm of r on B(w_T, eps_T) < (1 - beta eta / 2) int sig", b.residual, "<", b.available),
        )

    def document(self) -> Document:
        """The files of the certificate.

        Raises:
            InvalidInputError: it does not hold, or has no steps.
        """
        c, b, distance = self.result, self.result.basin, self.result.distance
        if b is None or distance is None or b.rho is None or b.mu is None or b.floor is None or b.rate is None:
            raise InvalidInputError(f"only a certificate that holds is written: {c.status} {c.obstruction}".strip())
        if not c.steps:
            raise InvalidInputError("Theorem D took no step here: Theorem B at the same weights says as much")
        scale = interval(c.scale)
        return Document(
            statement=self.statement,
            network=Arrays(c.start.weights, c.start.biases, c.start.kappa, c.start.tau, c.start.activation, c.x, c.y),
            more=_arrays(c),
            loss=self.loss,
            optimizer=self.optimizer,
            steps=(c.eta, c.gamma, c.delta),
            bounds={
                "growth": ("upper", c.growth),
                "displacement": ("upper", c.displacement),
                "residual": ("upper", b.residual),
                "lambda_min": ("lower", self.lambda_min),
                "lipschitz": ("upper", b.lipschitz),
                "ell": ("upper", b.ell),
                "beta": ("upper", (scale * b.beta).hi),
                "required": ("upper", b.rho),
                "mu": ("lower", (scale * b.mu).lo),
                "floor": ("lower", b.floor),
                "rate": ("upper", b.rate),
                "distance": ("upper", distance),
            },
            hypotheses=[(i.name, i.left, i.relation, i.right) for i in self.inequalities],
            sections={
                "trajectory": {"steps": c.steps, "eps": number(c.eps)},
                "ball": {"radius": number(b.grid[-1])},
            },
        )

    def save(self, path: str | Path) -> None:
        """Write the certificate.

        Raises:
            InvalidInputError: it does not hold, has no steps, or as `Document.save`.
        """
        self.document().save(Path(path))


def _arrays(c: TrajectoryCertificate) -> dict[str, Array]:
    """The arrays of Theorem D, by the names of the file format; T steps."""
    end = c.final
    assert c.basin is not None
    arrays = {f"end_W{l}": w for l, w in enumerate(end.weights, 1)}
    arrays |= {f"end_b{l}": b for l, b in enumerate(end.biases, 1) if b is not None}
    rows = np.array([_row(s) for s in c.records])  # (T, columns)
    arrays |= dict(zip(_COLUMNS, np.ascontiguousarray(rows.T), strict=True))
    eps = np.array([*(s.eps for s in c.records), c.eps])
    return {**arrays, "eps": eps, "grid": np.array(c.basin.grid), "sigma": np.array(c.basin.sig)}


_COLUMNS = ("rho", "factor", "residual", "lipschitz", "curvature", "beta", "low", "high", "branches")


def _row(s: StepRecord) -> tuple[float, ...]:
    named = sum(BRANCHES[b] for b in s.branches)
    return s.rho, s.factor, s.residual, s.lipschitz, s.curvature, s.beta, s.gradient.lo, s.gradient.hi, named
