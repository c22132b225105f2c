"""nngeometry, PyHessian and curvlinops, in an environment of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from curvlinops import HessianLinearOperator
from nngeometry.gram import GramMatrix
from pyhessian import hessian
from scipy.sparse.linalg import eigsh
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from .networks_torch import cnn, mlp, tensor_inputs


def _gram(build: Callable[[dict], nn.Module]) -> Callable[[dict], Callable[[], Any]]:
    def prepare(case: dict) -> Callable[[], Any]:
        network, x = build(case), tensor_inputs(case)
        # The loader's second entry is a label that the kernel does not read; without shuffling rows keep their order.
        loader = DataLoader(TensorDataset(x, torch.zeros(len(x))), batch_size=len(x))

        def run() -> Tensor:
            kernel = GramMatrix(network, loader, function=lambda *d: network(d[0])).to_torch()
            return kernel.permute(1, 0, 3, 2).flatten(2).flatten(0, 1)  # (C, n, C, n) to sample-major

        return run

    return prepare


def _sum_of_outputs(outputs: Tensor, _: Tensor) -> Tensor:
    return outputs.sum()


def _pyhessian(case: dict) -> Callable[[], Any]:
    network, x = mlp(case), tensor_inputs(case)

    def norm(xi: Tensor) -> float:
        network.zero_grad()
        # Its power iteration stops on relative change, at most 100 products.
        return abs(hessian(network, _sum_of_outputs, data=(xi, xi), cuda=False).eigenvalues(tol=1e-3)[0][0])

    return lambda: [norm(x[i : i + 1]) for i in range(case["n"])]


class _Sum(nn.Module):
    reduction = "sum"

    def forward(self, outputs: Tensor, _: Tensor) -> Tensor:
        return outputs.sum()


def _curvlinops(case: dict) -> Callable[[], Any]:
    network, x = mlp(case), tensor_inputs(case)
    params = list(network.parameters())

    def norm(xi: Tensor) -> float:
        operator = HessianLinearOperator(network, _Sum(), params, [(xi, xi)], check_deterministic=False).to_scipy()
        start = np.random.default_rng(0).standard_normal(operator.shape[0]).astype(case["dtype"])
        return float(abs(eigsh(operator, k=1, which="LM", v0=start, tol=1e-3, return_eigenvectors=False)[0]))

    return lambda: [norm(x[i : i + 1]) for i in range(case["n"])]


SOLVERS = {
    "nngeometry": _gram(mlp),
    "nngeometry cnn": _gram(cnn),
    "PyHessian": _pyhessian,
    "curvlinops + eigsh": _curvlinops,
}


def array(result: Any) -> np.ndarray:
    """As a numpy array."""
    return result.detach().double().numpy() if isinstance(result, Tensor) else np.asarray(result)
