"""Only regular files of bounded size are opened, and no length that an archive states is believed."""

from __future__ import annotations

import io
import os
import socket
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pltheory.border import Archive, read_file, regular_file
from pltheory.theory.errors import InvalidInputError


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert read_file(file, 3) == b"abc"
    (tmp_path / "link").symlink_to(file)
    assert read_file(tmp_path / "link", 3) == b"abc"


def test_other_kinds_of_file_are_named_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        (tmp_path / "to_pipe").symlink_to(tmp_path / "pipe")
        began = time.monotonic()
        for path, kind in (
            (tmp_path / "pipe", "a pipe"),
            (tmp_path / "to_pipe", "a pipe"),
            (tmp_path / "socket", "a socket"),
            (tmp_path, "a folder"),
            (Path("/dev/zero"), "a device"),
            (Path("/dev/null"), "a device"),
            (Path("/proc/self/stat"), "0 bytes"),
        ):
            with pytest.raises(InvalidInputError, match=kind):
                read_file(path, 100)
        assert time.monotonic() - began < 5


def test_links_can_be_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(InvalidInputError, match="a symbolic link"):
        read_file(tmp_path / "link", 3, links=False)
    assert read_file(tmp_path / "a", 3, links=False) == b"abc"


@pytest.mark.parametrize(("content", "words"), [(b"", "0 bytes"), (b"abcd", "4 bytes, allowed are 1 to 3")])
def test_sizes_are_bounded(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InvalidInputError, match=words):
        read_file(tmp_path / "a", 3)


@pytest.mark.parametrize("name", ["none", "a\0b", "x" * 300])
def test_names_that_are_no_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError):
        read_file(tmp_path / name, 3)


def test_a_sparse_file_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(InvalidInputError, match="allowed are 1 to 1000"):
        read_file(tmp_path / "a", 1000)


def packed(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def opened(path: Path, content: bytes, **limits: int) -> Archive:
    path.write_bytes(content)
    with regular_file(path, 10**9) as stream:
        archive = Archive(stream, **{"most_members": 3, "most_bytes": 10**6, **limits})
        for name, size in archive.sizes.items():
            target = bytearray(size)
            archive.read_into(name, memoryview(target))
            assert archive.start(name, 4) == bytes(target[:4])
        return archive


GOOD = packed([("a", b"1234"), ("b", b"")])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_is_read(tmp_path: Path, method: int) -> None:
    assert opened(tmp_path / "z", packed([("a", b"1234" * 100), ("b", b"")], method)).sizes == {"a": 400, "b": 0}


def directory_says(offset: int, word: bytes) -> bytes:
    at = GOOD.index(b"PK\x01\x02") + offset
    return GOOD[:at] + word + GOOD[at + len(word) :]


def end_says(offset: int, word: bytes) -> bytes:
    at = GOOD.index(b"PK\x05\x06") + offset
    return GOOD[:at] + word + GOOD[at + len(word) :]


BAD: list[tuple[str, Callable[[], bytes], str]] = [
    ("nothing", lambda: b"PK", "no zip archive"),
    ("another file", lambda: b"x" * 1000, "no zip archive"),
    ("bytes before it", lambda: b"MZ" + GOOD, "no zip archive"),
    ("bytes after it", lambda: GOOD + b"\0" * 22, "no zip archive"),
    ("a comment", lambda: GOOD[:-2] + b"\2\0hi", "no zip archive"),
    ("too many members", lambda: packed([(str(i), b"") for i in range(4)]), "4 members, allowed are 3"),
    ("a name twice", lambda: directory_says(46, b"b"), "twice"),
    ("bzip2", lambda: packed([("a", b"1")], zipfile.ZIP_BZIP2), "neither plain nor deflated"),
    ("lzma", lambda: packed([("a", b"1")], zipfile.ZIP_LZMA), "neither plain nor deflated"),
    ("encrypted", lambda: directory_says(8, b"\1"), "neither plain nor deflated"),
    ("a size that lies", lambda: directory_says(24, b"\xff\xff\xff\x0f"), "contradict"),
    ("both sizes lie", lambda: directory_says(20, b"\xff\xff\x0f\0\xff\xff\x0f\0"), "unpacks to|damaged|early"),
    ("a checksum", lambda: directory_says(16, b"\0\0\0\0"), "damaged"),
    ("a directory of gigabytes", lambda: end_says(12, b"\xff\xff\xff\x7f"), "no zip archive"),
    ("a directory beyond the file", lambda: end_says(12, b"\xff\xff\x0f\0"), "no zip archive"),
    ("a directory elsewhere", lambda: end_says(16, b"\xff\xff\xff\x7f"), "no zip archive|damaged"),
    ("a bomb", lambda: packed([("a", bytes(10**7))], zipfile.ZIP_DEFLATED), "unpacks to 10000000 bytes, allowed are"),
    ("cut short", lambda: GOOD[:40] + GOOD[-22:], "no zip archive"),
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("make", "words"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_other_archives_are_refused_in_a_line(tmp_path: Path, make: Callable[[], bytes], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        opened(tmp_path / "z", make())
    assert "\n" not in str(caught.value)


def test_a_bomb_that_understates_itself_inflates_to_no_more_than_it_said(tmp_path: Path) -> None:
    bomb = bytearray(packed([("a", bytes(5 * 10**7))], zipfile.ZIP_DEFLATED))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = bomb.index(mark) + offset
        bomb[at : at + 4] = struct.pack("<I", 100)
    tracemalloc.start()
    with pytest.raises(InvalidInputError, match="damaged"):
        opened(tmp_path / "z", bytes(bomb))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10**6
