"""A report as `pltheory-report/1` has it, a manifest, a trace and sweep records, small enough to be read."""

from __future__ import annotations

from typing import Any

import numpy as np

from pltheory.runs.trace import Trace
from pltheory.study.scaling import fit_laws
from tests.by_name import THEOREMS


def theorem(name: str, verdict: str = "HOLDS", **changes: Any) -> dict[str, Any]:
    it = THEOREMS[name]
    rows = [
        {
            "name": h.name,
            "needed": f"need-{name}-{i}",
            "measured": f"got-{name}-{i}",
            "margin": 1.5 + i,
            "verdict": verdict,
            "how": f"how-{name}-{i}",
        }
        for i, h in enumerate(it.hypotheses)
    ]
    reach = {
        "ratio": 2.25, "best_radius": 9.5, "holds": verdict == "HOLDS", "radius": 3.25, "required": 3.125, "beta": 2.5,
        "eta": 0.04, "mu": 0.125, "delta": 0.1, "rate": 0.999, "eta_limit": 0.5,
    }  # fmt: skip
    made = {
        "id": name, "title": it.title, "citation": it.citation, "verdict": verdict, "hypotheses": rows, "reach": reach,
        "shortfall": "" if verdict == "HOLDS" else f"short-{name}", "conclusion": it.conclusion,
    }  # fmt: skip
    return {**made, **changes}


def report(verdict: str = "HOLDS", theorems: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    theorems = [theorem("B", verdict)] if theorems is None else theorems
    bound = {"value": 0.25, "kind": "exact", "method": "eigvalsh", "round_off_counted": False}
    held = verdict == "HOLDS"
    made = {
        "schema": "pltheory-report/1",
        "verdict": verdict,
        "evidence": "agrees" if held else "empirical only",
        "loss_scale": "sum",
        "optimizer": {"name": "delta-gclip", "eta": "0.1/beta", "gamma": 0.5, "delta": 0.1},
        "measured": {
            "lambda_min": bound,
            "lambda_max": bound,
            "curvature_at_start": bound,
            "residual": 2.5,
            "profile_unavailable": None,
        },
        "main_theorem": theorems[0]["id"],
        "theorems": theorems,
        "closing_width": None if held else 4242,
        "run": {
            "reason": "converged",
            "steps": 20,
            "loss_start": 3.0,
            "loss_end": 3e-13,
            "path_length": 1.5,
            "distance": 1.25,
            "kernel_drift": 0.0125,
            "checked_every_step": ["rate, L_{t+1} <= L_t", "path length"] if held else [],
            "round_off_granted_to_residual": 1e-13,
            "first_violation": None,
            "note": "in the network's own coordinates",
        },
    }
    return {**made, **changes}


def pieces() -> dict[str, int]:
    return {"arguments": 1280, "changes": 321, "recorded": 36}


def rounding() -> dict[str, Any]:
    rows = [("rate, L_{t+1} <= L_t", 3, 1.0, 2.0, 1e-13), ("path length", 7, 1.5, 3.125, 2.5e-12)]
    names = ("name", "step", "left", "right", "granted")
    granted = [dict(zip(names, row, strict=True)) for row in rows]
    return {"how": "bound, from sizes", "loss_floor": 1e-26, "granted": granted}


def manifest() -> dict[str, Any]:
    return {
        "schema": "pltheory-manifest/1",
        "config": {"network": {"hidden": [4000], "activation": "tanh"}, "data": {"source": "digits", "n": 10}},
        "config_hash": "0123456789abcdef",
        "seed": 7,
        "device": "cpu",
        "dtype": "float64",
        "command": ["verify", "digits.toml"],
        "python": "3.11",
    }


def trace(steps: int = 20) -> Trace:
    t = np.arange(steps + 1)
    recorded = np.array([0, 1, steps // 2, steps])
    return Trace(
        loss=3.0 * 0.25**t,
        grad_norm=1.5 * 0.5 ** t[:-1],
        step_size=np.where(t[:-1] < 3, 0.01, 0.04),
        path=1.5 * (1 - 0.5**t),
        recorded=recorded,
        distance=1.25 * (1 - 0.5**recorded),
        lambda_min=np.full(4, 0.25),
    )


def records() -> list[dict[str, Any]]:
    return [
        {
            "values": {"network.hidden": [m], "run.seed": s},
            "width": m,
            "seed": s,
            "lambda_min": 0.25 * (1 + 0.01 * s),
            "hessian_norm": (1 + 0.1 * s) * m**-0.5,
            "kernel_drift": (1 + 0.1 * s) / m,
            "path_length": 2.0 + 0.1 * s,
            "certificate_ratio": (1 + 0.1 * s) * (m / 1000) ** 0.5,
            "verdict": "HOLDS" if m > 1000 else "UNDECIDED",
        }
        for m in (64, 512, 4096)
        for s in (0, 1)
    ]


def fits() -> list[Any]:
    return fit_laws(records())
