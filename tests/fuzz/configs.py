"""Configurations: TOML with values, keys, sections and bytes changed, read as the command line reads a file.

A configuration that is read must say what Python's own reader says, nothing dropped, added or converted, with every
value in the range of a table written here again; and what is built of it must be of the sizes that it names.
"""

from __future__ import annotations

import math
import tomllib
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from pltheory.cli.options import load
from pltheory.problem.data import NAMES
from pltheory.study.build import problem_of, settings_of
from pltheory.study.grid import grid
from pltheory.theory.errors import PltheoryError

from .mutate import NUMBERS, inside, nearby, places, some_bytes, some_tree
from .surface import Files, Finding, refusal

TEXT = "c.toml"
BASES: list[dict[str, Any]] = [
    {
        "level": "holds", "loss": "mean",
        "network": {"hidden": [4], "activation": "tanh", "parametrization": "ntk", "bias": True},
        "data": {"source": "sphere", "n": 3, "d": 2, "outputs": 2, "labels": "gaussian", "scale": 1.5},
        "optimizer": {"name": "delta-gclip", "eta": "0.1/beta", "gamma": 0.5, "delta": 0.1},
        "theorem": {"name": "B"}, "run": {"steps": 20, "target": 1e-6, "seed": 1, "device": "cpu", "dtype": "float64"},
    },
    {
        "network": {"hidden": [3, 2], "output_init": "rademacher"},
        "data": {"source": "points.csv", "n": 2, "target_columns": 1, "center": False, "scale": "unit"},
        "optimizer": {"name": "gd", "eta": 0.01},
        "theorem": {"name": "all"},
        "sweep": {"network.hidden": [[4], [8]], "run.seed": [0, 1]},
    },
    {
        "network": {"hidden": [2], "activation": "silu", "parametrization": "standard", "checkpoint": "none.pt"},
        "data": {"source": "sphere", "n": 2, "d": 2, "scale": "sqrt-d", "labels": "sign"},
        "optimizer": {"name": "gclip", "eta": "1/beta", "gamma": 2},
        "theorem": {"name": "A", "options": {"x": 1}},
    },
]  # fmt: skip
CSV = b"0.5,1.0,1\n-0.25,0.5,-1\n0.75,-1.0,1\n"


def toml(tree: dict[str, Any]) -> str:
    """A tree as TOML; what TOML has no word for is written as Python would."""
    plain = {k: v for k, v in tree.items() if not isinstance(v, dict)}
    sections = {k: v for k, v in tree.items() if isinstance(v, dict)}
    text = "".join(f"{_key(k)} = {_value(v)}\n" for k, v in plain.items())
    for name, section in sections.items():
        text += f"[{_key(name)}]\n" + "".join(f"{_key(k)} = {_value(v)}\n" for k, v in section.items())
    return text


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else _value(name)


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in value) + '"'
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
        case float() if value == int(value) if math.isfinite(value) else False:
            return f"{value:.1f}" if abs(value) < 1e15 else repr(value)
        case _:
            return repr(value)


LINES = (
    "[network]", "[data]", "[[data]]", "[network.hidden]", "n = 3", "n = 1_000", "hidden = [1_0]", "hidden = [+4]",
    "x.y.z = 1",
    "network.hidden = [3]", "n = 0x10", "n = 0b11", "eta = inf", "eta = nan", "seed = -0", "d = 1979-05-27",
    "level = '''\nholds'''",
    "labels = \"\"\"sign\"\"\"", "a = " + "[" * 2000, "b = " + "{a=" * 400, ".".join("a" * 900) + " = 1",
    "n = " + "9" * 400, "n = 1e5000",
    "source = \"/dev/zero\"", "source = \"/dev/stdin\"", "source = \"..\"", "source = \"\"",
    "checkpoint = \"/dev/zero\"", "checkpoint = \"\"",
    "checkpoint = \"c.toml\"", "source = \"c.toml\"", "source = \"\\u0000\"", "source = \"fashion-mnist\"",
    "path = \".\"",
    "[sweep]", "\"run.seed\" = {from = 0, to = 1e9, step = 1}", "\"run.seed\" = {from = 0, to = 9000, step = 1}",
    "\"data.n\" = {from = 1, to = 9000, step = 1}", "\"data.n\" = {from = 1, to = inf, factor = 2}",
    "network.hidden = [[1], []]", "\"run.seed\" = [1, 1]", "name = \"best\"", "# \x00", "\ufeff",
    "hidden = [100000000, 100000000]",
    "n = 1000000000", "d = 1000000000", "outputs = 1000000000", "steps = 1000000000",
)  # fmt: skip


class Configs:
    """TOML texts."""

    name = "configs"

    @cache  # noqa: B019 - one object a process
    def seeds(self) -> list[Files]:
        return [{TEXT: toml(tree).encode(), "points.csv": CSV} for tree in BASES]

    def mutate(self, rng: Random, files: Files) -> Files:
        choice = rng.random()
        if choice < 0.12:
            return {**files, TEXT: some_bytes(rng, files[TEXT])}
        if choice < 0.37:
            lines = files[TEXT].decode("utf-8", "replace").split("\n")
            at = rng.randrange(len(lines))
            match rng.randrange(4):
                case 0:
                    lines.insert(at, rng.choice(LINES))
                case 1:
                    lines[at] = rng.choice(LINES)
                case 2:
                    lines.insert(at, rng.choice(lines))
                case _:
                    del lines[at]
            return {**files, TEXT: "\n".join(lines).encode("utf-8", "replace")}
        try:
            tree = tomllib.loads(files[TEXT].decode())
        except (ValueError, RecursionError):
            return {**files, TEXT: some_bytes(rng, files[TEXT])}
        try:
            if choice < 0.75:
                path = rng.choice(places(tree))
                holder = inside(tree, path[:-1])
                old = holder[path[-1]]
                holder[path[-1]] = nearby(rng, old) if rng.random() < 0.5 else rng.choice(NUMBERS)
            else:
                tree = some_tree(rng, tree)
            return {**files, TEXT: toml(tree).encode("utf-8", "replace")}
        except (TypeError, ValueError, IndexError, AttributeError, RecursionError):
            return {**files, TEXT: some_bytes(rng, files[TEXT])}

    def run(self, folder: Path, files: Files) -> str:
        try:
            config = load(str(folder / TEXT), (), None, None)
        except PltheoryError as error:
            return refusal(error)
        tree = tomllib.loads(files[TEXT].decode())
        said = config.model_dump(exclude_unset=True)
        for section, key in (("data", "source"), ("data", "path"), ("data", "label_file"), ("network", "checkpoint")):
            given = tree.get(section, {}).get(key)
            if given is not None and (key != "source" or (given not in NAMES and (folder / given).exists())):
                tree[section][key] = str(folder / given)
        if _different(tree, _given(tree, said)):
            raise Finding(f"read as {said}")
        wrong = out_of_range(tree)
        if wrong:
            raise Finding(f"accepted {wrong}")
        try:
            settings_of(config)
            size = config.data.n * ((config.data.d or 1) + (config.data.outputs or 1) + sum(config.network.hidden))
            if 10**6 < size < 10**12:
                return "read as Python's TOML reads it, too large to build here"
            problem = problem_of(config)
            if config.sweep:
                grid(config)
        except PltheoryError as error:
            refusal(error)
            return "read, and refused as a problem"
        if len(problem.x) != tree["data"]["n"]:
            raise Finding(f"{len(problem.x)} points")
        return "read as Python's TOML reads it"


def _given(tree: Any, said: Any) -> Any:
    """Of what was read, the keys that were given: a resolved path marks every key as set."""
    if isinstance(tree, dict) and isinstance(said, dict):
        return {k: _given(tree[k], said[k]) for k in tree if k in said}
    return said


def _different(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() != b.keys() or any(_different(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) != len(b) or any(_different(p, q) for p, q in zip(a, b, strict=True))
    # A whole number where a real one is meant is no other number.
    numbers = type(a) is int and type(b) is float and abs(a - b) <= abs(b) * 2.0**-53
    return not numbers and (type(a) is not type(b) or (a != b and not (a != a and b != b)))


def out_of_range(tree: dict[str, Any]) -> str:
    """The first value that no configuration may have; "" if there is none."""
    whole = {"data.n": 1, "data.d": 1, "data.outputs": 1, "data.target_columns": 1, "run.steps": 1, "run.seed": 0}
    for key, least in whole.items():
        section, name = key.split(".")
        value = tree.get(section, {}).get(name)
        if value is not None and (type(value) is not int or value < least):
            return f"{key} = {value!r}"
    hidden = tree["network"]["hidden"]
    if not hidden or any(type(m) is not int or m < 1 for m in hidden):
        return f"network.hidden = {hidden!r}"
    target = tree.get("run", {}).get("target", 0.5)
    if not 0 < target < 1:
        return f"run.target = {target!r}"
    known = {"level", "loss", "network", "data", "optimizer", "theorem", "run", "sweep"}
    return ", ".join(tree.keys() - known)
