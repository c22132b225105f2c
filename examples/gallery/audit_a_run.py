"""
Audit a run
===========

A run was made with delta-GClip. Did its floor delta ever matter? If no step was at
the floor, the run is one of plain gradient clipping, and says nothing about
delta-GClip. Its gradient norms tell.
"""

import torch
from torch import nn

import pltheory as pl
from pltheory.report.audit_figures import audit_figure

x, y = pl.datasets.digits(500, labels="raw", dtype=torch.float32)
digit = y[:, 0].long()


def trained(delta):
    """A small classifier, trained by mini-batches while a monitor looks on."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = pl.optim.DeltaGClip(
        network.parameters(), lr=0.5, gamma=0.25, delta=delta
    )
    with pl.Monitor(optimizer) as monitor:
        for _ in range(300):
            batch = torch.randint(0, len(x), (64,))
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x[batch]), digit[batch]).backward()
            optimizer.step()
    return monitor


# %%
# ``with pl.Monitor(optimizer)`` is all that a training loop needs. With the delta of
# many published runs:

audit = trained(delta=1e-3).audit()
print(audit.conclusion)
figure = audit_figure(audit)
figure

# %%
# The audit says which delta would have mattered at these norms. With one above it some
# steps are at the floor:

for reach in audit.deltas:
    print(reach)
audit = trained(delta=0.5).audit()
print(audit.conclusion)
figure = audit_figure(audit)
figure
