"""neural-tangents by structured derivatives, jitted, weights stored (in, out) as it is fastest."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from networks import cnn_inputs, cnn_layers, mlp_inputs, mlp_layers

jax.config.update("jax_enable_x64", True)
# Its bridge to TensorFlow is imported with the package and would need all of TensorFlow.
sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")
nt: Any = importlib.import_module("neural_tangents")


def _kernel(apply: Callable, params: Any, x: np.ndarray) -> Callable[[], Any]:
    kernel = nt.empirical_ntk_fn(
        apply, trace_axes=(), vmap_axes=0, implementation=nt.NtkImplementation.STRUCTURED_DERIVATIVES
    )
    params, x = jax.tree_util.tree_map(jnp.asarray, params), jnp.asarray(x)
    compiled = jax.jit(lambda p, inputs: kernel(inputs, None, p)).lower(params, x).compile()
    return lambda: compiled(params, x).block_until_ready()  # (n, n, C, C)


def _mlp(case: dict) -> Callable[[], Any]:
    def apply(params: Any, x: Any) -> Any:
        *hidden, (weight, bias) = params
        for w, b in hidden:
            x = jnp.tanh(x @ w + b)
        return x @ weight + bias

    return _kernel(apply, mlp_layers(case), mlp_inputs(case))


def _cnn(case: dict) -> Callable[[], Any]:
    *convolutions, (weight, bias) = cnn_layers(case)
    params: list = [(np.ascontiguousarray(w.transpose(2, 3, 1, 0)), b) for w, b in convolutions]
    side = case["side"] - 2 * len(convolutions)
    # Features in the order h, w, c here and c, h, w there.
    last = weight.reshape(10, -1, side, side).transpose(2, 3, 1, 0).reshape(-1, 10)
    params.append((np.ascontiguousarray(last), bias))

    def apply(params: Any, x: Any) -> Any:
        *hidden, (weight, bias) = params
        for w, b in hidden:
            x = jax.lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + b
            x = jax.nn.relu(x)
        return x.reshape(x.shape[0], -1) @ weight + bias

    return _kernel(apply, params, np.ascontiguousarray(cnn_inputs(case).transpose(0, 2, 3, 1)))


SOLVERS = {"neural-tangents": _mlp, "neural-tangents cnn": _cnn}


def array(result: Any) -> np.ndarray:
    """Sample-major (n C, n C)."""
    n, _, c, _ = result.shape
    return np.asarray(result).transpose(0, 2, 1, 3).reshape(n * c, n * c)
