"""Radii and rates of the ladder as delta and eta vary, from the formulas that ship."""

import matplotlib.pyplot as plt
import numpy as np

from pltheory.theory.arithmetic import ARRAYS
from pltheory.theory.formulas import radius_classic, radius_sharp, radius_tight, rate, rate_classic

MU, BETA, LOSS = 0.01, 1.0, 0.5
UNIT = np.sqrt(2 * LOSS / MU)
delta = np.geomspace(0.01, 1, 200)
eta = 0.5 / BETA

figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6), layout="constrained")
left.loglog(delta, radius_classic(LOSS, MU, eta, delta, np.sqrt(BETA), ARRAYS) / UNIT, label="classical")
for name, formula, style in (("A", radius_sharp, "-"), ("A'", radius_tight, "--")):
    left.loglog(delta, np.full_like(delta, formula(LOSS, MU, BETA, eta) / UNIT), style, label=f"Theorem {name}")
left.set_xlabel(r"$\delta$")
left.set_title(r"radius asked for, $\eta = 0.5/\beta$", loc="left")
left.legend(frameon=False)
for value, style in ((0.1, ":"), (0.5, "--"), (1.0, "-")):
    q = 1 - rate(MU, BETA, value, delta, ARRAYS)
    right.loglog(delta, q, style, color="C1", label=rf"A, B: $\eta = {value:g}/\beta$")
right.loglog(delta, 1 - rate_classic(MU, 1.0, delta), color="C0", label=r"classical: $\eta = 1/\beta$")
right.set_xlabel(r"$\delta$")
right.set_title("proven decrease per step, 1 - q", loc="left")
right.legend(frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
