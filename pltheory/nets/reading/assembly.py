"""The nodes that the output needs, and a bias that is added by itself put into the node that it belongs to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..graph import Node
from ..kinds.affine import Affine
from ..kinds.sums import Sum
from .builder import Builder, Cut

Cuts = list[tuple[Cut, Cut | None]]


def assembled(builder: Builder, last: int) -> tuple[list[Node], Cuts]:
    """Nodes and groups, numbered anew; the last node comes last."""
    nodes, groups = list(builder.nodes), list(builder.groups)
    needed = _needed(nodes, last)
    readers = Counter(u for v in needed for u in nodes[v].inputs)
    owners = Counter(kind.group for v in needed if isinstance(kind := nodes[v].kind, Affine))
    for v in sorted(needed):
        node = nodes[v]
        if isinstance(node.kind, Sum) and len(node.inputs) == 2:
            for u, w in (node.inputs, node.inputs[::-1]):
                fused = _with_bias(nodes[u], nodes[w], groups)
                alone = readers[u] == readers[w] == 1 and u != last != w
                if fused is not None and alone and all(owners[k.group] == 1 for k in fused):
                    affine, bias = fused
                    weight, shift = groups[affine.group][0], groups[bias.group][1]
                    assert shift is not None
                    shape = (affine.patches.shape[0], -1)
                    groups.append((weight, Cut(shift.name, shift.entries.reshape(shape))))
                    kind = replace(affine, group=len(groups) - 1, tau=bias.tau)
                    owners[kind.group] = 1
                    nodes[v] = Node(kind, nodes[u].inputs, node.size, nodes[u].name)
                    break
    return _numbered(nodes, groups, last)


def _with_bias(node: Node, other: Node, groups: Cuts) -> tuple[Affine, Affine] | None:
    """The two kinds, where the second adds one trainable number to each output of the first, which has no bias."""
    affine, bias = node.kind, other.kind
    if not (isinstance(affine, Affine) and isinstance(bias, Affine)):
        return None
    if groups[affine.group][1] is not None or affine.patches.shape[2] == 0 or bias.patches.shape[2] != 0:
        return None
    # Both are ordered (g, o, p): output by output, position by position.
    return (affine, bias) if affine.patches.shape[1] == bias.patches.shape[1] else None


def _needed(nodes: list[Node], last: int) -> set[int]:
    needed = {0, last}
    for v in range(last, -1, -1):
        if v in needed:
            needed.update(nodes[v].inputs)
    return needed


def _numbered(nodes: list[Node], groups: Cuts, last: int) -> tuple[list[Node], Cuts]:
    number = {v: k for k, v in enumerate(sorted(_needed(nodes, last)))}
    used: dict[int, int] = {}
    out = []
    for v in number:
        node = nodes[v]
        kind = node.kind
        if isinstance(kind, Affine):
            kind = replace(kind, group=used.setdefault(kind.group, len(used)))
        out.append(Node(kind, tuple(number[u] for u in node.inputs), node.size, node.name))
    return out, [groups[g] for g in used]
