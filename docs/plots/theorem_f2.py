"""Theorem F2 on six digits: the distance to the zeros along runs, and what is proved of its mean square."""

import matplotlib.pyplot as plt
import numpy as np
from worked import f2

v, runs = f2.values(), f2.followed()
rate = float(f2.proved().found.rate)

figure, ax = plt.subplots(figsize=(6.0, 3.2), layout="constrained")
ax.semilogy(runs.steps, v["D"] * np.sqrt(rate) ** runs.steps, "C0", label=r"proved of $(\mathrm{E}\,D_t^2)^{1/2}$")
for k, one in enumerate(runs.near):
    ax.semilogy(runs.steps, one, "C1", lw=0.7, alpha=0.4, label=f"{len(runs.near)} runs" if k == 0 else None)
mean = np.sqrt(np.mean(np.square(runs.near), axis=0))
ax.semilogy(runs.steps, mean, "C1o", ms=4, label="root mean square of the runs")
ax.set(xlabel="step", xlim=(0, runs.steps[-1]))
ax.set_yticks([0.02, 0.05, 0.1], ["0.02", "0.05", "0.1"])
ax.minorticks_off()
ax.legend(frameon=False, loc="lower left")
ax.spines[["top", "right"]].set_visible(False)
