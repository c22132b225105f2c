"""Search inside a ball for weights where a constant fails: projected gradient, which can refute and never prove.

The starts go together: their weights are stacked, and one forward and backward pass serves them all. What the module
has no vmap rule for, and weights whose Jacobians would not fit in `BATCH_BYTES`, go one start at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import jacrev, vmap

from ..problem.evaluation import call_with, first_line
from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import Bound, NotAvailableError, NumericalFailureError
from ..theory.bound import upper
from .admission import admit, measuring
from .arguments import require_number, require_problem, require_seed, require_whole
from .autodiff import dense
from .linearization import recognised
from .ntk import empirical_ntk
from .pl_ratio import pl_ratio
from .spectrum import eigenvalues

BATCH_BYTES = 1 << 29
"""Jacobians held at once, for all the starts that go together."""

_INSIDE = 1 - 1e-9
"""What is put on the sphere goes that part of the radius from the centre, so that rounding leaves it inside."""

Stacked = dict[str, Tensor]
"""Trainable parameters by name, each (b, ...): one set of weights per start."""
Objective = Callable[[Problem, Stacked], tuple[Tensor, list[Tensor]]]
"""A copy to work on and stacked weights to the values to make small, (b,), and their gradients, (b, ...) each."""


@dataclass(frozen=True)
class Attack:
    """What a search found.

    Attributes:
        value: the smallest value found, an upper bound of the minimum over the ball.
        distance: ||w - w_0|| of the point found.
        weights: that point, in the order of `problem.parameters()`.
    """

    value: Bound
    distance: float
    weights: list[Tensor]


@undisturbed
def attack_lambda_min(problem: Problem, radius: float, *, steps: int = 30, restarts: int = 2, seed: int = 0) -> Attack:
    """Search the ball for a small eigenvalue of the tangent kernel (summed loss).

    The gradient of lambda_min at a simple eigenvalue with unit eigenvector u is that of ||J^T u||^2 at fixed u.

    Args:
        problem: network and data; its weights are the centre and stay as they are.
        radius: of the ball.
        steps: gradient steps from every start.
        restarts: starts: the centre, and that many less one on the sphere.
        seed: of the starts.

    Raises:
        InvalidInputError: the network is not admitted (`admission.admit`), or a number is out of range.
        NotAvailableError: the network cannot be copied, or differentiated twice.
        NumericalFailureError: a kernel is not finite.
    """

    def objective(work: Problem, points: Stacked) -> tuple[Tensor, list[Tensor]]:
        kernels = _kernels(work, points)
        if not torch.isfinite(kernels).all():
            raise NumericalFailureError("a tangent kernel in the ball has a NaN or an infinity")
        values, vectors = torch.linalg.eigh(kernels)
        leaves = _leaves(points)
        outputs = _outputs(work, leaves).flatten(1)
        squares = _squares((outputs * vectors[:, :, 0]).sum(), leaves)
        return values[:, 0], _gradients(squares.sum(), leaves)

    def value(work: Problem) -> float:
        return float(eigenvalues(empirical_ntk(work.network, work.x))[0])

    return _search(problem, radius, objective, value, steps, restarts, seed, "lambda_min of the kernel")


@undisturbed
def attack_pl_ratio(problem: Problem, radius: float, *, steps: int = 30, restarts: int = 2, seed: int = 0) -> Attack:
    """Search the ball, where the loss is at most that of the start, for a small PL* ratio ||grad L||^2 / (2 L).

    Arguments and errors as for `attack_lambda_min`.
    """
    start_loss: Tensor | None = None

    def objective(work: Problem, points: Stacked) -> tuple[Tensor, list[Tensor]]:
        nonlocal start_loss
        leaves = _leaves(points)
        losses = work.objective.value(_outputs(work, leaves), work.y)  # (b,)
        ratios = _squares(losses.sum(), leaves) / (2 * losses)
        gradients = _gradients(ratios.sum(), leaves)
        if start_loss is None:  # the first point of the first call is the centre
            start_loss = losses[0].detach()
        return torch.where(losses.detach() <= start_loss, ratios.detach(), torch.inf), gradients

    def value(work: Problem) -> float:
        return pl_ratio(work).value

    return _search(problem, radius, objective, value, steps, restarts, seed, "PL* ratio")


def _squares(value: Tensor, leaves: Stacked) -> Tensor:
    """Squared norms (b,) of the gradient at every start, with their graph."""
    count = len(next(iter(leaves.values())))
    zero = value.new_zeros(count)
    if not value.requires_grad:
        return zero
    wanted = list(leaves.values())
    found = torch.autograd.grad(value, wanted, create_graph=True, allow_unused=True)
    return sum((g.reshape(count, -1).square().sum(dim=1) for g in dense(found, wanted)), zero)


def _leaves(points: Stacked) -> Stacked:
    return {name: p.detach().requires_grad_() for name, p in points.items()}


def _outputs(problem: Problem, points: Stacked) -> Tensor:
    """F of shape (b, n, C), all axes of an output counted as C."""
    if len(next(iter(points.values()))) == 1:  # works for every module, vmap does not
        _put(problem, [p[0] for p in points.values()])  # a checkpoint runs again with the module's own
        single = {name: p.squeeze(0) for name, p in points.items()}
        return call_with(problem.network, single, problem.x).flatten(1)[None]
    return vmap(lambda p: call_with(problem.network, p, problem.x).flatten(1))(points)


def _kernels(problem: Problem, points: Stacked) -> Tensor:
    """Tangent kernels, (b, n C, n C)."""
    count = len(next(iter(points.values())))
    if count == 1:
        _put(problem, [p[0] for p in points.values()])
        return empirical_ntk(problem.network, problem.x)[None]

    def rows(p: Stacked, xi: Tensor) -> Stacked:
        return jacrev(lambda q: call_with(problem.network, q, xi[None]).reshape(-1))(p)

    found = vmap(vmap(rows, in_dims=(None, 0)), in_dims=(0, None))(points, problem.x)  # (b, n, C, *shape) each
    jacobian = torch.cat(
        [j.flatten(3).flatten(1, 2) if j.ndim > 3 else j.flatten(1)[:, :, None] for j in found.values()], dim=2
    )
    return jacobian @ jacobian.mT


def _put(problem: Problem, weights: list[Tensor]) -> None:
    with torch.no_grad():
        for p, w in zip(problem.parameters(), weights, strict=True):
            p.copy_(w.detach())


def _gradients(value: Tensor, leaves: Stacked) -> list[Tensor]:
    if not value.requires_grad:  # constant
        return [torch.zeros_like(p) for p in leaves.values()]
    return list(torch.autograd.grad(value, list(leaves.values()), allow_unused=True, materialize_grads=True))


def _norms(parts: list[Tensor]) -> Tensor:
    """Euclidean norms over all parts, (b,), in float64: in float32 a point outside could pass for one inside."""
    squares = [p.reshape(len(p), -1).double().square().sum(dim=1) for p in parts]
    return torch.stack(squares).sum(dim=0).sqrt()


def _together(problem: Problem, points: Stacked, restarts: int) -> int:
    """How many starts go together."""
    size = sum(p[0].numel() for p in points.values())
    fit = BATCH_BYTES // (2 * problem.y.numel() * size * problem.x.element_size())
    if min(fit, restarts) < 2:
        return 1
    try:
        pair = {name: p[:1].expand(2, *p.shape[1:]) for name, p in points.items()}
        with torch.no_grad():
            _outputs(problem, pair)
    except Exception:  # vmap fails in as many ways as there are operations it does not know
        return 1
    return min(fit, restarts)


def _search(
    problem: Problem,
    radius: float,
    objective: Objective,
    value_at: Callable[[Problem], float],
    steps: int,
    restarts: int,
    seed: int,
    what: str,
) -> Attack:
    require_problem(problem)
    require_number("radius", radius, 0)
    require_whole("steps", steps, 0)
    require_whole("restarts", restarts, 1)
    require_seed(seed)
    with measuring(problem.network, twice=True):
        if not recognised(problem.network, problem.x):
            admit(problem.network, problem.x)
        work = _copy(problem)
        centre = {name: p.detach().clone()[None] for name, p in work.network.named_parameters() if p.requires_grad}
        together = _together(work, centre, restarts)
        try:
            try:
                distance, weights = _descend(work, centre, radius, objective, steps, restarts, seed, together)
            except RuntimeError:  # what is batched by vmap fails in more ways than a trial shows
                if together == 1:
                    raise
                distance, weights = _descend(work, centre, radius, objective, steps, restarts, seed, 1)
        except RuntimeError as error:
            raise NotAvailableError(f"no search for this network: {first_line(error)}") from error
    # The objective is for the search; what is reported is measured at the point found, or at the centre.
    value = value_at(problem)
    _put(work, weights)
    found = value_at(work)
    if distance == 0 or value <= found:
        own = [p.detach().clone() for p in problem.parameters()]
        return Attack(upper(value, f"projected gradient search, {what}"), 0.0, own)
    return Attack(upper(found, f"projected gradient search, {what}"), distance, weights)


def _copy(problem: Problem) -> Problem:
    try:
        return problem.copy()
    except Exception as error:  # as many ways as there are modules
        raise NotAvailableError(f"no search for this network: it cannot be copied: {first_line(error)}") from error


def _descend(
    work: Problem,
    centre: Stacked,
    radius: float,
    objective: Objective,
    steps: int,
    restarts: int,
    seed: int,
    together: int,
) -> tuple[float, list[Tensor]]:
    """The point of the smallest objective, and its distance from the centre."""
    generator = torch.Generator().manual_seed(int(seed))
    best = (float("inf"), 0.0, [c[0] for c in centre.values()])
    for first in range(0, restarts, together):
        count = min(together, restarts - first)
        offsets = [torch.zeros_like(c).repeat(count, *[1] * (c.ndim - 1)) for c in centre.values()]
        for i in range(count):
            if first + i > 0:
                noise = [torch.randn(c.shape, generator=generator, dtype=torch.float64).to(c) for c in centre.values()]
                scale = _INSIDE * radius / float(_norms(noise))
                for o, v in zip(offsets, noise, strict=True):
                    o[i] = scale * v[0]
        for k in range(steps + 1):
            points = {name: c + o for (name, c), o in zip(centre.items(), offsets, strict=True)}
            values, gradients = objective(work, points)
            # Of the weights as stored: a point that rounding put a hair outside proves nothing and does not count.
            moves = [p.double() - c.double() for p, c in zip(points.values(), centre.values(), strict=True)]
            distances = _norms(moves)
            for i in range(count):
                if float(values[i]) < best[0] and float(distances[i]) <= radius:
                    best = (float(values[i]), float(distances[i]), [p[i].clone() for p in points.values()])
            sizes = _norms(gradients)
            if not sizes.any():
                break
            # A start with gradient 0 stays where it is.
            lengths = torch.where(sizes > 0, radius / (1 + k) ** 0.5 / sizes, 0)
            offsets = [o - _each(lengths, g) * g for o, g in zip(offsets, gradients, strict=True)]
            reach = _norms(offsets)
            shrink = torch.where(reach > 0, _INSIDE * radius / reach, 1).clamp(max=1)
            offsets = [_each(shrink, o) * o for o in offsets]
    return best[1:]


def _each(factors: Tensor, like: Tensor) -> Tensor:
    """One factor per start, to multiply (b, *shape) with."""
    return factors.to(like).reshape(-1, *[1] * (like.ndim - 1))
