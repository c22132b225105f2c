"""The runs of ResNet-18 on CIFAR-10: those of `experiments/networks` at other settings."""

from ..networks.experiment import page, run

__all__ = ["page", "run"]
