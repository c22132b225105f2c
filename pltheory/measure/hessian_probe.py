"""A Hessian by automatic differentiation held against finite differences of the gradient, before it is believed.

Some second derivatives are wrong without an error (torch's fused weight normalisation), and an operation may hide from
them (a detached copy). For a vector v and its product H v, the central difference

    D(h) = (g(w + h v) - g(w - h v)) / (2 h) = H v + O(h^2)

of autograd's gradient g has to be H v, and the mean of the two gradients has to have, along v, the slope of the
function itself, (f(w + h v) - f(w - h v)) / (2 h) + O(h^2). In float64 where the network can be run in it.

Errors: from one step to the next, an eighth of it, the truncation falls by 64 and the round-off grows by 8, so the
change |D(h) - D(8 h)| is at least 7/8 of the error of D(h); the round-off of g itself, some units of eps |g| / h, is
added. A difference beyond that, where it is small, is a refusal. Where the gradient jumps (a kink within h of the
weights) the change is not small and the next step is taken; where it never is, the number is not believed either.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..theory import NotAvailableError, NumericalFailureError
from .autodiff import gradient, mixing_weights, norm, require_finite_derivatives, run_on_leaves
from .autograd_hessian import AutogradHessians

_STEPS = 7
_SHRINK = 8.0
_COARSE = 40
"""At most that many steps before the `_STEPS` that may refuse: what float32 holds between the sizes of two layers."""
_ROUNDINGS = 64
"""Units in the last place by which a gradient, or a function, is taken to be off."""
_NOISE = 1 << 10
"""Units in the last place of a whole gradient below which a part of it is round-off."""
_FINE = 1e-3
"""A finite difference with a relative error below this decides."""
_SPOILT = 1e-2
"""Relative error of a float32 product that is too much."""

Twin = Callable[[torch.dtype | None], AutogradHessians]
"""The same functions in another precision, or (None) in their own."""


def require_symmetric(asymmetry: Tensor, eps: float) -> None:
    """Refuse Hessians with u . H v and v . H u that differ, relative to the product, by more than round-off.

    Raises:
        NotAvailableError: they do.
    """
    worst = float(asymmetry.max()) if len(asymmetry) else 0.0
    if not worst <= eps**0.5:
        raise NotAvailableError(
            f"no Hessian for this network: u . H v and v . H u differ by {worst:.1e} of the product, so a second "
            "derivative in the network is wrong"
        )


def require_exchangeable(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> None:
    """Refuse a module whose gradient does not follow parameters that are exchanged for its own.

    A checkpoint runs a part of the module again during the backward pass, with the module's own parameters: their
    derivatives, and finite differences too, would be of a function of half of them. Held against each other at other
    weights: the gradient by exchange, and that of the module with those weights in it.

    Raises:
        NotAvailableError: they differ.
        NumericalFailureError: outputs or derivatives are not finite, here or there.
    """
    require_finite_derivatives(network, params, x)
    gen = torch.Generator().manual_seed(0)
    size = norm(params.values()) / sum(p.numel() for p in params.values()) ** 0.5 or 1.0
    moved = {
        name: p.detach() + 0.01 * size * torch.randn(p.shape, generator=gen, dtype=torch.float64).to(p)
        for name, p in params.items()
    }
    leaves, output = run_on_leaves(network, moved, x)
    weights = mixing_weights(output.numel(), output).reshape(output.shape)
    exchanged = gradient(output, leaves.values(), weights)
    own = [p.data for p in params.values()]
    try:
        for p, m in zip(params.values(), moved.values(), strict=True):
            p.data = m
        with torch.enable_grad():
            plain = gradient(network(x).reshape(len(x), -1), params.values(), weights)
    finally:
        for p, data in zip(params.values(), own, strict=True):
            p.data = data
    if not math.isfinite(norm(exchanged) + norm(plain)):
        raise NumericalFailureError("the derivatives of the network's outputs are not finite near its weights")
    gap = norm(a - b for a, b in zip(exchanged, plain, strict=True))
    if not gap <= torch.finfo(output.dtype).eps ** 0.5 * norm(plain):
        raise NotAvailableError(
            "no Hessian for this network: its gradient does not follow parameters given in place of its own (a "
            "checkpoint, or a hook on a gradient)"
        )


def require_unbatched(batch: AutogradHessians, weights: Tensor, twin: Twin) -> None:
    """Refuse functions that vmap runs together if they are not what plain autograd says of their sum.

    A rule for vmap may be wrong (that of an embedding with padding, or a module's own), and finite differences of the
    gradient that it gives would be wrong alike. Held against the sum with weights, run without it: gradients, and a
    product with the Hessian along a random direction by finite differences.

    Args:
        batch: the functions, B of them.
        weights: theirs in the sum, (B,).
        twin: the sum.

    Raises:
        NotAvailableError, NumericalFailureError: as `confirm`.
    """
    plain = twin(None)
    _, gradients = batch.graph
    u = plain.start(0)
    u = u / torch.linalg.vector_norm(u)
    _, expected = plain.at(torch.zeros_like(u))
    found = (weights.to(u).double() @ _flat(gradients, batch))[None]
    sizes = [p.numel() for p in batch.params.values()]
    own = _flat(expected, plain)
    eps = torch.finfo(u.dtype).eps
    noise = _NOISE * eps * norm([own])
    for a, b in zip(found.split(sizes, dim=1), own.split(sizes, dim=1), strict=True):
        if not norm([a - b]) <= eps**0.5 * norm([b]) + noise:
            raise NotAvailableError("no Hessian for this network: vmap does not give the gradients that autograd gives")
    product = (weights.to(u) @ batch.apply(u.expand(batch.count, -1)))[None]
    confirm(twin, u, product, torch.zeros(1))


def confirm(twin: Twin, v: Tensor, product: Tensor, residual: Tensor) -> None:
    """Hold products with Hessians against finite differences.

    Args:
        twin: the functions, B of them.
        v: vectors, (B, p).
        product: H v, (B, p), up to vectors of norm `residual` that are orthogonal to v.
        residual: (B,).

    Raises:
        NotAvailableError: they disagree, so a derivative in the network is wrong.
        NumericalFailureError: finite differences do not settle, or float32 spoilt the product.
    """
    functions, v, product, residual = _in_float64(twin, v, product, residual)
    connected = _connected(functions, v)
    v, product = torch.where(connected, v, 0), torch.where(connected, product, 0)
    if not bool(v.any()):
        return  # no gradient flows: what autograd takes for a constant
    probe = _Probe.of(functions, v, product, residual)
    before: _Difference | None = None
    coarse = probe.coarse_steps()
    for k in range(coarse + _STEPS):
        now = probe.difference()
        if before is None:
            settled = probe.agrees(now)
        else:
            settled = probe.agrees(now) | probe.judge(before, now, may_refuse=k > coarse)
        if bool(settled.all()):
            return
        before = now
        probe.shrink()
    raise NumericalFailureError(
        "a Hessian is not confirmed: finite differences of the gradient do not settle (a kink at the weights, or too "
        "few digits: network.double() has more)"
    )


def _in_float64(
    twin: Twin, v: Tensor, product: Tensor, residual: Tensor
) -> tuple[AutogradHessians, Tensor, Tensor, Tensor]:
    """The functions to probe, and the rest in their precision; the product anew where it was of a lower one."""
    residual = residual.to(v.device).double()
    if v.dtype == torch.float64:
        return twin(None), v, product, residual
    functions = twin(torch.float64)
    try:
        again = functions.apply(v.double())
    except Exception:  # a module may insist on its own precision in as many ways as there are modules
        return twin(None), v, product, residual
    size = _norms(again)
    along = ((again - product.double()) * v).sum(dim=1).abs()
    # A product that is small beside the gradient it is a difference of has few digits, and needs none.
    if bool((along > _SPOILT * size + _ROUNDINGS * torch.finfo(v.dtype).eps * _gradient_scale(functions, v)).any()):
        raise NumericalFailureError(
            f"{v.dtype} spoilt a product with a Hessian: off by {float(along.max()):.1e}; network.double() has more "
            "digits"
        )
    return functions, v.double(), again, torch.zeros_like(residual)


def _gradient_scale(functions: AutogradHessians, v: Tensor) -> Tensor:
    _, gradients = functions.at(torch.zeros_like(v, dtype=torch.float64))
    return _norms(_flat(gradients, functions)) / _scale(functions)


def _scale(functions: AutogradHessians) -> float:
    """Root mean square of the parameters, 1 where all are zero."""
    params = functions.params.values()
    return norm(params) / sum(p.numel() for p in params) ** 0.5 or 1.0


def _connected(functions: AutogradHessians, v: Tensor) -> Tensor:
    """Which entries belong to a parameter that autograd sees; it takes the others for constants."""
    _, gradients = functions.at(torch.zeros_like(v))
    sizes = [p.numel() for p in functions.params.values()]
    seen = [g is not None for g in gradients]
    return torch.repeat_interleave(torch.tensor(seen), torch.tensor(sizes)).to(v.device)


@dataclass(frozen=True)
class _Difference:
    """Central differences at one step: of the gradient, (B, p), and of the function less the gradient's slope, (B,).

    Attributes:
        off: round-off of the first, in norm, (B,).
        slope_off: round-off of the second, (B,).
        size: norm of the gradient, (B,).
    """

    product: Tensor
    slope: Tensor
    off: Tensor
    slope_off: Tensor
    size: Tensor


@dataclass
class _Probe:
    functions: AutogradHessians
    v: Tensor
    product: Tensor
    residual: Tensor
    step: Tensor
    unit: float
    most: Tensor | None = None  # round-off at the first step
    most_of_slope: Tensor | None = None

    @classmethod
    def of(cls, functions: AutogradHessians, v: Tensor, product: Tensor, residual: Tensor) -> _Probe:
        unit = float(torch.finfo(v.dtype).eps)
        largest = v.abs().amax(dim=1).double()
        step = unit ** (1 / 3) * _scale(functions) / torch.where(largest > 0, largest, 1)
        return cls(functions, v, product.double(), residual, step, unit)

    def coarse_steps(self) -> int:
        """Steps after which every parameter moves little beside its own size, not only beside that of all.

        A step that is small beside a large last layer may carry the others past where their activations are flat.
        """
        params, first, ratio = self.functions.params.values(), self.unit ** (1 / 3), 1.0
        for p, part in zip(params, self.v.split([p.numel() for p in params], dim=1), strict=True):
            size = norm([p]) / p.numel() ** 0.5 if p.numel() else 0.0
            if size > 0:  # what starts at zero has no size of its own
                moved = float((self.step * part.abs().amax(dim=1).double()).max())
                ratio = max(ratio, moved / size / first)
        return math.ceil(math.log(min(ratio, _SHRINK**_COARSE), _SHRINK))

    def shrink(self) -> None:
        self.step = self.step / _SHRINK

    def difference(self) -> _Difference:
        moved = self.step[:, None].to(self.v) * self.v
        (f_up, g_up), (f_down, g_down) = self.functions.at(moved), self.functions.at(-moved)
        f_up, f_down = f_up.double(), f_down.double()
        up, down = _flat(g_up, self.functions), _flat(g_down, self.functions)
        slope = (f_up - f_down) / (2 * self.step) - ((up + down) * self.v).sum(dim=1) / 2
        size = torch.maximum(_norms(up), _norms(down))
        rounding = _ROUNDINGS * self.unit / self.step
        return _Difference(
            (up - down) / (2 * self.step[:, None]),
            slope.abs(),
            rounding * size,
            rounding * torch.maximum(f_up.abs(), f_down.abs()) + _ROUNDINGS * self.unit * size * _norms(self.v),
            size * _norms(self.v),
        )

    def errors(self, d: _Difference) -> Tensor:
        """How far a finite difference is from what was found, (B,)."""
        off = d.product - self.product
        along = (off * self.v).sum(dim=1).abs() / _norms(self.v).clamp(min=torch.finfo(torch.float64).tiny)
        return torch.maximum(along, _norms(off) - self.residual)

    def rounding(self, d: _Difference) -> Tensor:
        """Round-off that may excuse a difference: that of the first step, or what is small beside the product."""
        if self.most is None:
            self.most = d.off
        return torch.minimum(d.off, torch.maximum(self.most, _FINE * _norms(self.product)))

    def slope_rounding(self, d: _Difference) -> Tensor:
        """The same of the slope."""
        if self.most_of_slope is None:
            self.most_of_slope = d.slope_off
        return torch.minimum(d.slope_off, torch.maximum(self.most_of_slope, _FINE * d.size))

    def agrees(self, d: _Difference) -> Tensor:
        """Where the finite differences are what was found, to half the digits."""
        half = self.unit**0.5
        return (self.errors(d) <= half * _norms(self.product) + self.rounding(d)) & (
            d.slope <= half * d.size + self.slope_rounding(d)
        )

    def judge(self, before: _Difference, now: _Difference, *, may_refuse: bool) -> Tensor:
        """Where the finite differences have settled on what was found, to their own accuracy.

        Raises:
            NotAvailableError: they have settled on something else, and the step `may_refuse`.
        """
        size, off, slope_off = _norms(self.product), self.rounding(now), self.slope_rounding(now)
        change = _norms(now.product - before.product)
        slope_change = (now.slope - before.slope).abs()
        settled = change <= _FINE * torch.maximum(size, _norms(now.product)) + off
        slope_settled = slope_change <= _FINE * now.size + slope_off
        errors, half = self.errors(now), self.unit**0.5
        wrong = settled & (errors > 2 * change + half * size + off)
        slope_wrong = slope_settled & (now.slope > 2 * slope_change + half * now.size + slope_off)
        if not may_refuse:
            return settled & slope_settled & ~wrong & ~slope_wrong
        if bool(wrong.any()):
            b = int(wrong.nonzero()[0])
            raise NotAvailableError(
                f"no Hessian for this network: a product by automatic differentiation, of norm {float(size[b]):.6g}, "
                f"is {float(errors[b]):.2g} from finite differences of the gradient, so a second derivative is wrong"
            )
        if bool(slope_wrong.any()):
            b = int(slope_wrong.nonzero()[0])
            raise NotAvailableError(
                f"no Hessian for this network: its gradient, of norm {float(now.size[b]):.6g}, is "
                f"{float(now.slope[b]):.2g} from the slope of the function, so a first derivative is not the function's"
            )
        return settled & slope_settled


def _flat(gradients: list[Tensor | None], functions: AutogradHessians) -> Tensor:
    """Gradients (B, p) in float64, zero where there is none."""
    params = functions.params.values()
    pieces = [
        p.new_zeros(functions.count, p.numel()) if g is None else g.reshape(functions.count, -1)
        for g, p in zip(gradients, params, strict=True)
    ]
    return torch.cat(pieces, dim=1).double()


def _norms(rows: Tensor) -> Tensor:
    return torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
