"""What rounding does to the outputs of networks with kinks, with errors far larger than rounding: they cross kinks."""

from __future__ import annotations

import numpy as np
import pytest

from pltheory.nets.centre import linearize
from pltheory.nets.fields import VERIFIED
from pltheory.nets.roundoff import ERROR, _Errors, output_error
from pltheory.nets.sweep import Move
from pltheory.nets.tape import Rounded
from tests.oracles.kinked import parameters, passed
from tests.oracles.random_graphs import KINDS as SMOOTH
from tests.oracles.random_graphs import random_graph
from tests.oracles.random_kinks import KINDS, random_kinks


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2 * len(KINDS)))
def test_no_errors_move_the_outputs_further(seed):
    """Errors at random, and along what the node's values are moved by at a step of the weights; all of their size."""
    drawn = random_kinks(seed)
    rng = np.random.default_rng(seed)
    graph, x, w = drawn.graph, drawn.x, parameters(drawn.graph)
    at = linearize(graph, x, VERIFIED)
    exact = passed(graph, w, x)
    for scale in (1e-3, 0.05, 0.5):
        size = {v: scale * rng.random() * (rng.random() < 0.7) for v, r in enumerate(at.rounding) if r is not None}
        rounding = [
            Rounded(size[v], r.rows) if v in size and r is not None else None for v, r in enumerate(at.rounding)
        ]
        bound = output_error(graph, at.numbers, rounding)
        for _ in range(25):
            errors = {}
            for v, most in size.items():
                e = rng.standard_normal(exact.values[v].shape)
                if rng.integers(2):
                    e *= rng.random(e.shape) < 1.5 / e.size
                if rng.integers(2) and exact.tangents[v] is not None:
                    e = exact.tangents[v] @ rng.standard_normal(len(w))
                norm = float(np.linalg.norm(e))
                errors[v] = e * (most / norm) if norm > 0 else e
            moved = passed(graph, w, x, errors).outputs - exact.outputs
            assert float(np.linalg.norm(moved)) <= bound * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(len(SMOOTH)))
def test_of_a_smooth_graph_only_errors_move_rows(seed, monkeypatch):
    """No weight moves, so what rows would gain by the weights is not in the bound."""
    drawn = random_graph(seed)
    at = linearize(drawn.graph, drawn.x.numpy(), VERIFIED)
    found = output_error(drawn.graph, at.numbers, at.rounding)

    def errors_alone(self, ahead, pair, u):
        whole, single = (row.get(ERROR, self.zero) for row in (pair.batch, pair.sample))
        return Move(whole, self.ops.minimum(whole, single))

    monkeypatch.setattr(_Errors, "_move", errors_alone)
    assert found == output_error(drawn.graph, at.numbers, at.rounding)
