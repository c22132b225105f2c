"""Theorem D on six digits: the residual along the followed trajectory, and the bound of its error."""

import matplotlib.pyplot as plt
import numpy as np
from worked import d

c = d.found()
t = np.arange(c.steps)
clipped = np.array(["full" not in r.branches for r in c.records])

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.semilogy(t, [r.residual for r in c.records], color="C1", label=r"bound of $\|r_t\|$")
ax.semilogy(t[1:], [r.eps for r in c.records[1:]], color="C0", label=r"$\varepsilon_t$, error proved")
ax.semilogy(t, [r.rho for r in c.records], color="C2", label=r"$\rho_t$, rounding of one step")
ax.axvspan(0, t[clipped][-1] + 0.5, color="0.93", lw=0)
ax.text(t[clipped][-1] / 2, 3e-9, "clipped steps", ha="center", color="0.4")
ax.axvline(c.steps, color="0.5", lw=0.8)
ax.text(c.steps - 2, 1e-7, "Theorem C\ncloses here", ha="right", color="0.35")
ax.set(xlabel="step $t$", xlim=(0, c.steps + 6), ylim=(1e-15, 30))
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(0, 0.62))
ax.spines[["top", "right"]].set_visible(False)
