"""Figures and page of equal tuning, from its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy import stats

from pltheory.report.figures import STYLE

from .. import pages
from ..optimizers import described
from .experiment import Tuned

OURS = "delta-gclip"
LEVEL = 0.05

Problem = Mapping[str, Tuned]
"""The optimizers on one problem."""


def finals(tuned: Tuned, name: str) -> np.ndarray:
    """The last value of every run; infinite where it diverged."""
    return np.array([np.inf if run["diverged"] else run[name][-1] for run in tuned.runs])


def to_target(tuned: Tuned, target: float) -> np.ndarray:
    """After how many steps the validation loss is first at the target; infinite where it never is."""
    found = []
    for run in tuned.runs:
        there = np.nonzero(np.array(run["validation"]) <= target)[0]
        found.append(run["steps"][there[0]] if len(there) else np.inf)
    return np.array(found)


def paired(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sided p of the signed-rank test on differences seed by seed; 1 where there is none."""
    there = np.isfinite(a) & np.isfinite(b)
    if np.all(a[there] == b[there]):
        return 1.0
    return float(stats.wilcoxon(a[there], b[there], method="auto").pvalue)


def adjusted(values: Mapping[str, float]) -> dict[str, float]:
    """p with the false discovery rate controlled over these comparisons (Benjamini and Hochberg)."""
    return dict(zip(values, stats.false_discovery_control(list(values.values())).tolist(), strict=True))


def comparisons(problem: Problem, against: str, values: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Adjusted p of every other optimizer against one."""
    return adjusted({name: paired(values[name], values[against]) for name in problem if name != against})


def steps(values: np.ndarray) -> str:
    """Median steps, with how many runs never arrived."""
    missing = int(np.isinf(values).sum())
    if missing == len(values):
        return "never"
    middle = np.median(values)
    words = f"{middle:.0f}" if np.isfinite(middle) else "never in most"
    there = values[np.isfinite(values)]
    return f"{words} ({there.min():.0f} to {there.max():.0f}{f', {missing} never' if missing else ''})"


def results(problem: Problem, target: float) -> str:
    """A line an optimizer, the least mean test loss first."""
    losses = {name: finals(one, "test") for name, one in problem.items()}
    ours = comparisons(problem, OURS, losses)
    rows = []
    for name in sorted(problem, key=lambda n: losses[n].mean()):
        one = problem[name]
        rows.append(
            [
                pages.label(name),
                described(one.settings).partition(", ")[2],
                pages.spread(losses[name], ".3f"),
                pages.spread(finals(one, "validation"), ".3f"),
                pages.spread(100 * finals(one, "accuracy"), ".1f"),
                steps(to_target(one, target)),
                "" if name == OURS else f"{ours[name]:.3f}",
            ]
        )
    head = ["", "best of the trials", "test loss", "validation loss", "test accuracy, %", "steps to target", "p"]
    return pages.table(head, rows)


def winners(problem: Problem, values: Mapping[str, np.ndarray], words: str) -> str:
    """Who has the least mean, and who cannot be told from it."""
    first = min(problem, key=lambda name: values[name].mean())
    against = comparisons(problem, first, values)
    same = [pages.label(name) for name, p in against.items() if p > LEVEL]
    tied = f"; not told from it: {', '.join(same)}" if same else "; every other one is told from it"
    return f"{words}: **{pages.label(first)}**{tied}"


def verdict(problem: Problem, target: float) -> list[str]:
    """Who wins, by test loss and by steps to the target."""
    arrivals = {name: to_target(one, target) for name, one in problem.items()}
    # A run that never arrives is later than every one that does.
    late = 2 * max(one.runs[0]["steps"][-1] for one in problem.values())
    arrivals = {name: np.where(np.isinf(values), late, values) for name, values in arrivals.items()}
    losses = {name: finals(one, "test") for name, one in problem.items()}
    return [winners(problem, losses, "test loss"), winners(problem, arrivals, "steps to target")]


def curves_figure(problems: Mapping[str, Problem], config: Mapping[str, Any]) -> Figure:
    """Validation losses along the steps."""
    figure = Figure(figsize=(10.4, 3.8), layout="constrained")
    axes = figure.subplots(1, len(problems), squeeze=False)[0]
    for ax, (title, problem) in zip(axes, problems.items(), strict=True):
        for name, one in problem.items():
            whole = [run for run in one.runs if not run["diverged"]]
            values = np.median([run["validation"] for run in whole], axis=0)
            ax.plot(whole[0]["steps"], values, lw=1.4, color=pages.COLORS[name], label=pages.label(name))
        target = config["problems"][title]["target"]
        ax.axhline(target, color="black", lw=0.8, ls=":")
        ax.set(xlabel="step", yscale="log")
        ax.set_title(f"{title}: validation loss")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    return figure


def trials_figure(problems: Mapping[str, Problem]) -> Figure:
    """Validation losses of all trials, sorted: how wide the good region of every range is."""
    figure = Figure(figsize=(10.4, 3.8), layout="constrained")
    axes = figure.subplots(1, len(problems), squeeze=False)[0]
    for ax, (title, problem) in zip(axes, problems.items(), strict=True):
        for name, one in problem.items():
            values = sorted(t["validation"][-1] for t in one.trials if not t["diverged"])
            ax.plot(
                np.arange(1, len(values) + 1),
                values,
                "o-",
                ms=3,
                lw=1,
                color=pages.COLORS[name],
                label=pages.label(name),
            )
        ax.set(xlabel="trials, the best first", yscale="log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_title(f"{title}: every trial")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    return figure


def ranges(config: Mapping[str, Any]) -> str:
    """A line an optimizer: what was drawn."""
    rows = []
    for name, space in config["spaces"].items():
        numbers = [
            f"{key.replace('one_minus_momentum', '1 - momentum').replace('_', ' ')} {value[0]:g} to {value[1]:g}"
            for key, value in space.items()
            if isinstance(value, list)
        ]
        rows.append([pages.label(name), ", ".join(numbers)])
    return pages.table(["", "log-uniform ranges"], rows)


def problem_words(name: str, group: Mapping[str, Any]) -> str:
    """What a problem is, in a line."""
    shape = {key: group[key] for key in ("widths", "channels", "blocks") if key in group}
    numbers = ", ".join(f"{key} {value}" for key, value in shape.items())
    return (
        f"- **{name}**: {group['network']} ({numbers}) on {group['data']}, {group['train']} samples of training, "
        f"{group['validation']} of validation, {group['test']} of test; cross entropy, batches of {group['batch']}, "
        f"{group['steps']} steps, looked at every {group['every']}; target {group['target']:g}."
    )


def write(found: Sequence[tuple[str, str, Tuned]], config: Mapping[str, Any], name: str) -> None:
    """docs/NAME.md and its figures."""
    problems: dict[str, dict[str, Tuned]] = {}
    for problem, optimizer, tuned in found:
        problems.setdefault(problem, {})[optimizer] = tuned
    records = [record for _, _, one in found for record in (*one.trials, *one.runs)]
    with mpl.rc_context(STYLE):
        figures = {"curves": curves_figure(problems, config), "trials": trials_figure(problems)}
    targets = {title: config["problems"][title]["target"] for title in problems}
    sections = [
        f"### {title}\n\n"
        + "\n".join(f"- {line}." for line in verdict(problem, targets[title]))
        + f"\n\n{results(problem, targets[title])}"
        for title, problem in problems.items()
    ]
    words = {
        "trials": config["trials"],
        "tuning_seed": config["tuning_seed"],
        "seeds": ", ".join(map(str, config["seeds"])),
        "count": len(config["seeds"]),
        "problems": "\n".join(problem_words(title, config["problems"][title]) for title in problems),
        "ranges": ranges(config),
        "sections": "\n\n".join(sections),
        "trials_run": sum(len(one.trials) for _, _, one in found),
        "runs": sum(len(one.runs) for _, _, one in found),
        "diverged": sum(record["diverged"] for record in records),
        "minutes": f"{sum(record['seconds'] for record in records) / 60:.0f}",
        "machine": records[0]["machine"],
    }
    pages.write(Path(__file__).parent, name, words, figures)
