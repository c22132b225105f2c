"""Descent along the gradient, or along a momentum buffer, by a step that depends on one norm: of torch.optim."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, overload

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT
from torch.utils._foreach_utils import _get_fused_kernels_supported_devices

from ..theory.arithmetic import Arithmetic
from ._buckets import Bucket, buckets, mesh_of
from ._division import Division, NormGroup, zero_around
from ._keywords import ALIKE, check, refuse, with_defaults
from ._tensors import TENSORS
from ._update import accumulate, advance, take_objective


class _LastStep:
    """What a step leaves to be read. An object of its own: of a compiled step torch drops what is set on optimizers."""

    grad_norm: Tensor | None = None
    buffer_norm: Tensor | None = None
    step_sizes: tuple[Tensor, ...] = ()


class Descent(Optimizer):
    """Steps of size h = h(lr, norm) with one norm over all parameters; a subclass says which h, and gives `h`.

    With `clip = "gradient"` the norm is that of the objective's gradient and the factor h / lr scales what enters the
    momentum buffer; with `clip = "buffer"` the norm is that of the buffers and h is the step along them.

    Attributes:
        numbers: those of the rule beside lr, which all groups have alike.
    """

    numbers: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        numbers: Mapping[str, float],
        keywords: Mapping[str, Any],
        norm_group: NormGroup,
    ) -> None:
        values = {"lr": lr, **numbers, **with_defaults(keywords)}
        check(values)
        self.check_numbers(values)
        self._division = Division(norm_group, zero_around(self))
        super().__init__(params, values)
        self._forget()

    def check_numbers(self, values: Mapping[str, Any]) -> None:
        """Refuse numbers that the rule does not have.

        Raises:
            InvalidInputError: in one line that says what is allowed.
        """

    def h(self, lr: float | Tensor, norm: Tensor) -> Tensor:
        """The step size at that norm, a 0-dim tensor in proportion to lr; NaN at a NaN norm."""
        raise NotImplementedError

    @property
    def _needs_whole_norm(self) -> bool:
        """Whether a step of some parameters alone is another algorithm's."""
        return True

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "norm_group": self._division.picklable()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Of a copy or a pickle; also what load_state_dict calls, with groups and state and nothing else.
        own = {key: value for key, value in state.items() if key != "norm_group"}
        ours = getattr(self, "param_groups", own["param_groups"])[0]
        for values in (*own["param_groups"], own.get("defaults", {})):
            # What was written before there was a keyword, or by torch.optim.SGD, is as if it had its default.
            for key, value in {**with_defaults({}), **{key: ours[key] for key in self.numbers}}.items():
                values.setdefault(key, value)
        self._check_alike(own["param_groups"])
        for group in own["param_groups"]:
            check(group)
            self.check_numbers(group)
        if not hasattr(self, "_division"):
            self._division = Division(state.get("norm_group"), None)
        super().__setstate__(own)
        self._forget()

    def _forget(self) -> None:
        self._last = _LastStep()

    @property
    def grad_norm(self) -> Tensor | None:
        """The norm in the last step over every parameter of every group, a 0-dim tensor; None before.

        Of the objective's gradient: with coupled decay its term is a part of it.
        """
        return self._last.grad_norm

    @property
    def buffer_norm(self) -> Tensor | None:
        """The norm in the last step of the momentum buffers of every parameter, with `clip = "buffer"`; else None."""
        return self._last.buffer_norm

    @property
    def step_sizes(self) -> tuple[Tensor, ...]:
        """h of the last step for each parameter group, 0-dim tensors; empty before."""
        return self._last.step_sizes

    @property
    def step_size(self) -> Tensor | None:
        """h of the last step for the first parameter group, a 0-dim tensor; None before the first step."""
        return self.step_sizes[0] if self.step_sizes else None

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, which may have its own keywords but those that all groups have alike.

        Raises:
            InvalidInputError: a number of the rule, `clip` or `differentiable` is not that of the other groups, another
                keyword is not allowed, or a parameter is not real floating point. The optimizer is then as it was.
        """
        self._division.settled = False
        if self.param_groups and isinstance(param_group, dict):
            # They may have been changed, or loaded, since the optimizer was made.
            first = self.param_groups[0]
            param_group = {**{key: first[key] for key in self._alike}, **param_group}
        super().add_param_group(param_group)
        try:
            self._check(len(self.param_groups) - 1)
        except ValueError:
            self.param_groups.pop()
            raise

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take groups and buffers of `state_dict`, lr and the rule's numbers among them; `grad_norm` is None again.

        What a group there lacks is as it is here, or at its default: a state of torch.optim.SGD loads.

        Raises:
            InvalidInputError: a number or a keyword of the state is not allowed here. The optimizer is as it was.
        """
        super().load_state_dict(state_dict)

    @property
    def _alike(self) -> tuple[str, ...]:
        return (*self.numbers, *ALIKE)

    def _check(self, index: int) -> None:
        group = self.param_groups[index]
        check(group)
        self.check_numbers(group)
        self._check_alike(self.param_groups)
        for i, p in enumerate(group["params"]):
            what = f"parameter {i} in group {index}"
            if not p.is_floating_point():
                allowed = "a real floating-point dtype (torch.view_as_real makes one of a complex tensor)"
                refuse(f"dtype of {what}", p.dtype, allowed)
            if group["fused"] and p.device.type not in (fused := _get_fused_kernels_supported_devices()):
                refuse(f"device of {what}", p.device, f"one of {', '.join(fused)} with fused = True")

    def _check_alike(self, groups: Sequence[Mapping[str, Any]]) -> None:
        first = groups[0]
        for i, group in enumerate(groups[1:], 1):
            for key in self._alike:
                if group[key] != first[key]:
                    refuse(f"{key} of parameter group {i}", group[key], f"that of group 0, {first[key]!r}")

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step; parameters without a gradient stay and do not count in the norm.

        Args:
            closure: clears the gradients, computes the loss, calls backward and returns the loss.

        Returns:
            What the closure returned, None without one.

        Raises:
            InvalidInputError: a gradient is sparse or not real, groups differ in a number of the rule, the norm over
                all parameters cannot be told, or backward is still running, where only some gradients are there. No
                parameter has moved then.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            self._step()
        return loss

    def _step(self) -> None:
        groups = self.param_groups
        self._check_alike(groups)
        if self._needs_whole_norm and not torch.compiler.is_compiling() and torch._C._current_graph_task_id() != -1:
            refuse("step()", "inside backward", "after it: a norm for each parameter is another algorithm")
        work = [(i, part) for i, group in enumerate(groups) for part in buckets(group, self.state)]
        parts = [part for _, part in work]
        _require_dense(parts)
        for part in parts:
            take_objective(part)
        params = [p for group in groups for p in group["params"]]
        grad_norm, buffer_norm = self._division.norm(parts, params), None
        if groups[0]["clip"] == "buffer":
            for part in parts:
                accumulate(part, self.state, 1.0)
            buffer_norm = self._division.norm(parts, params)
        norm = grad_norm if buffer_norm is None else buffer_norm
        steps = tuple(self.h(_scalar(group["lr"]), norm) for group in groups)
        factor = self.h(1.0, norm)
        for i, part in work:
            advance(part, self.state, steps[i], factor)
        last = self._last
        last.grad_norm, last.buffer_norm = grad_norm, buffer_norm
        last.step_sizes = steps


def _scalar(lr: float | Tensor) -> float | Tensor:
    return lr.reshape(()) if isinstance(lr, Tensor) else lr


def _require_dense(parts: Sequence[Bucket]) -> None:
    for g, mesh in ((g, part.mesh) for part in parts for g in part.grads):
        if g.layout != torch.strided:
            allowed = "dense: build the layer with sparse=False, or set p.grad = p.grad.to_dense()"
            refuse(f"layout of a gradient of shape {tuple(g.shape)}", g.layout, allowed)
        if not g.is_floating_point():
            refuse(f"dtype of a gradient of shape {tuple(g.shape)}", g.dtype, "a real floating-point dtype")
        if (mesh is not None or type(g) is not Tensor) and mesh_of(g) != mesh:
            refuse(f"mesh of a gradient of shape {tuple(g.shape)}", mesh_of(g), f"its parameter's, {mesh}")


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
        super().__init__(params, lr, {}, {}, None)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_rule": self._rule}

    def h(self, lr: float | Tensor, norm: Tensor) -> Tensor:
        """`rule.step_size(lr, norm)`."""
        found: Tensor = self._rule.step_size(lr, norm, TENSORS)
        return found
