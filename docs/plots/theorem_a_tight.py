"""Radii of Theorems A and A' at mu = beta, and the path of a quadratic, step by step."""

import matplotlib.pyplot as plt
import numpy as np

from pltheory.theory.arithmetic import ARRAYS
from pltheory.theory.formulas import radius_sharp, radius_tight

LOSS, MU, BETA = 0.5, 1.0, 1.0
unit = np.sqrt(2 * LOSS / MU)
eta = np.linspace(0.02, 1.9, 200)
some = np.linspace(0.1, 1.9, 13)


def path(step):
    """Of L = x^2 / 2 from 1, until the loss is 1e-12 of what it was."""
    x, length = 1.0, 0.0
    while abs(x) > 1e-6:
        length += abs(step * x)
        x -= step * x
    return length


figure, ax = plt.subplots(figsize=(6.0, 3.4), layout="constrained")
ax.plot(eta, radius_sharp(LOSS, MU, BETA, eta, ARRAYS) / unit, color="C0", label="Theorem A")
ax.plot(eta, radius_tight(LOSS, MU, BETA, eta, ARRAYS) / unit, "--", color="C2", label="Theorem A'")
ax.plot(some, [path(s) / unit for s in some], ".", color="C1", label=r"path on $\mu x^2/2$")
ax.set(xlabel=r"$\beta\eta$", ylabel=r"in units of $\sqrt{2L_0/\mu}$", yscale="log", xlim=(0, 1.95))
ax.legend(frameon=False, loc="upper left")
ax.spines[["top", "right"]].set_visible(False)
