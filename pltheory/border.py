"""Opening files that strangers wrote: regular files of bounded size, archives that unpack to no more than is allowed.

Nothing is read or allocated before it is known to be allowed. Every refusal is an `InvalidInputError` whose text is a
reason; the caller puts the key before it.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .theory.errors import InvalidInputError

MEBIBYTE = 2**20

_KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a symbolic link",
}  # fmt: skip
_END = 22
"""Bytes of the record that ends an archive without a comment."""
_DIRECTORY = 2 * MEBIBYTE
"""Bytes of an archive's directory, 46 and a name for each member."""
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, EOFError, RuntimeError, OverflowError,
)  # fmt: skip
"""What zipfile raises on garbage."""
_FLAGS = 0x0008 | 0x0800 | 0x0006
"""What the flags of a member may say: sizes after the data, a name in UTF-8, how hard it was compressed."""


def opened(path: Path, require: Callable[[os.stat_result], None], *, links: bool = True) -> BinaryIO:
    """A file, open for reading, once `require` has let it pass by what it is.

    Opening a device can do something by itself and opening a pipe may wait for ever, so the kind is asked for first,
    and again once it is open.

    Raises:
        OSError, ValueError: it cannot be opened; ValueError where its name holds a zero byte.
    """
    require(os.stat(path, follow_symlinks=links))
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    stream = os.fdopen(os.open(path, flags if links else flags | getattr(os, "O_NOFOLLOW", 0)), "rb")
    try:
        require(os.fstat(stream.fileno()))
    except BaseException:
        stream.close()
        raise
    return stream


@contextmanager
def regular_file(path: Path, most: int, *, links: bool = True, least: int = 1) -> Iterator[BinaryIO]:
    """A regular file, open for reading; no other kind of file is opened, not even for a moment.

    Args:
        path: its name.
        most: bytes that it may have.
        links: whether the name may be a symbolic link, to a regular file.
        least: bytes that it must have.

    Raises:
        InvalidInputError: no such file, another kind of file, one too small or too large, or one that cannot be read.
    """
    try:
        stream = opened(path, lambda seen: _require_regular(seen, least, most), links=links)
    except InvalidInputError:  # a ValueError too
        raise
    except (OSError, ValueError) as error:
        raise InvalidInputError(_reason(error)) from None
    with stream:
        yield stream


def read_file(path: Path, most: int, *, links: bool = True, least: int = 1) -> bytes:
    """The bytes of a regular file.

    Raises:
        InvalidInputError: as `regular_file`, or a file that changed while it was read.
    """
    with regular_file(path, most, links=links, least=least) as stream:
        try:
            before = os.fstat(stream.fileno())
            content = stream.read(before.st_size + 1)
            after = os.fstat(stream.fileno())
        except OSError as error:
            raise InvalidInputError(_reason(error)) from None
    told = (len(content), after.st_size, after.st_mtime_ns)
    if told != (before.st_size, before.st_size, before.st_mtime_ns):
        raise InvalidInputError("it changed while it was read; read it again once it is written")
    return content


def _require_regular(seen: os.stat_result, least: int, most: int) -> None:
    if not stat.S_ISREG(seen.st_mode):
        raise InvalidInputError(f"it is {_KINDS.get(stat.S_IFMT(seen.st_mode), 'no file')}, allowed is a regular file")
    if not least <= seen.st_size <= most:
        raise InvalidInputError(f"it has {seen.st_size} bytes, allowed are {least} to {most}")


class Archive:
    """A zip archive whose directory is within bounds: every name once, members plain or deflated, none encrypted.

    Args:
        stream: the file, open.
        most_members: members that it may have.
        most_bytes: bytes that all members together may unpack to, by what the directory says.

    Attributes:
        sizes: name to unpacked size, in the archive's order.

    Raises:
        InvalidInputError: not such an archive.
    """

    def __init__(self, stream: BinaryIO, *, most_members: int, most_bytes: int) -> None:
        try:
            # Nothing before the first member or after the directory: every reader finds the same directory then.
            first = stream.read(4)
            stream.seek(-_END, os.SEEK_END)
            last = stream.read()
            if first != b"PK\x03\x04" or last[:4] != b"PK\x05\x06" or last[-2:] != b"\0\0":
                raise zipfile.BadZipFile("or holds more than its members")
            self._zip = zipfile.ZipFile(_Window(stream))
        except _DAMAGE as error:
            raise InvalidInputError(f"it is no zip archive, {_reason(error)}") from None
        members = self._zip.infolist()
        if len(members) > most_members:
            raise InvalidInputError(f"it has {len(members)} members, allowed are {most_members}")
        self.sizes: dict[str, int] = {}
        for member in members:
            name = member.filename
            if name in self.sizes:
                raise InvalidInputError(f"it holds {name[:60]!r} twice")
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & ~_FLAGS:
                raise InvalidInputError(f"its member {name[:60]!r} is neither plain nor deflated")
            if member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size:
                raise InvalidInputError(f"the sizes of its member {name[:60]!r} contradict each other")
            self.sizes[name] = member.file_size
        if sum(self.sizes.values()) > most_bytes:
            raise InvalidInputError(f"it unpacks to {sum(self.sizes.values())} bytes, allowed are {most_bytes}")

    def read_into(self, name: str, *targets: memoryview) -> None:
        """Fill the targets one after the other with a member, whose bytes they must hold exactly.

        Raises:
            InvalidInputError: the member is shorter, longer or damaged.
        """
        try:
            with self._zip.open(name) as member:
                for target in targets:
                    done = 0
                    while done < len(target):
                        part = member.read(min(len(target) - done, MEBIBYTE))
                        if not part:
                            raise InvalidInputError(f"its member {name[:60]!r} ends early")
                        target[done : done + len(part)] = part
                        done += len(part)
                if member.read(1):
                    raise InvalidInputError(f"its member {name[:60]!r} is longer than it says")
        except InvalidInputError:
            raise
        except _DAMAGE as error:
            raise InvalidInputError(f"its member {name[:60]!r} is damaged: {_reason(error)}") from None

    def start(self, name: str, most: int) -> bytes:
        """The first `most` bytes of a member, fewer if it is shorter.

        Raises:
            InvalidInputError: the member is damaged.
        """
        try:
            with self._zip.open(name) as member:
                return member.read(most)
        except _DAMAGE as error:
            raise InvalidInputError(f"its member {name[:60]!r} is damaged: {_reason(error)}") from None


class _Window(io.RawIOBase):
    """A file of which no more than a directory's length is read at a time, so that no length it states is believed."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            size = os.fstat(self._stream.fileno()).st_size - self._stream.tell()
        if size > _DIRECTORY:
            raise zipfile.BadZipFile(f"a directory of {size} bytes")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    said = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return " ".join(said.split())[:100] or type(error).__name__
