"""The layers that a file of weights is of, read off names and shapes: a proposal for a network not yet described.

`load_checkpoint` decides whether the weights fit the network that is made of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from .checkpoint_file import Limits, read_file
from .checkpoint_names import readings
from .checkpoint_words import listed, refuse

_MATRIX = re.compile(r"weights\.(?P<own>[0-9]{1,9})|.*?(?P<number>[0-9]{1,9})?\.weight", re.DOTALL)
MOST = Limits(size=2**34, older=2**28, tensors=2**16, pickle=2**24)
"""What is read of a file where no network says how large it should be."""


class Layers(NamedTuple):
    """A fully connected network as a file of weights has it.

    Attributes:
        widths: inputs, hidden layers, outputs.
        bias: whether every layer has one.
        own: whether the names are those of `fully_connected`, whose default parametrisation is the NTK's.
    """

    widths: list[int]
    bias: bool
    own: bool


def layers_in(path: Path, *, names: Sequence[str] | None = None, key: Sequence[str] | None = None) -> Layers:
    """The layers of a saved fully connected network.

    Args:
        path: a file of torch.save or safetensors.
        names: the file's modules in the order of use, where their names do not say it.
        key: where the file holds more than one set of weights, the keys down to the one that is meant.

    Raises:
        InvalidInputError: what `read_file` refuses, tensors that are no weights and biases of linear layers, names that
            do not say their order, or widths that do not follow on each other.
    """
    *_, (named, _taken) = readings(path, read_file(path, MOST, key).tensors)
    shapes = {name: tuple(entry.tensor.shape) for name, entry in named.items()}
    matrices = {name: m for name, shape in shapes.items() if len(shape) == 2 and (m := _MATRIX.fullmatch(name))}
    strange = [name for name, shape in shapes.items() if name not in matrices and len(shape) != 1]
    if strange:
        refuse(path, f"{listed(strange)}: of no linear layer; give --module FILE:FUNCTION, which makes the network")
    order = _by_number(path, matrices) if names is None else [f"{module}.weight" for module in names]
    if sorted(order) != sorted(matrices):
        refuse(path, f"network.checkpoint_names = {names}: the file has the matrices {listed(matrices)}")
    for one, after in pairwise(order):
        given, taken = shapes[one][0], shapes[after][1]
        if given != taken:
            refuse(path, f"{one!r} gives {given} numbers and {after!r} takes {taken}: not one layer after the other")
    biases = len(shapes) - len(order)
    if len(order) < 2 or biases not in (0, len(order)):
        refuse(path, f"needed are two layers or more, all with a bias or none; the file has {listed(shapes)}")
    own = matrices[order[0]]["own"] is not None
    return Layers([shapes[order[0]][1], *(shapes[name][0] for name in order)], biases > 0, own)


def _by_number(path: Path, matrices: Mapping[str, re.Match[str]]) -> list[str]:
    """The names of matrices in the order of their numbers."""
    numbers = {name: m["own"] or m["number"] for name, m in matrices.items()}
    if None in numbers.values() or len(set(numbers.values())) < len(numbers):
        said = 'name the modules in that order, --set network.checkpoint_names=["fc1", "fc2", ..]'
        refuse(path, f"the names do not say the order of the layers: {listed(matrices)}; {said}")
    return sorted(matrices, key=lambda name: int(str(numbers[name])))
