"""What other packages add to this one: entry points, found by group and name, whose package an error names.

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from .theory.errors import ExtensionError, InvalidInputError

if TYPE_CHECKING:
    from torch import Tensor


def installed(group: str) -> dict[str, list[EntryPoint]]:
    """The entry points of a group by name, more than one where packages claim the same; nothing is imported."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, []).append(point)
    return found


def only(claims: Sequence[EntryPoint], what: str) -> EntryPoint:
    """The one entry point that claims a name.

    Args:
        claims: all that do, at least one.
        what: the name and what has it, as the error begins: "theorem = 'X'".

    Raises:
        InvalidInputError: two packages claim it.
    """
    if len(claims) > 1:
        raise InvalidInputError(f"{what}: claimed by {' and by '.join(map(origin, claims))}")
    return claims[0]


def refuse_taken(claims: Sequence[EntryPoint], what: str, kind: str) -> None:
    """Refuse packages that claim a name of this project's.

    Args:
        claims: the entry points that do, if any.
        what: as for `only`.
        kind: "id" or "name".

    Raises:
        InvalidInputError: one does.
    """
    if claims:
        raise InvalidInputError(
            f"{what}: {origin(claims[0])} claims this {kind}, which is built in; rename it or uninstall it"
        )


@contextmanager
def watched(who: str, state: Callable[[], Sequence[Tensor]], passes: tuple[type[Exception], ...]) -> Iterator[None]:
    """Other people's code at work, which may read the network and the data and never write.

    Args:
        who: what it is and whose, for errors.
        state: the tensors that it may not change.
        passes: exceptions that are this project's to handle.

    Raises:
        ExtensionError: it failed, or changed the tensors.
    """
    before = [t.detach().clone() for t in state()]
    try:
        yield
    except passes:
        raise
    except (Exception, SystemExit) as error:
        raise ExtensionError(f"{who} failed: {said(error)}") from error
    after = state()
    if len(before) != len(after) or not all(a.equal(b) for a, b in zip(before, after, strict=True)):
        raise ExtensionError(f"{who} changed the network or the data")


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


def require_named(point: EntryPoint, what: str, name: object) -> None:
    """Refuse an object that calls itself otherwise than its entry point does; arguments as for `loaded`.

    Raises:
        ExtensionError: it does.
    """
    if name != point.name:
        raise ExtensionError(f"{what} {point.name!r} of {origin(point)} calls itself {name!r}")


def said(error: BaseException) -> str:
    """An error of other people's code in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
