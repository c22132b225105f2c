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
from collections.abc import Collection, Iterable, Mapping
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
MOST_WORDS = 3000
"""Characters of a refusal."""
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


@dataclass(frozen=True)
class Limits:
    """What is read for a network of some size, so that a file from a stranger takes no more time or memory than that.

    Attributes:
        size: bytes of a file.
        older: bytes of a file of torch's older form, which may be instructions throughout.
        tensors: tensors in a file.
        pickle: bytes of instructions in a file of torch: they run at about a megabyte a second.
    """

    size: int
    older: int
    tensors: int
    pickle: int = 2**22

    @classmethod
    def of(cls, parameters: Collection[Tensor]) -> Limits:
        """With room for an optimizer's state and some copies of the parameters."""
        doubles = 8 * sum(math.prod(p.shape) for p in parameters)
        return cls(64 * doubles + 2**24, 8 * doubles + 2**22, 64 * len(parameters) + 4096)


def refuse(path: Path, words: str) -> NoReturn:
    """The one form of every refusal of a checkpoint.

    Raises:
        InvalidInputError: always.
    """
    # Names come from the file and may hold anything, a line feed too; the words of readers repeat its bytes.
    line = " ".join(words.split())
    line = line if len(line) <= MOST_WORDS else f"{line[:MOST_WORDS]}.."
    shown = "".join(character if character.isprintable() else "?" for character in line)
    raise InvalidInputError(f"network.checkpoint = {str(path)!r}: {shown}")


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


def read_file(path: Path, limits: Limits) -> Stored:
    """Read a file of torch.save (a zip or the older form) or of safetensors; its first bytes say which it is.

    Args:
        path: the file; a link is followed.
        limits: the largest file that is read.

    Raises:
        InvalidInputError: no such file, not a regular file, empty or beyond the limits, a pickle that needs code, not a
            state_dict of dense real tensors, or more than one set of weights.
    """
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            refuse(path, "not a torch state_dict: the file is empty")
        _require_below(path, size, limits.size, "bytes")
        return _read(path, file, size, limits)


def _require_below(path: Path, there: int, limit: int, what: str) -> None:
    if there > limit:
        refuse(path, f"has {there} {what}; for a network of this size at most {limit} are read; {_SAVE}")


def _open(path: Path) -> IO[bytes]:
    """The file, once it is seen to be one: opening a pipe may wait for ever, and a device may act on it."""
    try:
        _require_regular(path, os.stat(path).st_mode)
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except InvalidInputError:
        raise
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


def _read(path: Path, file: IO[bytes], size: int, limits: Limits) -> Stored:
    head = file.read(9)
    file.seek(0)
    header = int.from_bytes(head[:8], "little")
    if head[8:] == b"{" and header <= size - 8:
        content = file.read()
        _require_below(path, content.count(b'"data_offsets"', 0, header + 8), limits.tensors, "tensors")
        try:
            tensors = load_safetensors(content)
        except (SafetensorError, ValueError, RuntimeError, KeyError, AttributeError) as error:
            refuse(path, f"not a safetensors file ({str(error)[:200]})")
        return Stored(_tensors(path, tensors), "safetensors")
    if head[:4] == b"PK\x03\x04":
        _check_archive(path, file, size, limits)
        file.seek(0)
    else:
        _require_below(path, size, limits.older, "bytes in the older form")
    stored = _load(path, file)
    state, unwrapped, ignored = _unwrap(path, stored)
    return Stored(_tensors(path, state), "torch", tuple(unwrapped), tuple(ignored))


def _check_archive(path: Path, file: IO[bytes], size: int, limits: Limits) -> None:
    """Refuse a zip that is damaged, not one of torch.save, or that unpacks to more than it holds.

    torch.load does not look at the checksums: a byte that changed on the way would be another weight.
    """
    broken = None
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _require_below(path, len(entries), limits.tensors, "entries")
            code = [entry for entry in entries if entry.filename.endswith("data.pkl")]
            plain = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
            packed = not plain or sum(entry.file_size for entry in entries) > size
            if not packed:
                broken = archive.testzip()
    except InvalidInputError:
        raise
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, NotImplementedError) as error:
        refuse(path, f"not a torch state_dict: a damaged archive ({str(error)[:200]})")
    if packed:
        refuse(path, "not a torch state_dict: its entries unpack to more than the file, which torch.save never writes")
    if not code:
        refuse(path, "not a torch state_dict: an archive without data.pkl")
    _require_below(path, max(entry.file_size for entry in code), limits.pickle, "bytes of instructions")
    if broken is not None or len({entry.filename for entry in entries}) < len(entries):
        what = "an entry twice" if broken is None else f"the checksum of {short(broken)} is wrong"
        refuse(path, f"not a torch state_dict: a damaged archive ({what})")


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
