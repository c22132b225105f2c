"""The clipped rules as citizens of torch.optim.

Their settings know no torch, so that a configuration is read, and refused, before torch is imported.

[TMSSR25] Tucat, Mukherjee, Sen, Sun, Rivasplata, "Regularized Gradient Clipping Provably Trains Wide and Deep
Neural Networks", TMLR 2025, arXiv:2404.08624.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

from torch import Tensor
from torch.optim.optimizer import ParamsT

from ._descent import Descent
from ._division import NormGroup
from ._keywords import Keywords, refuse
from ._tensors import clipped_step
from .doubles import number


class ClippedDescent(Descent):
    """Descent by h = lr min(1, max(delta, gamma / norm)) for any gamma in (0, inf] and delta in [0, 1]."""

    numbers: ClassVar[tuple[str, ...]] = ("gamma", "delta")

    def check_numbers(self, values: Mapping[str, Any]) -> None:
        """Refuse a gamma that is not positive, and the delta or gamma that the rule does not have."""
        if not number(values["gamma"]) > 0:
            refuse("gamma", values["gamma"], "a positive number (inf never clips)")
        self.check_delta(values)

    def check_delta(self, values: Mapping[str, Any]) -> None:
        """Refuse a delta, or a gamma, that this rule does not have."""
        raise NotImplementedError

    def h(self, lr: float | Tensor, norm: Tensor) -> Tensor:
        """lr min(1, max(delta, gamma / norm))."""
        first = self.param_groups[0]
        return clipped_step(lr, first["gamma"], first["delta"], norm)

    @property
    def _needs_whole_norm(self) -> bool:
        first = self.param_groups[0]
        return first["gamma"] < math.inf and first["delta"] < 1


class DeltaGClip(ClippedDescent):
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

    Momentum: two recursions, u_t the gradient of the objective, that is `sign g_t + weight_decay w_t` with sign = -1
    under `maximize`, and c(x) = min(1, max(delta, gamma / x)).

    .. code-block:: text

        clip = "gradient"    c_t = c(||u_t||),  b_{t+1} = momentum b_t + (1 - dampening) c_t u_t
                             w_{t+1} = w_t - lr b_{t+1}               nesterov: - lr (c_t u_t + momentum b_{t+1})
        clip = "buffer"      b_{t+1} = momentum b_t + (1 - dampening) u_t,  c_t = c(||b_{t+1}||)
                             w_{t+1} = w_t - lr c_t b_{t+1}           no nesterov

    with b_1 = u_0, or c_0 u_0, as in torch.optim.SGD: the first gradient is not dampened. The first is
    `clip_grad_norm_` (at delta = 0, without its 1e-6) followed by that SGD; at a constant lr, with d = -lr b, it is
    `d_{t+1} = momentum d_t - h_t u_t` with h_t = lr c_t. The second is a step along b_{t+1} of any size h_t = lr c_t,
    whatever changes lr. Without momentum b = u and they are the same. Where nothing is clipped, the numbers are SGD's.

    Weight decay: coupled, its term is a part of u and counts in the norm, which is then that of the objective's
    gradient. The authors' public code, and `clip_grad_norm_` before SGD, take the norm without it. Decoupled, as in
    torch.optim.AdamW, w shrinks by 1 - lr weight_decay before the step, and the norm is the loss's gradient's.

    Deviations from the paper: groups may differ in lr and a `torch.optim.lr_scheduler` may change it, but
    the theorem speaks of one constant eta. From the authors' public code: the norm is over all groups, as
    in the paper, not one per group; gradients that are None are skipped; no gradient is copied; nothing
    waits for the device.

    Edge cases: at a zero gradient h = eta and nothing moves. A NaN in any gradient makes the norm, every
    h and every parameter NaN. At an infinite norm h = eta delta (NaN if gamma is infinite too), so that
    an infinite entry makes its parameter infinite; in GClip h is then 0 and that parameter NaN. For
    half-precision parameters the norm and the update are computed in float32. Norms of float32 gradients are taken in
    float64 where float32 cannot hold the squares (on Apple's accelerators, which have no float64, they count as
    infinite from 1e19 and as zero below 1e-22).

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
    step that mixes CPU and accelerator waits for those. What `foreach` and `fused` change is rounding
    alone: the last bits of the norm, the step and the weights.

    A step inside backward, as of optimizers with a parameter each, is refused unless nothing can be clipped: a norm
    for each parameter is another algorithm.

    Args:
        params: parameters or parameter groups.
        lr: eta, a number of at least 0 or a tensor with one element.
        gamma: clipping threshold, positive, one for all groups; inf gives gradient descent.
        delta: smallest factor of eta, in the open interval (0, 1), one for all groups.
        norm_group: the process group that the parameters are divided among, over which the norm is summed;
            "local" for the norm of this process alone; None to find out. A group does not outlive a copy: the
            optimizer has a state_dict, and no pickle then.
        momentum: in [0, 1), 0 for none. A scheduler may cycle it.
        dampening: in [0, 1).
        weight_decay: at least 0.
        nesterov: Nesterov's momentum, with momentum and without dampening.
        decoupled_weight_decay: decay beside the step, not in the gradient.
        clip: "gradient" or "buffer", whose norm decides; one for all groups.
        maximize: ascend.
        foreach: multi-tensor kernels (True or None) or one call per tensor (False).
        capturable: read no number of a step on the host, on the CPU either; on an accelerator none ever is.
        differentiable: let autograd follow the step; one for all groups.
        fused: torch's fused kernel wherever it computes these numbers (True), not at all (False), or on the CPU with
            momentum (None).

    Attributes:
        grad_norm: ||u_t|| of the last step, a 0-dim tensor on the first gradient's device; None before.
        buffer_norm: ||b_{t+1}|| of the last step with clip = "buffer"; else None.
        step_size: h_t of the last step for the first group, a 0-dim tensor; None before.
        step_sizes: the same for every group, a tuple; empty before.

    Raises:
        InvalidInputError: a setting is outside its range, two do not go together, groups differ in gamma, delta or
            clip, or a parameter is not of a real floating dtype.

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
        norm_group: NormGroup = None,
        **keywords: Unpack[Keywords],
    ) -> None:
        super().__init__(params, lr, {"gamma": gamma, "delta": delta}, keywords, norm_group)

    def check_delta(self, values: Mapping[str, Any]) -> None:
        """Delta lies in (0, 1)."""
        if not 0 < number(values["delta"]) < 1:
            refuse("delta", values["delta"], "a number in (0, 1); GClip is delta = 0 and GradientDescent delta = 1")


class GClip(ClippedDescent):
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
        norm_group: NormGroup = None,
        **keywords: Unpack[Keywords],
    ) -> None:
        super().__init__(params, lr, {"gamma": gamma, "delta": 0.0}, keywords, norm_group)

    def check_delta(self, values: Mapping[str, Any]) -> None:
        """There is none."""
        if number(values["delta"]) != 0:
            refuse("delta", values["delta"], "0 in GClip; DeltaGClip has delta in (0, 1)")


class GradientDescent(ClippedDescent):
    """Plain gradient descent, h = lr: `DeltaGClip` with delta = 1 or gamma = inf.

    `torch.optim.SGD` to the last bit for finite gradients in float32 and float64, at the cost of one more
    pass over the gradients for `grad_norm`.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        *,
        norm_group: NormGroup = None,
        **keywords: Unpack[Keywords],
    ) -> None:
        super().__init__(params, lr, {"gamma": math.inf, "delta": 1.0}, keywords, norm_group)

    def check_delta(self, values: Mapping[str, Any]) -> None:
        """There is neither."""
        if values["gamma"] != math.inf or number(values["delta"]) != 1:
            said = (values["gamma"], values["delta"])
            refuse("gamma, delta", said, "inf, 1 in GradientDescent; DeltaGClip has delta in (0, 1)")
