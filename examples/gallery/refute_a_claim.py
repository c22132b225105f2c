"""
Refute a claim
==============

Somebody claims: on the ball of radius R around these weights, the smallest eigenvalue
of the tangent kernel stays above a number. A search cannot prove that. It can find
weights at which it is false.
"""

import matplotlib.pyplot as plt
import numpy as np

import pltheory as pl
from pltheory.theory import WrongDirectionError

x, y = pl.datasets.digits(3)
network = pl.fully_connected([64, 32, 1], activation="tanh", seed=0)
problem = pl.Problem(network, x, y)
start = pl.lambda_min(pl.empirical_ntk(network, x))
print(start)

# %%
# Projected gradient descent on the eigenvalue itself, inside balls that grow.

radii = [0.5, 1.0, 2.0, 3.0]
found = [pl.attack_lambda_min(problem, R, steps=12) for R in radii]
for R, attack in zip(radii, found, strict=True):
    print(f"R = {R}: {attack.value.value:.4f} at distance {attack.distance:.3f}")

# %%
# What a search finds is an upper bound of the minimum, and knows it: asked for a lower
# bound, it refuses.

try:
    found[0].value.at_least()
except WrongDirectionError as error:
    print(error)

# %%
# Beside it what the certificate's bounds say of the same balls, in floating point.
# The minimum lies between the two lines. A claim above the blue line is refuted, one
# below the red line holds, and between them nobody knows yet.

residual = float(problem.residual().detach().norm())
profile = pl.profile(pl.linearize(network, x), residual)
below = np.maximum(profile.sig, 0.0) ** 2

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot([0, *radii], [start.value, *(a.value.value for a in found)], "o-",
        color="C0", label="found: the minimum is at most this")  # fmt: skip
ax.plot(profile.radii, below, color="C3", label="bound: the minimum is at least this")
ax.set(xlim=(0, radii[-1]), ylim=(0, None), xlabel="radius R")
ax.set_title("Smallest kernel eigenvalue in a ball")
ax.legend()
plt.show()
