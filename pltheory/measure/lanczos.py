"""The eigenvalue of largest modulus of many symmetric operators at once, by restarted Lanczos in lockstep.

Only the three-term recurrence and its restart are here; every eigenproblem is a small dense one, solved by
`torch.linalg.eigh` for the whole batch. scipy's ARPACK takes one operator at a time and looks at its residual once a
restart, which for a batch costs more than the products themselves.

Sources: Lanczos with full orthogonalisation; thick restart of Wu and Simon, SIMAX 22 (2000) 602, which for
symmetric operators spans the same spaces as ARPACK's implicit restart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor

from ..theory import NumericalFailureError

_ROUNDINGS = 32
"""A residual of that many units in the last place of the operator's norm is round-off: no tolerance asks for less."""

_RISK = 1e-3
"""Probability over the start vector that an operator which is given up has the largest norm after all."""


class SymmetricBatch(Protocol):
    """Symmetric operators H_1, .., H_B on R^size that are applied together."""

    @property
    def count(self) -> int:
        """B."""

    def start(self, seed: int) -> Tensor:
        """One random vector per operator, (B, size); it does not depend on which others are in the batch."""

    def apply(self, v: Tensor) -> Tensor:
        """H_b v_b for v of shape (B, size)."""

    def take(self, keep: Tensor) -> Self:
        """The operators at these indices alone."""


@dataclass
class Extremes:
    """What Lanczos knows of the eigenvalue of largest modulus of each operator; tensors of shape (B,), float64, CPU.

    Attributes:
        theta: the Rayleigh quotient, so |theta| is at most the spectral norm in exact arithmetic.
        residual: ||H v - theta v|| of its unit vector by the Lanczos relation: an eigenvalue is that near.
        products: products with the operator that were used.
        stopped: given up before the tolerance, because another operator's |theta| was larger than the `ceiling` of
            this one's norm.
        asymmetry: largest |u . H v - v . H u| that was met, u and v of the first basis, relative to the largest
            product: of the order of the products' round-off for a symmetric operator.
        vectors: the unit vectors, (B, size), in the operators' precision; None unless asked for, zero where stopped.
    """

    theta: Tensor
    residual: Tensor
    products: Tensor
    stopped: Tensor
    asymmetry: Tensor
    vectors: Tensor | None = None


def largest_modulus(
    operators: SymmetricBatch,
    tol: float,
    seed: int,
    *,
    basis: int,
    beat: float | None = None,
    products: int = 3000,
    vectors: bool = False,
) -> Extremes:
    """Run Lanczos until every residual is at most tol |theta|; a small change of theta stops nothing.

    Args:
        operators: the batch; its vectors' dtype and device are used for the basis, coefficients are float64.
        tol: residual asked for, relative to |theta|; never below the round-off of the dtype.
        seed: of the start vectors.
        basis: vectors held per operator, at least 3.
        beat: None, or a number: an operator is given up once `ceiling` of its Ritz values is below that number or below
            another operator's |theta|.
        products: most products per operator.
        vectors: whether the vectors found are kept.

    Raises:
        NumericalFailureError: a product is not finite, or some residual is still too large after `products`.
    """
    numbers = torch.zeros(4, operators.count, dtype=torch.float64)
    out = Extremes(numbers[0], numbers[1], numbers[2], torch.zeros(operators.count, dtype=torch.bool), numbers[3])
    live = torch.arange(operators.count)
    start = operators.start(seed)
    run = _Run(operators, start, basis)
    if vectors:
        out.vectors = torch.zeros(start.shape, dtype=start.dtype, device=start.device)
    best = 0.0 if beat is None else beat
    for count in range(1, products + 1):
        run.step()
        values, residuals = run.ritz()  # (b, j)
        top = values.abs().argmax(dim=1, keepdim=True)
        theta, residual = values.gather(1, top)[:, 0], residuals.gather(1, top)[:, 0]
        allowed = max(tol, _ROUNDINGS * run.eps) * theta.abs()
        done = (residual <= allowed) & _ends_decided(values, residuals, allowed)
        lost = torch.zeros_like(done)
        if beat is not None:
            best = max(best, float(theta.abs().max()))
            lost = ~done & (ceiling(values, run.v.shape[2], min(count, basis)) < best)
        out.theta[live], out.residual[live], out.stopped[live] = theta, residual, lost
        out.products[live] = count
        out.asymmetry[live] = torch.maximum(out.asymmetry[live], run.asymmetry)
        if out.vectors is not None and bool(done.any()):
            ended = torch.nonzero(done)[:, 0]
            out.vectors[live[ended].to(start.device)] = run.vectors_of(ended, top[ended, 0])
        keep = torch.nonzero(~(done | lost))[:, 0]
        if len(keep) == 0:
            return out
        if len(keep) < len(live):
            run.take(keep)
            live = live[keep]
    raise NumericalFailureError(
        f"Lanczos for a Hessian norm did not converge: after {products} products a residual is "
        f"{float(out.residual[live].max()):.1e}"
    )


def ceiling(values: Tensor, size: int, steps: int) -> Tensor:
    """What the norm of an operator exceeds with probability at most 1e-3 over the start vector, as far as Lanczos went.

    Kuczynski and Wozniakowski, SIMAX 13 (1992) 1094: from a start that is uniform on the sphere of R^N, the largest
    Ritz value after k steps falls short of the largest eigenvalue by more than eps times the spread of the spectrum
    with probability at most 1.648 sqrt(N) exp(-sqrt(eps) (2k - 1)), whatever the spectrum. (They say it for positive
    definite operators and eps times the largest eigenvalue; Lanczos does not see a shift.) The same at the other
    end; so the spread is at most that of the Ritz values over 1 - 2 eps. A thick restart never moves the
    outermost Ritz values inwards, so k may be the steps before the first.

    Args:
        values: Ritz values (B, j), ascending.
        size: N.
        steps: k.
    """
    eps = (math.log(2 * 1.648 * math.sqrt(size) / _RISK) / (2 * steps - 1)) ** 2
    if eps >= 0.5:
        return torch.full_like(values[:, 0], math.inf)
    spread = (values[:, -1] - values[:, 0]) / (1 - 2 * eps)
    return values[:, [0, -1]].abs().amax(dim=1) + eps * spread


def _ends_decided(values: Tensor, residuals: Tensor, allowed: Tensor) -> Tensor:
    """Whether neither outermost Ritz value may still overtake the other: spectra of saddles are alike at both ends."""
    ends, slack = values[:, [0, -1]].abs(), residuals[:, [0, -1]]
    top = ends.amax(dim=1, keepdim=True)
    return ((slack <= allowed[:, None]) | (ends + slack <= top)).all(dim=1)


class _Run:
    """A basis V per operator, orthonormal, with T = V^T H V and H V = V T + (residual vector) e_last^T."""

    def __init__(self, operators: SymmetricBatch, start: Tensor, basis: int) -> None:
        self.operators, self.basis = operators, basis
        self.v = start.new_empty(start.shape[0], basis, start.shape[1])  # (b, basis, N)
        self.t = torch.zeros(start.shape[0], basis, basis, dtype=torch.float64)
        self.size = 0  # columns of T that are known
        self.kept = 0  # how many of them are Ritz vectors of before the restart
        self.next = start
        self.beta = _norm(start)
        self.eps = torch.finfo(start.dtype).eps
        self.asymmetry, self.largest = torch.zeros(2, start.shape[0], dtype=torch.float64)
        self.restarted = False

    def step(self) -> None:
        """One product per operator."""
        if self.size == self.basis:
            self._restart()
        j = self.size
        # Not 0: the residual would be 0 too, and the operator done.
        torch.div(self.next, self.beta.to(self.next)[:, None], out=self.v[:, j])
        w = self.operators.apply(self.v[:, j])
        column = torch.zeros(len(w), j + 1, dtype=torch.float64)
        # First off the few columns where T is not 0 in exact arithmetic, then once more off all of them.
        for first in (0 if j == self.kept else max(j - 1, 0), 0):
            known = self.v[:, first : j + 1]
            # As rows: with a single column MKL's batched product is ten times slower.
            h = torch.bmm(w[:, None], known.mT)
            w = torch.baddbmm(w[:, None], h, known, alpha=-1)[:, 0]
            column[:, first:] += h[:, 0].double().cpu()
        beta = _norm(w)
        self.largest = torch.maximum(self.largest, torch.hypot(torch.linalg.vector_norm(column, dim=1), beta))
        if j > 0 and not self.restarted:
            # H v_j is v_{j-1} times the last beta, plus a part along v_j, plus what is new.
            expected = torch.zeros_like(column[:, :-1])
            expected[:, -1] = self.beta
            # A small beta blew up the round-off in v_j.
            gap = (column[:, :-1] - expected).abs().amax(dim=1) * (self.beta / self.largest).nan_to_num(0)
            self.asymmetry = (gap / self.largest).nan_to_num(0)
        self.t[:, : j + 1, j] = self.t[:, j, : j + 1] = column
        self.size, self.next, self.beta = j + 1, w, beta
        if not (torch.isfinite(column).all() and torch.isfinite(self.beta).all()):
            raise NumericalFailureError("a Hessian-vector product is not finite")

    def ritz(self) -> tuple[Tensor, Tensor]:
        """Ritz values and their residuals, (b, size) each."""
        values, self.vectors = torch.linalg.eigh(self.t[:, : self.size, : self.size])
        self.values = values
        return values, self.beta[:, None] * self.vectors[:, -1].abs()

    def vectors_of(self, which: Tensor, ritz: Tensor) -> Tensor:
        """Unit vectors of some operators' Ritz values with these numbers, (b, N)."""
        s = self.vectors[which, :, ritz].to(self.v)  # (b, size)
        return torch.bmm(s[:, None], self.v[which.to(self.v.device), : self.size])[:, 0]

    def _restart(self) -> None:
        """Keep the half of the Ritz vectors that matter most for the largest modulus, and the residual vector."""
        kept = self.basis // 2
        order = self.values.abs().argsort(dim=1, descending=True)[:, :kept]
        s = self.vectors.gather(2, order[:, None, :].expand(-1, self.basis, -1))  # (b, basis, kept)
        self.v[:, :kept] = torch.bmm(s.mT.to(self.v), self.v)
        self.t.zero_()
        self.t[:, :kept, :kept] = torch.diag_embed(self.values.gather(1, order))
        self.size = self.kept = kept
        self.restarted = True

    def take(self, keep: Tensor) -> None:
        """Go on with some of the operators."""
        self.operators = self.operators.take(keep)
        device = keep.to(self.v.device)
        v = self.v.new_empty(len(keep), self.basis, self.v.shape[2])
        v[:, : self.size] = self.v[device, : self.size]
        self.v, self.next = v, self.next[device]
        self.t, self.beta = self.t[keep], self.beta[keep]
        self.values, self.vectors = self.values[keep], self.vectors[keep]
        self.asymmetry, self.largest = self.asymmetry[keep], self.largest[keep]


def _norm(w: Tensor) -> Tensor:
    """Euclidean norms, (b,), float64 on the CPU, without overflow or underflow."""
    # By inner products: torch's own norm in float32 errs by 1e-3 over 2e7 entries.
    square = torch.bmm(w[:, None, :], w[:, :, None])[:, 0, 0].double().cpu()
    limits = torch.finfo(w.dtype)
    # So large that squares which underflow are below its rounding, however many.
    if bool(((square > limits.tiny / limits.eps**2) & (square < limits.max)).all()):
        return square.sqrt()
    largest = w.abs().amax(dim=1, keepdim=True)
    unit = w / torch.where(largest > 0, largest, 1)
    square = torch.bmm(unit[:, None, :], unit[:, :, None])[:, 0]
    return (largest.double() * square.double().sqrt())[:, 0].cpu()
