"""Theorem L: the way to a level as an area under the inverse of the gauge."""

import matplotlib.pyplot as plt
import numpy as np
from worked import l

v = l.values()
loss = np.linspace(0.08, v["L0"] * 1.05, 300)
inverse = np.array([1 / l.gam(x) for x in loss])
on = (loss >= v["eps"]) & (loss <= v["L0"])

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.plot(loss, inverse, color="C0", label=r"$1/\mathrm{gam}$ of the cross-entropy")
ax.fill_between(loss[on], inverse[on], color="C0", alpha=0.18, lw=0)
ax.plot(loss, 1 / np.sqrt(2 * loss), color="0.6", ls="--", label=r"$1/\sqrt{2v}$ of the square loss")
ax.text((v["eps"] + v["L0"]) / 2, 1.05, r"area $\Phi(\varepsilon, L_0)$", ha="center", color="C0")
ax.text(v["eps"], -0.02, r"$\varepsilon$", ha="center", va="top", transform=ax.get_xaxis_transform())
ax.text(v["L0"], -0.02, "$L_0$", ha="center", va="top", transform=ax.get_xaxis_transform())
ax.set(xlabel="loss $v$", ylim=(0, 4), xlim=(0, None), xticks=[])
ax.legend(frameon=False, loc="upper right")
ax.spines[["top", "right"]].set_visible(False)
