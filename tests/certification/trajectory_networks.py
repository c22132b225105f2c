"""Small networks and numbers for the lemmas of the verified trajectory."""

from __future__ import annotations

import numpy as np

from pltheory.certification.stored import FloatNetwork
from pltheory.problem.networks import fully_connected


def network(widths=(3, 8, 1), seed=0, activation="tanh", bias=False):
    net = fully_connected(list(widths), seed=seed, activation=activation, bias=bias).class_n()
    layers = net.layers
    return FloatNetwork(
        tuple(layer.weight.detach().numpy().copy() for layer in layers),
        tuple(None if layer.bias is None else layer.bias.detach().numpy().copy() for layer in layers),
        tuple(layer.kappa for layer in layers),
        tuple(layer.tau for layer in layers),
        activation,
    )


def data(n, d, c, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((n, c))


def flat(net):
    return np.concatenate([w.ravel() for w in net.weights])


def aligned(rng, shape):
    """Numbers just above 1 whose products need many more bits than 53."""
    return 1.0 + rng.integers(1, 2**26, shape) * 2.0**-51 + 2.0**-26


def unit(v):
    return v / v.norm()
