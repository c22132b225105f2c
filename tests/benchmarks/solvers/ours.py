"""This library through its public names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, nn

import pltheory as pl

from .networks_torch import cnn, mlp, parameters_with_gradients, synchronize, tensor_inputs, tensor_spectrum


class AnyModule(nn.Module):
    """The same network behind a forward of its own: nothing of class N is to be recognised."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


def _kernel(build: Callable[[dict], nn.Module]) -> Callable[[dict], Callable[[], Any]]:
    def prepare(case: dict) -> Callable[[], Any]:
        network, x = build(case), tensor_inputs(case)

        def run() -> Tensor:
            kernel = pl.empirical_ntk(network, x)
            synchronize(case)
            return kernel

        return run

    return prepare


def _lambda_min(case: dict) -> Callable[[], Any]:
    matrix = tensor_spectrum(case)
    return lambda: pl.lambda_min_estimate(matrix).value


def _lambda_min_verified(case: dict) -> Callable[[], Any]:
    matrix = tensor_spectrum(case)
    return lambda: pl.lambda_min(matrix, rigorous=True).value


def _hessian(wrap: Callable[[nn.Module], nn.Module]) -> Callable[[dict], Callable[[], Any]]:
    def prepare(case: dict) -> Callable[[], Any]:
        network, x = wrap(mlp(case)), tensor_inputs(case)
        return lambda: [row[0].value.value for row in pl.hessian_norm(network, x, tol=1e-3)]

    return prepare


def _step(**keywords: Any) -> Callable[[dict], Callable[[], Any]]:
    def prepare(case: dict) -> Callable[[], Any]:
        params = parameters_with_gradients(case)
        numbers = {key: case[key] for key in ("lr", "gamma", "delta", "momentum")}
        opt = pl.optim.DeltaGClip(params, **numbers, **keywords)

        def run() -> list[nn.Parameter]:
            opt.step()
            synchronize(case)
            return params

        return run

    return prepare


SOLVERS = {
    "kernel": _kernel(mlp),
    "kernel-cnn": _kernel(cnn),
    "lambda_min estimate": _lambda_min,
    "lambda_min verified": _lambda_min_verified,
    "hessian": _hessian(lambda net: net),
    "hessian any module": _hessian(AnyModule),
    "step": _step(),
    "step, buffer clipped": _step(clip="buffer"),
}


def array(result: Any) -> np.ndarray:
    """As a numpy array; of an optimizer's parameters the first entry of each."""
    if isinstance(result, Tensor):
        return result.detach().double().cpu().numpy()
    if isinstance(result, list) and isinstance(result[0], Tensor):
        return np.array([float(p.detach().reshape(-1)[0]) for p in result])
    return np.asarray(result)
