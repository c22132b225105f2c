"""A zero of the loss near the weights, by kernel Gauss-Newton steps in floats: a centre, trusted for nothing."""

from __future__ import annotations

import copy

import torch

from ...measure.autodiff import weighted_gradient
from ...measure.linearization import linearize
from ...measure.ntk import empirical_ntk
from ...problem.problem import Problem
from ...theory import NotAvailableError

MOST_STEPS = 20
FALLS = 0.9
"""A step that leaves more of the residual than this is the last one."""


def near_zero(problem: Problem) -> Problem | None:
    """A copy of the problem whose weights are those that Gauss-Newton steps end at; None where they go nowhere."""
    network = copy.deepcopy(problem.network).double()
    work = Problem(network, problem.x.double(), problem.y.double(), problem.loss)
    with torch.no_grad():
        residual = float(work.residual().norm())
        first = residual
        for _ in range(MOST_STEPS):
            before = [p.detach().clone() for p in work.parameters()]
            if not _step(work):
                break
            after = float(work.residual().norm())
            if not after < residual:
                for p, b in zip(work.parameters(), before, strict=True):
                    p.copy_(b)
                break
            slow, residual = after > FALLS * residual, after
            if slow or residual == 0:
                break
    return work if residual < 0.1 * first or first == 0 else None


def _step(work: Problem) -> bool:
    """w - J^T K^{-1} r; False where the kernel does not factorise."""
    r = work.residual().reshape(-1, 1)
    factor, info = torch.linalg.cholesky_ex(_kernel(work))
    if int(info):
        return False
    v = torch.cholesky_solve(r.to(factor), factor)
    moves = weighted_gradient(work.network, work.x, v.flatten())
    for p, d in zip(work.parameters(), moves, strict=True):
        p.sub_(d)
    return True


def _kernel(work: Problem) -> torch.Tensor:
    try:
        return linearize(work.network, work.x).kernel
    except NotAvailableError:
        return empirical_ntk(work.network, work.x)
