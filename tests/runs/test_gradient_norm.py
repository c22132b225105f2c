"""The norm that a monitor computes is the square root of the sum of squares, however large, small or laid out."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from pltheory.runs.gradient_norm import GradientNorm
from pltheory.theory import InvalidInputError


def exact(grads: list[torch.Tensor]) -> float:
    """Without squares that overflow: each entry over the largest first."""
    entries = [float(v) for g in grads for v in g.flatten()]
    largest = max((abs(v) for v in entries), default=0.0)
    return largest * math.sqrt(math.fsum((v / largest) ** 2 for v in entries)) if largest > 0 else 0.0


def params(dtype: torch.dtype, scale: float, *shapes: tuple[int, ...]) -> list[torch.Tensor]:
    gen = torch.Generator().manual_seed(0)
    found = []
    for shape in shapes:
        p = nn.Parameter(torch.zeros(shape, dtype=dtype))
        p.grad = (scale * torch.randn(shape, generator=gen, dtype=torch.float64)).to(dtype)
        found.append(p)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-25, 1e25, 0.0])
def test_it_is_that_of_all_entries(dtype, scale):
    some = params(dtype, scale, (7, 5), (300, 200), (1,))
    some[0].grad = some[0].grad.T.contiguous().T
    norm = GradientNorm()
    for _ in range(2):
        rel = 1e-12 if dtype == torch.float64 else 3e-6
        assert float(norm(some)) == pytest.approx(exact([p.grad for p in some]), rel=rel)
    some[1].grad = None
    assert float(norm(some)) == pytest.approx(exact([p.grad for p in some if p.grad is not None]), rel=1e-6)


def test_others_than_plain_tensors_of_one_precision_and_size():
    mixed = [*params(torch.float32, 1.0, (40,)), *params(torch.float64, 2.0, (30,))]
    large = params(torch.float32, 0.1, (600_000,))
    large[0].grad.fill_(0.1)  # summed in float32 at once it errs by 3e-4
    half = params(torch.bfloat16, 1.0, (50,))
    norm = GradientNorm()
    for some in (mixed, large, half, mixed):
        assert float(norm(some)) == pytest.approx(exact([p.grad for p in some]), rel=1e-5)
    assert float(norm([nn.Parameter(torch.ones(2))])) == 0
    some = params(torch.float32, 1.0, (3,))
    some[0].grad[1] = math.nan
    assert math.isnan(float(norm(some)))
    some[0].grad = torch.sparse_coo_tensor([[0]], [1.0], (3,), check_invariants=True)
    with pytest.raises(InvalidInputError, match="sparse"):
        norm(some)
