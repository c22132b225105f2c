"""What a proof costs beside the float64 path, both run in turn in one process: ratios, not times.

The float64 path is what HOLDS rests on: linearisation, tangent kernel, all of its eigenvalues, profile, radius search.
The proof is what CERTIFIED asks for on top: the enclosure of network and kernel, verified eigenvalue bounds, the
certificate. Run with `pytest tests/benchmarks/test_proof_cost.py --benchmark-only`; nothing here asserts a time, the
ratios are printed and stand in the JSON record (`--benchmark-json`) as extra_info.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import pltheory as pl
from pltheory.certification.certificate import certify
from pltheory.certification.polish import polish
from pltheory.certification.profile import Profile, profile
from pltheory.certification.radius import reach
from pltheory.measure.linearization import linearize
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.problem.settings import DeltaGClipSettings, StepSettings
from pltheory.study.build import problem_of, settings_of
from pltheory.study.config import read_config

pytest.importorskip("pytest_benchmark")
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")

DIGITS = Path(__file__).parents[2] / "examples/digits.toml"


def float64(problem: Problem, settings: StepSettings, theorem: str) -> Profile:
    lin = linearize(problem.network, problem.x)
    bounds = profile(lin, float((lin.outputs - problem.y).norm()), problem.scale)
    assert reach(bounds, settings, theorem).holds
    return bounds


def in_turn(benchmark, capsys, first: Callable[[], object], second: Callable[[], object], rounds: int) -> None:
    """Benchmark both, one after the other in every round, and report the median of second over first."""
    wall, work = [], []

    def both() -> None:
        marks = []
        for part in (lambda: None, first, second):
            part()
            marks.append((time.perf_counter(), time.process_time()))
        (a, pa), (b, pb), (c, pc) = marks
        wall.append((c - b) / (b - a))
        work.append((pc - pb) / (pb - pa))

    benchmark.pedantic(both, rounds=rounds, warmup_rounds=1)
    ratios = {
        "proof / float64, wall": statistics.median(wall[1:]),
        "proof / float64, processor": statistics.median(work[1:]),
    }
    benchmark.extra_info.update(ratios, wall=wall[1:], processor=work[1:])
    with capsys.disabled():
        for name, value in ratios.items():
            sys.stdout.write(f"\n{benchmark.name}: {name} {value:.2f} (median of {rounds}, {min(wall[1:]):.2f} to ")
            sys.stdout.write(f"{max(wall[1:]):.2f} by wall clock)\n")


def test_main_job(benchmark, capsys):
    config = read_config(DIGITS.read_text(encoding="utf-8"), folder=DIGITS.parent)
    problem, settings = problem_of(config), settings_of(config)
    bounds = float64(problem, settings, "B")

    def proof() -> None:
        assert certify(problem, settings, bounds, theorem="B").holds

    in_turn(benchmark, capsys, lambda: float64(problem, settings, "B"), proof, 5)


@pytest.mark.parametrize("hidden", [[512]], ids=["one hidden layer"])
def test_checkpoint_with_four_thousand_outputs(benchmark, capsys, hidden):
    x, y = pl.datasets.digits(400, labels="one-hot")
    settings = DeltaGClipSettings("0.1/beta", 0.5, 0.1)
    start = Problem(fully_connected([64, *hidden, 10], seed=0), x, y)
    polished = polish(start, settings)

    def proof() -> None:
        assert certify(polished.problem, settings, polished.profile, theorem="C").holds

    in_turn(benchmark, capsys, lambda: float64(polished.problem, settings, "C"), proof, 3)
