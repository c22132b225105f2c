"""Weights from a file into a network, by the names of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from .checkpoint_file import FLOATS, Limits, read_file
from .checkpoint_names import Entry, for_layers, for_module
from .checkpoint_words import refuse, short, texts
from .networks import FullyConnected

_LOADING = (
    "load_state_dict", "_load_from_state_dict", "state_dict", "_save_to_state_dict", "get_extra_state",
    "set_extra_state",
)  # fmt: skip
"""Methods by which a module has a say in its state_dict."""
_LOADING_HOOKS = (
    "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks", "_state_dict_hooks", "_state_dict_pre_hooks",
)  # fmt: skip
_VERSIONED = {
    next(c for c in kind.__mro__ if "_load_from_state_dict" in vars(c)) for kind in (nn.BatchNorm1d, nn.InstanceNorm1d)
}
"""Classes of torch that fill in names which older files lack; a file that has all the names is taken as it is."""


@dataclass(frozen=True)
class Reading:
    """How a checkpoint was read.

    Attributes:
        path: the file.
        form: "torch" or "safetensors".
        unwrapped: what the names and tensors were taken out of: keys of dictionaries and parts of names.
        order: the modules of the file in the order of the layers; empty where the names were the network's own.
        ignored: what lay beside the state_dict, as quoted names.
        casts: each change of precision, e.g. "float32 to float64, exact".
    """

    path: str
    form: str
    unwrapped: tuple[str, ...]
    order: tuple[str, ...]
    ignored: tuple[str, ...]
    casts: tuple[str, ...]

    def __str__(self) -> str:
        """One line for a report."""
        said = [f"{self.form} file"]
        said += [f"unwrapped from {', '.join(self.unwrapped)}"] if self.unwrapped else []
        order = f"layers in the order {', '.join(map(_plain, self.order))}"
        said += [order if self.order else "by the network's own names"]
        said += self.casts or ["no change of precision"]
        said += [f"ignored {', '.join(self.ignored)}"] if self.ignored else []
        return "; ".join(said)


def load_checkpoint(
    path: Path | str, network: nn.Module, *, names: Sequence[str] | None = None, key: Sequence[str] | None = None
) -> Reading:
    """Copy the weights of a saved state_dict into a network, by name.

    A file of torch.save (read with weights_only) or of safetensors. A state_dict may lie under `state_dict`,
    `model_state_dict`, `model`, .. in a dictionary (also of Lightning), and its names behind `module.`, `_orig_mod.`,
    `model.`, ..: it is unwrapped, and the answer says so. The names must then be exactly those of the network; for a
    `fully_connected(..)` network also those of linear layers that are one name with a number: `0.weight`, `0.bias`,
    `2.weight`, .. or `fc1.weight`, .. Shapes must agree exactly. Values are cast to the network's dtype.

    Args:
        path: the file.
        network: any module; its parameters and persistent buffers are set in place.
        names: for a fully connected network, the file's modules in the order of their use, where their names do not
            say it, e.g. ["fc1", "fc2", "out"]; a list or tuple.
        key: where a file holds more than one set of weights, the keys down to the one that is meant, e.g. ["ema"]; a
            list or tuple.

    Returns:
        What was unwrapped, ignored and cast, and in which order layers were read.

    Raises:
        InvalidInputError: no such file, not a state_dict of dense real tensors, more than one set of weights, names or
            shapes that do not match, values that are not finite, or a network that has a say in how a state_dict is
            loaded. The network is then as it was.
    """
    file = Path(path)
    order_given, key_given = (
        texts(file, f"network.checkpoint_{what}", given) for what, given in (("names", names), ("key", key))
    )
    wanted = _places(file, network)
    _require_plain_loading(file, network)
    stored = read_file(file, Limits.of(wanted.values()), key_given)
    order: list[str] = []
    if type(network) is FullyConnected:
        found, taken, order = for_layers(file, stored.tensors, network, order_given)
    elif order_given is not None:
        refuse(file, f"names are for a fully connected network, this one is a {type(network).__name__}")
    else:
        found, taken = for_module(file, stored.tensors, wanted)
    _require_shapes(file, found, wanted)
    casts: dict[str, None] = {}
    values = {name: _value(file, found[name], place, casts) for name, place in wanted.items()}
    _require_one_value(file, values, wanted)
    with torch.no_grad():
        for name, place in wanted.items():
            place.copy_(values[name])
    unwrapped = [*(f"{n!r}" for n in stored.unwrapped), *(f"'{t}.'" for t in taken)]
    return Reading(str(file), stored.form, tuple(unwrapped), tuple(order), stored.ignored, tuple(casts))


def _places(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """The tensors that a state_dict of the network names, each seen to be one that can be set in place."""
    own = dict(network.named_parameters(remove_duplicate=False)) | dict(network.named_buffers(remove_duplicate=False))
    places: dict[str, Tensor] = {}
    for name, held in network.state_dict(keep_vars=True).items():
        t = own.get(name)
        if t is None or t is not held:
            refuse(path, f"the network's {short(name)} is no parameter or buffer of its own; it cannot be set by name")
        if type(t) not in (Tensor, nn.Parameter) or t.layout != torch.strided or t.is_meta or t.is_inference():
            refuse(
                path, f"the network's {short(name)} is a {type(t).__name__} that cannot be set; needed is a dense one"
            )
        if any(step == 0 and size > 1 for step, size in zip(t.stride(), t.shape, strict=True)):
            refuse(path, f"the network's {short(name)} is an expanded tensor; needed is one with memory of its own")
        places[name] = t
    strange = [n for n, _ in network.named_parameters(remove_duplicate=False) if n not in places]
    if strange or not places:
        refuse(
            path, f"the network's state_dict lacks its parameters: {', '.join(map(short, strange)) or 'it has none'}"
        )
    _require_separate(path, places)
    return places


def _require_plain_loading(path: Path, network: nn.Module) -> None:
    """Refuse modules that torch's own load_state_dict would ask what to do: they would be passed over here.

    A hook or a method may rename, reshape or compute what is stored. Which of them do nothing for the names at hand is
    not to be seen from outside.
    """
    for name, module in network.named_modules():
        where = f"the network's {short(name)}" if name else "the network"
        kind = type(module).__name__
        for method in _LOADING:
            home = next(c for c in type(module).__mro__ if method in vars(c))
            if method in vars(module) or (home is not nn.Module and home not in _VERSIONED):
                refuse(path, f"{where} ({kind}) has a {method} of its own; set its weights with net.load_state_dict")
        for hooks in _LOADING_HOOKS:
            for hook in getattr(module, hooks).values():
                said = f"a hook on state_dicts, {short(getattr(hook, '__qualname__', type(hook).__qualname__))}"
                refuse(path, f"{where} ({kind}) has {said}; set its weights with net.load_state_dict")


def _require_separate(path: Path, places: dict[str, Tensor]) -> None:
    """Refuse two tensors that overlap in memory: the values of one would be written over those of the other."""
    spans = []
    for name, t in places.items():
        if t.numel():
            reach = sum((size - 1) * step for size, step in zip(t.shape, t.stride(), strict=True)) + 1
            spans.append((str(t.device), t.data_ptr(), t.data_ptr() + reach * t.itemsize, name))
    for (device, _, end, one), (other_device, start, _, two) in pairwise(sorted(spans)):
        if device == other_device and start < end and places[one] is not places[two]:
            refuse(path, f"the network's {short(one)} and {short(two)} overlap in memory; needed are separate ones")


def _plain(name: str) -> str:
    return name if name.isprintable() and len(name) < 80 else short(name)


def _require_shapes(path: Path, found: dict[str, Entry], wanted: dict[str, Tensor]) -> None:
    differ = [name for name in wanted if found[name].tensor.shape != wanted[name].shape]
    if differ:
        have = ", ".join(f"{short(found[n].name)} {tuple(found[n].tensor.shape)}" for n in differ[:6])
        want = ", ".join(f"{short(n)} {tuple(wanted[n].shape)}" for n in differ[:6])
        refuse(path, f"shapes that do not match: the file has {have}, the network has {want}")


def _value(path: Path, entry: Entry, place: Tensor, casts: dict[str, None]) -> Tensor:
    """The values to set, of the place's dtype; what a cast does is noted in `casts`."""
    what, have = short(entry.name), entry.tensor.detach()
    if have.dtype != place.dtype and not (have.dtype in FLOATS and place.dtype in FLOATS):
        refuse(path, f"{what} is {have.dtype}, the network's is {place.dtype}")
    value = have.to(place.dtype, copy=True)
    if not bool(torch.isfinite(value).all()):
        if bool(torch.isfinite(have).all()):
            refuse(path, f"{what} holds numbers beyond {place.dtype}")
        refuse(path, f"{what} holds a NaN or an infinity")
    if have.dtype != place.dtype:
        names = [str(dtype).removeprefix("torch.") for dtype in (have.dtype, place.dtype)]
        said = "exact" if torch.equal(value.double(), have.double()) else "rounded"
        casts[f"{names[0]} to {names[1]}, {said}"] = None
    return value


def _require_one_value(path: Path, values: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    """Two names of one tensor must not be given two values."""
    first: dict[int, str] = {}
    for name, place in wanted.items():
        other = first.setdefault(id(place), name)
        if other != name and not torch.equal(values[name], values[other]):
            refuse(
                path, f"{short(other)} and {short(name)} are one parameter of the network and two values in the file"
            )
