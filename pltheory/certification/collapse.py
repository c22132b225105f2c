"""The numbers of Theorem NC with round-off counted, where a network is read as a graph.

The exact network is the one of the stored doubles, as in `enclose`. Norms are bounded in the direction in which the
theorem's bounds grow; what is asked for as a distance from class means is bounded by the distance from the stored
doubles nearest to them, which is no smaller.
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
from ..rigor.midrad import as_ball
from ..rigor.roundoff import Array, U, add_up
from ..rigor.scalar import Interval, interval
from ..theory import NotAvailableError, formulas
from .stored import doubles


@dataclass(frozen=True)
class VerifiedCollapse:
    """What `pltheory.measure.collapse.Collapse` says, each number on the side named there or below.

    Attributes:
        gain: s, from below.
        misfit: ||W M - I||, from above.
        within: from above.
        within_bound, within_bound_apart, nc1_bound, nc2_bound: of the exact numbers, from above; infinite where there
            is none.
    """

    gain: float
    misfit: float
    within: float
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
    (last, features), (under, inputs) = before, head
    tape = forward(graph, doubles(problem.x).reshape(len(labels), -1), VERIFIED)
    z, h, outputs = tape.values[features], tape.values[inputs], tape.values[-1]
    if under.bias is not None:
        h = VERIFIED.with_column(h, 1.0)
    w, v = last.weight[0], under.weight[0]
    if under.bias is not None:
        v = np.column_stack([v, under.bias[0]])
    gram = as_ball(w) @ as_ball(w.T) if w.shape[0] <= w.shape[1] else as_ball(w.T) @ as_ball(w)
    gain, largest = sigma_min_lower(gram).value, spectral_norm_upper(as_ball(w))
    imbalance = spectral_norm_upper(as_ball(w.T) @ as_ball(w) - as_ball(v) @ as_ball(v.T))
    means, targets = _Means(labels), np.eye(w.shape[0])[labels]
    fit = _size(VERIFIED.add(outputs, Near(-targets)))
    at_targets = VERIFIED.product(means.of(z), Near(w.T.copy()))
    misfit = VERIFIED.norm(VERIFIED.add(at_targets, Near(-np.eye(w.shape[0])[means.present])))
    within = means.deviation(z)
    bound = apart = nc1 = nc2 = math.inf
    if gain > 0:
        s, e2 = interval(gain), interval(imbalance)
        bound = formulas.within_class(interval(fit), s, e2, interval(_size(h)), INTERVALS).hi
        deviations = interval(means.deviation(outputs)), interval(means.deviation(h))
        narrow: Interval = formulas.within_class_apart(deviations[0], s, e2, deviations[1], INTERVALS)
        apart = narrow.hi
        spread = INTERVALS.sqrt(interval(means.spread_of_targets))
        if spread.lo > fit:
            nc1 = formulas.class_variability(interval(apart), interval(largest), spread, interval(fit)).hi
        if misfit < 1:
            across = INTERVALS.sqrt(e2) * interval(VERIFIED.norm(means.of(h)))
            nc2 = formulas.condition_of_means(interval(misfit), s, interval(largest), across, INTERVALS).hi
    return VerifiedCollapse(gain, misfit, within, bound, apart, nc1, nc2)


def _dense(graph: Graph, v: int) -> tuple[Group, int] | None:
    """The parameters of a node that is one dense layer as torch has it, and the node that it reads."""
    node = graph.nodes[v]
    if not isinstance(node.kind, Affine):
        return None
    group, q = graph.groups[node.kind.group], graph.nodes[node.inputs[0]].size
    plain = node.kind.patches.shape == (1, 1, q) and bool((node.kind.patches[0, 0] == np.arange(q)).all())
    scaled = node.kind.kappa != 1 or (group.bias is not None and node.kind.tau != 1)
    return None if scaled or not plain else (group, node.inputs[0])


def _size(x: Near) -> float:
    return float(add_up(frobenius(x.mid), x.rad))


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
