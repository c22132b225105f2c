"""What a fixed and a reduced step do as the width grows, from the tables of the studies under examples/diagnostics."""

import csv
from pathlib import Path

import matplotlib.pyplot as plt

import pltheory as pl

TABLES = Path(pl.__file__).parents[1] / "docs" / "diagnostics"
PANELS = {
    "parameter_drift": r"$\|w_T - w_0\|$",
    "kernel_drift": "kernel drift",
    "pl_over_gap": r"least PL* ratio over $\lambda_{\min}(K(w_0))$",
}

figure, rows = plt.subplots(2, 3, figsize=(8.8, 5.2), sharex=True, layout="constrained")
for axes, (name, title) in zip(rows, {"digits": "digits", "fashion": "Fashion-MNIST"}.items(), strict=True):
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    steps = sorted({float(r["optimizer.eta"]) for r in records}, reverse=True)
    for ax, (quantity, label) in zip(axes, PANELS.items(), strict=True):
        for eta, mark, color in zip(steps, "os", ("C3", "C0"), strict=True):
            some = [r for r in records if float(r["optimizer.eta"]) == eta]
            ax.plot([int(r["width"]) for r in some], [float(r[quantity]) for r in some], mark, ms=4, alpha=0.7,
                    color=color, label=rf"$\eta = {eta:g}$")  # fmt: skip
        ax.set_xscale("log", base=2)
        ax.set(title=f"{title}: {label}" if quantity != "pl_over_gap" else label)
        ax.title.set_fontsize(9)
        ax.spines[["top", "right"]].set_visible(False)
    axes[1].set_yscale("log")
    axes[2].axhline(1, color="0.6", lw=0.8, ls="--")
    axes[0].set_ylim(bottom=0)
    axes[0].legend(frameon=False, fontsize=8)
for ax in rows[1]:
    ax.set_xlabel("width $m$")
