"""What a recheck of class G will take, from the nodes' sizes alone."""

from __future__ import annotations

import math

from ..arrays import Shape
from ..cost import Cost
from .kinds import KINDS, Kind
from .kinds.affine import MOST_WEIGHTED, SMALL, Affine
from .kinds.fixed import Fixed
from .kinds.pointwise import Pointwise
from .kinds.stored import NodeText
from .units import MOST_ROWS
from .weights import MOST_TERMS

_RATE = 8e9
"""Products of doubles a second, in matrix products and factorisations together."""
_EACH = 3e-5
"""Seconds for a call on small arrays."""
_PART = 2**23
"""Entries of an array that is worked on in parts."""


_KINKED = 6.0
"""Passes of the recursions at a radius where pieces may change."""
_TOKEN = 3e-6
"""Seconds for a token at a radius, all that is done with it together."""
_WEIGHT = 3e-7
"""Seconds for a weight along one step in pairs of doubles."""
_NUMBER = 2e-5
"""Seconds for a number of the network along one step of Theorem D, all that is done with it together."""


def graph_cost(nodes: list[NodeText], shapes: dict[str, Shape], radii: int, steps: int = 0) -> Cost:
    """Seconds and bytes at most.

    Args:
        nodes: as the text has them, their sizes those of the shapes.
        shapes: of all arrays.
        radii: of the ball's profile.
        steps: of Theorem D; each may need the norms once more.
    """
    n, outputs = shapes["y"]
    rows = float(n * outputs)
    work, held, calls = 40.0 * rows**3, 8.0 * rows**2, 0.0
    reached = _reached([(node.kind, node.inputs) for node in nodes])
    for v, node in enumerate(nodes):
        size = float(node.size)
        work += 40.0 * n * size + rows * size * (4 * outputs + 10 + 20 * len(node.inputs))
        held += n * size * 4 + rows * size * 2
        calls += 60
        if node.kind == "affine":
            width, (g, p, q) = nodes[node.inputs[0]].size, shapes[f"n{v}.patches"]
            o, q = shapes[f"W{node.more['group']}"][1], q + 1
            work += 4 * rows * size * q + rows**2 * g * o * q + rows * size * min(rows * p, o, size)
            # Patches' Gram matrices: of the batch, of every sample, and with each channel's weights.
            short, shorter = float(min(n * p, q)), float(min(p, q))
            work += (1 + reached[v] * o) * g * (n * p * q * short + 4 * short**3)
            work += (
                (1 + reached[v] * o) * n * g * (p * q * (shorter if p > q else 1) + 12 * shorter**3 + 8 * shorter**2)
            )
            through = float(n * min(size, width) ** 2 * max(size, width))
            work += reached[v] * 4 * (through if through <= MOST_WEIGHTED else 0)
            side = min(width, size, 4096)
            work += 3 * float(side) ** 3 + 8.0 * p * g * q * q
            held += 4.0 * n * g * p * q + 6.0 * side**2
            calls += 40.0 * g * (1 + reached[v]) + 4.0 * p * g
        elif node.kind == "fixed":
            entries = math.prod(shapes[f"n{v}.index"])
            side = min(node.size, nodes[node.inputs[0]].size, 4096)
            work += 30.0 * rows * entries + 10 * float(side) ** 3
            held += 4.0 * side**2 + 4 * entries
        elif node.kind in ("product", "tokens"):
            work += 60.0 * rows * size * max(shapes[f"n{v}.{'left' if node.kind == 'product' else 'tokens'}"])
    groups = len({node.more["group"] for node in nodes if node.kind == "affine"})
    edges = sum(len(node.inputs) for node in nodes)
    recursion = radii * ((len(nodes) * 40 + edges * 10) * _EACH * (1 + groups / 20) + 300 * 1e-6 * groups**2 + 1e-2)
    arrays = 8.0 * sum(math.prod(shape) for shape in shapes.values())
    if any(KINDS[node.kind].kinked for node in nodes):
        recursion = _KINKED * recursion + radii * _crossing(nodes, shapes)
        held += 4.0 * rows * sum(node.size for node in nodes)
        along_weights = steps * _WEIGHT * sum(math.prod(shapes[f"W{g}"]) for g in range(1, groups + 1))
    else:
        along_weights = 0.0
    centre, balls = work / _RATE + calls * _EACH, n * sum(node.size for node in nodes)
    along = steps * (centre + _NUMBER * balls) + along_weights
    more = 1200.0 * balls if steps else 0.0
    return Cost(centre + recursion + along + 2.0, 3 * arrays + 8 * (held + 12 * _PART) + more)


def forward_cost(nodes: list[NodeText], shapes: dict[str, Shape]) -> Cost:
    """Seconds and bytes that the values of all nodes take at most."""
    n = float(shapes["x"][0])
    work = held = 0.0
    for v, node in enumerate(nodes):
        work += 100.0 * n * node.size
        held += 4.0 * n * node.size
        width = max((nodes[u].size for u in node.inputs), default=0)
        side = float(min(node.size, width, 4096))
        if node.kind == "affine":
            q = shapes[f"n{v}.patches"][2]
            work += 8.0 * n * node.size * (q + 1) + 12 * side**3
            held += 4.0 * n * math.prod(shapes[f"n{v}.patches"]) + 6.0 * side**2
        elif node.kind == "fixed":
            work += 30.0 * n * math.prod(shapes[f"n{v}.index"]) + 12 * side**3
            held += 4.0 * side**2
        elif node.kind in ("product", "tokens"):
            work += 60.0 * n * node.size * max(shapes[f"n{v}.{'left' if node.kind == 'product' else 'tokens'}"])
    arrays = 8.0 * sum(math.prod(shape) for shape in shapes.values())
    return Cost(work / _RATE + 60 * len(nodes) * _EACH + 1.0, 3 * arrays + 8 * (held + 6 * _PART))


def _crossing(nodes: list[NodeText], shapes: dict[str, Shape]) -> float:
    """Seconds for one radius at which pieces may change: knapsacks, patches unit by unit, the kernel without units."""
    n, outputs = shapes["y"]
    rows = float(n * outputs)
    work, tokens = 40.0 * rows**3, 0.0
    for v, node in enumerate(nodes):
        if KINDS[node.kind].kinked:
            tokens += n * node.size * (shapes[f"n{v}.windows"][1] if node.kind == "maximum" else 1)
        elif node.kind == "affine":
            (g, p, q), o = shapes[f"n{v}.patches"], shapes[f"W{node.more['group']}"][1]
            work += rows**2 * g * o * (q + 1)
            work += 6.0 * g * o * float(n * p) ** 2 if n * p <= MOST_ROWS else 0.0
    return work / _RATE + _TOKEN * tokens


def direction_cost(kinds: list[Kind], n: int, radii: int) -> Cost:
    """Seconds and bytes that Theorem E takes at most, beside the rest.

    Args:
        kinds: of all nodes.
        n: samples.
        radii: of the ball's profile.
    """
    rows = float(n * kinds[-1].size)
    pairs = rows * (rows + 1) / 2
    reached = _reached([(kind.name, kind.inputs) for kind in kinds])
    work, calls, widest = 0.0, 40.0, 0.0
    for v, kind in enumerate(kinds):
        values = float(n * kind.size)
        calls += 60
        if isinstance(kind, Affine):
            (g, p, q), o = kind.patches.shape, kind.weight.shape[1]
            q += 1
            work += values * q * (4 * rows + 2 * pairs + 2 * rows**2) + pairs**2 * (g * o * q + 4 * values)
            entries = float(n * p * g * q)
            work += rows * entries * 20 + rows * (entries + g * o * q) * (rows + min(n * p, q) + min(o, q))
            short, narrow = float(min(n * p, q)), float(min(o, q))
            work += 2 * reached[v] * o * g * (n * p * q * short + 12 * short**3)
            work += 2 * reached[v] * (n * p if narrow <= SMALL else 1) * g * (o * q * narrow + 12 * narrow**3)
            work += 12 * min(rows**2, 900.0) ** 3
            widest = max(widest, rows * entries)
            calls += 20 * rows + 2 * reached[v] * g * o * (3 if n * p > q else 1)
        elif isinstance(kind, Pointwise):
            work += 1500 * values * (pairs + rows)
            calls += 20 * pairs
        elif isinstance(kind, Fixed):
            work += 10.0 * n * (pairs + rows) * kind.index.size
        else:
            work += 10.0 * values * pairs * len(kind.inputs)
    groups = float(len({kind.group for kind in kinds if isinstance(kind, Affine)}))
    work += radii * groups * (2e3 * len(kinds) + 60 * groups**2)
    sizes = [kind.size for kind in kinds]
    held = n * (2 * rows * sum(sizes) + 8 * pairs * max(sizes)) + 3 * widest + 3 * pairs**2 + 8 * rows**4
    held += sum(2.0 * kind.weight.size for kind in kinds if isinstance(kind, Affine))
    held += radii * groups * (12.0 * len(kinds) + 4 * groups)
    return Cost(work / _RATE + calls * _EACH, 8 * (held + 6 * _PART))


def _reached(nodes: list[tuple[str, tuple[int, ...]]]) -> list[int]:
    """How often a node's outputs are weighted by an activation that comes after it, twice for each.

    Args:
        nodes: kind and inputs of each.
    """
    counts = [0] * len(nodes)
    for name, inputs in nodes:
        if name not in ("pointwise", "curved"):
            continue
        left, met = [inputs[0]], 0
        while left and met + len(left) < MOST_TERMS:
            u = left.pop()
            if nodes[u][0] == "affine":
                counts[u], met = counts[u] + 2, met + 1
            elif nodes[u][0] in ("sum", "fixed"):
                left += nodes[u][1]
    return counts
