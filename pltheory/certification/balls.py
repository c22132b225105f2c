"""Balls about the weights on which a theorem is to be proved, and the front that all those proofs share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..problem.problem import Problem
from ..rigor import environment
from .centre import Centre
from .claim import Claim
from .enclose import enclose
from .profile import Profile
from .sharpened import with_kernel
from .stored import require_unchanged
from .stored_graph import stored


@dataclass(frozen=True)
class Balls:
    """Where a theorem is to be proved, with arithmetic that counts its own rounding.

    Attributes:
        problem: network of class N or G, and data.
        radii: R of the ball, and others to be tried where the hypotheses are not proved on that.
        guess: the float64 profile, trusted for nothing but where to look for eigenvalues; None for none.
        centre: verified numbers from `enclose`, if at hand; the certificate is then about its arrays.
        sharp: whether Theorem E is to sharpen the profile.
    """

    problem: Problem
    radii: Sequence[float]
    guess: Profile | None = None
    centre: Centre | None = None
    sharp: bool = False

    def proved(self, build: Callable[[Centre, float], Claim]) -> Claim:
        """The first claim that holds, else the last; its `holds` says whether every inequality is proved.

        Args:
            build: from the centre and a radius to a claim.

        Raises:
            InvalidInputError: the network or the data changed meanwhile.
            NotAvailableError: not of class N or G, or not smooth.
            NoVerdictError: an overflow, or an eigenvalue bound that cannot be verified.
            RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
        """
        environment.require()
        centre = self.centre
        if centre is None:
            centre = enclose(stored(self.problem), spectrum=self._eigenvalues())
        if self.sharp:
            centre = with_kernel(centre)
        for radius in self.radii:
            claim = build(centre, radius)
            if claim.holds:
                break
        # Pools may have been restarted with other flags meanwhile.
        environment.require()
        if self.centre is None:
            require_unchanged(claim.arrays, stored(self.problem))
        return claim

    def _eigenvalues(self) -> tuple[float | None, float | None]:
        """The extreme kernel eigenvalues that the profile was made from; None for one that it does not know well."""
        if self.guess is None:
            return None, None
        scale = float(self.problem.share)
        smallest, largest = self.guess.lambda_0.value / scale, float(self.guess.lipschitz[0]) ** 2 / scale
        # Below that share of the largest, a smallest eigenvalue from LAPACK may be off by more than the proof loses.
        return smallest if smallest > 2.0**-30 * largest else None, largest if largest > 0 else None
