"""Theorem F1 on six digits with batches of two: its certificate, and a run measured against the zeros near it."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from worked import six_digits as six

import pltheory as pl
from pltheory.certification.batches.certify import EveryOrder, every_order
from pltheory.certification.batches.zero import near_zero
from pltheory.optim import GradientDescentSettings
from pltheory.problem.batches import Batches

BATCHES = Batches(size=2, order="shuffle", seed=0)
RULE = GradientDescentSettings(eta="0.1/beta")
EPOCHS, EVERY = 121, 20


@dataclass(frozen=True)
class Step:
    """One step, seen from a zero: the distance t before it and after it, and the batch's residual."""

    t: float
    r: float
    after: float


@dataclass(frozen=True)
class Run:
    """A run in epochs, measured in floats.

    Attributes:
        epochs: at whose start the distances were taken.
        near: distances there to the zero that Gauss-Newton finds from there.
        away: distances there from the first of these zeros.
        seen: S of the first epoch.
        after: the distance to the zero near the end of the first epoch.
        path: of all epochs.
        first: the first step.
        losses: after each step of the first epochs.
    """

    epochs: np.ndarray
    near: np.ndarray
    away: np.ndarray
    seen: float
    after: float
    path: float
    first: Step
    losses: np.ndarray


@cache
def proved(batches: Batches = BATCHES) -> EveryOrder:
    """The theorem at the initialisation, its hypotheses with round-off counted."""
    found = every_order(six.problem(), RULE, batches)
    if found.counted() is None:
        raise ValueError("the example about mini-batches does not close")
    return found


def vector(problem: pl.Problem) -> torch.Tensor:
    """All weights."""
    return torch.cat([p.detach().flatten() for p in problem.network.parameters()])


def zero_near(problem: pl.Problem) -> torch.Tensor:
    """The weights of the zero that Gauss-Newton steps end at."""
    found = near_zero(problem)
    if found is None:
        raise ValueError("no zero is near")
    return vector(found)


@cache
def followed() -> Run:
    """Gradient descent in batches of two with the step size of the proof."""
    work = six.of_width(six.WIDTH)
    eta, rng, n = proved().rule.eta, np.random.default_rng(0), len(work.x)
    weights = list(work.network.parameters())
    zero = zero_near(work)
    epochs, near, away, losses, path, total, after, first = [], [], [], [], 0.0, 0.0, 0.0, None
    for epoch in range(EPOCHS):
        if epoch % EVERY == 0:
            epochs.append(epoch)
            near.append(float((vector(work) - zero_near(work)).norm()))
            away.append(float((vector(work) - zero).norm()))
        for rows in np.split(rng.permutation(n), n // BATCHES.size):
            r = work.residual().flatten()[rows]
            slopes = torch.autograd.grad(0.5 * (r * r).sum(), weights)
            length = float(torch.stack([g.norm() for g in slopes]).norm())
            before = float((vector(work) - zero).norm()) if first is None else 0.0
            with torch.no_grad():
                for w, g in zip(weights, slopes, strict=True):
                    w -= eta * g
            if first is None:
                first = Step(before, float(r.detach().norm()), float((vector(work) - zero).norm()))
            path += eta * length
            if epoch == 0:
                total += eta * float(r.detach() @ r.detach())
            losses.append(float(work.value().detach()))
        if epoch == 0:
            after = float((vector(work) - zero_near(work)).norm())
    return Run(np.array(epochs), np.array(near), np.array(away), total**0.5, after, path, first, np.array(losses))


def constants(found: EveryOrder) -> dict[str, float]:
    """What the hypotheses are made of, by the letters of the pages; in doubles."""
    n, r, c = found.numbers, found.radii, found.found
    m, inner = n.moduli(), r.eps + r.v
    batches = n.batches
    mean = (batches.passes / (batches.workers or 1)) ** 0.5
    share, gam = n.parts.spread() * mean, n.parts.summed(m.change(inner)) * mean**2
    most = max(w.parts.spread() for w in n.workers) * batches.passes**0.5
    near, zero = m.remainder(r.g * r.d, inner, inner + r.d), m.remainder(r.v, r.eps, inner)
    return {
        "sigma": n.sigma, "alpha": n.alpha, "eps": r.eps, "D": r.d, "V": r.v, "g1": r.g - 1, "eta": c.eta,
        "beta": c.beta, "delta": c.floor, "sg": c.sg, "om": c.om, "M": share * near, "M_0": share * zero,
        "Mx": most * near, "M0x": most * zero, "gam": gam, "away": n.distance, "R": inner + r.d,
    }  # fmt: skip


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    found, run = proved(), followed()
    n, r, first = found.numbers, found.radii, run.first
    m = float(max(n.parts.top_shares)) * n.moduli().remainder(r.d, r.eps, r.eps + r.v)
    return {
        **constants(found), "k": found.found.eta**0.5, "t": first.t, "r": first.r, "m": m, "next2": first.after**2,
        "d": run.near[0], "d1": run.after, "S": run.seen, "path": run.path,
    }  # fmt: skip
