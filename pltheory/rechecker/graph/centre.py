"""The network, its backward rows, its kernel and every node's norms at the stored weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..checks import Tick
from ..fields import FAILED, Array, Stop
from ..midpoint import UNIT, Approx, Upper, norms
from .around import Around, rows_each
from .kernel import Kernel, Use
from .kinds import Kind
from .kinds.affine import Affine
from .kinds.kinks import KinkRules
from .kinds.rows import Rules
from .kinked_rules import kinks_of, met


@dataclass(frozen=True)
class GraphCentre:
    """What is known at the weights, summed loss.

    Attributes:
        rules: of every node.
        sigma: lower and upper bound of sigma_min(J).
        largest: upper bound of ||J||.
        residual: upper bound of ||F - y||.
        values: a_v of every node.
        kernel: J J^T in doubles, its lower triangle.
        outputs: F, (n, C).
        uses: of a network with kinks, every group's nodes with their rows; empty of another one.
    """

    rules: list[Rules]
    sigma: tuple[float, float]
    largest: Upper
    residual: Upper
    values: list[Approx]
    kernel: Array
    outputs: Approx
    uses: dict[int, list[Use]] = field(default_factory=dict)


def values_of(kinds: list[Kind], x: Array, tick: Tick) -> tuple[list[Approx], list[Upper]]:
    """a_v of every node, (n, N_v), and what each node's own operation has lost of a sample, (n,)."""
    values = [Approx(x, Upper(np.zeros(len(x))))]
    lost = [values[0].err]
    for v, kind in enumerate(kinds[1:], 1):
        tick(f"forward, node {v}")
        read = [values[u] for u in kind.inputs]
        own = kind.forward(read)
        values.append(_finite(Approx(own.mid, own.err + kind.carried(read)), v))
        lost.append(own.err)
    return values, lost


def _finite(a: Approx, v: int) -> Approx:
    if not (np.isfinite(a.mid).all() and np.isfinite(a.err.value).all()):
        raise Stop(FAILED, "arithmetic", f"a number of node {v} is not finite: overflow")
    return a


def graph_centre(kinds: list[Kind], x: Array, y: Array, tick: Tick) -> GraphCentre:
    """Everything that the bounds over a ball are made of.

    Args:
        kinds: of all nodes, the input first.
        x: (n, N_0).
        y: (n, C).
        tick: called before each node, twice.

    The outputs' error is not only what the nodes' errors come to by products of norms, `values[-1].err`. With
    e_v what node v's own operation has lost, the values that solve `a_v(t) = f_v(a_u(t)) + t e_v` go from the exact
    ones to the doubles, `dF/dt = sum_v B_v(t) e_v`, and all of them are within their `err` of the doubles, which is all
    that the enclosures of the backward rows know of the exact ones. So `|F(1) - F(0)| <= sum_v (|B^_v| + err) |e_v|`.
    On that way pieces may change; `sent_back` widens the rows by what the derivative may jump.
    """
    values, lost = values_of(kinds, x, tick)
    n, outputs = y.shape
    moved = Upper(np.zeros(n))

    identity = np.broadcast_to(np.eye(outputs), (n, outputs, outputs))
    rows: list[Approx | None] = [None] * len(kinds)
    rows[-1] = Approx(np.ascontiguousarray(identity), Upper(np.zeros(n)))
    kernel, pending = Kernel(n, outputs), _uses(kinds)
    rules: list[Rules] = []
    crossed, kept = set(kinks_of(kinds)), dict[int, list[Use]]()
    for v in reversed(range(len(kinds))):
        tick(f"backward, node {v}")
        kind, own = kinds[v], rows[v]
        if own is None:  # the output does not read it
            own = Approx(np.zeros((n, outputs, kind.size)), Upper(np.zeros(n)))
        around = Around(kinds, values, v, own, v in crossed)
        rules.append(kind.rules(around))
        moved = moved + around.each * lost[v]
        rows[v] = None
        read = [values[u] for u in kind.inputs]
        if isinstance(kind, Affine):
            left, uses = pending[kind.group]
            uses.append(Use(kind, own, read[0]))
            pending[kind.group] = (left - 1, uses)
            if left == 1:
                kernel.add(uses)
                if crossed:
                    kept[kind.group] = uses
                else:
                    uses.clear()
        if all(u == 0 for u in kind.inputs):
            continue
        for u, part in zip(kind.inputs, kind.backward(own, read, values[v]), strict=True):
            rows[u] = _finite(added(rows[u], part), u)
    tick("smallest and largest eigenvalue")
    low, high, largest = kernel.extremes()
    rules.reverse()
    if any(isinstance(rule, KinkRules) for rule in rules):
        moved = sent_back(kinds, rules, values, lost, moved)
    off = norms((values[-1].mid - y).reshape(-1)) * (1 + 4 * UNIT)
    error = moved.min(values[-1].err)
    outputs = Approx(values[-1].mid, error)
    return GraphCentre(rules, (low, high), largest, off + error.norm(), values, kernel.middle, outputs, kept)


def sent_back(kinds: list[Kind], rules: list[Rules], values: list[Approx], lost: list[Upper], moved: Upper) -> Upper:
    """`sum_v (|B_v| + err) |e_v|` by samples, with err for whatever pieces the values' enclosures meet.

    Args:
        kinds, rules, values, lost: of all nodes.
        moved: the sum where they meet one piece each.
    """
    jumps: dict[int, Upper] = {}
    for v, rule in enumerate(rules):
        if isinstance(rule, KinkRules):
            tokens = met(rule, kinds, values)
            if tokens.any():
                jumps[v] = rule.jumping * norms(np.where(tokens, rule.columns.value, 0.0))
    if not jumps:
        return moved
    n, outputs = values[-1].mid.shape
    rows: list[Approx | None] = [None] * len(kinds)
    identity = np.broadcast_to(np.eye(outputs), (n, outputs, outputs))
    rows[-1] = Approx(np.ascontiguousarray(identity), Upper(np.zeros(n)))
    total = Upper(np.zeros(n))
    for v in reversed(range(len(kinds))):
        own, kind = rows[v], kinds[v]
        if own is None:
            continue
        total = total + rows_each(own) * lost[v]
        for u, part in zip(kind.inputs, kind.backward(own, [values[u] for u in kind.inputs], values[v]), strict=True):
            wide = part
            if v in jumps:
                rule = rules[v]
                assert isinstance(rule, KinkRules)
                more = jumps[v] + rule.jumping * own.err
                wide = Approx(part.mid, part.err + more)
            rows[u] = added(rows[u], wide)
        rows[v] = None
    return total


def _uses(kinds: list[Kind]) -> dict[int, tuple[int, list[Use]]]:
    counts: dict[int, tuple[int, list[Use]]] = {}
    for kind in kinds:
        if isinstance(kind, Affine):
            counts[kind.group] = (counts.get(kind.group, (0, []))[0] + 1, [])
    return counts


def added(total: Approx | None, part: Approx) -> Approx:
    """The sum; part alone where there is none yet."""
    if total is None:
        return part
    mid = total.mid + part.mid
    sizes = (total.norms + part.norms) * (2 * UNIT)
    return Approx(mid, total.err + part.err + sizes)
