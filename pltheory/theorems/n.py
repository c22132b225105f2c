"""Theorem N: kinks are crossed on the ball, the jumps of the Jacobian a perturbation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from ..certification.claim import Claim
from ..certification.kinked.centre import kinked_centre
from ..certification.kinked.certify import POTENTIAL, certify_kinked, end_of, kinked_arrays, search
from ..certification.kinked.profile import KinkedProfile
from ..nets.kinds.affine import Affine
from ..optim import StepSettings, certifiable
from ..problem.problem import Problem
from ..runs.promise import Promise
from ..theory import Bound, Direction, NotAvailableError
from ..theory.formulas import slack
from ..theory.verdict import Comparison, Row, unknown
from .ball_constants import BallConstants
from .hypotheses import CLIPPED, POSITIVE, STEP, shortfall
from .on_ball import OnBall, TheoremOnBall, proved
from .protocol import Hypothesis, Question
from .sources import PROJECT

_SWEEPS = 1000.0
"""Times the backward rows' entries that the search costs: balls, radii of each, and two sweeps at every one."""


@dataclass(frozen=True)
class Found(OnBall):
    """A ball on which kinks may be crossed.

    Attributes:
        profile: that the constants were read off.
        kap: kap(rho), or kap(R) where the condition fails.
        sig: sig there. Both of the loss in use.
    """

    profile: KinkedProfile
    kap: float
    sig: float


def _found(p: KinkedProfile, settings: StepSettings, share: Fraction) -> Found:
    end, c = end_of(p, certifiable(settings), share), float(share)
    holds = end.rate < 1.0
    constants = BallConstants(
        ratio=p.ratio,
        best_radius=float(p.radii[-1]),
        holds=holds,
        radius=float(p.radii[-1]),
        required=end.required,
        beta=c * p.beta,
        eta=p.eta,
        mu=c * end.mu,
        delta=end.floor,
        rate=end.rate if holds else None,
        eta_limit=0.0,
        needed=p.residual,
        available=float(p.available[-1]),
    )
    root = math.sqrt(c)
    return Found(constants, None, p, root * end.kap, root * (end.sig if holds else float(p.sig[-1])))


def _jumps(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown("no bounds over a ball")
    room = slack(found.constants.beta, found.constants.eta)
    allowed = 2 * found.sig * room / (2 - room) if room > 0 else 0.0
    how = f"on the ball R = {found.constants.radius:.4g}"
    needed = Bound(max(0.0, math.nextafter(allowed * (1 - 2.0**-40), 0.0)), Direction.LOWER, how, found.counted)
    return Row(Comparison(Bound(found.kap, Direction.UPPER, how, found.counted), "<", needed, "kap"), how)


def _integral(q: Question, found: Found | None) -> Row:
    if found is None:
        return unknown("no bounds over a ball")
    how = f"{'verified' if found.counted else 'best'} at R = {found.constants.radius:.4g}"
    return Row(Comparison(found.available, ">", found.needed), how)


class JumpsAsPerturbation(TheoremOnBall):
    """The potential of Theorem B less what the Jacobian's jumps may cost."""

    id = "N"
    title = "integrated PL* across kinks"
    citation = PROJECT
    hypotheses = (
        Hypothesis("jumps of the Jacobian, kap < 2 sig (1 - beta eta / 2) / (1 + beta eta / 2)", _jumps),
        POSITIVE,
        CLIPPED,
        STEP,
        Hypothesis(POTENTIAL, _integral),
    )
    conclusion = (
        "L_t <= q^t L_0 with q = 1 - 2 (sig + kap / 2) min h psi_h, path length at most rho, w_t converges to a zero "
        "of L; arguments may cross kinks on the way"
    )
    claims = (
        "jump_step",
        "jump_value",
        "theorem_n_step",
        "jump_rate",
        "theorem_n",
        "jump_rows",
        "knapsack",
        "one_layer_jumps",
        "kink_nodes",
        "window_max",
        "elu",
        "celu",
        "hardswish",
    )
    at_checkpoint = True
    certifiable = True

    def search(self, question: Question) -> Found | None:
        """The smallest ball that fulfils the condition, else the best.

        Raises:
            NotAvailableError: no kinks, another network, or more work than is allowed.
        """
        if question.at.singular is not None:
            return None
        if question.at.graph is None:
            raise NotAvailableError(
                question.at.unavailable or "the network has no kinks: Theorem B says the same of it"
            )
        arrays = kinked_arrays(question.problem)
        kinds = (node.kind for node in arrays.graph.nodes)
        width = sum(n.size for n in arrays.graph.nodes) + sum(k.patches.size for k in kinds if isinstance(k, Affine))
        question.allow(_SWEEPS * question.problem.y.numel() * width)
        centre = kinked_centre(arrays, rounded=False)
        share = question.problem.share
        return _found(search(centre, certifiable(question.settings), share), question.settings, share)

    def prove(self, question: Question, found: Found) -> Found:
        """The same ball with proved constants."""
        claim = certify_kinked(question.problem, question.settings, self.statement, found.constants.radius)
        claim.require_holds()
        constants = proved(found.constants, claim)
        return Found(constants, claim, found.profile, claim["kap"], math.sqrt(claim["mu"]))

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """The proof on a ball found here."""
        return certify_kinked(problem, settings, self.statement)

    def promise(self, question: Question, found: Found) -> Promise | None:
        """Rate and path length."""
        r = found.constants
        return Promise(r.eta, floor=r.delta, rate=r.rate, radius=r.required)

    def shortfall(self, question: Question, found: Found | None, rows: list[Row]) -> str:
        """What is open, and the residual at which it would close."""
        more = []
        if found is not None and not found.constants.holds and 0 < found.constants.ratio <= 1:
            more.append(f"it would close at ||r_0|| below {found.constants.ratio * found.profile.residual:.3g}")
        return shortfall(question, rows, more)


THEOREM = JumpsAsPerturbation()
