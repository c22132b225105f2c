"""Theorem S at trained weights: the loss along a cosine schedule, and the product of the factors."""

import matplotlib.pyplot as plt
import numpy as np
from worked import s

trace = s.run()
t = np.arange(len(trace.loss))

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.semilogy(t, s.bounds(), color="C0", label="Theorem S: at most")
ax.semilogy(t, trace.loss, color="C1", label="run: $L_t$")
ax.set(xlabel="step $t$", xlim=(0, s.STEPS))
steps = ax.twinx()
steps.fill_between(t[:-1], trace.step_size / s.claim().eta, color="0.5", alpha=0.15, lw=0)
steps.set(ylim=(0, 3.2), yticks=[0, 1], yticklabels=["0", r"$\eta$"])
steps.text(4, 0.25, "step size $h_t$", color="0.35")
ax.legend(frameon=False, loc="upper right")
ax.spines[["top", "right"]].set_visible(False)
steps.spines[["top"]].set_visible(False)
