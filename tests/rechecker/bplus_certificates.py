"""Certificates of Theorem B+ to be rechecked: small problems whose targets are near the outputs, every activation."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch

from pltheory.certification.bplus import BPlusResult, certify_bplus
from pltheory.certification.claim import Claim
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings, StepSettings
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from tests.by_name import bplus_claim
from tests.forge import Forge

GRID = {"cells": 24, "phases": 3}


def near(
    activation: str, *, loss: Any = "sum", n: int = 3, width: int = 100, distance: float = 0.02, **more: Any
) -> Problem:
    """A network whose targets are near its outputs, so that little width is enough."""
    seed = more.setdefault("seed", 0)
    generator = torch.Generator().manual_seed(seed)
    net = fully_connected([4, width, 1], activation=activation, **more)
    x = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        y = net(x) + distance * torch.randn(n, 1, generator=generator, dtype=torch.float64)
    return Problem(net, x, y, loss)


CASES: dict[str, tuple[Callable[[], Problem], StepSettings]] = {
    "plain": (lambda: near("tanh"), DeltaGClipSettings(0.08, gamma=3e-3, delta=0.1)),
    "bias-mean": (lambda: near("tanh", bias=True, loss="mean"), GClipSettings("0.5/beta", gamma=1e-3)),
    "gd-standard": (
        lambda: near("tanh", bias=True, parametrization="standard", width=300),
        GradientDescentSettings("0.3/beta"),
    ),
    "rademacher": (lambda: near("tanh", output_init="rademacher"), DeltaGClipSettings("0.1/beta", 0.5, 0.1)),
    # The bounds of second order are a good part of all here.
    "far": (lambda: near("tanh", width=400, distance=0.5), DeltaGClipSettings("0.1/beta", 0.5, 0.1)),
    "sigmoid": (lambda: near("sigmoid", bias=True), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "softplus": (lambda: near("softplus", bias=True), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "erf": (lambda: near("erf", bias=True), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "gelu": (lambda: near("gelu"), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "silu": (lambda: near("silu", loss="mean", n=2), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "mish": (lambda: near("mish", n=2), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
    "sin": (lambda: near("sin", n=2), DeltaGClipSettings("0.5/beta", 0.01, 0.1)),
}


@cache
def found_for(name: str) -> BPlusResult:
    problem, rule = CASES[name][0](), CASES[name][1]
    return certify_bplus(problem, rule, rigorous=True, **GRID)


@cache
def proved(name: str) -> Claim:
    claim = bplus_claim(CASES[name][0](), CASES[name][1], found_for(name))
    assert claim.holds, claim.shortfall
    return claim


@cache
def files(name: str) -> tuple[str, bytes]:
    claim = proved(name)
    return claim.text("c.cert.npz"), claim.arrays_bytes()


def forged(folder: Path, name: str = "plain") -> Forge:
    return Forge(folder, *files(name))
