"""The parts of `pltheory verify examples/digits.toml`, and the start of the program.

Run with `pytest tests/benchmarks/test_main_job.py --benchmark-only`; nothing here asserts a time.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pltheory.problem.problem import Problem
from pltheory.study.build import problem_of, settings_of
from pltheory.study.config import Config, read_config
from pltheory.verification.convergence import run
from pltheory.verification.report import verify

pytest.importorskip("pytest_benchmark")
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")

DIGITS = Path(__file__).parents[2] / "examples/digits.toml"


@pytest.fixture(scope="module")
def config() -> Config:
    return read_config(DIGITS.read_text(encoding="utf-8"), folder=DIGITS.parent)


@pytest.fixture(scope="module")
def problem(config: Config) -> Problem:
    return problem_of(config)


def test_build(benchmark, config):
    assert benchmark.pedantic(problem_of, (config,), rounds=3, warmup_rounds=1).x.shape == (10, 64)


def test_measure_and_check(benchmark, config, problem):
    report = benchmark.pedantic(verify, (problem, settings_of(config)), {"steps": 0}, rounds=3, warmup_rounds=1)
    assert report.verdict == "HOLDS"


def test_fifty_steps(benchmark, config, problem):
    result = benchmark.pedantic(
        run, (problem, settings_of(config), 0.04), {"steps": 50, "records": 2}, rounds=3, warmup_rounds=1
    )
    assert len(result.trace.step_size) == 50


def test_version(benchmark):
    command = [str(Path(sys.executable).with_name("pltheory")), "--version"]
    done = benchmark.pedantic(
        subprocess.run, (command,), {"check": False, "capture_output": True}, rounds=5, warmup_rounds=1
    )
    assert done.returncode == 0
