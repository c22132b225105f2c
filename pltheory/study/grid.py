"""The grid of a study: what varies, over which values, and the configuration of each point."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

from ..theory import InvalidInputError
from .config import Config, clipped, pinned, with_values
from .network_section import ConvolutionalSection, FullyConnectedSection

LONGEST = 10_000
"""Most values of one range: a step that is small by mistake is refused before it fills the memory."""
MOST_POINTS = 10_000
"""Most points of a grid."""
WIDTH, DEPTH = "width", "depth"
"""Axes of the network's shape: `depth` hidden layers, or stages of channels, of `width` each."""
SHAPES = ("network.hidden", "network.channels")
"""Keys whose value is a list of widths."""
SEED = "run.seed"

Values = dict[str, Any]


def axes(config: Config) -> dict[str, list[Any]]:
    """What varies: dotted keys of the configuration, `width` and `depth`, each with its values in order.

    A value is a list, or a table {from, to, step} or {from, to, factor}, both ends included.

    Raises:
        InvalidInputError: no sweep section; an empty or malformed range; a value that stands twice.
    """
    found = dict(_axes(config.sweep, ""))
    if not found:
        raise InvalidInputError("sweep: missing; give keys with lists, e.g. [sweep] run.seed = [0, 1, 2]")
    for name, values in found.items():
        seen: set[str] = set()
        for value in values:
            text = json.dumps(value, sort_keys=True, default=str)
            if text in seen:
                raise _refused(name, values, f"{clipped(repr(value))} stands twice")
            seen.add(text)
    return found


def grid(config: Config) -> list[tuple[Values, Config]]:
    """The points of a study: what varies with its values there, and the configuration that they make.

    Raises:
        InvalidInputError: as `axes`; axes that contradict one another; a point that is no configuration.
    """
    over = axes(config)
    count = math.prod(len(values) for values in over.values())
    if count > MOST_POINTS:
        raise InvalidInputError(f"sweep: {count} points, allowed are {MOST_POINTS}")
    points = []
    for values in itertools.product(*over.values()):
        chosen = dict(zip(over, values, strict=True))
        points.append((chosen, pinned(with_values(config, _keys(config, chosen)))))
    return points


def group_of(values: Values) -> Values:
    """What varies beside width and seed, with its values at a point; of layers of given widths their number."""
    group = {key: value for key, value in values.items() if key not in (WIDTH, SEED, *SHAPES)}
    shape = next((values[key] for key in SHAPES if key in values), None)
    return group if shape is None else {**group, DEPTH: len(shape)}


def said(values: Values) -> str:
    """The values of a point as a message says them."""
    return ", ".join(f"{key} = {value}" for key, value in values.items())


def _keys(config: Config, chosen: Values) -> Values:
    """The dotted keys of a point."""
    keys = {name: value for name, value in chosen.items() if name not in (WIDTH, DEPTH)}
    if "network.module" in chosen:
        keys["network.sha256"] = None  # other code has another
    shape = [name for name in (WIDTH, DEPTH) if name in chosen]
    return {**keys, **_shape(config, chosen, shape)} if shape else keys


def _shape(config: Config, chosen: Values, shape: list[str]) -> Values:
    n, (axis, *_) = config.network, shape
    if isinstance(n, FullyConnectedSection):
        key, there = "network.hidden", n.hidden
    elif isinstance(n, ConvolutionalSection):
        key, there = "network.channels", n.channels
    else:
        raise _refused(axis, chosen[axis], "a network given by module has no width and no depth; vary its arguments")
    if key in chosen:
        raise InvalidInputError(f"sweep.{axis}: contradicts sweep.{key}, which says the same; give one of them")
    for name in shape:
        if type(chosen[name]) is not int or chosen[name] < 1:
            raise _refused(name, chosen[name], "must be whole numbers from 1")
    if WIDTH not in chosen and len(set(there)) > 1:
        raise _refused(DEPTH, chosen[DEPTH], f"{key} = {there} has layers of several widths; give sweep.width too")
    return {key: [chosen.get(WIDTH, there[0])] * chosen.get(DEPTH, len(there))}


def _axes(tree: dict[str, Any], prefix: str) -> list[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and value:
            found.append((name, value))
        elif isinstance(value, dict) and "from" in value:
            found.append((name, _range(name, value)))
        elif isinstance(value, dict) and value:
            found.extend(_axes(value, f"{name}."))
        else:
            raise _refused(name, value, "give a non-empty list or {from, to, step or factor}")
    return found


def _refused(name: str, value: Any, allowed: str) -> InvalidInputError:
    return InvalidInputError(f"sweep.{clipped(name)} = {clipped(repr(value))}: {allowed}")


def _range(name: str, spec: dict[str, Any]) -> list[Any]:
    keys = set(spec)
    if keys not in ({"from", "to", "step"}, {"from", "to", "factor"}):
        raise _refused(name, spec, "a range has from, to and one of step, factor")
    if not all(type(v) is int or (type(v) is float and math.isfinite(v)) for v in spec.values()):
        raise _refused(name, spec, "a range is of finite numbers")
    first, last, step, factor = spec["from"], spec["to"], spec.get("step", 0), spec.get("factor", 1)
    grows = (step > 0) if "step" in spec else (factor > 1 and first > 0)
    if not grows or first > last:
        raise _refused(name, spec, "a range must grow from 'from' to 'to'")
    values: list[Any] = []
    value = first
    # A step like 0.1 may pass the end by round-off.
    while value <= last + 1e-9 * (step or last):
        if len(values) == LONGEST:
            raise _refused(name, spec, f"more than {LONGEST} values")
        values.append(min(value, last))
        value = first + len(values) * step if step else value * factor
    return values
