from __future__ import annotations

import pytest

from tests.study.sixty import FEW, Numbers, swept


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Numbers:
    """The numbers of the sixty points as the calling process computes them."""
    return swept(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="session")
def nine(tmp_path_factory: pytest.TempPathFactory) -> Numbers:
    """Those of nine of them."""
    return swept(tmp_path_factory.mktemp("nine"), None, *FEW)
