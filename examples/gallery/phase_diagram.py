"""
A phase diagram
===============

More samples ask for more width, and so do longer steps. Where is the border? A
study over three axes draws the map.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import pltheory as pl

CONFIG = """
level = "holds"
network.hidden = [16]
data = {source = "digits", n = 1, labels = "low-high"}
optimizer = {eta = "0.1/beta", gamma = 0.5, delta = 0.1}
theorem.name = "B"
run.steps = 10
[sweep]
width = {from = 64, to = 4096, factor = 4}
data.n = [1, 2, 4]
optimizer.eta = ["0.1/beta", "1/beta"]
"""

# %%
# 24 points. ``pltheory sweep --dry-run`` says beforehand what a study costs; with
# more seeds the cells would be divided as the seeds were decided.

folder = Path(tempfile.mkdtemp())
(folder / "phases.toml").write_text(CONFIG, encoding="utf-8")
sweep = ["sweep", "phases.toml", "--out", "phases", "--workers", "0"]
subprocess.run(
    [sys.executable, "-m", "pltheory", *sweep],
    cwd=folder, check=True, capture_output=True,
)  # fmt: skip

study = pl.Study.read(folder / "phases")
print(study)

# %%
# Yellow is UNDECIDED: the bounds are too weak there. That is no evidence against
# convergence, and these runs converge too. Green is where every inequality of Theorem B
# holds as computed.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for ax, eta in ((left, "0.1/beta"), (right, "1/beta")):
    study.where({"optimizer.eta": eta}).verdicts(ax, "data.n")
    ax.set_title(f"eta = {eta}")
plt.show()
