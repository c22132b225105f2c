"""The runs of ResNet-18 on CIFAR-10: those of `experiments/small_networks` at other settings."""

from ..small_networks.experiment import page, run

__all__ = ["page", "run"]
