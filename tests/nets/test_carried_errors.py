"""What an enclosure of a graph must carry: errors of values that no parameter moves are errors all the same."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from pltheory.nets.centre import linearize
from pltheory.nets.fields import VERIFIED
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input


def test_a_fixed_map_of_the_data_rounds():
    """Thirty fixed factors before the first weight: thirty roundings, in rational arithmetic."""
    one = np.zeros((1, 1), dtype=np.int64)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        factors, w, x = rng.uniform(0.5, 2.0, 30), rng.standard_normal((1, 1, 1)), rng.standard_normal((1, 1))
        fixed = [Node(Fixed(one, np.full((1, 1), f)), (i,), 1) for i, f in enumerate(factors)]
        head = Node(Affine(0, one[None], 1.0, 0.0), (30,), 1)
        outputs = linearize(Graph((Node(Input(), (), 1), *fixed, head), (Group(w, None),)), x, VERIFIED).outputs
        exact = Fraction(float(x[0, 0])) * Fraction(float(w[0, 0, 0]))
        for f in factors:
            exact *= Fraction(float(f))
        assert abs(Fraction(float(outputs.mid[0, 0])) - exact) <= Fraction(outputs.rad)
