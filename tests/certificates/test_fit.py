"""The fit at a checkpoint, and when weights do not look trained."""

from __future__ import annotations

import math

import pytest
import torch

from pltheory.certificates.fit import BETTER, FAR_ABOVE, MOVED, UNEXPLAINED, Alternative, Fit, doubts, fit
from pltheory.problem.networks import FullyConnected
from pltheory.problem.problem import Problem
from pltheory.theory import NumericalFailureError


def constant(outputs, y, loss="sum", scale=1.0):
    """A problem whose network gives these outputs: its hidden layer is a one-hot code of the sample."""
    y = torch.tensor(y, dtype=torch.float64)
    n = len(y)
    out = torch.tensor(outputs, dtype=torch.float64).T / math.tanh(1.0)
    net = FullyConnected([torch.eye(n).double(), out * scale], None, [1.0, 1.0], [0.0, 0.0], "tanh")
    return Problem(net, torch.eye(n).double(), y, loss)


def test_loss_residual_and_share():
    found = fit(constant([[1.0], [0.0]], [[1.0], [-1.0]]))
    assert found.loss == pytest.approx(0.5)
    assert found.residual == pytest.approx(1.0)
    assert found.unexplained == pytest.approx(0.5)  # the best constant, 0, leaves 2
    assert fit(constant([[1.0], [0.0]], [[1.0], [-1.0]], loss="mean")).loss == pytest.approx(0.25)


def test_targets_that_are_all_equal_are_compared_with_zero():
    assert fit(constant([[1.5], [2.0]], [[2.0], [2.0]])).unexplained == pytest.approx(0.25 / 8)
    assert fit(constant([[0.5], [0.0]], [[0.0], [0.0]])).unexplained == math.inf
    assert fit(constant([[0.0], [0.0]], [[0.0], [0.0]])).unexplained == 0.0


HALF = [[0.5, -0.5], [-0.5, 0.5]]
CLASSES = {
    "signs": ([[0.2], [0.1]], [[1.0], [-1.0]], 1),
    "a zero is no sign": ([[0.0], [-0.1]], [[1.0], [-1.0]], 1),
    "one sign only": ([[0.0], [0.3]], [[1.0], [1.0]], 1),
    "one-hot": ([[0.4, 0.6], [0.1, 0.2]], [[1.0, 0.0], [0.0, 1.0]], 1),
    "centred one-hot": ([[0.4, 0.1], [0.1, 0.2]], HALF, 2),
    "equal outputs choose nothing": ([[0.3, 0.3], [0.1, 0.2]], HALF, 1),
    "numbers": ([[0.4], [0.1]], [[3.0], [-1.0]], None),
    "a digit as a number": ([[0.4], [0.1]], [[0.0], [1.0]], None),
    "two classes at once": ([[0.4, 0.1], [0.1, 0.2]], [[1.0, 1.0], [0.0, 1.0]], None),
    "no class": ([[0.4, 0.1], [0.1, 0.2]], [[1.0, 0.0], [0.0, 0.0]], None),
    "three values": ([[0.4, 0.1, 0], [0.1, 0.2, 0]], [[1.0, 0.5, 0.0], [0.0, 1.0, 0.5]], None),
}


@pytest.mark.parametrize("case", CLASSES)
def test_samples_classified_right(case):
    outputs, y, right = CLASSES[case]
    found = fit(constant(outputs, y))
    assert (found.right, found.samples) == (right, 2)


def test_outputs_that_overflow_are_a_failure():
    with pytest.raises(NumericalFailureError, match="not finite"):
        fit(constant([[1.0], [0.0]], [[1.0], [-1.0]], scale=1e200))


def a_fit(unexplained, loss=1.0):
    return Fit(loss, math.sqrt(2 * loss), unexplained, None, 3)


def test_each_threshold():
    good, far, end = a_fit(UNEXPLAINED / 2), a_fit(UNEXPLAINED * 2), a_fit(0.0, loss=1e-9)
    assert doubts(good, end, 0.9 * MOVED, 1.0) == []
    assert len(doubts(far, end, 0.0, 1.0)) == 1
    assert len(doubts(far, None, 0.0, 1.0)) == 1
    assert len(doubts(good, end, 1.1 * MOVED, 1.0)) == 1
    assert len(doubts(far, end, 1.1 * MOVED, 1.0)) == 2
    assert len(doubts(good, end, 1e-9, 0.0)) == 1


def test_a_loss_that_the_polish_cannot_lower_is_no_doubt():
    far = a_fit(2 * UNEXPLAINED)
    assert doubts(far, a_fit(2 * UNEXPLAINED, loss=2 / FAR_ABOVE), 0.0, 1.0) == []


def test_another_setting_is_named_only_where_it_is_much_better():
    good, end = a_fit(0.01), a_fit(0.0, loss=1e-9)
    better, equal = Alternative("activation = 'erf'", 0.9 / BETTER), Alternative("bias", 0.9)
    (said,) = doubts(good, end, 0.0, 1.0, [equal, better])
    assert said.startswith("with activation = 'erf' the loss of these weights is 0.225, 4.44 times less")
    assert doubts(good, end, 0.0, 1.0, [equal]) == []
    zero = a_fit(0.0, loss=0.0)
    assert doubts(zero, zero, 0.0, 1.0, [Alternative("none", 0.0)]) == []
