"""Weights and inputs of a case, from numpy and scipy alone, so that every environment builds the same network."""

from __future__ import annotations

import numpy as np
from scipy.fft import dct

CONVOLUTIONS = ((3, 32), (32, 32), (32, 32))
"""Channels in and out of the three 3x3 convolutions, without padding, of the torch.func tutorial's network."""


def mlp_layers(case: dict) -> list[tuple[np.ndarray, np.ndarray]]:
    """(W, b) of every layer, W of shape (in, out), scaled so that pre-activations are of order 1."""
    gen = np.random.default_rng(case["seed"])
    layers = []
    for a, b in zip(case["widths"][:-1], case["widths"][1:], strict=True):
        weight = gen.standard_normal((a, b), dtype=np.float32) / np.float32(a**0.5)
        layers.append((weight.astype(case["dtype"]), 0.1 * gen.standard_normal(b).astype(case["dtype"])))
    return layers


def mlp_inputs(case: dict) -> np.ndarray:
    """x of shape (n, d), standard normal."""
    gen = np.random.default_rng(case["seed"] + 1)
    return gen.standard_normal((case["n"], case["widths"][0]), dtype=np.float32).astype(case["dtype"])


def cnn_layers(case: dict) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernels (out, in, 3, 3) with biases, then the linear layer (10, features); features in the order c, h, w."""
    gen = np.random.default_rng(case["seed"])
    side = case["side"] - 2 * len(CONVOLUTIONS)
    shapes = [(out, inn, 3, 3) for inn, out in CONVOLUTIONS] + [(10, CONVOLUTIONS[-1][1] * side * side)]
    layers = []
    for shape in shapes:
        fan_in = int(np.prod(shape[1:]))
        weight = gen.standard_normal(shape, dtype=np.float32) * np.float32((2 / fan_in) ** 0.5)
        layers.append((weight.astype(case["dtype"]), 0.1 * gen.standard_normal(shape[0]).astype(case["dtype"])))
    return layers


def cnn_inputs(case: dict) -> np.ndarray:
    """x of shape (n, 3, side, side), standard normal."""
    gen = np.random.default_rng(case["seed"] + 1)
    shape = (case["n"], 3, case["side"], case["side"])
    return gen.standard_normal(shape, dtype=np.float32).astype(case["dtype"])


def spectrum(case: dict) -> np.ndarray:
    """A dense symmetric matrix of order n, float64, with eigenvalues spaced logarithmically from 1/condition to 1."""
    matrix = np.diag(np.logspace(0, -np.log10(case["condition"]), case["n"]))
    gen = np.random.default_rng(case["seed"])
    for _ in range(2):
        # A cosine transform behind random signs is orthogonal, mixes every entry, and costs far less than a QR.
        signs = gen.choice([-1.0, 1.0], case["n"])
        matrix = dct(dct(signs[:, None] * matrix * signs, axis=0, norm="ortho"), axis=1, norm="ortho")
    return 0.5 * (matrix + matrix.T)


def resnet_shapes() -> list[tuple[int, ...]]:
    """Shapes of the 161 parameters of ResNet-50, 25.6M entries."""
    shapes: list[tuple[int, ...]] = [(64, 3, 7, 7), (64,), (64,)]
    width_in = 64
    for blocks, width in ((3, 64), (4, 128), (6, 256), (3, 512)):
        for block in range(blocks):
            for shape in ((width, width_in, 1, 1), (width, width, 3, 3), (4 * width, width, 1, 1)):
                shapes += [shape, (shape[0],), (shape[0],)]
            if block == 0:
                shapes += [(4 * width, width_in, 1, 1), (4 * width,), (4 * width,)]
            width_in = 4 * width
    return [*shapes, (1000, 2048), (1000,)]


def many_shapes() -> list[tuple[int, ...]]:
    """600 small parameters, 5M entries."""
    return [(8_333,)] * 600
