"""How a checkpoint is refused: one line, with names from the file that may hold anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from ..theory import InvalidInputError

MOST_WORDS = 3000
"""Characters of a refusal."""
SHOWN = 12
"""Most names that a message lists."""
SAVE = "save the tensors alone, with torch.save(net.state_dict(), 'w.pt')"


def refuse(path: Path, words: str) -> NoReturn:
    """The one form of every refusal of a checkpoint.

    Raises:
        InvalidInputError: always.
    """
    # Names come from the file and may hold anything, a line feed too; the words of readers repeat its bytes.
    line = " ".join(words.split())
    line = line if len(line) <= MOST_WORDS else f"{line[:MOST_WORDS]}.."
    shown = "".join(character if character.isprintable() else "?" for character in line)
    raise InvalidInputError(f"network.checkpoint = {str(path)!r}: {shown}")


def listed(names: Iterable[object]) -> str:
    """Names for a message: quoted, the first of them where they are many."""
    all_of_them = list(names)
    shown = ", ".join(short(n) for n in all_of_them[:SHOWN]) or "none"
    more = len(all_of_them) - SHOWN
    return shown if more <= 0 else f"{shown} and {more} more"


def short(name: object) -> str:
    """A name from a file, quoted and no longer than a line bears."""
    text = repr(name) if isinstance(name, (str, int, float, bool, bytes)) else f"a key of type {type(name).__name__}"
    return text if len(text) <= 80 else f"{text[:76]}..{text[-1]}"


def as_setting(keys: Sequence[str]) -> str:
    """A list of keys as a configuration has it, shortened where it is too long to be copied from a line."""
    text = json.dumps(list(keys))
    return text if len(text) <= 200 else "[..]"


def texts(path: Path, setting: str, given: object) -> list[str] | None:
    """An argument that is a list of names; None where it is not given.

    Args:
        setting: its key in a configuration, for the message.
        given: the argument; a text is a sequence of texts too, and an iterator is empty at the second look.

    Raises:
        InvalidInputError: it is something else.
    """
    if given is None:
        return None
    if not isinstance(given, (list, tuple)):
        what = repr(given) if isinstance(given, (str, int, float, bytes)) else f"a {type(given).__name__}"
        refuse(path, f'{setting} = {what[:80]}: must be a list of names, such as ["a", "b"]')
    wrong = [name for name in given if not isinstance(name, str)]
    if wrong:
        kind = type(wrong[0]).__name__
        refuse(path, f"{setting} = {listed(given)}: {short(wrong[0])} is a {kind}; each must be a text")
    return list(given)
