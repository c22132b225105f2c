"""Where the bounds over a ball are lost: a network of class G as a graph, with each node's share of them."""

from __future__ import annotations

import math
from typing import Any

from ..nets.ball import GraphBounds
from ..nets.kinds.affine import Affine
from ..optim import StepSettings
from ..theorems.ball_constants import BallConstants
from ..theorems.ladder import WEAKEST_DEMAND
from ..theorems.measured import Measured


def graph_of(measured: Measured, settings: StepSettings, found: BallConstants | None) -> dict[str, Any] | None:
    """The graph for a report's JSON; None for a network that was not read as one.

    Args:
        measured: the numbers at w_0.
        settings: the step rule.
        found: the constants of the main theorem; without a ball of its own, that of the weakest demand is taken.

    Returns:
        `radius` of the ball that the shares are of: the theorem's, or where it falls short its best one. `nodes` in
        topological order: `name` in the module, `kind`, `function` ("" where the kind says all), `inputs` (places in
        the list), `size` of a sample's vector, `parameters` of its group, and the shares `change` of the bound of
        ||J(w) - J(w_0)|| and `curvature` of that of ||DJ(w)||, which sum to 1 over the nodes where the bound is not 0.
    """
    graph = measured.graph
    if graph is None or measured.profile is None or not isinstance(measured.profile.bounds, GraphBounds):
        return None
    radius = math.inf if found is None else found.radius if found.holds else found.best_radius
    if not math.isfinite(radius) and not measured.problem.square:
        return None
    if not math.isfinite(radius):
        radius = WEAKEST_DEMAND.search_radius(measured.profile, settings).best_radius
    shares = measured.profile.bounds.shares(radius)
    nodes = []
    for v, node in enumerate(graph.nodes):
        group = graph.groups[node.kind.group] if isinstance(node.kind, Affine) else None
        share = shares.get(v)
        nodes.append(
            {
                "name": node.name,
                "kind": node.kind.name,
                "function": node.kind.function,
                "inputs": list(node.inputs),
                "size": node.size,
                "parameters": 0 if group is None else group.size,
                "change": 0.0 if share is None else share.change,
                "curvature": 0.0 if share is None else share.curvature,
            }
        )
    return {"radius": radius, "nodes": nodes}
