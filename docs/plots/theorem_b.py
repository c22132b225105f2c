"""Theorem B on six digits: the profile that is spent along the path, and what the run really meets."""

import matplotlib.pyplot as plt
import numpy as np
from worked import b
from worked import six_digits as six

v, trace = b.values(), six.followed("B")
grid, sigma = six.profile()
within = grid[1:] <= v["rho"]

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.fill_between(np.r_[0, grid[1:][within]], np.r_[v["sig0"], sigma[within]], color="C0", alpha=0.18, lw=0)
ax.plot(grid[1:], sigma, color="C0", label="sig(s), certified")
at = trace.path[trace.recorded]
ax.plot(at, np.sqrt(trace.lambda_min), ".", color="C1", label=r"run: $\sigma_{\min}(J(w_t))$")
ax.axvline(v["rho"], color="C0", ls="--", lw=1, ymax=0.62)
ax.text(v["rho"] - 0.08, 0.02, r"$\rho$", color="C0", ha="right")
ax.text(v["rho"] / 2, 0.2, r"area $\|r_0\|\,/\,(1-\beta\eta/2)$", ha="center", color="C0")
ax.set(xlabel="length of the path", ylim=(0, 0.72), xlim=(0, None))
ax.legend(frameon=False, loc="upper right", ncols=2)
ax.spines[["top", "right"]].set_visible(False)
