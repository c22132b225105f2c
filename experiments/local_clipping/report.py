"""Figures and page of local clipping, from its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from pltheory.measure.relaxed_smoothness import RelaxedSmoothness, relaxed_smoothness
from pltheory.report.figures import FIXED, MEASURED, PROVEN, STYLE

from .. import pages
from .experiment import Case

COLORS = ("#8a929c", "#e69f00", "#00795c", "#1f5fa8", "#9467bd")


def of_runs(case: Case, name: str) -> np.ndarray:
    """A number of every look, (seeds, looks)."""
    return np.array([run["looks"][name] for run in case.runs])


def best(cases: Sequence[Case], target: float) -> list[Case]:
    """Of each number of workers and interval the step size that is first at the target, else of least loss."""
    found: dict[tuple[int, int], Case] = {}
    for case in cases:
        key = case.workers, case.interval
        held = found.get(key)
        if held is None or _order(case, target) < _order(held, target):
            found[key] = case
    return list(found.values())


def _order(case: Case, target: float) -> tuple[float, float]:
    return float(np.median(arrivals(case, target))), float(of_runs(case, "loss")[:, -1].mean())


def arrivals(case: Case, target: float) -> np.ndarray:
    """Steps of each worker after which the loss is first at the target; infinite where it never is, (seeds,)."""
    there = of_runs(case, "loss") <= target
    steps = np.array(case.runs[0]["looks"]["step"], dtype=float)
    return np.where(there.any(axis=1), steps[there.argmax(axis=1)], np.inf)


def named(case: Case) -> str:
    """A case in a phrase."""
    workers = "1 worker" if case.workers == 1 else f"{case.workers} workers"
    return workers if case.workers == 1 else f"{workers}, averaged every {case.interval} steps"


def speedup_figure(chosen: Sequence[Case], target: float) -> Figure:
    """Loss along the steps, and steps to the target against the number of workers."""
    figure = Figure(figsize=(10.4, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    for case, color in zip(chosen, COLORS, strict=False):
        loss = of_runs(case, "loss")
        pages.band(left, case.runs[0]["looks"]["step"], loss, "", label=f"{named(case)}, lr {case.lr:g}", color=color)
    left.axhline(target, color="black", lw=0.8, ls=":")
    left.set(xlabel="steps of each worker", yscale="log")
    left.set_yticks([0.1, 0.2, 0.3, 0.5, 1, 2, 3], ["0.1", "0.2", "0.3", "0.5", "1", "2", "3"])
    left.set_yticks([], minor=True)
    left.set_ylim(0.9 * min(of_runs(case, "loss").min() for case in chosen), None)
    left.set_title("loss over all samples")
    left.legend(frameon=False, fontsize=8.5)
    first = chosen[0].interval
    same = [case for case in chosen if case.interval == first]
    counts = np.array([case.workers for case in same])
    steps = np.array([np.median(arrivals(case, target)) for case in same])
    right.plot(counts, steps, "o-", color=MEASURED, label="measured")
    right.plot(counts, steps[0] / counts, "--", color=FIXED, label="N times sooner")
    right.set(xlabel="workers, N", xscale="log", yscale="log")
    right.set_xticks(counts, [str(n) for n in counts], minor=False)
    right.set_xticks([], minor=True)
    right.set_yticks([20, 50, 100, 200, 500], ["20", "50", "100", "200", "500"])
    right.set_yticks([], minor=True)
    right.set_title("steps of each worker to the target")
    right.legend(frameon=False, fontsize=8.5)
    return figure


def smoothness(case: Case) -> RelaxedSmoothness:
    """L0 and L1 along the run whose Hessians were looked at."""
    looks = case.runs[0]["looks"]
    return relaxed_smoothness(list(zip(looks["norm"], looks["curvature"], strict=True)))


def smoothness_figure(case: Case) -> Figure:
    """Hessian norms against gradient norms, with the line."""
    fit, steps = smoothness(case), case.runs[0]["looks"]["step"]
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    ax = figure.subplots()
    points = ax.scatter(fit.norms, fit.curvatures, c=steps, cmap="viridis", s=28, zorder=3)
    figure.colorbar(points, ax=ax, label="step")
    x = np.linspace(0, 1.05 * fit.norms.max(), 2)
    label = f"$L_0 + L_1 \\|\\nabla L\\|$, $L_0 \\approx {fit.l0.value:.3g}$, $L_1 \\approx {fit.l1.value:.3g}$"
    ax.plot(x, fit.l0.value + fit.l1.value * x, color=PROVEN, lw=1.4, label=label)
    ax.set(
        xlabel=r"$\|\nabla L\|$", ylabel=r"$\|\nabla^2 L\|$", xlim=(0, x[-1]), ylim=(0.9 * fit.curvatures.min(), None)
    )
    ax.legend(frameon=False, loc="lower right")
    return figure


def parts_figure(parts: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Loss and distance at the starts of rounds, below what Theorem F4 promises."""
    figure = Figure(figsize=(10.4, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, run), color in zip(parts.items(), (MEASURED, "#00795c"), strict=False):
        if "loss" not in run:
            continue
        rounds, n = np.arange(len(run["loss"])), run["numbers"]
        proved = 0.5 * run["envelope"] ** 2 * n["epoch_factor"] ** rounds
        left.semilogy(rounds, run["loss"], color=color, label=f"{pages.label(name)}: measured")
        left.semilogy(rounds, proved, "--", color=color, label=f"{pages.label(name)}: at most, by Theorem F4")
        right.plot(rounds, run["distance"], color=color, label=f"{pages.label(name)}: measured")
        right.axhline(
            n["stay"] + n["start"], color=color, ls="--", label=f"{pages.label(name)}: at most, by Theorem F4"
        )
    left.set_title("loss at the start of a round")
    right.set_title("distance of the average from $w_0$")
    for ax in (left, right):
        ax.set_xlabel("round")
        ax.legend(frameon=False, fontsize=8.5)
    right.set_ylim(0, None)
    return figure


def speedup_table(chosen: Sequence[Case], target: float) -> str:
    """A line a case."""
    alone = float(np.median(arrivals(chosen[0], target)))
    rows = []
    for case in chosen:
        steps = float(np.median(arrivals(case, target)))
        there = np.isfinite(steps)
        run = case.runs[0]
        rows.append(
            [
                f"{case.workers}, {case.interval}",
                f"{case.lr:g}",
                f"{steps:.0f}" if there else "never",
                f"{alone / steps:.2f}" if there and np.isfinite(alone) else "",
                f"{steps // case.interval:.0f}" if there else "",
                pages.spread(of_runs(case, "loss")[:, -1], ".3f"),
                f"{np.mean([r['clipped'] for r in case.runs]):.2f}",
                f"{run['averages']}, {run['sent'] / 2**20:.1f}",
            ]
        )
    head = [
        "N, I",
        "lr",
        "steps to target",
        "times sooner",
        "averages to target",
        "last loss",
        "clipped",
        "averages, MiB",
    ]
    return pages.table(head, rows)


def parts_table(parts: Mapping[str, Mapping[str, Any]]) -> str:
    """A line a certificate."""
    rows = []
    for name, run in parts.items():
        a = run["asked"]
        what = [pages.label(name), f"{a['gamma']:g}, {a['delta']:g}", run["verdict"]]
        if "numbers" not in run:
            rows.append([*what, *[""] * 6])
            continue
        n = run["numbers"]
        kept = "kept" if run["violation"] is None else f"BROKEN: {run['violation']}"
        kept += "" if run["tells"] else " (a)"
        rate = (run["loss"][-1] / run["loss"][0]) ** (1 / (len(run["loss"]) - 1))
        numbers = [f"{n['x']:.2f}", f"{n['q']:.4f}", f"{rate:.4f}", f"{run['clipped']:.2f}", kept]
        rows.append([*what, *numbers, f"{run['sent'] / 2**20:.0f}"])
    head = ["", "gamma, delta", "F4", "x", "q proved", "q of the loss", "clipped", "the run", "MiB sent"]
    return pages.table(head, rows)


def sizes(parts: Mapping[str, Mapping[str, Any]]) -> str:
    """Samples, workers and widths, in a line."""
    said = []
    for name, run in parts.items():
        a = run["asked"]
        said.append(
            f"{pages.label(name)}: {a['n']} samples, {a['workers']} workers, {a['passes']} passes a round, batches of "
            f"{a['batch']}, width {a['hidden']}, {a['rounds']} rounds"
        )
    return "; ".join(said)


def write(cases: Sequence[Case], parts: Mapping[str, Mapping[str, Any]], config: Mapping[str, Any], name: str) -> None:
    """docs/NAME.md and its figures."""
    group = config["speedup"]
    target = group["target"]
    chosen = best(cases, target)
    looked = [case for case in cases if "curvature" in case.runs[0]["looks"]]
    paper = min(looked, key=lambda case: _order(case, target))
    fit = smoothness(paper)
    every = [run for case in cases for run in case.runs]
    with mpl.rc_context(STYLE):
        figures = {
            "speedup": speedup_figure(chosen, target),
            "smoothness": smoothness_figure(paper),
            "parts": parts_figure(parts),
        }
    words = {
        "data": every[0]["data"],
        "hidden": group["hidden"],
        "batch": group["batch"],
        "gamma": f"{group['gamma']:g}",
        "lrs": ", ".join(f"{lr:g}" for lr in group["lr"]),
        "seeds": ", ".join(map(str, group["seeds"])),
        "steps": group["steps"],
        "target": f"{target:g}",
        "runs": len(every),
        "speedup": speedup_table(chosen, target),
        "paper": f"{named(paper)}, lr {paper.lr:g}, seed {group['seeds'][0]}",
        "points": len(fit.norms),
        "l0": f"{fit.l0.value:.3g}",
        "l1": f"{fit.l1.value:.3g}",
        "smooth": f"{fit.smooth.value:.3g}",
        "saved": f"{fit.saved:.2f}",
        "parts": parts_table(parts),
        "sizes": sizes(parts),
        "minutes": f"{sum(run['processor'] for run in [*every, *parts.values()] if 'processor' in run) / 60:.0f}",
        "machine": every[0]["machine"],
    }
    pages.write(Path(__file__).parent, name, words, figures)
