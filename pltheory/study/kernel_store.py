"""A folder with the tangent kernel of one network on one data set: a matrix in a file, made tile by tile.

`store.json` says of what it is the kernel; `kernel.npy` is the matrix of doubles, read by `numpy.load` in any program;
`tiles/` has a mark for each tile that is there, written after its numbers are on the disk and with their SHA-256. What
a killed command leaves is a store with fewer marks. A tile stands in the matrix twice, as itself and mirrored.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..certification.claim import array_hash, text_hash
from ..rigor.roundoff import Array
from ..theory import InvalidInputError
from .store import environment, write_file

SCHEMA = "pltheory-kernel/1"
Tile = tuple[int, int]
"""Row and column of a tile among the tiles, the row not above the column: tiles (i, j) with i >= j."""


@dataclass(frozen=True)
class Contents:
    """What a store holds, whichever of its tiles are there.

    Attributes:
        network: its class and structure, and its parameters' names, shapes and whether they are trained, in text.
        weights: SHA-256 of all parameters and buffers.
        inputs: SHA-256 of the samples.
        samples: n.
        outputs: C; the matrix is (n C, n C), sample-major.
        version: of this package, which made the entries.
        tile: samples in a row of tiles.
        probe: the kernel of the first samples, (k, k), as rows.
        sketch: sqrt(r^T K r) for random signs r, of the whole kernel, by autograd.
        resolution: relative, what sketches of one network may differ by: half of the digits of its precision.
    """

    network: str
    weights: str
    inputs: str
    samples: int
    outputs: int
    version: str
    tile: int
    probe: list[list[float]]
    sketch: float
    resolution: float

    @property
    def order(self) -> int:
        """Rows of the matrix."""
        return self.samples * self.outputs

    @property
    def tiles(self) -> list[Tile]:
        """All tiles on and below the diagonal, row by row."""
        rows = -(-self.samples // self.tile)
        return [(i, j) for i in range(rows) for j in range(i + 1)]

    def block(self, k: int) -> slice:
        """The samples of the k-th row of tiles."""
        return slice(k * self.tile, min(self.samples, (k + 1) * self.tile))

    def rows(self, k: int) -> slice:
        """The rows of the matrix that are theirs."""
        block = self.block(k)
        return slice(block.start * self.outputs, block.stop * self.outputs)

    def require_same(self, there: Contents, path: Path) -> None:
        """Refuse a store of something else; its probe is compared up to round-off, which differs among processors.

        Raises:
            InvalidInputError: it differs; the message says in what.
        """
        mine, other = asdict(self), asdict(there)
        for key in ("samples", "outputs", "inputs", "network", "weights", "version"):
            if mine[key] != other[key]:
                raise InvalidInputError(
                    f"{path}: holds the kernel of another problem ({_difference(key, other[key], mine[key])}); "
                    "give this one another folder"
                )
        here, stored = np.array(self.probe), np.array(there.probe)
        if here.shape != stored.shape or not np.allclose(here, stored, rtol=0, atol=1e-6 * np.abs(stored).max()):
            raise InvalidInputError(
                f"{path}: holds the kernel of another problem (the first entries differ); give this one another folder"
            )
        # What acts on later samples alone, such as a threshold that is a plain attribute, shows in the whole.
        if abs(self.sketch - there.sketch) > there.resolution * abs(there.sketch):
            raise InvalidInputError(
                f"{path}: holds the kernel of another problem (gradients over all samples differ); "
                "give this one another folder"
            )


class KernelStore:
    """The folder.

    Args:
        path: a folder that has been begun; `begun` makes one.

    Attributes:
        contents: what it says it holds.

    Raises:
        InvalidInputError: no folder of a kernel, a damaged one, or one whose matrix is cut.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.contents = _contents_in(path)
        self._start = len(_header(self.contents.order))
        self._require_matrix()
        self.done = {tile: sha for tile in self.contents.tiles if (sha := self._mark(tile)) is not None}

    @property
    def missing(self) -> list[Tile]:
        """The tiles that are not there."""
        return [tile for tile in self.contents.tiles if tile not in self.done]

    @property
    def matrix(self) -> Array:
        """The matrix (n C, n C), mapped into memory, for reading; rows of missing tiles are of no use."""
        mapped = np.memmap(self.path / "kernel.npy", np.float64, "r", self._start, (self.contents.order,) * 2)
        return np.asarray(mapped)

    def write(self, tile: Tile, values: Array) -> None:
        """Put a tile into the matrix, and then its mark beside it.

        Raises:
            InvalidInputError: the disk is full, or the folder cannot be written.
        """
        rows, columns = (self.contents.rows(k) for k in tile)
        # A product with itself is symmetric up to rounding; the matrix is exactly.
        plain = np.tril(values) + np.tril(values, -1).T if rows == columns else np.ascontiguousarray(values)
        try:
            with (self.path / "kernel.npy").open("r+b", buffering=0) as file:
                self._write_rows(file.fileno(), plain, rows.start, columns.start)
                if rows != columns:
                    self._write_rows(file.fileno(), np.ascontiguousarray(plain.T), columns.start, rows.start)
                os.fsync(file.fileno())
        except OSError as error:
            raise InvalidInputError(f"{self.path / 'kernel.npy'}: cannot be written ({error.strerror})") from None
        sha = array_hash(plain)
        # Where it stands is in the mark: two tiles that changed places, marks and all, are not where they belong.
        mark = {"schema": SCHEMA, "contents": text_hash(asdict(self.contents)), "tile": list(tile), "values": sha}
        write_file(self._file(tile), json.dumps({**mark, "sha256": text_hash(mark)}))
        self.done[tile] = sha

    def require_whole(self) -> None:
        """Hold every tile that is marked against its mark, and both places where it stands against each other.

        Raises:
            InvalidInputError: a tile has changed since it was written.
        """
        matrix = self.matrix
        for (i, j), sha in self.done.items():
            rows, columns = self.contents.rows(i), self.contents.rows(j)
            values = matrix[rows, columns]
            if array_hash(values) != sha or not np.array_equal(values, matrix[columns, rows].T):
                raise InvalidInputError(
                    f"{self.path}: the tile of rows {rows.start} and columns {columns.start} has changed since it was "
                    f"written; remove {self._file((i, j)).relative_to(self.path)} and run the same again"
                )

    def _write_rows(self, file: int, values: Array, first: int, column: int) -> None:
        for k, row in enumerate(values):
            at, content = self._start + 8 * ((first + k) * self.contents.order + column), memoryview(row.tobytes())
            while content:
                written = os.pwrite(file, content, at)
                at, content = at + written, content[written:]

    def _require_matrix(self) -> None:
        file, header = self.path / "kernel.npy", _header(self.contents.order)
        try:
            size = file.stat().st_size
            with file.open("rb") as stream:
                found = stream.read(len(header))
        except OSError as error:
            raise InvalidInputError(f"{file}: cannot be read ({error.strerror}); give another folder") from None
        wanted = len(header) + 8 * self.contents.order**2
        if found != header or size != wanted:
            said = f"it has {size} bytes of {wanted}" if size != wanted else "it is no matrix of this store"
            raise InvalidInputError(f"{file}: damaged, {said}; give another folder")

    def _file(self, tile: Tile) -> Path:
        return self.path / "tiles" / f"{tile[0]:04d}-{tile[1]:04d}.json"

    def _mark(self, tile: Tile) -> str | None:
        file = self._file(tile)
        try:
            mark = json.loads(file.read_text(encoding="utf-8"))
            mine = mark["contents"] == text_hash(asdict(self.contents)) and mark["tile"] == list(tile)
            if mine and mark["sha256"] == text_hash(mark):
                return str(mark["values"])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InvalidInputError(f"{file}: cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError):
            pass
        raise InvalidInputError(f"{file}: damaged mark of a tile; remove it and run the same again")


@contextmanager
def begun(path: Path, contents: Contents) -> Iterator[KernelStore]:
    """The store of these contents, new or as it was left, for one command at a time.

    Raises:
        InvalidInputError: the folder holds another kernel or something else, is damaged, cannot be made, is another
            command's at this time, or has no room.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot be made ({error.strerror})") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InvalidInputError(f"{path}: another command is computing it") from None
        _begin(path, contents)
        yield KernelStore(path)
    finally:
        os.close(handle)


def _begin(path: Path, contents: Contents) -> None:
    if (path / "store.json").exists():
        contents.require_same(_contents_in(path), path)
    else:
        holds = sorted(p.name for p in path.iterdir() if not p.name.startswith("."))
        if holds:
            raise InvalidInputError(f"{path}: no folder of a kernel, it holds {holds[0]}")
        _require_room(path, contents)
        said = {"schema": SCHEMA, "contents": asdict(contents), "sha256": text_hash(asdict(contents)), **environment()}
        write_file(path / "store.json", json.dumps(said, indent=2))
    # store.json without a matrix is what a command leaves that is killed in between.
    if not (path / "kernel.npy").exists() and not (path / "tiles").exists():
        _make_matrix(path, _contents_in(path))


def _require_room(path: Path, contents: Contents) -> None:
    needed, free = 16 * contents.order**2, shutil.disk_usage(path).free
    if needed > free:
        raise InvalidInputError(
            f"{path}: the kernel and a factor of it need {needed / 2**30:.1f} GiB, there are {free / 2**30:.1f} GiB"
        )


def _make_matrix(path: Path, contents: Contents) -> None:
    header, part = _header(contents.order), path / ".kernel.npy"
    try:
        with part.open("wb") as file:
            file.write(header)
            file.flush()
            # All of its room at once: a disk that gets full later would end whoever has the file mapped.
            os.posix_fallocate(file.fileno(), 0, len(header) + 8 * contents.order**2)
            os.fsync(file.fileno())
        part.rename(path / "kernel.npy")
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InvalidInputError(f"{path / 'kernel.npy'}: cannot be written ({error.strerror})") from None


def _header(order: int) -> bytes:
    stream = io.BytesIO()
    described = {"descr": "<f8", "fortran_order": False, "shape": (order, order)}
    np.lib.format.write_array_header_1_0(stream, described)
    return stream.getvalue()


def _contents_in(path: Path) -> Contents:
    file = path / "store.json"
    try:
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if said["schema"] == SCHEMA and said["sha256"] == text_hash(said["contents"]):
            return Contents(**said["contents"])
    except OSError as error:
        raise InvalidInputError(f"{path}: no folder of a kernel, store.json: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        pass
    raise InvalidInputError(f"{file}: damaged; restore it, or give another folder")


def _difference(key: str, there: Any, here: Any) -> str:
    if key in ("weights", "inputs", "network"):
        return f"other {key}" if key != "network" else "another network, or other parameters trained"
    return f"{key} = {there} there, {here} here"
