"""Spectral norms of Hessians, and one-product lower bounds of curvature.

A norm is the modulus of a Rayleigh quotient, so a lower bound whatever stopped the iteration, and comes with the
residual of its vector: some eigenvalue lies within the residual of it. That this eigenvalue is the one of largest
modulus is what Lanczos from a random start nearly always finds, and what no residual proves. What automatic
differentiation says is held against finite differences first (`hessian_probe`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..problem.networks import ClassN
from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import Bound, NotAvailableError, NumericalFailureError
from ..theory.bound import lower
from .admission import Admitted, admit, measuring
from .arguments import require_direction, require_number, require_problem, require_seed
from .autodiff import mixing_weights
from .autograd_hessian import AutogradHessians, loss_hessian, output_hessians, weighted_sum
from .factored_hessian import factored_hessians
from .hessian_probe import Twin, confirm, require_exchangeable, require_symmetric, require_unbatched
from .lanczos import Extremes, largest_modulus
from .linearization import linearize, recognised

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

    Networks of class N by factored products (`factored_hessian`), any other by automatic differentiation, under the
    plain kernels of attention.

    Args:
        network: maps (n, ..) to (n, ..), each sample on its own; outputs of more axes count as one.
        x: inputs of shape (n, ..).
        tol: residual asked for, relative to the value, from 0 on.
        seed: of the start vector.

    Returns:
        result[i][c] for sample i and output c, counted as `empirical_ntk` counts them.

    Raises:
        InvalidInputError: the network is not admitted (`admission.admit`): it mixes samples or draws random numbers;
            or `tol` or `seed` is no such number.
        NotAvailableError: an operation has no second derivative, or a wrong one: the Hessian is not symmetric, or not
            the derivative of the gradient by finite differences, or the gradient is not that of the outputs.
        NumericalFailureError: Lanczos did not converge or met a NaN, or finite differences do not settle.
    """
    _require(tol, seed)
    with measuring(network, twice=True):
        admitted = admit(network, x)
        outputs = admitted.one.numel()
        found: list[HessianNorm] = []
        for batch in _batches(network, admitted):
            found += batch.norms(tol, seed, None)[0]
    return [found[i : i + outputs] for i in range(0, len(found), outputs)]


@undisturbed
def largest_hessian_norm(network: nn.Module, x: Tensor, *, tol: float = 1e-3, seed: int = 0) -> LargestHessian:
    """The largest of `hessian_norm` over samples and outputs, with less work: the losers are given up early.

    Arguments and errors as there; finite differences are held against the largest of every batch.
    """
    _require(tol, seed)
    with measuring(network, twice=True):
        admitted = admit(network, x)
        outputs = admitted.one.numel()
        best, at, stopped, products, seen = lower(-1.0, "none"), 0, 0, 0, 0
        for batch in _batches(network, admitted):
            norms, given_up = batch.norms(tol, seed, max(best.value, 0.0))
            stopped += given_up
            products += sum(h.products for h in norms)
            # The last one of a batch is never given up in favour of itself, so the maximum has converged.
            k = _top(norms)
            if norms[k].value.value > best.value:
                best, at = norms[k].value, seen + k
            seen += len(norms)
    if stopped:
        best = replace(best, method=f"{best.method}; {stopped} of {seen} given up early")
    return LargestHessian(best, at // outputs, at % outputs, stopped, products)


@undisturbed
def loss_hessian_norm(problem: Problem, *, tol: float = 1e-3, seed: int = 0) -> HessianNorm:
    """Spectral norm of the Hessian of the loss in use at the current weights.

    Raises:
        InvalidInputError, NotAvailableError, NumericalFailureError: as `hessian_norm`.
    """
    require_problem(problem)
    _require(tol, seed)
    with measuring(problem.network, twice=True):
        twin = (lambda dtype: loss_hessian(problem, dtype)) if _admit(problem) else None
        operator = loss_hessian(problem)
        basis, _ = _room(sum(p.nbytes for p in operator.params.values()))
        return _ByAutograd(operator, twin, basis).norms(tol, seed, None)[0][0]


def curvature_along(problem: Problem, direction: dict[str, Tensor]) -> Bound:
    """Rayleigh quotient of the loss Hessian along a direction: a lower bound of its largest eigenvalue.

    Minus infinity along no direction at all.

    Args:
        direction: parameter name to a tensor of its shape; need not be normalised.

    Raises:
        InvalidInputError, NotAvailableError, NumericalFailureError: as `hessian_norm`.
    """
    require_problem(problem)
    with measuring(problem.network, twice=True):
        doubtful = _admit(problem)
        operator = loss_hessian(problem)
        require_direction(direction, operator.params)
        v = torch.cat([direction[name].reshape(-1) for name in operator.params]).double()
        largest = float(v.abs().max())
        if largest == 0:
            return lower(-math.inf, "no direction to look along")
        v = v / largest
        v = (v / torch.linalg.vector_norm(v)).to(next(iter(operator.params.values())))
        product = operator.apply(v[None])
        if not torch.isfinite(product).all():
            raise NumericalFailureError("a Hessian-vector product is not finite")
        if doubtful:
            confirm(lambda dtype: loss_hessian(problem, dtype), v[None], product, torch.zeros(1))
        square, along = float(v.double() @ v.double()), float(v.double() @ product[0].double())
    return lower(along / square, "one Hessian-vector product" + (", and finite differences" if doubtful else ""))


def _require(tol: float, seed: int) -> None:
    require_number("tol", tol, 0)
    require_seed(seed)


def _admit(problem: Problem) -> bool:
    """Whether derivatives have to be asked: not those of class N."""
    if recognised(problem.network, problem.x):
        return False
    admitted = admit(problem.network, problem.x)
    require_exchangeable(problem.network, admitted.params, admitted.x)
    return True


def _top(norms: list[HessianNorm]) -> int:
    return max(range(len(norms)), key=lambda i: norms[i].value.value)


def _room(vector: int) -> tuple[int, int]:
    """Lanczos vectors of that many bytes per Hessian, and Hessians at once."""
    vector = max(vector, 1)
    basis = max(_FEWEST, min(_BASIS, BATCH_BYTES // vector))
    return basis, max(1, BATCH_BYTES // (basis * vector))


@dataclass(frozen=True)
class _Factored:
    """Some outputs of a network of class N at some samples."""

    network: ClassN
    x: Tensor
    index: Tensor
    basis: int

    def norms(self, tol: float, seed: int, beat: float | None) -> tuple[list[HessianNorm], int]:
        """Their norms, and how many were given up for being below `beat` or one another."""
        limits = torch.finfo(self.x.dtype)
        try:
            norms, stopped = self._norms(tol, seed, beat)
            least = min(h.value.value for h in norms)
        except NumericalFailureError:
            if self.x.dtype == torch.float64:
                raise
            least = 0.0
        if least > limits.tiny / limits.eps or self.x.dtype == torch.float64:
            return norms, stopped
        # Squares of what float32 holds overflow and vanish in it.
        return replace(self, network=_in_float64(self.network), x=self.x.double())._norms(tol, seed, beat)

    def _norms(self, tol: float, seed: int, beat: float | None) -> tuple[list[HessianNorm], int]:
        outputs = self.network.widths[-1]
        operators = factored_hessians(self.network, self.x[self.index // outputs], self.index % outputs)
        closed = operators.closed_form()
        if closed is not None:
            return [_exact(float(theta)) for theta in closed], 0
        ends = largest_modulus(operators, tol, seed, basis=self.basis, beat=beat)
        return _read(ends), int(ends.stopped.sum())


@dataclass(frozen=True)
class _ByAutograd:
    """Some functions whose Hessians autograd applies, and, where it is to be asked, the same in another precision."""

    operators: AutogradHessians
    twin: Twin | None
    basis: int

    def norms(self, tol: float, seed: int, beat: float | None) -> tuple[list[HessianNorm], int]:
        """As `_Factored`, after their symmetry and finite differences were asked."""
        asked = self.twin is not None
        ends = largest_modulus(self.operators, tol, seed, basis=self.basis, beat=beat, vectors=asked)
        norms = _read(ends)
        if ends.vectors is None:
            return norms, int(ends.stopped.sum())
        require_symmetric(ends.asymmetry, torch.finfo(ends.vectors.dtype).eps)
        which = torch.arange(len(norms)) if beat is None else torch.tensor([_top(norms)])
        if beat is None or not ends.stopped[which].any():  # what was given up is nobody's bound
            v, theta = ends.vectors[which.to(ends.vectors.device)], ends.theta[which]
            confirm(lambda dtype: self._some(which, dtype), v, theta[:, None].to(v) * v, ends.residual[which])
        return norms, int(ends.stopped.sum())

    def _some(self, which: Tensor, dtype: torch.dtype | None) -> AutogradHessians:
        if dtype is None or self.twin is None:
            return self.operators.take(which)
        twin = self.twin(dtype)
        return replace(twin, index=self.operators.index[which.to(self.operators.index.device)])


def _batches(network: nn.Module, admitted: Admitted) -> Iterator[_Factored | _ByAutograd]:
    """The Hessians of all outputs at all samples, sample-major."""
    x, outputs = admitted.x, admitted.one.numel()
    pairs = torch.arange(len(x) * outputs, device=x.device)
    try:
        net = linearize(network, x[:1]).network
    except NotAvailableError:
        require_exchangeable(network, admitted.params, x)
        every = output_hessians(network, x, outputs)
        basis, together = _room(sum(p.nbytes for p in every.params.values()))
        for index in pairs.split(together):
            for batch in _that_work(every.take(index), network, x, outputs):
                yield _ByAutograd(batch, lambda dtype: output_hessians(network, x, outputs, dtype), basis)
        return
    basis, together = _room(2 * sum(net.widths) * x.element_size())
    for index in pairs.split(together):
        yield _Factored(net, x, index, basis)


def _that_work(batch: AutogradHessians, network: nn.Module, x: Tensor, outputs: int) -> Iterator[AutogradHessians]:
    """The batch, or its members one by one where vmap has no rule, or a wrong one, for something in the module."""
    if batch.count == 1:
        yield batch
        return
    weights = mixing_weights(batch.count, next(iter(batch.params.values())))
    try:
        require_unbatched(batch, weights, lambda dtype: weighted_sum(network, x, outputs, batch.index, weights, dtype))
    except (NotAvailableError, NumericalFailureError):
        # Each on its own is without vmap, and says itself what is wrong.
        yield from (batch.take(torch.tensor([i])) for i in range(batch.count))
        return
    yield batch


def _in_float64(net: ClassN) -> ClassN:
    layers = (
        replace(la, weight=la.weight.detach().double(), bias=None if la.bias is None else la.bias.detach().double())
        for la in net.layers
    )
    return replace(net, layers=tuple(layers))


def _exact(theta: float) -> HessianNorm:
    if not torch.isfinite(torch.tensor(theta)):
        raise NumericalFailureError("a Hessian norm is not finite")
    return HessianNorm(lower(abs(theta), "closed form of one hidden layer"), theta, 0.0, 0)


def _read(ends: Extremes) -> list[HessianNorm]:
    columns = zip(ends.theta.tolist(), ends.residual.tolist(), ends.products.tolist(), strict=True)
    return [HessianNorm(lower(abs(t), f"Lanczos, residual {r:.1e}"), t, r, int(k)) for t, r, k in columns]
