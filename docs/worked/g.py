"""Theorem G1 on six digits: a convolution and a dense head, the shipped bounds run on letters beside their numbers."""

import copy
import dataclasses
import math
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
import torch
from worked import six_digits as six

import pltheory as pl
from pltheory.certification.batches.zero import _step
from pltheory.certification.claim import Claim
from pltheory.certification.enclose import enclose
from pltheory.nets.ball import GraphBounds
from pltheory.nets.quadratic import Quadratic
from pltheory.theory.arithmetic import FLOATS, Arithmetic
from proofs_checks.displayed import evaluated
from proofs_checks.kernel import OPS
from proofs_checks.language import LEAST, ROOT

CHANNELS, MOST, ASCENT = 16, 8, 30
RULE = pl.DeltaGClipSettings(eta="1/beta", gamma=1e9, delta=0.1)
CONV, TANH, HEAD = 1, 2, 3
"""Nodes of the graph; 0 is the input."""


def at_initialisation() -> pl.Problem:
    """A 3 x 3 convolution of 16 channels, tanh, flatten, dense with one output; labels +-1."""
    x, y = pl.datasets.digits(six.SAMPLES, labels="low-high")
    net = pl.convolutional(shape=(1, 8, 8), channels=[CHANNELS], outputs=1, output_init="rademacher", seed=0)
    return pl.Problem(net, x.reshape(-1, 1, 8, 8), y)


@cache
def proved() -> tuple[int, Claim]:
    """Gauss-Newton steps after which Theorem C is proved, and its proof."""
    problem = copy.deepcopy(at_initialisation())
    for steps in range(1, MOST + 1):
        with torch.no_grad():
            _step(problem)
        claim = pl.certify(problem, RULE, theorem="C")
        if claim.holds:
            return steps, claim
    raise ValueError("the example of Theorem G1 does not close")


@cache
def bounds() -> GraphBounds:
    """The numbers of the nodes at the weights of the proof, round-off counted."""
    return enclose(proved()[1].arrays).bounds


@cache
def lettered() -> tuple[GraphBounds, dict[str, float]]:
    """The same with a letter for every number, equal ones at a node the same; and what the letters are."""
    values: dict[str, float] = {}

    def at(v: int, numbers: Any, before: str = "") -> Any:
        new, known = {}, {}
        for f in dataclasses.fields(numbers):
            old = getattr(numbers, f.name)
            if isinstance(old, tuple):
                new[f.name] = tuple(at(v, o, f"{before}{f.name}_") for o in old)
            elif isinstance(old, float):
                if old == 0:
                    new[f.name] = sp.Integer(0)
                    continue
                name = known.setdefault(old, f"{before}{f.name}{v}")
                values[name] = old
                new[f.name] = sp.Symbol(name)
        return dataclasses.replace(numbers, **new)

    b = bounds()
    numbers = tuple(None if n is None else at(v, n) for v, n in enumerate(b.numbers))
    return GraphBounds(b.graph, numbers), values


@cache
def derived() -> dict[str, sp.Expr]:
    """Rows and the matrices M and Q in letters, from the code that makes certificates; held against its own numbers."""
    graph, numbers = lettered()
    radius = float(proved()[1].witness["grid"][-1])
    values = {**numbers, "s": radius}

    def near(e: Any) -> float:
        return evaluated(sp.sympify(e), values)

    ops = dataclasses.replace(OPS, minimum=lambda a, b: a if a == b else LEAST(a, b), near=near)
    found = _rows(graph, ops, sp.Symbol("s"))
    for name, number in _rows(bounds(), FLOATS, radius).items():
        if not math.isclose(near(found[name]), number, rel_tol=1e-12):
            raise ValueError(f"{name}: {found[name]} in letters is not {number}")
    return {name: _plain(e) for name, e in found.items()}


def _plain(e: sp.Expr) -> sp.Expr:
    """Whole numbers without a point, and no roots of squares of norms."""

    def root(of: sp.Expr) -> sp.Expr:
        factors = sp.Mul.make_args(of)
        even = all(f.is_Pow and f.exp == 2 for f in factors)
        return sp.Mul(*[f.base for f in factors]) if even else ROOT(of)

    return sp.nsimplify(e, rational=True).replace(ROOT, root)


def _rows(graph: GraphBounds, ops: Arithmetic, s: Any) -> dict[str, Any]:
    first = graph.sweep(s, ops, lambda v: v, None)
    second, form = graph.sweep(s, ops, lambda v: v, first), Quadratic()
    for v in (CONV, TANH, HEAD):
        node = graph.graph.nodes[v]
        node.kind.curvature(second, v, node.inputs, form)
    back, rows = first.backward, graph._affine_rows(first)
    q = form.matrix([0, 1], 0)
    return {
        "X1": first.forward[CONV].batch[0], "X2": first.forward[TANH].batch[0], "y2": back[TANH].sample[1],
        "y1_1": back[CONV].sample[0], "y1_2": back[CONV].sample[1], "M11": rows[CONV][1][0][0],
        "M12": rows[CONV][1][0][1], "M21": min((row[0] for row in rows[HEAD][1]), key=ops.near),
        "Q11": q[0][0], "Q12": q[0][1],
    }  # fmt: skip


@cache
def moved() -> tuple[np.ndarray, np.ndarray]:
    """Radii up to R, and ||J(w) - J(w_0)|| along a direction that gradient ascent found at R.

    Raises:
        ValueError: a bound is exceeded.
    """
    steps, claim = proved()
    problem = copy.deepcopy(at_initialisation())
    with torch.no_grad():
        for _ in range(steps):
            _step(problem)
    weights = {n: w.detach() for n, w in problem.network.named_parameters()}
    sizes = [w.numel() for w in weights.values()]

    def jacobian(moves: torch.Tensor) -> torch.Tensor:
        parts = torch.split(moves, sizes)
        at = {n: w + m.reshape(w.shape) for (n, w), m in zip(weights.items(), parts, strict=True)}

        def outputs(values: dict) -> torch.Tensor:
            return torch.func.functional_call(problem.network, values, (problem.x,)).flatten()

        rows = torch.func.jacrev(outputs)(at)
        return torch.cat([rows[n].flatten(1) for n in weights], 1)

    radius, start = float(claim.witness["grid"][-1]), jacobian(torch.zeros(sum(sizes), dtype=torch.float64))
    direction = torch.randn(sum(sizes), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for _ in range(ASCENT):
        direction = (direction / direction.norm()).requires_grad_()
        torch.linalg.matrix_norm(jacobian(radius * direction) - start, 2).backward()
        direction = direction.grad.detach()
    direction = direction / direction.norm()
    radii = np.linspace(0, radius, 9)[1:]
    found = np.array([float(torch.linalg.matrix_norm(jacobian(s * direction) - start, 2)) for s in radii])
    if (found > [float(bounds().change(float(s), FLOATS)) for s in radii]).any():
        raise ValueError("the Jacobian moved farther than its bound")
    return radii, found


@cache
def values() -> dict[str, float]:
    """By the letters of the page."""
    steps, claim = proved()
    radius = float(claim.witness["grid"][-1])
    numbers, names = lettered()[1], ("lambda_min", "residual", "lipschitz", "ell", "beta")
    b = {name: claim.bounds[name].value for name in names}
    grid, sigma = claim.witness["grid"], claim.witness["sigma"]
    return {
        **numbers, "steps": steps, "s": radius, "R": radius, "sigma0": b["lambda_min"] ** 0.5, "r0": b["residual"],
        "LF": b["lipschitz"], "ell": b["ell"], "beta": b["beta"], "eta": claim.eta,
        "Mp": float(bounds().forms(radius, FLOATS)[0]),
        "dJ": float(bounds().change(radius, FLOATS)), "delta": RULE.delta,
        "total": float(sum(s * w for s, w in zip(sigma[1:], grid[1:] - grid[:-1], strict=True))),
        "sigR": float(sigma[-1]), "moved": float(moved()[1][-1]),
    }  # fmt: skip
