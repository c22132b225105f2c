"""
Momentum
========

With momentum the loss need not fall at every step, so a proof by descent fails. What
falls is an energy: the loss and a multiple of the buffer's square. Theorem M
makes a certificate of it.
"""

import pltheory as pl
from pltheory.theory import InvalidInputError

x, y = pl.datasets.digits(2)
network = pl.fully_connected(
    [64, 3000, 1], activation="tanh", output_init="rademacher", seed=0
)
problem = pl.Problem(network, x, y)

# %%
# Heavy ball with momentum 0.5; the gradient is clipped before it enters the buffer.

settings = pl.DeltaGClipSettings(
    eta="0.05/beta", gamma=0.5, delta=0.1, momentum=0.5
)
report = pl.verify(problem, settings, theorem="M", steps=150)
print(report)
for row in report.hypotheses:
    print(f"{row.verdict:10} {row.hypothesis}")

# %%
# A theorem says which steps it speaks of. Theorem B speaks of none with momentum, and
# says so before anything is computed:

try:
    pl.verify(problem, settings, theorem="B")
except InvalidInputError as error:
    print(error)

# %%
figure = pl.run_figure(report)
figure
