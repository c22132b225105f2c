"""What Theorems B, M and M2 ask for by the step size: k in rho_0 < k int sig, heavy ball of two momenta."""

import matplotlib.pyplot as plt
import numpy as np

from pltheory.certification.quadratic.search import closed_form
from pltheory.theory.potential import Setting, search

SMALL = 2.0**-40

figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2), sharey=True, layout="constrained")
steps = np.geomspace(0.01, 2.0, 40)
for ax, m in zip(axes, (0.5, 0.9), strict=True):
    moved = steps * (1 - m)
    some = [search(Setting(m, m, x / (1 - m) ** 2, SMALL)).k for x in moved]
    closed = [closed_form(m, x, SMALL) for x in moved]
    ax.plot(steps, 1 - steps / 2, color="0.6", label="B, no momentum")
    ax.plot(steps, np.where(np.array(some) > 0, some, np.nan), label="M, any steps")
    ax.plot(steps, np.where(np.array(closed) > 0, closed, np.nan), label=r"M2, $h = \eta$, closed form")
    ax.set(xscale="log", ylim=(0, 1.02), xlabel=r"$\beta\eta/(1-m)$", title=f"$m = {m}$")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("$k$")
axes[0].legend(frameon=False, loc="lower left")
