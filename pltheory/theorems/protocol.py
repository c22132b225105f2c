"""What a theorem is: a question goes in, rows of numbers come out, and a promise about the run.

A theorem of this project and one of another package are the same kind of object. What it finds is its own type: its
hypotheses read that, and nobody else does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from ..certification.claim import Claim
from ..optim import StepSettings
from ..optim.recursion import Form
from ..problem.batches import Batches
from ..problem.loss import Loss, SquareLoss
from ..problem.problem import Problem
from ..runs.loop import Progress
from ..runs.promise import Promise
from ..theory import InvalidInputError, NotAvailableError
from ..theory.display import ROWS, cells, page, table
from ..theory.statement import Statement
from ..theory.verdict import Row, Verdict
from .ball_constants import BallConstants
from .measured import Measured

STEPS = 10_000
"""Steps that a theorem may compute by itself."""


@dataclass(frozen=True)
class Question:
    """What a theorem is asked: does it apply to this problem under this step rule.

    Attributes:
        at: what was measured at w_0, the problem among it. To be read, never written.
        settings: the step rule; its eta may be a text "c/beta".
        rigorous: whether round-off is to be counted where the theorem can do so.
        checkpoint: name of the file that the weights came from, or None.
        work: most multiplications a theorem may spend by itself, infinite where it was asked for by its name.
        steps: most steps that a theorem may compute by itself.
        options: the theorem's own settings.
        progress: called as (done, total, note), or None.
        batches: what each step sees; None for all samples.
    """

    at: Measured
    settings: StepSettings
    rigorous: bool = True
    checkpoint: str | None = None
    work: float = math.inf
    steps: int = STEPS
    options: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress | None = None
    batches: Batches | None = None

    @property
    def problem(self) -> Problem:
        """Network, data and loss."""
        return self.at.problem

    def allow(self, cost: float) -> None:
        """Refuse what would cost more multiplications than are allowed: counted, not timed, on every machine alike.

        Raises:
            NotAvailableError: it would.
        """
        if cost > self.work:
            raise NotAvailableError(
                f"not tried, it may take {cost:.0e} multiplications where {self.work:.0e} are allowed: "
                "ask for it by its name"
            )

    def require_fully_connected(self, theorem: str) -> None:
        """Refuse a network of class G for a theorem that speaks of layers.

        Raises:
            NotAvailableError: it is one.
        """
        if self.at.graph is not None:
            raise NotAvailableError(f"Theorem {theorem} speaks of fully connected smooth networks only")


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis of a theorem: it judges itself.

    Attributes:
        name: the hypothesis in a phrase.
        judge: from the question and what the theorem found, None where it found nothing, to a row. The row's verdict
            is computed from its numbers.
    """

    name: str
    judge: Callable[[Question, Any], Row]


class Theorem:
    """A theorem and the code that holds it against a problem; a subclass gives the texts and overrides what it has.

    Attributes:
        id: the name used in configurations.
        title: a few words.
        citation: where it comes from.
        hypotheses: in the order in which they are checked.
        conclusion: what follows for the iterates.
        claims: names of the lemmas in `proofs_checks` that it rests on.
        rules: names of the step rules of other packages that it speaks of, whatever it asks of their steps; of any
            other of theirs it says something only where `CLIPPED` is a hypothesis, and proves nothing.
        orders: the orders of mini-batches that it speaks of, of `pltheory.problem.batches.ORDERS`; of none, it speaks
            of steps that see all samples.
        averaged: whether it speaks of workers that average, and of these alone.
        forms: what its steps may be, momentum and schedule; of any other it says nothing.
        losses: names of the losses that it speaks of.
        options: names of its own settings in a configuration, of a built-in theorem.
        at_checkpoint: whether it speaks of weights that were loaded from a file.
        certifiable: whether `certify` proves it, by `proof` or, of mini-batches, by `proof_on_batches`.
    """

    id: str
    title: str
    citation: str
    hypotheses: tuple[Hypothesis, ...]
    conclusion: str
    claims: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    averaged: bool = False
    forms: frozenset[Form] = frozenset({Form.PLAIN})
    losses: tuple[str, ...] = (SquareLoss.name,)
    options: tuple[str, ...] = ()
    at_checkpoint: bool = False
    certifiable: bool = False

    def outside(self, batches: Batches | None, loss: Loss) -> str:
        """Why it says nothing of steps that see these batches, or of the loss; empty where it does."""
        if loss.name not in self.losses:
            return f"Theorem {self.id} speaks of the {' and the '.join(self.losses)} loss, not of {loss.name}"
        if batches is None and not self.orders:
            return ""
        if batches is not None:
            if batches.until is not None:
                return f"Theorem {self.id} speaks of steps that see the same kind of batches: run.batch_until is given"
            if batches.order in self.orders:
                return self.outside_workers(batches)
            speaks = f"run.order {' or '.join(map(repr, self.orders))}" if self.orders else "steps that see all samples"
            return f"Theorem {self.id} speaks of {speaks}; run.batch = {batches.size}, run.order = {batches.order!r}"
        return f"Theorem {self.id} speaks of mini-batches: run.batch is missing"

    def require_speaks(self, batches: Batches | None, loss: Loss) -> None:
        """Refuse what is outside of the theorem.

        Raises:
            NotAvailableError: the loss is.
            InvalidInputError: the batches are.
        """
        outside = self.outside(batches, loss)
        if loss.name not in self.losses:
            raise NotAvailableError(outside)
        if outside:
            raise InvalidInputError(outside)

    def outside_workers(self, batches: Batches | None) -> str:
        """Why it says nothing of these workers, or of none; empty where it does."""
        workers = None if batches is None else batches.workers
        if self.averaged == (workers is not None):
            return ""
        if self.averaged:
            return f"Theorem {self.id} speaks of local steps that are averaged: run.workers is missing"
        return f"Theorem {self.id} speaks of steps that follow one another; run.workers = {workers}"

    @property
    def statement(self) -> Statement:
        """The words that a certificate repeats."""
        return Statement(self.id, self.citation, self.conclusion)

    def uncovered(self, settings: StepSettings) -> str:
        """Why the theorem does not speak of these steps, in a clause; empty where it does."""
        if self.forms & settings.forms:
            return ""
        return f"Theorem {self.id} speaks of {' or of '.join(sorted(self.forms))}, not of {settings.recursion.words}"

    def require_covers(self, settings: StepSettings) -> None:
        """Refuse steps that the theorem does not speak of.

        Raises:
            InvalidInputError: it does not.
        """
        uncovered = self.uncovered(settings)
        if uncovered:
            raise InvalidInputError(f"optimizer: {uncovered}")

    def search(self, question: Question) -> Any:
        """What the hypotheses are held against; None where there is nothing.

        Raises:
            InvalidInputError: an option that is not allowed; the message names it.
            NotAvailableError: the theorem's numbers do not exist for this network: every row is then UNDECIDED.
        """
        return None

    def prove(self, question: Question, found: Any) -> Any:
        """The same with round-off counted, asked for where every hypothesis holds as computed.

        Raises:
            NoVerdictError: round-off is not covered.
        """
        return found

    def certificate(self, found: Any) -> Claim | None:
        """The proof in what was found, where there is one."""
        return None

    def promise(self, question: Question, found: Any) -> Promise | None:
        """What the run is held against if every hypothesis holds; None where nothing is promised of a single run."""
        return None

    def concluded(self, question: Question, found: Any) -> str:
        """What follows here, in words: the conclusion with the numbers that were found."""
        return self.conclusion

    def consequences(self, question: Question, found: Any) -> list[Row]:
        """What follows beside the conclusion if every hypothesis holds, each with its own verdict."""
        return []

    def ball_constants(self, found: Any) -> BallConstants | None:
        """Constants on a ball, as tables and figures show them."""
        return None

    def step(self, question: Question, found: Any) -> float | None:
        """The step size that the theorem is about, where eta = "c/beta" leaves it to the theorem's own beta."""
        return None

    def shortfall(self, question: Question, found: Any, rows: list[Row]) -> str:
        """What is missing and what would close it; made from the rows that are open when left empty."""
        return ""

    @final
    def certify(self, problem: Problem, settings: StepSettings, batches: Batches | None = None) -> Claim:
        """Prove the theorem's hypotheses with arithmetic that counts its own rounding.

        Args:
            problem: network, data and a loss that the theorem names.
            settings: the step rule.
            batches: what each step sees; None for all samples.

        Raises:
            InvalidInputError: the theorem has no certificate, or does not speak of such batches.
            NotAvailableError: it does not speak of the loss.
        """
        self.require_speaks(batches, problem.objective)
        return self.proof(problem, settings) if batches is None else self.proof_on_batches(problem, settings, batches)

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """What `certify` gives of steps that see all samples, for a loss that the theorem names.

        Raises:
            InvalidInputError: the theorem has no certificate.
        """
        raise InvalidInputError(f"theorem = {self.id!r}: has no certificate")

    def proof_on_batches(self, problem: Problem, settings: StepSettings, batches: Batches) -> Claim:
        """The same of steps that see batches.

        Raises:
            InvalidInputError: the theorem has no certificate of them.
        """
        raise InvalidInputError(f"theorem = {self.id!r}: has no certificate of steps that see batches")


@dataclass(frozen=True)
class TheoremReport:
    """A theorem's verdict on a problem.

    Attributes:
        theorem: the theorem.
        verdict: the weakest of its rows.
        rows: one per hypothesis, in the theorem's order.
        ball_constants: the constants on a ball, where the theorem has one.
        shortfall: what is missing and what would close it; empty when nothing is.
        certificate: the proof, where there is one.
        eta: the step size that the theorem is about; None where it leaves it open.
        promise: what the run is held against; None where nothing is promised.
        origin: whose code made the rows; None for this project's.
        concluded: the conclusion with the numbers that were found; empty where there is no more to say.
        consequences: what follows beside the conclusion, where every hypothesis holds.
    """

    theorem: Theorem
    verdict: Verdict
    rows: list[Row]
    ball_constants: BallConstants | None
    shortfall: str
    certificate: Claim | None = None
    eta: float | None = None
    promise: Promise | None = None
    origin: str | None = None
    concluded: str = ""
    consequences: tuple[Row, ...] = ()

    def __repr__(self) -> str:
        return f"TheoremReport(Theorem {self.theorem.id}, {self.verdict.value}, {len(self.rows)} hypotheses)"

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict, then the hypotheses."""
        said = f"Theorem {self.theorem.id}: {self.theorem.title}{f'; {self.shortfall}' if self.shortfall else ''}"
        return page(self.verdict.value, said, table(ROWS, map(cells, self.rows)))


_WORDS: dict[type, str] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list", dict: "a section"
}  # fmt: skip
"""What an option takes, by the type of its default."""


def options_of(question: Question, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The theorem's options with their defaults; for use inside `search`.

    Raises:
        InvalidInputError: an option without a default here, or of another type than its default.
    """
    for name, value in question.options.items():
        if name not in defaults:
            raise InvalidInputError(f"theorem.options.{name}: unknown; known are {', '.join(defaults) or 'none'}")
        allowed: tuple[type, ...] = (type(defaults[name]),)
        if allowed == (float,):
            allowed = (float, int)
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            words = _WORDS.get(allowed[0], f"a {allowed[0].__name__}")
            raise InvalidInputError(f"theorem.options.{name} = {value!r}: must be {words}")
    return {**defaults, **question.options}
