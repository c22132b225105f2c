"""What tanh does in its own way."""

from __future__ import annotations

import numpy as np

from pltheory.nets.activations.tanh import tanh_above


def test_tanh_above_is_an_upper_bound():
    x = np.concatenate([np.linspace(0, 4, 4001), 10.0 ** np.arange(-12, 3)])
    assert (np.tanh(x) <= tanh_above(x) * (1 + 1e-15)).all()
    assert (tanh_above(x[:1500]) <= np.tanh(x[:1500]) * 1.03 + 1e-200).all()
