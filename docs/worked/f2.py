"""Theorem F2 on six digits near a zero of the loss, two of them drawn in every step: its numbers, and many runs."""

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from worked import f1, trained

import pltheory as pl
from pltheory.certification.batches.certify_drawn import Drawn, drawn_batches
from pltheory.optim import GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.theory.batches import gap, largest_share, left_by_markov

TRAINED, RUNS, STEPS, EVERY = 450, 10, 300, 100
SIZE = 2
BATCHES = Batches(size=SIZE, order="random", seed=0)
RULE = GradientDescentSettings(eta="0.1/beta")


@cache
def problem() -> pl.Problem:
    """256 tanh units after 450 steps."""
    return trained.after(TRAINED)


@cache
def proved() -> Drawn:
    """The theorem there, its hypotheses with round-off counted.

    Raises:
        ValueError: it does not close.
    """
    found = drawn_batches(problem(), RULE, BATCHES)
    if not found.closes or found.counted() is None:
        raise ValueError("the example of Theorem F2 does not close")
    return found


@dataclass(frozen=True)
class Runs:
    """Runs with batches drawn anew, measured in floats.

    Attributes:
        steps: at which the distances were taken.
        near: (RUNS, steps) distances to the zero that Gauss-Newton steps from there end at.
        hidden: (RUNS,) W at the end of each.
    """

    steps: np.ndarray
    near: np.ndarray
    hidden: np.ndarray


def _moved(work: pl.Problem, rows: np.ndarray, eta: float) -> float:
    """One step on some samples; the norm of their residual before it."""
    weights = list(work.network.parameters())
    r = work.residual().flatten()[rows]
    slopes = torch.autograd.grad(0.5 * (r * r).sum(), weights)
    with torch.no_grad():
        for w, g in zip(weights, slopes, strict=True):
            w -= eta * g
    return float(r.detach().norm())


def _bend() -> float:
    """The largest Lipschitz constant of a batch's Jacobian on the ball."""
    n, r = proved().numbers, proved().radii
    return float(max(n.parts.top_shares)) * n.moduli().lipschitz(r.eps + 2 * r.g * r.d)


@cache
def followed() -> Runs:
    """Runs of the rule of the proof."""
    eta, ell, near, hidden = proved().found.eta, _bend(), [], []
    for seed in range(RUNS):
        work, rng, total, found = problem().copy(), np.random.default_rng(seed), 0.0, []
        for t in range(STEPS + 1):
            if t % EVERY == 0:
                found.append(float((f1.vector(work) - f1.zero_near(work)).norm()))
            total += eta * ell * _moved(work, rng.permutation(len(work.x))[:SIZE], eta)
        near.append(found)
        hidden.append(total)
    return Runs(np.arange(0, STEPS + 1, EVERY), np.array(near), np.array(hidden))


@cache
def one_step() -> dict[str, float]:
    """The first step on each of the pairs of samples: means over them, which are exact, and distances to z_0."""
    eta, ell, start = proved().found.eta, _bend(), problem()
    zero = f1.zero_near(start)
    before = float((f1.vector(start) - zero).norm())
    seen, after = [], []
    for rows in itertools.combinations(range(len(start.x)), SIZE):
        work = start.copy()
        seen.append(_moved(work, np.array(rows), eta))
        after.append(float((f1.vector(work) - zero).norm()))
    root = eta**0.5
    return {
        "d": before, "A": root * float(np.mean(np.square(seen))) ** 0.5, "mean": float(np.mean(np.square(after))),
        "cross": root * ell * root * float(np.mean(seen)), "s": root * max(seen), "e": root * ell,
        "next": max(after),
    }  # fmt: skip


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    found, n, r, runs = proved().found, proved().numbers, proved().radii, followed()
    share, ell = SIZE / len(n.multiplier), n.moduli().lipschitz(r.eps + 2 * r.g * r.d)
    lam, a = float(n.parts.spread()) * ell, gap(found.eta, found.beta)
    k = largest_share(found.eta, a, _bend(), r.g, r.d)
    return {
        **one_step(), "eps": r.eps, "D": r.d, "xi": r.xi, "G": r.g, "R": r.eps + 2 * r.g * r.d, "eta": found.eta,
        "beta": found.beta, "delta": found.floor, "sg": found.sg, "lam": lam, "lmax": _bend(), "p": share,
        "a": a, "kappa": (found.eta * found.floor * share) ** 0.5 * found.sg, "k": k, "x": found.x,
        "markov": left_by_markov(found.x, r.g, r.xi), "failure": found.failure, "most": float(runs.hidden.max()),
        "near": float(np.sqrt(np.mean(np.square(runs.near[:, -1])))),
        "bound": (found.rate ** STEPS) ** 0.5 * r.d, "runs": RUNS,
    }  # fmt: skip
