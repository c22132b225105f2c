"""What Theorems M and M2 leave of the potential in closed form, by the effective step."""

import matplotlib.pyplot as plt
import numpy as np

from pltheory.theory.forms import closed_form_squared
from pltheory.theory.potential import limit

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
effective = np.linspace(0, 2, 400)
ax.plot(effective, 1 - effective / 2, color="0.6", label="$m = 0$, Theorem B")
for m, colour in ((0.5, "C0"), (0.9, "C1")):
    smooth = effective * (1 - m)
    first = 1 - smooth / limit(m, m)
    second = np.sqrt(np.maximum(closed_form_squared(m, smooth, 0.0), 0))
    ax.plot(effective[first > 0], first[first > 0], color=colour, ls="--", label=f"$m = {m}$, M")
    ax.plot(effective[second > 0], second[second > 0], color=colour, label=f"$m = {m}$, M2, nothing clipped")
ax.set(xlabel=r"$\beta\eta/(1-m)$", ylabel="$k$", xlim=(0, 2), ylim=(0, 1))
ax.legend(frameon=False, loc="upper right")
ax.spines[["top", "right"]].set_visible(False)
