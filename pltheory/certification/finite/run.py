"""Theorem T: the exact iterate after T stored steps is where float64 says, within a proved distance.

**Statement.** Let w_0, the data, the batches B_0, .., B_{T-1} and the rule's numbers be stored doubles, and (x_t, d_t)
the iterates from (w_0, 0) in exact real arithmetic: step t sees the loss l_t of batch B_t. Float64 steps give (w~_t,
d~_t). With eps_0 = 0 and `eps_{t+1} = Lip_t eps_t + rho_t`, rho_t a bound of the distance of the computed from the
exact step from (w~_t, d~_t) (`step`) and Lip_t one of the Lipschitz constant of the exact step over the ball of radius
eps_t about it (`expansion`), all in the norm of pairs, the exact pair is within eps_t of the computed one for every t
<= T, so `|x_t - w~_t| <= reach eps_t`.

*Proof.* One step is `S_t(w, d)`; the computed pair is within rho_t of S_t of the computed one before, and S_t of that
is within Lip_t eps_t of S_t of the exact one, since both lie in the ball. The ball is convex and S_t is continuous and
piecewise C^1 in the gradient, so the supremum of its derivative's norm is such a constant. Over the ball `Hess l_t =
J^T l'' J + sum_ic l'_ic Hess f_ic` has its spectrum in `[-nu, bend L_F^2 + nu]`, nu a bound of the norm of the second
sum, because l'' lies between 0 and bend: convexity is all that is asked of the loss. QED

Nothing is asked of sigma_min, of eta, or of the loss at the end.

**Replay.** As in Theorem D: bounds of step t hold on `B(w~_t, 2 reach eps_t)`, which holds the ball of radius reach
eps_t about the exact x_t, so that they are claims about x_t, which other code can follow.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...optim import StepSettings
from ...problem.loss import Loss
from ...rigor import environment
from ...rigor.errors import NoVerdictError
from ...rigor.roundoff import Array, add_up, mul_up
from ...rigor.scalar import Interval, interval
from ..stored import Arrays, FloatNetwork
from ..trajectory.bounds import Reference, reference
from ..trajectory.certify import StepRecord
from ..trajectory.curvature import DataGram, data_gram, hidden_layer_curvature
from ..trajectory.growth import Expansion, growth
from ..trajectory.network import Forward, distance_up, forward
from ..trajectory.step import gradient
from .expansion import expansion_of
from .outcome import Outcome, outcome
from .outputs import OUTPUT_LOSSES, OutputLoss
from .step import Clip, Pair, start, take

Status = Literal["CERTIFIED", "UNDECIDED"]
Progress = Callable[[int, float, float], None]
"""Called after each step with t, eps and the product of the growth factors."""
Enough = Callable[[int, Pair, Expansion], bool]
"""Asked after each step with t, the computed state and the norm of pairs: whether the run may end there."""
_HEADROOM = 1.0 + 2.0**-10
"""Curvatures are stated by that factor larger than found, so that bounds found in another way confirm them."""


@dataclass(frozen=True)
class Rule:
    """The exact iteration: its doubles, and what step t sees.

    Attributes:
        eta: the step sizes eta_0, .., eta_{T-1}; constant where there is momentum.
        gamma, delta: of the clip of the gradient's norm.
        m: momentum, 0 for none.
        nesterov: which recursion.
        batches: the samples of each step, T of them.
        loss: in use.
    """

    eta: tuple[float, ...]
    gamma: float
    delta: float
    m: float
    nesterov: bool
    batches: tuple[tuple[int, ...], ...]
    loss: Loss

    @property
    def of_outputs(self) -> OutputLoss:
        """What is asked of the loss, a sum over samples."""
        return OUTPUT_LOSSES[self.loss.name]


@dataclass(frozen=True)
class FiniteRecord(StepRecord):
    """Step t as in Theorem D, `eps`, `rho` and `factor` in the norm of pairs, `residual` of l' on the batch.

    Attributes:
        bend: upper bound of lambda_max(l'') over the ball, summed loss.
    """

    bend: float


@dataclass(frozen=True, eq=False)
class FiniteRun:
    """What was proved of the exact run, or where the proof stopped.

    Attributes:
        status: CERTIFIED, or UNDECIDED with the obstruction.
        rule: the iteration.
        start: w_0 and the data.
        expansion: the norm of pairs.
        records: one per step taken.
        eps: eps_T in the norm of pairs.
        growth: upper bound of the product of the Lip_t.
        final: the computed w_T and d_T.
        outcome: what is enclosed at step T; None where the proof stopped before.
        obstruction: a sentence saying what failed; empty where CERTIFIED.
    """

    status: Status
    rule: Rule
    start: Arrays
    expansion: Expansion
    records: tuple[FiniteRecord, ...]
    eps: float
    growth: float
    final: Pair
    outcome: Outcome | None
    obstruction: str

    @property
    def steps(self) -> int:
        """T."""
        return len(self.records)

    @property
    def apart(self) -> float:
        """Upper bound of ||x_T - w~_T||."""
        return float(mul_up(self.expansion.reach, self.eps))

    @property
    def branches(self) -> dict[str, int]:
        """Steps decided to be full, band or floor over the whole ball, and undecided ones."""
        return dict(Counter(r.branches[0] if len(r.branches) == 1 else "undecided" for r in self.records))


@dataclass(frozen=True, eq=False)
class Seen:
    """A batch at w~_t.

    Attributes:
        at: the forward pass, `residual` being l'.
        outputs: F on the batch and its targets.
        net: the weights.
        rows: the samples.
    """

    at: Forward
    outputs: Forward
    net: FloatNetwork
    rows: tuple[int, ...]


class _Run:
    """The state, its error, and bounds about earlier weights by the batch that they are of."""

    def __init__(self, start_: Arrays, rule: Rule, expansion: Expansion) -> None:
        self.start, self.rule, self.expansion = start_, rule, expansion
        self.net: FloatNetwork = start_
        self.state = start(start_.parameters, expansion)
        self.eps, self.growth = 0.0, 1.0
        self.records: list[FiniteRecord] = []
        self.path: list[Interval] = []
        self._references: dict[tuple[int, ...], Reference] = {}
        self._grams: dict[tuple[int, ...], DataGram | None] = {}

    @property
    def t(self) -> int:
        return len(self.records)

    @property
    def radius(self) -> float:
        """Radius about w~_t of the ball that bounds are about; it holds the ball of radius reach eps_t about x_t."""
        return float(mul_up(2.0, self.expansion.reach, self.eps))

    def look(self, rows: tuple[int, ...]) -> Seen:
        """The batch at w~_t."""
        index = list(rows)
        x, y = self.start.x[index], self.start.y[index]
        outputs = forward(self.net, x, np.zeros_like(y))
        return Seen(replace(outputs, residual=self.rule.of_outputs.slope(outputs.residual, y)), outputs, self.net, rows)

    def about(self, seen: Seen) -> tuple[float, float]:
        """Upper bounds over B(w~_t, 2 reach eps_t) of ||J|| of the batch and of its Lipschitz constant."""
        ref = self._references.get(seen.rows)
        away = math.inf if ref is None else float(add_up(distance_up(self.net, ref.network), self.radius))
        if ref is None or not away <= ref.radius:
            ref = self._references[seen.rows] = reference(self.net, seen.outputs, self.radius)
            away = self.radius
            if not away <= ref.radius:
                raise NoVerdictError(f"eps = {self.eps:.3g} is not inside any ball with bounds")
        return float(add_up(ref.jacobian, mul_up(away, ref.ell))), ref.ell

    def curvature(self, seen: Seen, ell: float, residual: float, pull: float) -> float:
        """Upper bound over the ball of ||sum_ic l'_ic Hess f_ic||; l' moves by at most pull times what w does."""
        general = float(mul_up(residual, ell))
        if seen.rows not in self._grams:
            self._grams[seen.rows] = data_gram(self.start, seen.at.inputs[0].mid)
        gram = self._grams[seen.rows]
        if gram is None:
            return general
        return min(general, hidden_layer_curvature(self.net, seen.at, gram, self.radius, pull))

    def advance(self) -> None:
        """One step, its error and its growth."""
        rule, rows = self.rule, self.rule.batches[self.t]
        seen = self.look(rows)
        lipschitz, ell = self.about(seen)
        share = rule.loss.share(len(rows), self.start.y.shape[1])
        clip = Clip(rule.eta[self.t], rule.gamma, rule.delta)
        found = gradient(self.net, seen.at, lipschitz, share)
        taken = take(self.state, found.arrays, found.apart, clip, self.expansion)
        outputs, y = seen.outputs.residual, self.start.y[list(rows)]
        bend = rule.of_outputs.bend(outputs, y, float(mul_up(lipschitz, self.radius)))
        pull = float(mul_up(rule.of_outputs.most, lipschitz))
        residual = float(add_up(seen.at.residual_norm.hi, mul_up(pull, self.radius)))
        curvature = float(mul_up(_HEADROOM, self.curvature(seen, ell, residual, pull)))
        bend = min(rule.of_outputs.most, float(mul_up(_HEADROOM, bend)))
        grown = growth(
            curvature, lipschitz, self.radius, taken.grad, clip.eta, clip.gamma, clip.delta, interval(share),
            bend=bend, expansion=self.expansion,
        )  # fmt: skip
        self.records.append(
            FiniteRecord(
                self.eps, taken.rho, grown.factor, residual, lipschitz, curvature, curvature, grown.beta,
                grown.grad, tuple(sorted(grown.branches)), bend,
            )
        )  # fmt: skip
        eps = float(add_up(mul_up(grown.factor, self.eps), taken.rho))
        self.growth = float(mul_up(self.growth, max(grown.factor, 1.0)))
        if not math.isfinite(eps):
            raise NoVerdictError("the error recursion overflows")
        self.eps, self.state = eps, taken.state
        self.path.append(taken.length)
        self.net = network_of(self.start, taken.state.w)

    def finished(self) -> Outcome:
        """What is enclosed of the exact iterate at the end."""
        rule = self.rule
        errors = [float(mul_up(self.expansion.reach, e)) for e in (*(r.eps for r in self.records), self.eps)]
        whole = self.look(tuple(range(len(self.start.x))))
        ref = reference(self.net, whole.outputs, errors[-1])
        first = forward(self.start, self.start.x, np.zeros_like(self.start.y)).residual
        return outcome(
            whole.outputs.residual, whole.at, first, self.start, self.net, rule.loss, ref.lipschitz, errors,
            self.path,
        )  # fmt: skip

    def result(self, status: Status, found: Outcome | None, why: str) -> FiniteRun:
        return FiniteRun(
            status, self.rule, self.start, self.expansion, tuple(self.records), self.eps, self.growth, self.state,
            found, why,
        )  # fmt: skip


def network_of(like: FloatNetwork, parameters: Sequence[Array]) -> FloatNetwork:
    """The network with these parameters, weights first."""
    biases = iter(parameters[like.depth :])
    return FloatNetwork(
        tuple(parameters[: like.depth]), tuple(None if b is None else next(biases) for b in like.biases), like.kappa,
        like.tau, like.activation,
    )  # fmt: skip


def smoothness_at_start(start_: Arrays, rule: Rule) -> float:
    """Largest bound of the Hessian's norm over the batches of the first steps at w_0, loss in use: a guess."""
    run = _Run(start_, rule, expansion_of(0.0, False, 1.0, 1.0))
    found = 0.0
    for rows in dict.fromkeys(rule.batches[:32]):
        seen = run.look(rows)
        lipschitz, ell = run.about(seen)
        pull = float(mul_up(rule.of_outputs.most, lipschitz))
        curvature = run.curvature(seen, ell, seen.at.residual_norm.hi, pull)
        bend = rule.of_outputs.bend(seen.outputs.residual, start_.y[list(rows)], 0.0)
        found = max(found, float(rule.loss.share(len(rows), start_.y.shape[1])) * (bend * lipschitz**2 + curvature))
    return found


def largest_step(start_: Arrays, rule: Rule, settings: StepSettings) -> float:
    """Eta of the settings; of "c/beta", beta is the largest of the batches' bounds at w_0: any double is honest."""
    multiple = settings.multiple
    return float(settings.eta if multiple is None else multiple / smoothness_at_start(start_, rule))


def follow(start_: Arrays, rule: Rule, progress: Progress | None = None, enough: Enough | None = None) -> FiniteRun:
    """Take the stored steps in float64 and enclose the exact iterate after them (Theorem T).

    Args:
        start_: w_0 of class N with a smooth activation, and the data.
        rule: the iteration; a step for every batch of it, or for the first of them where `enough` ends the run.
        progress: called after each step.
        enough: whether to end it; never where None.

    Raises:
        NotAvailableError: the activation is not smooth.
        RoundingEnvironmentError: the processor does not round as the bounds presuppose.
    """
    environment.require()
    expansion = expansion_of(rule.m, rule.nesterov, max(rule.eta), smoothness_at_start(start_, rule))
    run = _Run(start_, rule, expansion)
    found = None
    try:
        while run.t < len(rule.batches):
            # A bound that overflows is infinite, and what is no number comes of one: neither leaves a finite error.
            with np.errstate(over="ignore", invalid="ignore"):
                run.advance()
            if progress is not None:
                progress(run.t, run.eps, run.growth)
            if enough is not None and enough(run.t, run.state, run.expansion):
                run.rule = replace(rule, eta=rule.eta[: run.t], batches=rule.batches[: run.t])
                break
        found = run.finished()
        status: Status = "CERTIFIED" if found.informative else "UNDECIDED"
        why = "" if found.informative else f"{found.vague}; eps_T = {run.eps:.3g}, growth {run.growth:.3g}"
    except NoVerdictError as error:
        status, why = "UNDECIDED", f"step {run.t}: {error}; {_worst(run)}"
    environment.require()
    return run.result(status, found, why)


def _worst(run: _Run) -> str:
    """The step with the largest growth factor, and the growth so far."""
    if not run.records:
        return "no step was taken"
    t = int(np.argmax([r.factor for r in run.records]))
    return f"growth so far {run.growth:.3g}, largest factor {run.records[t].factor:.4g} at step {t}"
