"""Theorem M at trained weights: the root of the potential against the path of the point ahead, and its bound."""

import matplotlib.pyplot as plt
import numpy as np
from worked import m, pieces

v, trace, profile = m.values(), m.run(), pieces.of(m.claim())
path = np.concatenate([[0.0], np.cumsum(trace.step_size * trace.grad_norm / (1 - v["m"]))])[:-1]
s = np.linspace(0, v["rho"], 200)

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.plot(path, np.sqrt(2 * m.energy(v["C"])), color="C1", lw=2, label=r"run: $\sqrt{2E_t}$")
most = [v["r0"] - v["k"] * profile.integral(x) for x in s]
ax.plot(s, most, color="C0", label=r"$\|r_0\| - k\int\mathrm{sig}$: no run is above")
ax.axvline(v["R"], color="0.5", lw=0.8)
ax.text(v["R"] * 1.01, v["r0"], "$R$", va="top", color="0.35")
ax.text(v["rho"], v["r0"] * 0.04, r"$\rho$", color="C0", ha="left")
ax.set(xlabel="length of the path of $z$", xlim=(0, v["R"] * 1.06), ylim=(0, None))
ax.legend(frameon=False, loc="upper right", bbox_to_anchor=(0.95, 1))
ax.spines[["top", "right"]].set_visible(False)
