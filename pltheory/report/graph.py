"""A report's graph in words: what a node is called, and which nodes cost the most."""

from __future__ import annotations

from typing import Any

LABEL = 46
"""Characters of a node's label; a longer one loses its middle."""


def kind(node: dict[str, Any]) -> str:
    """What a node computes: its function where it has one."""
    return str(node["function"] or node["kind"])


def label(node: dict[str, Any]) -> str:
    """Name, kind and size in one line."""
    tail = f" ({kind(node)}, {node['size']})" if node["name"] != kind(node) else f" ({node['size']})"
    name, room = str(node["name"]), max(LABEL - len(tail), 9)
    if len(name) > room:
        name = f"{name[: room // 2 - 1]}…{name[len(name) - (room - room // 2) :]}"
    return name + tail


def cost(node: dict[str, Any]) -> float:
    """The larger of a node's two shares."""
    return float(max(node["change"], node["curvature"]))


def costliest(graph: dict[str, Any], many: int) -> list[int]:
    """The places of the nodes that cost the most, most first; none that costs nothing."""
    nodes = graph["nodes"]
    places = sorted(range(len(nodes)), key=lambda v: -cost(nodes[v]))
    return [v for v in places[:many] if cost(nodes[v]) > 0]


def percent(share: float) -> str:
    """A share as shown: nothing for 0."""
    if share <= 0:
        return ""
    return f"{100 * share:.0f}%" if share >= 0.01 else "<1%"
