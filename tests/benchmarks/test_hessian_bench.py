"""The spectral norm of one output's Hessian against other packages: 784-2048-2048-1 tanh, float32, residual 1e-3.

Run with `pytest tests/benchmarks/test_hessian_bench.py --benchmark-only`; a peer that is not installed is skipped,
and nothing here asserts a time. The factored rows take 32 samples together, so their times are divided by 32 to
compare; every other row is one sample. PyHessian stops on the relative change of a power iteration, a weaker test
than the residual that the others meet.
"""

from __future__ import annotations

import pytest
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import nn
from torch.func import functional_call, grad, jvp

from pltheory.measure.hessian import hessian_norm, largest_hessian_norm

pytest.importorskip("pytest_benchmark")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

WIDTH, SAMPLES, TOL = 2048, 32, 1e-3


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(784, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1))


def inputs(count: int) -> torch.Tensor:
    return torch.randn(count, 784, generator=torch.Generator().manual_seed(0))


class Output(nn.Module):
    """The output itself as a loss; the square is for PyHessian, which wants every gradient to have a graph."""

    reduction = "sum"

    def forward(self, out, target):
        return out.sum() + 0 * (out * out).sum()


def factored():
    net, x = network(), inputs(SAMPLES)
    return lambda: hessian_norm(net, x, tol=TOL)[0][0].value.value


def factored_largest():
    net, x = network(), inputs(SAMPLES)
    return lambda: largest_hessian_norm(net, x, tol=TOL).value.value


def any_module():
    net, x = nn.Sequential(network()), inputs(1)  # nested, so that it is not read as class N
    return lambda: hessian_norm(net, x, tol=TOL)[0][0].value.value


def torch_func():
    net, x = network(), inputs(1)
    params = {name: p.detach() for name, p in net.named_parameters()}
    sizes = [p.numel() for p in params.values()]
    gradient = grad(lambda p: functional_call(net, p, (x,))[0, 0])

    def product(v):
        pieces = torch.from_numpy(v.reshape(-1)).split(sizes)
        tangents = {k: t.view(p.shape) for (k, p), t in zip(params.items(), pieces, strict=True)}
        out = jvp(gradient, (params,), (tangents,))[1]
        return torch.cat([t.reshape(-1) for t in out.values()]).numpy()

    operator = LinearOperator((sum(sizes),) * 2, matvec=product, dtype="float32")
    return lambda: abs(float(eigsh(operator, k=1, tol=TOL, return_eigenvectors=False)[0]))


def curvlinops():
    package = pytest.importorskip("curvlinops")
    net, x = network(), inputs(1)
    data = [(x, torch.zeros(1, 1))]
    operator = package.HessianLinearOperator(net, Output(), list(net.parameters()), data, check_deterministic=False)
    return lambda: abs(float(eigsh(operator.to_scipy(), k=1, tol=TOL, return_eigenvectors=False)[0]))


def pyhessian():
    package = pytest.importorskip("pyhessian")
    net, x = network(), inputs(1)

    def norm():
        net.zero_grad()
        found = package.hessian(net, Output(), data=(x, torch.zeros(1, 1)), cuda=False)
        return abs(found.eigenvalues(tol=TOL)[0][0])

    return norm


ROWS = [factored, factored_largest, any_module, torch_func, curvlinops, pyhessian]


@pytest.mark.parametrize("row", ROWS, ids=[row.__name__ for row in ROWS])
def test_hessian_norm(benchmark, row):
    benchmark.group = "spectral norm of one output's Hessian, 5.8M parameters, float32"
    assert benchmark.pedantic(row(), rounds=3, warmup_rounds=1) > 0
