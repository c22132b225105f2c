"""A few epochs of the autoencoder by delta-GClip with two probes: `python -m experiments.vae.watched FOLDER [SVG]`.

The probes are the deterministic part of the network, the decoder at the mean of the encoder, on training images, in the
squared error of the training, which is summed over a batch of 100: 100 images, without their kernel, and two of weight
50 each. The divergence from the prior, and the noise, are not in it. The figure is that of the page on audits.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

import pltheory as pl
from pltheory.problem.loss import WeightedSquareLoss
from pltheory.report.audit_figures import norms_panel
from pltheory.report.figures import STYLE, svg
from pltheory.report.probe_figures import drift_panel, ratio_panel, sharpness_panel
from pltheory.runs.monitor_log import readings
from pltheory.runs.norm_log import read_log

from ..data import images
from .model import Autoencoder, loss

BATCH, EPOCHS, FEW = 100, 5, 2


class Reconstruction(nn.Module):
    """The decoder at the mean, d to d; it shares the weights."""

    def __init__(self, net: Autoencoder) -> None:
        super().__init__()
        self.encoder, self.mean, self.decoder = net.encoder, net.mean, net.decoder

    def forward(self, x: Tensor) -> Tensor:
        """(n, d) to (n, d)."""
        return self.decoder(self.mean(self.encoder(x)))


def main(folder: Path) -> None:
    """Train, and write the two logs and what they took."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    x = images("fashion-mnist", "train").x.flatten(1)
    torch.manual_seed(0)
    net = Autoencoder(x.shape[1], 50, 50)
    step = pl.optim.DeltaGClip(net.parameters(), lr=1e-3, gamma=200.0, delta=0.1)
    draw = torch.Generator().manual_seed(0)
    many, few = (pl.Problem(Reconstruction(net), x[:n], x[:n], loss=summed(n)) for n in (BATCH, FEW))
    begun = time.perf_counter()
    theorems = pl.TheoremProbe(few, sharpness=False)
    with (
        pl.Monitor(step, every=500, probe=theorems) as small,
        pl.Monitor(step, every=100, probe=pl.Probe(many, kernel=False), live=True) as large,
    ):
        for _ in range(EPOCHS):
            for chosen in torch.randperm(len(x), generator=draw).split(BATCH):
                step.zero_grad()
                loss(net, x[chosen], torch.randn(len(chosen), net.latent, generator=draw)).backward()
                step.step()
    whole = time.perf_counter() - begun
    lines = [f"{whole:.0f} s"]
    for name, monitor in (("two", small), ("hundred", large)):
        monitor.save(folder / f"{name}.csv")
        lines.append(f"{name}.csv: {len(monitor.measured)} readings, {monitor.seconds:.0f} s")
    sys.stdout.write("\n".join([*lines, ""]))


def summed(n: int) -> WeightedSquareLoss:
    """The squared error of n samples, weighted as if they were a batch; torch's has no factor 1/2."""
    return WeightedSquareLoss(weights=(2.0 * BATCH / n,) * n)


def figure(folder: Path) -> Figure:
    """Norms, sharpness and PL* ratio along the run, from the logs."""
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(9.6, 6.0), layout="constrained")
        (top, sharp), (ratio, drift) = drawn.subplots(2, 2)
        many, few = (read_log(folder / f"{name}.csv") for name in ("hundred", "two"))
        norms_panel(top, many.audit())
        sharpness_panel(sharp, readings(many), many.audit())
        ratio_panel(ratio, readings(few), few.audit())
        drift_panel(drift, readings(few), few.audit())
        sharp.set_title("Sharpness, 100 images")
        ratio.set_title("PL* ratio, 2 images")
        drift.set_title("Drift of the tangent kernel, 2 images")
    return drawn


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(svg(figure(Path(sys.argv[1]))), encoding="utf-8")
