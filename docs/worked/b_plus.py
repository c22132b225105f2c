"""Theorem B+ on six digits with 1536 units and two phases, and the run that it speaks of, measured in floats."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from worked import six_digits as six

from pltheory.certification.bplus import Setup, prepare
from pltheory.certification.bplus.certify import BPlusResult, decide
from pltheory.certification.bplus.consistency import Consistency

WIDTH, PHASES, CELLS = 1536, 2, 120
HORIZON = 12.0
"""lam_1 T up to which the run is followed."""
NODES = (np.polynomial.legendre.leggauss(2)[0] + 1) / 2
"""Of the mean Jacobian along a step; both have the weight 1/2."""


@dataclass(frozen=True)
class Run:
    """A run of the step rule, measured in floats.

    Attributes:
        times: T_t at the start of each step.
        errors: ||E_t||.
        total: I_T.
        shrunk: the product of 1 - h lambda_n over the steps up to T lambda_n = 1, and that T.
        least: the smallest lambda_min(K(w_t)).
        h, before, after: step 100 and the losses around it.
    """

    times: np.ndarray
    errors: np.ndarray
    total: float
    shrunk: tuple[float, float]
    least: float
    h: float
    before: float
    after: float


@cache
def problem():
    """Six digits."""
    return six.of_width(WIDTH)


@cache
def found() -> tuple[Setup, BPlusResult, Consistency]:
    """The proof, round-off counted, and the numbers that it is made of."""
    setup = prepare(problem(), rigorous=True, cells=CELLS, phases=PHASES)
    result = decide(setup, six.RULE, problem().scale)
    if result.verdict != "CERTIFIED":
        raise ValueError(f"the example of Theorem B+: {result.shortfall}")
    return setup, result, solved(setup, result.eta)


def solved(setup: Setup, eta: float) -> Consistency:
    """States of all phases."""
    step = setup.step(eta)
    if step is None:
        raise ValueError("eta lambda_n >= 1")
    run = Consistency(setup.centre, setup.duals, setup.linear, setup.grid, step)
    failure = run.solve()
    if failure is not None:
        raise ValueError(failure)
    return run


@cache
def followed() -> Run:
    """delta-GClip from w_0 with eta of the proof; its Jacobian at every step."""
    net, (x, y), rule = problem().network, (problem().x.numpy(), problem().y.numpy().ravel()), six.RULE
    eta = found()[1].eta
    w, a = (p.detach().numpy().copy() for p in net.parameters())
    a = a.ravel()
    inputs, kappa = net.kappas[0] * x, net.kappas[1]
    gram = inputs @ inputs.T

    def blocks(a: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        t = np.tanh(inputs @ w.T)
        return kappa * t, kappa * a * (1 - t * t)

    def cross(p: tuple, q: tuple) -> np.ndarray:
        return p[0] @ q[0].T + (p[1] @ q[1].T) * gram

    def residual(a: np.ndarray, w: np.ndarray) -> np.ndarray:
        return kappa * (np.tanh(inputs @ w.T) @ a) - y

    k0 = cross(blocks(a, w), blocks(a, w))
    lam, u = np.linalg.eigh(k0)
    root, half = (u / np.sqrt(lam)) @ u.T, (u * np.sqrt(lam)) @ u.T
    time, product, total, shrunk = 0.0, 1.0, 0.0, None
    times, errors, least, losses, steps = [], [], [], [], []
    r = residual(a, w)
    while time * lam[0] < HORIZON:
        here = blocks(a, w)
        ga, gw = here[0].T @ r, (here[1] * r[:, None]).T @ inputs
        h = eta * min(1.0, max(rule.delta, rule.gamma / float(np.hypot(np.linalg.norm(ga), np.linalg.norm(gw)))))
        mean = sum(cross(blocks(a - s * h * ga, w - s * h * gw), here) for s in NODES) / 2
        errors.append(float(np.linalg.norm(root @ (mean - k0) @ root, 2)))
        times.append(time)
        least.append(float(np.linalg.eigvalsh(cross(here, here))[0]))
        losses.append(float(r @ r) / 2)
        steps.append(h)
        total += h * errors[-1] * float(np.linalg.norm(half @ r))
        a, w = a - h * ga, w - h * gw
        time, product = time + h, product * (1 - h * lam[-1])
        if shrunk is None and time * lam[-1] >= 1:
            shrunk = product, time
        r = residual(a, w)
    return Run(np.array(times), np.array(errors), total, shrunk, min(least), steps[100], losses[100], losses[101])


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    setup, result, solution = found()
    c, grid, step, run = setup.centre, setup.grid, solution.step, followed()
    region, first, last = solution.regions[-1], solution.states[0].eps, solution.states[-1].eps
    largest = float(c.lam[-1])
    product, time = run.shrunk
    theta = float(-np.log1p(-result.eta * largest) / (result.eta * largest) - 1)
    edge = step.eta * float(np.linalg.norm(grid.edge_q[0] * np.exp(step.eta * c.lam)))
    return {
        "eta": result.eta, "delta": six.RULE.delta, "l1": float(c.lam[0]), "ln": largest, "r0": c.residual,
        "c1": step.c1, "Dq": step.dq, "eps1": first, "eps2": last, "mass1": float(grid.mass[0]) - edge,
        "mass2": float(grid.mass[1]) + edge, "edge": 0.0, "total": run.total,
        "c1g": float(solution.linear.c1[-1]), "d1g": float(solution.linear.d1[-1]), "eb": region.eb,
        "ce": setup.duals.ce, "de": setup.duals.de, "d2": region.d2, "norm": float(run.errors.max()),
        "least": run.least, "p": product, "high": float(np.exp(-largest * time)), "th": theta,
        "inverse_e": float(np.exp(-1)), "kappa": c.kappa, "s1": c.act.s1, "Xs": c.xs,
        "C": c.act.s2 * c.xs * float(np.max(np.abs(c.a[:, 0]) + region.p)),
        "beta": result.beta, "shift": float(region.o.max()),
        "h": run.h, "Lt": run.before, "Ln": run.after,
    }  # fmt: skip
