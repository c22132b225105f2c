"""Theorem F4 on six digits: distances from a zero along the local steps of both workers, and of their averages."""

import matplotlib.pyplot as plt
import numpy as np
from worked import f4

away = f4.followed().away
rounds, workers, points = away.shape
within = np.linspace(0, 1, points)

figure, ax = plt.subplots(figsize=(6.0, 3.0), layout="constrained")
for k in range(workers):
    for e in range(rounds):
        ax.plot(e + within, away[e, k], f"C{k}", lw=1.2, label=f"worker {k + 1}" if e == 0 else None)
ax.plot(np.arange(rounds), away[:, 0, 0], "ko", ms=3.5, label="averages")
ax.set(xlabel="round", ylabel="distance to $z_0$", xlim=(0, rounds))
ax.legend(frameon=False, loc="lower left")
ax.spines[["top", "right"]].set_visible(False)
