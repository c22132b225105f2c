"""Numbers for every claim: points at which its hypotheses hold, and what both sides of each conclusion are there.

The points are drawn by the claim's `example`, or by its `numbers`, which give values to names: for claims about a step
of a run or about matrices. A point is used only where every numeric hypothesis holds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import sympy as sp

from pltheory.theory.arithmetic import FLOATS

from .language import Claim, Rel
from .witness import holds, value

COUNT = 200
"""Points looked at for one claim."""


@dataclass(frozen=True)
class Sides:
    """A conclusion at some points: `left` >= `right`, or = for an equation; what is subtracted stands on the right.

    Attributes:
        name: of the conclusion.
        op: ">", ">=" or "=".
        left, right: one value per point.
    """

    name: str
    op: str
    left: np.ndarray
    right: np.ndarray

    @property
    def slack(self) -> np.ndarray:
        """(left - right) over the larger of their moduli: 0 where the bound is attained."""
        size = np.maximum(np.abs(self.left), np.abs(self.right))
        return np.divide(self.left - self.right, size, out=np.zeros_like(size), where=size > 0)


def points(claim: Claim, count: int = COUNT) -> list[dict]:
    """Points, symbol to value, at which every numeric hypothesis holds; empty where the claim has none."""
    rng = random.Random(7)
    found: list[dict] = []
    assumed = [r for r in (*claim.hypotheses.values(), *claim.process.values()) if r.op != "holds"]
    for point in _drawn(claim, rng, 20 * count):
        if len(found) == count:
            break
        if all(nearly(rel, point) for rel in assumed):
            found.append(point)
    return found


def sides(claim: Claim, at: list[dict]) -> list[Sides]:
    """Both sides of the conclusions that are about numbers known at the points."""
    known = set(at[0]) if at else set()
    result = []
    for name, rel in claim.conclusions.items():
        if rel.op == "holds" or not rel.expr.free_symbols <= known:
            continue
        left, right = split(rel.expr)
        pairs = [(value(left, p, FLOATS), value(right, p, FLOATS)) for p in at]
        result.append(Sides(name, rel.op, *np.array(pairs, dtype=float).T))
    return result


def split(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """expr = left - right by the signs in front of its terms."""
    terms = sp.Add.make_args(expr)
    right = [t for t in terms if t.could_extract_minus_sign()]
    return sp.Add(*[t for t in terms if t not in right], evaluate=False), sp.Add(*[-t for t in right], evaluate=False)


def nearly(rel: Rel, point: dict) -> bool:
    """Whether a relation holds up to rounding, relative to the sizes of its terms."""
    # Facts about numbers that round-off has touched, such as m^2 = 2 mu.
    size = sum(abs(value(t, point, FLOATS)) for t in sp.Add.make_args(rel.expr))
    return holds(rel, point, FLOATS, 1e-9 * (1 + size) if rel.op != ">" else 0)


def _drawn(claim: Claim, rng: random.Random, most: int) -> Iterator[dict]:
    if claim.example is not None:
        for _ in range(most):
            yield claim.example(rng)
        return
    if claim.numbers is None:
        return
    every = (*claim.hypotheses.values(), *claim.process.values(), *claim.conclusions.values())
    names = {str(s): s for s in set().union(*[rel.expr.free_symbols for rel in every])}
    spoken = {str(s) for rel in every if rel.op != "holds" for s in rel.expr.free_symbols}
    for _ in range(most):
        for named in claim.numbers(rng):
            missing = spoken - set(named)
            if missing:
                raise ValueError(f"{claim.name}: the example has no value for {sorted(missing)}")
            yield {symbol: named[name] for name, symbol in names.items() if name in named}
