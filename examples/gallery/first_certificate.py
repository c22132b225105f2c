"""
Your first certificate
======================

A network, some data, a step rule. Does a convergence theorem apply to them, and
does the run do what the theorem says? One call answers both.
"""

import pltheory as pl

# %%
# Three of scikit-learn's handwritten digits, with labels +1 and -1, and a network
# with one hidden layer of 4096 tanh units. The loss is half the sum of squares.

x, y = pl.datasets.digits(3)
network = pl.fully_connected([64, 4096, 1], activation="tanh", seed=0)
problem = pl.Problem(network, x, y)

# %%
# The optimizer is delta-GClip: the step is ``eta`` while the gradient is short, is
# shortened where it is long, and never falls below ``eta * delta``. ``beta`` is a
# bound of the loss's curvature that the search for a certificate finds, so a step
# size in units of ``1/beta`` needs no tuning.

settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
report = pl.verify(problem, settings, theorem="B", steps=200)
print(report)

# %%
# **CERTIFIED** means that every hypothesis of the theorem was proved with round-off
# counted. **agrees** means that no step of the run broke what the theorem promises.
# A row holds a number against a number:

for row in report.hypotheses:
    print(f"{row.verdict:10} {row.says}")

# %%
# The run beside its proof. Blue is measured, red is proved: the loss stays under its
# envelope, the weights stay in the ball, the step between its floor and its ceiling,
# and the kernel's smallest eigenvalue above the constant of the proof.
#
# In a notebook the figure shows itself; a script writes it with
# ``figure.savefig("run.svg")``.

figure = pl.run_figure(report)
figure
