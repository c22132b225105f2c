"""A configuration written as TOML: read again, it is the same one, with the same hash."""

from __future__ import annotations

import re
from typing import Any

from ..theory import InvalidInputError
from .config import Config, clipped

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def toml_value(value: Any) -> str:
    """A value as TOML: a text, a number, true or false, a list or an inline table of them.

    Raises:
        InvalidInputError: something that TOML has no way to write.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{"".join(map(_letter, value))}"'
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)  # the shortest text that is read as this double; inf and nan are TOML's too
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{_name(k)} = {toml_value(v)}" for k, v in value.items() if v is not None)
        return f"{{{inside}}}"
    raise InvalidInputError(f"{clipped(repr(value))}: TOML has no {type(value).__name__}")


def to_toml(config: Config) -> str:
    """The configuration with every default filled in, one section after the other.

    A value that equals the default says so in a comment; what is not set and has no default is named in one.

    Raises:
        InvalidInputError: a text that is no Unicode, which the command line can hand over and TOML cannot hold.
    """
    top, sections = list[str](), list[str]()
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if name == "sweep":
            sections += ["", "[sweep]", *swept(value)] if value else []
        elif hasattr(value, "model_dump"):
            sections += ["", f"[{name}]", *_section(value)]
        else:
            top.append(_line(name, value, value == field.default))
    return "\n".join([*top, *sections]) + "\n"


def _section(section: Any) -> list[str]:
    fields, unset = type(section).model_fields, list[str]()
    said = []
    for name, value in section.model_dump().items():
        if value is None:
            unset.append(name)
            continue
        default = fields[name].get_default(call_default_factory=True) if name in fields else None
        said.append(_line(name, value, name in fields and not fields[name].is_required() and value == default))
    return [*said, *([f"# not set: {', '.join(unset)}"] if unset else [])]


def swept(varies: dict[str, Any]) -> list[str]:
    """The lines of a section `sweep`: keys of other sections stand with a dot, as they are written by hand."""
    found = []
    for name, value in varies.items():
        if name in Config.model_fields and isinstance(value, dict):
            found += [f"{name}.{_name(inner)} = {toml_value(v)}" for inner, v in value.items()]
        else:
            found.append(f"{_name(name)} = {toml_value(value)}")
    return found


def _line(name: str, value: Any, default: bool) -> str:
    return f"{_name(name)} = {toml_value(value)}{'  # default' if default else ''}"


def _name(key: str) -> str:
    return key if _BARE.fullmatch(key) else toml_value(key)


def _letter(letter: str) -> str:
    code = ord(letter)
    if 0xD800 <= code <= 0xDFFF:
        raise InvalidInputError(f"{letter!a}: TOML holds Unicode only")
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return f"\\u{code:04x}" if code < 0x20 or code == 0x7F else letter
