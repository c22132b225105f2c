"""What other packages add by entry points: found without an import, loaded when asked for, named in every error."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .theory.errors import ExtensionError


def installed(group: str) -> dict[str, list[EntryPoint]]:
    """The entry points of a group by name; nothing is imported."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, []).append(point)
    return found


def origin_of(point: EntryPoint) -> str:
    """Package, version and object of an entry point, as reports and errors name it."""
    where = "an unnamed package" if point.dist is None else f"{point.dist.name} {point.dist.version}"
    return f"{where} ({point.value})"


def said(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def load(point: EntryPoint, kind: str) -> Any:
    """The object of an entry point; a class stands for an instance of it.

    Raises:
        ExtensionError: it cannot be imported or made; the message names the kind, the name and the package.
    """
    try:
        made = point.load()
        return made() if isinstance(made, type) else made
    except (Exception, SystemExit) as error:
        raise ExtensionError(f"{kind} {point.name!r} of {origin_of(point)} cannot be loaded: {said(error)}") from error
