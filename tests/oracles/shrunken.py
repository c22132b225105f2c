"""A network whose weights decay has shrunk: near a stationary point of the loss with its decay."""

from __future__ import annotations

import math

import torch

from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem


def shrunken(
    decay: float, *, hidden: tuple[int, ...] = (24,), away: float = 1e-3, loss: str = "sum", samples: int = 5
) -> Problem:
    """Trained with that decay on the summed loss, then moved by a distance.

    Args:
        decay: lambda of the summed loss.
        hidden: widths.
        away: the distance.
        loss: "sum", or "mean" for the same network with the mean loss.
        samples: how many.
    """
    gen = torch.Generator().manual_seed(1)
    net = fully_connected([4, *hidden, 1], bias=True, seed=2)
    x = 2 * torch.nn.functional.normalize(torch.randn(samples, 4, generator=gen, dtype=torch.float64), dim=1)
    y = torch.randn(samples, 1, generator=gen, dtype=torch.float64)
    params = list(net.parameters())
    descent = torch.optim.LBFGS(
        params, max_iter=400, history_size=30, tolerance_grad=1e-13, tolerance_change=1e-16,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def value() -> torch.Tensor:
        descent.zero_grad()
        found = 0.5 * (net(x) - y).square().sum() + decay / 2 * torch.stack([p.square().sum() for p in params]).sum()
        found.backward()
        return found

    for _ in range(4):
        descent.step(value)  # type: ignore[arg-type]
    size = math.sqrt(sum(p.numel() for p in params))
    with torch.no_grad():
        for p in params:
            p.add_(torch.randn(p.shape, generator=gen, dtype=torch.float64), alpha=away / size)
            p.grad = None
    return Problem(net, x, y, loss)
