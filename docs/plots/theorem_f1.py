"""Theorem F1 on six digits: the distance to the nearest zero at the start of epochs, and what is proved of it."""

import matplotlib.pyplot as plt
import numpy as np
from worked import f1

v, run = f1.values(), f1.followed()
rate = float(f1.proved().found.rate)

figure, ax = plt.subplots(figsize=(6.0, 3.2), layout="constrained")
ax.semilogy(run.epochs, v["D"] * np.sqrt(rate) ** run.epochs, "C0", label=r"proved of $D_e$, in every order")
ax.semilogy(run.epochs, run.near, "C1.-", label="a run: distance to a zero near it")
ax.axhline(v["V"], color="C2", lw=1, label=r"$V$, proved of the distance to $z_0$")
ax.semilogy(run.epochs, run.away, ".", color="C2", label=r"the run: distance to $z_0$")
ax.set(xlabel="epoch", xlim=(0, run.epochs[-1]))
ax.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
ax.minorticks_off()
ax.legend(frameon=False, loc="lower left")
ax.spines[["top", "right"]].set_visible(False)
