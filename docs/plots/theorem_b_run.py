"""Theorem B's inequality along a run: the residual that is lost, above the integral of the profile."""

import matplotlib.pyplot as plt
import numpy as np
from worked import b
from worked import six_digits as six

from pltheory.theory.formulas import slack

v, trace = b.values(), six.followed("B")
residual = np.sqrt(2 * trace.loss)
paid = slack(v["beta"], v["eta"]) * np.array([six.integral(p) for p in trace.path])

figure, ax = plt.subplots(figsize=(6.0, 3.2), layout="constrained")
ax.plot(trace.path, residual[0] - residual, color="C1", label=r"$\|r_0\| - \|r_t\|$")
ax.plot(trace.path, paid, color="C0", label=r"$(1-\beta\eta/2)\int_0^{P_t}$sig")
ax.axhline(v["r0"], color="0.5", lw=0.8)
ax.text(0.05, v["r0"] - 0.05, r"$\|r_0\|$", va="top", color="0.35")
ax.set(xlabel="length of the path $P_t$", xlim=(0, None), ylim=(0, None))
ax.legend(frameon=False, loc="lower right")
ax.spines[["top", "right"]].set_visible(False)
