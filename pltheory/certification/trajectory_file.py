"""Certificates of Theorem D as files: the claims of every step as arrays, the last step's as text.

The claims of step t are about the exact iterate x_t and the ball of radius eps_t about it, so they do not depend on the
bits of the run that found them; of that run only its end w_T is kept.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..rigor.roundoff import Array, down
from ..rigor.scalar import interval
from ..theory import InvalidInputError
from ..theory.theorems import theorem
from .certificate_file import SCHEMA, _number, array_hash, text_hash
from .trajectory import TrajectoryCertificate
from .trajectory_network import FloatNetwork

BRANCHES = {"full": 1.0, "band": 2.0, "floor": 4.0}
"""A step's branches are stored as the sum of these."""


def trajectory_arrays(c: TrajectoryCertificate) -> dict[str, Array]:
    """The arrays of a certificate by the names they have in its file.

    W1.., b1.., end_W1.., end_b1.. (where there is a bias), x, y; eps (T + 1,); rho, factor, residual, lipschitz,
    curvature, beta, low, high, branches (T,); grid and sigma, the profile about w_T.
    """
    if c.basin is None or not c.basin.holds:
        raise InvalidInputError("only a certificate that holds is written")
    if not c.steps:
        raise InvalidInputError("Theorem D took no step here: Theorem B at the same weights says as much")
    r = c.records
    columns = {
        "rho": [s.rho for s in r],
        "factor": [s.factor for s in r],
        "residual": [s.residual for s in r],
        "lipschitz": [s.lipschitz for s in r],
        "curvature": [s.curvature for s in r],
        "beta": [s.beta for s in r],
        "low": [s.gradient.lo for s in r],
        "high": [s.gradient.hi for s in r],
        "branches": [sum(BRANCHES[b] for b in s.branches) for s in r],
        "eps": [*(s.eps for s in r), c.eps],
        "grid": c.basin.grid,
        "sigma": c.basin.sig,
    }
    vectors = {name: np.array(column, dtype=np.float64) for name, column in columns.items()}
    return {**_parts(c.start, ""), **_parts(c.final, "end_"), "x": c.x, "y": c.y, **vectors}


def _parts(net: FloatNetwork, prefix: str) -> dict[str, Array]:
    named = {f"{prefix}W{l}": w for l, w in enumerate(net.weights, 1)}
    return named | {f"{prefix}b{l}": b for l, b in enumerate(net.biases, 1) if b is not None}


def trajectory_text(c: TrajectoryCertificate, arrays_file: str) -> str:
    """The JSON text of a certificate of Theorem D.

    Args:
        c: the certificate.
        arrays_file: name of the .npz beside it.

    Raises:
        InvalidInputError: the certificate does not hold, or has no steps.
    """
    arrays = trajectory_arrays(c)
    b, distance = c.basin, c.distance
    if b is None or distance is None or b.rho is None or b.mu is None or b.floor is None or b.rate is None:
        raise InvalidInputError("only a certificate that holds is written")
    scale = interval(c.scale)
    lambda_min = max(0.0, float(down(b.sigma * b.sigma)))
    step = (scale * b.beta * c.eta).hi
    claim: dict[str, Any] = {
        "schema": SCHEMA,
        "theorem": "D",
        "conclusion": theorem("D").conclusion,
        "citation": theorem("D").citation,
        "statement": "exact-arithmetic iteration from the stored float64 weights on the stored float64 data",
        "network": {
            "activation": c.start.activation,
            "kappas": [_number(k) for k in c.start.kappa],
            "taus": [_number(t) for t in c.start.tau],
            "layers": c.start.depth,
        },
        "loss": "sum" if c.scale == 1 else "mean",
        "optimizer": {
            "name": {0.0: "gclip", 1.0: "gd"}.get(c.delta, "delta-gclip"),
            "eta": _number(c.eta),
            "gamma": _number(c.gamma),
            "delta": _number(c.delta),
        },
        "arrays": {"file": arrays_file, "sha256": {name: array_hash(value) for name, value in arrays.items()}},
        "trajectory": {"steps": c.steps, "eps": _number(c.eps)},
        "ball": {"radius": _number(b.grid[-1])},
        "bounds": {
            "growth": {"kind": "upper", **_number(c.growth)},
            "displacement": {"kind": "upper", **_number(c.displacement)},
            "residual": {"kind": "upper", **_number(b.residual)},
            "lambda_min": {"kind": "lower", **_number(lambda_min)},
            "lipschitz": {"kind": "upper", **_number(b.lipschitz)},
            "ell": {"kind": "upper", **_number(b.ell)},
            "beta": {"kind": "upper", **_number((scale * b.beta).hi)},
            "required": {"kind": "upper", **_number(b.rho)},
            "mu": {"kind": "lower", **_number((scale * b.mu).lo)},
            "floor": {"kind": "lower", **_number(b.floor)},
            "rate": {"kind": "upper", **_number(b.rate)},
            "distance": {"kind": "upper", **_number(distance)},
        },
        "hypotheses": [
            _below("0 < lambda_min(K(w_T))", 0.0, lambda_min),
            _below("beta eta < 2", step, 2.0),
            _below("norm of r on B(w_T, eps_T) < (1 - beta eta / 2) int sig", b.residual, b.available),
        ],
        "assumptions": [],
    }
    claim["sha256"] = text_hash(claim)
    return json.dumps(claim, indent=1)


def _below(name: str, left: float, right: float) -> dict[str, Any]:
    return {"name": name, "left": _number(left), "relation": "<", "right": _number(right)}
