"""What each route asks for at trained weights, as delta falls."""

import matplotlib.pyplot as plt
import numpy as np
from worked import classical

from pltheory.theory.arithmetic import ARRAYS
from pltheory.theory.formulas import radius_classic

v = classical.values()
delta = np.geomspace(0.003, 1, 200)
asked = radius_classic(v["L0"], v["mu"], v["eta"], delta, v["LF"], ARRAYS)

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.loglog(delta, asked, color="C1", label="classical route")
ax.axhline(v["RA"], color="C0", label="Theorem A")
ax.axhline(v["RLZB"], color="C3", ls="--", label=r"LZB22-6 (gradient descent)")
ax.axhline(v["R"], color="0.5", lw=0.8)
ax.text(1, v["R"] * 1.08, "the ball", ha="right", va="bottom", color="0.35")
ax.plot(v["delta"], v["Rclassic"], "o", color="C1")
ax.set(xlabel=r"$\delta$", ylabel="radius asked for", xlim=(0.003, 1))
ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.28))
ax.spines[["top", "right"]].set_visible(False)
