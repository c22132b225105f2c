"""A few epochs of the autoencoder by delta-GClip with a probe: `python -m experiments.vae.watched FOLDER`.

The probe is the deterministic part of the network, the decoder at the mean of the encoder, on two training images, in
the squared error of the training: the sum over a batch of 100, which two samples of weight 100 stand for. The
divergence from the prior, and the noise, are not in it.
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

BATCH, EPOCHS, SAMPLES = 100, 3, 2


class Reconstruction(nn.Module):
    """The decoder at the mean, d to d; it shares the weights."""

    def __init__(self, net: Autoencoder) -> None:
        super().__init__()
        self.encoder, self.mean, self.decoder = net.encoder, net.mean, net.decoder

    def forward(self, x: Tensor) -> Tensor:
        """(n, d) to (n, d)."""
        return self.decoder(self.mean(self.encoder(x)))


def main(folder: Path) -> None:
    """Train, and write run.csv and what it took."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    x = images("fashion-mnist", "train").x.flatten(1)
    torch.manual_seed(0)
    net = Autoencoder(x.shape[1], 50, 50)
    step = pl.optim.DeltaGClip(net.parameters(), lr=1e-3, gamma=200.0, delta=0.1)
    draw = torch.Generator().manual_seed(0)
    few = x[:SAMPLES]
    weights = WeightedSquareLoss(weights=(2.0 * BATCH / SAMPLES,) * SAMPLES)
    problem = pl.Problem(Reconstruction(net), few, few, loss=weights)
    begun = time.perf_counter()
    with pl.Monitor(step, every=600, probe=pl.TheoremProbe(problem), live=True) as monitor:
        for _ in range(EPOCHS):
            for chosen in torch.randperm(len(x), generator=draw).split(BATCH):
                step.zero_grad()
                loss(net, x[chosen], torch.randn(len(chosen), net.latent, generator=draw)).backward()
                step.step()
    monitor.save(folder / "run.csv")
    whole = time.perf_counter() - begun
    said = f"{whole:.0f} s, {monitor.seconds:.0f} s of them {len(monitor.measured)} readings\n"
    (folder / "time.txt").write_text(said, encoding="utf-8")
    sys.stdout.write(said)
    for reading in monitor.measured.values():
        sys.stdout.write(f"{reading}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
