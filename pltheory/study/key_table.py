"""Every key of a configuration as a page shows it: type, range, default and example, read off the schema."""

from __future__ import annotations

from typing import NamedTuple

from .config_text import toml_value
from .keys import Schema, key
from .network_section import BY_ARCHITECTURE, KINDS
from .schema import config_schema, parts_of

POWERS = {2**63: "2^63", 10**9: "10^9"}


class Line(NamedTuple):
    """A key as a page shows it.

    Attributes:
        section: the section's name, "" for the keys before the first.
        name: the key.
        of: the networks that have it; empty where all have.
        type: what its value is.
        range: which values are allowed; empty where all of the type are.
        default: as TOML, or "required", or "not set".
        example: as TOML.
        says: what it is.
    """

    section: str
    name: str
    of: tuple[str, ...]
    type: str
    range: str
    default: str
    example: str
    says: str


def lines() -> list[Line]:
    """Every key, in the order of the models; one that several networks have stands once."""
    schema = config_schema()
    found: dict[tuple[str, str], list[tuple[str, Line]]] = {}
    for section, value in schema["properties"].items():
        if section in ("level", "loss", "sweep"):
            found[section, ""] = [("", _line("", section, value, schema["required"]))]
        for part in parts_of(value, schema["$defs"]):
            for name, inner in part["properties"].items():
                line = _line(section, name, inner, part.get("required", []))
                found.setdefault((section, name), []).append((part["title"], line))
    return [_merged(several) for several in found.values()]


def _line(section: str, name: str, value: Schema, required: list[str]) -> Line:
    kind, span = _words(value)
    default = "not set" if value.get("default") is None else toml_value(value["default"])
    means = key(f"{section}.{name}".removeprefix("."))
    return Line(
        section, name, (), kind, span, "required" if name in required else default, means.example, means.says
    )  # fmt: skip


def _merged(several: list[tuple[str, Line]]) -> Line:
    """One line of those that the kinds of network have."""
    names = {kind.__name__: "module" for kind in KINDS} | {kind.__name__: n for n, kind in BY_ARCHITECTURE.items()}
    owners = tuple(names[title] for title, line in several if line.section == "network")
    first = several[0][1]
    span = ", ".join(dict.fromkeys(line.range for _, line in several if line.range))
    return first._replace(of=() if len(owners) == len(KINDS) else owners, range=span)


def _words(value: Schema) -> tuple[str, str]:
    """Type and range in words."""
    branches = [b for b in value.get("anyOf", [value]) if b.get("type") != "null"]
    kinds, spans = zip(*map(_one, branches), strict=True)
    return " or ".join(dict.fromkeys(k for k in kinds if k)), "; ".join(dict.fromkeys(s for s in spans if s))


def _one(branch: Schema) -> tuple[str, str]:
    if "enum" in branch or "const" in branch:
        return "text", ", ".join(f'"{name}"' for name in branch.get("enum", [branch.get("const")]))
    match branch.get("type"):
        case "integer":
            return "whole number", _span(branch)
        case "number":
            return "number", _span(branch)
        case "string":
            return "text", f"matching {branch['pattern']}" if "pattern" in branch else ""
        case "boolean":
            return "true or false", ""
        case "array":
            kind, span = _words(branch["items"])
            least = branch.get("minItems", 0)
            many = [f"at least {least} of them"] if least > 1 else []
            return f"list of {kind}s", "; ".join([*([f"each {span}"] if span else []), *many])
    return "section", ""


def _span(branch: Schema) -> str:
    low, high = branch.get("minimum"), branch.get("maximum")
    above, below = branch.get("exclusiveMinimum"), branch.get("exclusiveMaximum")
    if above is not None and below is not None:
        return f"in ({above:g}, {below:g})"
    ends = [("≥", low), (">", above), ("≤", high), ("<", below)]
    return ", ".join(f"{sign} {_number(end)}" for sign, end in ends if end is not None)


def _number(n: float) -> str:
    return POWERS.get(int(n), f"{n:g}")
