"""A study's folder: which study it is, and one record a point, each written whole.

`study.json` says what is the same at every point and what varies. Another configuration, other data files or another
version of this package make another study, which does not enter the folder; more values of what varies are the same
study, which grows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from ..theory import InvalidInputError
from .config import Config, clipped
from .grid import Values, axes, group_of, said
from .limits import Limit, read_limits
from .point import DONE, SCHEMAS, Record, is_whole
from .quantities import PARTS_OF_A_RECORD
from .store import environment, file_digests, is_other, write_file
from .table import frame

SCHEMA = "pltheory-study/1"


@dataclass(frozen=True)
class Identity:
    """What makes a study that one and no other.

    Attributes:
        fixed: what is the same at every point, by dotted key.
        varies: the dotted keys that vary, `width` and `depth`, sorted.
    """

    fixed: dict[str, Any]
    varies: tuple[str, ...]

    @classmethod
    def of(cls, config: Config) -> Identity:
        """The identity of the study of a configuration.

        Raises:
            InvalidInputError: as `grid.axes`, or a file that cannot be read.
        """
        varies = {*axes(config)}
        without = varies | ({"network.sha256"} if "network.module" in varies else set())
        keys = {key: value for key, value in _flat(config.model_dump(exclude={"sweep"}), "") if key not in without}
        files = {key: sha for key, sha in file_digests(config).items() if key.partition(":")[0] not in varies}
        keys |= {f"SHA-256 of {key}": sha for key, sha in files.items()}
        return cls({**keys, "pltheory": version("pltheory")}, tuple(sorted(varies)))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of both."""
        text = json.dumps([self.fixed, self.varies], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def differs(self, other: Identity) -> str:
        """How another study differs, in a clause."""
        if self.varies != other.varies:
            return f"there {', '.join(self.varies)} varies, here {', '.join(other.varies)}"
        for key in sorted({*self.fixed, *other.fixed}):
            there, here = (repr(f[key]) if key in f else "nothing" for f in (self.fixed, other.fixed))
            if there != here:
                return f"{key} = {clipped(there)} there, {clipped(here)} here"
        return "another hash"


class Folder:
    """The folder of one study.

    Args:
        path: the folder, which need not be there yet.
        identity: of the study that shall be in it.

    Raises:
        InvalidInputError: the folder holds another study, something else, or a damaged study.json or limits.json.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path, self.identity = path, identity
        there = _identity_in(path)
        if there is not None and there.hash != identity.hash:
            raise InvalidInputError(
                f"{path}: holds another study ({there.differs(identity)}); give this one another --out"
            )
        # Or it would be refused when all points have been computed.
        read_limits(path, identity.hash)

    def begin(self) -> None:
        """Write study.json where it is not there.

        Raises:
            InvalidInputError: it cannot be written.
        """
        if not (self.path / "study.json").exists():
            text = {
                "schema": SCHEMA,
                "hash": self.identity.hash,
                "fixed": self.identity.fixed,
                "varies": self.identity.varies,
                **environment(),
            }
            write_file(self.path / "study.json", json.dumps(text, indent=2))

    def record(self, point: str) -> Record | None:
        """The record of a point, None where there is none.

        Raises:
            InvalidInputError: the file is not that record as it was written.
        """
        path = self._file(point)
        return _read(path, point) if path.exists() else None

    def write(self, record: Record) -> None:
        """Write a sealed record whole, replacing one of the same point.

        Raises:
            InvalidInputError: it cannot be written.
        """
        write_file(self._file(record["point"]), json.dumps(record, indent=2))

    def study(self) -> Study:
        """All that is in the folder, the points of earlier commands too.

        Raises:
            InvalidInputError: a damaged record.
        """
        return Study(self.identity, records_in(self.path), read_limits(self.path, self.identity.hash))

    def _file(self, point: str) -> Path:
        return self.path / "points" / f"{point[:16]}.json"


@dataclass(frozen=True)
class Study:
    """A study as its folder tells it.

    Attributes:
        identity: what is the same at every point, and what varies.
        records: of all points, also those that failed.
        limits: what is known at infinite width, for each value of what varies beside width and seed.
    """

    identity: Identity
    records: list[Record]
    limits: list[Limit] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """The study in a folder.

        Raises:
            InvalidInputError: no folder of a study, one without points, or a damaged one.
        """
        path = Path(path)
        identity = _identity_in(path)
        if identity is None:
            raise InvalidInputError(f"{path}: no folder of a study, study.json is missing")
        found = cls(identity, records_in(path), read_limits(path, identity.hash))
        if not found.records:
            raise InvalidInputError(f"{path}: no point of this study has been computed")
        return found

    @property
    def done(self) -> list[Record]:
        """The records of the points that were computed to their end."""
        return [r for r in self.records if r["status"] == DONE]

    @property
    def failed(self) -> list[Record]:
        """The records of the points that were not."""
        return [r for r in self.records if r["status"] != DONE]

    @property
    def names(self) -> list[str]:
        """The quantities, in the order in which they were measured."""
        return list(dict.fromkeys(key for r in self.records for key in r if key not in PARTS_OF_A_RECORD))

    def where(self, values: Values) -> Self:
        """The part in which these have these values.

        Args:
            values: by dotted key, also `depth` where layers of given widths vary.

        Raises:
            InvalidInputError: no point is there.
        """
        wanted = values.items()
        kept = [r for r in self.records if wanted <= {**r["values"], **group_of(r["values"])}.items()]
        if not kept:
            raise InvalidInputError(f"{said(values)}: no point of this study is there")
        limits = [limit for limit in self.limits if limit.group.items() <= {**limit.group, **values}.items()]
        return replace(self, records=kept, limits=limits)

    @property
    def groups(self) -> list[Values]:
        """What varies beside width and seed, each of its values once."""
        found = (group_of(r["values"]) for r in self.records)
        return list({json.dumps(group, default=str): group for group in found}.values())

    def to_frame(self) -> Any:
        """One tidy table, a pandas.DataFrame: a row a point, a column what varies, a quantity, or the answer."""
        return frame(self.records, self.names)


def records_in(path: Path) -> list[Record]:
    """All records of a study's folder, in the order of what varies.

    Raises:
        InvalidInputError: a damaged record.
    """
    found = []
    for file in sorted((path / "points").glob("[!.]*.json")):
        record = _read(file, None)
        if record is not None:
            found.append(record)
    return sorted(found, key=lambda r: [_order(value) for value in r["values"].values()])


def _read(path: Path, point: str | None) -> Record | None:
    damaged = InvalidInputError(f"{path}: damaged record; remove it and run the sweep again")
    try:
        record = dict(json.loads(path.read_text(encoding="utf-8")))
        named = str(record["point"] if point is None else point)
    except (ValueError, KeyError, TypeError):
        raise damaged from None
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot be read ({error.strerror})") from None
    if is_other(record.get("schema"), SCHEMAS):
        raise InvalidInputError(f"{path}: of schema {clipped(record['schema'])}, this version reads {SCHEMAS[-1]}")
    if not is_whole(record, named) or path.stem != named[:16]:
        raise damaged
    return record


def _identity_in(path: Path) -> Identity | None:
    """The study of a folder; None where there is nothing yet."""
    file = path / "study.json"
    schema = None
    try:
        text = json.loads(file.read_text(encoding="utf-8"))
        schema, found = text["schema"], Identity(text["fixed"], tuple(text["varies"]))
        if schema == SCHEMA and text["hash"] == found.hash:
            return found
    except (FileNotFoundError, NotADirectoryError):
        try:
            # What a command left that was killed as it wrote study.json is no content.
            holds = sorted(p.name for p in path.iterdir() if not p.name.startswith(".study.json."))
        except NotADirectoryError:
            raise InvalidInputError(f"{path}: is a file or below one; needed is a folder") from None
        except OSError:  # where it cannot be made, that is said when it is written
            return None
        if holds:
            raise InvalidInputError(f"{path}: no folder of a study, it holds {clipped(holds[0])}") from None
        return None
    except OSError as error:
        raise InvalidInputError(f"{file}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        pass
    if is_other(schema, (SCHEMA,)):
        raise InvalidInputError(f"{file}: of schema {clipped(str(schema))}, this version reads {SCHEMA}")
    raise InvalidInputError(f"{file}: damaged; restore it, or give another --out")


def _flat(tree: dict[str, Any], prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in tree.items():
        inner = isinstance(value, dict) and value
        found += _flat(value, f"{prefix}{key}.") if inner else [(f"{prefix}{key}", value)]
    return found


def _order(value: Any) -> tuple[int, Any]:
    """Numbers by size, lists of numbers by their entries, everything else by its text."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (0, value)
    if isinstance(value, list) and all(type(v) in (int, float) for v in value):
        return (1, value)
    return (2, json.dumps(value, sort_keys=True, default=str))
