"""The text of a certificate and its fields, none of which is trusted: JSON within bounds, exact keys, numbers.

Shares no code with what writes certificates. Whatever is wrong becomes one `Stop` that names the field.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ..border import MEBIBYTE, read_file
from ..theory.errors import InvalidInputError

SCHEMAS = ("pltheory-certificate/1", "pltheory-certificate/2")
"""The formats read; `file.read_witness` knows where they differ."""
STATEMENT = "exact-arithmetic iteration from the stored float64 weights on the stored float64 data"
AT_WEIGHTS = "exact-arithmetic network at the stored float64 weights on the stored float64 data"
"""The sentence of certificates that speak of no step."""
ACCEPTED, FALSE, DAMAGED, UNSURE, FAILED = range(5)
"""Exit codes: accepted, a claim fails, damaged or unreadable, precision does not decide, numerical failure."""
MOST_TEXT = 4 * MEBIBYTE
"""Bytes of a text."""
MOST_DEPTH = 32
"""Brackets open at once in a text; a certificate has four."""
MOST_DIGITS = 9
"""Digits of a whole number in a text."""
_LONGEST_HEX = len((-5e-324).hex())
MOST_SHOWN = 60
"""Characters of a stranger's that a message repeats."""

Array = np.ndarray


class Stop(Exception):
    """The end of a recheck: an exit code, the field at fault, and one line."""

    def __init__(self, code: int, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field = code, field


def damaged(field: str, message: str) -> NoReturn:
    """Stop with code DAMAGED."""
    raise Stop(DAMAGED, field, message)


def keys_of(value: Any, field: str, keys: Collection[str]) -> dict[str, Any]:
    """An object with exactly those keys."""
    if not isinstance(value, dict):
        damaged(field, "not an object")
    for key in sorted(set(keys) - value.keys()):
        damaged(field, f"key {key!r} is missing")
    for key in sorted(value.keys() - set(keys)):
        damaged(field, f"unknown key {key[:MOST_SHOWN]!r}")
    return value


def list_of(value: Any, field: str, length: int) -> list[Any]:
    """A list of that length."""
    if not isinstance(value, list) or len(value) != length:
        damaged(field, f"not a list of {length}")
    return value


def one_of(value: Any, field: str, allowed: Collection[str]) -> str:
    """One of the strings allowed."""
    if not isinstance(value, str) or value not in allowed:
        damaged(field, f"not {' or '.join(map(repr, allowed))}")
    return value


def number(value: Any, field: str, *, infinite: bool = False) -> float:
    """A double in its two notations, which must agree."""
    keys_of(value, field, ("hex", "decimal"))
    if not isinstance(value["hex"], str) or len(value["hex"]) > _LONGEST_HEX:
        damaged(field, "hex is not a hexadecimal double")
    try:
        x = float.fromhex(value["hex"])
    except (ValueError, OverflowError):
        damaged(field, "hex is not a hexadecimal double")
    if x.hex() != value["hex"]:
        damaged(field, f"hex is not written as {x.hex()}")
    if f"{x:.6g}" != value["decimal"]:
        damaged(field, f"decimal is not {x:.6g}, as hex says")
    if not (math.isfinite(x) or (infinite and x > 0)):
        damaged(field, f"{x} is not allowed")
    return x


def read_text(path: Path) -> dict[str, Any]:
    """The JSON text of a certificate, its schema and hash checked.

    Raises:
        Stop: with code DAMAGED.
    """
    file = path.name if path.name.isprintable() else ascii(path.name)
    try:
        content = read_file(path, MOST_TEXT)
    except InvalidInputError as error:
        damaged(file, f"cannot be read: {error}")
    if _depth(content) > MOST_DEPTH:
        damaged(file, f"not the JSON of a certificate: more than {MOST_DEPTH} brackets are open at once")
    try:
        text: Any = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_bare,
            parse_constant=_bare,
        )
        rest = {k: v for k, v in text.items() if k != "sha256"} if isinstance(text, dict) else {}
        canonical = json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeDecodeError:
        damaged(file, "not the JSON of a certificate: not text in UTF-8")
    except (ValueError, RecursionError) as error:
        damaged(file, f"not the JSON of a certificate: {_line(error)}")
    if not isinstance(text, dict):
        damaged("schema", "not an object")
    one_of(text.get("schema"), "schema", SCHEMAS)
    if hashlib.sha256(canonical).hexdigest() != text.get("sha256"):
        damaged("sha256", "the text does not have this hash")
    return text


def _depth(content: bytes) -> int:
    """Brackets open at once, those within strings counted too: a certificate's sentences have few, and close them."""
    raw = np.frombuffer(content, np.uint8)
    opened, closed = (np.isin(raw, list(brackets)).astype(np.int32) for brackets in (b"[{", b"]}"))
    return int(np.cumsum(opened - closed).max(initial=0))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:MOST_SHOWN]!r} occurs twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits, allowed are {MOST_DIGITS}")
    return int(digits)


def _bare(digits: str) -> NoReturn:
    raise ValueError(f"the bare number {digits[:MOST_SHOWN]}; a number is an object of hex and decimal")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:150]
