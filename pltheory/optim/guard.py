"""What is checked of a step rule before it is believed, and the only way in which its numbers are asked for.

On a grid of gradient norms a part that contradicts another is refused; that the floor holds between them is for the
author, and the run is held against it at every step. A failure inside a package's code is one line that names it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..packages import said
from ..theory import ExtensionError, InvalidInputError, PltheoryError
from ..theory.arithmetic import ARRAYS
from .known import BUILT_IN, origin, origin_of_name
from .protocol import StepSettings, number

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Array = np.ndarray
U = 2.0**-53
GRID = [2.0 ** (k / 2) for k in range(-120, 121)]
"""Norms of the gradient at which the parts of a rule are held against one another."""
MOST_UNITS = 2.0**20
_OURS = ("__post_init__", "multiple", "recursion", "forms", "__setattr__", "__getattribute__", "__getattr__")
_NAME = re.compile(r"[a-z][a-z0-9-]*")


def described(candidate: object, who: str) -> type[StepSettings]:
    """The class itself, if every part that is not a formula is what it has to be.

    Args:
        candidate: a subclass of `StepSettings`.
        who: its name and whose it is, for the message.

    Raises:
        ExtensionError: in one line, what is missing or of the wrong type.
    """

    def refuse(why: str) -> NoReturn:
        raise ExtensionError(f"{who}: {why}")

    if not isinstance(candidate, type) or not issubclass(candidate, StepSettings):
        refuse("is not a subclass of pltheory.optim.StepSettings")
    own = [kind for kind in candidate.__mro__ if kind not in StepSettings.__mro__]
    if not own or not all("__dataclass_fields__" in vars(kind) for kind in own) or not is_dataclass(candidate):
        refuse("is no dataclass: write @dataclass(frozen=True) above it")
    if not candidate.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        refuse("can be changed after it was checked: write @dataclass(frozen=True) above it")
    for kind in own:
        for name in _OURS:
            # A frozen dataclass writes a __setattr__ that refuses.
            if name in vars(kind) and not (name == "__setattr__" and kind.__dataclass_params__.frozen):  # type: ignore[attr-defined]
                refuse(f"overrides {name}, which is not its own")
    if not isinstance(candidate.name, str) or not _NAME.fullmatch(candidate.name):
        refuse(f"name = {candidate.name!r} is not of small letters, digits and hyphens")
    if not isinstance(candidate.words, str) or not candidate.words.strip() or "\n" in candidate.words:
        refuse("words is not a line of text")
    names = tuple(f.name for f in fields(candidate) if f.name != "eta")
    if candidate.keys != names:
        refuse(f"keys = {candidate.keys!r} are not its fields beside eta, {names!r}")
    if not 0 < number(candidate.units) <= MOST_UNITS:
        refuse(f"units = {candidate.units!r} is no number in (0, 2^20]")
    if candidate.check is StepSettings.check or candidate.step_size is StepSettings.step_size:
        refuse("has no check() or no step_size() of its own")
    return candidate


def require_consistent(settings: StepSettings, who: str) -> None:
    """Hold the parts of a rule with its numbers against one another.

    Raises:
        InvalidInputError: a value is no finite number.
        ExtensionError: in one line, what contradicts what.
    """
    for f in fields(settings):
        value = getattr(settings, f.name)
        if f.name != "eta" and not math.isfinite(number(value)):
            raise InvalidInputError(f"optimizer.{f.name} = {value!r}: must be a number")
    _Guard(settings, who).all()


@dataclass(frozen=True)
class _Guard:
    settings: StepSettings
    who: str

    def refuse(self, why: str) -> NoReturn:
        raise ExtensionError(f"{self.who}: {why}")

    def all(self) -> None:
        import torch

        from ._tensors import TENSORS

        rule, eta = self.settings, 0.375
        apart = rule.units * U
        norms = np.array(GRID)
        with named(rule):
            of_arrays = step_sizes(rule, eta, norms)
            of_floats = np.array([number(rule.step_size(eta, g)) for g in GRID])
            of_tensors = [rule.step_size(eta, torch.tensor(g, dtype=torch.float64), TENSORS) for g in GRID]
        if not all(isinstance(t, torch.Tensor) and t.ndim == 0 and t.dtype == torch.float64 for t in of_tensors):
            self.refuse("step_size() of a 0-dim float64 tensor is no such tensor")
        h = of_floats
        for what, found in (("arrays", of_arrays), ("tensors", np.array([float(t) for t in of_tensors]))):
            self.near(h, found, apart, f"step_size() of floats and of {what} differ")
        for c in (2.0**-20, 3.0, 1e6):
            self.near(c * h, step_sizes(rule, c * eta, norms), 2 * apart, "step_size() is not in proportion to eta")
        # A scale that rounding alone puts outside the band is in it.
        self.at(~(h <= eta * (1 + apart)), "step_size() exceeds eta")
        self.at(~(h >= 0), "step_size() is negative or NaN")
        floor = uniform_floor(rule)
        self.at(~(h >= eta * floor * (1 - apart)), f"floor = {floor!r} is above the step")
        bounds = np.array([floor_on(rule, g) for g in GRID])
        self.at(bounds < floor, f"delta_on() is below floor = {floor!r}")
        least = np.minimum.accumulate(h)  # over the norms up to each one
        self.at(~(least >= eta * bounds * (1 - apart)), "delta_on() is above a step at a smaller or equal norm")

    def near(self, one: Array, two: Array, apart: float, what: str) -> None:
        self.at(~(np.abs(one - two) <= apart * np.abs(one)), f"{what} by more than units = {self.settings.units:g}")

    def at(self, wrong: Array, why: str) -> None:
        if wrong.any():
            self.refuse(f"{why}, at ||grad L|| = {GRID[int(wrong.argmax())]:.6g}")


def made(kind: type[StepSettings], eta: float | str, numbers: Mapping[str, Any]) -> StepSettings:
    """The rule with these numbers.

    Raises:
        InvalidInputError: a value outside its range.
        ExtensionError: a package's rule failed.
    """
    try:
        return kind(eta=eta, **numbers)
    except (PltheoryError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        if kind in BUILT_IN:
            raise
        raise ExtensionError(f"step rule {kind.name!r} of {origin_of_name(kind.name)} failed: {said(error)}") from error


@contextmanager
def named(settings: StepSettings) -> Iterator[None]:
    """Around a package's code: what fails in it is an ExtensionError in one line that names the package."""
    try:
        yield
    except (PltheoryError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        whose = origin(settings)
        if whose is None:
            raise
        raise ExtensionError(f"step rule {settings.name!r} of {whose} failed: {said(error)}") from error


def step_sizes(settings: StepSettings, eta: float | Array, grad_norm: Array) -> Array:
    """h at each norm of the gradient, by the rule's formula.

    Raises:
        ExtensionError: a package's rule failed, or gave something else than as many doubles.
    """
    with named(settings):
        found = settings.step_size(eta, grad_norm, ARRAYS)
    if not isinstance(found, np.ndarray) or found.shape != grad_norm.shape or found.dtype != grad_norm.dtype:
        _wrong(settings, "step_size() of an array is no array of that shape")
    return found


def floor_on(settings: StepSettings, grad_bound: float) -> float:
    """`settings.delta_on`, a number in [0, 1].

    Raises:
        ExtensionError: a package's rule failed, or gave something else.
    """
    return _share(settings, lambda: settings.delta_on(grad_bound), "delta_on()")


def uniform_floor(settings: StepSettings) -> float:
    """`settings.floor`, a number in [0, 1].

    Raises:
        ExtensionError: a package's rule failed, or gave something else.
    """
    return _share(settings, lambda: settings.floor, "floor")


def _share(settings: StepSettings, ask: Callable[[], Any], what: str) -> float:
    with named(settings):
        value = ask()
    if origin(settings) is not None and not (isinstance(value, Real) and 0 <= number(float(value)) <= 1):
        _wrong(settings, f"{what} = {value!r} is no number in [0, 1]")
    return value


def _wrong(settings: StepSettings, why: str) -> NoReturn:
    raise ExtensionError(f"step rule {settings.name!r} of {origin(settings)}: {why}")


def optimizer_of(settings: StepSettings, params: Sequence[Tensor], eta: float) -> Optimizer:
    """The torch optimizer of a step rule.

    Raises:
        ExtensionError: a package's rule failed, or gave no torch optimizer.
    """
    from torch.optim import Optimizer

    with named(settings):
        found = settings.optimizer(params, eta)
    if not isinstance(found, Optimizer):
        _wrong(settings, "optimizer() is no torch.optim.Optimizer")
    return found


def step(settings: StepSettings, optimizer: Optimizer) -> tuple[Tensor, Tensor]:
    """One step: (norm of the gradient, step size) as the optimizer reports them.

    Raises:
        ExtensionError: a package's optimizer failed, or does not say what it did.
    """
    from torch import Tensor

    with named(settings):
        optimizer.step()
        norm, size = optimizer.grad_norm, optimizer.step_size  # type: ignore[attr-defined]
    if not all(isinstance(t, Tensor) and t.ndim == 0 for t in (norm, size)):
        _wrong(settings, "the optimizer's grad_norm and step_size are no 0-dim tensors after a step")
    return norm, size
