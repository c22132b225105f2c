"""Certificates of Theorem C for small networks of class G, attacked: no point of the certified ball breaks a number."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pltheory.certificates.basin import certify_basin
from pltheory.certificates.prove import certify
from pltheory.certification.claim import Claim
from pltheory.certification.enclose import enclose
from pltheory.certification.sharpened import with_kernel
from pltheory.certification.stored_graph import GraphArrays, stored
from pltheory.optim import DeltaGClipSettings
from pltheory.problem.problem import Problem
from pltheory.rechecker import recheck
from pltheory.rigor.errors import NoVerdictError
from tests.oracles.attack import climb, in_unit_ball
from tests.oracles.graph_attack import attack
from tests.oracles.graphs import jacobian, parameters

SETTINGS = DeltaGClipSettings("0.1/beta", 0.5, 0.1)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enter, self.inner, self.leave = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        z = self.enter(x)
        return self.leave(torch.tanh(z + self.inner(torch.tanh(z))))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(3, eps=0.1)
        self.q, self.k, self.v = (nn.Linear(3, 3, bias=False) for _ in range(3))
        self.out = nn.Linear(6, 1)

    def forward(self, x: Tensor) -> Tensor:
        z = self.norm(x)
        weights = torch.softmax(self.q(z) @ self.k(z).transpose(-1, -2) / 3**0.5, dim=-1)
        return self.out((x + weights @ self.v(z)).flatten(1))


def convolution() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 3, 2), nn.Tanh(), nn.AvgPool2d(2, 1), nn.Flatten(), nn.Linear(12, 2))


def normalised() -> nn.Module:
    batch_norm = nn.BatchNorm2d(3)
    batch_norm.running_mean.copy_(torch.tensor([0.1, -0.2, 0.3]))
    batch_norm.running_var.copy_(torch.tensor([0.7, 1.3, 0.9]))
    return nn.Sequential(nn.Conv2d(1, 3, 2), batch_norm, nn.GELU(), nn.Flatten(), nn.Linear(27, 1)).eval()


NETWORKS = {
    "convolution": (convolution, (1, 4, 4)),
    "residual": (Residual, (4,)),
    "attention": (Attention, (2, 3)),
    "batch norm": (normalised, (1, 4, 4)),
}


def claim_of(name: str, loss: str) -> Claim:
    make, shape = NETWORKS[name]
    torch.manual_seed(1)
    network = make().double()
    x = torch.randn(3, *shape, dtype=torch.float64)
    with torch.no_grad():
        y = network(x) + 0.3 * torch.randn_like(network(x))
    found = certify_basin(Problem(network, x, y, loss=loss), SETTINGS, limit=20).certificate
    assert found is not None
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "loss"), [(name, ("sum", "mean")[k % 2]) for k, name in enumerate(NETWORKS)])
def test_no_point_of_a_certified_ball_breaks_its_numbers(name, loss):
    claim = claim_of(name, loss)
    assert claim.holds
    assert isinstance(claim.arrays, GraphArrays)
    graph, x, y = claim.arrays.graph, torch.tensor(claim.arrays.x), torch.tensor(claim.arrays.y)
    root = 1.0 if loss == "sum" else len(x) ** -0.5
    w0, radius = parameters(graph), float(claim.numbers["radius"])
    centre = torch.linalg.svdvals(jacobian(graph, w0, x))
    slack = 1 + 1e-12
    assert claim["lambda_min"] <= float(centre[-1]) ** 2 * root**2 * slack
    grid, sigma = claim.witness["grid"], claim.witness["sigma"]

    def least(z: Tensor, s: Tensor) -> Tensor:
        j = jacobian(graph, w0 + s * z, x)
        return -torch.linalg.eigvalsh(j @ j.T)[0]

    some = np.unique(np.linspace(1, len(grid) - 1, 3).astype(int))
    gen = torch.Generator().manual_seed(0)
    for k in some:
        start = torch.randn(2, len(w0), generator=gen, dtype=torch.float64)
        s = torch.full((2,), float(grid[k]), dtype=torch.float64)
        for z in climb(least, start, in_unit_ball, s, steps=8, lr=0.3):
            at = float(torch.linalg.svdvals(jacobian(graph, w0 + float(grid[k]) * z, x))[-1])
            assert at * root * slack >= sigma[k]
    found = attack(graph, x, y, radius, starts=1, steps=4)
    assert found.least * root * slack >= sigma[-1]
    assert found.most * root <= claim["lipschitz"] * slack
    # The search has gone somewhere: numbers of the centre alone, claimed for the ball, would have been broken.
    assert found.least < found.least_at_centre
    assert found.most > float(centre[0])
    assert found.curvature * root**2 <= claim["beta"] * slack
    assert found.derivative * root <= claim["ell"] * slack


def test_a_kernel_profile_that_does_not_exist_is_no_verdict_and_no_crash():
    torch.manual_seed(0)
    x, y = torch.randn(2, 2, 3, dtype=torch.float64), torch.randn(2, 1, dtype=torch.float64)
    centre = enclose(stored(Problem(Attention().double(), x, y)))
    with pytest.raises(NoVerdictError, match="kernel profile"):
        with_kernel(centre)


def test_a_linear_model_is_confirmed(tmp_path):
    """Its Jacobian does not change: ell is 0, up to the least double."""
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    net = nn.Sequential(nn.Linear(4, 2)).double()
    with torch.no_grad():
        problem = Problem(net, x, net(x) + 0.01)
    claim = certify(problem, SETTINGS, theorem="B")
    assert claim.holds
    assert claim["ell"] < 1e-300
    claim.save(tmp_path / "c.json")
    result = recheck(tmp_path / "c.json")
    assert result.accepted, result.message
