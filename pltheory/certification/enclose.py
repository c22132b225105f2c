"""Verified numbers of whatever network a certificate can speak of."""

from __future__ import annotations

from .centre import Centre
from .enclosure import enclose_layers
from .graph_enclosure import enclose_graph
from .stored import Arrays, Stored
from .stored_graph import GraphArrays


def enclose(a: Stored, *, spectrum: tuple[float | None, float | None] = (None, None)) -> Centre:
    """Verified numbers of a network at its weights.

    Args:
        a: the network and data.
        spectrum: guesses at the smallest and largest kernel eigenvalue, trusted for nothing; found here if None.

    Raises:
        NoVerdictError: an overflow, or no eigenvalue bound could be verified.
        RoundingEnvironmentError: see `pltheory.rigor.environment`.
    """
    if isinstance(a, GraphArrays):
        return enclose_graph(a, spectrum=spectrum)
    assert isinstance(a, Arrays)
    return enclose_layers(a, spectrum=spectrum)
