"""
The kernel and its infinite-width limit
=======================================

The tangent kernel of a random network is a random matrix. As the layers grow it comes
to a fixed one, which can be computed.
"""

import matplotlib.pyplot as plt
import numpy as np

import pltheory as pl
from pltheory.measure.infinite_width import infinite_width

x, _ = pl.datasets.digits(8)
limit = infinite_width(x, hidden_layers=2, activation="tanh")
print(f"known to {limit.relative_error:.1e} of its size")

# %%
# Eight networks at each width, and how far their kernels are from the limit.

widths, seeds, smallest, distances = [16, 64, 256, 1024], range(8), [], []
for m in widths:
    kernels = [
        pl.empirical_ntk(
            pl.fully_connected([64, m, m, 1], activation="tanh", seed=seed), x
        )
        for seed in seeds
    ]
    distances.append([float((K - limit.kernel).norm()) for K in kernels])
    smallest.append([pl.lambda_min(K).value for K in kernels])

# %%
# An entry of the kernel is an average over neurons, so the distance falls like
# ``width ** -0.5``. The smallest eigenvalue, which every theorem here lives from,
# settles at that of the limit.

eigenvalues, _ = limit.eigenvalues
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.loglog(widths, distances, "o", color="C0", ms=3)
slope = np.mean(distances[0]) * (np.array(widths) / widths[0]) ** -0.5
left.loglog(widths, slope, "--", color="C3", label="like $m^{-1/2}$")
left.set(xlabel="width m", title="Distance of the kernel from its limit")
left.legend()
right.semilogx(widths, smallest, "o", color="C0", ms=3)
right.axhline(float(eigenvalues[0]), color="C3", ls="--", label="limit")
right.set(xlabel="width m", title="Smallest eigenvalue", ylim=(0, None))
right.legend()
for ax in (left, right):
    ax.set_xticks(widths, [str(m) for m in widths])
    ax.minorticks_off()
plt.show()
