"""The phase diagram of a study's verdicts: width along one axis, whatever else varies along the other."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from .figures import FIXED
from .study_figures import BELOW, SMALL

FAILED = "failed"
COLORS = {
    "CERTIFIED": "#1a7f4b",
    "HOLDS": "#8cc8a4",
    "UNDECIDED": "#e3bf5b",
    "REFUTED": "#b3261e",
    FAILED: FIXED,
}
LIGHT = ("HOLDS", "UNDECIDED")
COUNTED = 14
"""Columns beyond which cells have no room for numbers."""


def verdict_panel(ax: Axes, records: Sequence[Mapping[str, Any]], key: str) -> None:
    """Verdicts over the width and one other axis of a study; a cell is divided as its points are.

    Args:
        ax: the axes.
        records: points of a study, also those that failed; what else varies is pooled in the cells, as seeds are.
        key: what the vertical axis shows, a dotted key that varies: "optimizer.eta", "data.n".
    """
    cells: dict[tuple[Any, str], Counter[str]] = {}
    values: dict[str, Any] = {}
    for r in records:
        if r["width"] is not None and key in r["values"]:
            word = json.dumps(r["values"][key]).strip('"')
            values[word] = r["values"][key]
            cells.setdefault((r["width"], word), Counter())[r["verdict"] or FAILED] += 1
    widths = sorted({width for width, _ in cells})
    words = sorted(values, key=lambda word: _by_size(values[word]))
    for (width, word), counts in cells.items():
        x, y, total = widths.index(width) - 0.5, words.index(word) - 0.5, counts.total()
        for verdict, color in COLORS.items():
            share = counts[verdict] / total
            if share:
                ax.add_patch(Rectangle((x, y), share, 1, fc=color, ec="white", lw=0.8))
                if len(widths) <= COUNTED:
                    ax.text(x + share / 2, y + 0.5, str(counts[verdict]), ha="center", va="center", fontsize=8,
                            color="#1b1f24" if verdict in LIGHT else "white")  # fmt: skip
                x += share
    ax.set_xlim(-0.5, len(widths) - 0.5)
    ax.set_ylim(-0.5, len(words) - 0.5)
    ax.set_xticks(range(len(widths)), [str(w) for w in widths], rotation=45 if len(widths) > 6 else 0)
    ax.set_yticks(range(len(words)), words)
    ax.tick_params(length=0)
    ax.set_xlabel("width m")
    name = key.rpartition(".")[2]
    ax.set_ylabel(name)
    ax.set_title(f"Verdicts over width and {name}")
    there = [verdict for verdict in COLORS if any(counts[verdict] for counts in cells.values())]
    handles = [Patch(fc=COLORS[verdict], label=verdict) for verdict in there]
    ax.legend(handles=handles, **SMALL, **BELOW, ncols=max(1, len(there)))


def _by_size(value: Any) -> tuple[int, float, str]:
    """Numbers by size; texts by the number that they begin with, as 0.5/beta does; everything else by its text."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return 0, float(value), ""
    text = json.dumps(value)
    begins = re.match(r'"?(\d+(?:\.\d*)?(?:e[+-]?\d+)?)', text)
    return (1, float(begins[1]), text) if begins else (2, 0.0, text)
