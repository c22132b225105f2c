"""The profile of a certificate: a step function, on which the root of an integral is looked for."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from pltheory.certification.claim import Claim


@dataclass(frozen=True)
class Pieces:
    """A nonincreasing step function.

    Attributes:
        grid: shape (k + 1,), from 0, ends of its pieces.
        sigma: shape (k + 1,), sigma[i] up to grid[i] from the end before.
    """

    grid: np.ndarray
    sigma: np.ndarray

    def integral(self, s: float) -> float:
        """From 0 to s."""
        return float(np.sum(self.sigma[1:] * np.diff(np.clip(self.grid, 0, s))))

    def value(self, s: float) -> float:
        """At s."""
        return float(self.sigma[max(int(np.searchsorted(self.grid, s)), 1)])

    def root(self, target: float, start: float = 0.0) -> float:
        """Where the integral from `start` is `target`."""
        before = self.integral(start)
        return float(brentq(lambda s: self.integral(s) - before - target, start, self.grid[-1], xtol=1e-16))


def of(claim: Claim) -> Pieces:
    """The profile of a claim on a ball."""
    return Pieces(np.asarray(claim.witness["grid"]), np.asarray(claim.witness["sigma"]))
