"""What a step rule is: its settings, its step as a formula, the floor of its steps, its torch optimizer.

A rule of this project is one file of this folder, listed in `registry`; a package declares one as an entry point.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..theory import InvalidInputError
from ..theory.arithmetic import FLOATS, Arithmetic, Scalar
from .doubles import number as number
from .recursion import PLAIN, Form, Recursion

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

_MULTIPLE = re.compile(r"\s*([0-9.eE+-]+)\s*/\s*beta\s*", re.ASCII)
_ETA = "allowed are a positive number or a text 'c/beta' with 0 < c < 2"


@dataclass(frozen=True)
class StepSettings:
    """A step rule w_{t+1} = w_t - h_t grad L(w_t), h_t = eta times a function of ||grad L(w_t)||; it is none itself.

    A subclass is a frozen dataclass with its own numbers as fields, and overrides `check`, `step_size` and, where its
    steps have one, `floor` or `delta_on`. The theorems about steps ask for h_t in [eta delta, eta] with delta > 0 alone
    (THEORY section 1): that is what `floor` and `delta_on` declare, and the run is held against it.

    Attributes:
        eta: the step size, a positive number, or a text "c/beta" with 0 < c < 2: then eta is fixed by the
            smoothness bound beta of the ball that the certificate chooses. It refers to the loss of the problem as it
            is scaled: for c L use eta / c.
        name: what configurations and reports call it, of small letters, digits and hyphens.
        words: what it is, in a line.
        keys: the fields beside `eta` that a configuration gives, all of them.
        options: further fields that a configuration may give.
        units: what two evaluations of `step_size` may differ by, in units of 2^-53 of the step.

    Raises:
        InvalidInputError: a value outside its range, or of another type than a Python number.
    """

    eta: float | str

    name: ClassVar[str] = ""
    words: ClassVar[str] = ""
    keys: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[tuple[str, ...]] = ()
    units: ClassVar[float] = 8.0

    def __post_init__(self) -> None:
        if not (isinstance(self.eta, str) and self.multiple) and not 0 < number(self.eta) < math.inf:
            raise InvalidInputError(f"optimizer.eta = {self.eta!r}: {_ETA}")
        self.check()

    def check(self) -> None:
        """Refuse what the rule does not have; here everything, for this is no rule.

        Raises:
            InvalidInputError: "optimizer.key = value: " and what is allowed.
        """
        raise InvalidInputError(f"{type(self).__name__} is no step rule: it has no formula of its own")

    @property
    def multiple(self) -> float | None:
        """c where eta is "c/beta", else None."""
        if not isinstance(self.eta, str):
            return None
        found = _MULTIPLE.fullmatch(self.eta)
        try:
            c = float(found[1]) if found else math.nan
        except ValueError:
            c = math.nan
        if not 0 < c < 2:
            raise InvalidInputError(f"optimizer.eta = {self.eta!r}: {_ETA}")
        return c

    @property
    def recursion(self) -> Recursion:
        """Momentum, clip and schedule; here none."""
        return PLAIN

    @property
    def forms(self) -> frozenset[Form]:
        """What its steps are an instance of, for theorems to say whether they speak of it."""
        return self.recursion.forms(clipped=True)

    def step_size(self, eta: Scalar, grad_norm: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
        """h at ||grad L|| = grad_norm > 0, in proportion to eta; by + - * / and `ops`, for floats, arrays and tensors.

        Args:
            eta: the step size as a number.
            grad_norm: one or many.
            ops: minimum, maximum and square root for that kind of number.
        """
        raise NotImplementedError

    @property
    def floor(self) -> float:
        """A number in [0, 1] with h >= eta floor whatever the gradient; 0 where none above it is known."""
        return 0.0

    def delta_on(self, grad_bound: float) -> float:
        """A number in [0, 1] with h >= eta delta wherever ||grad L|| <= grad_bound; here the floor."""
        return self.floor

    def optimizer(self, params: Sequence[Tensor], eta: float) -> Optimizer:
        """A torch optimizer that takes these steps and says so: `grad_norm` and `step_size` are those of its last one.

        Args:
            params: what it moves.
            eta: the step size as a number.
        """
        from ._descent import RuleDescent

        return RuleDescent(params, self, eta)
