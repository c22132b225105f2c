"""What is the same of all theorems that find constants on a ball, by search in floating point or proved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from ..certification.claim import Claim
from ..certification.profile import Profile
from ..theory import Bound, Direction
from ..theory.arithmetic import FLOATS
from ..theory.bound import given
from ..theory.digits import above
from .ball_constants import BallConstants
from .protocol import Question, Theorem


@dataclass(frozen=True)
class OnBall:
    """What a theorem found: a ball by search in floating point, or the same ball with proved constants.

    Attributes:
        constants: the constants.
        certificate: the proof that they are of, where there is one.
        clipped: what is known of the norm that is clipped.
    """

    constants: BallConstants
    certificate: Claim | None

    clipped: ClassVar[str] = "||grad L|| ≤ L_F ||r_0||"

    @property
    def counted(self) -> bool:
        """Whether round-off is counted in the constants."""
        return self.certificate is not None

    @property
    def eta(self) -> Bound:
        """The step size, a double."""
        return given(self.constants.eta)

    @property
    def beta(self) -> Bound:
        """Upper bound of lambda_max(Hess L) on the ball."""
        how = f"beta ≤ {above(self.constants.beta, 4)} on the ball R = {self.constants.radius:.4g}"
        return Bound(self.constants.beta, Direction.UPPER, how + (", verified" if self.counted else ""), self.counted)

    @property
    def floor(self) -> Bound:
        """Lower bound of h_t / eta, of h_t / eta_t where steps are scheduled."""
        return Bound(self.constants.delta, Direction.LOWER, f"Lemma 1 and {self.clipped}", self.counted)

    @property
    def lambda_min(self) -> Bound | None:
        """Proved lower bound of the smallest kernel eigenvalue at w_0; None where a search left it as measured."""
        if self.certificate is None:
            return None
        return replace(self.certificate.bounds["lambda_min"], method="Cholesky factor with verified residual")

    @property
    def needed(self) -> Bound:
        """Upper bound of what the radius condition asks for."""
        return Bound(self.constants.needed, Direction.UPPER, "", self.counted)

    @property
    def available(self) -> Bound:
        """Lower bound of what there is: the radius, or an integral over it."""
        return Bound(self.constants.available, Direction.LOWER, "", self.counted)


@dataclass(frozen=True)
class Ball(OnBall):
    """The same with a profile of bounds of the network as long as no kink is met.

    Attributes:
        profile: that the constants were read off.
    """

    profile: Profile

    @property
    def kinks(self) -> Bound:
        """How many arguments of functions with kinks may meet one on the ball."""
        radius = self.constants.radius
        met = 0 if self.counted else self.profile.bounds.kinks(radius, FLOATS, float)
        near = self.nearest_kink
        how = f"no argument meets one on the ball R = {radius:.4g}"
        if met:
            how = f"{met} argument{'s' * (met != 1)} may meet one on the ball R = {radius:.4g}"
        how += ", verified" if self.counted else ""
        return Bound(float(met), Direction.UPPER, how + (f"; nearest: {near}" if near else ""), self.counted)

    @cached_property
    def nearest_kink(self) -> str:
        """The argument that meets a kink first, at the end of the profile or before; "" where none does."""
        return self.profile.bounds.nearest_kink(float(self.profile.radii[-1]))


class TheoremOnBall(Theorem):
    """A theorem that finds an `OnBall`, or what has its constants and certificate."""

    def certificate(self, found: Any) -> Claim | None:
        """The proof on the ball."""
        proof: Claim | None = found.certificate
        return proof

    def ball_constants(self, found: Any) -> BallConstants | None:
        """The ball's constants."""
        return None if found is None else found.constants

    def step(self, question: Question, found: Any) -> float | None:
        """Eta on the ball."""
        return None if found is None else found.constants.eta


def proved(constants: BallConstants, claim: Claim) -> BallConstants:
    """The constants of a ball as a claim proves them; its last inequality is the radius condition."""
    last = claim.inequalities[-1]
    return replace(
        constants,
        holds=True,
        radius=claim.numbers["radius"],
        required=claim["required"],
        beta=claim["beta"],
        eta=claim.eta,
        mu=claim["mu"],
        delta=claim["floor"],
        rate=claim["rate"] if "rate" in claim.bounds else None,
        needed=last.left,
        available=last.right,
    )
