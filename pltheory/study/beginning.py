"""A first configuration: values for what is asked, the text of the file with every other key beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from ..optim.registry import DEFAULT, rule
from ..problem.checkpoint_shapes import layers_in
from ..problem.data import NAMES, catalogue
from .build import batches_of, problem_and_reading, settings_of
from .config import Config, read_config
from .config_text import swept, toml_value
from .key_table import Line, lines
from .keys import key

WIDTH = 100
NUMBERS = {"gamma": 0.5, "delta": 0.1}
"""Of the step rules of this project, where nothing else is said."""
OF_SOURCE: dict[str, dict[str, Any]] = {"digits": {"labels": "low-high"}, "sphere": {"d": 10, "labels": "sign"}}
"""What a data set is given beside its name, so that a first run says something."""
UNSAID = (
    "The weights say layers and biases. They do not say activation, parametrisation, data, labels, centring and scale: "
    "these must be those of the training. The report of `pltheory certify` says how well the weights fit."
)
Tree = dict[str, Any]


def of_checkpoint(path: Path, given: Mapping[str, Any], source: str | None = None) -> Tree:
    """The sections that a file of weights decides: the network, and data of its size where one is known.

    Args:
        path: a state_dict of a fully connected network.
        given: keys of the section `network` that are set already; names and key of the checkpoint are used.
        source: the data set, where it is said.

    Raises:
        InvalidInputError: what `layers_in` refuses.
    """
    layers = layers_in(path, names=given.get("checkpoint_names"), key=given.get("checkpoint_key"))
    d, *hidden, outputs = layers.widths
    network = {"hidden": hidden, "bias": layers.bias, "parametrization": "ntk" if layers.own else "standard"}
    sources = [entry.name for entry in catalogue() if entry.d == d]
    data: Tree = {"source": source or (sources or NAMES)[0]}
    data |= {"d": d, "outputs": outputs} if data["source"] == "sphere" else {}
    data |= {"labels": "one-hot"} if data["source"] in sources and outputs > 1 else {}
    return {"network": {**network, "checkpoint": str(path)}, "data": data}


def completed(tree: Tree) -> Tree:
    """The values that a configuration needs and that nobody gave, in the order of the sections.

    Raises:
        InvalidInputError: a step rule that is not known.
    """
    network, data, optimizer = (dict(tree.get(name, {})) for name in ("network", "data", "optimizer"))
    if not {"module", "architecture"} & network.keys():
        network.setdefault("hidden", [4096])
    data.setdefault("source", NAMES[0])
    data.setdefault("n", 10)
    data = {**OF_SOURCE.get(data["source"], {}), **data}
    optimizer.setdefault("name", DEFAULT)
    optimizer.setdefault("eta", "0.1/beta")
    numbers = {name: NUMBERS[name] for name in rule(optimizer["name"]).keys if name in NUMBERS}
    return {**tree, "network": network, "data": data, "optimizer": {**numbers, **optimizer}}


def commented(tree: Tree) -> str:
    """The configuration as TOML: what is set, what each key means, and the keys that could be set, as comments."""
    of_network = _kind(tree["network"])
    head = [
        "Written by `pltheory init`. A line behind # is not in force; it shows a key with its default or an example."
    ]
    head += [UNSAID] if tree["network"].get("checkpoint") else []
    text = [fill(said, WIDTH, initial_indent="# ", subsequent_indent="# ") for said in head]
    known: dict[str, list[Line]] = {}
    for line in lines():
        if line.name != "sweep" and (not line.of or of_network in line.of):
            known.setdefault(line.section, []).append(line)
    for section, keys in known.items():
        plain = {name: value for name, value in tree.items() if not isinstance(value, dict)}
        values = plain if not section else tree.get(section, {})
        # A key that is uncommented belongs to the section above it; [loss] stands against the short form.
        there = section != "loss" or isinstance(tree.get(section), dict)
        text += ["", f"{'' if there else '# '}[{section}]"] if section else [""]
        values = values if isinstance(values, dict) else {}
        names = [line.name for line in keys]
        if section:  # numbers of a package's step rule
            text += [f"{name} = {toml_value(value)}" for name, value in values.items() if name not in names]
        text += [_written(line, values) for line in sorted(keys, key=lambda line: line.name not in values)]
    varies = tree.get("sweep", {})
    means = key("sweep")
    shown = swept(varies) if varies else [f"# {line}" for line in swept(tomllib.loads(f"x = {means.example}")["x"])]
    return "\n".join([*text, "", f"[sweep]  # {means.says}", *shown]) + "\n"


def _kind(network: Tree) -> str:
    return "module" if "module" in network else str(network.get("architecture", "fully-connected"))


def _written(line: Line, values: Tree) -> str:
    given = line.name in values
    shown = line.example if line.default in ("required", "not set") else line.default
    value = toml_value(values[line.name]) if given else shown
    return f"{'' if given else '# '}{line.name} = {value}".ljust(30) + f"  # {line.says}"


def require_accepted(text: str, folder: Path) -> Config:
    """The configuration that a text is, with data, network and step rule made as `pltheory check` makes them.

    Args:
        text: TOML.
        folder: where relative paths start.

    Raises:
        InvalidInputError: what `check` would refuse.
    """
    config = read_config(text, folder=folder)
    settings_of(config)
    batches_of(config)
    problem_and_reading(config)
    return config
