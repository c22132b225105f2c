"""Theorem G1 on six digits: the bound of the Jacobian's move in balls, and what gradient ascent found."""

import matplotlib.pyplot as plt
import numpy as np
from worked import g

from pltheory.theory.arithmetic import FLOATS

radii, found = g.moved()
bound = [float(g.bounds().change(float(s), FLOATS)) for s in radii]
sigma = g.values()["sigma0"]

figure, ax = plt.subplots(figsize=(6.0, 3.0), layout="constrained")
ax.plot(np.r_[0, radii], np.r_[0, bound] / sigma, "C0", label=r"$s\,\|M\|\,/\,\sigma_{\min}(J(w_0))$, for every move")
ax.plot(np.r_[0, radii], np.r_[0, found] / sigma, "C1.-", label=r"the largest $\|J(w)-J(w_0)\|$ found, likewise")
ax.set(xlabel="radius $s$", xlim=(0, None), ylim=(0, None))
ax.legend(frameon=False, loc="upper left")
ax.spines[["top", "right"]].set_visible(False)
