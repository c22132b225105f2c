"""Theorem T: along the followed run, what rounding makes in a step and what it has grown to."""

import matplotlib.pyplot as plt
import numpy as np
from worked import t as run

w = run.claim().witness
t = np.arange(len(w["rho"]))

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.semilogy(t[1:], w["eps"][1:-1], color="C0", label=r"$\varepsilon_t$, error proved")
ax.semilogy(t, w["rho"], color="C2", label=r"$\rho_t$, rounding of one step")
ax.set(xlabel="step $t$", xlim=(0, len(t)))
growth = ax.twinx()
growth.plot(t, w["factor"], color="0.6", lw=1)
growth.set_ylabel(r"$\mathrm{Lip}_t$", color="0.4")
growth.set(ylim=(1, None))
ax.legend(frameon=False, loc="center right")
ax.spines[["top", "right"]].set_visible(False)
growth.spines[["top"]].set_visible(False)
