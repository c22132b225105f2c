"""
From narrow to wide
===================

Theorems of this kind are about wide networks. How wide is wide enough, and what
gets better with the width? A study repeats the same question over a grid.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import pltheory as pl

# %%
# A study is a configuration with a section ``[sweep]``, which says what varies.

CONFIG = """
level = "holds"
network.hidden = [16]
data = {source = "digits", n = 2, labels = "low-high"}
optimizer = {eta = "0.1/beta", gamma = 0.5, delta = 0.1}
theorem.name = "B"
run.steps = 100
[sweep]
width = {from = 16, to = 4096, factor = 4}
run.seed = [0, 1]
"""

# %%
# ``pltheory sweep`` computes it: one point for each width and seed. Each point is a
# file of its own, so a command that is stopped goes on where it was.

folder = Path(tempfile.mkdtemp())
(folder / "widths.toml").write_text(CONFIG, encoding="utf-8")
sweep = ["sweep", "widths.toml", "--out", "widths", "--workers", "0"]
subprocess.run(
    [sys.executable, "-m", "pltheory", *sweep],
    cwd=folder, check=True, capture_output=True,
)  # fmt: skip

study = pl.Study.read(folder / "widths")
print(study)

# %%
# On the left, what Theorem B has over what it needs: from 1 on it closes. On the
# right, how far the tangent kernel moves along the run: wide networks train while
# their kernel hardly moves, and this is what the proof lives from.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
study.certificate(left)
study.drift(right)
plt.show()

# %%
# The exponents of the laws in the width, beside those that the theory expects. With
# two seeds and five widths the intervals are wide; ``pltheory fit`` prints the same
# with tests.

for fit in study.laws:
    low, high = fit.law.slope.interval()
    print(f"{fit.quantity:18} in [{low:.2f}, {high:.2f}], expected {fit.expected}")
