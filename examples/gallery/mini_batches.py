"""
Mini-batches in every order
===========================

With mini-batches the loss may go up from step to step, and the order of the samples
changes the run. Theorem F1 speaks of all orders at once: it is not the residual that
falls, but the distance to a zero of the loss, once an epoch.
"""

import matplotlib.pyplot as plt
import torch

import pltheory as pl
from pltheory.problem.batches import Batches

# %%
# Four points on a sphere in batches of two, shuffled anew in every epoch.

x, y = pl.datasets.sphere(n=4, d=10)
network = pl.fully_connected(
    [10, 2000, 1], activation="tanh", output_init="rademacher", seed=0
)
problem = pl.Problem(network, x, y)
settings = pl.GradientDescentSettings(eta="0.1/beta")
batches = Batches(2, "shuffle")
report = pl.verify(problem, settings, theorem="F1", batches=batches, steps=100)
print(report)
print(report.main.concluded)

# %%
# The same network in other orders, with plain SGD. The certificate covers each of
# them, without having seen any. Their losses are the same to the eye; their weights
# part by some thousandths in the first epochs, and come nearer again as the loss falls.


def trained(seed):
    """Loss and weights after each epoch of one order."""
    copy, order = problem.copy(), torch.Generator().manual_seed(seed)
    parameters = list(copy.network.parameters())
    sgd = torch.optim.SGD(parameters, lr=report.main.eta)
    losses, weights = [], []
    for _ in range(100):
        losses.append(copy.value().item())
        weights.append(torch.cat([p.detach().flatten() for p in parameters]))
        for batch in torch.randperm(4, generator=order).split(2):
            sgd.zero_grad()
            residual = copy.network(x[batch]) - y[batch]
            (0.5 * residual.square().sum()).backward()
            sgd.step()
    return losses, torch.stack(weights)


runs = [trained(seed) for seed in range(4)]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for seed, (losses, weights) in enumerate(runs):
    left.semilogy(losses, lw=1, label=f"order {seed}")
    if seed:
        apart = (weights - runs[0][1]).norm(dim=1)
        right.plot(apart, lw=1, color=f"C{seed}", label=f"order {seed}")
left.set(xlabel="epoch", title="Loss over all samples")
right.set(xlabel="epoch", title="Distance of the weights from those of order 0")
for ax in (left, right):
    ax.legend()
plt.show()
