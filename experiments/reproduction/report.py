"""Figures and page of the switches, from their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pltheory.report.figures import STYLE

from .. import pages

Variants = Mapping[str, Sequence[Mapping[str, Any]]]
"""The runs of every variant of a switch, the paper's first."""
COLORS = ("#1f5fa8", "#c8442b", "#00795c")
STYLES = ("-", "--", ":")


def failed(runs: Sequence[Mapping[str, Any]]) -> str | None:
    """The error that the runs of a variant end with."""
    return runs[0].get("error")


def curve(run: Mapping[str, Any]) -> np.ndarray:
    """The loss of training along a run."""
    return np.array(run["train"])


def places(run: Mapping[str, Any]) -> tuple[np.ndarray, str]:
    """Where the losses were taken, and in what this is counted."""
    if "steps" in run:
        return np.array(run["steps"]), "step"
    return np.arange(len(run["train"])), "epoch"


def difference(paper: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> float:
    """The largest difference of two variants' training losses along the runs of equal seeds, as a part of the loss."""
    apart = [np.abs(curve(a) - curve(b)) / curve(a) for a, b in zip(paper, other, strict=True)]
    return float(np.max(apart))


def panel(ax: Axes, title: str, variants: Variants) -> None:
    """The losses of every variant of a switch."""
    for (kind, runs), color, style in zip(variants.items(), COLORS, STYLES, strict=False):
        x, unit = places(runs[0])
        # The first losses are those of the initialisation; a cut of the step is seen in what comes long after it.
        first = len(x) // 4 if unit == "epoch" else 1
        values = np.array([curve(run) for run in runs])[:, first:]
        pages.band(ax, x[first:], values, kind, color=color, ls=style, label=kind.replace("_", "."))
        ax.set(xlabel=unit, yscale="linear" if unit == "epoch" else "log")
    ax.set_title(title)
    ax.legend(fontsize=8.5)


def switches_figure(found: Mapping[str, Variants], config: Mapping[str, Any]) -> Figure:
    """A panel a switch that has curves."""
    drawn = {name: v for name, v in found.items() if not any(failed(runs) for runs in v.values())}
    rows = -(-len(drawn) // 2)
    figure = Figure(figsize=(9.6, 2.9 * rows), layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    for ax, (name, variants) in zip(axes, drawn.items(), strict=False):
        panel(ax, config["switches"][name]["about"], variants)
    for ax in axes[len(drawn) :]:
        ax.remove()
    return figure


def results(found: Mapping[str, Variants], config: Mapping[str, Any]) -> str:
    """A line a variant: its last losses, and how far its curve is from the paper's variant."""
    rows = []
    for name, variants in found.items():
        first, *others = variants
        for kind, runs in variants.items():
            about = config["switches"][name]["about"] if kind == first else ""
            cells = [about, f"`{kind.replace('_', '.')}`"]
            if failed(runs):
                rows.append([*cells, "no step", "no step", f"{failed(runs)}"])
                continue
            apart = "" if kind == first else f"{difference(variants[first], runs):.2g}"
            ends = [pages.spread([run[part][-1] for run in runs], ".3g") for part in ("train", "test")]
            rows.append([*cells, *ends, apart])
        assert others
    return pages.table(["switch", "variant", "training loss", "test loss", "largest difference, or error"], rows)


def fired(variants: Variants) -> str:
    """What the auditor says of the runs of a switch that are audited."""
    rows = []
    for kind, runs in variants.items():
        for run in runs:
            a = run["audit"]
            counts = [str(a[key]) for key in ("steps", "full", "clipped", "floored")]
            line = f"`{kind.replace('_', '.')}`, seed {run['asked']['seed']}"
            rows.append([line, *counts, f"{a['largest_norm_over_gamma']:.1f}", a["conclusion"].partition(":")[0]])
    return pages.table(["run", "steps", "full", "clipped", "floored", "largest norm / gamma", "`pltheory audit`"], rows)


def write(found: Mapping[str, Variants], config: Mapping[str, Any], name: str) -> None:
    """docs/NAME.md and its figures."""
    every = [run for variants in found.values() for runs in variants.values() for run in runs]
    with mpl.rc_context(STYLE):
        figures = {"switches": switches_figure(found, config)}
    floor = found["floor"]
    paper, gclip, engaged = floor.values()
    words = {
        "results": results(found, config),
        "seeds": ", ".join(map(str, config["seeds"])),
        "runs": len(every),
        "fired": fired(floor),
        "same": "is GClip's run to the last digit" if difference(paper, gclip) == 0 else "differs from GClip's run",
        "engaged": f"{difference(paper, engaged):.2g}",
        "error": next(failed(runs) for runs in found["none"].values() if failed(runs)),
        "seconds": f"{sum(run['seconds'] for run in every):.0f}",
        "machine": every[0]["machine"],
    }
    pages.write(Path(__file__).parent, name, words, figures)
