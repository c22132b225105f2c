"""What torch alone offers: the torch.func recipes, LAPACK, SGD, and the published delta-GClip code's logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev, jvp, vmap

from .networks_torch import cnn, mlp, parameters_with_gradients, synchronize, tensor_inputs, tensor_spectrum
from .ours import SOLVERS as OURS
from .ours import array as array


def _tutorial(build: Callable[[dict], nn.Module]) -> Callable[[dict], Callable[[], Any]]:
    """The tangent kernel by Jacobian contraction, as in torch's tutorial on it: both Jacobians, dense."""

    def prepare(case: dict) -> Callable[[], Any]:
        network, x = build(case), tensor_inputs(case)
        params = {name: p.detach() for name, p in network.named_parameters()}

        def one(p: dict[str, Tensor], xi: Tensor) -> Tensor:
            return functional_call(network, p, (xi.unsqueeze(0),)).squeeze(0)

        def rows() -> list[Tensor]:
            return [j.flatten(2) for j in vmap(jacrev(one), (None, 0))(params, x).values()]

        def run() -> Tensor:
            total = torch.stack([torch.einsum("Naf,Mbf->NaMb", a, b) for a, b in zip(rows(), rows(), strict=True)])
            kernel = total.sum(0).flatten(2).flatten(0, 1)
            synchronize(case)
            return kernel

        return run

    return prepare


def _eigvalsh(case: dict) -> Callable[[], Any]:
    matrix = tensor_spectrum(case)
    return lambda: float(torch.linalg.eigvalsh(matrix)[0])


def _shift_invert(case: dict) -> Callable[[], Any]:
    matrix = tensor_spectrum(case).numpy()
    start = np.random.default_rng(0).standard_normal(len(matrix))
    return lambda: float(eigsh(matrix, k=1, sigma=0.0, v0=start, return_eigenvectors=False)[0])


def _lobpcg(case: dict) -> Callable[[], Any]:
    matrix = tensor_spectrum(case)
    start = torch.randn(len(matrix), 1, dtype=matrix.dtype, generator=torch.Generator().manual_seed(0))
    return lambda: float(torch.lobpcg(matrix, X=start, largest=False, niter=200)[0])


def _lanczos(tol: float) -> Callable[[dict], Callable[[], Any]]:
    """scipy's Lanczos on Hessian-vector products by forward over reverse, one sample after the other."""

    def prepare(case: dict) -> Callable[[], Any]:
        network, x = mlp(case), tensor_inputs(case)
        params = {name: p.detach() for name, p in network.named_parameters()}
        sizes, shapes = [p.numel() for p in params.values()], [p.shape for p in params.values()]
        dtype = getattr(torch, case["dtype"])

        def pieces(v: np.ndarray) -> dict[str, Tensor]:
            parts = torch.split(torch.as_tensor(v.reshape(-1), dtype=dtype), sizes)
            return {name: part.view(s) for name, part, s in zip(params, parts, shapes, strict=True)}

        def norm(xi: Tensor) -> float:
            gradient = grad(lambda p: functional_call(network, p, (xi,)).sum())

            def product(v: np.ndarray) -> np.ndarray:
                hv = jvp(gradient, (params,), (pieces(v),))[1]
                return torch.cat([h.reshape(-1) for h in hv.values()]).numpy()

            operator = LinearOperator((sum(sizes), sum(sizes)), matvec=product, dtype=np.dtype(case["dtype"]))
            start = np.random.default_rng(0).standard_normal(sum(sizes)).astype(case["dtype"])
            return float(abs(eigsh(operator, k=1, which="LM", v0=start, tol=tol, return_eigenvectors=False)[0]))

        return lambda: [norm(x[i : i + 1]) for i in range(case["n"])]

    return prepare


def _sgd(
    before: Callable[[list, float], object] = lambda params, gamma: None, **how: bool
) -> Callable[[dict], Callable[[], Any]]:
    """torch.optim.SGD, and what is called before it."""

    def prepare(case: dict) -> Callable[[], Any]:
        params = parameters_with_gradients(case)
        opt = torch.optim.SGD(params, lr=case["lr"], momentum=case["momentum"], **how)

        def step() -> None:
            before(params, case["gamma"])
            opt.step()

        return _finished(case, params, step)

    return prepare


def _norm(params: list, gamma: float) -> Tensor:
    return torch.nn.utils.get_total_norm([p.grad for p in params], foreach=True)


def _clip(params: list, gamma: float) -> Tensor:
    return torch.nn.utils.clip_grad_norm_(params, gamma, foreach=True)


class PublishedDeltaGClip(torch.optim.Optimizer):
    """The logic of the published delta-GClip code: one norm per group, every gradient copied, the norm on the host."""

    def __init__(self, params: list[nn.Parameter], lr: float, gamma: float, delta: float) -> None:
        super().__init__(params, {"lr": lr, "gamma": gamma, "delta": delta})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            grads = [p.grad.clone() for p in group["params"]]
            norm = torch.norm(torch.stack([torch.norm(g) for g in grads])).item()
            h = group["lr"] * min(1.0, max(group["delta"], group["gamma"] / norm))
            for p, g in zip(group["params"], grads, strict=True):
                p.add_(g, alpha=-h)


def _published(case: dict) -> Callable[[], Any]:
    params = parameters_with_gradients(case)
    opt = PublishedDeltaGClip(params, case["lr"], case["gamma"], case["delta"])
    return _finished(case, params, opt.step)


def _flat(case: dict) -> Callable[[], Any]:
    """The least there is to do: one norm and one update of a single vector, as if all parameters were one."""
    params = parameters_with_gradients(case)
    w = torch.cat([p.detach().reshape(-1) for p in params])
    g = torch.cat([p.grad.reshape(-1) for p in params])

    def step() -> None:
        ratio = case["gamma"] / float(torch.linalg.vector_norm(g))
        w.add_(g, alpha=-case["lr"] * min(1.0, max(case["delta"], ratio)))

    return _finished(case, [w], step)


def _finished(case: dict, params: list, step: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> list:
        step()
        synchronize(case)
        return params

    return run


# Ours too, for comparisons where two processes would differ by more than what is compared.
SOLVERS = {
    **OURS,
    "torch.func tutorial": _tutorial(mlp),
    "torch.func tutorial cnn": _tutorial(cnn),
    "torch eigvalsh": _eigvalsh,
    "scipy eigsh, shift-invert": _shift_invert,
    "torch LOBPCG, 200 iterations": _lobpcg,
    "torch.func + eigsh": _lanczos(1e-3),
    "reference": _lanczos(1e-7),
    "SGD fused": _sgd(fused=True),
    "norm + SGD foreach": _sgd(_norm, foreach=True),
    "clip_grad_norm_ + SGD foreach": _sgd(_clip, foreach=True),
    "clip_grad_norm_ + SGD fused": _sgd(_clip, fused=True),
    "published logic": _published,
    "flat norm + axpy": _flat,
}
