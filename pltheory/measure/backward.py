"""Whether the gradient that is asked for is the one that training would find.

`torch.autograd.grad` goes along the graph from the outputs to the parameters. A function of one's own may do more when
`backward()` meets it: a reentrant checkpoint runs its part of the module again and leaves gradients in parameters that
the graph does not show. To `torch.autograd.grad` they are constants, without an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..problem.evaluation import call_with
from ..theory import NotAvailableError

SAMPLES = 8
"""Samples that are looked at."""
_NOISE = 1 << 10
"""Units in the last place of the whole gradient below which a part of it is round-off."""


def require_backward(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> None:
    """Refuse a module in which `backward()` gives some parameter another gradient than `torch.autograd.grad` does.

    Both are taken in leaves of their own, in the parameters' place also while `backward()` runs, so that nothing is
    left in the module's gradients and none of its hooks is called. The first samples are looked at, with a gradient
    asked of them too: without one a checkpoint of the first layers is no part of the graph at all.

    Raises:
        NotAvailableError: naming the parameter.
    """
    if isinstance(network, torch.jit.ScriptModule):
        return  # its parameters cannot be exchanged, and it has no functions of one's own
    some = x[:SAMPLES]
    try:
        written = _by_backward(network, params, some, ask=some.is_floating_point())
        found = None if written is None else _by_grad(network, params, some)
    except Exception:  # what cannot be differentiated is for the measurements to refuse
        return
    if found is None or written is None:
        return
    eps = torch.finfo(next(iter(params.values())).dtype).eps
    noise = _NOISE * eps * sum(_norm(g) ** 2 for g in written.values()) ** 0.5
    for name, g in written.items():
        gap = _norm(g - found[name])
        if gap > eps**0.5 * _norm(g) + noise:
            raise NotAvailableError(
                f"not available for this network: backward() finds a gradient in parameter {name} that "
                "torch.autograd.grad does not (a checkpoint? use_reentrant=False shows its parameters)"
            )


class _WithBackward(nn.Module):
    """A module that runs `backward()` itself, while its parameters are still exchanged."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> bool:
        output = self.network(x)
        if not _has_functions(output):
            return False
        output.backward(_weights(output))
        return True


def _by_backward(network: nn.Module, params: Mapping[str, Tensor], x: Tensor, *, ask: bool) -> dict[str, Tensor] | None:
    """Gradients by `backward()`; None where the graph consists of torch's own operations: then they are the same."""
    leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
    whole = {f"network.{name}": leaf for name, leaf in leaves.items()}
    with torch.enable_grad():
        # Not a leaf: a module may work in place.
        given = x.detach().requires_grad_().clone() if ask else x.detach()
        try:
            ran = call_with(_WithBackward(network), whole, given)
        except Exception:
            if not ask:
                raise
            return _by_backward(network, params, x, ask=False)  # it may not take inputs with a gradient
    return {name: _dense(leaf.grad, leaf) for name, leaf in leaves.items()} if ran else None


def _by_grad(network: nn.Module, params: Mapping[str, Tensor], x: Tensor) -> dict[str, Tensor]:
    leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
    with torch.enable_grad():
        output = call_with(network, leaves, x.detach())
        if not output.requires_grad:
            return {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
        grads = torch.autograd.grad(output, list(leaves.values()), _weights(output), allow_unused=True)
    return {name: _dense(g, leaf) for (name, leaf), g in zip(leaves.items(), grads, strict=True)}


def _has_functions(output: Tensor) -> bool:
    """Whether an operation that is not torch's own stands in the graph."""
    left: list[Any] = [output.grad_fn]
    seen = set()
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(node, torch.autograd.function.BackwardCFunction):
            return True
        left += [following for following, _ in node.next_functions]
    return False


def _weights(output: Tensor) -> Tensor:
    gen = torch.Generator().manual_seed(0)
    return (torch.rand(output.shape, generator=gen, dtype=torch.float64) + 0.5).to(output)


def _dense(gradient: Tensor | None, like: Tensor) -> Tensor:
    if gradient is None:
        return torch.zeros_like(like)
    return (gradient.to_dense() if gradient.is_sparse else gradient).detach()


def _norm(t: Tensor) -> float:
    return float(torch.linalg.vector_norm(t.double()))
