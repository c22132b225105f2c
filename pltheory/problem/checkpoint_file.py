"""A checkpoint file as named tensors: what kind of file it is, and the weights out of what they are wrapped in.

A pickle is read with `weights_only`: nothing in it is run.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import re
import stat
import warnings
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from ..border import opened
from ..theory import InvalidInputError
from .checkpoint_sets import unwrap
from .checkpoint_words import SAVE, as_setting, listed, refuse, short

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_LOOKED_AT = 1000
"""Most entries of a folder that are looked at for a message."""
_OTHERS = {
    b"\x89HDF": "a file of HDF5, as Keras writes; save the arrays as tensors, with torch.save",
    b"\x93NUMPY": "an array of NumPy; save the arrays as tensors, with torch.save",
    b"GGUF": "a file of GGUF; save the tensors with torch.save or as safetensors",
    b"{": "a text in braces, such as the index of a sharded checkpoint, which holds no weights: gather the shards into "
    "one file",
}
"""First bytes of files that are met beside checkpoints, and what to do."""


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


def read_file(path: Path, limits: Limits, key: Sequence[str] | None = None) -> Stored:
    """Read a file of torch.save (a zip or the older form) or of safetensors; its first bytes say which it is.

    Args:
        path: the file; a link is followed.
        limits: the largest file that is read.
        key: the keys under which the weights lie, where the file holds more than one set.

    Raises:
        InvalidInputError: no such file, not a regular file, empty or beyond the limits, a pickle that needs code, not a
            state_dict of dense real tensors, or more than one set of weights.
    """
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            refuse(path, "not a torch state_dict: the file is empty")
        _require_below(path, size, limits.size, "bytes")
        return _read(path, file, size, limits, key)


def _require_below(path: Path, there: int, limit: int, what: str) -> None:
    if there > limit:
        refuse(path, f"has {there} {what}; for a network of this size at most {limit} are read; {SAVE}")


def _open(path: Path) -> IO[bytes]:
    try:
        return opened(path, lambda seen: _require_regular(path, seen.st_mode))
    except InvalidInputError:
        raise
    except FileNotFoundError:
        refuse(path, "no such file")
    except (OSError, ValueError) as error:
        refuse(path, f"cannot be opened ({getattr(error, 'strerror', None) or error})")


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        refuse(path, f"not a torch state_dict: it is a folder{_content(path)}; a sharded checkpoint is gathered first")
    if not stat.S_ISREG(mode):
        refuse(path, "not a torch state_dict: not a regular file")


def _content(path: Path) -> str:
    try:
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in islice(entries, _LOOKED_AT))
    except OSError:
        return "; name one file of it"
    return f" with {listed(names)}; name one file of it"


def _read(path: Path, file: IO[bytes], size: int, limits: Limits, key: Sequence[str] | None) -> Stored:
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
        _require_once(path, content[8 : 8 + header])
        if key is not None:
            refuse(path, f"network.checkpoint_key = {as_setting(key)}: a safetensors file holds no dictionaries")
        return Stored(_tensors(path, tensors), "safetensors")
    if head[:4] == b"PK\x03\x04":
        _check_archive(path, file, size, limits)
        file.seek(0)
    else:
        _require_below(path, size, limits.older, "bytes in the older form")
        other = next((what for start, what in _OTHERS.items() if head.lstrip().startswith(start)), None)
        if other is not None:
            refuse(path, f"not a torch state_dict: {other}")
    state, unwrapped, ignored = unwrap(path, _load(path, file), key)
    return Stored(_tensors(path, state), "torch", tuple(unwrapped), tuple(ignored))


def _require_once(path: Path, header: bytes) -> None:
    """Refuse a header of safetensors with a name twice: readers disagree on which of the two counts."""

    def distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
        if twice is not None:
            refuse(path, f"not a safetensors file: its header has {short(twice)} twice")
        return dict(pairs)

    try:
        json.loads(header, object_pairs_hook=distinct)
    except InvalidInputError:
        raise
    except (ValueError, RecursionError) as error:
        refuse(path, f"not a safetensors file ({str(error)[:200]})")


def _check_archive(path: Path, file: IO[bytes], size: int, limits: Limits) -> None:
    """Refuse a zip that is damaged, not one of torch.save, or that unpacks to more than it holds.

    torch.load does not look at the checksums: a byte that changed on the way would be another weight.
    """
    broken = None
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _require_below(path, len(entries), limits.tensors, "entries")
            _require_no_program(path, [entry.filename for entry in entries])
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
    # torch takes an entry with this mark for a folder and leaves memory as it finds it where the content should go.
    marked = [entry.filename for entry in entries if entry.file_size and entry.external_attr & 0x10]
    if marked:
        refuse(path, f"not a torch state_dict: a damaged archive ({short(marked[0])} is marked as a folder)")
    if broken is not None or len({entry.filename for entry in entries}) < len(entries):
        what = "an entry twice" if broken is None else f"the checksum of {short(broken)} is wrong"
        refuse(path, f"not a torch state_dict: a damaged archive ({what})")


def _require_no_program(path: Path, entries: Sequence[str]) -> None:
    """Refuse the archives of other programs, which say by their entries what they are."""
    last = {name.rpartition("/")[2] for name in entries}
    if "constants.pkl" in last or any("/code/" in name for name in entries):
        refuse(
            path,
            "not a torch state_dict: a TorchScript archive, as torch.jit.save writes it; read it with torch.jit.load "
            "and save its tensors, torch.save(program.state_dict(), 'w.pt')",
        )
    if last & {"archive_format", "serialized_exported_program.json"}:
        refuse(
            path,
            "not a torch state_dict: an exported program, as torch.export.save writes it; read it with "
            "torch.export.load and save its tensors, torch.save(program.state_dict, 'w.pt')",
        )
    if last and all(name.endswith(".npy") for name in last):
        refuse(path, "not a torch state_dict: an archive of NumPy arrays; save the arrays as tensors, with torch.save")


def _load(path: Path, file: IO[bytes]) -> object:
    try:
        with warnings.catch_warnings():
            # torch warns of archives and pickles that are not its own, beside our refusal of them.
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True, mmap=False)
    except pickle.UnpicklingError as error:
        code = re.search(r"GLOBAL ([\w.]+)", str(error))
        if code is not None:
            refuse(path, f"the file needs code to be read ({code[1]}), which is not run; {SAVE}")
        refuse(path, "not a torch state_dict (UnpicklingError)")
    except Exception as error:  # an unpickler of garbage raises whatever it stumbles on
        refuse(path, f"not a torch state_dict ({type(error).__name__})")


def _tensors(path: Path, state: Mapping[Any, object]) -> dict[str, Tensor]:
    """The entries of a state_dict, each seen to be a plain dense tensor under a name."""
    if not state:
        refuse(path, f"not a state_dict of tensors: it is empty; {SAVE}")
    for name, t in state.items():
        what = short(name)
        if not isinstance(name, str):
            refuse(path, f"not a state_dict of tensors: {what} stands where a name is needed; {SAVE}")
        if not isinstance(t, Tensor):
            refuse(
                path,
                f"not a state_dict of tensors: {what} is a {type(t).__name__}, the names are {listed(state)}; {SAVE}",
            )
        if type(t) not in (Tensor, nn.Parameter):
            refuse(path, f"{what} is a {type(t).__name__}; allowed are plain tensors: {SAVE}")
        if t.layout != torch.strided or t.is_nested or t.is_quantized or t.device.type == "meta":
            kind = "quantised" if t.is_quantized else "without values" if t.device.type == "meta" else str(t.layout)
            refuse(path, f"{what} is {'nested' if t.is_nested else kind}; allowed are dense tensors")
        if t.is_complex() or (t.is_floating_point() and t.dtype not in FLOATS):
            refuse(path, f"{what} is {t.dtype}; allowed are {', '.join(map(str, FLOATS))}")
    return {name: t for name, t in state.items() if isinstance(t, Tensor)}
