"""Kernels in a folder, time and memory by n: `python -m tests.benchmarks.stored_kernel --page docs/stored_kernel.md`.

Each size is measured in a process of its own, which says seconds of wall clock and of processor, and its peak memory.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from scipy.fft import dct

from pltheory.theory.digits import below

GROWTH = (1000, 2000, 4000, 8000, 20000)
WIDTH = 1024
# In ten dimensions the smallest eigenvalue of 20000 points is below what round-off in the kernel leaves of it.
DIMENSION = 32
PLANTED = (2000, 4000, 8000)
CONDITIONS = (1e4, 1e10)
ROUNDS = 3


@click.command()
@click.option("--sizes", default=",".join(map(str, GROWTH)), show_default=True, help="n of the kernels of a network.")
@click.option("--planted", default=",".join(map(str, PLANTED)), show_default=True, help="n of the planted spectra.")
@click.option("--rounds", default=ROUNDS, show_default=True, help="Float and verified in turn, so many times.")
@click.option("--rows", type=click.Path(path_type=Path), help="Take the figures from the lines of an earlier run.")
@click.option("--page", type=click.Path(path_type=Path), help="Write the page there.")
def main(sizes: str, planted: str, rounds: int, rows: Path | None, page: Path | None) -> None:
    """Measure, print a line for each size, and write the page."""
    if rows is not None:
        found = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    else:
        found = [_said("network", int(n)) for n in sizes.split(",") if n]
        found += [_said("planted", int(n), c, rounds) for n in planted.split(",") if n for c in CONDITIONS]
    grown, known = ([f for f in found if ("condition" in f) is made] for made in (False, True))
    if page is not None:
        page.write_text("\n".join(_page(grown, known)) + "\n", encoding="utf-8")


def _said(kind: str, *arguments: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.stored_kernel", kind, *map(str, arguments)]
    # Threads that wait for work spin, and processor time would count that.
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=alone).stdout
    found = json.loads(said.splitlines()[-1])
    click.echo(json.dumps(found), err=True)
    return found


def _timed(run: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    wall, processor = time.perf_counter(), time.process_time()
    found = run()
    return found, {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}


def network(n: int) -> dict[str, Any]:
    """One hidden layer of 1024 tanh units on n points of a sphere in 32 dimensions: tiles, then eigenvalues."""
    import torch

    import pltheory as pl

    x, _ = pl.datasets.sphere(n=n, d=DIMENSION, labels="sign", seed=0)
    widths = [DIMENSION, WIDTH, 1]
    net = pl.fully_connected(widths, activation="tanh", parametrization="ntk", seed=0, dtype=torch.float64)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        kernel, tiles = _timed(lambda: pl.stored_ntk(net, x, Path(folder) / "kernel"))
        after_tiles = _peak()
        high, top = _timed(kernel.lambda_max)
        low, bottom = _timed(kernel.lambda_min)
        proved, verified = _timed(lambda: kernel.lambda_min(rigorous=True))
        return {
            "n": n,
            "tiles": tiles,
            "lambda_max": top,
            "lambda_min": bottom,
            "verified": verified,
            "peak_tiles": after_tiles,
            "peak": _peak(),
            "values": [low.value, proved.value, high.value],
        }


def planted(n: int, condition: float, rounds: int) -> dict[str, Any]:
    """A matrix of that condition in a file: the eigenvalue in floats and verified, in turn."""
    from pltheory.measure.mapped_spectrum import smallest_eigenvalue, verified_smallest_eigenvalue

    with tempfile.TemporaryDirectory(dir=".") as folder:
        np.save(Path(folder) / "kernel.npy", _planted(n, condition))
        kernel = np.asarray(np.load(Path(folder) / "kernel.npy", mmap_mode="r"))
        floats, proofs = [], []
        for _ in range(rounds):
            low, seconds = _timed(lambda: smallest_eigenvalue(kernel, Path(folder)))
            floats.append(seconds)
            proved, seconds = _timed(lambda: verified_smallest_eigenvalue(kernel, Path(folder)))
            proofs.append(seconds)
        ratios = {k: sorted(p[k] / f[k] for p, f in zip(proofs, floats, strict=True)) for k in ("wall", "processor")}
        return {
            "n": n,
            "condition": condition,
            "floats": floats,
            "proofs": proofs,
            "ratio": ratios,
            "values": [low.value * condition, proved.value * condition],
        }


def _planted(n: int, condition: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    m = np.diag(rng.permutation(np.geomspace(1 / condition, 1, n)))
    for _ in range(2):
        signs = rng.choice([-1.0, 1.0], n)
        m = dct(m * signs[:, None], axis=0, norm="ortho", overwrite_x=True)
        m = dct(m * signs, axis=1, norm="ortho", overwrite_x=True)
    return 0.5 * (m + m.T)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _page(grown: list[dict[str, Any]], known: list[dict[str, Any]]) -> list[str]:
    steps = ("tiles", "lambda_max", "lambda_min", "verified")
    lines = [
        "# Large kernels",
        "",
        "Written by `python -m tests.benchmarks.stored_kernel --page docs/stored_kernel.md`:",
        "[kernels in a folder](howto/large_kernel.md), by number of samples. One output, one hidden layer of 1024 tanh",
        f"units, points of a sphere in {DIMENSION} dimensions, doubles, tiles of 1024 rows computed by one process.",
        "Seconds are of processor, one thread, on loaded cores. *Peak* is the resident memory of the whole process,",
        "which counts the pages of both files; the operating system takes those back when it needs them. The last two",
        "columns are the eigenvalue in floats and what is verified of it: at least so much, of the matrix in the file.",
        "",
        "| n | kernel | tiles | lambda_max | lambda_min | verified | peak, tiles | peak | lambda_min | verified |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for g in grown:
        cells = [f"{g[step]['processor']:.3g} s" for step in steps]
        low, proved, _ = g["values"]
        sizes = [f"{g['peak_tiles']:.2g} GiB", f"{g['peak']:.2g} GiB", f"{low:.4g}", f"≥ {below(proved, 4)}"]
        lines.append(f"| {g['n']} | {8 * g['n'] ** 2 / 1e9:.3g} GB | " + " | ".join(cells + sizes) + " |")
    if len(grown) > 1:
        slopes = [_slope(grown, step) for step in steps]
        lines.append("| exponent | 2 | " + " | ".join(f"{s:.2f}" for s in slopes) + " | | | | |")
    lines += ["", "The exponents are those between the two largest sizes; a factor grows as n^3."]
    if len(grown) > 2:
        constant, square, away = _squares(grown)
        lines += [
            f"The tiles grow as n^2: {constant:.3g} s and {square * 1e6:.3g} s for a million pairs of samples, fitted",
            f"to relative deviations, are at most {100 * away:.1f} % away from the seconds at each of the sizes.",
        ]
    lines += [
        "",
        "## What verification adds",
        "",
        "A matrix with eigenvalues in geometric progression is stored, and its smallest eigenvalue found in floats (a",
        "factor, Lanczos on the inverse) and verified (a factor for a guess, a factor with its residual), in turn. The",
        "ratio is verified over float, formed round by round: the median with the smallest and the largest. The values",
        "are multiples of the eigenvalue that was planted; where its neighbours are so near that Lanczos does not tell",
        "them apart, the float is an upper bound with a larger residual, which it says. A verified bound takes a",
        "factor more than the float, in products of 128 columns: the ratio is nearer to 1 where Lanczos takes long,",
        "and about 2 where it does not.",
        "",
        "| n | condition | ratio of processor seconds | ratio of wall seconds | float | verified, at least |",
        "|---|---|---|---|---|---|",
    ]
    for k in known:
        cells = [
            f"{np.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in map(k["ratio"].get, ("processor", "wall"))
        ]
        values = [f"{v:.6f}" for v in k["values"]]
        lines.append(f"| {k['n']} | {k['condition']:.0e} | " + " | ".join(cells + values) + " |")
    return lines


def _slope(grown: list[dict[str, Any]], step: str) -> float:
    """Between the two largest sizes, where what does not grow counts least."""
    a, b = grown[-2:]
    return float(np.log(b[step]["processor"] / a[step]["processor"]) / np.log(b["n"] / a["n"]))


def _squares(grown: list[dict[str, Any]]) -> tuple[float, float, float]:
    """a and b of the seconds a + b n^2 of the tiles, and the largest relative deviation."""
    n = np.array([float(g["n"]) for g in grown])
    seconds = np.array([g["tiles"]["processor"] for g in grown])
    columns = np.stack([1 / seconds, n**2 / seconds], axis=1)
    fit = np.linalg.lstsq(columns, np.ones(len(n)), rcond=None)[0]
    return float(fit[0]), float(fit[1]), float(np.max(np.abs(columns @ fit - 1)))


if __name__ == "__main__":
    kinds: dict[str, Callable[..., dict[str, Any]]] = {
        "network": lambda n: network(int(n)),
        "planted": lambda n, c, r: planted(int(n), float(c), int(r)),
    }
    if len(sys.argv) > 1 and sys.argv[1] in kinds:
        sys.stdout.write(json.dumps(kinds[sys.argv[1]](*sys.argv[2:])) + "\n")
    else:
        main()
