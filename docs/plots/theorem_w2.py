"""Theorem W2 at trained weights: the loss with decay, its bound and the floor."""

import matplotlib.pyplot as plt
import numpy as np
from worked import w2

v, trace = w2.values(), w2.run()
t = np.arange(len(trace.loss))

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.semilogy(t, w2.bounds(), color="C0", label="Theorem W2: at most")
ax.semilogy(t, trace.loss, color="C1", label="run: $L_t$")
ax.axhline(v["F"], color="0.5", lw=0.8)
ax.text(t[-1], v["F"] * 0.72, "floor $F$", ha="right", va="top", color="0.35")
ax.set(xlabel="step $t$", xlim=(0, t[-1]))
ax.legend(frameon=False, loc="upper right", bbox_to_anchor=(1, 0.75))
ax.spines[["top", "right"]].set_visible(False)
