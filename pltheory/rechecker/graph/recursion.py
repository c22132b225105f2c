"""Sections 3 and 4: rows over the parameter groups, the change of J over a ball and its Lipschitz constant ell."""

from __future__ import annotations

import itertools
import math

import numpy as np

from ..fields import FAILED, Array, Stop
from ..midpoint import Upper
from ..spectra import norm_bounds
from .kinds.kind import Kind
from .kinds.rows import Moves, Row, Rows, Rules

_TRIED = 256
"""Ways to choose among a sum's forms up to which all are tried."""


class Recursion:
    """The recursions of a graph about its centre.

    Args:
        kinds: of all nodes.
        rules: their centre numbers.
        groups: G.
    """

    def __init__(self, kinds: list[Kind], rules: list[Rules], groups: int) -> None:
        self._kinds, self._rules, self._groups = kinds, rules, groups
        self._edges = edges(kinds)

    def _rows(self, s: Upper, moves: Moves | None) -> Rows:
        count = len(self._kinds)
        zero = Upper(0.0)
        at = Rows(self._groups, s, moves is not None, moves or Moves(*([zero] * count for _ in range(4))))
        for v, rule in enumerate(self._rules):
            at.X.append(rule.forward(at, False))
            at.x.append(rule.forward(at, True))
            if moves is None:
                at.moves.dA[v] = s * at.X[v].norm()
                at.moves.da[v] = s * at.X[v].norm().min(at.x[v].norm())
        at.Y, at.y = [at.none] * count, [at.none] * count
        for u in reversed(range(count - 1)):
            at.Y[u], at.y[u] = self._back(at, u, False), self._back(at, u, True)
            if moves is None:
                at.moves.dB[u] = s * at.Y[u].norm()
                at.moves.db[u] = s * at.Y[u].norm().min(at.y[u].norm())
        if not all(np.isfinite(row.value).all() for row in (*at.X, *at.x, *at.Y, *at.y)):
            raise Stop(FAILED, "arithmetic", f"a bound on the ball of radius {float(s.value):.3g} is not finite")
        return at

    def _back(self, at: Rows, u: int, single: bool) -> Row:
        total: Row = at.none
        for v, argument in self._edges[u]:
            total = total + self._rules[v].backward(at, argument, single)
        return total

    def change(self, s: float) -> Upper:
        """dJ1(s) = s ||M||, where `||J(w') - J(w_0)|| <= dJ1(s)` for |w' - w_0| <= s."""
        at = self._rows_at(s, bars=False)
        return Upper(s) * self._norm([rule.jacobian(at) for rule in self._rules])

    def _rows_at(self, s: float, *, bars: bool) -> Rows:
        plain = self._rows(Upper(s), None)
        return self._rows(Upper(s), plain.moves) if bars else plain

    def steepness(self, radius: float) -> Upper:
        """ell(R) = min(||M'||, ||Q||)."""
        at = self._rows_at(radius, bars=True)
        first = self._norm([rule.jacobian(at) for rule in self._rules])
        return first.min(self._norm([rule.curvature(at) for rule in self._rules]))

    def _norm(self, choices: list[list[Array]]) -> Upper:
        return norm_of_chosen(choices, self._groups)


def edges(kinds: list[Kind]) -> list[list[tuple[int, int]]]:
    """Of every node those that read it, and as which of their inputs."""
    found: list[list[tuple[int, int]]] = [[] for _ in kinds]
    for v, kind in enumerate(kinds):
        for argument, u in enumerate(kind.inputs):
            found[u].append((v, argument))
    return found


def norm_of_chosen(choices: list[list[Array]], groups: int) -> Upper:
    """The norm of the sum of one (G, G) matrix from each list, chosen to make it small; any choice is valid."""
    lists = [_undominated(forms) for forms in choices if forms]
    if not lists:
        return Upper(0.0)
    total = Upper(np.zeros((groups, groups)))
    for form in _chosen(lists):
        total = total + Upper(form)
    # Of a linear model it is 0, and not what could have underflowed.
    return norm_bounds(total.value[None])[0] if total.value.any() else Upper(0.0)


def _undominated(forms: list[Array]) -> list[Array]:
    """Without those that another is below in every entry."""
    kept: list[Array] = []
    for form in forms:
        if not any((other <= form).all() for other in kept):
            kept = [other for other in kept if not (form <= other).all()] + [form]
    return kept


def _chosen(lists: list[list[Array]]) -> list[Array]:
    fixed = [forms[0] for forms in lists if len(forms) == 1]
    free = [forms for forms in lists if len(forms) > 1]
    base = sum(fixed, np.zeros_like(lists[0][0]))
    if math.prod(len(forms) for forms in free) <= _TRIED:
        picks = [list(pick) for pick in itertools.product(*free)]
    else:
        picks = [_settled(base, free, k) for k in range(max(map(len, free)))]
    sizes = [float(np.linalg.norm(base + sum(pick, np.zeros_like(base)), 2)) for pick in picks]
    return fixed + picks[int(np.argmin(sizes))]


def _settled(base: Array, free: list[list[Array]], start: int) -> list[Array]:
    """From the forms number `start`, each in turn replaced by the one that is least along the worst direction."""
    pick = [forms[min(start, len(forms) - 1)] for forms in free]
    best, least = pick, np.inf
    for _ in range(8):
        left, sizes, right = np.linalg.svd(base + sum(pick, np.zeros_like(base)))
        if not sizes[0] < least:
            break
        best, least = pick, sizes[0]
        along = np.abs(np.outer(left[:, 0], right[0]))
        pick = [min(forms, key=lambda form: float((form * along).sum())) for forms in free]
    return best
