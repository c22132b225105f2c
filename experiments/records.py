"""A run of an experiment is one file: it is there whole, or not at all."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .machine import machine


def made(folder: Path, name: str, asked: Mapping[str, Any], make: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """The record NAME.json of the folder, made if it is not there with the same settings.

    Args:
        folder: of the runs.
        name: of the run.
        asked: its settings, as JSON holds them.
        make: what the run gives, called if it has to be made; processor seconds and machine are added.
    """
    path = folder / f"{name}.json"
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["asked"] == json.loads(json.dumps(asked)):
            return found
    start = time.process_time()
    result = make()
    found = {"asked": asked, **result, "seconds": time.process_time() - start, "machine": machine()}
    written = path.with_suffix(f".{os.getpid()}.partial")
    written.write_text(json.dumps(found), encoding="utf-8")
    written.rename(path)
    return json.loads(json.dumps(found))
