"""Jacobian rows of any module by automatic differentiation: the slow route, for what no layer rule covers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from ..theory import InvalidInputError, NotAvailableError


def trainable(network: nn.Module) -> dict[str, Tensor]:
    """The parameters that are trained, by name, shared ones once.

    Raises:
        InvalidInputError: there are none.
    """
    params: dict[str, Tensor] = {name: p for name, p in network.named_parameters() if p.requires_grad}
    if not params:
        raise InvalidInputError("the network has no trainable parameters: its tangent kernel is zero")
    return params


def outputs_per_sample(network: nn.Module, x: Tensor) -> Tensor:
    """Outputs at the first sample alone, (C,), after checking that the network keeps its samples apart.

    Raises:
        InvalidInputError: it mixes them (batch normalisation in train mode), or answers differently from call to call.
    """
    mixing = [
        name
        for name, m in network.named_modules()
        if isinstance(m, nn.modules.batchnorm._BatchNorm) and (m.training or not m.track_running_stats)
    ]
    if mixing:
        raise InvalidInputError(
            f"module {mixing[0]}: batch normalisation in train mode mixes the samples; call network.eval()"
        )
    with torch.no_grad():
        one, last, many = network(x[:1]), network(x[-1:]), network(x)
    require_same(one, many)
    require_same(last, many[-1:])
    return one.reshape(-1)


def require_same(some: Tensor, many: Tensor) -> None:
    """The outputs at the first few samples are the same alone and among others.

    Raises:
        InvalidInputError: they are not, or there is not one row of outputs per sample.
    """
    if some.shape[1:] != many.shape[1:] or len(some) > len(many):
        raise InvalidInputError(
            f"outputs have shape {tuple(some.shape)} for a few samples and {tuple(many.shape)} for all: "
            "a tangent kernel needs one row of outputs per sample"
        )
    tolerance = torch.finfo(many.dtype).eps ** 0.5
    largest = float(many.abs().max()) if many.numel() else 0.0
    if not torch.allclose(some, many[: len(some)], rtol=tolerance, atol=tolerance * largest):
        raise InvalidInputError(
            "the network mixes the samples, or answers differently from call to call (dropout?): a tangent kernel "
            "needs each sample on its own; call network.eval()"
        )


def jacobian_rows(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Rows of the Jacobian with respect to some parameters, (n C, p): by torch.func, or where it cannot, one by one.

    Raises:
        NotAvailableError: the network cannot be differentiated by either.
    """
    try:
        return _by_torch_func(network, params, x)
    except Exception as first:  # torch.func fails in as many ways as there are operations it does not know
        try:
            return _one_by_one(network, params, x)
        except RuntimeError as second:
            raise NotAvailableError(
                f"not available for this network: torch.func: {_line(first)}; autograd: {_line(second)}"
            ) from second


def _line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]


def _one_sample(network: nn.Module) -> Callable[[dict[str, Tensor], Tensor], Tensor]:
    return lambda params, xi: functional_call(network, params, (xi[None],)).reshape(-1)


def _by_torch_func(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    values = {name: p.detach() for name, p in params.items()}
    jac = vmap(jacrev(_one_sample(network)), in_dims=(None, 0))(values, x)
    parts = [j.reshape(len(x), -1, p.numel()) for j, p in zip(jac.values(), values.values(), strict=True)]
    return torch.cat(parts, dim=-1).flatten(0, 1).detach()


def _one_by_one(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    wanted = list(params.values())
    rows = []
    for i in range(len(x)):
        with torch.enable_grad():
            outputs = network(x[i : i + 1].detach()).reshape(-1)
        for value in outputs:
            grads = torch.autograd.grad(value, wanted, retain_graph=True, allow_unused=True)
            dense = [torch.zeros_like(p) if g is None else g for g, p in zip(grads, wanted, strict=True)]
            rows.append(torch.cat([(g.to_dense() if g.is_sparse else g).reshape(-1) for g in dense]))
    return torch.stack(rows)
