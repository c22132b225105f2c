"""The numerical tests on the processors that one machine can be: `python -m tests.processors [--jobs N]`.

torch and MKL choose their instructions at the start of a process, and can be told to choose those of another
processor. Sums are then added in another order, by instructions that round at other places. A test or a verdict that
hangs on the last bit fails somewhere in this table.

Nine settings, in which every value of one switch meets every value of each other one. Writes docs/processors.txt;
exits 1 if a test failed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from pltheory.theorems.guard import BUILT_IN
from tests.benchmarks.machine import facts

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "processors.txt"
CONTRACT = "tests/verification/test_contract.py::test_the_theorems_of_this_project_keep_the_contract"
TESTS = (
    "tests/runs/test_rounding.py",
    "tests/runs/test_run.py",
    *(f"{CONTRACT}[{name}-test_a_promise_is_kept_by_the_run]" for name in BUILT_IN),
    "tests/theorems/test_hypotheses.py::test_a_start_without_loss_is_answered",
    "tests/theorems/test_guard.py",
    "tests/theorems/test_own_theorem.py::TestFullBatch::test_a_promise_is_kept_by_the_run",
    "tests/theorems/test_own_theorem.py::TestFullBatch::test_it_applies_where_its_author_says",
    "tests/problem/test_loss_gradient.py",
    "tests/problem/test_problem.py",
    "tests/optim/test_delta_gclip.py",
    "tests/measure/test_ntk.py",
    "tests/measure/test_spectrum.py",
    "tests/measure/test_ball_search.py",
)
"""What compares numbers that torch computed; the arithmetic of `pltheory.rigor` has `tests/rigor/test_dispatch.py`."""
CAPABILITY = ("default", "avx2", "")
MKL = ("COMPATIBLE", "AVX2", "")
BITS = """
import hashlib, torch
g = torch.Generator().manual_seed(0)
a, b = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((37, 1001), (1001, 53)))
parts = (a @ b, (a @ b).tanh().exp(), a.sum(), torch.linalg.eigvalsh(a @ a.T))
print(hashlib.sha256(b"".join(p.numpy().tobytes() for p in parts)).hexdigest()[:6])
"""
"""Two settings with the same answer here are one arithmetic under two names."""


@dataclass(frozen=True)
class Setting:
    """Switches of one run of the tests; empty: as the machine has it."""

    capability: str
    mkl: str
    threads: int
    moved: bool

    @property
    def environment(self) -> dict[str, str]:
        """Of the process."""
        kept = {k: v for k, v in os.environ.items() if k not in ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "LAST_PLACE")}
        if self.capability:
            kept["ATEN_CPU_CAPABILITY"] = self.capability
        if self.mkl:
            kept["MKL_CBWR"] = self.mkl
        if self.moved:
            kept["LAST_PLACE"] = "1"
        return kept | {"OMP_NUM_THREADS": str(self.threads), "MKL_NUM_THREADS": str(self.threads)}

    def row(self, bits: str, passed: int, failed: int, seconds: float) -> str:
        """Of the table."""
        names = (
            self.capability or "unset",
            self.mkl or "unset",
            f"{self.threads}",
            "moved" if self.moved else "as made",
        )
        return f"| {' | '.join(names)} | `{bits}` | {passed} | {failed} | {seconds:.0f} |"


def settings() -> list[Setting]:
    """All nine pairs of the first two switches; the third and fourth are laid out so that every pair occurs."""
    return [
        Setting(CAPABILITY[i], MKL[j], 2 if (i + j) % 3 == 0 else 1, i != j)
        for i, j in itertools.product(range(3), repeat=2)
    ]


def one(setting: Setting) -> tuple[str, list[str]]:
    """Row of a setting, and the names of the tests that failed.

    Raises:
        RuntimeError: pytest itself failed.
    """
    bits = subprocess.run(
        [sys.executable, "-c", BITS], env=setting.environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", f"--junitxml={record}", *TESTS]
        start = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=setting.environment, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - start
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{setting}: pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr}")
        cases = list(ElementTree.parse(record).iter("testcase"))
    failed = [
        f"{c.get('classname')}::{c.get('name')}"
        for c in cases
        if c.find("failure") is not None or c.find("error") is not None
    ]
    skipped = sum(c.find("skipped") is not None for c in cases)
    return setting.row(bits, len(cases) - len(failed) - skipped, len(failed), seconds), failed


def page(rows: list[tuple[str, list[str]]]) -> str:
    """Table, machine and failing tests as Markdown."""
    at = facts()
    machine = ", ".join(f"{k} {at[k]}" for k in ("processor", "cores", "torch", "numpy, scipy", "date"))
    lines = [
        "| ATEN_CPU_CAPABILITY | MKL_CBWR | threads | last place | bits | passed | failed | seconds |",
        "|---|---|---|---|---|---|---|---|",
        *(row for row, _ in rows),
        "",
        f"Measured on: {machine}. Tests: {', '.join(f'`{t}`' for t in TESTS)}.",
    ]
    failed = sorted({name for _, names in rows for name in names})
    return "\n".join([*lines, *(["", "Failed:", "", *(f"- `{name}`" for name in failed)] if failed else [])]) + "\n"


def main() -> int:
    """Run all settings; 1 if a test failed in one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1, help="settings at once; seconds are then not those of one alone")
    jobs = parser.parse_args().jobs
    rows = []
    with ThreadPoolExecutor(jobs) as pool:
        for row, failed in pool.map(one, settings()):
            rows.append((row, failed))
            print(row, *failed, sep="\n  ", flush=True)  # noqa: T201
    PAGE.write_text(page(rows), encoding="utf-8")
    return int(any(failed for _, failed in rows))


if __name__ == "__main__":
    sys.exit(main())
