"""What pages of experiments have in common: words with numbers filled in, tables, curves over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pltheory.report.figures import STYLE
from pltheory.theory import InvalidInputError

DOCS = Path(__file__).parents[1] / "docs"
COLORS: Mapping[str, str] = {
    "delta-gclip": "#c8442b",
    "gclip": "#e69f00",
    "sgd": "#1f5fa8",
    "momentum": "#56b4e9",
    "adam": "#00795c",
    "adamw": "#7ac29a",
    "lion": "#9467bd",
    "normalised": "#8a929c",
}
"""One colour an optimizer on every page."""
LABELS: Mapping[str, str] = {
    "delta-gclip": "delta-GClip",
    "gclip": "GClip",
    "sgd": "SGD",
    "momentum": "SGD with momentum",
    "adam": "Adam",
    "adamw": "AdamW",
    "lion": "Lion",
    "normalised": "normalised gradient",
}


class Page(Template):
    """Words with numbers to be filled in: a dollar is for mathematics."""

    delimiter = "@"


def label(name: str) -> str:
    """An optimizer's name as it is written."""
    return LABELS.get(name, name)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    return "\n".join([f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)])


def spread(values: Sequence[float] | np.ndarray, form: str = ".2f") -> str:
    """Mean ± standard deviation (of a sample) over seeds."""
    array = np.asarray(values, dtype=float)
    return f"{array.mean():{form}}\u00a0±\u00a0{array.std(ddof=1) if len(array) > 1 else 0.0:{form}}"


def band(ax: Axes, x: Sequence[float] | np.ndarray, values: np.ndarray, name: str, **line: Any) -> None:
    """The mean over seeds, values (seeds, points), and the range between least and largest."""
    color = line.pop("color", COLORS.get(name))
    ax.plot(x, values.mean(axis=0), color=color, label=line.pop("label", label(name)), **{"lw": 1.6, **line})
    ax.fill_between(x, values.min(axis=0), values.max(axis=0), color=color, alpha=0.2, lw=0)


def write(folder: Path, name: str, words: Mapping[str, object], figures: Mapping[str, Figure]) -> None:
    """docs/NAME.md from the `page.md` of a folder, and docs/images/NAME_KIND.svg.

    Raises:
        InvalidInputError: docs/NAME.md is there and not written by the experiment.
    """
    target = DOCS / f"{name}.md"
    if target.exists() and f"python -m experiments {name}" not in target.read_text(encoding="utf-8"):
        raise InvalidInputError(f"{target} is another page: the folder of the experiment needs another name")
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        for kind, figure in figures.items():
            figure.savefig(DOCS / "images" / f"{name}_{kind}.svg", metadata={"Date": None})
    text = Page((folder / "page.md").read_text(encoding="utf-8")).substitute(words, name=name)
    target.write_text(text, encoding="utf-8")
