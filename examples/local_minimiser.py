"""Weight decay, and where it ends (Theorem W1).

Train with weight decay, then ask Theorem W1 where that ends: `python examples/local_minimiser.py`.
"""

from __future__ import annotations

import sys

import torch

import pltheory as pl
from pltheory.optim import DeltaGClip, DeltaGClipSettings
from pltheory.problem.networks import fully_connected

DECAY = 0.5
gen = torch.Generator().manual_seed(0)
x = 2 * torch.nn.functional.normalize(torch.randn(5, 4, generator=gen, dtype=torch.float64), dim=1)
y = torch.randn(5, 1, generator=gen, dtype=torch.float64)
network = fully_connected([4, 24, 1], bias=True, seed=0)

optimizer = DeltaGClip(network.parameters(), lr=0.1, gamma=1.0, delta=0.1, weight_decay=DECAY)
for _ in range(400):
    optimizer.zero_grad()
    (0.5 * (network(x) - y).square().sum()).backward()
    optimizer.step()

rule = DeltaGClipSettings("0.5/beta", gamma=1e-3, delta=0.1, weight_decay=DECAY)
report = pl.verify(pl.Problem(network, x, y), rule, theorem="W1", steps=300)
sys.stdout.write(f"{report.verdict}: {report.main.concluded or report.main.shortfall}; the run {report.evidence}\n")
