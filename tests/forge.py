"""Certificates in the hands of an attacker who knows the format and recomputes every hash."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from pltheory.rechecker import RecheckResult

ACCEPTED, FALSE, DAMAGED, UNSURE, FAILED = range(5)
"""Exit codes of a recheck."""

Text = dict[str, Any]
Arrays = dict[str, np.ndarray]


class Forge:
    """A certificate on disk that can be read, changed, and written again with every hash right."""

    def __init__(self, folder: Path, text: str, arrays: bytes) -> None:
        self.path, self.npz = folder / "c.cert.json", folder / "c.cert.npz"
        self.path.write_text(text)
        self.npz.write_bytes(arrays)
        self.text: Text = json.loads(text)
        with np.load(io.BytesIO(arrays)) as stored:
            self.arrays: Arrays = dict(stored)

    def write(self) -> Path:
        """All files, all hashes recomputed."""
        content = {
            k: hashlib.sha256((",".join(map(str, v.shape)) + ":").encode() + v.tobytes()).hexdigest()
            for k, v in self.arrays.items()
        }
        self.text["arrays"]["sha256"] = content
        np.savez(self.npz, **self.arrays)
        return self.write_text()

    def write_text(self) -> Path:
        rest = {k: v for k, v in self.text.items() if k != "sha256"}
        canonical = json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
        self.text["sha256"] = hashlib.sha256(canonical).hexdigest()
        self.path.write_text(json.dumps(self.text))
        return self.path


def number(x: float) -> dict[str, str]:
    return {"hex": float(x).hex(), "decimal": f"{x:.6g}"}


def value(n: dict[str, str]) -> float:
    return float.fromhex(n["hex"])


def refused(result: RecheckResult, code: int, field: str) -> None:
    assert not result.accepted
    assert (result.code, result.field.startswith(field)) == (code, True), result.message
    assert "\n" not in result.message
    assert field in result.message


def numeric_fields(text: Text) -> list[tuple[list[Any], int]]:
    """Paths of bounds and hypotheses, each with the sign of a dishonest change: +1 for lower, -1 for upper bounds."""
    found: list[tuple[list[Any], int]] = [
        (["bounds", name], 1 if b["kind"] == "lower" else -1) for name, b in text["bounds"].items()
    ]
    for i in range(len(text["hypotheses"])):
        found += [(["hypotheses", i, "left"], -1), (["hypotheses", i, "right"], 1)]
    return found


def at(text: Any, path: list[Any]) -> Any:
    for key in path:
        text = text[key]
    return text


def dotted(path: list[Any]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def all_numbers(text: Any, path: tuple[Any, ...] = ()) -> list[list[Any]]:
    if isinstance(text, dict) and "hex" in text:
        return [list(path)]
    items = text.items() if isinstance(text, dict) else enumerate(text) if isinstance(text, list) else ()
    return [found for key, inner in items for found in all_numbers(inner, (*path, key))]


def flip(digits: str) -> str:
    """The hexadecimal number with its last mantissa digit changed."""
    head, tail = digits.split("p")
    return f"{head[:-1]}{'1' if head[-1] != '1' else '2'}p{tail}"
