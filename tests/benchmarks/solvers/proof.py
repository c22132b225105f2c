"""What a proof costs beside the float64 path.

The float64 path is what HOLDS rests on: linearisation, tangent kernel, all of its eigenvalues, profile, radius search.
The proof is what CERTIFIED asks for on top: the enclosure of network and kernel, verified eigenvalue bounds, the
certificate.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import pltheory as pl
from pltheory.certificates.polish import polish
from pltheory.certification.profile import Profile, profile
from pltheory.measure.linearization import linearize
from pltheory.optim import StepSettings
from pltheory.problem.problem import Problem
from pltheory.study.build import problem_of, settings_of
from pltheory.study.config import read_config
from tests.by_name import certify, reach

Prepared = tuple[Problem, StepSettings, Profile, str]


def _prepared(case: dict) -> Prepared:
    if "config" in case:
        text = (Path(__file__).parents[3] / case["config"]).read_text(encoding="utf-8")
        config = read_config(text)
        problem, settings = problem_of(config), settings_of(config)
        return problem, settings, _bounds(problem), "B"
    x, y = pl.datasets.digits(case["n"], labels="one-hot")
    settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
    polished = polish(pl.Problem(pl.fully_connected([64, *case["hidden"], 10], seed=0), x, y), settings)
    return polished.problem, settings, polished.profile, "C"


def _bounds(problem: Problem) -> Profile:
    lin = linearize(problem.network, problem.x)
    return profile(lin, float((lin.outputs - problem.y).norm()), problem.scale)


def _proof(case: dict) -> Callable[[], Any]:
    problem, settings, bounds, theorem = _prepared(case)
    return lambda: certify(problem, settings, bounds, theorem=theorem).holds


def _float64(case: dict) -> Callable[[], Any]:
    problem, settings, _, theorem = _prepared(case)
    return lambda: reach(_bounds(problem), settings, theorem).holds


SOLVERS = {"proof": _proof, "float64 path": _float64}


def array(result: bool) -> np.ndarray:
    """1 where every hypothesis holds: both have to say so."""
    return np.array([float(result)])
