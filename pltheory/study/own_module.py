"""A network that the user's own code makes: the file is run, the function called, and what it returns is looked at."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import nn

from ..packages import said
from ..problem.admissible import DTYPES
from ..problem.surroundings import undisturbed
from ..theory import InvalidInputError
from .network_section import ModuleSection
from .section import clipped

OWN = "pltheory_network_"
"""How the modules are called that are made of files of code."""
MOST_SAID = 300
"""Characters of an error of the user's code that a message repeats."""


@dataclass(frozen=True)
class Code:
    """A file of code as it was read.

    Attributes:
        path: the file.
        source: its bytes.
    """

    path: Path
    source: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.source).hexdigest()


def code_of(section: ModuleSection) -> Code:
    """Read the file of `network.module`, once: what is hashed is what is run.

    Raises:
        InvalidInputError: no such file, no regular one, or one that cannot be read.
    """
    path = Path(section.file)
    if not path.is_file():
        raise _refused(section, "no regular file" if path.exists() else "no such file")
    try:
        return Code(path, path.read_bytes())
    except OSError as error:
        raise _refused(section, f"cannot be read ({error.strerror})") from None


@undisturbed
def own_network(section: ModuleSection, seed: int) -> nn.Module:
    """Run the file of `network.module` and call its function with `network.arguments`.

    The file's folder can be imported from meanwhile, as for a script. The random generators of torch, numpy and Python
    start from `seed`, and are put back afterwards; what the code prints goes to standard error.

    Args:
        section: file, function and arguments.
        seed: of the configuration's run.

    Returns:
        What the function returned, as it is: nothing is cast, moved or switched to eval mode.

    Raises:
        InvalidInputError: a file that cannot be read or has another SHA-256 than the section says, code that fails, no
            such function, a result that is no nn.Module, or one without parameters, with parameters or buffers of
            several precisions or devices, or of a precision other than float32 and float64.
    """
    code = code_of(section)
    if section.sha256 is not None and section.sha256 != code.sha256:
        raise InvalidInputError(
            f"network.sha256 = {section.sha256!r}: that of {clipped(str(code.path))} is {code.sha256!r}; it is not run"
        )
    with _surrounded(code.path.parent, seed):
        own = _run(section, code)
        function = getattr(own, section.function, None)
        if not callable(function):
            raise _refused(section, f"has no function {section.function!r}{_meant(own, section.function)}")
        try:
            network = function(**section.arguments)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            raise _refused(section, f"{section.function} fails: {_failure(error, code)}") from error
    if not isinstance(network, nn.Module):
        raise _refused(section, f"{section.function} returns a {type(network).__name__}; needed is an nn.Module")
    _require_one_kind(section, network)
    return network


def _run(section: ModuleSection, code: Code) -> ModuleType:
    # By its content: the classes of two files of one name are then told apart.
    own = ModuleType(f"{OWN}{code.sha256[:16]}")
    own.__file__ = str(code.path.absolute())
    sys.modules[own.__name__] = own
    try:
        exec(compile(code.source, own.__file__, "exec", dont_inherit=True), vars(own))
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        del sys.modules[own.__name__]
        raise _refused(section, f"cannot be run: {_failure(error, code)}") from error
    return own


@contextlib.contextmanager
def _surrounded(folder: Path, seed: int) -> Iterator[None]:
    """Seeds, a place to import from and standard output away from ours, for the length of the call."""
    home, there, dtype = str(folder.absolute()), set(sys.modules), torch.get_default_dtype()
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.manual_seed(seed)
    sys.path.insert(0, home)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        torch.set_default_dtype(dtype)
        if home in sys.path:
            sys.path.remove(home)
        # The next file's neighbours may go by the same names. The file itself has a name of its own.
        for name in [name for name in set(sys.modules) - there if not name.startswith(OWN)]:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(f"{home}/"):
                del sys.modules[name]


def _require_one_kind(section: ModuleSection, network: nn.Module) -> None:
    """Refuse a network without parameters, or with numbers of several precisions or devices."""
    if next(network.parameters(), None) is None:
        raise _refused(section, f"{section.function} returns a {type(network).__name__} without parameters")
    first: tuple[str, torch.Tensor] | None = None
    for name, t in [*network.named_parameters(), *network.named_buffers()]:
        if first is None:
            first = name, t
        if t.device.type not in ("cpu", "cuda"):
            raise _refused(section, f"{name} is on {t.device}; allowed are cpu and cuda")
        if t.device != first[1].device:
            raise _refused(
                section, f"{name} is on {t.device} and {first[0]} on {first[1].device}; needed is one device"
            )
        if not t.is_floating_point() and not isinstance(t, nn.Parameter):
            continue  # BatchNorm counts its batches
        if t.dtype not in DTYPES:
            raise _refused(section, f"{name} is {t.dtype}; allowed are torch.float32 and torch.float64")
        if t.dtype != first[1].dtype:
            raise _refused(section, f"{name} is {t.dtype} and {first[0]} {first[1].dtype}; needed is one of them")


def _failure(error: BaseException, code: Code) -> str:
    """What went wrong, with the line of the file where that is known."""
    line, at = None, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == str(code.path.absolute()):
            line = at.tb_lineno
        at = at.tb_next
    return f"{'' if line is None else f'line {line}: '}{said(error)[:MOST_SAID]}"


def _meant(own: ModuleType, function: str) -> str:
    there = [name for name, value in vars(own).items() if callable(value) and not name.startswith("_")]
    close = difflib.get_close_matches(function, there, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _refused(section: ModuleSection, why: str) -> InvalidInputError:
    return InvalidInputError(f"network.module = {clipped(section.module)!r}: {why}")
