"""What a study nears at infinite width, for each value of what varies beside width and seed: `limits.json`.

It is computed when the study is, so that a page or a figure made from the folder later computes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..theory import InvalidInputError, NotAvailableError
from .config import Config, clipped
from .grid import DEPTH, SEED, SHAPES, WIDTH, Values, axes, grid, group_of
from .infinite_width import limit_spectrum
from .quantities import Quantity, limits
from .store import is_other, write_file

SCHEMA = "pltheory-limits/1"
FILE = "limits.json"


@dataclass(frozen=True)
class Limit:
    """What the points of a group near as their width grows.

    Attributes:
        group: what varies beside width and seed, with its values here.
        quantities: values at infinite width by name, None where they are not known.
        spectrum: eigenvalues of the limit kernel in the scale of the loss, ascending, shape (n C,); empty where it is
            not known.
        unknown: why it is not.
    """

    group: Values
    quantities: dict[str, float | None]
    spectrum: list[float]
    unknown: str = ""

    @property
    def key(self) -> str:
        """The group as text."""
        return json.dumps(self.group, sort_keys=True, default=str)


def limits_of(config: Config, among: Sequence[Quantity]) -> list[Limit]:
    """The limits of every group of a study, in grid order.

    Raises:
        InvalidInputError: as `grid`.
        ExtensionError: a package's quantity failed.
    """
    found: dict[str, Limit] = {}
    for values, _ in grid(config):
        group = group_of(values)
        name = json.dumps(group, sort_keys=True, default=str)
        if name not in found:
            narrowed = _narrowed(config, group)
            try:
                spectrum, unknown = limit_spectrum(narrowed), ""
            except NotAvailableError as error:
                spectrum, unknown = [], str(error)
            found[name] = Limit(group, limits(among, narrowed), spectrum, unknown)
    return list(found.values())


def agreed(among: Sequence[Limit]) -> dict[str, float | None]:
    """The values at infinite width on which all groups agree, by name of the quantity; None where they do not."""
    names = list(dict.fromkeys(name for limit in among for name in limit.quantities))
    values = {name: {limit.quantities.get(name) for limit in among} for name in names}
    return {name: next(iter(found)) if len(found) == 1 else None for name, found in values.items()}


def _narrowed(config: Config, group: Values) -> Config:
    """The study of one group."""
    kept: dict[str, Any] = {}
    for key, values in axes(config).items():
        if key in SHAPES:
            kept[key] = [shape for shape in values if len(shape) == group[DEPTH]]
        else:
            kept[key] = values if key in (WIDTH, SEED) else [group[key]]
    return config.model_copy(update={"sweep": kept})


def write_limits(folder: Path, study: str, found: Sequence[Limit]) -> list[Limit]:
    """Write limits.json, with those of groups that earlier commands have computed; returns all.

    Args:
        folder: the study's.
        study: the hash of its identity.
        found: limits of this command's grid.

    Raises:
        InvalidInputError: it cannot be written, or what is there is damaged.
    """
    there = {limit.key: limit for limit in read_limits(folder, study)}
    merged = list({**there, **{limit.key: limit for limit in found}}.values())
    content = {"schema": SCHEMA, "study": study, "limits": [asdict(limit) for limit in merged]}
    write_file(folder / FILE, json.dumps({**content, "sha256": _digest(content)}, indent=2))
    return merged


def read_limits(folder: Path, study: str) -> list[Limit]:
    """What limits.json says; nothing where it is not there.

    Raises:
        InvalidInputError: it is not as it was written, of another schema, or of another study.
    """
    file = folder / FILE
    schema = None
    try:
        text = json.loads(file.read_text(encoding="utf-8"))
        schema, sealed = text["schema"], text.pop("sha256") == _digest(text)
        if sealed and schema == SCHEMA and text["study"] == study:
            return [Limit(**limit) for limit in text["limits"]]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InvalidInputError(f"{file}: cannot be read ({error.strerror})") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    if is_other(schema, (SCHEMA,)):
        raise InvalidInputError(f"{file}: of schema {clipped(str(schema))}, this version reads {SCHEMA}")
    raise InvalidInputError(f"{file}: damaged, or of another study; remove it and run the sweep again")


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
