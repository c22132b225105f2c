"""
Weight decay
============

With weight decay a run does not come to a zero of the loss: decay pulls the weights
away from it. It comes to a minimiser of the loss with the decay's term. Theorem W1
proves that there is one nearby, and that the run goes there.
"""

import matplotlib.pyplot as plt
import torch

import pltheory as pl
from pltheory.report.figures import distance_panel

# %%
# A small network, trained with a large decay until it hardly moves.

DECAY = 0.5
generator = torch.Generator().manual_seed(0)
x = torch.randn(5, 4, generator=generator, dtype=torch.float64)
x = 2 * torch.nn.functional.normalize(x, dim=1)
y = torch.randn(5, 1, generator=generator, dtype=torch.float64)
network = pl.fully_connected([4, 24, 1], bias=True, seed=0)
optimizer = pl.optim.DeltaGClip(
    network.parameters(), lr=0.1, gamma=1.0, delta=0.1, weight_decay=DECAY
)
losses, sizes = [], []
for _ in range(400):
    optimizer.zero_grad()
    loss = 0.5 * (network(x) - y).square().sum()
    loss.backward()
    losses.append(loss.item())
    sizes.append(sum(p.detach().square().sum() for p in network.parameters()).sqrt())
    optimizer.step()

# %%
# From here on: does it converge, and to what?

settings = pl.DeltaGClipSettings(
    "0.5/beta", gamma=1e-3, delta=0.1, weight_decay=DECAY
)
problem = pl.Problem(network, x, y)
report = pl.verify(problem, settings, theorem="W1", steps=300)
print(report)
print(report.main.concluded)
for row in report.hypotheses:
    print(f"{row.verdict:10} {row.says}")

# %%
# On the left the training so far: decay shrinks the weights, and the loss stays where
# the two pull alike. On the right the steps that the theorem speaks of, inside its
# ball.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.semilogy(losses, label="loss")
left.semilogy(sizes, label="norm of the weights")
left.set(xlabel="step", title="Before")
left.legend()
distance_panel(right, report.trace, report.to_dict())
plt.show()
