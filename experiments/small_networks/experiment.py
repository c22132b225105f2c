"""Networks by optimizers by seeds, a record a run, and their page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..classify import classify
from ..grid import networks, recorded


def one(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A run; its clipped steps are audited."""
    group = {key: value for key, value in asked.items() if key not in ("optimizer", "seed")}
    return classify({**group, "watched": True}, asked["optimizer"], asked["seed"])


def run(config: Mapping[str, Any], folder: Path) -> None:
    """Make the runs that are not there with the same settings."""
    recorded(networks(config), folder, one)


def page(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Figures and page from the files."""
    from . import report

    report.write(recorded(networks(config), folder, one), config, name)
