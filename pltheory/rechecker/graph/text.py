"""The network section of a certificate of class G: the nodes, in topological order, before their arrays are read."""

from __future__ import annotations

from typing import Any

from ..fields import damaged, keys_of, one_of
from .kinds import KINDS
from .kinds.stored import Keys, NodeText

MOST_NODES = 2000
MOST_INPUTS = 1000


def has_kinks(network: dict[str, Any]) -> bool:
    """Whether a network section, in which nothing is checked yet, names a node of a kind with kinks."""
    nodes = network.get("nodes")
    return isinstance(nodes, list) and any(isinstance(node, dict) and _kinked(node.get("kind")) for node in nodes)


def _kinked(name: Any) -> bool:
    return isinstance(name, str) and name in KINDS and KINDS[name].kinked


def read_nodes(network: Any) -> tuple[list[NodeText], int]:
    """The nodes of a network section and the number of its groups; what needs the arrays is not yet checked.

    Raises:
        Stop: with code DAMAGED.
    """
    keys_of(network, "network", ("nodes", "groups"))
    nodes, groups = network["nodes"], network["groups"]
    if not isinstance(nodes, list) or not 2 <= len(nodes) <= MOST_NODES:
        damaged("network.nodes", f"not a list of 2 to {MOST_NODES} nodes")
    if type(groups) is not int or not 1 <= groups <= len(nodes):
        damaged("network.groups", f"not a number of groups from 1 to {len(nodes)}, that of the nodes")
    found: list[NodeText] = []
    for v, node in enumerate(nodes):
        found.append(_node(node, v, found, groups))
    for g in range(1, groups + 1):
        if not any(node.more.get("group") == g for node in found):
            damaged("network.groups", f"no node has the group {g}")
    return found, groups


def _node(node: Any, v: int, before: list[NodeText], groups: int) -> NodeText:
    field = f"network.nodes[{v}]"
    if not isinstance(node, dict):
        damaged(field, "not an object")
    name = one_of(node.get("kind"), f"{field}.kind", list(KINDS))
    if (name == "input") != (v == 0):
        damaged(f"{field}.kind", "the first node, and no other, must be the input")
    kind = KINDS[name]
    keys_of(node, field, ("kind", "inputs", "size", *kind.keys))
    inputs, size = node["inputs"], node["size"]
    if not isinstance(inputs, list) or not all(type(u) is int and 0 <= u < v for u in inputs):
        damaged(f"{field}.inputs", f"not a list of nodes before {v}")
    if len(inputs) != kind.reads if kind.reads is not None else not 2 <= len(inputs) <= MOST_INPUTS:
        wanted = f"2 to {MOST_INPUTS}" if kind.reads is None else kind.reads
        damaged(f"{field}.inputs", f"has {len(inputs)} nodes, a node of kind {name} reads {wanted}")
    if type(size) is not int or size < 1:
        damaged(f"{field}.size", "not a positive whole number")
    if kind.keeps_size and any(before[u].size != size for u in inputs):
        damaged(f"{field}.size", f"is {size}, not that of every node it reads")
    return NodeText(name, tuple(inputs), size, kind.settings(Keys(field, node, groups)))
