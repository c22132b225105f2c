"""Theorem N on six digits with ReLU units near a zero of the loss: its certificate, and the run across kinks."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from worked import six_digits as six
from worked.pieces import Pieces

import pltheory as pl
from pltheory.certification.claim import Claim
from pltheory.theory.formulas import slope_with_jumps

WIDTH, TRAINED, STEPS, SHOWN, EVERY = 256, 60, 400, 100, 20
TRAINING_STEP = 0.1


@dataclass(frozen=True)
class Run:
    """Steps of gradient descent, measured in floats.

    Attributes:
        residual, path: before each step and after the last, shape (STEPS + 1,).
        grad_norm: of each step.
        crossed: arguments of a unit that changed their sign in each step.
        jump: of each step, the norm by which the Jacobian changed.
        sigma: sigma_min(J) at every `EVERY`th iterate.
    """

    residual: np.ndarray
    path: np.ndarray
    grad_norm: np.ndarray
    crossed: np.ndarray
    jump: np.ndarray
    sigma: np.ndarray


def trained() -> pl.Problem:
    """The six digits, 256 ReLU units, after some steps of gradient descent."""
    x, y = pl.datasets.digits(six.SAMPLES, labels="low-high")
    net = pl.fully_connected([64, WIDTH, 1], activation="relu", output_init="rademacher", seed=0)
    found = pl.Problem(net, x, y)
    optimizer = torch.optim.SGD(net.parameters(), lr=TRAINING_STEP)
    for _ in range(TRAINED):
        _step(found, optimizer)
    return found


def _step(problem: pl.Problem, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    problem.value().backward()
    optimizer.step()


@cache
def claim() -> Claim:
    """Theorem N there, proved."""
    found = pl.certify(trained(), six.RULE, theorem="N")
    found.require_holds()
    return found


def curves() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The grid, and sig, kap and psi_+ on it."""
    witness = claim().witness
    sig, kap = np.asarray(witness["sigma"]), np.asarray(witness["kappa"])
    psi = slope_with_jumps(sig, kap, claim().bounds["beta"].value, claim().eta)
    return np.asarray(witness["grid"]), sig, kap, np.maximum(psi, 0.0)


@cache
def followed() -> Run:
    """Gradient descent with the step size of the proof; its gradients are too small to be clipped.

    Raises:
        ValueError: one is not.
    """
    work = trained()
    first, _ = work.network.parameters()
    optimizer = torch.optim.SGD(work.network.parameters(), lr=claim().eta)
    residual, path, norms, crossed, jump, sigma = [], [0.0], [], [], [], []
    jacobian, sides = _jacobian(work), _sides(work, first)
    for t in range(STEPS):
        if t % EVERY == 0:
            sigma.append(float(torch.linalg.svdvals(jacobian)[-1]))
        residual.append(float(work.residual().detach().norm()))
        _step(work, optimizer)
        norms.append(float(torch.stack([p.grad.norm() for p in work.network.parameters()]).norm()))
        path.append(path[-1] + claim().eta * norms[-1])
        after, now = _jacobian(work), _sides(work, first)
        jump.append(float(torch.linalg.matrix_norm(after - jacobian, 2)))
        crossed.append(int((now != sides).sum()))
        jacobian, sides = after, now
    residual.append(float(work.residual().detach().norm()))
    if max(norms) > six.RULE.gamma:
        raise ValueError("a step of the example is clipped")
    return Run(*map(np.array, (residual, path, norms, crossed, jump, sigma)))


def _sides(problem: pl.Problem, first: torch.Tensor) -> torch.Tensor:
    return (problem.x @ first.detach().T) > 0


def _jacobian(problem: pl.Problem) -> torch.Tensor:
    outputs, weights = problem.network(problem.x).flatten(), list(problem.network.parameters())
    rows = [torch.autograd.grad(f, weights, retain_graph=True) for f in outputs]
    return torch.stack([torch.cat([g.flatten() for g in row]) for row in rows])


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    grid, sig, kap, psi = curves()
    pieces, run, c = Pieces(grid, psi), followed(), claim()
    b = {letter: c.bounds[name].value for letter, name in
         {"r0": "residual", "beta": "beta", "LF": "lipschitz", "ell": "ell", "delta": "floor"}.items()}  # fmt: skip
    rho, radius = pieces.root(b["r0"]), float(grid[-1])
    at = {name: Pieces(grid, which).value(rho) for name, which in {"sigma": sig, "kappa": kap, "tau": psi}.items()}
    return {
        **b, **at, "eta": c.eta, "R": radius, "rho": rho, "total": pieces.integral(radius),
        "area_rho": pieces.integral(rho), "sig0": float(sig[0]), "kap0": float(kap[0]), "h": c.eta,
        "rt": run.residual[SHOWN], "rn": run.residual[SHOWN + 1], "g": run.grad_norm[SHOWN], "P": run.path[-1],
        "crossed": int(run.crossed.sum()), "jump": float(run.jump.max()), "longest": float(np.diff(run.path).max()),
        "rT": run.residual[-1],
    }  # fmt: skip
