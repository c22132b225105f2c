"""Hessians by products with vectors: spectral norms by scipy's Lanczos, and one-product lower bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from torch import Tensor, nn
from torch.func import functional_call, grad

from ..problem.problem import Problem
from ..theory import Bound, NumericalFailureError
from ..theory.bound import estimate, lower

Scalar = Callable[[dict[str, Tensor]], Tensor]


@dataclass(frozen=True)
class HessianNorm:
    """A spectral norm of a Hessian.

    Attributes:
        value: the Rayleigh quotient's modulus, a lower bound of the norm in exact arithmetic.
        signed: the Rayleigh quotient itself.
        residual: ||H v - theta v|| for the unit vector v found: some eigenvalue lies within it of `signed`.
        products: Hessian-vector products used.
    """

    value: Bound
    signed: float
    residual: float
    products: int


def hessian_norm(network: nn.Module, x: Tensor, *, tol: float = 1e-3, seed: int = 0) -> list[list[HessianNorm]]:
    """Spectral norm of the Hessian of every output at every sample, in the parameters.

    Args:
        network: maps (n, d) to (n, C).
        x: inputs of shape (n, d).
        tol: relative accuracy asked of ARPACK.
        seed: of the start vector.

    Returns:
        result[i][c] for sample i and output c.

    Raises:
        NumericalFailureError: Lanczos did not converge or met a NaN.
    """
    params = _parameters(network)
    with torch.no_grad():
        outputs = network(x[:1]).shape[-1]

    def output(i: int, c: int) -> Scalar:
        return lambda p: functional_call(network, p, (x[i : i + 1],))[0, c]

    return [[_norm(output(i, c), params, tol, seed) for c in range(outputs)] for i in range(x.shape[0])]


def loss_hessian_norm(problem: Problem, *, tol: float = 1e-3, seed: int = 0) -> HessianNorm:
    """Spectral norm of the Hessian of the loss in use at the current weights.

    Raises:
        NumericalFailureError: Lanczos did not converge or met a NaN.
    """
    return _norm(_loss(problem), _parameters(problem.network), tol, seed)


def curvature_along(problem: Problem, direction: dict[str, Tensor]) -> Bound:
    """Rayleigh quotient of the loss Hessian along a direction: a lower bound of its largest eigenvalue.

    Args:
        direction: parameter name to a tensor of its shape; need not be normalised.
    """
    product = _product(_loss(problem), _parameters(problem.network), direction)
    square = sum(float(v.square().sum()) for v in direction.values())
    inner = sum(float((v * product[name]).sum()) for name, v in direction.items())
    return lower(inner / square, "one Hessian-vector product")


def _loss(problem: Problem) -> Scalar:
    def value(p: dict[str, Tensor]) -> Tensor:
        r = functional_call(problem.network, p, (problem.x,)) - problem.y
        return 0.5 * problem.scale * r.square().sum()

    return value


def _parameters(network: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in network.named_parameters() if p.requires_grad}


def _product(f: Scalar, params: dict[str, Tensor], v: dict[str, Tensor]) -> dict[str, Tensor]:
    # Reverse over reverse: forward mode would first import torch's compiler, which takes longer than a small run.
    return grad(lambda p: sum((g * v[name]).sum() for name, g in grad(f)(p).items()))(params)


def _norm(f: Scalar, params: dict[str, Tensor], tol: float, seed: int) -> HessianNorm:
    shapes = {name: p.shape for name, p in params.items()}
    sizes = [p.numel() for p in params.values()]
    like = next(iter(params.values()))
    count = 0

    def matvec(v: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        flat = torch.as_tensor(v.reshape(-1), dtype=like.dtype, device=like.device)
        pieces = {n: t.view(shapes[n]) for n, t in zip(shapes, torch.split(flat, sizes), strict=True)}
        product = _product(f, params, pieces)
        out = torch.cat([product[n].reshape(-1) for n in shapes]).double().cpu().numpy()
        if not np.isfinite(out).all():
            raise NumericalFailureError("a Hessian-vector product is not finite")
        return out

    size = sum(sizes)
    start = np.random.default_rng(seed).standard_normal(size)
    if size == 1:
        theta = float(matvec(np.ones(1))[0])
        return HessianNorm(lower(abs(theta), "one entry"), theta, 0.0, count)
    if not matvec(start).any():
        return HessianNorm(lower(0.0, "zero along a random direction"), 0.0, 0.0, count)
    operator = LinearOperator((size, size), matvec=matvec, dtype=np.float64)
    try:
        # ARPACK keeps its basis in memory; 8 vectors suffice for one extreme eigenvalue and stay small at width 1e5.
        _, vectors = eigsh(operator, k=1, which="LM", v0=start, tol=tol, ncv=min(size, 8))
    except ArpackNoConvergence as error:
        raise NumericalFailureError(f"Lanczos for a Hessian norm did not converge: {error}") from None
    v = vectors[:, 0]
    hv = matvec(v)
    theta = float(v @ hv)
    residual = float(np.linalg.norm(hv - theta * v))
    return HessianNorm(lower(abs(theta), f"Lanczos, residual {residual:.1e}"), theta, residual, count)


def largest_output_hessian(norms: list[list[HessianNorm]]) -> Bound:
    """max over samples and outputs, as the theorems of LZB22 read it: an estimate of it from below."""
    best = max((h for row in norms for h in row), key=lambda h: h.value.value)
    if best.residual > 0.1 * best.value.value:
        return estimate(best.value.value, f"Lanczos, residual {best.residual:.1e} is not small")
    return best.value
