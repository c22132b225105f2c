"""Run folders: written to a temporary name and renamed, so that a killed run leaves nothing or the whole."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..problem.data import NAMES
from ..runs.trace import COLUMNS, At, Trace, columns
from ..theory import InvalidInputError
from ..verification.report import SCHEMA, SCHEMAS
from .config import Config

PACKAGES = ("pltheory", "numpy", "scipy", "torch", "sympy", "scikit-learn")


def config_hash(config: Config) -> str:
    """SHA-256 of the configuration's canonical JSON, without its sweep."""
    text = json.dumps(config.model_dump(exclude={"sweep"}), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def point_hash(config: Config) -> str:
    """SHA-256 of the configuration and of the files it names: a file that changes makes another point.

    Raises:
        InvalidInputError: a file that is there cannot be read.
    """
    digest = hashlib.sha256(config_hash(config).encode())
    for of_file in file_digests(config).values():
        digest.update(bytes.fromhex(of_file))
    return digest.hexdigest()


def file_digests(config: Config) -> dict[str, str]:
    """SHA-256 of the files that a configuration names, by dotted key and file; those that are not there are left out.

    Raises:
        InvalidInputError: a file that is there cannot be read.
    """
    data = config.data
    names = {"data.source": data.source, "data.path": data.path, "data.label_file": data.label_file}
    found = {}
    for key, name in {**names, "network.checkpoint": config.network.checkpoint}.items():
        # A named data set is no file, and a missing file is refused when it is read.
        if not name or name in NAMES:
            continue
        path = Path(name)
        for file in (f for f in (sorted(path.iterdir()) if path.is_dir() else [path]) if f.is_file()):
            try:
                with file.open("rb") as stream:
                    found[f"{key}: {file.name}"] = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError as error:
                raise InvalidInputError(f"{file}: cannot be read ({error.strerror})") from None
    return found


def environment() -> dict[str, Any]:
    """Versions, device and the floating-point switches that change results."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "cuda": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        "flush_to_zero": _flushes_to_zero(),
    }


def manifest(config: Config, device: str, dtype: str | None = None) -> dict[str, Any]:
    """What a run folder says about its origin.

    Args:
        config: the configuration; with `network.module` it says the SHA-256 of that file.
        device: where the run was.
        dtype: its precision, where that is not the configuration's.
    """
    return {
        "schema": "pltheory-manifest/1",
        "config": config.model_dump(exclude={"sweep"}),
        "config_hash": config_hash(config),
        "seed": config.run.seed,
        "device": device,
        "dtype": dtype or config.run.dtype,
        "command": sys.argv[1:],
        **environment(),
    }


def write_folder(target: Path, files: Mapping[str, str]) -> None:
    """Write a folder of text files whole: under a temporary name beside it, then renamed.

    Raises:
        InvalidInputError: the folder exists already, or its parent cannot be written.
    """
    if target.exists():
        raise InvalidInputError(f"--out {target}: exists already")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise InvalidInputError(f"--out {target}: {error.strerror}") from None
    try:
        for name, text in files.items():
            (temporary / name).write_text(text, encoding="utf-8")
        temporary.chmod(0o755)
        temporary.rename(target)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError):
            raise InvalidInputError(f"--out {target}: cannot be written ({error.strerror})") from None
        raise


def write_file(target: Path, content: str | bytes) -> None:
    """Write one file whole, replacing what was there; it is on the disk before it has its name.

    Raises:
        InvalidInputError: its folder cannot be made or written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise InvalidInputError(f"{target}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            # Or a crash of the machine may leave the name without the content.
            os.fsync(file.fileno())
        # Made for its owner alone; results are read by others too.
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InvalidInputError(f"{target}: cannot be written ({error.strerror})") from None
        raise


def is_other(schema: object, known: Sequence[str]) -> bool:
    """Whether a file is of another version's schema, not one of those known: the same name, another number."""
    name = known[0].partition("/")[0]
    return isinstance(schema, str) and schema not in known and schema.partition("/")[0] == name


def free_name(parent: Path, stem: str) -> Path:
    """`parent/stem`, or with the first free number behind it."""
    candidate, k = parent / stem, 2
    while candidate.exists():
        candidate, k = parent / f"{stem}-{k}", k + 1
    return candidate


def trace_to_csv(trace: Trace) -> str:
    """One row per iterate; cells of what was not measured there are empty, and optional columns without any are not."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    written = [c for c in COLUMNS.values() if not c.optional or len(getattr(trace, c.name))]
    rows.writerow(["step", *(c.name for c in written)])
    cells = []
    for c in written:
        values = getattr(trace, c.name)
        where = trace.recorded[: len(values)].tolist() if c.at is At.RECORDED else range(len(values))
        cells.append(dict(zip(where, values, strict=True)))
    for t in range(len(trace.loss)):
        rows.writerow([t, *(column.get(t, "") for column in cells)])
    return out.getvalue()


def trace_from_csv(text: str) -> Trace:
    """The inverse of `trace_to_csv`.

    Raises:
        KeyError, ValueError: a column is missing, or a cell that is to be filled is no number.
    """
    rows = list(csv.DictReader(io.StringIO(text)))
    for c in COLUMNS.values():
        if c.optional:
            for r in rows:
                r.setdefault(c.name, "")
    filled = {at: [r for r in rows if at is At.ITERATE or any(r[name] for name in columns(at))] for at in At}
    found = {"recorded": np.array([int(r["step"]) for r in filled[At.RECORDED]], dtype=int)}
    for c in COLUMNS.values():
        cells = [r[c.name] for r in filled[c.at]]
        absent = (c.at is At.RECORDED or c.optional) and not any(cells)
        found[c.name] = np.array([] if absent else [float(cell) for cell in cells])
    return Trace(**found)


def read_run(folder: Path) -> tuple[dict[str, Any], dict[str, Any], Trace | None]:
    """Manifest, report and trace of a run folder.

    Raises:
        InvalidInputError: no such folder, a file missing or damaged, or a report of another schema.
    """
    try:
        read_manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        path = folder / "trace.csv"
        trace = trace_from_csv(path.read_text(encoding="utf-8")) if path.exists() else None
    except FileNotFoundError as error:
        raise InvalidInputError(f"{folder}: not a run folder, {Path(str(error.filename)).name} is missing") from None
    except OSError as error:
        raise InvalidInputError(f"{folder}: not a run folder ({error.strerror})") from None
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"{folder}: damaged run folder ({error})") from None
    if not isinstance(read_manifest, dict) or not isinstance(report, dict):
        raise InvalidInputError(f"{folder}: damaged run folder (manifest.json or report.json is no JSON object)")
    if report.get("schema") not in SCHEMAS:
        raise InvalidInputError(f"{folder}: report of schema {report.get('schema')!r}, this version reads {SCHEMA!r}")
    return read_manifest, report, trace


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _flushes_to_zero() -> bool:
    smallest = 2.0**-1074
    return bool(np.float64(smallest) * np.float64(1) == 0 or torch.tensor(smallest, dtype=torch.float64) * 1 == 0)
