"""
What the floor of delta-GClip is for
====================================

Gradient clipping shortens long steps: safe, and slow where gradients are long for a
long time. delta-GClip never steps shorter than ``eta * delta``.
"""

import matplotlib.pyplot as plt

import pltheory as pl

# %%
# Targets far from the start make long gradients. The step size is one at which plain
# gradient descent is safe too: it shows what the other two give away.

x, y = pl.datasets.digits(3)
network = pl.fully_connected([64, 128, 1], activation="tanh", seed=0)
problem = pl.Problem(network, x, 5 * y)
eta, gamma = 0.02, 0.05
rules = {
    "gradient descent": pl.GradientDescentSettings(eta=eta),
    "GClip": pl.GClipSettings(eta=eta, gamma=gamma),
    "delta-GClip": pl.DeltaGClipSettings(eta=eta, gamma=gamma, delta=0.1),
}

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for name, settings in rules.items():
    report = pl.verify(
        problem, settings, theorem="A", level=pl.Verdict.HOLDS, steps=500
    )
    left.semilogy(report.trace.loss, label=name)
    right.semilogy(report.trace.step_size, label=name)
left.set(xlabel="step", title="Loss")
right.set(xlabel="step", title="Step size")
right.legend()
plt.show()

# %%
# In 500 steps GClip hardly moves. delta-GClip shortens the same steps, but by no more
# than a factor ten, which is its delta here; and its proof costs no more ball than
# that of gradient descent.
