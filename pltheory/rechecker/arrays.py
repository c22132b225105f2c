"""The arrays' file of a certificate: its members' headers first, the numbers once their sizes are allowed."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..border import Archive, regular_file
from ..theory.errors import InvalidInputError
from .fields import Array, damaged

MOST_NUMBERS = 2**33
"""Doubles of an arrays' file, 64 GiB."""
_DOUBLE = 8
_MARK = re.compile(rb"\x93NUMPY([\x01\x02])\x00(..)", re.DOTALL)
_HEADER = re.compile(
    rb"\{'descr': '([^'\\]{1,16})', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9, ]{0,100})\), \} *\n"
)
"""The header as NumPy writes it, and nothing else that Python could read."""
_LENGTHS = re.compile(rb"([0-9]{1,12}),(?: ([0-9]{1,12})(?:, ([0-9]{1,12}))?)?")
"""A vector's shape, "10,", a matrix's, "10, 64", or that of three axes, "1, 16, 9"."""
_LONGEST = 512
"""Bytes of a member in which its header must end."""

Shape = tuple[int, ...]


class ArraysFile:
    """An open arrays' file whose headers have been read.

    Attributes:
        shapes: array name to shape.
    """

    def __init__(self, archive: Archive, headers: dict[str, tuple[Shape, int]]) -> None:
        self._archive, self._headers = archive, headers
        self.shapes = {name: shape for name, (shape, _) in headers.items()}

    def read(self, name: str) -> Array:
        """An array, float64 of its shape, every number finite.

        Raises:
            Stop: with code DAMAGED.
        """
        shape, start = self._headers[name]
        array = np.empty(shape, dtype="<f8")
        try:
            self._archive.read_into(f"{name}.npy", memoryview(bytearray(start)), _bytes_of(array))
        except InvalidInputError as error:
            damaged("arrays.file", str(error))
        if not np.isfinite(array).all():
            damaged(f"arrays.{name}", "holds a NaN or an infinity")
        return array


@contextmanager
def open_arrays(path: Path, name: object, wanted: Collection[str]) -> Iterator[ArraysFile]:
    """The arrays' file beside a certificate, which must hold exactly the arrays wanted.

    Args:
        path: of the certificate's text.
        name: of the arrays' file, as the text has it.
        wanted: names of the arrays.

    Raises:
        Stop: with code DAMAGED.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[^/\\\x00-\x1f\x7f]{1,255}", name) or name in (".", ".."):
        damaged("arrays.file", "not the name of a file beside the certificate")
    if not name.isprintable():
        damaged("arrays.file", "not a printable name")
    most = _DOUBLE * MOST_NUMBERS
    try:
        with regular_file(path.with_name(name), most, links=False) as stream:
            archive = Archive(stream, most_members=len(wanted), most_bytes=most)
            if set(archive.sizes) != {f"{key}.npy" for key in wanted}:
                damaged("arrays.file", f"{name} does not hold exactly {_listed(wanted)}")
            yield ArraysFile(archive, {key: _header(archive, key) for key in wanted})
    except InvalidInputError as error:
        damaged("arrays.file", f"{name}: {error}")


def _listed(names: Collection[str]) -> str:
    first = list(names)[:12]
    return ", ".join(first) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _header(archive: Archive, name: str) -> tuple[Shape, int]:
    """Shape, and where the numbers start."""
    field, size = f"arrays.{name}", archive.sizes[f"{name}.npy"]
    start = archive.start(f"{name}.npy", _LONGEST)
    mark = _MARK.match(start)
    if mark is None:
        damaged(field, "is no .npy array of version 1 or 2")
    # Version 2 has four bytes of length, of which the upper two would be more than is allowed.
    before = 10 if mark[1] == b"\x01" else 12
    end = before + int.from_bytes(start[8:before], "little")
    parts = _HEADER.fullmatch(start[before:end]) if end <= _LONGEST else None
    if parts is None:
        damaged(field, "does not have the header that NumPy writes for a plain array")
    if parts[1] != b"<f8":
        damaged(field, f"holds {parts[1].decode('ascii', 'replace')!r}, not little-endian float64, '<f8'")
    if parts[2] != b"False":
        damaged(field, "is stored in Fortran's order")
    lengths = _LENGTHS.fullmatch(parts[3])
    shape = tuple(int(length) for length in lengths.groups() if length is not None) if lengths else ()
    # The patches of an affine node that adds a trainable vector, and its weights, have entries along two axes of three.
    if not all(shape[:2]) or not shape:
        damaged(field, f"has the shape ({parts[3].decode()}), allowed are one to three axes with entries")
    # A product of integers without a bound on their size: neither wraps around nor is allocated.
    if end + _DOUBLE * math.prod(shape) != size:
        damaged(field, f"has the shape {shape}, but {size - end} bytes of numbers")
    return shape, end


def array_hash(array: Array) -> str:
    """The hash of an array in the text of a certificate."""
    digest = hashlib.sha256((",".join(map(str, array.shape)) + ":").encode())
    digest.update(_bytes_of(array))
    return digest.hexdigest()


def _bytes_of(array: Array) -> memoryview:
    return array.reshape(-1).data.cast("B") if array.size else memoryview(b"")
