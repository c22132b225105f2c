"""Figures and page of the networks, from their files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from pltheory.report.figures import STYLE

from .. import pages
from ..optimizers import described

Runs = Mapping[str, list[dict[str, Any]]]
"""The runs of every optimizer on one network."""
SECOND = "#7b2d8e"
"""A second delta-GClip on one network."""


def finals(runs: list[dict[str, Any]], name: str) -> np.ndarray:
    """The last value of every run; infinite where it diverged."""
    return np.array([np.inf if run["diverged"] else run[name][-1] for run in runs])


def curves_figure(found: Mapping[str, Runs]) -> Figure:
    """Training losses and test accuracies, a row a network."""
    figure = Figure(figsize=(9.6, 2.9 * len(found)), layout="constrained")
    for (title, groups), row in zip(found.items(), figure.subplots(len(found), 2, squeeze=False), strict=True):
        for name, runs in groups.items():
            whole = [run for run in runs if not run["diverged"]]
            if not whole:
                continue
            kind = whole[0]["asked"]["optimizer"]["name"]
            again = kind in pages.COLORS and name != kind
            # Runs that are GClip's lie on its line, AdamW's near Adam's: all of them are to be seen.
            style = ":" if again else "--" if kind in ("delta-gclip", "adamw") else "-"
            line = {"color": SECOND if again else pages.COLORS[kind], "ls": style, "label": name}
            for ax, part in zip(row, ("train", "accuracy"), strict=True):
                values = np.array([run[part] for run in whole])
                pages.band(ax, whole[0]["steps"], values if part == "train" else 100 * values, name, **line)
        row[0].set(xlabel="step", yscale="log")
        row[0].set_title(f"{title}: training loss")
        row[1].set(xlabel="step")
        row[1].set_title(f"{title}: test accuracy, %")
        row[1].legend(fontsize=8.5, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def branches(runs: list[dict[str, Any]]) -> str:
    """Shares of full, clipped and floored steps of all runs that clip."""
    audits = [run["audit"] for run in runs if "audit" in run]
    if not audits:
        return ""
    total = sum(a["steps"] for a in audits)
    return ", ".join(f"{sum(a[key] for a in audits) / total:.0%} {key}" for key in ("full", "clipped", "floored"))


def results(groups: Runs) -> str:
    """A line an optimizer, the least mean test loss first."""
    rows = [
        [
            name,
            described(runs[0]["asked"]["optimizer"]).partition(", ")[2],
            pages.spread(finals(runs, "train"), ".3f"),
            pages.spread(finals(runs, "test"), ".3f"),
            pages.spread(100 * finals(runs, "accuracy"), ".1f"),
            branches(runs),
        ]
        for name, runs in sorted(groups.items(), key=lambda item: finals(item[1], "test").mean())
    ]
    return pages.table(["", "numbers", "training loss", "test loss", "test accuracy, %", "steps"], rows)


def engaged(found: Mapping[str, Runs]) -> str:
    """In which networks delta ever mattered."""
    lines = []
    for title, groups in found.items():
        for name, runs in groups.items():
            if runs[0]["asked"]["optimizer"]["name"] != "delta-gclip":
                continue
            floored = sum(run["audit"]["floored"] for run in runs if "audit" in run)
            total = sum(run["audit"]["steps"] for run in runs if "audit" in run)
            said = f"held up {floored} of {total} steps" if floored else "never mattered: these runs are GClip's"
            lines.append(f"- {title}, {name}: delta {said}.")
    return "\n".join(lines)


def described_network(title: str, group: Mapping[str, Any], runs: Runs) -> str:
    """What was run, in a line."""
    keys = ("channels", "blocks", "widths", "grid", "patch", "width", "depth", "heads")
    numbers = ", ".join(f"{key} {group[key]}" for key in keys if key in group)
    seeds = ", ".join(map(str, group["seeds"]))
    return (
        f"- **{title}**: {numbers}; {group['train']} samples of {group['data']} for training, {group['test']} for the "
        f"test, batches of {group['batch']}, {group['steps']} steps; seeds {seeds}; {len(runs)} optimizers."
    )


def write(found: Mapping[str, Runs], config: Mapping[str, Any], name: str) -> None:
    """docs/NAME.md and its figures."""
    every = [run for groups in found.values() for runs in groups.values() for run in runs]
    with mpl.rc_context(STYLE):
        figures = {"curves": curves_figure(found)}
    words = {
        "what": "\n".join(described_network(t, config["networks"][t], groups) for t, groups in found.items()),
        "runs": len(every),
        "diverged": sum(run["diverged"] for run in every),
        "sections": "\n\n".join(f"### {title}\n\n{results(groups)}" for title, groups in found.items()),
        "engaged": engaged(found),
        "seconds": f"{sum(run['seconds'] for run in every):.0f}",
        "machine": every[0]["machine"],
    }
    pages.write(Path(__file__).parent, name, words, figures)
