"""A few epochs of the autoencoder by delta-GClip with two probes: `python -m experiments.vae.watched FOLDER`.

The probes are the deterministic part of the network, the decoder at the mean of the encoder, on training images, in the
squared error of the training, which is summed over a batch of 100: 100 images, without their kernel, and two of weight
50 each. The divergence from the prior, and the noise, are not in it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

import pltheory as pl
from pltheory.problem.loss import WeightedSquareLoss

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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
