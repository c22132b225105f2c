"""Theorem A on six digits: every step lowers the root of the loss by at least a multiple of its length."""

import matplotlib.pyplot as plt
import numpy as np
from worked import a
from worked import six_digits as six

from pltheory.theory.formulas import radius_sharp

v, trace = a.values(), six.followed("A")
root = np.sqrt(trace.loss)
sharp = radius_sharp(v["L0"], v["mu"], v["beta"], v["eta"])

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.plot(trace.path, root, color="C1", lw=2, label=r"run: $\sqrt{L_t}$")
ax.plot([0, sharp], [root[0], 0], color="C0", label="Theorem A: no run is above this line")
ax.axvline(v["R"], color="0.5", lw=0.8)
ax.text(v["R"] + 0.06, root[0], "$R$", va="top", color="0.35")
ax.text(sharp - 0.15, 0.18, "$R_A$", color="C0", ha="left")
ax.set(xlabel="length of the path $P_t$", ylabel=r"$\sqrt{L_t}$", xlim=(0, v["R"] * 1.08), ylim=(0, None))
ax.legend(frameon=False, loc="upper right", bbox_to_anchor=(0.93, 1))
ax.spines[["top", "right"]].set_visible(False)
