"""
Neural collapse
===============

Train a classifier on, with weight decay, after it fits. Its last-layer features
gather at their class means. Theorem NC says how far from them they can be, from
three numbers alone: how well the network fits, how balanced its last two layers are,
and how well conditioned the last one is.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import pltheory as pl

# %%
# Sixty digits. The network ends in two linear layers, as the theorem asks.

torch.manual_seed(0)
network = nn.Sequential(
    nn.Linear(64, 64), nn.ReLU(),
    nn.Linear(64, 32, bias=False), nn.Linear(32, 10, bias=False),
).double()  # fmt: skip
x, y = pl.datasets.digits(60, labels="one-hot", scale="unit")
problem = pl.Problem(network, x, y, loss="mean")

# %%
# Gradient descent with weight decay; at the listed steps collapse is measured.

settings = pl.GradientDescentSettings(eta=0.5, weight_decay=0.002)
record = [0, 10, 20, 50, 100, 200, 400, 800, 1600]
trace = pl.collapse_along(problem, settings, record)
print(trace)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
steps = trace.steps[1:]
within = [c.within for c in trace.collapse[1:]]
bound = [c.within_bound_apart for c in trace.collapse[1:]]
left.loglog(steps, within, label="measured")
left.loglog(steps, bound, "--", color="C3", label="Theorem NC: at most")
left.set(xlabel="step", title="Features from their class means")
left.legend()
right.loglog(steps, trace.imbalance[1:], label="measured")
right.loglog(steps, trace.law[1:], "--", color="C3", label="law of weight decay")
right.set(xlabel="step", title="Imbalance of the last two layers")
right.legend()
plt.show()
