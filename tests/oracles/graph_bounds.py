"""The bounds of class G at a radius, in floats and enclosed, beside what a search found in the ball."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from pltheory.nets.ball import GraphBounds
from pltheory.nets.centre import Centre, linearize
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.graph import Graph, Group
from pltheory.rigor.arithmetic import INTERVALS
from pltheory.rigor.scalar import interval
from pltheory.theory import arithmetic

from .graph_attack import Found
from .graphs import jacobian, outputs, parameters


@dataclass(frozen=True)
class Claims:
    """What is claimed over a ball: dJ, ell, L_F and beta, and that dJ and ell are not below their floats.

    Attributes:
        change: upper end of the enclosed dJ.
        lipschitz: of ell.
        most: ||J_0|| + dJ.
        curvature: most^2 + ||r_0|| ell.
        negative: ||r_0|| ell.
        floats: dJ and ell in floats.
    """

    change: float
    lipschitz: float
    most: float
    curvature: float
    negative: float
    floats: tuple[float, float]


def enclosed(bounds: GraphBounds, radius: float) -> tuple[float, float]:
    """Upper ends of dJ and ell."""
    s = interval(radius)
    return bounds.change(s, INTERVALS, interval).hi, bounds.lipschitz(s, INTERVALS, interval).hi


def in_floats(bounds: GraphBounds, radius: float) -> tuple[float, float]:
    """dJ and ell, round-off not counted."""
    return bounds.change(radius, arithmetic.FLOATS), bounds.lipschitz(radius, arithmetic.FLOATS)


def centres(graph: Graph, x: Tensor) -> tuple[Centre, Centre]:
    """In floats, and enclosed."""
    data = np.ascontiguousarray(x.numpy())
    return linearize(graph, data, FLOATS), linearize(graph, data, VERIFIED)


def claims(graph: Graph, x: Tensor, y: Tensor, radius: float) -> Claims:
    """Of a graph at its own parameters; J_0 and r_0 are autograd's."""
    plain, verified = centres(graph, x)
    change, ell = enclosed(GraphBounds.of(verified), radius)
    w0 = parameters(graph)
    residual = float((outputs(graph, w0, x) - y).norm())
    most = float(np.linalg.norm(jacobian(graph, w0, x).numpy(), 2)) + change
    return Claims(change, ell, most, most**2 + residual * ell, residual * ell, in_floats(GraphBounds.of(plain), radius))


def violations(found: Found, claimed: Claims) -> list[str]:
    """Names of the bounds that a point of the ball breaks; points are evaluated in float64."""
    slack = 1 + 1e-9
    pairs = {
        "dJ": (found.change, claimed.change),
        "ell": (found.derivative, claimed.lipschitz),
        "sigma": (found.least_at_centre - found.least, claimed.change),
        "L_F": (found.most, claimed.most),
        "beta": (found.curvature, claimed.curvature),
        "neg": (found.negative, claimed.negative),
        "dJ in floats": (claimed.floats[0] / slack, claimed.change),
        "ell in floats": (claimed.floats[1] / slack, claimed.lipschitz),
    }
    return [name for name, (low, high) in pairs.items() if not low <= high * slack + 1e-12]


def shrunk(graph: Graph, factor: float) -> Graph:
    """The same graph with all parameters times a factor."""
    return replace(
        graph,
        groups=tuple(
            Group(factor * g.weight, None if g.bias is None else factor * g.bias, g.names) for g in graph.groups
        ),
    )
