"""Descent along the gradient by a step size that depends on its norm, as a citizen of torch.optim."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NoReturn, Protocol, overload

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from ..theory.arithmetic import Arithmetic
from ..theory.errors import InvalidInputError
from ._division import Division, NormGroup, zero_around
from ._functional import TENSORS, buckets, descend, mesh_of


def refuse(key: str, value: object, allowed: str) -> NoReturn:
    raise InvalidInputError(f"{key} = {value!r}: allowed is {allowed}")


def _check_lr(lr: object) -> None:
    if isinstance(lr, Tensor):
        # The value is read only where that waits for nothing.
        allowed = lr.ndim == 0 and lr.is_floating_point() and (not lr.is_cpu or bool(0 < lr < math.inf))
    else:
        allowed = isinstance(lr, int | float) and 0 < lr < math.inf
    if not allowed:
        refuse("lr", lr, "a finite positive number or a 0-dim floating-point tensor that holds one")


class _LastStep:
    """What a step leaves to be read. An object of its own: of a compiled step torch drops what is set on optimizers."""

    grad_norm: Tensor | None = None
    step_sizes: tuple[Tensor, ...] = ()


class Descent(Optimizer):
    """Descent by h = h(lr, ||grad||) with one norm over all parameters; a subclass says which h, and gives `h`.

    Attributes:
        shared: the numbers beside lr that all groups have alike.
    """

    shared: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        numbers: Mapping[str, float],
        foreach: bool | None,
        norm_group: NormGroup,
    ) -> None:
        _check_lr(lr)
        self._division = Division(norm_group, zero_around(self))
        super().__init__(params, {"lr": lr, **numbers, "foreach": foreach})
        self._forget()

    def h(self, lr: float | Tensor, norm: Tensor) -> Tensor:
        """The step size at that norm, a 0-dim tensor; NaN at a NaN norm."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "norm_group": self._division.picklable()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Also what load_state_dict calls, with groups and nothing else.
        own = {key: value for key, value in state.items() if key != "norm_group"}
        if not hasattr(self, "_division"):
            self._division = Division(state.get("norm_group"), None)
        super().__setstate__(own)
        self._forget()

    def _forget(self) -> None:
        self._last = _LastStep()

    @property
    def grad_norm(self) -> Tensor | None:
        """The norm in the last step over every parameter of every group, a 0-dim tensor; None before."""
        return self._last.grad_norm

    @property
    def step_sizes(self) -> tuple[Tensor, ...]:
        """h of the last step for each parameter group, 0-dim tensors; empty before."""
        return self._last.step_sizes

    @property
    def step_size(self) -> Tensor | None:
        """h of the last step for the first parameter group, a 0-dim tensor; None before the first step."""
        return self.step_sizes[0] if self.step_sizes else None

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, which may have its own `lr` and `foreach`.

        Raises:
            InvalidInputError: another number than the optimizer's own, a bad `lr`, or a parameter that is
                not real floating point. The optimizer is then as it was.
        """
        self._division.settled = False
        super().add_param_group(param_group)
        try:
            self._check(len(self.param_groups) - 1)
        except InvalidInputError:
            self.param_groups.pop()
            raise

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the groups of `state_dict`, their lr among them; `grad_norm` and `step_size` are None again.

        Raises:
            InvalidInputError: a number of the state is not this optimizer's, which is then as it was.
        """
        self._check_shared(state_dict["param_groups"])
        super().load_state_dict(state_dict)

    def _check(self, index: int) -> None:
        group = self.param_groups[index]
        _check_lr(group["lr"])
        self._check_shared(self.param_groups)
        for i, p in enumerate(group["params"]):
            if not p.is_floating_point():
                allowed = "a real floating-point dtype (torch.view_as_real makes one of a complex tensor)"
                refuse(f"dtype of parameter {i} in group {index}", p.dtype, allowed)

    def _check_shared(self, groups: list[dict[str, Any]]) -> None:
        for key in self.shared:
            ours = self.defaults[key]
            for i, group in enumerate(groups):
                if group.get(key) != ours:
                    refuse(f"{key} of parameter group {i}", group.get(key), f"the optimizer's own, {ours!r}")

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step; parameters without a gradient stay and do not count in the norm.

        Args:
            closure: clears the gradients, computes the loss, calls backward and returns the loss.

        Returns:
            What the closure returned, None without one.

        Raises:
            InvalidInputError: a gradient is sparse or not real, a group's number was changed since it was added, or the
                norm over all parameters cannot be told. No parameter has moved then.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()

        self._check_shared(self.param_groups)
        work = [
            (i, part)
            for i, group in enumerate(self.param_groups)
            for part in buckets(group["params"], group["foreach"])
        ]
        for g, mesh in ((g, part.mesh) for _, part in work for g in part.grads):
            if g.layout != torch.strided:
                allowed = "dense: build the layer with sparse=False, or set p.grad = p.grad.to_dense()"
                refuse(f"layout of a gradient of shape {tuple(g.shape)}", g.layout, allowed)
            if not g.is_floating_point():
                refuse(f"dtype of a gradient of shape {tuple(g.shape)}", g.dtype, "a real floating-point dtype")
            if mesh_of(g) != mesh:
                refuse(f"mesh of a gradient of shape {tuple(g.shape)}", mesh_of(g), f"its parameter's, {mesh}")

        params = [p for group in self.param_groups for p in group["params"]]
        norm = self._division.norm([part for _, part in work], params)
        steps = tuple(self.h(group["lr"], norm) for group in self.param_groups)
        for i, part in work:
            descend(part, steps[i])
        self._last.grad_norm, self._last.step_sizes = norm, steps
        return loss


class Formula(Protocol):
    """What has a step size as a function of the gradient's norm."""

    def step_size(self, eta: Any, grad_norm: Any, ops: Arithmetic) -> Any:
        """h."""
        ...


class RuleDescent(Descent):
    """Descent by any step rule, its formula evaluated on 0-dim tensors.

    Args:
        params: parameters, one group.
        rule: whose `step_size` it takes.
        lr: eta.
    """

    def __init__(self, params: Sequence[Tensor], rule: Formula, lr: float) -> None:
        self._rule = rule
        super().__init__(params, lr, {}, None, None)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_rule": self._rule}

    def h(self, lr: float | Tensor, norm: Tensor) -> Tensor:
        """`rule.step_size(lr, norm)`."""
        found: Tensor = self._rule.step_size(lr, norm, TENSORS)
        return found
