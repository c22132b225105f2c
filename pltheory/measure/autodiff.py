"""Gradients and Jacobian rows of any module by automatic differentiation: the slow route, for what no rule covers.

Plain reverse mode of the module, as training takes it, is what everything else is held against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.func import jacrev, vmap

from ..problem.evaluation import call_with, first_line
from ..theory import NotAvailableError, NumericalFailureError
from .admission import measuring, require_finite, trainable

_NOISE = 1 << 10
"""Units in the last place of a sample's whole gradient below which a part of it is round-off."""


def gradient(output: Tensor, params: Iterable[Tensor], weights: Tensor) -> list[Tensor]:
    """Gradient of sum(weights * output) in each parameter, dense; zero in one that the output does not depend on.

    Raises:
        NotAvailableError: autograd cannot.
    """
    wanted = list(params)
    if not output.requires_grad:
        return [torch.zeros_like(p) for p in wanted]
    try:
        found = torch.autograd.grad(output, wanted, weights, retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        raise NotAvailableError(f"not available for this network: autograd: {first_line(error)}") from error
    return dense(found, wanted)


def dense(gradients: Iterable[Tensor | None], params: Iterable[Tensor]) -> list[Tensor]:
    """Gradients as dense tensors, with zeros for those that are None."""
    filled = [torch.zeros_like(p) if g is None else g for g, p in zip(gradients, params, strict=True)]
    return [g.to_dense() if g.is_sparse else g for g in filled]


def mixing_weights(count: int, like: Tensor) -> Tensor:
    """Weights of the outputs, all away from zero: what is wrong at one output shows in their weighted sum."""
    gen = torch.Generator().manual_seed(0)
    return (torch.rand(count, generator=gen, dtype=torch.float64) + 0.5).to(like)


def run_on_leaves(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Leaves of the same numbers as the parameters, and the outputs (n, C) at them.

    Not the parameters themselves: hooks on those change what autograd says of them, and not the network.
    """
    with torch.enable_grad():
        if isinstance(network, torch.jit.ScriptModule):  # its parameters cannot be exchanged
            return dict(params), network(x.detach()).reshape(len(x), -1)
        leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
        return leaves, call_with(network, leaves, x.detach()).reshape(len(x), -1)


def weighted_gradient(network: nn.Module, x: Tensor, weights: Tensor) -> list[Tensor]:
    """J^T v for v of shape (n C,), sample-major: a tensor per trainable parameter, zero in one that is not used.

    Raises:
        NotAvailableError: autograd cannot differentiate the network.
    """
    with measuring(network):
        leaves, output = run_on_leaves(network, trainable(network), x)
        return gradient(output, leaves.values(), weights.to(output).reshape(output.shape))


def require_finite_derivatives(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> None:
    """Outputs and first derivatives are finite.

    Raises:
        NumericalFailureError: naming the first sample where they are not.
        NotAvailableError: autograd cannot differentiate the network.
    """

    def finite(some: Tensor) -> bool:
        leaves, output = run_on_leaves(network, params, some)
        require_finite(output.detach())
        weights = mixing_weights(output.numel(), output).reshape(output.shape)
        return all(bool(g.isfinite().all()) for g in gradient(output, leaves.values(), weights))

    if finite(x):
        return
    for i in range(len(x)):
        if not finite(x[i : i + 1]):
            raise NumericalFailureError(f"the derivatives of the network's outputs are not finite at sample {i}")


def jacobian_rows(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Rows of the Jacobian with respect to some parameters, (n C, p).

    By torch.func; one by one where it fails, or where its rows are not those of plain autograd: some of its derivatives
    are wrong (torch.cdist's).

    Raises:
        NotAvailableError: the network cannot be differentiated by either.
    """
    try:
        rows = _by_torch_func(network, params, x)
    except Exception as first:  # torch.func fails in as many ways as there are operations it does not know
        try:
            return _one_by_one(network, params, x)
        except NotAvailableError as second:
            raise NotAvailableError(f"{second}; torch.func: {first_line(first)}") from second
    return rows if _agree(network, params, x, rows) else _one_by_one(network, params, x)


def _agree(network: nn.Module, params: Mapping[str, Tensor], x: Tensor, rows: Tensor) -> bool:
    """Whether the rows, in a sum with a weight for each, are what plain autograd says of every parameter."""
    weights = mixing_weights(len(rows), rows)
    leaves, output = run_on_leaves(network, trainable(network), x)
    plain = dict(zip(leaves, gradient(output, leaves.values(), weights.reshape(output.shape)), strict=True))
    eps = torch.finfo(rows.dtype).eps
    whole = norm(plain.values())
    found = (weights @ rows).split([p.numel() for p in params.values()])
    for name, part in zip(params, found, strict=True):
        own = plain[name].reshape(-1)
        # Relative to that parameter; where its gradient cancels to nothing, to round-off of the whole.
        if not norm([part - own]) <= eps**0.5 * norm([own]) + _NOISE * eps * whole:
            return False
    return True


def norm(parts: Iterable[Tensor]) -> float:
    """Euclidean norm over all parts, in float64: in float32 squares overflow and vanish."""
    doubles = [p.detach().double() for p in parts]
    largest = max((float(d.abs().max()) for d in doubles if d.numel()), default=0.0)
    # Squares of what float64 holds overflow and vanish in it, too.
    scale = largest if 0 < largest < math.inf and not 1e-140 < largest < 1e140 else 1.0
    return scale * float(sum((d / scale if scale != 1 else d).square().sum() for d in doubles)) ** 0.5


def _one_sample(network: nn.Module) -> Callable[[dict[str, Tensor], Tensor], Tensor]:
    return lambda params, xi: call_with(network, params, xi[None]).reshape(-1)


def _by_torch_func(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    values = {name: p.detach() for name, p in params.items()}
    jac = vmap(jacrev(_one_sample(network)), in_dims=(None, 0))(values, x)
    parts = [j.reshape(len(x), -1, p.numel()) for j, p in zip(jac.values(), values.values(), strict=True)]
    return torch.cat(parts, dim=-1).flatten(0, 1).detach()


def _one_by_one(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    rows = []
    for i in range(len(x)):
        leaves, outputs = run_on_leaves(network, params, x[i : i + 1])
        for value in outputs[0]:
            grads = gradient(value, leaves.values(), torch.ones_like(value))
            rows.append(torch.cat([g.reshape(-1) for g in grads]))
    return torch.stack(rows).detach()
