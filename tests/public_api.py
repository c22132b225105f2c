"""Every public name of `pltheory` with its arguments, a line each: `python -m tests.public_api` writes the record.

What stands in the record is promised (docs/compatibility.md): a line that changes or goes belongs into CHANGELOG.md.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import pltheory as pl

RECORD = Path(__file__).with_suffix(".txt")


def lines() -> list[str]:
    """The public names as they are."""
    return [line for name in sorted(pl.__all__) for line in _of(name, getattr(pl, name))]


def _of(name: str, it: Any) -> Iterator[str]:
    if isinstance(it, ModuleType):
        for inner in sorted(n for n in dir(it) if not n.startswith("_")):
            value = getattr(it, inner)
            if getattr(value, "__module__", "").startswith("pltheory") and callable(value):
                yield from _of(f"{name}.{inner}", value)
        return
    if inspect.isclass(it) and issubclass(it, Enum):
        # The signature of an enumeration is Python's own, and changes with it.
        yield f"{name}: {', '.join(it.__members__)}"
    else:
        yield f"{name}{_signature(it)}"
    if not inspect.isclass(it):
        return
    for member, value in sorted(vars(it).items()):
        # torch puts a wrapped `step` on the class of an optimizer when the first one is made.
        if member.startswith("_") or hasattr(value, "hooked"):
            continue
        if isinstance(value, property):
            yield f"{name}.{member}"
        elif callable(value) or isinstance(value, classmethod | staticmethod):
            yield f"{name}.{member}{_signature(getattr(it, member))}"


def _signature(it: Any) -> str:
    try:
        parameters = inspect.signature(it).parameters.values()
    except (TypeError, ValueError):
        return ""
    return f"({', '.join(_parameter(p) for p in parameters)})"


def _parameter(p: inspect.Parameter) -> str:
    """`x`, `x = ..` with a default, `x=` by keyword alone, `x: keyword` of those where it must be given."""
    stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
    if p.kind is p.KEYWORD_ONLY:
        return f"{p.name}=" if p.default is not p.empty else f"{p.name}: keyword"
    return f"{stars}{p.name}{'' if p.default is p.empty else ' = ..'}"


if __name__ == "__main__":
    RECORD.write_text("\n".join(lines()) + "\n", encoding="utf-8")
