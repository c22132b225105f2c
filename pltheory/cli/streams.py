"""Standard streams as callers leave them: closed, full, not UTF-8; none of it may look like a verdict or a defect."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Any


class _Output(io.FileIO):
    """Standard output, which remembers that a write failed."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.failure = error
            raise


class _Error(io.FileIO):
    """Standard error: what cannot be said there changes no exit code."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


class _Escaped(io.TextIOWrapper):
    r"""Text in an encoding that lacks letters: they become \uXXXX, which JSON reads as the same text."""

    def write(self, text: str) -> int:
        if not isinstance(text, str):  # click asks, by writing bytes
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        super().write("".join(letter if letter.isascii() else _escape(letter) for letter in text))
        return len(text)


def _escape(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(rf"\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def prepare() -> bool:
    """Make the streams safe to write to; whether standard output is there at all."""
    out, err = sys.stdout, sys.stderr
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Or the next file that is opened gets the number, and what is said goes into it.
            os.open(os.devnull, os.O_RDWR)
    if out is not None:
        out.flush()
        raw = io.BufferedWriter(_Output(1, "w", closefd=False))
        if out.encoding.lower().startswith("utf"):
            errors = "backslashreplace"  # a file name need not be UTF-8
            sys.stdout = io.TextIOWrapper(raw, out.encoding, errors, line_buffering=out.isatty())
        else:
            # Only ASCII is written; the name is one that click takes for no mistake, and rich for no box characters.
            sys.stdout = _Escaped(raw, "latin-1", line_buffering=out.isatty())
    encoding = "utf-8" if err is None else err.encoding
    quiet = io.BufferedWriter(_Error(2, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(quiet, encoding, "backslashreplace", line_buffering=True)
    return out is not None


def output_failure() -> OSError | None:
    """Why not all of standard output could be written; None where it was.

    After a failure it is given up: nothing more is written, nor complained about as the process ends.
    """
    with suppress(OSError):
        sys.stdout.flush()
    failure: OSError | None = getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "failure", None)
    if failure is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return failure
