"""Theorem E on six digits with 768 units: its profile beside the plain one, and the smallest eigenvalue found."""

from functools import cache

import numpy as np
import torch
from worked import six_digits as six
from worked.pieces import of

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.certification.kernel_profile import KernelCentre, kernel_centre, lost_share
from pltheory.certification.profile import Profile
from pltheory.certification.stored_graph import graph_of, stored
from pltheory.nets.centre import linearize
from pltheory.nets.fields import VERIFIED
from pltheory.theorems.measured import profile_at
from pltheory.theory.formulas import slack
from pltheory.theory.kernel_profile import turning

WIDTH, ASCENT = 768, 8


@cache
def claim() -> Claim:
    """Theorem B at the initialisation, proved on the sharpened profile."""
    found = pl.certify(six.of_width(WIDTH), six.RULE, theorem="B")
    found.require_holds()
    return found


@cache
def centre() -> KernelCentre:
    """The numbers of Theorem E at the weights, round-off counted."""
    arrays = stored(six.of_width(WIDTH))
    return kernel_centre(linearize(graph_of(arrays), arrays.x, VERIFIED), arrays.x, VERIFIED)


@cache
def plain() -> Profile:
    """The bounds over balls without it, in floating point.

    Raises:
        ValueError: Theorem B closes with them.
    """
    found = profile_at(six.of_width(WIDTH))
    if _paid(found) >= 1:
        raise ValueError("the example of Theorem E closes without it")
    return found


def _paid(p: Profile) -> float:
    """What the best ball can pay for of the residual, eta = 0.1 / beta."""
    return float(slack(0.1, 1.0) * p.integral.max() / p.residual)


def share(radii: np.ndarray) -> np.ndarray:
    """theta(s) / (1 - e)."""
    return lost_share(centre(), radii)


def _jacobian(problem: pl.Problem, moved: torch.Tensor) -> torch.Tensor:
    weights = {n: w.detach() for n, w in problem.network.named_parameters()}
    parts = torch.split(moved, [w.numel() for w in weights.values()])
    at = {n: w + m.reshape(w.shape) for (n, w), m in zip(weights.items(), parts, strict=True)}

    def outputs(values: dict) -> torch.Tensor:
        return torch.func.functional_call(problem.network, values, (problem.x,)).flatten()

    rows = torch.func.jacrev(outputs)(at)
    return torch.cat([rows[n].flatten(1) for n in weights], 1)


@cache
def attacked() -> tuple[np.ndarray, np.ndarray]:
    """Radii, and the smallest eigenvalue of R^T K(w) R along a direction that gradient descent found at the last.

    Raises:
        ValueError: one is below its bound.
    """
    problem, radius = six.of_width(WIDTH), float(claim().witness["grid"][-1])
    count = sum(w.numel() for w in problem.network.parameters())
    root = torch.from_numpy(np.array(centre().directions))

    def smallest(moved: torch.Tensor) -> torch.Tensor:
        j = root.T @ _jacobian(problem, moved)
        return torch.linalg.eigvalsh(j @ j.T)[0]

    direction = torch.randn(count, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for _ in range(ASCENT):
        direction = (radius * direction / direction.norm()).requires_grad_()
        smallest(direction).backward()
        direction = -direction.grad.detach()
    direction = direction / direction.norm()
    radii = np.linspace(0, radius, 7)[1:]
    found = np.array([float(smallest(s * direction).detach()) for s in radii])
    if (found < (1 - np.minimum(share(radii), 1)) ** 2).any():
        raise ValueError("the kernel fell below its bound")
    return radii, found


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    c, k, pieces, p = claim(), centre(), of(claim()), plain()
    b = {letter: c.bounds[name].value for letter, name in
         {"r0": "residual", "beta": "beta", "LF": "lipschitz", "ell": "ell"}.items()}  # fmt: skip
    radius, grid = float(pieces.grid[-1]), pieces.grid
    return {
        **b, "R": radius, "eta": c.eta, "theta": float(share(grid)[-1]), "slope": k.numbers.slope, "e": k.defect,
        "turn": float(turning(k.numbers, radius)), "sigma0": c.bounds["lambda_min"].value ** 0.5,
        "total": pieces.integral(radius), "V": float(attacked()[1][-1]), "before": _paid(p),
        "dJ": float(p.sig[0] - np.interp(radius, p.radii, p.sig)),
    }  # fmt: skip
