"""Which lemmas feed which theorems, drawn from what claims and theorems declare of each other."""

from __future__ import annotations

import matplotlib.pyplot as plt
import networkx as nx
from checked import checked
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from pltheory.theorems.ladder import BY_NAME, LADDER, OF_BATCHES
from proofs_checks.dependencies import closure, lemmas
from proofs_checks.language import Cited

THEOREMS = {t.id: t for t in (*LADDER, *BY_NAME, *OF_BATCHES)}
_COLOURS = {"cited": "#8a6d1f", "claim": "#1f4e79", "theorem": "#ffffff"}
WIDE = 6
"""Columns of every map, so that names are as large on one as on the others."""
_SWEEPS = 12
"""Passes in which every node goes to the mean height of its neighbours."""


def graph(ids: list[str]) -> nx.DiGraph:
    """From lemma to what rests on it; nodes "cited NAME", "claim NAME", "theorem ID"."""
    found = nx.DiGraph()
    for name in ids:
        claims = [checked()[c].claim for c in THEOREMS[name].claims]
        for claim in claims:
            found.add_edge(f"claim {claim.name}", f"theorem {name}")
        for claim in closure(claims):
            for lemma in lemmas(claim):
                kind = "cited" if isinstance(lemma, Cited) else "claim"
                found.add_edge(f"{kind} {lemma.name}", f"claim {claim.name}")
    # What another claim passes on need not be drawn twice.
    return nx.transitive_reduction(found)


def placed(g: nx.DiGraph) -> dict[str, tuple[float, float]]:
    """A column by the longest way that leads to a node, theorems last; in a column the order of the neighbours."""
    column: dict[str, int] = {}
    for node in nx.topological_sort(g):
        before = [column[p] for p in g.predecessors(node)]
        column[node] = 0 if node.startswith("cited") else 1 + max([0, *before])
    last = max(column.values())
    column |= {n: last for n in g if n.startswith("theorem")}
    rows = {c: [n for n in g if column[n] == c] for c in sorted(set(column.values()))}
    y = {n: k - len(row) / 2 for row in rows.values() for k, n in enumerate(row)}
    for _ in range(_SWEEPS):
        for row in rows.values():
            near = {n: [y[m] for m in (*g.predecessors(n), *g.successors(n))] for n in row}
            row.sort(key=lambda n, near=near: sum(near[n]) / len(near[n]))
            y |= {n: k - len(row) / 2 for k, n in enumerate(row)}
    tallest = max(map(len, rows.values()))
    where = {}
    for c, row in rows.items():
        step = tallest / len(row)
        where |= {n: (float(c), (k + 0.5) * min(step, 1.6) - len(row) * min(step, 1.6) / 2) for k, n in enumerate(row)}
    return where


def draw(*ids: str) -> None:
    """The map of some theorems, on a figure of its own."""
    g = graph(list(ids))
    at = placed(g)
    columns, heights = {x for x, _ in at.values()}, [y for _, y in at.values()]
    tall = max(heights) - min(heights) + 1
    _, ax = plt.subplots(figsize=(1.6 * WIDE, 0.25 * tall + 0.4), layout="constrained")
    for a, b in g.edges:
        _edge(ax, at[a], at[b], "0.78" if a.startswith("cited") else "#7a9cc0")
    for node, (x, y) in at.items():
        kind, _, name = node.partition(" ")
        box = {"boxstyle": "round,pad=0.25", "fc": "#1f4e79" if kind == "theorem" else "white", "ec": "none"}
        look = {"weight": "bold" if kind == "theorem" else "normal", "style": "italic" if kind == "cited" else "normal"}
        ax.text(x, y, name, ha="center", va="center", size=8.5, color=_COLOURS[kind], bbox=box, **look)
    right = min(columns) + max(WIDE, len(columns)) - 0.6
    ax.set(xlim=(min(columns) - 0.5, right), ylim=(max(heights) + 0.6, min(heights) - 0.6))
    ax.axis("off")


def _edge(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    (x0, y0), (x1, y1) = start, end
    bend = (x1 - x0) / 2
    curve = Path([(x0, y0), (x0 + bend, y0), (x1 - bend, y1), (x1, y1)], [1, 4, 4, 4])
    ax.add_patch(PathPatch(curve, fc="none", ec=colour, lw=0.9, zorder=0))
