"""Which files are opened at all: regular ones, of a bounded size, that do not change meanwhile."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import socket
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pltheory.problem import data, files, opening
from pltheory.theory import InvalidInputError

TEXT = b"a,y\n1,2\n3,4\n"


def refused(*parts):
    """One line that holds the parts in this order."""
    return pytest.raises(InvalidInputError, match="^[^\n]*" + "[^\n]*".join(map(re.escape, parts)) + "[^\n]*$")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv.gz", "t.parquet", "t.npz", "t.bin", "t-images-idx3"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with refused(name, "a pipe", "regular file"):
        data.read(tmp_path / name)


def test_devices_sockets_and_folders_are_named(tmp_path):
    with refused("'/dev/zero': it is a device, allowed is a regular file"):
        data.read("/dev/zero")
    folder = tmp_path / "f.parquet"
    folder.mkdir()
    with refused("f.parquet", "a folder"):
        data.read(folder)
    (tmp_path / "link.csv").symlink_to("/dev/null")
    with refused("link.csv", "a device"):
        data.read(tmp_path / "link.csv")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(tmp_path / "s.csv"))
        with refused("s.csv", "a socket"):
            data.read(tmp_path / "s.csv")


@pytest.mark.parametrize("name", ["a" * 300 + ".csv", "a\0b.csv", "~nobody-of-this-name/a.csv", "none.csv", ""])
def test_a_name_that_is_none_is_one_line(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for reader in (data.read, data.load, data.named):
        with refused("source = "):
            reader(name)


def test_a_label_file_that_is_none_is_named(tmp_path):
    np.zeros((2, 3, 3), np.uint8).tofile(tmp_path / "body")
    images = tmp_path / "p.idx"
    images.write_bytes(b"\0\0\x08\x03" + b"\0\0\0\x02\0\0\0\x03\0\0\0\x03" + bytes(18))
    os.mkfifo(tmp_path / "labels")
    with refused("label_file = ", "a pipe"):
        data.read(images, label_file=tmp_path / "labels")
    with refused("label_file = ", "no such file"):
        data.read(images, label_file=tmp_path / "absent")
    images.with_name("labels2").write_bytes(b"\0\0\x08\x01\0\0\0\x02")
    with refused("label_file = ", "damaged"):
        data.read(images, label_file=tmp_path / "labels2")


def test_a_size_is_stated(tmp_path):
    path = tmp_path / "t.csv"
    with path.open("wb") as stream:
        stream.truncate(opening.MOST_BYTES + 1)  # a hole, no bytes on the disk
    with refused("t.csv", f"has {2**31 + 1} bytes, allowed are 0 to {2**31}"):
        data.read(path)


def test_a_file_that_grows_is_told(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_bytes(TEXT)
    open_it = os.fdopen

    class Growing:
        """The stream of a file that another program adds to."""

        def __init__(self, stream):
            self.stream = stream

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.stream.close()

        def fileno(self):
            return self.stream.fileno()

        def read(self, size):
            with path.open("ab") as other:
                other.write(b"5,6\n")
            return self.stream.read(size)

    monkeypatch.setattr(os, "fdopen", lambda *arguments: Growing(open_it(*arguments)))
    with refused("t.csv", "changed while it was read"):
        data.read(path)


def test_a_reason_is_said_once(tmp_path):
    """An InvalidInputError is a ValueError, and was once taken for one of the system's."""
    for path in (tmp_path, Path("/dev/zero"), tmp_path / "none.csv"):
        with pytest.raises(InvalidInputError) as caught:
            data.read(path)
        assert str(caught.value).count("source") == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b\n.csv", b""),
        ("b\n.csv", b"1,2\nNA,3\n"),
        ("b\n.csv", b"1\n2\n"),
        ("b\n.csv", b"0,1,2\n.5,.5,.5\n"),
        ("b\n.csv", b"a,a,y\n1,2,3\n"),
        ("b\n.csv", b"1,234;2,345\n3,456;1,111\n"),
        ("b\n.csv", b"a,y\n1,2\n1,2,3\n"),
        ("b\n.csv", b"a,,y\n1,2,3\n"),
        ("b\n.csv", b"id,a,y\n5,2,3\n7,7,8\n9,2,4\n"),
        ("b\n.parquet", b""),
        ("b\n.npz", b""),
        ("b\n.bin", b"x"),
        ("b\n.bin", b"\x11" + bytes(3072)),
        ("b\n.txt", b"x"),
        ("b\n-images.idx", b"\0\0\x08\x02\0\0\0\x01\0\0\0\x01\0"),
        ("b\n.idx", b"\0\0\x08\x02\0\0\0\x01\0\0\0\x01\0"),
    ],
)
def test_a_name_with_a_line_end_is_still_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    options = [{}, {"label": 9}, {"label": "q"}, {"target_columns": 9}, {"header": True, "label": "z"}, {"index": 2}]
    for given in [*options, {"label_file": "c"}, {"delimiter": ";", "label": 2}]:
        with refused(""):
            data.load(tmp_path / name, **given)
    for given in ({"n": 99}, {"scale": "unit", "labels": "raw"}):
        good = tmp_path / "g\n.csv"
        good.write_bytes(b"a,b,y\n0,0,1\n0,0,2\n0,0,3\n")
        with refused("g\\n.csv"):
            data.load(good, **given)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv.bz2", "T.CSV.XZ"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_the_bytes_decide_how_they_are_packed(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(TEXT))
    assert data.read(tmp_path / name).source.x.tolist() == [[1], [3]]


@pytest.mark.parametrize(("pack", "said"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_damaged_packing_is_one_line(tmp_path, pack, said):
    raw = pack(TEXT * 100)
    for hurt in (raw[:-3], raw[:12], raw[:20] + bytes([raw[20] ^ 255]) + raw[21:]):
        (tmp_path / "t.csv.gz").write_bytes(hurt)
        with refused("t.csv.gz", f"cannot be read as a {said} file"):
            data.read(tmp_path / "t.csv.gz")


def test_a_little_that_unpacks_to_much_is_refused(tmp_path):
    raw = gzip.compress(bytes(opening.RATIO_FREE + 1))
    assert len(raw) * opening.MOST_RATIO < opening.RATIO_FREE
    for name in ("t.csv.gz", "t-images-idx3-ubyte.gz"):
        (tmp_path / name).write_bytes(raw)
        with refused(name, f"unpacks to more than {opening.RATIO_FREE} bytes"):
            data.read(tmp_path / name)


def test_an_archive_that_says_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((1000, 10)), y=np.zeros(1000))
    monkeypatch.setattr(files, "MOST_BYTES", 50_000)
    with refused("a.npz", "unpacks to 88", "50000"):
        data.read(path)


def test_an_archive_whose_header_lies_is_refused(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**15, 2)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
        archive.writestr("y.npy", header.getvalue())
    with refused("a.npz", "cannot be read"):
        data.read(tmp_path / "a.npz")


def test_an_idx_header_with_too_many_axes_is_refused(tmp_path):
    (tmp_path / "t-images").write_bytes(b"\0\0\x08\xff" + b"\0\0\0\x01" * 255 + b"\0")
    with refused("t-images", "no known format"):
        data.read(tmp_path / "t-images")


def test_an_archive_whose_names_have_line_ends_is_one_line(tmp_path):
    np.savez(tmp_path / "a.npz", **{"p\n\x1b[31mq": np.zeros(3)})
    with refused("a.npz", "no array 'x' (it holds p ?[31mq)"):
        data.read(tmp_path / "a.npz")
