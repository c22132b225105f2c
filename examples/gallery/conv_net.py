"""
A convolutional network
=======================

The theorems read any network of smooth layers as a graph of nodes: convolutions,
residual blocks, normalisation, attention. Here a small convolution on images.
"""

import pltheory as pl
from pltheory.report.figures import graph_figure

# %%
# Two digits as images of one channel and 8 by 8 pixels; eight channels, stride 2,
# average pooling and a linear head.

x, y = pl.datasets.digits(2, flat=False)
network = pl.convolutional(
    shape=(1, 8, 8), channels=[8], stride=2, pooling="average", seed=0
)
problem = pl.Problem(network, x, y)
print(network)

# %%
# Eight channels are too narrow for a ball around the start. Theorem D follows the
# exact run instead, until a ball around a later iterate does.

settings = pl.DeltaGClipSettings(eta="0.5/beta", gamma=0.5, delta=0.1)
report = pl.verify(problem, settings, theorem="D", steps=300)
print(report)
print(report.main.concluded)

# %%
# Which node costs what? Each share is the part of a bound on the ball that comes in
# at that node.

figure = graph_figure(report.to_dict()["graph"])
figure

# %%
# And the run beside its proof, which begins at a later step.

figure = pl.run_figure(report)
figure
