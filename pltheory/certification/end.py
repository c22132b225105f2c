"""What follows a run that Theorem T encloses: its end as a problem and as a centre, and the claim of both.

**Statement.** Let w~_T be the stored end of T steps, and eps_T a bound of its distance from the exact iterate x_T
(Theorem T). If the hypotheses of a theorem about a ball hold for every start in B(w~_T, eps_T) (`centre`), the exact
method that takes the stored steps and then steps of the theorem's kind has its conclusions from step T on, with x_T in
place of w_0.

*Proof.* x_T is one of the starts, and a theorem about steps from a start asks nothing of how it was come by. QED
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch

from ..optim import ClippedSettings
from ..problem.problem import Problem
from ..rigor.roundoff import ETA, Array, add_up, mul_up
from ..rigor.scalar import interval
from ..theory.statement import Statement
from .centre import Centre, from_within
from .claim import Claim, Inequality
from .enclose import enclose
from .finite import FiniteRun, finite_claim
from .finite.expansion import Momentum
from .finite.run import network_of
from .finite.step import Pair
from .stored import FloatNetwork
from .trajectory.growth import Expansion
from .trajectory.network import norm

THEN = "then_"
"""Before the names of what is claimed from step T on."""
ROOM = 1.0 + 2.0**-20
"""What is claimed of the state at step T is worse than what was found by that factor: a recheck rounds otherwise."""
_WORDS = (("w_0", "w~_T"), ("L_0", "L_T"), ("r_0", "r_T"), ("rho_0", "rho_T"))


def from_end(name: str) -> str:
    """A hypothesis about w_0, as it is said of the end of a run."""
    for here, there in _WORDS:
        name = name.replace(here, there)
    return name


@torch.no_grad()
def problem_at(problem: Problem, parameters: Sequence[Array] | None = None) -> Problem:
    """A copy in double precision, its weights and then its biases replaced where given."""
    network = copy.deepcopy(problem.network).double()
    work = Problem(network, problem.x.double(), problem.y.double(), problem.loss)
    if parameters is not None:
        layers = work.class_n().layers
        biases = [layer.bias for layer in layers if layer.bias is not None]
        for p, value in zip([*(layer.weight for layer in layers), *biases], parameters, strict=True):
            p.copy_(torch.as_tensor(value))
    return work


def point_ahead(state: Pair, expansion: Expansion) -> list[Array]:
    """What follows starts near these parameters: w~, with momentum about w~ + al d~."""
    if not isinstance(expansion, Momentum):
        return state.w
    return [w + expansion.al.hi * d for w, d in zip(state.w, state.d, strict=True)]


def length(state: Pair) -> float:
    """Of the buffer, an upper bound; 0 where there is none."""
    return norm(state.d).hi if state.d else 0.0


def end_of(run: FiniteRun) -> FloatNetwork:
    """The network about which what follows a run is proved."""
    return network_of(run.start, point_ahead(run.final, run.expansion))


def centre_at(run: FiniteRun) -> Centre:
    """Verified numbers for every start that the exact run may end at.

    With momentum a start is z_T = w_T + al d_T: the norm of pairs is at least |z| and sqrt(c) |d|, so that z_T is
    within eps_T of w~_T + al d~_T, and |d_T| is at most |d~_T| + eps_T / sqrt(c).

    Raises:
        NoVerdictError: an overflow, or no eigenvalue bound could be verified.
    """
    end = end_of(run)
    centre = enclose(run.start.replaced(end.weights, end.biases))
    if not isinstance(run.expansion, Momentum):
        return from_within(centre, run.apart)
    d = length(run.final)
    # Of w + al d as computed: al, the product and the sum are each rounded once or twice.
    off = mul_up(2.0**-49, add_up(norm(end.parameters).hi, mul_up(run.expansion.al.hi, d)))
    count = float(sum(p.size for p in end.parameters))
    spread = float(add_up(run.eps, off, mul_up(2.0, ETA, count)) * ROOM)
    buffer = (interval(d) + interval(run.eps) / interval(run.expansion.root)).hi * ROOM
    return replace(from_within(centre, spread), buffer=buffer)


def followed_by(statement: Statement, loss: str, settings: ClippedSettings, run: FiniteRun, then: Claim) -> Claim:
    """The claim of a run and of what follows.

    Args:
        statement: the theorem in words.
        loss: name of the problem's loss.
        settings: the step rule of the run, its eta a double.
        run: of the stored steps.
        then: the claim from its end on; a number `spread` of it is the run's `apart`.
    """
    first = finite_claim(statement, loss, settings, run)
    if not first.inequalities:
        return first
    later = (Inequality(from_end(i.name), i.left, i.relation, i.right) for i in then.inequalities)
    return replace(
        first,
        bounds={**first.bounds, **{THEN + name: b for name, b in then.bounds.items()}},
        inequalities=(*first.inequalities, *later),
        witness={**first.witness, **then.witness},
        numbers={
            **first.numbers,
            **{THEN + name: value for name, value in then.numbers.items() if name != "spread"},
        },
        shortfall=then.shortfall,
        unwritten=then.unwritten,
        recursion=then.recursion,
    )
