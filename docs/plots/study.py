"""The two studies of the page about figures, computed as `pltheory sweep` computes them; `study` is the first."""

import tempfile
from pathlib import Path

import pltheory as pl
from pltheory.study.config import read_config
from pltheory.study.engine import in_process
from pltheory.study.limits import limits_of, write_limits
from pltheory.study.quantities import quantities
from pltheory.study.sweep import run_sweep

WIDTHS = """
level = "holds"
network.hidden = [16]
data = {source = "digits", n = 12, labels = "low-high"}
optimizer = {eta = "0.1/beta", gamma = 0.5, delta = 0.1}
theorem.name = "B"
run.steps = 300
[sweep]
width = {from = 16, to = 4096, factor = 4}
run.seed = [0, 1, 2]
"""
PHASES = """
level = "holds"
network.hidden = [16]
data = {source = "digits", n = 1, labels = "low-high"}
optimizer = {eta = "0.1/beta", gamma = 0.5, delta = 0.1}
theorem.name = "B"
run.steps = 20
[sweep]
width = {from = 16, to = 4096, factor = 4}
run.seed = [0, 1]
data.n = [1, 2]
optimizer.eta = ["0.1/beta", "0.9/beta"]
"""


def computed(text):
    """The study of a configuration."""
    config = read_config(text)
    with tempfile.TemporaryDirectory() as name, in_process() as engine:
        folder = Path(name) / "study"
        made = run_sweep(config, folder, engine=engine)
        write_limits(folder, made.identity.hash, limits_of(config, quantities()))
        return pl.Study.read(folder)


study, phases = computed(WIDTHS), computed(PHASES)
