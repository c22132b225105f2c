"""The bytes of a data file: regular files only, of a bounded size, stored as they are or compressed."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import zlib
from pathlib import Path
from typing import IO, Any

from ..border import read_file
from ..theory.errors import InvalidInputError

MOST_BYTES = 2**31
"""The largest data file read, as stored and unpacked: 2 GiB."""

MOST_RATIO, RATIO_FREE = 200, 2**25
"""Beyond 32 MiB, what unpacks to more than 200 times its size is refused: real tables shrink by less."""

COMPRESSIONS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
"""A compressed table's second ending, and the compression it names."""

_MAGIC = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\0", "zstd": b"\x28\xb5\x2f\xfd"}
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_UNPACK_ERRORS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


def contents(path: Path, key: str = "source") -> bytes:
    """The bytes of a regular file, as stored.

    Args:
        path: the file.
        key: what the user called it, for messages.

    Raises:
        InvalidInputError: no such file, no regular file, one above `MOST_BYTES`, one that cannot be read, or one
            that changed meanwhile.
    """
    try:
        return read_file(path, MOST_BYTES, least=0)  # what an empty file lacks, its format's reader says
    except InvalidInputError as error:
        raise InvalidInputError(f"{key} = {str(path)!r}: {error}") from None


def unpacked(raw: bytes, path: Path, key: str = "source") -> tuple[bytes, str | None]:
    """What compressed bytes hold, and the compression's name; other bytes as they are.

    The first bytes decide, not the name: a browser may have unpacked a .gz file and kept its ending.

    Raises:
        InvalidInputError: damaged, or more than `MOST_BYTES` or `MOST_RATIO` allow.
    """
    name = next((name for name, magic in _MAGIC.items() if raw.startswith(magic)), None)
    if name is None:
        return raw, None
    most = min(MOST_BYTES, max(RATIO_FREE, MOST_RATIO * len(raw)))
    try:
        with _opened(raw, name) as stream:
            whole = stream.read(most + 1)
    except _UNPACK_ERRORS as error:
        raise damaged(path, f"a {name} file", error, key) from None
    if len(whole) > most:
        raise InvalidInputError(
            f"{key} = {str(path)!r} unpacks to more than {most} bytes; allowed are {MOST_RATIO} times its "
            f"{len(raw)} bytes and {MOST_BYTES} in all"
        )
    return whole, name


def _opened(raw: bytes, name: str) -> IO[bytes] | Any:
    stream = io.BytesIO(raw)
    if name == "gzip":
        return gzip.GzipFile(fileobj=stream)
    if name == "bzip2":
        return bz2.BZ2File(stream)
    if name == "xz":
        return lzma.LZMAFile(stream)
    import pyarrow  # type: ignore[import-untyped]  # slow to import, so not at the top

    return pyarrow.CompressedInputStream(stream, "zstd")


def undecoded(cell: str) -> bool:
    """Whether a part of `decoded` text holds bytes that are no UTF-8."""
    return any("\udc80" <= character <= "\udcff" for character in cell)


def decoded(path: Path, raw: bytes) -> tuple[str, str | None]:
    """The text, and its encoding if it is not UTF-8. Bytes that are no UTF-8 stay visible to the cell they are in."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            try:
                return raw.decode(name), name
            except UnicodeDecodeError as error:
                raise damaged(path, f"{name} text", error) from None
    return raw.decode("utf-8-sig", errors="surrogateescape"), None


def damaged(path: Path, wanted: str, error: Exception, key: str = "source") -> InvalidInputError:
    """The refusal of a file that is not what it should be, with the reader's reason on one line."""
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return InvalidInputError(
        f"{key} = {str(path)!r} cannot be read as {wanted}: {printable(reason) or type(error).__name__}"
    )


def shown(path: Path) -> str:
    """A file's name for a line of text: as it is, or in quotes and escaped where it is not printable."""
    return path.name if path.name.isprintable() else repr(path.name)


def printable(words: object) -> str:
    """What a file says of itself, on one line and without what a terminal would obey; at most 200 characters."""
    line = " ".join(str(words).split())[:200]
    return "".join(character if character.isprintable() else "?" for character in line)
