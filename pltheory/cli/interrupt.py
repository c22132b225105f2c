"""An interrupt (SIGINT) that is not lost.

Python drops an exception that is raised in a finalizer, a weak reference's callback or a callback from C, and libraries
catch what they should not: the program would run on as if nobody had asked it to stop. An extension module that is
interrupted while it is imported makes an ImportError of it, or is left half made.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN = 1.0
"""Seconds until an interrupt that was not heard is repeated."""
SOON = 0.05
"""Seconds until one that came during an import is looked at again."""


@contextmanager
def repeated_until_heard() -> Iterator[None]:
    """Raise KeyboardInterrupt, once an import that runs is over, and every second until this context is left."""
    # A job in the background ignores interrupts, and is left so.
    if sys.platform == "win32" or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        importing = _imports(frame)
        signal.setitimer(signal.ITIMER_REAL, SOON if importing else AGAIN)
        if not importing:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGALRM, signal.SIGINT)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ends_the_process() -> Iterator[None]:
    """End the process on the spot: for long imports, while there is nothing yet to clean up."""
    if not callable(signal.getsignal(signal.SIGINT)):
        yield
        return
    before = signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, b"\ninterrupted\n")
    os._exit(130)


def _imports(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
