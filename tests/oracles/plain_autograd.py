"""Any module by plain reverse mode, an output and a sample at a time; Hessians by central differences of the gradient.

Shares no code with the package. A parameter that autograd does not see has gradient zero and is a constant.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def trained(net: nn.Module) -> list[nn.Parameter]:
    return [p for p in net.parameters() if p.requires_grad]


def flat_gradient(value: Tensor, params: list[nn.Parameter]) -> Tensor:
    if not value.requires_grad:
        return torch.cat([torch.zeros_like(p).reshape(-1) for p in params])
    found = torch.autograd.grad(value, params, retain_graph=True, allow_unused=True)
    dense = [torch.zeros_like(p) if g is None else g.to_dense() for g, p in zip(found, params, strict=True)]
    return torch.cat([g.reshape(-1) for g in dense])


def jacobian(net: nn.Module, x: Tensor) -> Tensor:
    """(n C, p), sample-major."""
    with torch.enable_grad():
        rows = [flat_gradient(value, trained(net)) for i in range(len(x)) for value in net(x[i : i + 1]).reshape(-1)]
    return torch.stack(rows)


def seen(value: Tensor, params: list[nn.Parameter]) -> Tensor:
    """Which entries belong to parameters that autograd sees."""
    if not value.requires_grad:
        return torch.zeros(sum(p.numel() for p in params), dtype=torch.bool)
    found = torch.autograd.grad(value, params, retain_graph=True, allow_unused=True)
    return torch.cat([torch.full((p.numel(),), g is not None) for g, p in zip(found, params, strict=True)])


def difference_hessian(net: nn.Module, value, step: float = 1e-5) -> Tensor:
    """(p, p) for a function of no arguments that evaluates net to a scalar; the weights are put back."""
    params = trained(net)
    centre = [p.detach().clone() for p in params]
    mask = seen(value(), params)
    columns = []
    for k, entry in enumerate(mask.tolist()):
        if not entry:
            columns.append(torch.zeros(len(mask), dtype=torch.float64))
            continue
        sides = []
        for sign in (1, -1):
            moved = torch.cat([c.reshape(-1) for c in centre])
            moved[k] += sign * step
            put(params, moved)
            sides.append(flat_gradient(value(), params))
        columns.append((sides[0] - sides[1]) / (2 * step))
    put(params, torch.cat([c.reshape(-1) for c in centre]))
    return torch.stack(columns, dim=1)


def put(params: list[nn.Parameter], flat: Tensor) -> None:
    with torch.no_grad():
        for p, piece in zip(params, flat.split([p.numel() for p in params]), strict=True):
            p.copy_(piece.reshape(p.shape))


def norm(hessian: Tensor) -> float:
    return float(torch.linalg.eigvalsh(0.5 * (hessian + hessian.T)).abs().max())


def output_norms(net: nn.Module, x: Tensor) -> Tensor:
    """Spectral norms of the Hessians of all outputs at all samples, (n, C)."""
    outputs = net(x[:1]).numel()
    found = [
        [norm(difference_hessian(net, lambda i=i, c=c: net(x[i : i + 1]).reshape(-1)[c])) for c in range(outputs)]
        for i in range(len(x))
    ]
    return torch.tensor(found, dtype=torch.float64)


def loss(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return 0.5 * (net(x) - y).square().sum()
