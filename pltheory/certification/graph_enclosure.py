"""A network of class G at its weights, enclosed: the kernel as a ball, the numbers of its nodes as upper bounds."""

from __future__ import annotations

from ..nets.ball import GraphBounds
from ..nets.centre import linearize
from ..nets.fields import VERIFIED
from ..rigor.eigen import lambda_max_upper, lambda_min_lower
from ..rigor.midrad import as_ball
from ..rigor.norms import frobenius_upper
from .centre import Centre
from .stored_graph import GraphArrays


def enclose_graph(a: GraphArrays, *, spectrum: tuple[float | None, float | None] = (None, None)) -> Centre:
    """Verified numbers of a graph at its weights. Arguments and errors as `enclose`."""
    at = linearize(a.graph, a.x, VERIFIED)
    lowest, highest = spectrum
    smallest = lambda_min_lower(at.kernel, estimate=lowest)
    largest = lambda_max_upper(at.kernel, estimate=highest)
    return Centre(a, GraphBounds.of(at), smallest, largest, frobenius_upper(at.outputs - as_ball(a.y)))
