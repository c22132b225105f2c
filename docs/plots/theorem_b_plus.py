"""Theorem B+ on six digits: the bound of the kernel's error in each phase, and the error along the run."""

import matplotlib.pyplot as plt
import numpy as np
from worked import b_plus

setup, result, two = b_plus.found()
fine = setup.regridded(b_plus.CELLS, 16)
many = b_plus.solved(fine, result.eta)
run, last = b_plus.followed(), b_plus.HORIZON / float(setup.centre.lam[0])

figure, ax = plt.subplots(figsize=(6.0, 3.4), layout="constrained")
for grid, states, look, name in (
    (setup.grid, two.states, "C0-", "2 phases"),
    (fine.grid, many.states, "C2-", "16 phases"),
):
    ends = np.r_[0.0, grid.times[grid.ends]]
    ends[-1] = last
    ax.semilogy(
        np.repeat(ends, 2)[1:-1], np.repeat([s.eps for s in states], 2), look, label=rf"$\varepsilon_g$, {name}"
    )
ax.semilogy(run.times[1:], run.errors[1:], "C1", label=r"run: $\|E_t\|$")
ax.set(xlabel="time $T_t$, the sum of the step sizes", xlim=(0, last), ylim=(1e-5, 0.2))
ax.legend(frameon=False, loc="lower right")
ax.spines[["top", "right"]].set_visible(False)
