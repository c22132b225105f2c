"""What errors at the nodes do to the outputs: by the rows that they meet, for errors of any size and for rounding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pltheory.rechecker.graph.centre import graph_centre, values_of
from pltheory.rechecker.graph.kinds.affine import Affine
from pltheory.rechecker.graph.kinds.fixed import Fixed
from pltheory.rechecker.graph.kinds.pointwise import Pointwise
from pltheory.rechecker.graph.kinds.product import Product
from pltheory.rechecker.graph.kinds.sums import Sum
from pltheory.rechecker.graph.kinds.tokens import Tokens
from pltheory.rechecker.midpoint import Approx, Upper
from tests.rechecker.graphs import Builder
from tests.rechecker.small_graphs import SMALL, data
from tests.rechecker.test_graph_bounds import kinds_of

KINDS = (Affine, Fixed, Pointwise, Product, Sum, Tokens)


def quiet(_: str) -> None:
    pass


def disturbed(monkeypatch: pytest.MonkeyPatch, size: float, rng: np.random.Generator) -> None:
    """Every node's values are off by a vector of that length for every sample, and say so."""
    for kind in KINDS:
        plain: Callable[..., Approx] = kind.forward

        def forward(self: object, inputs: list[Approx], plain: Callable[..., Approx] = plain) -> Approx:
            out = plain(self, inputs)
            e = rng.standard_normal(out.mid.shape)
            e *= size / np.linalg.norm(e, axis=1, keepdims=True)
            return Approx(out.mid + e, out.err + Upper(np.full(len(e), size * (1 + 1e-12))))

        monkeypatch.setattr(kind, "forward", forward)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("size", [1e-9, 1e-3, 0.1])
def test_errors_at_every_node_stay_within_the_bound(name: str, size: float, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = SMALL[name]()
    x, _ = data(graph)
    kinds = kinds_of(graph)
    exact = values_of(kinds, x, quiet)[0][-1].mid
    share = 0.0
    for seed in range(8):
        with monkeypatch.context() as patch:
            disturbed(patch, size, np.random.default_rng(seed))
            found = values_of(kinds, x, quiet)[0][-1]
        with monkeypatch.context() as patch:
            disturbed(patch, size, np.random.default_rng(seed))
            # With the disturbed outputs as targets the residual is the bound alone.
            bound = float(graph_centre(kinds, x, found.mid, quiet).residual.value)
        off = float(np.linalg.norm(found.mid - exact))
        assert off <= bound
        assert bound <= float(found.distance.value) * (1 + 1e-9)
        share = max(share, off / bound)
    if size < 1e-6:
        assert share > 0.05


def test_deep_networks_lose_little() -> None:
    """Where products of norms exceed sensitivities, rounding counts by the latter."""
    g, u = Builder(20, 3), 0
    for _ in range(12):
        u = g.act(g.dense(u, 20, kappa=2.0), "tanh")
    g.dense(u, 1)
    graph = g.graph()
    x, _ = data(graph)
    kinds = kinds_of(graph)
    values, _ = values_of(kinds, x, quiet)
    at = graph_centre(kinds, x, values[-1].mid, quiet)
    assert float(at.residual.value) < 0.05 * float(values[-1].distance.value)
