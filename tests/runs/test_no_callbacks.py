"""Without the packages of others, importing a callback is one line that names what to install."""

from __future__ import annotations

import importlib
import sys

import pytest

from pltheory.theory import NotAvailableError


@pytest.mark.parametrize(
    ("module", "absent", "install"),
    [
        ("lightning_monitor", ["lightning", "lightning.pytorch", "pytorch_lightning"], "pytorch-lightning"),
        ("transformers_monitor", ["transformers"], "transformers accelerate"),
    ],
)
def test_what_is_absent_is_named(monkeypatch, module, absent, install):
    for name in absent:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"pltheory.runs.{module}", raising=False)
    with pytest.raises(NotAvailableError, match=f"needs .*; pip install {install}$"):
        importlib.import_module(f"pltheory.runs.{module}")
