"""Independent pieces of a large matrix on several threads, each with BLAS to itself.

Workers that share one BLAS product wait for one another in a busy loop, several times a product. On a processor that
has other things to do they spend most of their time there; here a piece of work waits for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController

from .environment import require_thread

Rows = tuple[int, int]
Run = Callable[[Callable[[Rows], Any], list[Rows]], Iterator[Any]]

SMALL = 4096
"""Below this order starting threads takes longer than what they save."""


@contextmanager
def side_by_side(order: int) -> Iterator[Run]:
    """A `map` for the time of a `with` block: over threads for matrices of order SMALL and more, in turn for others.

    As many threads as BLAS had; while they run, BLAS uses one in each. Results come in the order of the items, and what
    is computed does not depend on the number of threads.

    Raises:
        RoundingEnvironmentError: a thread flushes subnormals or does not round to nearest; raised by the `map`.
    """
    if order < SMALL:
        yield map
        return
    pools = ThreadpoolController().select(user_api="blas")
    threads = max([1, *(int(p["num_threads"]) for p in pools.info())])

    def run(task: Callable[[Rows], Any], items: list[Rows]) -> Iterator[Any]:
        def guarded(item: Rows) -> Any:
            require_thread()  # every thread has a control word of its own
            return task(item)

        return executor.map(guarded, items)

    with pools.limit(limits=1), ThreadPoolExecutor(threads) as executor:
        yield run
