from __future__ import annotations

from pathlib import Path

import pytest

SMALL = """
[network]
hidden = [16]

[data]
source = "digits"
n = 3
labels = "low-high"

[optimizer]
eta = "0.1/beta"
gamma = 0.5
delta = 0.1

[theorem]
name = "B"

[run]
steps = 20
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A configuration that is answered at once: Theorem B is undecided, twenty steps are run."""
    config = tmp_path / "small.toml"
    config.write_text(SMALL, encoding="utf-8")
    return config
