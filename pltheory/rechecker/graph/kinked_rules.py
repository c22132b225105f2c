"""Which nodes have kinks that count, what moves what they read, and which of their tokens the enclosures meet."""

from __future__ import annotations

import numpy as np

from ..fields import Array
from ..midpoint import Approx
from .kinds.affine import Affine
from .kinds.kind import Kind
from .kinds.kinks import KinkRules
from .margins import Reach


def moving(kinds: list[Kind]) -> list[bool]:
    """Which nodes' values depend on the parameters."""
    found: list[bool] = []
    for kind in kinds:
        found.append(isinstance(kind, Affine) or any(found[u] for u in kind.inputs))
    return found


def read(kinds: list[Kind]) -> set[int]:
    """The nodes that the output depends on."""
    found = {len(kinds) - 1}
    for v in reversed(range(len(kinds))):
        if v in found:
            found.update(kinds[v].inputs)
    return found


def kinks_of(kinds: list[Kind]) -> list[int]:
    """Nodes with kinks that parameters move and the output reads."""
    moved, seen = moving(kinds), read(kinds)
    found = (v for v, kind in enumerate(kinds) if kind.kinked)
    return [v for v in found if v in seen and moved[kinds[v].inputs[0]]]


def reach_of(kinds: list[Kind], u: int, values: list[Approx]) -> Reach | None:
    """How far single entries of node u go, where it is an affine node."""
    kind = kinds[u]
    if not isinstance(kind, Affine):
        return None
    parent = kind.inputs[0]
    return kind.reaches(values[parent], still=not moving(kinds)[parent])


def met(rule: KinkRules, kinds: list[Kind], values: list[Approx]) -> Array:
    """Tokens whose enclosures meet a kink, (n, T); not those that are constants."""
    kind, u = rule.kind, rule.kind.inputs[0]
    margins = rule.margins
    if kind.multiplicity > 1:
        # Which of equal entries is taken matters where several windows may or may not meet in one.
        margins = kind.margins(values[u], None)
    reach = reach_of(kinds, u, values)
    entries = None if reach is None else np.where(reach.own.value > 0, 2.0**-1000, 0.0)
    if reach is not None and moving(kinds)[reach.parent]:
        entries = None
    return ~margins.kept(np.inf, entries) if entries is not None else np.asarray(margins.nearest <= 0)
