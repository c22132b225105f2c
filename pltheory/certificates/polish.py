"""Kernel Gauss-Newton: bring a checkpoint into the basin that Theorem C certifies.

`w <- w - a J^T (K + d I)^{-1} r`, the step of least norm that solves the linearised problem, with backtracking on the
residual and damping only where the kernel does not factorise. A large kernel is factorised once; at later points that
factor preconditions conjugate gradients on K, whose products go through the Jacobian. It changes the weights, and says
by how much: the certificate then speaks of the polished weights, not of those it was given.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, cg, eigsh, lobpcg
from torch import Tensor

from ..certification.profile import Profile
from ..optim import StepSettings
from ..problem.problem import Problem
from ..theorems.ladder import AT_CHECKPOINT, AtCheckpoint
from ..theory import Bound, NotAvailableError, NumericalFailureError
from ..theory.bound import estimate
from .local import Local, local

ENOUGH = 1.5
"""Certificate ratio at which polishing stops: what the proof needs is more than 1."""
CONVERGING = 0.02
"""Share of the residual that one step must leave before a ratio that costs more than a step is asked for."""
RESOLVED = 1e-8
"""Times ||F|| + ||y||, a residual that rounding alone keeps a step from lowering; a larger one is held up otherwise."""
DIRECT = 2048
"""Up to this order the kernel is factorised at every point; beyond it only where conjugate gradients stall."""
FORCING = 1e-3
"""Relative residual to which conjugate gradients solve for a step: they must not slow the convergence of the steps."""
INNER = 40
"""Most iterations of an inner solver: by then a new factor is the cheaper way."""
SMALL = 64
"""Below this order eigenvalues come from the whole spectrum."""


@dataclass(frozen=True)
class PolishStep:
    """One point of the iteration.

    Attributes:
        residual: ||r|| there.
        ratio: the theorem's available over required, float64; None where the steps do not yet converge fast enough for
            it to be asked.
        step: the fraction a of the full step that led on from there, 0 at the end.
        damping: d.
    """

    residual: float
    ratio: float | None
    step: float
    damping: float


@dataclass(frozen=True)
class Polished:
    """A polished checkpoint.

    Attributes:
        problem: with the polished weights, in float64.
        profile: float64 profile there, from estimated extreme eigenvalues: a guess for the proof.
        steps: what was done, the last entry being the end point.
        moved: ||w_polished - w_given||.
    """

    problem: Problem
    profile: Profile
    steps: tuple[PolishStep, ...]
    moved: float


def polish(
    problem: Problem,
    settings: StepSettings,
    *,
    theorem: AtCheckpoint = AT_CHECKPOINT,
    limit: int = 12,
    progress: Callable[[int, int, str], None] | None = None,
) -> Polished:
    """Take kernel Gauss-Newton steps until the theorem's ratio is safely above 1, or the limit is reached.

    Args:
        problem: of class N or G; its own weights are left as they are.
        settings: step rule that the certificate is to be about.
        theorem: into whose basin.
        limit: largest number of steps; 0 only measures.
        progress: called at every point as (done, limit, note).

    Raises:
        NotAvailableError: neither of class N nor of class G, or another loss than the square.
        NumericalFailureError: no damping makes the kernel factorise, or no step lowers a residual that is more than
            rounding.
    """
    if not problem.square:
        raise NotAvailableError(f"Gauss-Newton steps polish the square loss, not {problem.objective}")
    work = problem.copy()
    start = [p.detach().clone() for p in work.parameters()]
    steps: list[PolishStep] = []
    known: _Inverse | None = None
    while True:
        lin = local(work)
        r = lin.outputs - work.y
        residual = float(r.norm())
        v = None if known is None or r.numel() <= DIRECT else _by_gradients(lin, known, r)
        if v is None or known is None:
            del known  # two factors of a large kernel need not fit
            known = _invert(lin)
            v = known(r.reshape(-1, 1)).reshape(r.shape)
        known, spectrum = _spectrum(lin, known)
        ratio = None
        if lin.quick or len(steps) >= limit or (steps and residual <= CONVERGING * steps[-1].residual):
            bounds = lin.profile(residual, work.scale, spectrum)
            ratio = theorem.ratio(bounds, settings)
        if progress is not None:
            said = "" if ratio is None else f", ratio {ratio:.3g}"
            progress(len(steps), limit, f"polishing, ||r|| = {residual:.2e}{said}")
        if ratio is not None and (ratio >= ENOUGH or len(steps) >= limit):
            steps.append(PolishStep(residual, ratio, 0.0, known.damping))
            break
        fraction = _descend(work, lin, v, residual)
        if fraction == 0.0 and residual > RESOLVED * float(lin.outputs.norm() + work.y.norm()):
            raise NumericalFailureError("no Gauss-Newton step lowers the residual: this checkpoint cannot be polished")
        if fraction == 0.0:  # as near as rounding lets it come: the certificate says what is missing
            if ratio is None:
                bounds = lin.profile(residual, work.scale, spectrum)
                ratio = theorem.ratio(bounds, settings)
            steps.append(PolishStep(residual, ratio, 0.0, known.damping))
            break
        steps.append(PolishStep(residual, ratio, fraction, known.damping))
        del lin
    moved = torch.stack([(p.detach() - s).norm() for p, s in zip(work.parameters(), start, strict=True)]).norm()
    return Polished(work, bounds, tuple(steps), float(moved))


@dataclass(frozen=True)
class _Inverse:
    """(K + d I)^{-1} for the kernel K of some point of the iteration.

    Attributes:
        factor: Cholesky factor, (n C, n C).
        damping: d.
        lowest: unit vector near the eigenvector of the smallest eigenvalue, (n C, 1), once it is known.
    """

    factor: Tensor
    damping: float
    lowest: np.ndarray | None = None

    def __call__(self, v: Tensor) -> Tensor:
        """The product with v of shape (n C, k); unlike `cholesky_solve` without a copy of the factor."""
        half = torch.linalg.solve_triangular(self.factor, v, upper=False)
        return torch.linalg.solve_triangular(self.factor.mT, half, upper=True)

    def operator(self) -> LinearOperator:
        """The same for SciPy."""
        n = len(self.factor)

        def times(v: np.ndarray) -> np.ndarray:
            return self(torch.as_tensor(v.reshape(n, -1)).to(self.factor)).cpu().numpy().reshape(v.shape)

        return LinearOperator((n, n), matvec=times, matmat=times, dtype=np.float64)


def _invert(lin: Local) -> _Inverse:
    """Cholesky factor of K + d I with the smallest d of a short list that works."""
    kernel = lin.kernel
    scale = float(kernel.diagonal().mean())
    for relative in (0.0, 1e-14, 1e-12, 1e-10, 1e-8):
        damped = kernel if relative == 0.0 else kernel + relative * scale * torch.eye(len(kernel)).to(kernel)
        factor, info = torch.linalg.cholesky_ex(damped)
        if int(info) == 0:
            return _Inverse(factor, relative * scale)
    raise NumericalFailureError("the tangent kernel does not factorise: it is singular to working precision")


def _products(lin: Local, damping: float) -> LinearOperator:
    """K + d I for SciPy, through the Jacobian."""
    shape, n = lin.outputs.shape, lin.outputs.numel()

    def times(v: np.ndarray) -> np.ndarray:
        right = torch.as_tensor(v.reshape(shape)).to(lin.outputs)
        return (lin.products(right) + damping * right).reshape(-1).cpu().numpy()

    return LinearOperator((n, n), matvec=times, dtype=np.float64)


def _by_gradients(lin: Local, known: _Inverse, r: Tensor) -> Tensor | None:
    """(K + d I)^{-1} r by conjugate gradients, preconditioned with an earlier point's inverse; None if they stall."""
    right = r.reshape(-1).cpu().numpy()
    operator, earlier = _products(lin, known.damping), known.operator()
    v, failed = cg(operator, right, rtol=FORCING, atol=0.0, maxiter=INNER, M=earlier)
    return None if failed or not np.isfinite(v).all() else torch.as_tensor(v).to(r).reshape(r.shape)


def _spectrum(lin: Local, known: _Inverse) -> tuple[_Inverse, tuple[Bound, Bound]]:
    """Estimates of the extreme eigenvalues of K, and the inverse with the vector of the smallest one.

    The smallest by Lanczos on the inverse at its own point, by LOBPCG with that inverse as preconditioner further on.
    """
    n = lin.outputs.numel()
    if n < SMALL:
        values = torch.linalg.eigvalsh(lin.kernel)
        return known, (estimate(float(values[0]), "eigvalsh"), estimate(float(values[-1]), "eigvalsh"))
    start = np.random.default_rng(0).standard_normal(n)
    operator = _products(lin, 0.0)
    largest = float(eigsh(operator, k=1, v0=start, tol=1e-4, return_eigenvectors=False)[0])
    if known.lowest is None:
        found, vectors = eigsh(known.operator(), k=1, v0=start, tol=1e-4)
        smallest, how = 1 / float(found[0]), "inverse Lanczos"
    else:
        with warnings.catch_warnings():
            # A Rayleigh quotient that has not settled is still an estimate, which is all that is asked for.
            warnings.simplefilter("ignore", UserWarning)
            near = float((known.lowest.T @ operator.matmat(known.lowest)).item())
            found, vectors = lobpcg(
                operator, known.lowest, M=known.operator(), tol=1e-3 * near, maxiter=INNER, largest=False
            )
        smallest, how = float(found[0]), "LOBPCG"
    return replace(known, lowest=vectors), (estimate(smallest, how), estimate(largest, "Lanczos"))


def _descend(work: Problem, lin: Local, v: Tensor, residual: float) -> float:
    """Take the largest of the steps 1, 1/2, 1/4, .. along -J^T v that lowers the residual; its fraction, or 0."""
    moves = [(parameter, parameter.detach().clone(), d) for parameter, d in lin.directions(v)]
    fraction = 1.0
    with torch.no_grad():
        while fraction > 1e-6:
            for parameter, before, direction in moves:
                parameter.copy_(before - fraction * direction)
            if float(work.residual().norm()) < (1 - 0.1 * fraction) * residual:
                return fraction
            fraction /= 2
        for parameter, before, _ in moves:
            parameter.copy_(before)
    return 0.0
