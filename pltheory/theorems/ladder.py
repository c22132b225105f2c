"""The theorems of this project, an ordered list: from the classical one to the one that asks for least."""

from __future__ import annotations

from typing import Protocol

from ..certification.claim import Claim
from ..certification.profile import Profile
from ..optim import StepSettings
from ..optim.recursion import Form
from ..problem.batches import Batches
from ..problem.loss import Loss, SquareLoss
from ..problem.problem import Problem
from . import (
    a,
    a_tight,
    b,
    b_plus,
    c,
    d,
    f1,
    f2,
    f3,
    f4,
    heavy_tails,
    l,
    lzb22_4,
    lzb22_6,
    lzll22,
    m,
    m2,
    m3,
    mb,
    n,
    nc,
    s,
    t,
    t_b,
    t_l,
    t_m,
    tmssr25,
    w1,
    w2,
)
from .ball import BallTheorem
from .names import ALL as ALL
from .names import BEST as BEST
from .protocol import Theorem

LADDER: tuple[Theorem, ...] = (
    lzb22_4.THEOREM,
    lzb22_6.THEOREM,
    tmssr25.THEOREM,
    a.THEOREM,
    a_tight.THEOREM,
    b.THEOREM,
    c.THEOREM,
    n.THEOREM,
    b_plus.THEOREM,
    d.THEOREM,
    l.THEOREM,
    s.THEOREM,
    m.THEOREM,
    mb.THEOREM,
    m2.THEOREM,
    m3.THEOREM,
    w1.THEOREM,
    w2.THEOREM,
)

BY_NAME: tuple[Theorem, ...] = (
    t.THEOREM,
    t_b.THEOREM,
    t_l.THEOREM,
    t_m.THEOREM,
    f3.THEOREM,
    nc.THEOREM,
    lzll22.THEOREM,
    *heavy_tails.THEOREMS,
)
"""Theorems that are asked for by their ids alone, and are no step of a ladder: they follow the run itself, speak of the
features at the weights and not of convergence (NC), or of a stationary point at a rate whose constant is not given."""

OF_BATCHES: tuple[Theorem, ...] = (f1.THEOREM, f2.THEOREM, f4.THEOREM)
"""Theorems whose steps see mini-batches; of those of the ladder each sees all samples."""

WEAKEST_DEMAND: BallTheorem = b.THEOREM
AT_CHECKPOINT: BallTheorem = c.THEOREM
"""Of the theorems about a ball, the one that steers radius and step size where several are equally far, at weights
drawn and at weights loaded."""


class AtCheckpoint(Protocol):
    """A theorem in whose basin a checkpoint is brought."""

    @property
    def id(self) -> str:
        """As of `Theorem`."""
        ...

    def require_covers(self, settings: StepSettings) -> None:
        """As of `Theorem`."""
        ...

    def outside(self, batches: Batches | None, loss: Loss) -> str:
        """As of `Theorem`."""
        ...

    def ratio(self, p: Profile, settings: StepSettings) -> float:
        """What there is over what is needed, in floats; more than 1 where the theorem holds as computed."""
        ...

    def certify_near(self, problem: Problem, settings: StepSettings, guess: Profile) -> Claim:
        """The proof on a ball chosen by a profile, which is trusted for nothing else."""
        ...


BASINS: dict[str, AtCheckpoint] = {
    each.id: each for each in (AT_CHECKPOINT, s.THEOREM, m.THEOREM, mb.THEOREM, m2.THEOREM, m3.THEOREM)
}
"""Theorems that `pltheory certify` proves after a polish, by id."""


def by_cost(settings: StepSettings, *, checkpoint: bool, loss: Loss) -> tuple[Theorem, ...]:
    """What "best" tries in turn, until one reaches the level.

    Args:
        settings: the step rule; where eta is constant and there is no momentum, S says what B does.
        checkpoint: whether the weights were loaded.
        loss: of the problem.

    The others of the ladder ask for more: where LZB22-6, TMSSR25 or A allow the step, their radius is at least that
    of A'. Of the square loss Theorem L says what B says.
    """
    if not isinstance(loss, SquareLoss):
        return (l.THEOREM,)
    plain = Form.PLAIN in settings.forms
    return (
        *((AT_CHECKPOINT if checkpoint else WEAKEST_DEMAND,) if plain else (s.THEOREM,)),
        a_tight.THEOREM,
        n.THEOREM,
        b_plus.THEOREM,
        m.THEOREM,
        mb.THEOREM,
        m2.THEOREM,
        m3.THEOREM,
        d.THEOREM,
        w1.THEOREM,
        w2.THEOREM,
    )


WORK = {ALL: 1e8, BEST: 3e10}
"""Multiplications that a theorem may spend by itself where it was not asked for by name: seconds, or some minutes."""
CERTIFIABLE = {t.id: t for t in (*LADDER, *BY_NAME, *OF_BATCHES) if t.certifiable}
"""The theorems that have certificates, by id."""
