"""Theorem F3 on six digits: the proved error of the stored run, below the room that Theorem F1 has at its end."""

import matplotlib.pyplot as plt
import numpy as np
from worked import f3

v, (eps, rho) = f3.values(), f3.errors()
t = np.arange(len(eps))

figure, ax = plt.subplots(figsize=(6.0, 3.2), layout="constrained")
ax.semilogy(t[1:], eps[1:], "C0", label=r"$\varepsilon_t$, error proved")
ax.semilogy(t, rho, "C2", label=r"$\rho_t$, rounding of one step")
ax.plot(v["T"], v["D"], "C1o", label="$D$, where every order may follow")
ax.axvline(v["T"], color="0.5", lw=0.8)
ax.text(v["T"] - 1, 1e-6, "Theorem F1\ncloses here", ha="right", color="0.35")
ax.set(xlabel="stored step $t$", xlim=(0, v["T"] + 3), ylim=(1e-16, 3))
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(0, 0.6))
ax.spines[["top", "right"]].set_visible(False)
