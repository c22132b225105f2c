"""Theorem N on six digits: what the profile has left once the jumps are paid, and what the run meets."""

import matplotlib.pyplot as plt
from worked import n

v, run = n.values(), n.followed()
grid, sig, kap, psi = n.curves()
within = grid <= v["rho"]

figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
ax.fill_between(grid[within], 0, psi[within], color="C2", alpha=0.18, lw=0)
ax.plot(grid, sig, "C0", label=r"$\sigma(s)$, certified")
ax.plot(grid, kap, "C3", label=r"$\kappa(s)$, certified")
ax.plot(grid, psi, "C2", label=r"$\psi_+(s)$")
ax.plot(run.path[: n.STEPS : n.EVERY], run.sigma, ".", color="C1", label=r"run: $\sigma_{\min}(J(w_t))$")
ax.plot(run.path[: n.STEPS : n.EVERY], run.jump[:: n.EVERY], "x", ms=4, color="C3", label="run: jump of $J$ in a step")
ax.axvline(v["rho"], color="0.5", lw=0.8, ls="--", ymax=0.6)
ax.text(v["rho"] - 0.005, 0.02, r"$\rho$", ha="right", color="0.35")
ax.text(0.3 * v["rho"], 0.4 * v["tau"] + 0.02, r"area $\|r_0\|$", ha="center", color="C2")
ax.set(xlabel="length of the path", xlim=(0, None), ylim=(0, 0.92))
ax.legend(frameon=False, loc="upper right", ncols=2, fontsize=9)
ax.spines[["top", "right"]].set_visible(False)
