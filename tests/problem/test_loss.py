"""The losses as objects: value, derivative, unit, targets and refusals."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as nnf

from pltheory.problem.loss import (
    KINDS,
    LOSSES,
    WITHOUT_GAUGE,
    CrossEntropyLoss,
    LogisticLoss,
    SquareLoss,
    WeightedSquareLoss,
    loss_of,
    named,
)
from pltheory.problem.loss_gradient import LossGradient
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem, in_span_of_data
from pltheory.study.build import problem_of
from pltheory.study.config import read_config
from pltheory.theory import InvalidInputError, NotAvailableError
from pltheory.verification.contract import near_solution

ONE_HOT = nnf.one_hot(torch.tensor([0, 2, 1, 1, 0]), 3).double()
SIGNS = 2 * ONE_HOT - 1
NUMBERS = torch.linspace(-1, 1, 15, dtype=torch.float64).reshape(5, 3)
OUTPUTS = 3 * torch.randn(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
EVERY = [
    *((SquareLoss(r), NUMBERS) for r in ("sum", "mean")),
    *((WeightedSquareLoss(r, (1.0, 0.5, 3.0, 2.0, 0.25)), NUMBERS) for r in ("sum", "mean")),
    *((CrossEntropyLoss(r), ONE_HOT) for r in ("sum", "mean")),
    *((LogisticLoss(r), SIGNS) for r in ("sum", "mean")),
]


def reference(loss, outputs, y):
    """torch's own function."""
    n, reduction = len(y), loss.reduction
    if isinstance(loss, CrossEntropyLoss):
        return nnf.cross_entropy(outputs, y.argmax(dim=1), reduction=reduction)
    if isinstance(loss, LogisticLoss):
        return nnf.soft_margin_loss(outputs, y, reduction=reduction)
    weights = torch.tensor(getattr(loss, "weights", (1.0,) * n), dtype=y.dtype)[:, None]
    return (0.5 * weights * (outputs - y) ** 2).sum() / (n if reduction == "mean" else 1)


@pytest.mark.parametrize(("loss", "y"), EVERY, ids=lambda v: str(v) if not isinstance(v, torch.Tensor) else "")
def test_value_and_slope_are_those_of_torch(loss, y):
    outputs = OUTPUTS.clone().requires_grad_()
    want = reference(loss, outputs, y)
    (slope,) = torch.autograd.grad(want, outputs)
    value = loss.value(outputs, y)
    (own,) = torch.autograd.grad(value, outputs)
    torch.testing.assert_close(value, want, rtol=1e-14, atol=0)
    torch.testing.assert_close(own, slope, rtol=1e-13, atol=1e-16)
    held = OUTPUTS.clone()
    torch.testing.assert_close(loss.differentiate_(held, y), want.detach(), rtol=1e-14, atol=0)
    torch.testing.assert_close(held, slope, rtol=1e-13, atol=1e-16)
    stacked = loss.value(torch.stack([OUTPUTS, 2 * OUTPUTS]), y)
    torch.testing.assert_close(stacked[1], loss.value(2 * OUTPUTS, y), rtol=1e-14, atol=0)


@pytest.mark.parametrize(("loss", "y"), EVERY, ids=lambda v: str(v) if not isinstance(v, torch.Tensor) else "")
def test_the_loss_of_some_rows_is_that_of_their_terms(loss, y):
    rows = torch.tensor([3, 1])
    part = loss.of_rows(rows)
    torch.testing.assert_close(part.terms(OUTPUTS[rows], y[rows]), loss.terms(OUTPUTS, y)[rows])


def test_a_small_cross_entropy_keeps_its_digits():
    outputs, y = torch.tensor([[60.0, 0.0, 0.0]], dtype=torch.float64), ONE_HOT[:1]
    value = float(CrossEntropyLoss().value(outputs, y))
    assert value == pytest.approx(2 * torch.exp(torch.tensor(-60.0, dtype=torch.float64)).item(), rel=1e-12)
    slope = CrossEntropyLoss().slope_(outputs.clone(), y)
    assert float(slope[0, 0]) == pytest.approx(-value, rel=1e-12)


def test_the_unit_is_a_fraction():
    assert SquareLoss("mean").share(7, 3) == CrossEntropyLoss("mean").share(7, 3) == Fraction(1, 7)
    assert LogisticLoss("mean").share(7, 3) == Fraction(1, 21)
    assert SquareLoss("sum").share(7, 3) == 1


def test_a_problem_has_its_loss_as_an_object():
    near = near_solution(4, 0.5)
    for name in ("sum", "mean"):
        problem = Problem(near.network, near.x, near.y, name)
        assert problem.objective is LOSSES[name]
        assert problem.loss == name
        assert problem.scale == problem.unit == float(problem.share)
        assert float(problem.value().detach()) == pytest.approx(problem.scale * 0.125, rel=1e-12)


def classified(loss="cross-entropy", y=None, width=16):
    x = torch.randn(5, 7, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return Problem(fully_connected([7, width, 3], activation="tanh", seed=0), x, ONE_HOT if y is None else y, loss)


@pytest.mark.parametrize(("loss", "y"), EVERY[2:], ids=lambda v: str(v) if not isinstance(v, torch.Tensor) else "")
def test_copies_keep_the_loss_and_the_formulas_give_its_gradient(loss, y):
    problem = classified(loss, y)
    small = in_span_of_data(problem)
    assert small is not None
    assert problem.copy().objective == small.objective == loss
    value = problem.value()
    value.backward()
    want = [p.grad.clone() for p in problem.parameters()]
    torch.testing.assert_close(LossGradient(problem, problem.class_n())(), value.detach(), rtol=1e-13, atol=0)
    for p, g in zip(problem.parameters(), want, strict=True):
        torch.testing.assert_close(p.grad, g, rtol=1e-12, atol=1e-15)


def test_class_labels_and_one_hot_rows_are_the_same_targets():
    assert torch.equal(classified(y=torch.tensor([0, 2, 1, 1, 0])).y, ONE_HOT)


def test_what_speaks_of_the_square_loss_says_so():
    with pytest.raises(NotAvailableError, match="square loss, not of cross-entropy"):
        _ = classified().scale


@pytest.mark.parametrize("name", ["hinge loss", "", None, ["sum"], 1])
def test_another_loss_is_refused(name):
    near = near_solution(4, 0.5)
    with pytest.raises(InvalidInputError, match="allowed are 'sum', 'mean'"):
        Problem(near.network, near.x, near.y, name)


@pytest.mark.parametrize("name", WITHOUT_GAUGE)
def test_a_loss_without_a_gauge_is_refused_by_name_with_the_reason(name):
    with pytest.raises(InvalidInputError) as refused:
        named(name)
    assert name in str(refused.value)
    assert WITHOUT_GAUGE[name] in str(refused.value)
    assert "allowed are" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("loss", "y", "said"),
    [
        ("cross-entropy", ONE_HOT * 0.9 + 0.1 / 3, "at p = q the gradient vanishes"),
        ("cross-entropy", NUMBERS, "allowed are class labels 0, .., C - 1, or one-hot rows"),
        ("cross-entropy", torch.tensor([0, 3, 1, 1, 0]), "class label of row 1 .* is 3; allowed are 0 to 2"),
        ("logistic", ONE_HOT, "allowed are -1 and \\+1"),
        (WeightedSquareLoss("sum", (1.0, 2.0)), NUMBERS, "2 numbers for 5 samples"),
    ],
)
def test_targets_that_are_none_of_the_loss_are_refused(loss, y, said):
    with pytest.raises(InvalidInputError, match=said):
        classified(loss, y)


class Flatter(SquareLoss):
    """The square loss by its name alone."""

    def terms(self, outputs, y):
        return 1e-3 * super().terms(outputs, y)


@pytest.mark.parametrize("own", [Flatter(), type("Mine", (CrossEntropyLoss,), {})("mean")])
def test_a_loss_of_ones_own_is_not_taken_for_what_it_inherits_from(own):
    with pytest.raises(InvalidInputError, match=f"loss = {type(own).__name__}: allowed are 'sum', 'mean'"):
        loss_of(own)
    with pytest.raises(InvalidInputError, match="allowed are"):
        classified(own)


@pytest.mark.parametrize("weights", [(), (1.0, 0.0), (-1.0,), (float("nan"),), (10**400,), (2**53 + 1,)])
def test_weights_are_positive_doubles(weights):
    with pytest.raises(InvalidInputError, match=r"loss\.weights"):
        WeightedSquareLoss("sum", weights)


def test_weights_are_what_they_were_when_they_were_given():
    given = [1, 2.0]
    loss = WeightedSquareLoss("sum", given)
    given[0] = -3.0
    assert loss.weights == (1.0, 2.0)
    assert {type(w) for w in loss.weights} == {float}
    assert hash(loss) == hash(WeightedSquareLoss("sum", (1.0, 2.0)))


BASE = """
network.hidden = [8]
data = {source = "digits", n = 3, labels = "one-hot"}
optimizer = {eta = 0.1, gamma = 1.0, delta = 0.1}
"""


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ('loss = "mean"', "mean"),
        ('loss.name = "square"', "sum"),
        ('loss.reduction = "mean"', "mean"),
        ('loss = {name = "cross-entropy", reduction = "mean"}', "cross-entropy, mean"),
        ('loss = {name = "weighted-square", weights = [1.0, 2.0, 0.5]}', "weighted-square, sum"),
    ],
)
def test_a_configuration_names_its_loss(said, label):
    config = read_config(said + BASE)
    assert problem_of(config).loss == label
    assert json.loads(config.model_dump_json())["loss"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('loss.name = "focal"', "loss.name = 'focal': not convex in the outputs; allowed are"),
        ('loss.name = "label-smoothing"', "at p = q the gradient vanishes"),
        ('loss = {name = "cross-entropy", label_smoothing = 0.1}', "label_smoothing: smoothed targets"),
        ('loss = {name = "cross-entropy", reduct = "sum"}', "did you mean 'reduction'"),
        ('loss = {name = "cross-entropy", reduction = "none"}', "loss.reduction"),
        ('loss = "none"', "should be 'sum', 'mean' or a section"),
        ('loss = {name = "cross-entropy", weights = [1.0]}', "cross-entropy has none"),
        ('loss.name = "logistic"', "allowed are -1 and \\+1"),
    ],
)
def test_a_configuration_that_has_no_such_loss_is_refused_in_a_line(said, why):
    with pytest.raises(InvalidInputError, match=why) as refused:
        problem_of(read_config(said + BASE))
    assert "\n" not in str(refused.value)


def test_names_are_distinct_and_found_again():
    assert all(loss_of(label) is loss for label, loss in LOSSES.items())
    assert set(KINDS) == {"square", "weighted-square", "cross-entropy", "logistic"}
