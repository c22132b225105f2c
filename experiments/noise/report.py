"""Figures and page of gradient noise, from its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from pltheory.measure.gradient_noise import FEWEST, GradientNoise, hill_curve, tail_index
from pltheory.report.figures import STYLE

from .. import pages

BLUES = ("#9ecae1", "#56a0d3", "#1f5fa8", "#0b2f5e")
OTHERS = ("#c8442b", "#e69f00", "#8a929c")
SHARES = (0.1, 0.05)


def curves(run: Mapping[str, Any], other: Mapping[str, Any], batch: str) -> list[tuple[str, str, str, np.ndarray]]:
    """Label, colour, line and norms: of the run, then generated."""
    own = [
        (f"step {look['step']}", color, "-", np.array(look["noise"][batch]["norms"]))
        for look, color in zip(run["looks"], BLUES, strict=False)
    ]
    made = zip(other["norms"].items(), OTHERS, strict=False)
    return [*own, *((label, color, "--", np.array(norms)) for (label, norms), color in made)]


def tails_figure(run: Mapping[str, Any], other: Mapping[str, Any]) -> Figure:
    """Share of the noise above a value, and Hill's index against the share of values that it is taken from."""
    figure = Figure(figsize=(10.4, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for label, color, line, norms in curves(run, other, "1"):
        x = np.sort(norms)[::-1]
        above = np.arange(1, len(x) + 1) / len(x)
        left.loglog(x / np.median(x), above, line, color=color, label=label, lw=1.5)
        shares = np.geomspace((FEWEST + 1) / len(x), 0.5, 30)
        right.loglog(shares, hill_curve(norms, shares), line, color=color, lw=1.5)
    right.axhline(2, color="black", lw=0.8, ls=":")
    left.set(xlabel="noise over its median", xlim=(0.3, 30))
    left.set_title("share of batches with more noise")
    right.set(xlabel="share of the values, the largest", ylim=(0.7, 60))
    right.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    right.set_yticks([], minor=True)
    right.set_title("Hill's index")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    return figure


def noise_table(run: Mapping[str, Any]) -> str:
    """A line an iterate and a size of batch."""
    rows = []
    for look in run["looks"]:
        for batch, found in look["noise"].items():
            x = np.array(found["norms"])
            tails = [tail_index(x, share=share) for share in SHARES if share * len(x) >= FEWEST]
            rows.append(
                [
                    str(look["step"]),
                    f"{look['loss']:.3g}",
                    batch,
                    f"{found['gradient']:.3g}",
                    f"{x.max():.3g}",
                    f"{np.sqrt((x**2).mean()):.3g}",
                    f"{x.max() / np.median(x):.1f}",
                    *(f"{t.index.value:.2f} ({t.low:.2f} to {t.high:.2f})" for t in tails),
                    *[""] * (len(SHARES) - len(tails)),
                ]
            )
    indices = [f"index, largest {share:.0%}" for share in SHARES]
    head = ["step", "loss", "batch", r"$\lVert\nabla L\rVert$", "largest", r"$\sqrt{E X^2}$", "over median", *indices]
    return pages.table(head, rows)


def reference_table(other: Mapping[str, Any]) -> str:
    """A line a generated noise."""
    rows = []
    for label, norms in other["norms"].items():
        x = np.array(norms)
        tails = [tail_index(x, share=share) for share in SHARES if share * len(x) >= FEWEST]
        cells = [f"{t.index.value:.2f} ({t.low:.2f} to {t.high:.2f})" for t in tails]
        rows.append([label, *cells, *[""] * (len(SHARES) - len(cells))])
    return pages.table(["generated", *(f"index, largest {share:.0%}" for share in SHARES)], rows)


def bounds_table(run: Mapping[str, Any]) -> str:
    """What noise of single samples at the last iterate shows of bounds for all w."""
    look = run["looks"][-1]
    found = look["noise"]["1"]
    noise = GradientNoise(np.array(found["norms"]), found["gradient"], 1, True)
    rows = [[row.hypothesis, row.verdict.value, row.how] for row in noise.held_against()]
    return pages.table(["asked for", "verdict", "what is known"], rows)


def write(run: Mapping[str, Any], other: Mapping[str, Any], config: Mapping[str, Any], name: str) -> None:
    """docs/NAME.md and its figures."""
    a = run["asked"]
    with mpl.rc_context(STYLE):
        figures = {"tails": tails_figure(run, other)}
    words = {
        "data": run["data"],
        "hidden": a["hidden"],
        "lr": f"{a['lr']:g}",
        "gamma": f"{a['gamma']:g}",
        "delta": f"{a['delta']:g}",
        "train_batch": a["train_batch"],
        "draws": a["draws"],
        "count": other["asked"]["n"],
        "ladder": a["ladder"],
        "noise": noise_table(run),
        "reference": reference_table(other),
        "bounds": bounds_table(run),
        # A bar ends a cell.
        "rows": pages.table(
            ["hypothesis", "verdict", "what is known"],
            [[cell.replace("|", r"\|") for cell in row] for row in run["rows"]],
        ),
        "step": run["looks"][-1]["step"],
        "minutes": f"{(run['seconds'] + other['seconds']) / 60:.1f}",
        "machine": run["machine"],
    }
    pages.write(Path(__file__).parent, name, words, figures)
