"""The network section of a certificate of class G: the nodes, in topological order, before their arrays are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..fields import damaged, keys_of, number, one_of
from ..file import ACTIVATIONS

MOST_NODES = 2000
MOST_INPUTS = 1000
MAPS = {"tokens": ("layer-norm", "rms-norm", "softmax"), "curved": ("elu", "hardswish")}
KEYS: dict[str, tuple[str, ...]] = {
    "input": (),
    "affine": ("group", "kappa", "tau"),
    "fixed": (),
    "sum": (),
    "pointwise": ("activation",),
    "tokens": ("map", "epsilon"),
    "product": ("scale",),
    "piecewise-linear": (),
    "maximum": ("slope",),
    "curved": ("map", "alpha"),
}
"""Kind to the keys of its nodes, beside kind, inputs and size."""
READS = {"input": 0, "affine": 1, "fixed": 1, "pointwise": 1, "tokens": 1, "product": 2,
         "piecewise-linear": 1, "maximum": 1, "curved": 1}  # fmt: skip
"""Kind to how many nodes it reads; a sum reads two or more."""


KINKED = ("piecewise-linear", "maximum", "curved")
"""Kinds with kinks."""


def has_kinks(network: dict[str, Any]) -> bool:
    """Whether a network section, in which nothing is checked yet, names a node of a kind with kinks."""
    nodes = network.get("nodes")
    return isinstance(nodes, list) and any(isinstance(node, dict) and node.get("kind") in KINKED for node in nodes)


@dataclass(frozen=True)
class NodeText:
    """A node as the text has it; more: its kind's own keys as numbers and strings."""

    kind: str
    inputs: tuple[int, ...]
    size: int
    more: dict[str, Any]


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
    kind = one_of(node.get("kind"), f"{field}.kind", list(KEYS))
    if (kind == "input") != (v == 0):
        damaged(f"{field}.kind", "the first node, and no other, must be the input")
    keys_of(node, field, ("kind", "inputs", "size", *KEYS[kind]))
    inputs, size = node["inputs"], node["size"]
    if not isinstance(inputs, list) or not all(type(u) is int and 0 <= u < v for u in inputs):
        damaged(f"{field}.inputs", f"not a list of nodes before {v}")
    if len(inputs) != READS[kind] if kind in READS else not 2 <= len(inputs) <= MOST_INPUTS:
        wanted = READS.get(kind, f"2 to {MOST_INPUTS}")
        damaged(f"{field}.inputs", f"has {len(inputs)} nodes, a node of kind {kind} reads {wanted}")
    if type(size) is not int or size < 1:
        damaged(f"{field}.size", "not a positive whole number")
    if kind in ("sum", "pointwise", "tokens", "piecewise-linear", "curved") and any(
        before[u].size != size for u in inputs
    ):
        damaged(f"{field}.size", f"is {size}, not that of every node it reads")
    more: dict[str, Any] = {}
    for key in KEYS[kind]:
        if key == "group":
            more[key] = node[key]
            if type(node[key]) is not int or not 1 <= node[key] <= groups:
                damaged(f"{field}.group", f"not a group from 1 to {groups}")
        elif key in ("activation", "map"):
            more[key] = one_of(node[key], f"{field}.{key}", ACTIVATIONS if key == "activation" else MAPS[kind])
        else:
            more[key] = number(node[key], f"{field}.{key}")
    if kind == "tokens" and not (
        more["epsilon"] == 0 if more["map"] == "softmax" else 2**-300 < more["epsilon"] < 2**300
    ):
        damaged(f"{field}.epsilon", "must be 0 for softmax, and for a norm between 2^-300 and 2^300")
    if kind == "maximum" and not 0 <= more["slope"] <= 1:
        damaged(f"{field}.slope", "not from 0 to 1")
    if kind == "curved" and not (2**-100 < more["alpha"] < 2**100 if more["map"] == "elu" else more["alpha"] == 1):
        damaged(f"{field}.alpha", "must lie between 2^-100 and 2^100 for elu, and be 1 for hardswish")
    return NodeText(kind, tuple(inputs), size, more)
