"""delta-GClip and its two limits, GClip and gradient descent.

[TMSSR25] Tucat, Mukherjee, Sen, Sun, Rivasplata, "Regularized Gradient Clipping Provably Trains Wide and Deep
Neural Networks", TMLR 2025, arXiv:2404.08624.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn, overload

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from ..theory.errors import InvalidInputError
from ._division import Division, NormGroup, zero_around
from ._functional import buckets, clipped_step, descend, mesh_of


def _refuse(key: str, value: object, allowed: str) -> NoReturn:
    raise InvalidInputError(f"{key} = {value!r}: allowed is {allowed}")


def _check_lr(lr: object) -> None:
    if isinstance(lr, Tensor):
        # The value is read only where that waits for nothing.
        allowed = lr.ndim == 0 and lr.is_floating_point() and (not lr.is_cpu or bool(0 < lr < math.inf))
    else:
        allowed = isinstance(lr, int | float) and 0 < lr < math.inf
    if not allowed:
        _refuse("lr", lr, "a finite positive number or a 0-dim floating-point tensor that holds one")


class _LastStep:
    """What a step leaves to be read. An object of its own: of a compiled step torch drops what is set on optimizers."""

    grad_norm: Tensor | None = None
    step_sizes: tuple[Tensor, ...] = ()


class _ClippedDescent(Optimizer):
    """Descent by h = lr min(1, max(delta, gamma / ||grad||)) for any gamma in (0, inf] and delta in [0, 1]."""

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        gamma: float,
        delta: float,
        foreach: bool | None,
        norm_group: NormGroup,
    ) -> None:
        _check_lr(lr)
        if not (isinstance(gamma, int | float) and gamma > 0):
            _refuse("gamma", gamma, "a positive number (inf never clips)")
        self._division = Division(norm_group, zero_around(self))
        super().__init__(params, {"lr": lr, "gamma": gamma, "delta": delta, "foreach": foreach})
        self._forget()

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
            InvalidInputError: another gamma or delta than the optimizer's, a bad `lr`, or a parameter that is
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
            InvalidInputError: the state's gamma or delta is not this optimizer's, which is then as it was.
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
                _refuse(f"dtype of parameter {i} in group {index}", p.dtype, allowed)

    def _check_shared(self, groups: list[dict[str, Any]]) -> None:
        for key in ("gamma", "delta"):
            ours = self.defaults[key]
            for i, group in enumerate(groups):
                if group.get(key) != ours:
                    _refuse(f"{key} of parameter group {i}", group.get(key), f"the optimizer's own, {ours!r}")

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
            InvalidInputError: a gradient is sparse or not real, a group's gamma or delta was changed since it was
                added, or the norm over all parameters cannot be told. No parameter has moved then.
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
                _refuse(f"layout of a gradient of shape {tuple(g.shape)}", g.layout, allowed)
            if not g.is_floating_point():
                _refuse(f"dtype of a gradient of shape {tuple(g.shape)}", g.dtype, "a real floating-point dtype")
            if mesh_of(g) != mesh:
                _refuse(f"mesh of a gradient of shape {tuple(g.shape)}", mesh_of(g), f"its parameter's, {mesh}")

        params = [p for group in self.param_groups for p in group["params"]]
        norm = self._division.norm([part for _, part in work], params)
        gamma, delta = self.defaults["gamma"], self.defaults["delta"]
        steps = tuple(clipped_step(group["lr"], gamma, delta, norm) for group in self.param_groups)
        for i, part in work:
            descend(part, steps[i])
        self._last.grad_norm, self._last.step_sizes = norm, steps
        return loss


class DeltaGClip(_ClippedDescent):
    r"""Regularized gradient clipping, delta-GClip [TMSSR25].

    .. code-block:: text

        input: eta = lr > 0, gamma > 0, 0 < delta < 1, w_0, loss L
        for t = 0, 1, ...
            g_t     = grad L(w_t)                       all parameters of all groups as one vector
            h_t     = eta * min(1, max(delta, gamma / ||g_t||))
            w_{t+1} = w_t - h_t * g_t

    Lemma 1 of the paper, `eta * delta <= h_t <= eta`, holds for `step_size` in floating point too. The
    floor delta is what GClip lacks: it bounds h_t from below whatever gamma and the starting loss.

    Scale: gamma is in units of the gradient. For the loss c L use lr / c and gamma * c; delta stays. The
    theorems' constants are for L = 1/2 ||F - y||^2, a sum; `torch.nn.MSELoss` over n samples with C
    outputs is c L with c = 2 / (n C).

    Deviations from the paper: groups may differ in lr and a `torch.optim.lr_scheduler` may change it, but
    the theorem speaks of one constant eta. From the authors' public code: the norm is over all groups, as
    in the paper, not one per group; gradients that are None are skipped; no gradient is copied; nothing
    waits for the device.

    Edge cases: at a zero gradient h = eta and nothing moves. A NaN in any gradient makes the norm, every
    h and every parameter NaN. At an infinite norm h = eta delta (NaN if gamma is infinite too), so that
    an infinite entry makes its parameter infinite; in GClip h is then 0 and that parameter NaN. For
    half-precision parameters the norm and the update are computed in float32. On an accelerator a float32 gradient
    counts as infinite from a norm of 1e19 and as zero below 1e-22; on the CPU it does not.

    Several processes: the norm is one over all parameters, wherever they are, or the step is refused and
    nothing moves.

    ==========================  =======================================================================
    DDP                         each process has all parameters: its own norm
    FSDP2, HSDP, tensor         a DTensor's norm is that of the whole tensor, summed over its mesh; plain
    parallel                    parameters beside it count once
    ZeroRedundancyOptimizer     summed over its process group, as
                                `ZeroRedundancyOptimizer(params, optimizer_class=DeltaGClip, lr=..., ...)`
    FSDP1                       refused without `norm_group=model.process_group`; parameters that it ignores
                                count once
    pipeline, expert parallel   refused without `norm_group`, the group that the parameters are divided among;
                                a parameter that several of its processes hold would count for each of them
    ==========================  =======================================================================

    A process believes in its own norm of plain parameters only after its first step with a gradient has found,
    through the run's store, that every process holds the same parameters and gradients. This waits for the others,
    60 s at most, and for an accelerator, once. Give `norm_group="local"` where processes train models of their own, or
    only some of them train. Compiled with `fullgraph=True`, the first step must have been an eager one.

    The step never waits for an accelerator; in a captured CUDA graph a number lr is frozen, so give a
    tensor on the device if it is to change. Parameters on several devices exchange the norm and h, and a
    step that mixes CPU and accelerator waits for those. What `foreach` changes is rounding
    alone: the norm's and the step's last bits.

    Args:
        params: parameters or parameter groups.
        lr: eta, a positive number or a 0-dim tensor.
        gamma: clipping threshold, positive, one for all groups; inf gives gradient descent.
        delta: smallest factor of eta, in the open interval (0, 1), one for all groups.
        foreach: multi-tensor kernels (True or None) or one call per tensor (False).
        norm_group: the process group that the parameters are divided among, over which the norm is summed;
            "local" for the norm of this process alone; None to find out. A group does not outlive a copy: the
            optimizer has a state_dict, and no pickle then.

    Attributes:
        grad_norm: ||g_t|| of the last step, a 0-dim tensor on the first gradient's device; None before.
        step_size: h_t of the last step for the first group, a 0-dim tensor; None before.
        step_sizes: the same for every group, a tuple; empty before.

    Raises:
        InvalidInputError: a setting is outside its range, groups differ in gamma or delta, or a parameter is
            not of a real floating dtype.

    Example:
        >>> import torch
        >>> from pltheory.optim import DeltaGClip
        >>> w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> opt = DeltaGClip([w], lr=0.5, gamma=1.0, delta=0.1)
        >>> (w.square().sum() / 2).backward()  # the gradient is w, of norm 5
        >>> opt.step()
        >>> opt.grad_norm, opt.step_size  # 0.5 * max(0.1, 1 / 5)
        (tensor(5., dtype=torch.float64), tensor(0.1000, dtype=torch.float64))
        >>> w.data
        tensor([2.7000, 3.6000])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        gamma: float,
        delta: float,
        *,
        foreach: bool | None = None,
        norm_group: NormGroup = None,
    ) -> None:
        if not (isinstance(delta, int | float) and 0 < delta < 1):
            _refuse("delta", delta, "a number in (0, 1); GClip is delta = 0 and GradientDescent delta = 1")
        super().__init__(params, lr, gamma, delta, foreach, norm_group)


class GClip(_ClippedDescent):
    """Gradient clipping by norm, h = lr min(1, gamma / ||grad||): `DeltaGClip` with delta = 0.

    The same iterates as `torch.nn.utils.clip_grad_norm_(params, gamma)` before SGD, up to rounding and that
    function's 1e-6 in the denominator.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        gamma: float,
        *,
        foreach: bool | None = None,
        norm_group: NormGroup = None,
    ) -> None:
        super().__init__(params, lr, gamma, 0.0, foreach, norm_group)


class GradientDescent(_ClippedDescent):
    """Plain gradient descent, h = lr: `DeltaGClip` with delta = 1 or gamma = inf.

    `torch.optim.SGD` to the last bit for finite gradients in float32 and float64, at the cost of one more
    pass over the gradients for `grad_norm`.
    """

    def __init__(
        self, params: ParamsT, lr: float | Tensor, *, foreach: bool | None = None, norm_group: NormGroup = None
    ) -> None:
        super().__init__(params, lr, math.inf, 1.0, foreach, norm_group)
