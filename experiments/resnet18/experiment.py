"""The runs of ResNet-18 on CIFAR-10: those of `experiments/small_networks` at other settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pltheory.theory import InvalidInputError

from ..small_networks.experiment import run

__all__ = ["page", "run"]


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """There is none: nobody has run this in full.

    Raises:
        InvalidInputError: always.
    """
    raise InvalidInputError(f"{name} has no page, as it was not run in full; the runs are in {folder}")
