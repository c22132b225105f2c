"""The empirical tangent kernel of any module at the cost of matrix products.

Layer rules multiply captured inputs and output gradients (`layer_rules`); class N has them in closed form
(`linearization`); what no rule covers is differentiated by torch.func, parameter by parameter. `ntk_routes` says which
parameter took which route.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor, nn

from ..problem.networks import class_n, require_vectors
from ..problem.surroundings import undisturbed
from ..theory import NotAvailableError, NumericalFailureError
from .admission import Admitted, admit, inputs, measuring, require_same, trainable
from .arguments import require_flag, require_precision, require_whole
from .autodiff import jacobian_rows, require_finite_derivatives
from .layer_rules.agreement import CHANGING
from .layer_rules.factors import Entries, Factor, NoRuleError, Outer, add_gram, joined
from .layer_rules.plan import PROBES, Plan, Route, all_by_autodiff, factors, fits, make_plan
from .layer_rules.remembered import architecture, forget, remember, remembered
from .linearization import linearize
from .memory import available_bytes
from .precision import matrix_products

JACOBIAN_BYTES = 1 << 29
"""Largest block of Jacobian rows that is held at once by `empirical_ntk_by_autodiff`."""

PASSING_BYTES = 1 << 27
"""What the passes that find the factors may take at once: samples are run in blocks that small, and joined."""

TILE = 128
"""Rows of a symmetric kernel that are computed at once, up to the diagonal."""

Source = Callable[[Tensor], list[Factor]]


@undisturbed
def empirical_ntk(
    network: nn.Module,
    x: Tensor,
    x2: Tensor | None = None,
    *,
    accumulate: torch.dtype | None = None,
    memory_bytes: int | None = None,
    tf32: bool = False,
) -> Tensor:
    """The full tangent kernel K = J J^T at the network's weights, never traced over outputs.

    Args:
        network: maps (n, ...) to (n, C), each sample on its own; outputs of more axes count as one.
        x: inputs of shape (n, ...).
        x2: a second set of inputs; the block J(x) J(x2)^T is returned.
        accumulate: precision of the Gram products and of K; torch.float64 for a float32 network keeps the rounding of
            K's entries from adding to that of the activations.
        memory_bytes: what the factors of the Jacobian may take, K itself not counted; half of what is free by default.
            Samples are taken in blocks that fit.
        tf32: let an accelerator round the factors of matrix products to ten bits.

    Returns:
        The kernel K, (n C, n C) or (n C, n2 C), sample-major: row i C + c is output c at sample i. Summed-loss scale.

    Raises:
        InvalidInputError: the network mixes samples (batch normalisation in train mode), draws random numbers, answers
            with something else than one real tensor, or has no trainable real parameters (`admission.admit`); or an
            option is out of range.
        NotAvailableError: some parameter can be differentiated by no route.
        NumericalFailureError: the entries vanish below the smallest number of float32, or are not finite: those of the
            outputs, their derivatives, or products of these.
    """
    return _kernel(network, x, x2, accumulate, memory_bytes, tf32, traced=False)


@undisturbed
def traced_ntk(
    network: nn.Module,
    x: Tensor,
    x2: Tensor | None = None,
    *,
    accumulate: torch.dtype | None = None,
    memory_bytes: int | None = None,
    tf32: bool = False,
) -> Tensor:
    """The trace over the outputs, sum over c of K[i C + c, j C + c]: shape (n, n), or (n, n2).

    Another matrix than the kernel: its smallest eigenvalue bounds nothing about training with C > 1 outputs.

    Args, Raises: as `empirical_ntk`.
    """
    return _kernel(network, x, x2, accumulate, memory_bytes, tf32, traced=True)


@undisturbed
def ntk_routes(network: nn.Module, x: Tensor) -> dict[str, Route]:
    """How `empirical_ntk` computes each trainable parameter's part: by which rule, or by torch.func and why.

    Raises:
        InvalidInputError, NotAvailableError: as `empirical_ntk`.
    """
    params = trainable(network)
    with measuring(network):
        x = inputs(x)
        if _is_class_n(network, x):
            return {name: Route("class N") for name in params}
        admit(network, x)
        plan = make_plan(network, x[:PROBES], params, len(x))
        same = all(fits(network, x[s : s + TILE], params, plan) for s in range(0, len(x), TILE))
    return plan.routes if same else all_by_autodiff(params, CHANGING).routes


def empirical_ntk_by_autodiff(network: nn.Module, x: Tensor) -> Tensor:
    """The same kernel by torch.func Jacobians, a block of samples against a block at a time.

    Raises:
        InvalidInputError: as `empirical_ntk`.
    """
    with measuring(network):
        return _by_autodiff(network, x)


def _by_autodiff(network: nn.Module, x: Tensor) -> Tensor:
    admitted = admit(network, x)
    params, x, one = admitted.params, admitted.x, admitted.one
    size = sum(p.numel() for p in params.values()) * one.numel() * one.element_size()
    kernel = one.new_zeros(len(x), one.numel(), len(x), one.numel())

    def source(block: Tensor) -> list[Factor]:
        return [Entries(jacobian_rows(network, params, block).reshape(len(block), one.numel(), -1))]

    _fill(kernel, source, x, None, max(1, JACOBIAN_BYTES // (2 * size)))
    kernel = kernel.reshape(len(x) * one.numel(), -1)
    _require_finite(network, params, kernel, x, x)
    return kernel


def jacobian(network: nn.Module, x: Tensor) -> Tensor:
    """J of shape (n C, p), dense: for small networks. Rows as in the kernel, columns in the order of parameters().

    Raises:
        InvalidInputError, NotAvailableError: as `empirical_ntk`.
    """
    with measuring(network):
        admitted = admit(network, x)
        rows = jacobian_rows(network, admitted.params, admitted.x)
        _require_finite(network, admitted.params, rows, admitted.x, admitted.x)
    return rows


def _kernel(
    network: nn.Module,
    x: Tensor,
    x2: Tensor | None,
    accumulate: torch.dtype | None,
    memory_bytes: int | None,
    tf32: bool,
    traced: bool,
) -> Tensor:
    require_precision("accumulate", accumulate)
    if memory_bytes is not None:
        require_whole("memory_bytes", memory_bytes, 1)
    require_flag("tf32", tf32)
    params = trainable(network)
    with measuring(network), matrix_products(tf32=tf32):
        x, x2 = inputs(x), None if x2 is None else inputs(x2)
        kernel = _assembled(network, params, x, x2, accumulate, memory_bytes, traced)
        _require_finite(network, params, kernel, x, x if x2 is None else x2)
    return kernel


def _assembled(
    network: nn.Module,
    params: dict[str, Tensor],
    x: Tensor,
    x2: Tensor | None,
    accumulate: torch.dtype | None,
    memory_bytes: int | None,
    traced: bool,
) -> Tensor:
    try:
        return _assemble(_by_class_n(network, x), x, x2, accumulate, memory_bytes, traced)
    except NotAvailableError:
        pass  # not of class N, or its outputs are not those of its layers
    first = (x2 if x2 is not None and len(x2) > len(x) else x)[:PROBES]
    admitted = admit(network, first)

    def by(plan: Plan) -> Tensor:
        return _assemble(_by_rules(network, admitted, plan), x, x2, accumulate, memory_bytes, traced)

    key = architecture(network, x, params) if x2 is None else None
    known = remembered(key, params)
    if known is not None:
        with suppress(NoRuleError):
            return by(known)
        forget(key)
    plan = make_plan(network, first, params, max(len(x), 0 if x2 is None else len(x2)))
    try:
        kernel = by(plan)
    except NoRuleError as why:  # found out in the middle: ntk_routes says the same
        return by(all_by_autodiff(params, str(why)))
    remember(key, plan)
    return kernel


def _require_finite(network: nn.Module, params: dict[str, Tensor], kernel: Tensor, x: Tensor, other: Tensor) -> None:
    """Refuse a kernel, or rows of a Jacobian, with entries that are not finite, and say why.

    Raises:
        NumericalFailureError: an output or a derivative is not finite, or a product of finite ones overflows.
    """
    finite = kernel.isfinite().all(dim=1)
    if bool(finite.all()):
        return
    for some in (x, other) if other is not x else (x,):
        require_finite_derivatives(network, params, some)
    sample = int(finite.int().argmin()) // (len(kernel) // len(x))
    hint = "; network.double(), or accumulate = torch.float64, holds more" if kernel.dtype is torch.float32 else ""
    raise NumericalFailureError(f"products of derivatives at sample {sample} overflow {kernel.dtype}{hint}")


def _assemble(
    linear: tuple[Source, Tensor, int],
    x: Tensor,
    x2: Tensor | None,
    accumulate: torch.dtype | None,
    memory_bytes: int | None,
    traced: bool,
) -> Tensor:
    source, outputs, per_sample = linear
    dtype = accumulate or outputs.dtype
    c = 1 if traced else outputs.numel()
    shape = (len(x), c, len(x if x2 is None else x2), c)
    kernel = torch.zeros(shape, dtype=dtype, device=outputs.device)
    budget = available_bytes(outputs.device) // 2 if memory_bytes is None else memory_bytes
    scale = dtype.itemsize / outputs.dtype.itemsize
    block = max(1, int(budget / (2 * max(1.0, scale) * per_sample)))
    _fill(kernel, lambda some: _prepared(source(some), dtype, traced), x, x2, block)
    kernel = kernel.reshape(shape[0] * c, shape[2] * c)
    if accumulate is None and dtype is not torch.float64 and _beyond_range(kernel, x2 is None):
        return _rounded(_assemble(linear, x, x2, torch.float64, memory_bytes, traced), dtype)
    return kernel


def _sizes(kernel: Tensor, square: bool) -> Tensor:
    """What the entries of each row are about, or at most."""
    return kernel.diagonal() if square else kernel.abs().amax(dim=1)


def _beyond_range(kernel: Tensor, square: bool) -> bool:
    """Whether squares of a row may have overflowed, or lost digits below the smallest numbers of its precision."""
    limits, sizes = torch.finfo(kernel.dtype), _sizes(kernel, square)
    return not bool(((sizes > limits.tiny / limits.eps) & (sizes < limits.max)).all())


def _rounded(kernel: Tensor, dtype: torch.dtype) -> Tensor:
    sizes = kernel.abs().amax(dim=1)
    largest = float(sizes.max())
    if 0 < largest < torch.finfo(dtype).tiny:
        raise NumericalFailureError(
            f"the kernel's entries, at most {largest:.1e}, vanish in {dtype}: accumulate = torch.float64 holds them"
        )
    return kernel.to(dtype)


def _prepared(parts: list[Factor], dtype: torch.dtype, traced: bool) -> list[Factor]:
    if traced:
        parts = [part.traced() for part in parts]
    return [part.to(dtype) for part in parts]


def _is_class_n(network: nn.Module, x: Tensor) -> bool:
    """Whether the network's outputs are those of class-N layers."""
    if x.ndim != 2 or not x.is_floating_point():
        return False
    try:
        linearize(network, x[:PROBES])
    except NotAvailableError:
        return False
    return True


def _by_class_n(network: nn.Module, x: Tensor) -> tuple[Source, Tensor, int]:
    require_vectors(x)
    if not x.is_floating_point():
        raise NotAvailableError("not available for these inputs: a network of class N takes real numbers")
    net = class_n(network)
    outputs = net.layers[-1].weight.new_empty(net.widths[-1])
    per_sample = sum(net.widths[:-1]) * 3 + sum(net.widths[1:]) * net.widths[-1] * 2

    def source(block: Tensor) -> list[Factor]:
        lin = linearize(network, block, compared=PROBES)
        return [
            Outer(a[:, None, None], b[:, :, None, None], True, scale=layer.kappa, last=layer.tau)
            for layer, a, b in zip(net.layers, lin.activations, lin.rows, strict=True)
        ]

    return source, outputs, per_sample * x.element_size()


def _by_rules(network: nn.Module, admitted: Admitted, plan: Plan) -> tuple[Source, Tensor, int]:
    params, first, outputs = admitted.params, admitted.x, admitted.one
    left = {name: params[name] for name in plan.by_autodiff}
    c = outputs.numel()
    per_sample = plan.bytes_held + sum(p.nbytes for p in left.values()) * c * 2
    together = max(PROBES, PASSING_BYTES // plan.bytes_passing)

    def source(block: Tensor) -> list[Factor]:
        if len(block) > together:
            with suppress(NoRuleError):  # a few samples may be cut to other lengths than all are
                return joined([of(few) for few in block.split(together)])
        return of(block)

    def of(block: Tensor) -> list[Factor]:
        parts: list[Factor] = []
        if len(left) < len(params):
            parts, found = factors(network, block, params, plan)
            if _begins_with(block, first):
                require_same(admitted.many, found)  # among a few and among all
        if left:
            parts.append(Entries(jacobian_rows(network, left, block).reshape(len(block), c, -1)))
        return parts

    return source, outputs, per_sample


def _begins_with(block: Tensor, first: Tensor) -> bool:
    return len(block) >= len(first) and torch.equal(block[: len(first)], first)


def _fill(kernel: Tensor, source: Source, x: Tensor, x2: Tensor | None, block: int) -> None:
    """Fill K of shape (n, C, n', C) by blocks of samples; above the diagonal by symmetry where there is one."""
    other = x if x2 is None else x2
    for i in range(0, len(x), block):
        left = source(x[i : i + block])
        rows = kernel[i : i + block]
        last = i + block if x2 is None else len(other)
        for j in range(0, last, block):
            same = x2 is None and i == j
            right = left if same else source(other[j : j + block])
            tile = rows[:, :, j : j + block]
            _multiply(left, right, tile, symmetric=same)
            if x2 is None and not same:
                kernel[j : j + block, :, i : i + block] = tile.permute(2, 3, 0, 1)


def _multiply(left: list[Factor], right: list[Factor], tile: Tensor, *, symmetric: bool) -> None:
    n, c, columns, _ = tile.shape
    step = max(1, TILE // c)
    for s in range(0, n, step):
        some = slice(s, min(n, s + step))
        end = some.stop if symmetric else columns
        part = tile[some, :, :end]
        for a, b in zip(left, right, strict=True):
            add_gram(a[some], b[slice(0, end)], part)
        if symmetric and s:
            tile[:s, :, some] = part[:, :, :s].permute(2, 3, 0, 1)
