"""
Cross-entropy
=============

Cross-entropy has no zero, so nothing converges to one. What can be promised is a
level: after so many steps the loss is below a number at which every sample is
classified right. Theorem L does, for every loss with a gauge: a lower bound of the
gradient in the outputs, given the loss.
"""

import torch

import pltheory as pl

# %%
# Two points on a sphere, one of each class.

x, _ = pl.datasets.sphere(n=2, d=10)
y = torch.eye(2, dtype=x.dtype)
network = pl.fully_connected(
    [10, 4000, 2], activation="tanh", output_init="rademacher", seed=0
)
problem = pl.Problem(network, x, y, loss="cross-entropy")
settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=1.0, delta=0.1)
report = pl.verify(problem, settings, theorem="L", steps=100)
print(report)
print(report.main.concluded)

# %%
# The dashed line in the first panel is the level. That the run reaches it much earlier
# than promised is usual: a bound holds for the worst network that fits the numbers.

figure = pl.run_figure(report)
figure
