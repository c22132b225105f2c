"""What an enclosure of a graph must carry: errors of values that no parameter moves are errors all the same."""

from __future__ import annotations

import inspect
import textwrap
from fractions import Fraction

import numpy as np
import pytest

from pltheory.nets.centre import linearize
from pltheory.nets.fields import VERIFIED
from pltheory.nets.fields.verified import Near
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.tokens import Tokens
from pltheory.nets.tape import Tape


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


def carried(name: str, z: np.ndarray, epsilon: float) -> float:
    """The error of rows (1, N) behind a token map over the error 1 that they have before it."""
    kind = Tokens(name, np.arange(z.shape[1])[None], epsilon)
    tape = Tape(VERIFIED, [], 1, 1, values=[Near(z)])
    tape.values.append(kind.forward(tape, 1, (0,)))
    tape.rows[1] = Near(np.zeros_like(z), 1.0)
    return kind.backward(tape, 1, (0,))[0].rad


TOKENS = {
    # D phi across (1, -1): 1/2, and p where d probabilities are equal; across the token: sqrt(d) / (|z|^2 + d eps)^1/2.
    "two probabilities": ("softmax", np.zeros((1, 2)), 0.0, 0.5),
    "four probabilities": ("softmax", np.zeros((1, 4)), 0.0, 0.25),
    "a norm": ("rms-norm", np.array([[2.0, 0.0]]), 0.25, (2 / 4.5) ** 0.5),
    "a layer norm": ("layer-norm", np.ones((1, 3)), 0.25, 2.0),
}


@pytest.mark.parametrize("name", TOKENS)
def test_rows_carry_their_error_with_the_norm_of_a_token_map(name):
    *at, norm = TOKENS[name]
    assert norm <= carried(*at) <= norm * (1 + 1e-12)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("four probabilities", "min(SOFTMAX_S1, self._largest(tape, value))", "0.9 * self._largest(tape, value)"),
        ("two probabilities", "min(SOFTMAX_S1, self._largest(tape, value))", "0.9 * SOFTMAX_S1"),
        ("a norm", "slope = self._largest(tape, factor)", "slope = 1.0 / d"),
    ],
)
def test_a_slope_that_is_too_small_is_noticed(monkeypatch, name, old, new):
    source = textwrap.dedent(inspect.getsource(Tokens.backward))
    assert source.count(old) == 1
    space = dict(vars(inspect.getmodule(Tokens)))
    exec("from __future__ import annotations\n" + source.replace(old, new), space)
    monkeypatch.setattr(Tokens, "backward", space["backward"])
    *at, norm = TOKENS[name]
    assert carried(*at) < norm
