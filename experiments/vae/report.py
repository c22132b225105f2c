"""Figures and page of the autoencoder, from its files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pltheory.report.figures import STYLE

from .. import pages
from ..optimizers import described

Groups = Mapping[str, list[Mapping[str, Any]]]
"""The runs of every optimizer, in the order of their seeds."""


def curve(runs: list[Mapping[str, Any]], name: str) -> np.ndarray:
    """(seeds, epochs + 1)."""
    return np.array([run[name] for run in runs])


def losses_figure(groups: Groups) -> Figure:
    """Losses of training and test along the epochs."""
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    ends = np.concatenate([curve(runs, part)[:, 1:].ravel() for runs in groups.values() for part in ("train", "test")])
    for ax, part in zip(figure.subplots(1, 2, sharey=True), ("train", "test"), strict=True):
        for name, runs in groups.items():
            values = curve(runs, part)
            # Adam and AdamW may lie on one another.
            pages.band(ax, np.arange(values.shape[1]), values, name, ls="--" if name == "adamw" else "-")
        ax.set(xlabel="epoch", ylim=(0.97 * ends.min(), 1.03 * ends.max()))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_title(f"{part} loss per sample")
    figure.axes[1].legend(fontsize=9)
    return figure


def branches_figure(runs: list[Mapping[str, Any]]) -> Figure:
    """Shares of full, clipped and floored steps of every epoch of delta-GClip."""
    figure = Figure(figsize=(6.2, 2.9), layout="constrained")
    ax = figure.subplots()
    full, floored = curve(runs, "full"), curve(runs, "floored")
    epochs = np.arange(1, full.shape[1] + 1)
    for values, words, color in (
        (full, "full", pages.COLORS["sgd"]),
        (1 - full - floored, "clipped", pages.COLORS["gclip"]),
        (floored, "floored", pages.COLORS["delta-gclip"]),
    ):
        pages.band(ax, epochs, values, words, color=color)
    ax.set(xlabel="epoch", ylim=(-0.03, 1.03))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_title("delta-GClip: share of its steps")
    ax.legend(fontsize=9)
    return figure


def reached(groups: Groups, name: str) -> str:
    """After how many epochs the mean test loss is first at that of SGD's end."""
    target = curve(groups["sgd"], "test")[:, -1].mean()
    there = np.nonzero(curve(groups[name], "test").mean(axis=0) <= target)[0]
    return str(there[0]) if len(there) else "not"


def results(groups: Groups) -> str:
    """A line an optimizer."""
    rows = []
    for name, runs in groups.items():
        train, test = curve(runs, "train"), curve(runs, "test")
        rows.append(
            [
                pages.label(name),
                described(runs[0]["asked"]["optimizer"]).partition(", ")[2],
                pages.spread(train[:, -1]),
                pages.spread(test[:, -1]),
                pages.spread(test[:, test.shape[1] // 2]),
                reached(groups, name),
                f"{np.mean([run['seconds'] for run in runs]):.0f}",
            ]
        )
    middle = curve(next(iter(groups.values())), "test").shape[1] // 2
    head = ["", "numbers", "train", "test", f"test, epoch {middle}", "epochs to SGD's end", "seconds a run"]
    return pages.table(head, rows)


def order(groups: Groups) -> str:
    """The optimizers by mean test loss, and which neighbours their seeds do not part."""
    ends = {name: curve(runs, "test")[:, -1] for name, runs in groups.items()}
    ranked = sorted(ends, key=lambda name: ends[name].mean())
    said = pages.label(ranked[0])
    for better, worse in pairwise(ranked):
        apart = ends[better].max() < ends[worse].min()
        said += f"{' <' if apart else ' ≈'} {pages.label(worse)}"
    return said


def audits(groups: Groups) -> str:
    """A line a run that clips."""
    rows = []
    for name, runs in groups.items():
        for run in runs:
            if "audit" not in run:
                continue
            a = run["audit"]
            shares = [f"{a[key]} ({a[key] / a['steps']:.1%})" for key in ("full", "clipped", "floored")]
            label = f"{pages.label(name)}, seed {run['asked']['seed']}"
            rows.append([label, str(a["steps"]), *shares, a["conclusion"].partition(":")[0]])
    return pages.table(["run", "steps", "full", "clipped", "floored", "`pltheory audit`"], rows)


def never_full(groups: Groups) -> str:
    """What follows where no step is at most gamma, or how many are."""
    full = sum(run["audit"]["full"] for runs in groups.values() for run in runs if "audit" in run)
    if full:
        return f"{full} steps of the clipped runs are full."
    return (
        "No step is full in either: at these numbers $\\eta = 10^{-3}$ is never taken, GClip is the normalised "
        "gradient with steps of length 0.2,\nand delta-GClip is SGD with steps that grow where the norm is below 2000."
    )


def write(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """docs/NAME.md and its figures."""
    from .experiment import recorded

    groups = recorded(config, folder)
    every = [run for runs in groups.values() for run in runs]
    with mpl.rc_context(STYLE):
        figures = {"losses": losses_figure(groups), "branches": branches_figure(groups["delta-gclip"])}
    steps = next(run["audit"]["steps"] for run in every if "audit" in run)
    floored = [run["audit"]["floored"] / run["audit"]["steps"] for run in groups["delta-gclip"]]
    samples = every[0]["samples"]
    words = {
        "epochs": config["epochs"],
        "seeds": ", ".join(map(str, config["seeds"])),
        "runs": len(every),
        "batch": config["batch"],
        "train": samples[0],
        "test": samples[1],
        "steps": steps,
        "all_steps": f"{steps * len(every):,}",
        "results": results(groups),
        "order": order(groups),
        "audits": audits(groups),
        "never_full": never_full(groups),
        "floored": f"{min(floored):.0%} to {max(floored):.0%}",
        "minutes": f"{sum(run['seconds'] for run in every) / 60:.0f}",
        "machine": every[0]["machine"],
    }
    pages.write(Path(__file__).parent, name, words, figures)
