"""The kernel of infinite width against that of neural-tangents, where it is installed.

Its closed forms are those of four activations; of the others it has a Gauss-Hermite rule.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import torch

from pltheory.measure.infinite_width import infinite_width
from tests.cases import draws

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".peers/jax/bin/python"
CLOSED = ("erf", "relu", "sin", "gelu")
NUMERICAL = ("tanh", "sigmoid", "softplus", "silu", "mish")
SETTINGS = ((1, False, "ntk"), (2, True, "standard"), (3, True, "ntk"), (2, False, "standard"))


def cases() -> list[dict]:
    (x,) = draws(5, (4, 6))
    large = (10 * x).tolist()
    found = []
    for name in CLOSED + NUMERICAL:
        for layers, bias, scale in SETTINGS[: 2 if name in NUMERICAL else 4]:
            found.append(
                {
                    "x": x.tolist() if name in NUMERICAL or layers > 1 else large,
                    "activation": name,
                    "hidden_layers": layers,
                    "bias": bias,
                    "parametrization": scale,
                    "hidden_widths": [300, 200] if scale == "standard" else None,
                }
            )
    return found


@pytest.mark.skipif(not PYTHON.exists(), reason="neural-tangents is not installed: `make bench` installs it")
def test_neural_tangents_has_the_same_kernels(record_property):
    asked = cases()
    script = ROOT / "tests/benchmarks/solvers/jax_limits.py"
    end = subprocess.run(
        [PYTHON, script], input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=600
    )
    assert end.returncode == 0, end.stderr[-2000:]
    worst: dict[str, float] = {}
    for case, theirs in zip(asked, json.loads(end.stdout), strict=True):
        x = torch.tensor(case.pop("x"), dtype=torch.float64)
        ours = infinite_width(x, **case).kernel
        error = float((ours - torch.tensor(theirs, dtype=torch.float64)).abs().max() / ours.abs().max())
        worst[case["activation"]] = max(worst.get(case["activation"], 0.0), error)
    record_property("largest relative difference", worst)
    assert len(worst) == len(CLOSED) + len(NUMERICAL)
    for name in CLOSED + NUMERICAL:
        assert worst[name] < 1e-6, worst
