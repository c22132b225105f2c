"""
What breaks with ReLU
=====================

Theorems about balls bound how the Jacobian moves with the weights. At the kink of a
ReLU it does not move, it jumps. What of the theory is left?
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import torch

import pltheory as pl
from pltheory.report.figures import sides_panel

x, y = pl.datasets.digits(2)
network = pl.fully_connected(
    [64, 64, 1], activation="relu", output_init="rademacher", seed=0
)
problem = pl.Problem(network, x, y)

# %%
# **Theorem B** asks that no argument of a ReLU meets its kink anywhere in the ball. At
# a random start some argument is always near 0, so only a tiny ball is left, and the
# path does not fit into it. The report says which argument is the nearest, and what is
# missing.

settings = pl.GradientDescentSettings(eta="0.1/beta")
report = pl.verify(problem, settings, theorem="B", steps=0)
print(report.verdict)
print(report.hypotheses[0].how)
print(report.main.shortfall)

# %%
# **Theorem D** follows the run itself. It encloses every exact iterate in a ball of
# radius about 1e-11, and only there no kink may be met. In between the run may cross
# as many as it likes.

report = pl.verify(problem, settings, theorem="D", steps=300)
print(report)
print(report.main.concluded)

# %%
# And it does cross them: the same run again, counting the arguments that are on
# another side of their kink than a step before.

(first, _), eta = network.parameters(), report.main.eta
optimizer = torch.optim.SGD(network.parameters(), lr=eta)
sides = []
for _ in range(300):
    sides.append((x @ first.T > 0).detach())
    optimizer.zero_grad()
    problem.value().backward()
    optimizer.step()
changed = [int((a != b).sum()) for a, b in pairwise(sides)]

figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
sides_panel(ax, torch.tensor(changed).numpy())
plt.show()
