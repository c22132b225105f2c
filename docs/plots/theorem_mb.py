"""Theorem Mb at trained weights: the buffer, what it tends to, and how far it lags behind."""

import matplotlib.pyplot as plt
import numpy as np
from worked import mb

v, trace = mb.values(), mb.run()
t = np.arange(16)

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.plot(t, trace.grad_norm[:16] / (1 - v["m"]), "o-", ms=3, color="0.6", label=r"$\|g_t\|/(1-m)$")
ax.plot(t, trace.buffer[:16], "o-", ms=3, color="C0", label=r"buffer $\|b_t\|$")
ax.plot(t, trace.lag[:16], "o-", ms=3, color="C2", label=r"lag $\|y_t\|$")
ax.set(xlabel="step $t$", xlim=(0, 15), ylim=(0, None))
ax.legend(frameon=False, loc="center right")
ax.spines[["top", "right"]].set_visible(False)
