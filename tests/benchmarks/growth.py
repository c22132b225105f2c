"""How time and memory of our kernel grow with samples, width and outputs, with fitted exponents."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from interleave import Say
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator
from process import Worker
from scipy import stats

REPEATS = 3


@dataclass(frozen=True)
class Series:
    """One quantity along one size.

    Attributes:
        title: what grows along what.
        along: "n", "width" or "outputs".
        sizes: values of it.
        fixed: the other two sizes.
        expected: exponent that the operation count gives, as an upper limit.
        memory: peak memory of a fresh process instead of time.
    """

    title: str
    along: str
    sizes: tuple[int, ...]
    fixed: dict[str, int]
    expected: float
    memory: bool = False


SERIES = (
    Series("time, n, forward pass dominates", "n", (32, 64, 128, 256, 512), {"width": 2048, "outputs": 1}, 1.4),
    Series("time, n, Gram products dominate", "n", (1024, 2048, 4096, 8192), {"width": 128, "outputs": 1}, 2.0),
    Series("time, width", "width", (1024, 2048, 4096, 8192), {"n": 256, "outputs": 1}, 2.0),
    Series("time, outputs", "outputs", (4, 8, 16, 32), {"n": 64, "width": 1024}, 2.0),
    Series("memory, n", "n", (2048, 4096, 8192), {"width": 128, "outputs": 1}, 2.0, memory=True),
    Series("memory, width", "width", (2048, 4096, 8192), {"n": 256, "outputs": 1}, 1.0, memory=True),
    Series("memory, outputs", "outputs", (8, 16, 32), {"n": 64, "width": 1024}, 2.0, memory=True),
)


@dataclass(frozen=True)
class Growth:
    """A series as measured: values in seconds or bytes, the slope in logarithms with its 95% interval."""

    series: Series
    sizes: tuple[int, ...]
    values: tuple[float, ...]
    slope: float
    low: float
    high: float


def measure(scratch: Path, say: Say, *, quick: bool = False) -> list[Growth]:
    """Every series; `quick` divides all sizes but the outputs by 16."""
    found = []
    worker = Worker("ours", scratch)
    for series in SERIES:
        sizes = tuple(max(2, s // 16) for s in series.sizes) if quick else series.sizes
        cases = [_case({**_smaller(series.fixed, quick), series.along: s}) for s in sizes]
        if series.memory:
            values = [_memory(case, scratch) for case in cases]
        else:
            values = _times(worker, cases)
        found.append(_fit(series, sizes, values))
        say(f"{series.title}: exponent {found[-1].slope:.2f} [{found[-1].low:.2f}, {found[-1].high:.2f}]")
    worker.close()
    return found


def _smaller(fixed: dict[str, int], quick: bool) -> dict[str, int]:
    return {k: max(2, v // 16) if quick and k != "outputs" else v for k, v in fixed.items()}


def _case(sizes: dict[str, int]) -> dict:
    widths = [784, sizes["width"], sizes["width"], sizes["outputs"]]
    return {"widths": widths, "bias": True, "n": sizes["n"], "dtype": "float32", "seed": 0, "device": "cpu"}


def _times(worker: Worker, cases: list[dict]) -> list[float]:
    """Medians over passes through all sizes, so that a slow moment meets no single size."""
    handles = [worker.prepare("kernel", case) for case in cases]
    seen: list[list[float]] = [[] for _ in cases]
    for handle in handles:
        worker.seconds(handle)
    for _ in range(REPEATS):
        for k, handle in enumerate(handles):
            seen[k].append(min(worker.seconds(handle, 3)))
    for handle in handles:
        worker.drop(handle)
    return [statistics.median(v) for v in seen]


def _memory(case: dict, scratch: Path) -> float:
    worker = Worker("ours", scratch)
    worker.seconds(worker.prepare("kernel", {**case, "widths": [20, 24, 24, 1], "n": 12}))
    peak = worker.peak(worker.prepare("kernel", case))[0]
    worker.close()
    return max(peak, 1.0)


def _fit(series: Series, sizes: tuple[int, ...], values: list[float]) -> Growth:
    line = stats.linregress(np.log(sizes), np.log(values))
    half = float(stats.t.ppf(0.975, len(sizes) - 2) * line.stderr)
    return Growth(series, sizes, tuple(values), float(line.slope), float(line.slope) - half, float(line.slope) + half)


def figure(found: list[Growth], path: Path) -> None:
    """Time and memory against each size on logarithmic axes, with the expected slopes, as an SVG file."""
    style = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "growth"}
    with mpl.rc_context(style):
        plot = Figure(figsize=(9.6, 5.6), layout="constrained")
        panels = plot.subplots(2, 3)
        for column, along in enumerate(("n", "width", "outputs")):
            for row, memory in enumerate((False, True)):
                ax = panels[row][column]
                ax.set(xscale="log", yscale="log", xlabel={"n": "samples n"}.get(along, along))
                drawn = [g for g in found if g.series.along == along and g.series.memory is memory]
                for g in drawn:
                    _draw(ax, g)
                _ticks(ax, sorted({s for g in drawn for s in g.sizes}))
            panels[0][0].set_ylabel("seconds")
            panels[1][0].set_ylabel("MiB above the model")
        plot.savefig(path, format="svg", metadata={"Date": None})


def _draw(ax: Axes, g: Growth) -> None:
    scale = 2.0**20 if g.series.memory else 1.0
    values = np.array(g.values) / scale
    others = ", ".join(f"{k} {v}" for k, v in g.series.fixed.items())
    line = ax.plot(g.sizes, values, "o-", ms=4, lw=1, label=f"{g.slope:.2f} fitted ({others})")[0]
    sizes = np.array(g.sizes, dtype=float)
    guide = values[-1] * (sizes / sizes[-1]) ** g.series.expected
    expected = f"{g.series.expected:g} expected at most"
    ax.plot(sizes, guide, "--", lw=1, color=line.get_color(), alpha=0.6, label=expected)


def _ticks(ax: Axes, sizes: list[int]) -> None:
    """A tick at every size, plain numbers upwards, and room for the legend above the curves."""
    ax.set_xticks(sizes, [str(s) for s in sizes], fontsize=7)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.minorticks_off()
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.6)
    ax.legend(frameon=False, fontsize=7, loc="upper left")


def section(found: list[Growth], image: str) -> list[str]:
    """The figure and the table of exponents in Markdown."""
    lines = [
        "",
        "## Growth",
        "",
        "The kernel of 784-m-m-C tanh networks in float32. The exponent is the slope of a least-squares line in "
        "logarithms with its 95% interval (Student's t); *expected* is what the operation count allows at most.",
        "",
        f"![time and memory of the kernel against samples, width and outputs]({image})",
        "",
        "| quantity | sizes | held fixed | exponent | 95% interval | expected at most |",
        "|---|---|---|---|---|---|",
    ]
    for g in found:
        fixed = ", ".join(f"{k} {v}" for k, v in g.series.fixed.items())
        lines.append(
            f"| {g.series.title} | {g.sizes[0]} to {g.sizes[-1]} | {fixed} | {g.slope:.2f} | "
            f"{g.low:.2f} to {g.high:.2f} | {g.series.expected:g} |"
        )
    return lines
