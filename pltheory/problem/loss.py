"""The loss of a problem as an object: its value, its derivative in the outputs, its unit, its targets and its gauge.

A loss is a sum over samples, or that times a share which depends on the number of its terms alone ("mean"). Only losses
with a gauge (`gauge`) are here: a theorem about any other would have nothing to stand on.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..rigor.midrad import Ball
from ..rigor.roundoff import Array, down, lower_sum, sum_up, up
from ..rigor.scalar import Interval, between, interval
from ..theory import InvalidInputError
from .gauge import Gauge, LogarithmicGauge, Shared, SquareGauge, level_below
from .log_sum import log_sum, softplus
from .reduction import REDUCTIONS as REDUCTIONS
from .reduction import Reduction as Reduction


@dataclass(frozen=True)
class Loss(ABC):
    """A sum over samples, times c = 1 ("sum") or one over its number of terms ("mean").

    Attributes:
        reduction: "sum" or "mean".
        name: in configurations.
        words: the sum, in a line.
        targets: what it takes for targets, in words.
    """

    reduction: Reduction = "sum"
    name: ClassVar[str]
    words: ClassVar[str]
    targets: ClassVar[str]

    def __post_init__(self) -> None:
        if self.reduction not in REDUCTIONS:
            raise InvalidInputError(f"loss.reduction = {self.reduction!r}: allowed are 'sum' and 'mean'")

    def __str__(self) -> str:
        return f"{self.name}, {self.reduction}"

    def count(self, n: int, outputs: int) -> int:
        """The number of its terms, which "mean" divides by, for n samples of that many outputs."""
        return n

    def share(self, n: int, outputs: int) -> Fraction:
        """c, exactly."""
        return Fraction(1) if self.reduction == "sum" else Fraction(1, self.count(n, outputs))

    def checked(self, y: Tensor) -> Tensor:
        """The targets, (n, C), if they are of this loss.

        Raises:
            InvalidInputError: they are not; the message says what is allowed.
        """
        return y

    @abstractmethod
    def terms(self, outputs: Tensor, y: Tensor) -> Tensor:
        """The loss of every sample, (.., n), at outputs (.., n, C) and targets (n, C)."""

    @abstractmethod
    def slope_(self, outputs: Tensor, y: Tensor) -> Tensor:
        """The derivative of the sum in the outputs, (n, C), written over them."""

    @abstractmethod
    def whole(self, n: int, outputs: int) -> Gauge:
        """The gauge of the sum."""

    @abstractmethod
    def term_bounds(self, low: Array, high: Array, y: Array) -> tuple[Array, Array]:
        """Lower and upper bounds of the terms at all outputs from low to high, (n, C), round-off counted."""

    def enclose(self, outputs: Ball, y: Array) -> Interval:
        """The loss in use at all outputs in a ball, (n, C), round-off counted; targets (n, C)."""
        low, high = down(outputs.mid - outputs.rad), up(outputs.mid + outputs.rad)
        below, above = self.term_bounds(low, high, y)
        total = between(float(lower_sum(np.sum(below), below.size)), float(sum_up(above)))
        return interval(self.share(*y.shape)) * total

    def value(self, outputs: Tensor, y: Tensor) -> Tensor:
        """The loss in use, (..)."""
        return float(self.share(*y.shape)) * self.terms(outputs, y).sum(dim=-1)

    def differentiate_(self, outputs: Tensor, y: Tensor) -> Tensor:
        """The loss in use, a 0-dim tensor; its derivative in the outputs is written over them."""
        value = self.value(outputs, y)
        self.slope_(outputs, y).mul_(float(self.share(*y.shape)))
        return value

    def gauge(self, n: int, outputs: int) -> Gauge:
        """The gauge of the loss in use."""
        whole, share = self.whole(n, outputs), self.share(n, outputs)
        return whole if share == 1 else Shared(whole, share)

    def level_of_accuracy(self, n: int, outputs: int) -> float | None:
        """A loss in use at or below which every sample is classified right; None where a loss says nothing of it."""
        return None

    def of_rows(self, rows: Tensor) -> Loss:
        """The loss of some of the samples, whose numbers are given."""
        return self

    def other(self) -> Loss:
        """The same with the other reduction."""
        return replace(self, reduction="mean" if self.reduction == "sum" else "sum")


@dataclass(frozen=True)
class SquareLoss(Loss):
    """c 1/2 ||F - y||^2. Kernels and profiles are stated for c = 1; c carries L, mu and beta to the loss in use."""

    name: ClassVar[str] = "square"
    words: ClassVar[str] = "1/2 ||F - y||^2"
    targets: ClassVar[str] = "numbers, (n, C)"

    def __str__(self) -> str:
        return self.reduction

    def terms(self, outputs: Tensor, y: Tensor) -> Tensor:
        """1/2 |F_i - y_i|^2."""
        return 0.5 * (outputs - y).square().sum(dim=-1)

    def term_bounds(self, low: Array, high: Array, y: Array) -> tuple[Array, Array]:
        """Half the squares of F - y, entry by entry."""
        return _halved_squares(low, high, y)

    def slope_(self, outputs: Tensor, y: Tensor) -> Tensor:
        """F - y."""
        return outputs.sub_(y)

    def whole(self, n: int, outputs: int) -> Gauge:
        """sqrt(2 v) from both sides."""
        return SquareGauge()


@dataclass(frozen=True)
class WeightedSquareLoss(Loss):
    """c 1/2 sum_i c_i |F_i - y_i|^2.

    Attributes:
        weights: c_i > 0, one a sample.
    """

    weights: tuple[float, ...] = ()
    name: ClassVar[str] = "weighted-square"
    words: ClassVar[str] = "1/2 sum_i c_i |F_i - y_i|^2"
    targets: ClassVar[str] = "numbers, (n, C)"

    def __post_init__(self) -> None:
        super().__post_init__()
        given = tuple(self.weights)
        wrong = [w for w in given if not _positive(w)]
        if not given or wrong:
            shown = f"{wrong[0]!r}"[:40] if wrong else "[]"
            raise InvalidInputError(f"loss.weights = {shown}: allowed is a list of positive doubles, one a sample")
        # Of their own, and doubles: a list could change later, and a certificate stores doubles.
        object.__setattr__(self, "weights", tuple(map(float, given)))

    def checked(self, y: Tensor) -> Tensor:
        """Any targets, as many as there are weights."""
        if len(y) != len(self.weights):
            have = len(self.weights)
            raise InvalidInputError(f"loss.weights has {have} numbers for {len(y)} samples: needed are {len(y)}")
        return y

    def terms(self, outputs: Tensor, y: Tensor) -> Tensor:
        """c_i / 2 |F_i - y_i|^2."""
        return 0.5 * self._column(y)[:, 0] * (outputs - y).square().sum(dim=-1)

    def term_bounds(self, low: Array, high: Array, y: Array) -> tuple[Array, Array]:
        """c_i times those of the square loss."""
        below, above = _halved_squares(low, high, y)
        c = np.array(self.weights)[:, None]
        return np.maximum(0.0, down(c * below)), up(c * above)

    def slope_(self, outputs: Tensor, y: Tensor) -> Tensor:
        """c_i (F_i - y_i)."""
        return outputs.sub_(y).mul_(self._column(y))

    def whole(self, n: int, outputs: int) -> Gauge:
        """By the smallest and the largest weight."""
        return SquareGauge(Fraction(min(self.weights)), Fraction(max(self.weights)))

    def of_rows(self, rows: Tensor) -> Loss:
        """With the weights of these samples."""
        return replace(self, weights=tuple(self.weights[i] for i in rows.tolist()))

    def _column(self, y: Tensor) -> Tensor:
        return torch.tensor(self.weights, dtype=y.dtype, device=y.device)[:, None]


@dataclass(frozen=True)
class CrossEntropyLoss(Loss):
    """c sum_i -ln p_{y_i}, p the softmax of the outputs, for one class a sample (torch's CrossEntropyLoss)."""

    name: ClassVar[str] = "cross-entropy"
    words: ClassVar[str] = "sum_i -ln softmax(F_i)_{y_i}"
    targets: ClassVar[str] = "class labels 0, .., C - 1, or one-hot rows of 0 and 1, C >= 2"

    def checked(self, y: Tensor) -> Tensor:
        """One-hot rows.

        Raises:
            InvalidInputError: soft, smoothed or no classes.
        """
        wrong = [] if y.shape[1] >= 2 else [0]
        if not wrong:
            one_hot = ((y == 0) | (y == 1)).all(dim=1) & (y.sum(dim=1) == 1)
            wrong = torch.nonzero(~one_hot).flatten().tolist()
        if not wrong:
            return y
        row = y[wrong[0]].tolist()
        soft = y.shape[1] >= 2 and min(row) >= 0 and abs(sum(row) - 1) < 1e-6
        why = f"; {SOFT}" if soft else ""
        shown = [round(v, 6) for v in row[:6]]
        raise InvalidInputError(
            f"y: row {wrong[0]} (from 0) is {shown}{' ..' if len(row) > 6 else ''}: for cross-entropy allowed are "
            f"{self.targets}{why}"
        )

    def terms(self, outputs: Tensor, y: Tensor) -> Tensor:
        """ln(1 + sum over the other classes of e^(F_c - F_y)): no digit is lost where that is small."""
        own = (outputs * y).sum(dim=-1, keepdim=True)
        others = torch.logsumexp((outputs - own).masked_fill(y == 1, -math.inf), dim=-1)
        return torch.logaddexp(others, torch.zeros_like(others))

    def term_bounds(self, low: Array, high: Array, y: Array) -> tuple[Array, Array]:
        """ln(1 + sum e^(F_c - F_y)), which grows with every difference."""
        own, others = y == 1, (len(y), y.shape[1] - 1)
        most = up(high - low[own][:, None])[~own].reshape(others)
        least = down(low - high[own][:, None])[~own].reshape(others)
        below, above = log_sum(least, most)
        return softplus(below)[0], softplus(above)[1]

    def slope_(self, outputs: Tensor, y: Tensor) -> Tensor:
        """p - e_y, its own entry from the others'."""
        p = torch.softmax(outputs, dim=-1).masked_fill(y == 1, 0.0)
        return outputs.copy_(torch.where(y == 1, -p.sum(dim=-1, keepdim=True), p))

    def whole(self, n: int, outputs: int) -> Gauge:
        """k = C / (C - 1), K = 2, M = 1/2."""
        return LogarithmicGauge(n, Fraction(outputs, outputs - 1), Fraction(2), Fraction(1, 2))

    def level_of_accuracy(self, n: int, outputs: int) -> float:
        """Less than c ln 2 in all, so that every p_y is above 1/2."""
        return level_below(self.share(n, outputs))


@dataclass(frozen=True)
class LogisticLoss(Loss):
    """c sum ln(1 + e^(-y F)) over samples and outputs, y = +-1 (torch's SoftMarginLoss); every output is a term."""

    name: ClassVar[str] = "logistic"
    words: ClassVar[str] = "sum_ic ln(1 + e^(-y_ic F_ic))"
    targets: ClassVar[str] = "-1 and +1, (n, C)"

    def count(self, n: int, outputs: int) -> int:
        """Each output counts as a sample."""
        return n * outputs

    def checked(self, y: Tensor) -> Tensor:
        """Targets of -1 and +1.

        Raises:
            InvalidInputError: others.
        """
        wrong = torch.nonzero((y.abs() != 1).any(dim=1)).flatten()
        if wrong.numel():
            row = y[int(wrong[0])].tolist()
            raise InvalidInputError(
                f"y: row {int(wrong[0])} (from 0) has {next(v for v in row if abs(v) != 1):g}: for the logistic loss "
                f"allowed are {self.targets}"
            )
        return y

    def terms(self, outputs: Tensor, y: Tensor) -> Tensor:
        """ln(1 + e^(-y F)), summed over the outputs."""
        against = -outputs * y
        return torch.logaddexp(against, torch.zeros_like(against)).sum(dim=-1)

    def term_bounds(self, low: Array, high: Array, y: Array) -> tuple[Array, Array]:
        """ln(1 + e^(-y F)), entry by entry."""
        return softplus(np.where(y > 0, -high, low))[0], softplus(np.where(y > 0, -low, high))[1]

    def slope_(self, outputs: Tensor, y: Tensor) -> Tensor:
        """-y / (1 + e^(y F))."""
        return outputs.copy_(-y * torch.sigmoid(-outputs * y))

    def whole(self, n: int, outputs: int) -> Gauge:
        """k = K = 1, M = 1/4."""
        return LogarithmicGauge(n * outputs, Fraction(1), Fraction(1), Fraction(1, 4))

    def level_of_accuracy(self, n: int, outputs: int) -> float:
        """Less than c ln 2 in all, so that every y F is positive."""
        return level_below(self.share(n, outputs))


def _positive(weight: object) -> bool:
    """Whether it is a positive number that a double has."""
    return isinstance(weight, int | float) and 0 < weight <= sys.float_info.max and float(weight) == weight


def _halved_squares(low: Array, high: Array, y: Array) -> tuple[Array, Array]:
    """Of F - y for F from low to high, entry by entry."""
    first, last = down(low - y), up(high - y)
    most = np.maximum(np.abs(first), np.abs(last))
    least = np.where((first <= 0) & (last >= 0), 0.0, np.minimum(np.abs(first), np.abs(last)))
    return np.maximum(0.0, down(0.5 * down(least * least))), up(0.5 * up(most * most))


SOFT = "at p = q the gradient vanishes while the loss is the entropy of q, so that no gauge exists"
_WEIGHTS = "the lower gauge is that of equal weights, and is wrong by the smallest weight"
WITHOUT_GAUGE: Mapping[str, str] = {
    "soft-cross-entropy": f"soft targets: {SOFT}",
    "label-smoothing": f"smoothed targets: {SOFT}",
    "label_smoothing": f"smoothed targets: {SOFT}",
    "kl-divergence": f"soft targets: {SOFT}",
    "weighted-cross-entropy": f"class weights: {_WEIGHTS}",
    "weight": f"class weights: {_WEIGHTS}",
    "class_weights": f"class weights: {_WEIGHTS}",
    "pos_weight": f"class weights: {_WEIGHTS}",
    "ignore_index": "leave the samples out of the data instead: n is the number of samples counted",
    "focal": "not convex in the outputs",
    "hinge": "not twice differentiable",
    "huber": "its gradient is bounded while its value is not, and no gauge of it is proved here",
}
"""Losses, and settings of losses, of which no theorem speaks, with the reason."""

KINDS: Mapping[str, type[Loss]] = {
    kind.name: kind for kind in (SquareLoss, WeightedSquareLoss, CrossEntropyLoss, LogisticLoss)
}
"""The losses by name."""
LOSSES: Mapping[str, Loss] = {
    str(loss): loss
    for kind in KINDS.values()
    if kind is not WeightedSquareLoss
    for loss in (kind(reduction) for reduction in REDUCTIONS)
}
"""Those that a text says all of: "sum" and "mean" are the square loss, the others e.g. "cross-entropy, mean"."""


def named(name: str, reduction: Reduction = "sum", **numbers: Any) -> Loss:
    """The loss of that name.

    Raises:
        InvalidInputError: there is none, or one of its numbers is not allowed.
    """
    if name in WITHOUT_GAUGE:
        raise InvalidInputError(f"loss = {name!r}: {WITHOUT_GAUGE[name]}; {allowed()}")
    if name not in KINDS:
        raise InvalidInputError(f"loss = {name!r}: {allowed()}")
    kind = KINDS[name]
    extra = numbers.keys() - ({"weights"} if kind is WeightedSquareLoss else set())
    if extra:
        raise InvalidInputError(f"loss.{min(extra)}: {name} has none")
    return kind(reduction, **numbers)


def loss_of(said: object) -> Loss:
    """A loss as it is given: an object of this module, "sum" or "mean", a name, or a name with a reduction.

    Raises:
        InvalidInputError: it is none of them.
    """
    # A subclass may compute anything under the name that it inherits.
    if isinstance(said, Loss) and type(said) in KINDS.values():
        return said
    if isinstance(said, str):
        return LOSSES[said] if said in LOSSES else named(said)
    shown = repr(said) if isinstance(said, bool | int | float | list | type(None)) else type(said).__name__
    raise InvalidInputError(f"loss = {shown}: {allowed()}")


def allowed() -> str:
    """What may be given for a loss, in a clause."""
    return f"allowed are 'sum', 'mean', {', '.join(map(repr, KINDS))}"
