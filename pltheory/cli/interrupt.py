"""An interrupt that is not lost."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN = 1.0
"""Seconds until an interrupt that was not heard is repeated."""


@contextmanager
def repeated_until_heard() -> Iterator[None]:
    """Repeat an interrupt (SIGINT) every second until this context is left.

    Python drops an exception that is raised in a finalizer, a weak reference's callback or a callback from C, and
    libraries catch what they should not: the program would run on as if nobody had asked it to stop.
    """
    # A job in the background ignores interrupts, and is left so.
    if sys.platform == "win32" or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGALRM, signal.SIGINT)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
