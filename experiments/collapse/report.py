"""Figures and page of the experiment, from its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from pltheory.report.figures import FIXED, MEASURED, PROVEN, STYLE

from ..pages import DOCS, Page

ROUNDING = 1e-9
"""What round-off may add to a measured number over its bound."""


Run = Mapping[str, Any]
Runs = Sequence[Run]
Read = Callable[[Run], np.ndarray]
Column = tuple[str, Callable[[Run], str]]
"""Words and text of a cell."""


def column(name: str) -> Read:
    """A number of `Collapse` at every checkpoint."""
    return lambda run: np.array([row[name] for row in run["collapse"]], dtype=float)


def imbalance(run: Mapping[str, Any]) -> np.ndarray:
    """e2 of the last two layers."""
    return np.array([row["imbalances"][-1] for row in run["collapse"]])


def flow(run: Mapping[str, Any]) -> np.ndarray:
    """e2 as the gradient flow would have it."""
    return imbalance(run)[0] * np.exp(-2 * run["asked"]["optimizer"]["weight_decay"] * np.array(run["time"]))


def _curve(ax: Axes, runs: Runs, read: Read, label: str, color: str, style: str = "-", width: float = 1.5) -> None:
    """The median over seeds, with its range."""
    values = np.stack([read(run) for run in runs])
    steps = np.maximum(np.array(runs[0]["steps"]), 0.5)
    # An infinite bound is none: it is left out.
    seen = np.isfinite(values).all(axis=0)
    ax.plot(steps[seen], np.median(values, axis=0)[seen], style, color=color, label=label, lw=width)
    ax.fill_between(steps[seen], values.min(axis=0)[seen], values.max(axis=0)[seen], color=color, alpha=0.15, lw=0)


def _finish(ax: Axes, title: str, ylabel: str) -> None:
    ax.set(xscale="log", yscale="log", xlabel="step", ylabel=ylabel)
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_title(title, loc="left", fontsize=9.5)


def bounds_figure(groups: Mapping[str, Runs]) -> Figure:
    """Variation within classes, NC1 and NC2 beside their bounds, a row of panels a group."""
    figure = Figure(figsize=(10, 2.6 * len(groups) + 0.5), layout="constrained")
    axes = figure.subplots(len(groups), 3, squeeze=False)
    for (name, runs), row in zip(groups.items(), axes, strict=True):
        _curve(row[0], runs, column("within_bound"), "bound as stated", PROVEN, "--")
        _curve(row[0], runs, column("within_bound_apart"), "bound, parts at a right angle", PROVEN)
        _curve(row[0], runs, column("within"), "measured", MEASURED)
        _finish(row[0], f"{name}: variation within classes", r"$\|Z - \bar Z\|_F$")
        _curve(row[1], runs, column("nc1_bound"), "bound", PROVEN)
        _curve(row[1], runs, column("nc1"), "measured", MEASURED)
        _finish(row[1], f"{name}: NC1", r"$\mathrm{tr}\,\Sigma_W / \mathrm{tr}\,\Sigma_B$")
        _curve(row[2], runs, column("nc2_bound"), "bound of both", PROVEN)
        _curve(row[2], runs, column("nc2"), "NC2, condition of class means", MEASURED)
        _curve(row[2], runs, column("nc3_inverse"), "1 / least cosine, NC3", FIXED)
        _finish(row[2], f"{name}: NC2 and NC3", "condition number, 1 / cosine")
        row[2].set_ylim(top=30 * row[2].get_ylim()[1])  # room for the legend
    for ax in axes[0]:
        ax.legend(frameon=False, fontsize=8)
    return figure


def balance_figure(groups: Mapping[str, Runs]) -> Figure:
    """e2 beside the law of the flow and that of the steps."""
    figure = Figure(figsize=(10, 3.1), layout="constrained")
    for (name, runs), ax in zip(groups.items(), figure.subplots(1, len(groups), squeeze=False)[0], strict=True):
        _curve(ax, runs, imbalance, "measured", MEASURED, width=3)
        _curve(ax, runs, flow, r"flow, $e^{-2\lambda t}$", "black", "--")
        _curve(
            ax, runs, lambda run: np.array(run["law"]) + run["drift"], r"$\prod a_t^2$ and what steps may add", PROVEN
        )
        _finish(ax, name, "$e_2$")
        ax.legend(frameon=False, fontsize=8)
    return figure


def of_last(name: str, words: str) -> Column:
    """A column: a number of the last checkpoint."""
    return words, lambda run: f"{run['collapse'][-1][name]:.3g}"


def of_all(bound: str, words: str) -> Column:
    """A column: the median over the checkpoints of a bound over what it bounds."""
    return words, lambda run: f"{np.median(column(bound)(run) / column('within')(run)):.2f}"


STATES: Sequence[Column] = (
    ("steps", lambda run: str(run["steps"][-1])),
    of_last("fit", "$e_1$"),
    ("$e_2$", lambda run: f"{run['collapse'][-1]['imbalances'][-1]:.3g}"),
    *(of_last(name, name.upper()) for name in ("nc1", "nc2", "nc3", "nc4")),
    *(of_last(name, name) for name in ("simplex", "accuracy")),
    ("seconds", lambda run: f"{run['seconds']:.0f}"),
)
BOUNDS: Sequence[Column] = (
    of_last("within", "within"),
    of_last("within_bound_apart", "bound, right angle"),
    of_last("within_bound", "bound, stated"),
    of_all("within_bound_apart", "over within, right angle"),
    of_all("within_bound", "over within, stated"),
)


def table(groups: Mapping[str, Runs], columns: Sequence[Column]) -> str:
    """A line a run."""
    lines = [f"| run | {' | '.join(words for words, _ in columns)} |", "|---" * (1 + len(columns)) + "|"]
    for name, runs in groups.items():
        for run in runs:
            cells = " | ".join(of(run) for _, of in columns)
            lines.append(f"| {name}, seed {run['asked']['seed']} | {cells} |")
    return "\n".join(lines)


def ratios(runs: Runs, bound: str, measured: str) -> np.ndarray:
    """Bound over measured at every checkpoint where there is a bound."""
    bounds, values = (np.concatenate([column(name)(run) for run in runs]) for name in (bound, measured))
    there = np.isfinite(bounds)
    return bounds[there] / values[there]


def verdict(runs: Runs, bound: str, measured: str) -> str:
    """Whether the bound holds at every checkpoint, with how near it comes."""
    found = ratios(runs, bound, measured)
    if not len(found):
        return "no checkpoint has a bound"
    broken = int((found < 1 - ROUNDING).sum())
    said = "holds at every one" if not broken else f"is BROKEN at {broken}"
    return (
        f"{said} of {len(found)}, median ratio {np.median(found):.2f}, least {found.min():.2f}, most {found.max():.3g}"
    )


def law(runs: Runs) -> str:
    """How e2 stands to the law at the last checkpoint, and whether the drift covers the difference everywhere."""
    apart = np.concatenate([np.abs(imbalance(run) - run["law"]) - np.array(run["drift"]) for run in runs])
    covered = "everywhere" if (apart <= ROUNDING).all() else f"NOT at {int((apart > ROUNDING).sum())} checkpoints"
    start, end, flown = (
        np.median([read(run)[i] for run in runs]) for read, i in ((imbalance, 0), (imbalance, -1), (flow, -1))
    )
    product = np.median([run["law"][-1] for run in runs])
    return (
        f"$e_2$ from {start:.3g} to {end:.3g}, where the flow has {flown:.3g} and $\\prod a_t^2$ {product:.3g}; the "
        f"difference from $\\prod a_t^2$ is within what steps may add {covered}"
    )


def described(name: str, group: Mapping[str, Any], runs: Runs) -> str:
    """What was run, in a line of the page."""
    o = group["optimizer"]
    rule = ", ".join(f"{key} = {value:g}" for key, value in o.items() if key != "name")
    hidden, linear = (", ".join(map(str, group[key])) for key in ("hidden", "linear"))
    seeds = ", ".join(map(str, group["seeds"]))
    bias = "with biases" if group["bias"] else "without biases"
    return (
        f"- **{name}**: {runs[0]['data']}; hidden layers of {hidden} ReLU, linear layers of {linear} below the "
        f"outputs, {bias}; {o['name']}, {rule}; {group['steps']} steps on all samples; seeds {seeds}."
    )


def write(groups: Mapping[str, Runs], config: Mapping[str, Any], name: str) -> None:
    """docs/NAME.md and its figures.

    Args:
        groups: the runs by group, in the order of their seeds.
        config: the settings.
        name: of the page.
    """
    every = [run for runs in groups.values() for run in runs]
    for run in every:
        for row in run["collapse"]:
            row["nc3_inverse"] = 1 / row["nc3_least"] if row["nc3_least"] > 0 else np.inf
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        for kind, figure in (("bounds", bounds_figure(groups)), ("balance", balance_figure(groups))):
            figure.savefig(DOCS / "images" / f"{name}_{kind}.svg", metadata={"Date": None})
    pairs = (
        ("$\\|Z - \\bar Z\\|_F$, as stated", "within_bound", "within"),
        ("$\\|Z - \\bar Z\\|_F$, parts at a right angle", "within_bound_apart", "within"),
        ("NC1", "nc1_bound", "nc1"),
        ("NC2", "nc2_bound", "nc2"),
        ("1 / least cosine of NC3", "nc2_bound", "nc3_inverse"),
        ("$\\kappa(W_L)$ from $\\kappa(W_LW_{L-1})$", "head_condition_bound", "head_condition"),
    )
    text = Page(Path(__file__).with_name("page.md").read_text(encoding="utf-8")).substitute(
        what="\n".join(described(g, config[g], runs) for g, runs in groups.items()),
        runs=len(every),
        checkpoints=sum(len(run["steps"]) for run in every),
        verdicts="\n".join(f"- {words}: {verdict(every, bound, measured)}." for words, bound, measured in pairs),
        laws="\n".join(f"- {g}: {law(runs)}." for g, runs in groups.items()),
        states=table(groups, STATES),
        bounds=table(groups, BOUNDS),
        seconds=f"{sum(run['seconds'] for run in every):.0f}",
        machine=every[0]["machine"],
        name=name,
    )
    (DOCS / f"{name}.md").write_text(text, encoding="utf-8")
