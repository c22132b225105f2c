"""Which arguments of examples/relu.toml change their side along a run, and how far from a kink the proof stays."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch

import pltheory as pl
from pltheory.certification.trajectory import certify_kinked_trajectory
from pltheory.report.figures import margins_panel, sides_panel

STEPS = 900

x, y = pl.datasets.digits(10, labels="low-high")
net = pl.fully_connected([64, 128, 1], activation="relu", output_init="rademacher", seed=0)
problem = pl.Problem(net, x, y)
found = certify_kinked_trajectory(problem, pl.GradientDescentSettings(eta="0.1/beta"), steps_limit=STEPS)

# The same run step by step: arguments z_ik, and the distance that the weights of unit k must go for one to be 0.
first, _ = net.parameters()
reach = x.norm(dim=1, keepdim=True) / x.shape[1] ** 0.5
sides, nearest = [], []
optimizer = torch.optim.SGD(net.parameters(), lr=found.eta)
for _ in range(STEPS + 1):
    with torch.no_grad():
        z = x @ first.T / x.shape[1] ** 0.5
        sides.append(z > 0)
        nearest.append(float((z.abs() / reach).min()))
    optimizer.zero_grad()
    problem.value().backward()
    optimizer.step()
changed = np.array([int((a != b).sum()) for a, b in pairwise(sides)])
error = np.array([*(s.eps for s in found.records), found.eps])

figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained")
sides_panel(left, changed, found.steps)
margins_panel(right, np.array(nearest), 2 * error)
for ax, place in ((left, "center right"), (right, "lower right")):
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc=place)
