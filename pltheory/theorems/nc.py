"""Theorem NC: neural collapse of the last-layer features of a network that ends in two linear layers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..certification.claim import Claim
from ..certification.collapse import VerifiedCollapse, collapse_claim, verified_collapse
from ..measure.collapse import Collapse, class_labels, collapse_of
from ..measure.linear_head import Array, LinearHead, linear_head
from ..optim import StepSettings
from ..optim.recursion import Form
from ..problem.loss import KINDS
from ..problem.problem import Problem
from ..rigor.errors import NoVerdictError
from ..theory import Bound, InvalidInputError, NotAvailableError
from ..theory.bound import Direction, estimate, exact, given, upper
from ..theory.digits import above
from ..theory.verdict import Comparison, Fact, Row, unknown
from .hypotheses import ZERO
from .protocol import Hypothesis, Question, Theorem

ONE = given(1.0, "one")


@dataclass(frozen=True)
class Found:
    """What is known of the last two layers.

    Attributes:
        why_no_head, why_no_labels: empty where there are such.
        head: the linear layers, or None.
        labels: the classes, or None.
        numbers: as computed; None without head or labels.
        verified: with round-off counted, once proved.
    """

    why_no_head: str
    why_no_labels: str
    head: LinearHead | None
    labels: Array | None
    numbers: Collapse | None
    verified: VerifiedCollapse | None = None

    @property
    def gain(self) -> Bound:
        """s."""
        if self.verified is not None:
            return Bound(self.verified.gain, Direction.LOWER, "verified Cholesky factor", rounded=True)
        assert self.numbers is not None
        n = self.numbers
        if not n.seen:
            return estimate(n.gain, "singular values, below their resolution")
        return exact(n.gain, "singular values")

    @property
    def misfit(self) -> Bound | None:
        """||W M - I||; None where it is not below 1."""
        assert self.numbers is not None
        if self.verified is not None:
            found = upper(self.verified.misfit, "class means, enclosed", rounded=True)
            return found if found.value < 1 else None
        return exact(self.numbers.misfit, "class means") if self.numbers.fitted else None


def _head(q: Question, found: Found) -> Row:
    needed = "two torch.nn.Linear or more"
    if found.head is None:
        return Row(Fact(needed, "not found", None), found.why_no_head)
    return Row(Fact(needed, ", ".join(found.head.names), True), "each answers with what the next one reads")


def _labels(q: Question, found: Found) -> Row:
    needed = "rows of zeros and a one, two classes or more"
    if found.labels is None:
        return Row(Fact(needed, found.why_no_labels, False), found.why_no_labels)
    return Row(Fact(needed, f"{len(set(found.labels.tolist()))} classes", True), f"{len(found.labels)} rows of y")


def _gain(q: Question, found: Found) -> Row:
    if found.numbers is None:
        return unknown("no two linear layers with class labels")
    return Row(Comparison(found.gain, ">", ZERO, "s"), found.gain.method)


class NeuralCollapse(Theorem):
    """Small loss and balanced last layers put last-layer features near their class means."""

    id = "NC"
    title = "neural collapse, two linear layers at the end"
    citation = (
        "A. Jacot, P. Súkeník, Z. Wang, M. Mondelli, Wide Neural Networks Trained with Weight Decay Provably Exhibit "
        "Neural Collapse, 2024, arXiv:2410.04887; with this project's constants"
    )
    hypotheses = (
        Hypothesis("two linear layers at the end", _head),
        Hypothesis("class labels", _labels),
        Hypothesis("s_min(W_L) > 0", _gain),
    )
    conclusion = (
        "at these weights ||Z - class means||_F <= e1 / s_min(W_L) + sqrt(e2) ||H||_F for the last-layer features Z, "
        "e1 = ||F - Y||_F, e2 = ||W_L^T W_L - V V^T||, V = [W_{L-1}, b_{L-1}], H what layer L - 1 reads, with ones "
        "for its bias; of other weights and of a run nothing is claimed"
    )
    claims = (
        "collapse_row_space",
        "collapse_class_mean",
        "collapse_within",
        "collapse_gain",
        "collapse_means",
        "balance_step",
    )
    forms = frozenset(Form)
    losses = tuple(KINDS)
    at_checkpoint = True
    certifiable = True

    def search(self, question: Question) -> Found:
        """Head, labels and numbers at the weights; what is missing is a row."""
        problem, head, labels = question.problem, None, None
        no_head = no_labels = ""
        try:
            head = linear_head(problem.network, problem.x)
        except InvalidInputError as error:
            no_head = str(error)
        try:
            labels = class_labels(problem)
        except InvalidInputError as error:
            no_labels = str(error)
        numbers = None if head is None or labels is None else collapse_of(head, labels)
        return Found(no_head, no_labels, head, labels, numbers)

    def prove(self, question: Question, found: Found) -> Found:
        """The same with round-off counted.

        Raises:
            NoVerdictError: the network is not read as a graph, or a bound cannot be verified.
        """
        assert found.labels is not None
        try:
            verified = verified_collapse(question.problem, found.labels)
        except NotAvailableError as error:
            raise NoVerdictError(str(error)) from error
        return replace(found, verified=verified)

    def proof(self, problem: Problem, settings: StepSettings) -> Claim:
        """At the weights, whatever the steps are.

        Raises:
            InvalidInputError: y is no class labels, or one class only.
            NotAvailableError: the network is not read as a graph that ends in two dense layers.
            NoVerdictError: a bound cannot be verified.
        """
        return collapse_claim(self.statement, verified_collapse(problem, class_labels(problem)))

    def certificate(self, found: Found) -> Claim | None:
        """The bounds, round-off counted."""
        return None if found.verified is None else collapse_claim(self.statement, found.verified)

    def concluded(self, question: Question, found: Found) -> str:
        """The conclusion with the bounds, as computed or with round-off counted."""
        n = found.numbers if found.verified is None else found.verified
        assert n is not None
        counted = "" if found.verified is not None else ", as computed"
        return (
            f"{self.conclusion}; here that is {above(n.within_bound, 4)}, and with both parts at a right angle "
            f"{above(n.within_bound_apart, 4)}{counted}"
        )

    def consequences(self, question: Question, found: Found) -> list[Row]:
        """The bounds beside what is measured: NC1, and where ||W M - I|| < 1, NC2 and NC3."""
        n, v = found.numbers, found.verified
        assert n is not None
        name, fitted = "||Z - class means|| <= e1/s + sqrt(e2) ||H||", "||W M - I|| < 1, M the class means"
        if v is not None:
            within = upper(v.within, "distance from the doubles next to the class means", rounded=True)
            first, rest = _beside(name, within, v.within_bound), _stated(v)
        else:
            first, rest = _beside(name, exact(n.within, "class means"), n.within_bound), _measured(n)
        if found.misfit is None:
            return [first, *rest, Row(None, f"||W M - I|| = {above(n.misfit, 4)} is not below 1", "NC2, NC3")]
        return [first, Row(Comparison(found.misfit, "<", ONE), found.misfit.method, fitted), *rest]


def _beside(name: str, measured: Bound, bound: float) -> Row:
    return Row(Comparison(measured, "<=", given(bound, "the bound")), "measured, beside the bound", name)


_NAMES = ("NC1: tr Sigma_W / tr Sigma_B", "NC2: condition number of M", "NC3: 1 / the least cosine of M and W")


def _measured(n: Collapse) -> list[Row]:
    """NC1 to NC3 as computed beside their bounds, where there is one."""
    values = n.nc1, n.nc2, 1 / n.nc3_least if n.nc3_least > 0 else math.inf
    bounds = n.nc1_bound, n.nc2_bound, n.nc2_bound
    found = zip(_NAMES, values, bounds, strict=True)
    return [_beside(name, exact(value, "class means"), bound) for name, value, bound in found if math.isfinite(bound)]


def _stated(v: VerifiedCollapse) -> list[Row]:
    """Their bounds with round-off counted; they stand for themselves: what is measured is not enclosed."""
    found = zip(_NAMES, (v.nc1_bound, v.nc2_bound, v.nc2_bound), strict=True)
    words = "by its formula, in intervals"
    return [
        Row(Fact("bounded, round-off counted", f"at most {above(bound, 4)}", True), words, name)
        for name, bound in found
        if math.isfinite(bound)
    ]


THEOREM = NeuralCollapse()
