"""The numbers of Theorem NC with round-off counted, where a network is read as a graph.

The exact network is the one of the stored doubles, as in `enclose`. Norms are bounded in the direction in which the
theorem's bounds grow; what is asked for as a distance from class means is bounded by the distance from the stored
doubles nearest to them, which is no smaller.

Every number is a little worse than what was found, so that a recheck, which rounds otherwise, confirms it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..nets.centre import forward
from ..nets.fields import VERIFIED
from ..nets.fields.verified import Near, frobenius
from ..nets.graph import Graph, Group
from ..nets.kinds.affine import Affine
from ..problem.problem import Problem
from ..rigor.arithmetic import INTERVALS
from ..rigor.eigen import sigma_min_lower, spectral_norm_upper
from ..rigor.midrad import Ball, as_ball
from ..rigor.roundoff import Array, U, add_up, down, mul_up
from ..rigor.scalar import interval
from ..theory import NotAvailableError, formulas
from ..theory.statement import Statement
from .claim import Claim, Inequality, bounds
from .enclose import ROOM
from .stored import doubles
from .stored_graph import GraphArrays

LOOSE = 2.0**-24
"""What is claimed is worse than what was found by that part of it, and by `ROOM` times what rounding may have added."""


@dataclass(frozen=True)
class VerifiedCollapse:
    """What `pltheory.measure.collapse.Collapse` says, each number on the side named there or below.

    Attributes:
        arrays: the network and data that it is of.
        gain: s, from below.
        largest: S, from above; all others too.
        imbalance: e2.
        fit: e1.
        features: ||H||.
        misfit: ||W M - I||.
        within: of the last-layer features.
        within_outputs, within_before: of F and of H.
        between_targets: of Y, from below.
        within_bound, within_bound_apart, nc1_bound, nc2_bound: of the exact numbers; infinite where there is none.
    """

    arrays: GraphArrays
    gain: float
    largest: float
    imbalance: float
    fit: float
    features: float
    misfit: float
    within: float
    within_outputs: float
    within_before: float
    between_targets: float
    within_bound: float
    within_bound_apart: float
    nc1_bound: float
    nc2_bound: float


def verified_collapse(problem: Problem, labels: Array) -> VerifiedCollapse:
    """Theorem NC's numbers, enclosed.

    Args:
        problem: a network of class G that ends in two dense layers.
        labels: the class of each sample, (n,).

    Raises:
        NotAvailableError: it is not read as a graph, or does not end so.
        NoVerdictError: an overflow, or no eigenvalue bound could be verified.
    """
    graph = problem.reading.now()
    before, head = _dense(graph, len(graph.nodes) - 1), None
    if before is not None:
        head = _dense(graph, before[1])
    if before is None or head is None or head[0] is before[0]:
        raise NotAvailableError("the graph of the network does not end in two dense layers")
    (last, at_features), (under, at_inputs) = before, head
    arrays = GraphArrays(graph, doubles(problem.x).reshape(len(labels), -1), doubles(problem.y))
    tape = forward(graph, arrays.x, VERIFIED)
    z, h, outputs = tape.values[at_features], tape.values[at_inputs], tape.values[-1]
    w, v = last.weight[0], under.weight[0]
    if under.bias is not None:
        h, v = VERIFIED.with_column(h, 1.0), np.column_stack([v, under.bias[0]])
    gram = as_ball(w) @ as_ball(w.T) if w.shape[0] <= w.shape[1] else as_ball(w.T) @ as_ball(w)
    gain = max(0.0, float(down(sigma_min_lower(gram).value * down(1 - LOOSE))))
    largest = _above(spectral_norm_upper(as_ball(w)))
    imbalance = _above(spectral_norm_upper(as_ball(w.T) @ as_ball(w) - as_ball(v) @ as_ball(v.T)))
    means = _Means(labels)
    fit, features = _size(VERIFIED.add(outputs, Near(-arrays.y))), _size(h)
    off = VERIFIED.add(VERIFIED.product(means.of(z), Near(w.T.copy())), Near(-np.eye(w.shape[0])[means.present]))
    misfit = _norm(off)
    within_outputs, within_before = means.deviation(outputs), means.deviation(h)
    spread = INTERVALS.sqrt(interval(means.spread_of_targets))
    bound = apart = nc1 = nc2 = math.inf
    if gain > 0:
        s, e2, most = interval(gain), interval(imbalance), interval(largest)
        bound = formulas.within_class(interval(fit), s, e2, interval(features), INTERVALS).hi
        apart = formulas.within_class_apart(interval(within_outputs), s, e2, interval(within_before), INTERVALS).hi
        if spread.lo > fit:
            nc1 = formulas.class_variability(interval(apart), most, spread, interval(fit)).hi
        if misfit < 1:
            across = INTERVALS.sqrt(e2) * interval(_norm(means.of(h)))
            nc2 = formulas.condition_of_means(interval(misfit), s, most, across, INTERVALS).hi
    return VerifiedCollapse(
        arrays, gain, largest, imbalance, fit, features, misfit, means.deviation(z), within_outputs, within_before,
        spread.lo, bound, apart, nc1, nc2,
    )  # fmt: skip


POSITIVE, FITTED, ALIGNED = "0 < s_min(W_L)", "||F - Y|| < ||Y - mean of Y||", "||W M - I|| < 1"


def collapse_claim(statement: Statement, v: VerifiedCollapse) -> Claim:
    """Theorem NC's numbers as a claim: of NC1, and of NC2 and NC3, only where there are bounds."""
    inequalities = [Inequality(POSITIVE, 0.0, "<", v.gain)]
    found = bounds(
        gain=("lower", v.gain),
        largest=("upper", v.largest),
        imbalance=("upper", v.imbalance),
        fit=("upper", v.fit),
        features=("upper", v.features),
        outputs_within=("upper", v.within_outputs),
        features_within=("upper", v.within_before),
        within=("upper", v.within),
        apart=("upper", v.within_bound_apart),
        stated=("upper", v.within_bound),
        misfit=("upper", v.misfit),
    )
    if v.gain > 0:
        found |= bounds(condition=("upper", (interval(v.largest) / interval(v.gain)).hi))
    if v.nc1_bound < math.inf:
        inequalities.append(Inequality(FITTED, v.fit, "<", v.between_targets))
        found |= bounds(nc1=("upper", v.nc1_bound))
    if v.nc2_bound < math.inf:
        inequalities.append(Inequality(ALIGNED, v.misfit, "<", 1.0))
        least = (interval(1.0) / interval(v.nc2_bound)).lo
        found |= bounds(nc2=("upper", v.nc2_bound), nc3=("lower", least))
    return Claim(statement, v.arrays, "", None, bounds=found, inequalities=tuple(inequalities))


def _dense(graph: Graph, v: int) -> tuple[Group, int] | None:
    """The parameters of a node that is one dense layer as torch has it, and the node that it reads."""
    node = graph.nodes[v]
    if not isinstance(node.kind, Affine):
        return None
    group, q = graph.groups[node.kind.group], graph.nodes[node.inputs[0]].size
    plain = node.kind.patches.shape == (1, 1, q) and bool((node.kind.patches[0, 0] == np.arange(q)).all())
    scaled = node.kind.kappa != 1 or (group.bias is not None and node.kind.tau != 1)
    return None if scaled or not plain else (group, node.inputs[0])


def _above(value: float, rounding: float = 0.0) -> float:
    return float(add_up(mul_up(value, 1 + LOOSE), mul_up(ROOM, rounding)))


def _size(x: Near) -> float:
    """Upper bound of the Frobenius norm."""
    return _above(frobenius(x.mid), x.rad)


def _norm(x: Near) -> float:
    """Upper bound of the spectral norm."""
    return _above(spectral_norm_upper(Ball(np.ascontiguousarray(x.mid))), x.rad)


class _Means:
    """Class means of samples as rows."""

    def __init__(self, labels: Array) -> None:
        self.present, self.places, self.counts = np.unique(labels, return_inverse=True, return_counts=True)

    @property
    def spread_of_targets(self) -> Fraction:
        """||Y - mean||^2 of rows of zeros and a one: n - sum n_c^2 / n."""
        n = int(self.counts.sum())
        return n - Fraction(sum(int(c) ** 2 for c in self.counts), n)

    def deviation(self, x: Near) -> float:
        """Upper bound of ||X - class means||_F: the class means are the nearest of all that is one row a class."""
        near = np.stack([x.mid[self.places == c].mean(axis=0) for c in range(len(self.present))])
        return _size(VERIFIED.add(x, Near(-near[self.places])))

    def of(self, x: Near) -> Near:
        """The class means, a row each."""
        sums = VERIFIED.product(Near((self.places == np.arange(len(self.present))[:, None]).astype(float)), x)
        shares = 1.0 / self.counts[:, None]
        found: Near = VERIFIED.times(sums, Near(shares, float(2 * U * np.linalg.norm(shares))))
        return found
