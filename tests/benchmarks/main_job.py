"""Where the time of `pltheory verify examples/digits.toml` goes: whole-process times and a profile by phase."""

from __future__ import annotations

import cProfile
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from process import ROOT

PHASES = (
    ("imports and command line", None, None),
    ("data and network", "study/build.py", "problem_of"),
    ("kernel, profile and curvature at w_0", "verification/hypotheses.py", "measure"),
    ("certificate: enclosures and bounds", "verification/report.py", "_prove"),
    ("run of delta-GClip", "verification/convergence.py", "run"),
    ("  of it: loss and gradient", "problem/loss_gradient.py", "__call__"),
    ("  of it: optimizer steps", "optim/_descent.py", "step"),
    ("  of it: kernel and distance along the run", "runs/loop.py", "__call__"),
    ("report: page and figures", "report/html.py", "render_page"),
)
"""Label, and the function whose cumulative time it is; the first one is what remains of the whole."""


def whole(folder: Path, config: Path, times: int, tree: Path = ROOT) -> list[float]:
    """Seconds of that many runs of the program, each a process of its own, from a source tree."""
    code = "import sys; from pltheory.cli import main; sys.exit(main())"
    seen = []
    for _ in range(times):
        target = folder / "run"
        shutil.rmtree(target, ignore_errors=True)
        start = time.perf_counter()
        command = [sys.executable, "-c", code, "verify", str(config), "--out", str(target)]
        env = {**os.environ, "PYTHONPATH": str(tree)}
        done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
        seen.append(time.perf_counter() - start)
        if done.returncode != 0:
            raise RuntimeError(f"pltheory verify ended with {done.returncode}: {done.stdout}{done.stderr}")
    return seen


def phases(folder: Path, config: Path) -> dict[str, float]:
    """Seconds by phase of one run under cProfile, in a process of its own."""
    stored = folder / "profile"
    command = [sys.executable, str(Path(__file__)), str(config), str(folder / "profiled"), str(stored)]
    shutil.rmtree(folder / "profiled", ignore_errors=True)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=True)
    return read(pstats.Stats(str(stored)))


def read(profile: pstats.Stats) -> dict[str, float]:
    """The phases of a stored profile; imports are what no other phase accounts for."""
    found: dict[str, float] = {}
    for label, file, function in PHASES:
        if file is not None:
            found[label] = sum(
                numbers[3]
                for (path, _, name), numbers in profile.stats.items()
                if name == function and path.endswith(f"pltheory/{file}")
            )
    inside = sum(v for label, v in found.items() if not label.startswith("  "))
    return {PHASES[0][0]: profile.total_tt - inside, **found}


def section(found: dict[str, float], seconds: list[float]) -> list[str]:
    """The profile in Markdown."""
    total = sum(v for label, v in found.items() if not label.startswith("  "))
    lines = [
        "",
        "## Where the time of the main job goes",
        "",
        f"`pltheory verify examples/digits.toml`, one hidden layer of 100000 units: {statistics.median(seconds):.1f} s "
        f"({min(seconds):.1f} to {max(seconds):.1f}) for the whole process, {len(seconds)} runs. By phase, under "
        "cProfile, which slows the Python parts:",
        "",
        "| phase | seconds | share |",
        "|---|---|---|",
    ]
    lines += [f"| {label.replace('  ', '– ')} | {v:.2f} | {100 * v / total:.0f}% |" for label, v in found.items()]
    return lines


def _profiled(config: str, target: str, stored: str) -> None:
    profile = cProfile.Profile()
    sys.argv = ["pltheory", "verify", config, "--out", target]
    profile.enable()
    try:
        from pltheory.cli import main

        main()
    finally:
        profile.disable()
        profile.dump_stats(stored)


if __name__ == "__main__":
    _profiled(*sys.argv[1:])
