"""
Past the edge of stability
==========================

A descent theorem asks for ``eta < 2/beta``, where ``beta`` bounds the curvature of
the loss. Practice is bolder: gradient descent drives the largest eigenvalue of the
Hessian, the sharpness, up to about ``2/eta`` and goes on from there.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import pltheory as pl

# %%
# Two hidden layers of 32 tanh units, 100 digits, ten outputs, gradient descent with a
# long step. Every 40 steps the sharpness is measured by Lanczos.

ETA, STEPS, EVERY = 0.4, 1600, 40
x, y = pl.datasets.digits(100, labels="one-hot", scale="unit")
torch.manual_seed(0)
network = nn.Sequential(
    nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 10)
).double()
problem = pl.Problem(network, x, y, loss="mean")
optimizer = torch.optim.SGD(network.parameters(), lr=ETA)
loss, sharpness = [], []
for step in range(STEPS):
    if step % EVERY == 0:
        sharpness.append(pl.loss_hessian_norm(problem).value.value)
    optimizer.zero_grad()
    value = problem.value()
    value.backward()
    loss.append(value.item())
    optimizer.step()

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.semilogy(loss)
left.set(xlabel="step", title="Loss")
right.plot(range(0, STEPS, EVERY), sharpness, label="sharpness")
right.axhline(2 / ETA, color="C3", ls="--", label="2/eta")
right.set(xlabel="step", title="Sharpness", ylim=(0, None))
right.legend()
plt.show()
