"""Whether memory, open files and threads stay flat in a process that runs for hours.

    python -m tests.soak --minutes 60 --page docs/soak.txt

One process calls what the command line calls, round after round in a fresh folder: `verify` of a network that crosses
no kink and of one that does, `certify` of a checkpoint, `recheck` of its certificate, a study of four points, its page.
After each round garbage is collected and the process measured; the first tenth of the time is not looked at.
torch keeps the source text of every graph that it traces, for tracebacks: it is counted apart and thrown away.
Files and threads must not grow by one. Memory grows if, by the lower end of the 99 % interval of Theil and Sen's
slope, it has gained more over all rounds than it moves from one to the next, or a MiB.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import linecache
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import theilslopes
from torch.fx import graph_module

from pltheory.cli import cli
from tests.benchmarks.machine import ran
from tests.study.kills import write_inputs

KINKED = """
theorem = {name = "D"}
network = {hidden = [64], activation = "relu"}
data = {source = "digits", n = 2, labels = "low-high"}
optimizer = {name = "gd", eta = "0.1/beta"}
run.steps = 400
"""
ROUND = (
    (("verify", "run.toml", "--out", "run"), (0, 3)),
    (("verify", "kinked.toml", "--out", "kinked"), (0, 3)),
    (("certify", "fitted.pt", "--config", "fitted.toml"), (0,)),
    (("recheck", "fitted.cert.json"), (0,)),
    (("sweep", "run.toml", "--set", "sweep.run.seed=[0, 1, 2, 3]", "--out", "study", "--workers", "0"), (0,)),
    (("report", "study"), (0,)),
)
"""Commands, and how each may end."""
WARM = 0.1
"""Share of the time that is not looked at: caches fill, the allocator takes what it needs."""


@dataclass(frozen=True)
class Sample:
    """The process after a round: seconds since the start, resident MiB, open files, threads; KiB of traced graphs."""

    seconds: float
    memory: float
    files: int
    threads: int
    traced: float


def forget_traced() -> float:
    """KiB of source text of traced graphs, gone."""
    texts = graph_module._loader.eval_cache
    size = sum(map(len, texts.values())) / 1024
    texts.clear()
    linecache.clearcache()
    return size


def sample(start: float) -> Sample:
    """The process now."""
    traced = forget_traced()
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    memory, threads = int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"])
    return Sample(time.monotonic() - start, memory, len(os.listdir("/proc/self/fd")), threads, traced)


def soak(minutes: float, one_round: Callable[[], None]) -> list[Sample]:
    """Samples after every round, for so long and at least twenty."""
    start, found = time.monotonic(), list[Sample]()
    while len(found) < 20 or found[-1].seconds < 60 * minutes:
        one_round()
        found.append(sample(start))
    return found


@dataclass(frozen=True)
class Growth:
    """What grew over the rounds that are looked at.

    Attributes:
        samples: those rounds.
        slope: MiB a round, with the ends of its 99 % interval.
        noise: MiB by which memory differs from one round to the next, the median.
    """

    samples: list[Sample]
    slope: tuple[float, float, float]
    noise: float

    @classmethod
    def of(cls, samples: list[Sample]) -> Growth:
        """From all rounds."""
        kept = [s for s in samples if s.seconds >= WARM * samples[-1].seconds]
        memory = np.array([s.memory for s in kept])
        fit = theilslopes(memory, np.arange(len(kept)), alpha=0.99)
        slope = float(fit.slope), float(fit.low_slope), float(fit.high_slope)
        return cls(kept, slope, float(np.median(np.abs(np.diff(memory)))))

    @property
    def findings(self) -> list[str]:
        """What is not flat, in words."""
        found = list[str]()
        rise = self.slope[1] * (len(self.samples) - 1)
        if rise > max(self.noise, 1.0):
            found.append(f"memory grew by at least {rise:.1f} MiB in {len(self.samples)} rounds")
        later = self.samples[len(self.samples) // 2 :]
        for what, counts in (("open files", [s.files for s in later]), ("threads", [s.threads for s in later])):
            first = getattr(self.samples[0], what.split()[-1])
            if min(counts) > first:
                found.append(f"{what} grew from {first} to {min(counts)}")
        return found

    @property
    def page(self) -> str:
        """The figures as a table."""
        columns = (
            ("resident memory, MiB", [round(s.memory) for s in self.samples]),
            ("open files", [s.files for s in self.samples]),
            ("threads", [s.threads for s in self.samples]),
        )
        lines = ["| after the first tenth | at first | at the end | least | most |", "|---" * 5 + "|"]
        lines += [f"| {what} | {of[0]} | {of[-1]} | {min(of)} | {max(of)} |" for what, of in columns]
        middle, low, high = (1024 * slope for slope in self.slope)
        lines += [
            "",
            f"{self.samples[-1].seconds / 60:.0f} minutes, {len(self.samples)} rounds looked at. "
            f"Memory a round: {middle:.0f} KiB (99 % interval {low:.0f} to {high:.0f}). "
            f"Source text of graphs that torch traced, thrown away: {self.samples[-1].traced:.0f} KiB a round.",
        ]
        return "\n".join(lines) + "\n"


def commands(folder: Path) -> None:
    """One round of the command line in a new folder, which is removed."""
    write_inputs(folder)
    (folder / "kinked.toml").write_text(KINKED, encoding="utf-8")
    with contextlib.chdir(folder):
        for arguments, codes in ROUND:
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = cli.main(list(arguments), standalone_mode=False) or 0
            if code not in codes:
                raise SystemExit(f"{' '.join(arguments)}: exit {code}\n{said.getvalue()}")
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--page", type=Path, help="where the figures are written")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:

        def one_round() -> None:
            folder = Path(scratch) / "round"
            folder.mkdir()
            commands(folder)

        growth = Growth.of(soak(given.minutes, one_round))
    if given.page is not None:
        given.page.write_text(f"{growth.page}\n{ran()}\n", encoding="utf-8")
    sys.stdout.write(growth.page)
    sys.stderr.writelines(f"{finding}\n" for finding in growth.findings)
    sys.exit(1 if growth.findings else 0)


if __name__ == "__main__":
    main()
