"""Which tensor of a checkpoint belongs where: decided by names, never by the order of a file or by shapes.

A fully connected network takes the names of its own state_dict, or those of linear layers that are one name with a
number, `0.weight`, `0.bias`, `2.weight`, .. of an nn.Sequential or `fc1`, `fc2`, .. of attributes: the numbers are the
order. Any other set of names needs the order from the user. Every other module takes its own names alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from .checkpoint_words import as_setting, listed, refuse, short
from .networks import FullyConnected

INSIDE = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""Parts of names that torch's own wrappers insert, at any depth: torch.compile, FSDP, activation checkpoints."""
LEADING = ("module", "model", "net", "network")
"""First parts of names that DDP, Lightning and training scripts put before all of them."""
_ENTRY = re.compile(r"(?P<module>.*)\.(?P<kind>weight|bias)", re.DOTALL)
_OWN = re.compile(r"(weights|biases)\.[0-9]+")
_DIGITS = 9  # a layer's number with more of them is none
_WRAPPERS = 8  # names with more of them are not unwrapped further


class Entry(NamedTuple):
    """A tensor of a file and the name that it has there."""

    name: str
    tensor: Tensor


def for_module(
    path: Path, tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
) -> tuple[dict[str, Entry], list[str]]:
    """The tensors by the names of a module's own state_dict, and the parts of names that were taken off.

    Raises:
        InvalidInputError: the names are not exactly those, wrappers taken off.
    """
    for named, taken in readings(path, tensors):
        if named.keys() == wanted.keys():
            return named, taken
    missing = [n for n in wanted if n not in tensors]
    extra = [n for n in tensors if n not in wanted]
    refuse(
        path,
        f"names that do not match: the file has {listed(tensors)}, the network has {listed(wanted)}; "
        f"only in the file: {listed(extra)}; only in the network: {listed(missing)}",
    )


def for_layers(
    path: Path, tensors: Mapping[str, Tensor], network: FullyConnected, names: Sequence[str] | None
) -> tuple[dict[str, Entry], list[str], list[str]]:
    """The tensors by the names of a fully connected network, the parts of names taken off, the modules in order.

    Args:
        names: the modules in the order of use, where their names do not say it.

    Raises:
        InvalidInputError: names that do not decide, or are not those of the network's layers.
    """
    wanted = dict(network.named_parameters(remove_duplicate=False))
    found_under = list(readings(path, tensors))
    for named, taken in found_under:
        if named.keys() == wanted.keys():
            if names is not None:
                refuse(
                    path,
                    f"network.checkpoint_names = {as_setting(names)}: the file has the names of the network, "
                    f"{listed(named)}, which say the order themselves; leave checkpoint_names out",
                )
            return named, taken, []
    named, taken = found_under[-1]
    if all(_OWN.fullmatch(name) for name in named):
        biases = sum(name.startswith("biases") for name in named)
        refuse(
            path,
            f"names that do not match: the file has {listed(named)}, the network has {listed(wanted)}"
            f"{_way_of_bias(biases, len(named) - biases, network)}",
        )
    layers = _linear_layers(path, named, network)
    if names is None:
        order = _by_number(path, list(layers), network)
    elif sorted(names) == sorted(layers):
        order = list(names)
    else:
        refuse(
            path,
            f"network.checkpoint_names = {as_setting(names)}: the file has the modules {listed(layers)}; each is to be "
            "named once",
        )
    biases = sum("bias" in layers[m] for m in order)
    if len(order) != len(network.weights) or biases != len(network.biases or ()):
        refuse(
            path,
            f"layers that do not match: the file has {listed(named)}, the network has {listed(wanted)}"
            f"{_way_of_bias(biases, len(order), network)}",
        )
    found = {f"weights.{i}": layers[m]["weight"] for i, m in enumerate(order)}
    found |= {f"biases.{i}": layers[m]["bias"] for i, m in enumerate(order) if network.biases is not None}
    return found, taken, order


def _way_of_bias(biases: int, layers: int, network: FullyConnected) -> str:
    if layers != len(network.weights) or biases not in (0, layers):
        return ""
    return f"; set network.bias = {'true' if biases else 'false'}"


def readings(path: Path, tensors: Mapping[str, Tensor]) -> Iterator[tuple[dict[str, Entry], list[str]]]:
    """The tensors under their own names, and then with one wrapper after the other taken off.

    Raises:
        InvalidInputError: two names are one without their wrapper.
    """
    named, taken = {name: Entry(name, t) for name, t in tensors.items()}, list[str]()
    yield named, taken
    for part in INSIDE:
        if any(part in name.split(".") for name in named):
            shorter = [".".join(p for p in name.split(".") if p != part) for name in named]
            named, taken = _renamed(path, named, shorter), [*taken, part]
            yield named, taken
    for _ in range(_WRAPPERS):
        first = {name.partition(".")[0] for name in named}
        part = first.pop()
        if first or part not in LEADING:
            return
        named, taken = _renamed(path, named, [name.partition(".")[2] for name in named]), [*taken, part]
        yield named, taken


def _renamed(path: Path, named: Mapping[str, Entry], shorter: Sequence[str]) -> dict[str, Entry]:
    if len(set(shorter)) < len(named):
        twice = Counter(shorter).most_common(1)[0][0]
        both = [entry.name for entry, n in zip(named.values(), shorter, strict=True) if n == twice]
        refuse(path, f"two tensors for one parameter: {listed(both)} both are {short(twice)} without their wrapper")
    return dict(zip(shorter, named.values(), strict=True))


def _linear_layers(path: Path, named: Mapping[str, Entry], network: FullyConnected) -> dict[str, dict[str, Entry]]:
    """The entries of linear layers by module: a matrix `weight` each, and perhaps a vector `bias`."""
    layers: dict[str, dict[str, Entry]] = {}
    both = f"; the file has {listed(named)}, the network has {listed(n for n, _ in network.named_parameters())}"
    for name, entry in named.items():
        parts = _ENTRY.fullmatch(name)
        if parts is None:
            refuse(path, f"{short(name)} is no weight or bias of a linear layer{both}")
        kind, shape = parts["kind"], tuple(entry.tensor.shape)
        if len(shape) != {"weight": 2, "bias": 1}[kind]:
            what = "a matrix" if kind == "weight" else "a vector"
            refuse(path, f"{short(name)} of shape {shape}: the {kind} of a linear layer is {what}{both}")
        layers.setdefault(parts["module"], {})[kind] = entry
    for module, found in layers.items():
        if "weight" not in found:
            refuse(path, f"{short(f'{module}.bias')} stands without a weight{both}")
    return layers


def _by_number(path: Path, modules: Sequence[str], network: FullyConnected) -> list[str]:
    """The modules ordered by the numbers that their names end in."""
    listing = ", ".join(f'"{m}"' for m in modules)
    if len(listing) > 200 or not listing.isprintable():
        listing = ".."
    way = (
        f"; the network has {listed(n for n, _ in network.named_parameters())}; name the modules in the order of their "
        f"use, network.checkpoint_names = [{listing}] in that order, or save the tensors under the network's names"
    )
    stems = [m.rstrip("0123456789") for m in modules]
    numbers = [m[len(stem) :] for m, stem in zip(modules, stems, strict=True)]
    if len(set(stems)) != 1 or not all(0 < len(number) <= _DIGITS for number in numbers):
        refuse(
            path, f"the names do not say the order of the layers: {listed(modules)} are not one name with numbers{way}"
        )
    stem = stems[0]
    numbered = sorted((int(number), m) for number, m in zip(numbers, modules, strict=True))
    steps = [b - a for (a, _), (b, _) in pairwise(numbered)]
    if 0 in steps:
        refuse(path, f"the names do not say the order of the layers: {listed(modules)} have a number twice{way}")
    # Positions in an nn.Sequential: neighbours have no activation between them.
    if 1 in steps and (stem == "" or (stem.endswith(".") and max(steps) > 1)):
        i = steps.index(1)
        pair = [numbered[i][1], numbered[i + 1][1]]
        refuse(path, f"{listed(pair)} are neighbours in a sequence, with no activation between them{way}")
    return [m for _, m in numbered]
