"""The graph of the residual network of examples/own_module, as a report shows it."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch

import pltheory as pl
from pltheory.report.figures import edges_panel, shares_panel

EXAMPLE = Path(pl.__file__).parents[1] / "examples" / "own_module"
sys.path.insert(0, str(EXAMPLE))
from model import make_network  # noqa: E402

torch.manual_seed(0)
x, y = pl.datasets.digits(5, labels="low-high", flat=False)
problem = pl.Problem(make_network(channels=16, blocks=1), x, y)
report = pl.verify(problem, pl.DeltaGClipSettings(eta=0.01, gamma=0.5, delta=0.1), steps=0)
graph = report.to_dict()["graph"]
figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.6), width_ratios=[1, 7], layout="constrained")
edges_panel(left, graph)
shares_panel(right, graph, range(len(graph["nodes"])))
right.spines[["top", "right"]].set_visible(False)
figure.legend(loc="outside lower right", ncols=2, frameon=False)
