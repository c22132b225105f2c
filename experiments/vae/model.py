"""The variational autoencoder of the paper and its loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Autoencoder(nn.Module):
    """d - hidden - hidden - latent and back, leaky ReLU of slope 0.2, a sigmoid at the end; begins as torch does."""

    def __init__(self, d: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.latent = latent
        bent = nn.LeakyReLU(0.2)
        self.encoder = nn.Sequential(nn.Linear(d, hidden), bent, nn.Linear(hidden, hidden), bent)
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), bent, nn.Linear(hidden, hidden), bent, nn.Linear(hidden, d), nn.Sigmoid()
        )

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruction (n, d), mean and logarithm of the variance (n, latent) of x (n, d)."""
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        return self.decoder(mean + noise * torch.exp(log_variance / 2)), mean, log_variance


def loss(net: Autoencoder, x: Tensor, noise: Tensor) -> Tensor:
    """Squared error of the reconstruction and divergence from the prior, both summed over the samples."""
    back, mean, log_variance = net(x, noise)
    divergence = -0.5 * torch.sum(1 + log_variance - mean.square() - log_variance.exp())
    return nn.functional.mse_loss(back, x, reduction="sum") + divergence
