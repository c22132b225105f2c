"""
A theorem of your own
=====================

A theorem about a ball is a class of fifteen lines: its hypotheses, and the radius that
it asks for. Search, proof with round-off, promise and rows follow from it.
"""

import matplotlib.pyplot as plt

import pltheory as pl
from pltheory.theorems.ball import UniformTheorem
from pltheory.theorems.guard import guarded
from pltheory.theorems.hypotheses import (
    CLIPPED,
    POSITIVE,
    SMOOTH,
    STEP,
    fits_into_ball,
)

# %%
# The textbook's way to a radius: PL* makes the loss fall by a factor ``q`` a step, a
# step is no longer than ``eta`` times the gradient, the gradient is at most
# ``sqrt(2 beta L)``, and a geometric series does the rest. For a constant step,
#
# .. math::
#
#    R \;\ge\; \frac{\eta \sqrt{2 \beta L_0}}{1 - \sqrt q}, \qquad
#    q = 1 - 2 \mu \eta \left(1 - \frac{\beta \eta}{2}\right).
#
# ``formula`` is written once, over any arithmetic: floats in the search, and numbers
# that count their rounding in the proof.


class Textbook(UniformTheorem):
    """Gradient descent, by a geometric series of gradients."""

    id, title = "Textbook", "gradient descent by a geometric series"
    citation = "any textbook"
    conclusion = "the loss falls by q a step and the path is no longer than R"
    hypotheses = (SMOOTH, POSITIVE, CLIPPED, STEP, fits_into_ball("R > the series"))

    @staticmethod
    def formula(loss, mu, beta, eta, ops):
        """The radius asked for."""
        q = 1 - 2 * mu * eta * (1 - beta * eta / 2)
        return eta * ops.sqrt(2 * beta * loss) / (1 - ops.sqrt(q))


# %%
# Held against the same network as Theorem A, which adds up decreases of the root of
# the loss instead:

x, y = pl.datasets.digits(2)
settings = pl.GradientDescentSettings(eta="0.1/beta")
HOLDS = pl.Verdict.HOLDS  # leaves the proof with round-off out, which takes longer
mine = guarded(Textbook(), "this page")
widths, ratios = [500, 2000, 8000], {"Textbook": [], "A": []}
for width in widths:
    network = pl.fully_connected([64, width, 1], activation="tanh", seed=0)
    problem = pl.Problem(network, x, y)
    for name, theorem in {"Textbook": mine, "A": "A"}.items():
        report = pl.verify(problem, settings, theorem=theorem, steps=0, level=HOLDS)
        ratios[name].append(report.hypotheses[-1].margin)
        print(f"{width:6} {name:9} {report.verdict:10} {ratios[name][-1]:.3f}")

# %%
figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, values in ratios.items():
    ax.loglog(widths, values, "o-", label=name)
ax.axhline(1, color="C3", ls="--", label="needed")
ax.set(xlabel="width", title="Radius at hand over radius asked for")
ax.set_xticks(widths, [str(w) for w in widths])
ax.minorticks_off()
ax.legend()
plt.show()
