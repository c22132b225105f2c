"""An MLP on digits by delta-GClip, with the floor of the paper's ResNet run and with one that engages."""

import matplotlib.pyplot as plt
import torch
from torch import nn

import pltheory as pl
from pltheory.report.audit_figures import norms_panel, share_panel

x, y = pl.datasets.digits(None, labels="raw", dtype=torch.float32)
digit = y[:, 0].long()


def run(delta, steps=400):
    """The monitor of one run."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = pl.optim.DeltaGClip(net.parameters(), lr=0.5, gamma=0.25, delta=delta)
    with pl.Monitor(optimizer) as monitor:
        for _ in range(steps):
            batch = torch.randint(0, len(x), (64,))
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[batch]), digit[batch]).backward()
            optimizer.step()
    return monitor


figure, rows = plt.subplots(2, 2, figsize=(9.6, 6.4), layout="constrained")
for (left, right), delta in zip(rows, (1e-3, 0.5), strict=True):
    found = run(delta).audit()
    norms_panel(left, found)
    share_panel(right, found)
    left.set_title(rf"$\delta$ = {delta:g}")
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
