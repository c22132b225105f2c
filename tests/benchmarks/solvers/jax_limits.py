"""The limit kernels of neural-tangents, for `tests/measure/test_infinite_width_peer.py`: reads and writes JSON."""

from __future__ import annotations

import importlib
import json
import sys
import types
from typing import Any

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
# Its bridge to TensorFlow is imported with the package and would need all of TensorFlow.
sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")
stax: Any = importlib.import_module("neural_tangents").stax

CLOSED = {"erf": stax.Erf, "relu": stax.Relu, "sin": stax.Sin, "gelu": lambda: stax.Gelu(approximate=False)}
NUMERICAL = {
    "tanh": jax.numpy.tanh,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "silu": jax.nn.silu,
    "mish": lambda x: x * jax.numpy.tanh(jax.nn.softplus(x)),
}
DEGREE = 200
"""Of its Gauss-Hermite rule."""


def kernel(case: dict) -> np.ndarray:
    """Theta of a fully connected network."""
    name, scale = case["activation"], case["parametrization"]
    standard = scale == "standard"
    b_std = None if not case["bias"] else 0.0 if standard else 1.0
    act = CLOSED[name]() if name in CLOSED else stax.ElementwiseNumerical(NUMERICAL[name], deg=DEGREE)
    widths = case["hidden_widths"] or [512] * case["hidden_layers"]
    layers = [part for m in widths for part in (stax.Dense(m, W_std=1.0, b_std=b_std, parameterization=scale), act)]
    *_, kernel_fn = stax.serial(*layers, stax.Dense(1, W_std=1.0, b_std=b_std, parameterization=scale))
    return np.asarray(kernel_fn(np.array(case["x"]), None, "ntk"))


if __name__ == "__main__":
    json.dump([kernel(case).tolist() for case in json.load(sys.stdin)], sys.stdout)
