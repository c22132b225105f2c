"""What a recheck of class G will take, from the nodes' sizes alone."""

from __future__ import annotations

import math

from ..arrays import Shape
from ..cost import Cost
from .kinds.affine import MOST_WEIGHTED
from .text import NodeText
from .weights import MOST_TERMS

_RATE = 8e9
"""Products of doubles a second, in matrix products and factorisations together."""
_EACH = 3e-5
"""Seconds for a call on small arrays."""
_PART = 2**23
"""Entries of an array that is worked on in parts."""


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
    reached = _reached(nodes)
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
    centre, balls = work / _RATE + calls * _EACH, n * sum(node.size for node in nodes)
    along = steps * (centre + _NUMBER * balls)
    more = 1200.0 * balls if steps else 0.0
    return Cost(centre + recursion + along + 2.0, 3 * arrays + 8 * (held + 12 * _PART) + more)


def _reached(nodes: list[NodeText]) -> list[int]:
    """How often a node's outputs are weighted by an activation that comes after it, twice for each."""
    counts = [0] * len(nodes)
    for node in nodes:
        if node.kind != "pointwise":
            continue
        left, met = [node.inputs[0]], 0
        while left and met + len(left) < MOST_TERMS:
            u = left.pop()
            if nodes[u].kind == "affine":
                counts[u], met = counts[u] + 2, met + 1
            elif nodes[u].kind in ("sum", "fixed"):
                left += nodes[u].inputs
    return counts
