"""What other packages add to this one: entry points, found by group and name, whose package an error names.

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .theory.errors import ExtensionError


def installed(group: str) -> dict[str, list[EntryPoint]]:
    """The entry points of a group by name, more than one where packages claim the same; nothing is imported."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, []).append(point)
    return found


def origin(point: EntryPoint) -> str:
    """Whose code an entry point is: package, version and object."""
    where = "an unnamed package" if point.dist is None else f"{point.dist.name} {point.dist.version}"
    return f"{where} ({point.value})"


def loaded(point: EntryPoint, what: str, *, make: bool = True) -> Any:
    """The object of an entry point, made where it is a class.

    Args:
        point: the entry point.
        what: what it should be, as errors call it: "theorem", "quantity".
        make: whether a class stands for an object of it.

    Raises:
        ExtensionError: the package cannot be imported, or its class not be made.
    """
    try:
        made = point.load()
        return made() if make and isinstance(made, type) else made
    except (Exception, SystemExit) as error:
        raise ExtensionError(f"{what} {point.name!r} of {origin(point)} cannot be loaded: {said(error)}") from error


def said(error: BaseException) -> str:
    """An error of other people's code in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
