"""Lazy training: relative change of weights and kernel by width, from the table of examples/diagnostics/lazy.toml."""

import csv
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pltheory as pl
from pltheory.study.regression import fitted_line

with (Path(pl.__file__).parents[1] / "docs/diagnostics/lazy.csv").open(encoding="utf-8", newline="") as file:
    records = list(csv.DictReader(file))
widths = np.array([float(r["width"]) for r in records])
figure, ax = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
for name, label, color in (
    ("relative_drift", r"weights: $\|w_T - w_0\| / \|w_0\|$", "C0"),
    ("kernel_drift", r"kernel: $\|K(w_T) - K(w_0)\| / \|K(w_0)\|$", "C3"),
):
    values = np.array([float(r[name]) for r in records])
    line = fitted_line(np.log(widths), np.log(values))
    low, high = line.slope.interval()
    ax.plot(widths, values, "o", ms=3, alpha=0.6, color=color)
    ax.plot(widths, np.exp(line.intercept) * widths**line.slope.value, lw=1, color=color,
            label=rf"{label}, exponent ${line.slope.value:.2f} \pm {(high - low) / 2:.2f}$")  # fmt: skip
ax.set_xscale("log", base=2)
ax.set(yscale="log", xlabel="width $m$", title="Lazy training: what moves, relative to what it is")
ax.set_ylim(top=ax.get_ylim()[1] * 4)
ax.legend(frameon=False, fontsize=8, loc="upper right")
ax.spines[["top", "right"]].set_visible(False)
