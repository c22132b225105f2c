"""Mutations of bytes, trees, archives and arrays, each drawn from a generator of random numbers."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from random import Random
from typing import Any

import numpy as np

Path = list[Any]

INTERESTING = (
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"NaN", b"Infinity", b"-", b"1e999", b"9" * 60, b"9" * 20_000, b'"', b"\\ud800", b"\n", b"\r", b",", b"[" * 300,
    b"{", b"}", b"]", b"\x1b[31m",
    b"true", b"null", b"0x1p+1024", b"'", b"#", b"=", b".",
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 2, 3, True, False, None, 0.0, -0.0, 0.5, 1.0, 1e-320, 1e308, -1e308, float("inf"), float("-inf"),
    float("nan"), 10**9,
    2**31, 2**63, 2**64, 10**30, 10**4000, "", "1", "nan", "inf", "1e999", "\ud800", "x" * 5000, [], {}, [[]], [1],
    {"a": 1},
)  # fmt: skip


def some_bytes(rng: Random, data: bytes) -> bytes:
    """Flip, overwrite, insert, delete, repeat or cut."""
    if not data:
        return rng.choice(INTERESTING)
    at = rng.randrange(len(data))
    length = min(rng.choice((1, 1, 2, 4, 8, 64, 500)), len(data) - at)
    match rng.randrange(8):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] + rng.randbytes(length) + data[at + length :]
        case 2:
            return data[:at] + rng.choice(INTERESTING) + data[at:]
        case 3:
            word = rng.choice(INTERESTING)
            return data[:at] + word + data[at + len(word) :]
        case 4:
            return data[:at] + data[at + length :]
        case 5:
            return data[: at + length] + data[at:]
        case 6:
            return data[:at]
        case _:
            other = rng.randrange(len(data))
            return data[:at] + data[other : other + length] + data[at + length :]


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[Path]:
    """Paths of everything below the root of a tree of dictionaries and lists."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [p for key, inner in items for p in ([*path, key], *places(inner, (*path, key)))]


def inside(tree: Any, path: Path) -> Any:
    """What a path leads to."""
    for key in path:
        tree = tree[key]
    return tree


def some_tree(rng: Random, tree: Any) -> Any:
    """A copy with something replaced, moved, swapped, repeated, renamed, deleted or wrapped."""
    tree = json.loads(json.dumps(tree)) if isinstance(tree, (dict, list)) else tree
    everywhere = places(tree)
    if not everywhere:
        return rng.choice(NUMBERS)
    path = rng.choice(everywhere)
    holder, key = inside(tree, path[:-1]), path[-1]
    match rng.randrange(8):
        case 0:
            holder[key] = rng.choice(NUMBERS)
        case 1:
            holder[key] = nearby(rng, holder[key])
        case 2:
            del holder[key]
        case 3:
            if isinstance(holder, dict):
                holder[rng.choice([str(key) + "x", str(key)[:-1], "extra", "x", "", "\ud800", "__class__"])] = holder[
                    key
                ]
            else:
                holder.append(holder[key])
        case 4:
            other = rng.choice(everywhere)
            value = json.loads(json.dumps(inside(tree, other)))
            holder[key] = value
        case 5:
            other = rng.choice(everywhere)
            if len(other) == len(path) and other[:-1] == path[:-1]:
                holder[key], holder[other[-1]] = holder[other[-1]], holder[key]
            else:
                holder[key] = [holder[key]]
        case 6:
            if isinstance(holder, dict):
                name = rng.choice(list(holder))
                holder[name] = holder.pop(key)
            else:
                rng.shuffle(holder)
        case _:
            holder[key] = rng.choice([str, lambda v: {"hex": v, "decimal": v}, lambda v: [v, v], lambda v: {}])(
                holder[key]
            )
    return tree


def nearby(rng: Random, value: Any) -> Any:
    """A value of the same type, near where that means something."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return number_near(rng, value)
    if isinstance(value, str):
        at = rng.randrange(len(value) + 1)
        return (
            value[:at]
            + rng.choice(["", "0", "x", "-", " ", "\x00", "\u00e9", "/", ".."])
            + value[at + rng.randrange(2) :]
        )
    return value


def number_near(rng: Random, value: float) -> Any:
    """A number near another, or far from it."""
    match rng.randrange(7):
        case 0:
            return value + rng.choice((-1, 1))
        case 1:
            return -value
        case 2:
            return value * rng.choice((0.5, 2, 1.001, 0.999, 1e3, 1e-3))
        case 3:
            return float(np.nextafter(value, rng.choice((-np.inf, np.inf))))
        case 4:
            return float(value)
        case 5:
            return rng.choice((0, 1, -1, 1e-300, 1e300, 5e-324, 1e16))
        case _:
            return value * (1 + rng.uniform(-1e-6, 1e-6))


def some_array(rng: Random, value: np.ndarray) -> np.ndarray:
    """An array near another, or of another type or shape."""
    value = np.array(value)
    choice = rng.randrange(14)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if choice < 5 and value.size and value.dtype.kind == "f":
            value.flat[rng.randrange(value.size)] = rng.choice(
                [number_near(rng, float(value.flat[0])), np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-324, 1e308, -1.0]
            )
            return value
        match choice:
            case 5:
                return value.astype(
                    rng.choice(["<f4", ">f8", "<f2", "<i8", "bool", "<c16", "U5", "S3", "<M8[s]", "<f8"])
                )
            case 6:
                return value[: rng.randrange(len(value) + 1)] if value.ndim else value
            case 7:
                return value.T
            case 8:
                return value.reshape(-1)
            case 9:
                return value[None]
            case 10:
                return np.asfortranarray(value)
            case 11:
                return np.concatenate([value, value]) if value.ndim else value
            case 12:
                return value[::-1].copy() if value.ndim else value
            case _:
                return (
                    value * rng.choice((0.0, -1.0, 1 + 1e-9, 1 - 1e-9, 1e200, 1e-200, 2.0))
                    if value.dtype.kind == "f"
                    else value
                )


def npy(value: np.ndarray) -> bytes:
    """An array as NumPy's file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(value), allow_pickle=True)
    return buffer.getvalue()


def some_npy(rng: Random, data: bytes) -> bytes:
    """Another header over the same numbers."""
    header = data[10:128]
    words = (
        (b"<f8", rng.choice((b">f8", b"<f4", b"|O", b"<i8", b"<f9", b"V8", b"<U2"))),
        (b"False", rng.choice((b"True", b"None", b"0", b"False "))),
        (b"(", rng.choice((b"(0, ", b"(-1, ", b"(99999999999, ", b"((", b"[", b"(2**70, ", b"(True, "))),
        (b",)", rng.choice((b",-1)", b",0)", b")", b",1)", b", 4611686018427387904, 4)"))),
        (b"'shape'", rng.choice((b"'shapes'", b'"shape"', b"'descr'"))),
        (b"}", rng.choice((b"", b"}}", b", 'a': 1}", b"}#", b"} or __import__('os').abort()"))),
        (b"{", b"(" * rng.choice((1, 90))),
    )
    old, new = rng.choice(words)
    changed = header.replace(old, new, 1)
    if rng.random() < 0.6:
        # A header whose length is right again.
        changed = changed.rstrip()[:117].ljust(117) + b"\n"
        return data[:8] + b"\x76\x00" + changed + data[128:]
    return (
        data[:8]
        + rng.choice((b"\x76\x00", b"\xff\xff", b"\x00\x00", struct.pack("<H", len(changed))))
        + changed
        + data[128:]
    )


def members(data: bytes) -> dict[str, bytes] | None:
    """What a sound archive holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(i.file_size for i in archive.infolist()) > 10**7:
                return None
            return {name: archive.read(name) for name in archive.namelist()}
    except Exception:
        return None


def archive_of(content: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive; names may repeat."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")
        for name, part in content:
            archive.writestr(zipfile.ZipInfo(name or "x", date_time=(1980, 1, 1, 0, 0, 0)), part, method)
    return buffer.getvalue()


BOMB = zipfile.ZIP_DEFLATED, bytes(3 * 10**7)


def some_archive(rng: Random, data: bytes) -> bytes:
    """Members renamed, repeated, dropped, swapped, compressed; headers that lie; bytes before and after."""
    held = members(data)
    if not held:
        return some_bytes(rng, data)
    content = list(held.items())
    at = rng.randrange(len(content))
    name, part = content[at]
    match rng.randrange(12):
        case 0:
            content[at] = (
                rng.choice(
                    [name.upper(), "../" + name, "/" + name, name + "\x00x", name[:-4], "", "\u00e9", name * 30]
                ),
                part,
            )
        case 1:
            content.append(content[at])
        case 2:
            del content[at]
        case 3:
            other = rng.randrange(len(content))
            content[at], content[other] = (name, content[other][1]), (content[other][0], part)
        case 4:
            return archive_of(content, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
        case 5:
            content[at] = name, part + rng.randbytes(rng.choice((1, 8, 1000)))
        case 6:
            content[at] = name, part[: rng.randrange(len(part) + 1)]
        case 7:
            return rng.choice(
                (lambda d: b"MZ" + d, lambda d: d + b"\x00" * 9, lambda d: d + d, lambda d: d[:-1] + b"\x05" + b"hello")
            )(data)
        case 8:
            return _lie(rng, data)
        case 9:
            if rng.random() < 0.02:
                content[at] = name, part[:128] + BOMB[1]
                return archive_of(content, BOMB[0])
            content[at] = name, some_npy(rng, part)
        case 10:
            content[at] = name, some_npy(rng, part)
        case _:
            content[at] = name, some_bytes(rng, part)
    return archive_of(content)


def _lie(rng: Random, data: bytes) -> bytes:
    """A field of a record of the archive's directory, of a member's own header or of the end overwritten."""
    mark, size = rng.choice(((b"PK\x01\x02", 46), (b"PK\x03\x04", 30), (b"PK\x05\x06", 22)))
    starts = [i for i in range(len(data)) if data.startswith(mark, i)]
    if not starts:
        return data
    at = rng.choice(starts) + rng.randrange(4, size, 2)
    word = rng.choice(
        (b"\xff\xff", b"\x00\x00", b"\x01\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", rng.randbytes(2))
    )
    return data[:at] + word + data[at + len(word) :]
