"""Spectral norms of Hessians, and one-product lower bounds of curvature.

A norm is the modulus of a Rayleigh quotient, so a lower bound whatever stopped the iteration, and comes with the
residual of its vector: some eigenvalue lies within the residual of it. That this eigenvalue is the one of largest
modulus is what Lanczos from a random start nearly always finds, and what no residual proves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import Bound, NotAvailableError, NumericalFailureError
from ..theory.bound import estimate, lower
from .autograd_hessian import AutogradHessians, loss_hessian, output_hessians
from .factored_hessian import FactoredHessians, factored_hessians
from .lanczos import Extremes, SymmetricBatch, largest_modulus
from .linearization import linearize

BATCH_BYTES = 1 << 29
"""Lanczos vectors held at once: how many samples and outputs go together follows from it."""
_BASIS = 40
"""Lanczos vectors per Hessian where they fit; scipy's eigsh takes 20 for one eigenvalue."""
_FEWEST = 8
"""What is left of them where even one Hessian's would not fit."""


@dataclass(frozen=True)
class HessianNorm:
    """A spectral norm of a Hessian.

    Attributes:
        value: the Rayleigh quotient's modulus, a lower bound of the norm in exact arithmetic.
        signed: the Rayleigh quotient itself.
        residual: ||H v - theta v|| for the unit vector v found: some eigenvalue lies within it of `signed`.
        products: Hessian-vector products used; 0 where the norm has a closed form.
    """

    value: Bound
    signed: float
    residual: float
    products: int


@dataclass(frozen=True)
class LargestHessian:
    """The largest norm among the Hessians of all outputs at all samples.

    Attributes:
        value: a lower bound of it in exact arithmetic: the norm found for `sample` and `output`.
        sample: where it was found.
        output: where it was found.
        stopped: how many of the others were given up early, each with a probability of at most 1e-3, over the start
            vector, that its norm is above `value` after all (`lanczos.ceiling`). `value` is a lower bound without it.
        products: Hessian-vector products used for all of them.
    """

    value: Bound
    sample: int
    output: int
    stopped: int
    products: int


@undisturbed
def hessian_norm(network: nn.Module, x: Tensor, *, tol: float = 1e-3, seed: int = 0) -> list[list[HessianNorm]]:
    """Spectral norm of the Hessian of every output at every sample, in the parameters.

    Networks of class N by factored products (`factored_hessian`), any other by automatic differentiation.

    Args:
        network: maps (n, d) to (n, C), each sample on its own.
        x: inputs of shape (n, d).
        tol: residual asked for, relative to the value.
        seed: of the start vector.

    Returns:
        result[i][c] for sample i and output c.

    Raises:
        NumericalFailureError: Lanczos did not converge or met a NaN.
    """
    outputs = _outputs(network, x)
    found: list[HessianNorm] = []
    for batch, basis in _batches(network, x, outputs):
        closed = batch.closed_form() if isinstance(batch, FactoredHessians) else None
        if closed is not None:
            found += [_exact(float(theta)) for theta in closed]
        else:
            found += _read(largest_modulus(batch, tol, seed, basis=basis))
    return [found[i : i + outputs] for i in range(0, len(found), outputs)]


@undisturbed
def largest_hessian_norm(network: nn.Module, x: Tensor, *, tol: float = 1e-3, seed: int = 0) -> LargestHessian:
    """The largest of `hessian_norm` over samples and outputs, with less work: the losers are given up early.

    Arguments and errors as there.
    """
    outputs = _outputs(network, x)
    best, at, stopped, products, seen = lower(-1.0, "none"), 0, 0, 0, 0
    for batch, basis in _batches(network, x, outputs):
        closed = batch.closed_form() if isinstance(batch, FactoredHessians) else None
        if closed is not None:
            norms = [_exact(float(theta)) for theta in closed]
        else:
            ends = largest_modulus(batch, tol, seed, basis=basis, beat=max(best.value, 0.0))
            norms = _read(ends)
            stopped += int(ends.stopped.sum())
        products += sum(h.products for h in norms)
        # The last one of a batch is never given up in favour of itself, so the maximum has converged.
        k = max(range(len(norms)), key=lambda i: norms[i].value.value)
        if norms[k].value.value > best.value:
            best, at = norms[k].value, seen + k
        seen += len(norms)
    if stopped:
        best = dataclasses.replace(best, method=f"{best.method}; {stopped} of {seen} given up early")
    return LargestHessian(best, at // outputs, at % outputs, stopped, products)


@undisturbed
def loss_hessian_norm(problem: Problem, *, tol: float = 1e-3, seed: int = 0) -> HessianNorm:
    """Spectral norm of the Hessian of the loss in use at the current weights.

    Raises:
        NumericalFailureError: Lanczos did not converge or met a NaN.
    """
    operator = loss_hessian(problem)
    basis, _ = _room(sum(p.numel() for p in operator.params.values()), problem.x)
    return _read(largest_modulus(operator, tol, seed, basis=basis))[0]


def curvature_along(problem: Problem, direction: dict[str, Tensor]) -> Bound:
    """Rayleigh quotient of the loss Hessian along a direction: a lower bound of its largest eigenvalue.

    Args:
        direction: parameter name to a tensor of its shape; need not be normalised.
    """
    operator = loss_hessian(problem)
    v = torch.cat([direction[name].reshape(-1) for name in operator.params])
    product = operator.apply(v[None])[0]
    return lower(float(v @ product) / float(v @ v), "one Hessian-vector product")


def largest_output_hessian(norms: list[list[HessianNorm]]) -> Bound:
    """max over samples and outputs, as the theorems of LZB22 read it: an estimate of it from below."""
    best = max((h for row in norms for h in row), key=lambda h: h.value.value)
    if best.residual > 0.1 * best.value.value:
        return estimate(best.value.value, f"Lanczos, residual {best.residual:.1e} is not small")
    return best.value


def _outputs(network: nn.Module, x: Tensor) -> int:
    with torch.no_grad():
        return int(network(x[:1]).shape[-1])


def _room(size: int, x: Tensor) -> tuple[int, int]:
    """Lanczos vectors of that size per Hessian, and Hessians at once."""
    vector = max(size, 1) * x.element_size()
    basis = max(_FEWEST, min(_BASIS, BATCH_BYTES // vector))
    return basis, max(1, BATCH_BYTES // (basis * vector))


def _batches(network: nn.Module, x: Tensor, outputs: int) -> Iterator[tuple[SymmetricBatch, int]]:
    """The Hessians of all outputs at all samples, sample-major, with the size of their Lanczos bases."""
    pairs = torch.arange(x.shape[0] * outputs, device=x.device)
    try:
        net = linearize(network, x[:1]).network
    except NotAvailableError:
        every = output_hessians(network, x, outputs)
        basis, together = _room(sum(p.numel() for p in every.params.values()), x)
        for index in pairs.split(together):
            yield from ((batch, basis) for batch in _that_work(every.take(index)))
        return
    basis, together = _room(2 * sum(net.widths), x)
    for index in pairs.split(together):
        yield factored_hessians(net, x[index // outputs], index % outputs), basis


def _that_work(batch: AutogradHessians) -> Iterator[AutogradHessians]:
    """The batch, or its members one by one where vmap has no rule for something in the module."""
    try:
        _ = batch.graph
    except RuntimeError:
        if batch.count == 1:
            raise
        yield from (batch.take(torch.tensor([i])) for i in range(batch.count))
        return
    yield batch


def _exact(theta: float) -> HessianNorm:
    if not torch.isfinite(torch.tensor(theta)):
        raise NumericalFailureError("a Hessian norm is not finite")
    return HessianNorm(lower(abs(theta), "closed form of one hidden layer"), theta, 0.0, 0)


def _read(ends: Extremes) -> list[HessianNorm]:
    columns = zip(ends.theta.tolist(), ends.residual.tolist(), ends.products.tolist(), strict=True)
    return [HessianNorm(lower(abs(t), f"Lanczos, residual {r:.1e}"), t, r, int(k)) for t, r, k in columns]
