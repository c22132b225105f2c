"""Configurations: TOML with fixed keys, unknown ones refused with the nearest known one.

To know the keys takes no torch: a configuration that is wrong is refused before it is imported.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    PlainValidator,
    SerializeAsAny,
    ValidationError,
    WrapValidator,
    create_model,
    field_validator,
)
from pydantic_core import PydanticCustomError

from ..optim.recursion import CLIPS
from ..optim.registry import DEFAULT, RULES
from ..optim.registry import is_known as known_rule
from ..optim.registry import names as rules
from ..optim.schedule import SCHEDULES
from ..problem.batches import ORDERS
from ..problem.dialect import DECIMALS, DELIMITERS
from ..theorems.names import ALL, BEST
from ..theory import InvalidInputError
from .loss_section import LossSection, loss_from, short_or_section
from .network_section import (
    KINDS,
    FullyConnectedSection,
    ModuleSection,
    NetworkSection,
    by_architecture,
    kind_of,
    section_of,
)
from .section import Count, Section, Word
from .section import clipped as clipped

if TYPE_CHECKING:
    from ..problem.loss import Loss

MOST_DEPTH = 8
"""Sections and lists within one another."""


def _shape(value: Any) -> Any:
    """ "flat", or the shape of a sample."""
    is_list = isinstance(value, list) and value and all(type(v) is int and 1 <= v <= 10**9 for v in value)
    if value not in (None, "flat") and not is_list:
        raise PydanticCustomError("shape", "must be 'flat' or the shape of a sample, e.g. [1, 8, 8]")
    return value


class DataSection(Section):
    """Points and targets; a key that is not given takes the source's own default.

    `d` and `outputs` are the sphere's, `split` and `path` (a folder) Fashion-MNIST's; `label`, `index` and
    `target_columns` name columns of a table, `header`, `delimiter` and `decimal` say how its text is written;
    `label_file` is of IDX files. `shape` is what the network takes of a sample: "flat", or e.g. [1, 8, 8]; by default
    images keep their shape, channels first, where the network is not fully connected.
    """

    source: str
    n: Count
    d: Count | None = None
    outputs: Count | None = None
    labels: Word | None = None
    scale: Word | float | None = None
    center: bool | None = None
    split: Literal["train", "test"] | None = None
    path: str | None = None
    header: bool | None = None
    label: str | int | None = None
    index: bool | str | int | None = None
    target_columns: Count | None = None
    delimiter: Literal[tuple(DELIMITERS)] | None = None  # type: ignore[valid-type]
    decimal: Literal[DECIMALS] | None = None  # type: ignore[valid-type]
    label_file: str | None = None
    shape: Annotated[Any, PlainValidator(_shape)] = None


class OptimizerSection(Section):
    """The step rule: its name, eta, and the numbers that a rule of this project has."""

    name: str = DEFAULT
    eta: float | Word

    @field_validator("name", mode="before")
    @classmethod
    def _known(cls, name: object) -> object:
        if not isinstance(name, str) or not known_rule(name):
            *first, last = map(repr, rules())
            raise PydanticCustomError("optimizer", "should be {allowed}", {"allowed": f"{', '.join(first)} or {last}"})
        return name


def _schedule(value: Any) -> Any:
    """A schedule's name, or a section with its name and arguments."""
    if value is None:
        return value
    section = {"name": value} if isinstance(value, str) else value
    if not isinstance(section, dict) or section.get("name") not in SCHEDULES:
        *first, last = map(repr, SCHEDULES)
        allowed = f"must be {', '.join(first)} or {last}, or e.g. {{name = 'step', every = 100, factor = 0.5}}"
        raise PydanticCustomError("schedule", "{allowed}", {"allowed": allowed})
    return value


_NUMBERS: dict[str, Any] = {key: (float | None, None) for rule in RULES.values() for key in rule.keys}
_RECURSION: dict[str, Any] = {
    "momentum": (float | None, None),
    "nesterov": (bool | None, None),
    "clip": (Literal[CLIPS] | None, None),
    "schedule": (Annotated[Any, PlainValidator(_schedule)], None),
    "weight_decay": (float | None, None),
    "decoupled_weight_decay": (bool | None, None),
}
Optimizer = create_model("Optimizer", __base__=OptimizerSection, **_NUMBERS, **_RECURSION)


class InstalledOptimizer(Optimizer):  # type: ignore[misc, valid-type]
    """The step rule of a package, whose numbers are known where it is loaded."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float]


def _by_origin(section: Any, validated: Callable[[Any], Any]) -> Any:
    name = section.get("name") if isinstance(section, dict) else None
    installed = isinstance(name, str) and name not in RULES and known_rule(name)
    return InstalledOptimizer.model_validate(section) if installed else validated(section)


class TheoremSection(Section):
    """Which theorem is checked: an id, "best" or "all"; `options` are of a theorem of one's own."""

    name: str = BEST
    options: dict[str, bool | int | float | str] = Field(default_factory=dict)


class Run(Section):
    """The run beside the check; `batch` is the number of samples that a step sees, all where it is not given.

    `order` is that of the batches, by default "shuffle"; steps after the first `batch_until` see all samples. With
    `workers` each goes `passes` times through its part of the samples, then their weights are averaged. All of these
    need `batch`.
    """

    steps: Count = 2000
    batch: Count | None = None
    order: Literal[tuple(ORDERS)] | None = None  # type: ignore[valid-type]
    batch_until: Count | None = None
    workers: Count | None = None
    passes: Count | None = None
    target: Annotated[float, Field(gt=0, lt=1)] = 1e-12
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    dtype: Literal["float32", "float64"] = "float64"


class Config(Section):
    """A whole configuration; `sweep` holds lists for keys of the other sections."""

    level: Literal["holds", "certified"] = "certified"
    loss: Annotated[SerializeAsAny[LossSection], WrapValidator(short_or_section)] = "sum"  # type: ignore[assignment]
    network: Annotated[SerializeAsAny[NetworkSection], WrapValidator(by_architecture)]
    data: DataSection
    optimizer: Annotated[SerializeAsAny[Optimizer], WrapValidator(_by_origin)]  # type: ignore[valid-type]
    theorem: TheoremSection = TheoremSection()
    run: Run = Run()
    sweep: dict[str, Any] = Field(default_factory=dict)


def loss_in(config: Config) -> Loss:
    """The loss of a configuration as an object.

    Raises:
        InvalidInputError: as `loss_section.loss_from`.
    """
    return loss_from(config.loss)


def read_config(text: str, overrides: Iterable[str] = (), *, folder: Path | None = None) -> Config:
    """Parse a configuration.

    Args:
        text: TOML.
        overrides: "section.key=value" with the value as TOML; a value that is not TOML is taken as text.
        folder: where relative paths of `data.source`, `data.path`, `data.label_file`, `network.checkpoint` and
            `network.module` start.

    Returns:
        The configuration; with `network.module` also the SHA-256 of that file, if it is there.

    Raises:
        InvalidInputError: not TOML, an unknown key, or a value that is not allowed; one line names it.
    """
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # Python's own limits on digits and depth beside TOMLDecodeError
        raise InvalidInputError(f"the configuration is not TOML: {clipped(str(error))}") from None
    for item in overrides:
        override(tree, item)
    _require_bounded(tree)
    config = from_tree(tree)
    return pinned(config if folder is None else _resolve(config, folder))


def from_tree(tree: dict[str, Any]) -> Config:
    """Validate a nested dictionary.

    Raises:
        InvalidInputError: as `read_config`.
    """
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        # Of three that are said, what is there and wrong comes before what is not there.
        found = sorted(error.errors(), key=lambda e: e["type"] == "missing")
        said = dict.fromkeys(_explain(e, tree) for e in found)
        raise InvalidInputError("; ".join(list(said)[:3])) from None
    _require_theorem(config.theorem.name)
    return config


def _require_theorem(name: str) -> None:
    """The ids are those of the theorems, which know torch: asked for last."""
    if name in (ALL, BEST):
        return
    from ..theorems.guard import ids

    if name not in ids():
        allowed = ", ".join(map(repr, [*ids(), ALL, BEST]))
        raise InvalidInputError(f"theorem.name = {clipped(repr(name))}: should be one of {allowed}")


def with_values(config: Config, values: dict[str, Any]) -> Config:
    """The configuration with dotted keys replaced and without its sweep."""
    tree = config.model_dump(exclude={"sweep"})
    for key, value in values.items():
        set_dotted(tree, key, value)
    return from_tree(tree)


def set_dotted(tree: dict[str, Any], key: str, value: Any) -> None:
    """tree["a"]["b"] = value for key "a.b".

    Raises:
        InvalidInputError: a part of the key is a value and not a section.
    """
    *sections, last = key.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise InvalidInputError(f"{key}: {section} is not a section")
    tree[last] = value


def _require_bounded(tree: dict[str, Any]) -> None:
    """Refuse what no configuration needs and a later step could choke on: deep nesting, numbers beyond TOML's 64 bits.

    Raises:
        InvalidInputError: there is such a value; the message names its key.
    """
    left: list[tuple[str, int, Any]] = [("", 0, tree)]
    while left:
        key, depth, value = left.pop()
        if depth > MOST_DEPTH:
            raise InvalidInputError(f"{clipped(key)}: nested {depth} deep, allowed are {MOST_DEPTH}")
        if type(value) is int and not -(2**63) <= value < 2**63:
            shown = clipped(str(value)) if abs(value) < 10**1000 else f"a number of {value.bit_length()} bits"
            raise InvalidInputError(f"{clipped(key)} = {shown}: allowed are whole numbers of 64 bits, as TOML has them")
        if isinstance(value, dict):
            left += [(f"{key}.{name}".removeprefix("."), depth + 1, inner) for name, inner in value.items()]
        elif isinstance(value, list):
            left += [(f"{key}[{i}]", depth + 1, inner) for i, inner in enumerate(value)]


def override(tree: dict[str, Any], item: str) -> None:
    """Set "section.key=value" in a nested dictionary, the value as TOML, or as a text where it is none.

    Raises:
        InvalidInputError: another form, or a part of the key that is a value and not a section.
    """
    key, equals, text = item.partition("=")
    if not equals or not all(part.strip() for part in key.split(".")):
        raise InvalidInputError(f"--set {item}: write --set section.key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text
    set_dotted(tree, key.strip(), value)


def _resolve(config: Config, folder: Path) -> Config:
    from ..problem.data import NAMES, is_there

    values = {}
    source = config.data.source
    # A folder that is called "digits" must not stand for the data set of that name.
    if source not in NAMES and is_there(folder / source):
        values["data.source"] = str(folder / source)
    others = {
        "data.path": config.data.path,
        "data.label_file": config.data.label_file,
        "network.checkpoint": config.network.checkpoint,
    }
    values |= {key: str(folder / name) for key, name in others.items() if name is not None}
    if isinstance(config.network, ModuleSection):
        values["network.module"] = str(folder / config.network.module)
    return with_values(config, values).model_copy(update={"sweep": config.sweep}) if values else config


def pinned(config: Config) -> Config:
    """The configuration with the SHA-256 of `network.module`, where that is a file that can be read."""
    network = config.network
    if not isinstance(network, ModuleSection) or network.sha256 is not None or not Path(network.file).is_file():
        return config
    from .own_module import code_of

    known = with_values(config, {"network.sha256": code_of(network).sha256})
    return known.model_copy(update={"sweep": config.sweep})


_BRANCHES = ("float_type", "string_type", "int_type", "bool_type")
_COLUMNS = {
    "label": "must be a column's name or its number",
    "index": "must be true, false, a column's name or its number",
}
_ALLOWED = {
    "bool_type": "must be true or false",
    "dict_type": "must be a section",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "list_type": "must be a list, e.g. [16]",
    "model_type": "must be a section",
    "string_pattern_mismatch": "must be 'auto', 'cpu', 'cuda' or 'cuda:0'",
    "string_type": "must be a text",
    "too_short": "must have at least one entry",
}
"""What a key takes, by pydantic's name of the error; the others say it themselves."""
_NOT_COVERED = {
    ("run", "drop_last"): "leaves samples out: no epoch; run.batch = ... with a smaller last batch is covered",
}
"""Keys that a training script may have, and what stands against them here."""


def _explain(error: Any, tree: dict[str, Any]) -> str:
    *sections, last = error["loc"]
    allowed = _ALLOWED.get(error["type"], error["msg"].removeprefix("Input "))
    if last in ("float", "str", "int", "bool") and error["type"] in _BRANCHES:
        # A branch of "number or text", which pydantic reports one by one.
        *sections, last = sections
        allowed = _COLUMNS.get(last, "must be a number or a text")
    key = ".".join(map(str, sections)) + (f"[{last}]" if isinstance(last, int) else f".{last}")
    key = clipped(key.removeprefix("."))
    match error["type"]:
        case "extra_forbidden" if tuple(error["loc"]) in _NOT_COVERED:
            return f"{key} = {clipped(repr(error['input']))}: {_NOT_COVERED[tuple(error['loc'])]}"
        case "extra_forbidden":
            return f"{key}: unknown key{_nearest(error['loc'], tree)}"
        case "missing":
            return f"{key}: missing; it has no default"
        case _:
            return f"{key} = {clipped(repr(error['input']))}: {allowed}"


def _nearest(loc: tuple[str | int, ...], tree: dict[str, Any]) -> str:
    model: Any = Config
    for part in loc[:-1]:
        model = section_of(tree[part]) if part == "network" else model.model_fields[str(part)].annotation
    known = ", ".join(model.model_fields)
    of = f" of {kind_of(model)}" if model in KINDS and model is not FullyConnectedSection else ""
    owner = next((kind for kind in KINDS if loc[-1] in kind.model_fields), None) if model in KINDS else None
    if owner is not None:
        return f"{of or f' of {kind_of(model)}'}, but of {kind_of(owner)}; known here: {known}"
    key, names = str(loc[-1]), list(model.model_fields)
    # A longer name for the same comes first: batch_size is nearer to batch_until letter by letter.
    close = [name for name in names if key.startswith(f"{name}_")] or difflib.get_close_matches(key, names, 1, 0.5)
    return f"{of}; did you mean {close[0]!r}?" if close else f"{of}; known here: {known}"
