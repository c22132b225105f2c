"""Data files: tables of text, Parquet, NumPy archives, IDX pairs and CIFAR's records.

What is read must be what a second reader finds: the csv module with float, pyarrow, NumPy, struct. Which columns are
features and label is taken from the reading's own words, so that the numbers under them are what is compared.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import struct
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pltheory.problem.files import read
from pltheory.theory.errors import PltheoryError

from .mutate import some_archive, some_array, some_bytes
from .surface import Files, Finding, refusal

TABLES = (
    "a,b,y\n0.5,1.0,1\n-0.25,0.5,-1\n0.75,-1e3,1\n",
    "0.5,1.0,1\n-0.25,0.5,-1\n0.75,-1.0,1\n",
    "x1;x2;label\n0,5;1,25;cat\n-0,25;0,5;dog\n0,75;-1,0;cat\n1,5;2,5;dog\n",
    ",a,b,y\n0,0.5,1.0,1\n1,-0.25,0.5,0\n2,0.75,-1.0,1\n",
    "# made by hand\na\tb\ty\n1\t2\t3\n4\t5\t6\n",
    '"a","b","y"\r\n"1.5","2",3\r\n"4","5e-3",6\r\n',
)
CELLS = (
    "nan", "NaN", "", "inf", "1e999", "1_000", "0x10", "1,5", "1.5.2", " 7 ", "+1", "--1", "1e", "True", "\u0661",
    "cat", '"', '"x', "'1'", "NA", "#", "-", ".", "1e-400",
    "9" * 400, "1d3", "12:30", "2020-01-01", "1 000", "\x00", "\u2212" + "1", "1\n2", "\ufeff1", "$3", "50%", "(1)",
    "null", "1;2", "1\t2",
)  # fmt: skip


def _parquet(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _idx(array: np.ndarray, kind: int) -> bytes:
    return struct.pack(">HBB", 0, kind, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


class DataFiles:
    """One file of each kind, and its mutants."""

    name = "data"

    @cache  # noqa: B019 - one object a process
    def seeds(self) -> list[Files]:
        rng = np.random.default_rng(0)
        found: list[Files] = [{"p.csv": t.encode()} for t in TABLES] * 2
        found.append({"p.tsv": TABLES[4].encode()})
        found.append({"p.csv.gz": gzip.compress(TABLES[0].encode(), mtime=0)})
        found.append({"p.csv.bz2": bz2.compress(TABLES[0].encode())})
        found.append({"p.csv.xz": lzma.compress(TABLES[2].encode())})
        x, y = rng.standard_normal((4, 3)), rng.standard_normal(4)
        found += [{"p.npz": _npz(x=x, y=y)}, {"p.npz": _npz(x=x.astype(np.float32), y=np.arange(4))}] * 2
        images = rng.integers(0, 256, (3, 2, 2)).astype(np.uint8)
        found += [{"images-idx3": _idx(images, 8), "labels-idx1": _idx(np.arange(3, dtype=np.uint8), 8)}] * 2
        found.append({"p.bin": bytes([1]) + bytes(range(256)) * 12})
        found += [{"p.parquet": _parquet({"a": [1.0, 2.5], "b": [3, 4], "y": [0, 1]})}] * 2
        found.append({"p.parquet": _parquet({"a": [1.0, 2.5, 3.0], "b": [3, 4, 5], "y": ["u", "v", "u"]})})
        return found

    def mutate(self, rng: Random, files: Files) -> Files:
        name = rng.choice(sorted(files))
        data, kind = files[name], name.rpartition(".")[2]
        if kind in ("csv", "tsv") and rng.random() < 0.8:
            return {name: _table(rng, data)}
        if kind in ("gz", "bz2", "xz") and rng.random() < 0.5:
            pack = {"gz": lambda b: gzip.compress(b, mtime=0), "bz2": bz2.compress, "xz": lzma.compress}[kind]
            return {name: pack(_table(rng, TABLES[0].encode()) if rng.random() < 0.97 else b"1,2\n" * 10**7)}
        if kind == "npz" and rng.random() < 0.8:
            return {name: some_archive(rng, data) if rng.random() < 0.5 else self._arrays(rng, data)}
        if kind == "parquet" and rng.random() < 0.5:
            return {name: _parquet(_columns(rng))}
        if kind == "bin" and rng.random() < 0.5:
            return {
                name: rng.choice(
                    [data * 2, data[:-1], data + b"\x00", bytes([rng.randrange(256)]) + data[1:], data + data[:3000]]
                )
            }
        return {**files, name: some_bytes(rng, data)}

    @staticmethod
    def _arrays(rng: Random, data: bytes) -> bytes:
        with np.load(io.BytesIO(data)) as held:
            arrays = {k: held[k] for k in held.files}
        key = rng.choice(list(arrays))
        arrays[key] = some_array(rng, arrays[key])
        if rng.random() < 0.1:
            arrays["z"] = arrays.pop(key)
        return _npz(**arrays)

    def run(self, folder: Path, files: Files) -> str:
        name = next(n for n in sorted(files) if not n.startswith("labels"))
        try:
            found = read(folder / name)
        except PltheoryError as error:
            return refusal(error)
        x, target = np.asarray(found.source.x), np.asarray(found.source.target)
        if x.ndim != 2 or target.ndim != 2 or len(x) != len(target):
            raise Finding(f"shapes {x.shape} and {target.shape}")
        line = found.described
        if not line.isprintable() or len(line) > 5000:
            raise Finding(f"not one line: {line[:200]!r}")
        _CHECKS[name.split(".")[1] if "." in name else "idx"](files, name, found, x, target)
        return "read as a second reader has it"


def _table(rng: Random, data: bytes) -> bytes:
    """Cells, rows, columns, delimiters, quotes and ends of lines changed."""
    text = data.decode("utf-8", "surrogateescape")
    rows = text.split("\n")
    i = rng.randrange(len(rows))
    mark = next((m for m in ",;\t" if m in rows[i]), ",")
    cells = rows[i].split(mark)
    j = rng.randrange(len(cells))
    match rng.randrange(10):
        case 0 | 1 | 2:
            cells[j] = rng.choice(CELLS)
            rows[i] = mark.join(cells)
        case 3:
            del cells[j]
            rows[i] = mark.join(cells)
        case 4:
            cells.insert(j, rng.choice(("1", "", "x")))
            rows[i] = mark.join(cells)
        case 5:
            rows.insert(i, rng.choice((rows[i], "", "#c", "  ", mark * 2, "a,b,y", "1,2,3")))
        case 6:
            del rows[i]
        case 7:
            return text.replace(
                *rng.choice(
                    (
                        (",", ";"),
                        (",", "\t"),
                        (".", ","),
                        ("\n", "\r\n"),
                        ("\n", "\r"),
                        (",", ", "),
                        ("1", '"1"'),
                        (",", "|"),
                    )
                )
            ).encode("utf-8", "surrogateescape")
        case 8:
            coded = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            return coded.encode(rng.choice(("utf-16", "utf-8-sig", "utf-32", "utf-16-be")))
        case _:
            return some_bytes(rng, data)
    return "\n".join(rows).encode("utf-8", "surrogateescape")


def _columns(rng: Random) -> dict[str, Any]:
    kinds = (
        [1.0, 2.0, 3.0], [1, 2, 3], [None, 1.0, 2.0], ["u", "v", "u"], [True, False, True], [[1.0], [2.0], [3.0]],
        [float("nan"), 1.0, 2.0],
        [b"x", b"y", b"z"], [2**63 - 1, 0, 1], [1e300, 1.0, 2.0], [float("inf"), 0.0, 1.0], [{"a": 1}, {"a": 2},
        {"a": 3}],
    )  # fmt: skip
    names = rng.sample(
        ["a", "b", "y", "", "label", "index", "Unnamed: 0", "\n", "a" * 300, "__index_level_0__"], rng.randrange(1, 5)
    )
    return {name: rng.choice(kinds if rng.random() < 0.4 else kinds[:2]) for name in names}


def _plain(files: Files, name: str) -> bytes:
    data = files[name]
    openers = ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ", lzma.decompress))
    return next((unpack(data) for magic, unpack in openers if data.startswith(magic)), data)


def _check_text(files: Files, name: str, found: Any, x: np.ndarray, target: np.ndarray) -> None:
    data = _plain(files, name)
    marks = (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    )
    text = data.decode(next((code for mark, code in marks if data.startswith(mark)), "utf-8-sig"), "surrogateescape")
    mark = {"commas": ",", "semicolons": ";", "tabs": "\t", "bars": "|"}[
        found.format.removeprefix("text with ").split(",")[0].split()[0]
    ]
    lines = [l for l in io.StringIO(text, newline="") if not l.lstrip().startswith("#") and l.strip()]
    rows = [r for r in csv.reader(lines, delimiter=mark, skipinitialspace=True) if r and any(c.strip() for c in r)]
    body = rows[1:] if found.header.startswith("header") else rows
    if len(body) != len(x):
        raise Finding(f"{len(x)} points of {len(body)} rows: {found.described}")
    comma = "decimal comma" in found.format
    for row, values, goal in zip(body, x, target, strict=True):
        for c, value in zip(found.features, values, strict=True):
            if _number(row[c], comma) != value:
                raise Finding(f"cell {row[c]!r} read as {value}")
        for c, value in zip(found.label, goal, strict=True):
            known = found.source.names
            same = row[c].strip() == known[int(value)] if known is not None else _number(row[c], comma) == value
            if not same:
                raise Finding(f"label {row[c]!r} read as {value}")
    used = {*found.features, *found.label, *found.index}
    if len(used) != found.columns:
        raise Finding(f"columns lost: {found.described}")


def _number(cell: str, comma: bool) -> float:
    return float(cell.strip().replace(",", ".") if comma else cell)


def _check_npz(files: Files, name: str, found: Any, x: np.ndarray, target: np.ndarray) -> None:
    with np.load(io.BytesIO(files[name])) as held:
        a, b = held["x"], held["y"]
    if not (
        np.array_equal(a.reshape(len(a), -1), x, equal_nan=True)
        and np.array_equal(b.reshape(len(b), -1), target, equal_nan=True)
    ):
        raise Finding("other numbers than NumPy's")


def _check_idx(files: Files, name: str, found: Any, x: np.ndarray, target: np.ndarray) -> None:
    for data, array in ((files[name], x), (files["labels-idx1"], target)):
        kind, axes = data[2], data[3]
        code = {8: "B", 9: "b", 11: "h", 12: "i", 13: "f", 14: "d"}[kind]
        start = 4 + 4 * axes
        numbers = np.array(struct.unpack(f">{(len(data) - start) // struct.calcsize('>' + code)}{code}", data[start:]))
        if not np.array_equal(numbers, array.ravel(), equal_nan=True):
            raise Finding("other numbers than struct's")


def _check_bin(files: Files, name: str, found: Any, x: np.ndarray, target: np.ndarray) -> None:
    records = np.frombuffer(files[name], np.uint8).reshape(-1, 3073)
    if not (np.array_equal(records[:, 1:], x) and np.array_equal(records[:, :1], target) and (target < 10).all()):
        raise Finding("other records than the file's")


def _check_parquet(files: Files, name: str, found: Any, x: np.ndarray, target: np.ndarray) -> None:
    table = pq.read_table(io.BytesIO(files[name]))
    if table.num_rows != len(x):
        raise Finding(f"{len(x)} points of {table.num_rows} rows")
    for j, c in enumerate(found.features):
        if [float(v) for v in table.column(c).to_pylist()] != x[:, j].tolist():
            raise Finding(f"column {c} read as {x[:, j]}")
    for j, c in enumerate(found.label):
        values, known = table.column(c).to_pylist(), found.source.names
        read_as = target[:, j].tolist()
        if known is not None and values != [known[int(v)] for v in read_as]:
            raise Finding(f"labels {values} read as {read_as}")
        if known is None and [float(v) for v in values] != [float(v) for v in read_as]:
            raise Finding(f"labels {values} read as {read_as}")


_CHECKS = {
    "csv": _check_text, "tsv": _check_text, "npz": _check_npz, "idx": _check_idx, "bin": _check_bin,
    "parquet": _check_parquet,
}  # fmt: skip
