"""Where points are computed: an executor of `concurrent.futures`, with what a study has to know about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from .network import memory


@dataclass(frozen=True)
class Engine:
    """An executor.

    Attributes:
        executor: it computes what is submitted to it.
        workers: how many points it computes at a time.
        memory: bytes that one worker has.
    """

    executor: Executor
    workers: int
    memory: float


class InProcess(Executor):
    """The calling process itself: what is submitted has been computed when `submit` returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call the function; the future has its result or its exception."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def in_process() -> Iterator[Engine]:
    """The calling process."""
    yield Engine(InProcess(), 1, memory(torch.device("cpu")))
