"""The contract that third-party theorems run, run on this project's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.problem.problem import Problem
from pltheory.theorems.guard import BUILT_IN, Guarded
from pltheory.verification.contract import Sample, TheoremContract, near_solution
from tests.oracles.shrunken import shrunken

RULE = DeltaGClipSettings(eta="0.5/beta", gamma=1e-6, delta=0.2)
OTHER_RULES = {
    "LZB22-6": GradientDescentSettings(eta="0.5/beta"),
    "M": DeltaGClipSettings(eta="0.05/beta", gamma=1e-6, delta=0.2, momentum=0.5),
    "Mb": DeltaGClipSettings(eta="0.05/beta", gamma=1e-6, delta=0.2, momentum=0.5, clip="buffer"),
    "T+M": DeltaGClipSettings(eta="0.05/beta", gamma=1e-6, delta=0.2, momentum=0.5),
    "M2": GradientDescentSettings(eta="0.06/beta", momentum=0.8),
    "M3": GradientDescentSettings(eta="1/beta", momentum=0.8),
    "W1": DeltaGClipSettings(eta="0.5/beta", gamma=1e-3, delta=0.2, weight_decay=0.5),
    "W2": DeltaGClipSettings(eta="0.5/beta", gamma=1e-6, delta=0.2, weight_decay=1e-9),
    "F1": GradientDescentSettings(eta="0.1/beta"),
    "F2": GradientDescentSettings(eta="0.1/beta"),
    "F3": GradientDescentSettings(eta="0.1/beta"),
    "F4": GradientDescentSettings(eta="0.1/beta"),
}
"""Of theorems that speak of other steps."""
QUICK = ("B", "F1", "M")
CHECKS = [name for name in dir(TheoremContract) if name.startswith("test_")]


def classifier() -> Problem:
    """Class labels, and two linear layers at the end."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 4), nn.Linear(4, 2)).double()
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Problem(net, x, torch.arange(6) % 2)


class BuiltIn(TheoremContract):
    def __init__(self, name):
        self.name = name

    def candidate(self):
        return Guarded(BUILT_IN[self.name])

    def applies(self):
        if self.name in ("LZB22-4", "LZLL22", "ZM26-1", "ZM26-2", "ZM26-3"):
            return None  # its constant is not given
        rule = OTHER_RULES.get(self.name, RULE)
        # Of networks without kinks N says nothing.
        problem = near_solution(24, 1e-7, activation="relu") if self.name == "N" else near_solution(8, 1e-5)
        problem = shrunken(0.5) if self.name == "W1" else problem
        problem = classifier() if self.name == "NC" else problem
        # One sample a batch: the mean of a smaller last batch is another problem than its sum.
        batches = {
            "F1": Batches(1), "F2": Batches(1, "random"), "F3": Batches(1), "F4": Batches(1, workers=1, passes=2)
        }.get(self.name)  # fmt: skip
        return Sample("near a solution", problem, rule, checkpoint="w.pt", batches=batches)

    def samples(self):
        for sample in super().samples():
            # Those that follow a run, and B+, are asked where they answer soon.
            if self.name not in ("B+", "D", "F3", "T", "T+B", "T+L", "T+M") or "near a solution" in sample.name:
                yield sample


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in BUILT_IN])
def test_the_theorems_of_this_project_keep_the_contract(name, check):
    getattr(BuiltIn(name), check)()
