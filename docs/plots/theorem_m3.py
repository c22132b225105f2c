"""Theorem M3 at trained weights: the residual, its bound, and what gradient descent's rate would be."""

import matplotlib.pyplot as plt
import numpy as np
from worked import m3

v, trace = m3.values(), m3.run()
residual = np.sqrt(2 * trace.loss)
t = np.arange(len(residual))
descent = v["r0"] * (1 - v["lambda_min"] / v["norm"] ** 2) ** (t / 2)

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.semilogy(t, v["N"] * v["q"] ** t, color="C0", label="Theorem M3: $N q^t$")
ax.semilogy(t, residual, color="C1", label=r"run: $\|r_t\|$")
label = r"$\|r_0\|(1 - \mu/\beta)^{t/2}$, gradient descent"
ax.semilogy(t, descent, color="0.6", ls="--", label=label)
ax.set(xlabel="step $t$", xlim=(0, m3.STEPS), ylim=(residual[residual > 0].min() / 3, None))
ax.legend(frameon=False, loc="lower left")
ax.spines[["top", "right"]].set_visible(False)
