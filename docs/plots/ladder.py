"""Radii and rates of the ladder as delta, eta and mu vary, from the formulas that ship."""

import matplotlib.pyplot as plt
import numpy as np

from pltheory.theory.arithmetic import ARRAYS
from pltheory.theory.formulas import radius_classic, radius_sharp, radius_tight, rate, rate_classic

BETA, LOSS = 1.0, 0.5
MU, ETA, DELTA = 0.01, 0.5, 0.1
many = 300
axes_of = {
    r"$\delta$": (np.geomspace(0.01, 1, many), lambda v: (MU, ETA, v)),
    r"$\eta\beta$": (np.linspace(0.01, 1.95, many), lambda v: (MU, v, DELTA)),
    r"$\mu/\beta$": (np.geomspace(1e-4, 1, many), lambda v: (v, ETA, DELTA)),
}

figure, panels = plt.subplots(3, 2, figsize=(8.0, 8.4), layout="constrained")
for (name, (v, settings)), (left, right) in zip(axes_of.items(), panels, strict=True):
    mu, eta, delta, _ = np.broadcast_arrays(*settings(v), v)
    unit = np.sqrt(2 * LOSS / mu)
    # The classical route is about eta <= 1/beta only.
    classical = np.where(eta * BETA <= 1, radius_classic(LOSS, mu, eta, delta, np.sqrt(BETA), ARRAYS), np.nan)
    left.plot(v, classical / unit, color="C0", label="classical")
    left.plot(v, radius_sharp(LOSS, mu, BETA, eta, ARRAYS) / unit, color="C1", label="Theorem A")
    left.plot(v, radius_tight(LOSS, mu, BETA, eta, ARRAYS) / unit, "--", color="C2", label="Theorem A'")
    right.plot(v, np.where(eta * BETA <= 1, 1 - rate_classic(mu, eta, delta), np.nan), color="C0", label="classical")
    right.plot(v, 1 - rate(mu, BETA, eta, delta, ARRAYS), color="C1", label="Theorems A, A', B")
    for ax in (left, right):
        ax.set_xscale("linear" if name == r"$\eta\beta$" else "log")
        ax.set_yscale("log")
        ax.set_xlabel(name)
        ax.spines[["top", "right"]].set_visible(False)
panels[0, 0].set_title(r"radius asked for, in units of $\sqrt{2 L_0/\mu}$", loc="left")
panels[0, 1].set_title("proven decrease per step, 1 - q", loc="left")
for ax in panels[0]:
    ax.legend(frameon=False)
