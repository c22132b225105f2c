"""A checkpoint file as named tensors: what kind of file it is, and the weights out of what they are wrapped in.

A pickle is read with `weights_only`: nothing in it is run. What may stand beside the weights is recognised by what it
holds, so that a second set of weights (an average, a best model) is never passed over in silence.
"""

from __future__ import annotations

import math
import os
import pickle
import re
import stat
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from ..theory import InvalidInputError

NESTS = ("state_dict", "model_state_dict", "model", "net", "network", "module")
"""Keys under which a training script or Lightning keeps the state_dict."""
DEPTH = 4
"""Most dictionaries around a state_dict."""
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
SHOWN = 12
"""Most names that a message lists."""
_SAVE = "save the tensors alone, with torch.save(net.state_dict(), 'w.pt')"


@dataclass(frozen=True)
class Stored:
    """The tensors of a checkpoint file.

    Attributes:
        tensors: by the names in the file.
        form: "torch" or "safetensors".
        unwrapped: the keys under which the state_dict lay, outermost first.
        ignored: what lay beside it: optimizer state, counters.
    """

    tensors: dict[str, Tensor]
    form: str
    unwrapped: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def refuse(path: Path, words: str) -> NoReturn:
    """The one form of every refusal of a checkpoint.

    Raises:
        InvalidInputError: always.
    """
    # Names come from the file and may hold anything, a line feed too.
    raise InvalidInputError(f"network.checkpoint = {str(path)!r}: {' '.join(words.split())}")


def listed(names: Iterable[object]) -> str:
    """Names for a message: quoted, the first of them where they are many."""
    all_of_them = list(names)
    shown = ", ".join(short(n) for n in all_of_them[:SHOWN]) or "none"
    more = len(all_of_them) - SHOWN
    return shown if more <= 0 else f"{shown} and {more} more"


def short(name: object) -> str:
    """A name from a file, quoted and no longer than a line bears."""
    text = repr(name) if isinstance(name, (str, int, float, bool, bytes)) else f"a key of type {type(name).__name__}"
    return text if len(text) <= 80 else f"{text[:76]}..{text[-1]}"


def read_file(path: Path, most_bytes: int) -> Stored:
    """Read a file of torch.save (a zip or the older form) or of safetensors; its first bytes say which it is.

    Args:
        path: the file; a link is followed.
        most_bytes: the largest file that is read.

    Raises:
        InvalidInputError: no such file, not a regular file, empty or larger than that, a pickle that needs code, not a
            state_dict of dense real tensors, or more than one set of weights.
    """
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            refuse(path, "not a torch state_dict: the file is empty")
        if size > most_bytes:
            refuse(path, f"has {size} bytes; for a network of this size at most {most_bytes} are read")
        return _read(path, file, size)


def _open(path: Path) -> IO[bytes]:
    """The file, once it is seen to be one: opening a pipe may wait for ever, and a device may act on it."""
    try:
        _require_regular(path, os.stat(path).st_mode)
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        refuse(path, "no such file")
    except (OSError, ValueError) as error:
        refuse(path, f"cannot be opened ({getattr(error, 'strerror', None) or error})")
    try:
        _require_regular(path, os.fstat(number).st_mode)
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        refuse(path, "not a torch state_dict: it is a folder; a sharded checkpoint is gathered into one file first")
    if not stat.S_ISREG(mode):
        refuse(path, "not a torch state_dict: not a regular file")


def _read(path: Path, file: IO[bytes], size: int) -> Stored:
    head = file.read(9)
    file.seek(0)
    if len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        try:
            tensors = load_safetensors(file.read())
        except (SafetensorError, ValueError, RuntimeError, KeyError, AttributeError) as error:
            refuse(path, f"not a safetensors file ({error})")
        return Stored(_tensors(path, tensors), "safetensors")
    if head[:4] == b"PK\x03\x04":
        _check_archive(path, file, size)
        file.seek(0)
    stored = _load(path, file)
    state, unwrapped, ignored = _unwrap(path, stored)
    return Stored(_tensors(path, state), "torch", tuple(unwrapped), tuple(ignored))


def _check_archive(path: Path, file: IO[bytes], size: int) -> None:
    """Refuse a zip that is not one of torch.save, or that unpacks to more than it holds."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        refuse(path, f"not a torch state_dict: a damaged archive ({error})")
    if not any(entry.filename.endswith("data.pkl") for entry in entries):
        refuse(path, "not a torch state_dict: an archive without data.pkl")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries) or (
        sum(entry.file_size for entry in entries) > size
    ):
        refuse(path, "not a torch state_dict: its entries unpack to more than the file, which torch.save never writes")


def _load(path: Path, file: IO[bytes]) -> object:
    try:
        with warnings.catch_warnings():
            # torch warns of archives and pickles that are not its own, beside our refusal of them.
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True, mmap=False)
    except pickle.UnpicklingError as error:
        code = re.search(r"GLOBAL ([\w.]+)", str(error))
        if code is not None:
            refuse(path, f"the file needs code to be read ({code[1]}), which is not run; {_SAVE}")
        refuse(path, "not a torch state_dict (UnpicklingError)")
    except Exception as error:  # an unpickler of garbage raises whatever it stumbles on
        refuse(path, f"not a torch state_dict ({type(error).__name__})")


def _unwrap(path: Path, stored: object) -> tuple[Mapping[object, object], list[str], list[str]]:
    unwrapped: list[str] = []
    ignored: list[str] = []
    while True:
        if not isinstance(stored, Mapping):
            refuse(path, f"not a state_dict of tensors but a {type(stored).__name__}; {_SAVE}")
        inner = [name for name in NESTS if isinstance(stored.get(name), Mapping)]
        if not inner:
            return stored, unwrapped, ignored
        beside = [name for name in stored if name != inner[0]]
        rivals = inner if len(inner) > 1 else [name for name in beside if _holds_weights(stored[name])]
        if rivals:
            both = rivals if len(inner) > 1 else [inner[0], *rivals]
            refuse(path, f"more than one set of weights, under {listed(both)}; {_SAVE}")
        if len(unwrapped) == DEPTH:
            refuse(path, f"not a state_dict of tensors within {DEPTH} dictionaries; {_SAVE}")
        unwrapped.append(inner[0])
        ignored += [short(name) for name in beside]
        stored = stored[inner[0]]


def _holds_weights(value: object) -> bool:
    """Whether a matrix lies anywhere in it but in an optimizer's state, which has a form of its own."""
    waiting, seen = [value], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, Tensor):
            if one.ndim >= 2 and (one.is_floating_point() or one.is_complex()):
                return True
            continue
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Mapping) and not {"state", "param_groups"} <= one.keys():
            waiting.extend(one.values())
        elif isinstance(one, (list, tuple, set)):
            waiting.extend(one)
    return False


def _tensors(path: Path, state: Mapping[Any, object]) -> dict[str, Tensor]:
    """The entries of a state_dict, each seen to be a plain dense tensor under a name."""
    if not state:
        refuse(path, f"not a state_dict of tensors: it is empty; {_SAVE}")
    for name, t in state.items():
        what = short(name)
        if not isinstance(name, str):
            refuse(path, f"not a state_dict of tensors: {what} stands where a name is needed; {_SAVE}")
        if not isinstance(t, Tensor):
            refuse(
                path,
                f"not a state_dict of tensors: {what} is a {type(t).__name__}, the names are {listed(state)}; {_SAVE}",
            )
        if type(t) not in (Tensor, nn.Parameter):
            refuse(path, f"{what} is a {type(t).__name__}; allowed are plain tensors: {_SAVE}")
        if t.layout != torch.strided or t.is_quantized or t.device.type == "meta":
            kind = "quantised" if t.is_quantized else "without values" if t.device.type == "meta" else str(t.layout)
            refuse(path, f"{what} is {kind}; allowed are dense tensors")
        if t.is_complex() or (t.is_floating_point() and t.dtype not in FLOATS):
            refuse(path, f"{what} is {t.dtype}; allowed are {', '.join(map(str, FLOATS))}")
    return {name: t for name, t in state.items() if isinstance(t, Tensor)}


def size_limit(parameters: Iterable[Tensor]) -> int:
    """The largest file that is read for these parameters: with room for an optimizer's state and for other copies."""
    return 64 * 8 * sum(math.prod(p.shape) for p in parameters) + 2**26
