"""The tangent kernel of a large data set, tile by tile into a folder, by the workers of an engine; and as an operator.

The calling process alone writes the folder. A worker is sent the network and the samples of a tile, and sends the tile
back, so nothing of the problem has to be on its disk.
"""

from __future__ import annotations

import hashlib
import math
import re
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator
from torch import Tensor, nn

from ..certification.claim import array_hash
from ..measure.admission import inputs, trainable
from ..measure.arguments import require_flag, require_whole
from ..measure.autodiff import norm, weighted_gradient
from ..measure.mapped_spectrum import largest_eigenvalue, smallest_eigenvalue, verified_smallest_eigenvalue
from ..measure.ntk import empirical_ntk
from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..rigor.roundoff import Array
from ..rigor.scalar import interval
from ..theory import Bound, InvalidInputError, NotAvailableError
from .cost import span
from .dispatch import DIED, computed
from .engine import Engine, in_process, leave_generator
from .kernel_store import Contents, KernelStore, Tile, begun

ROWS = 1024
"""Rows of a tile, about."""
PROBES = 3
_ONE_AT_A_TIME = threading.Lock()
"""A dask worker may have several threads; what surrounds a computation is the process's."""

Progress = Callable[[int, int, str], None]


class StoredKernel(LinearOperator):
    """The tangent kernel K of a folder that `stored_ntk` has made whole, summed-loss scale; products read the file.

    Args:
        folder: of the store.

    Attributes:
        matrix: K as an array (n C, n C), sample-major, mapped into memory for reading; also `folder/kernel.npy`.

    Raises:
        InvalidInputError: no folder of a kernel, a damaged one, or one in which tiles are missing.
    """

    def __init__(self, folder: str | Path) -> None:
        store = KernelStore(Path(folder))
        if store.missing:
            raise InvalidInputError(
                f"{folder}: {len(store.missing)} of {len(store.contents.tiles)} tiles are missing; "
                "the command that began it computes them"
            )
        store.require_whole()
        self.folder, self.matrix, self._store = Path(folder), store.matrix, store
        super().__init__(np.dtype(np.float64), self.matrix.shape)

    def lambda_max(self) -> Bound:
        """The largest eigenvalue from below, a Rayleigh quotient by Lanczos.

        Raises:
            NumericalFailureError: Lanczos does not converge, or products overflow.
        """
        return largest_eigenvalue(self.matrix)

    def lambda_min(self, *, rigorous: bool = False, scratch: str | Path | None = None) -> Bound:
        """The smallest eigenvalue from above, a Rayleigh quotient; with `rigorous` a verified lower bound.

        Takes a Cholesky factor, twice with `rigorous`, in a file of the kernel's size that has no name.

        Args:
            rigorous: count the rounding of the bound; that of K's entries is what certificates add.
            scratch: folder of that file; the store's own by default.

        Raises:
            InvalidInputError: there is no room for the factor; with `rigorous` also, a tile has changed meanwhile.
            NumericalFailureError: the matrix is indefinite, or Lanczos does not converge.
            NoVerdictError: nothing can be verified.
            RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
        """
        require_flag("rigorous", rigorous)
        at = self.folder if scratch is None else Path(scratch)
        if not rigorous:
            return smallest_eigenvalue(self.matrix, at)
        found = verified_smallest_eigenvalue(self.matrix, at)
        # Anyone may write into the file while it is open: what was read is what the marks say, or proves nothing.
        self._store.require_whole()
        return found

    def _matvec(self, v: np.ndarray) -> np.ndarray:
        return self.matrix @ v

    def _rmatvec(self, v: np.ndarray) -> np.ndarray:
        return self.matrix @ v


def stored_ntk(
    network: nn.Module,
    x: Tensor,
    folder: str | Path,
    *,
    engine: Engine | None = None,
    tile: int | None = None,
    progress: Progress | None = None,
) -> StoredKernel:
    """The full tangent kernel K = J J^T in a folder, as `empirical_ntk` has it in memory, in doubles.

    Only the tiles on and below the diagonal are computed, each once; the same call computes those that are missing.

    Args:
        network: as `empirical_ntk`; it and its inputs are sent to workers, so it has to be picklable for them.
        x: inputs of shape (n, ...).
        folder: made, or continued where it holds this network's kernel on these inputs.
        engine: where tiles are computed (`pltheory.study.engine`); in this process by default.
        tile: samples in a row of tiles, about 1024 rows by default; a folder that is there keeps its own.
        progress: called after each tile as (done, total, note); the note says the time left.

    Raises:
        InvalidInputError: as `empirical_ntk`; the folder holds another kernel or something else, is damaged, has no
            room, or is being computed by another command; a worker of another version.
        NotAvailableError: as `empirical_ntk`; workers died of a tile, or the scheduler was lost.
        NumericalFailureError: as `empirical_ntk`.
    """
    if tile is not None:
        require_whole("tile", tile, 1)
    x = inputs(x)
    with begun(Path(folder), _contents(network, x, tile)) as store:
        store.require_whole()
        left = _Remaining(store)
        with in_process() as own, closing(_tiles(network, x, store, engine or own)) as found:
            for at, values in found:
                store.write(at, values)
                if progress is not None:
                    progress(*left.after(at))
    return StoredKernel(folder)


def in_loss(problem: Problem, of_kernel: Bound) -> Bound:
    """An eigenvalue of the kernel in the scale of the loss in use; a bound with round-off counted stays one."""
    if not of_kernel.rounded or not problem.square:
        return replace(of_kernel, value=problem.unit * of_kernel.value)
    product = interval(problem.share) * of_kernel.value
    return replace(of_kernel, value=product.lo if of_kernel.is_lower else product.hi)


@dataclass(frozen=True, eq=False)
class TileTask:
    """What a worker is told.

    Attributes:
        network: the module.
        left: samples of the tile's rows.
        right: samples of its columns; None for those of its rows.
        version: of this package, where the task was made.
    """

    network: nn.Module
    left: Tensor
    right: Tensor | None
    version: str


def compute_tile(task: TileTask) -> Array:
    """A tile of the kernel, in doubles.

    Raises:
        InvalidInputError: this process has another version of the package; and as `empirical_ntk`.
    """
    if task.version != version("pltheory"):
        raise InvalidInputError(
            f"a worker has pltheory {version('pltheory')}, this command {task.version}; give all the same version"
        )
    with _ONE_AT_A_TIME:
        leave_generator()
        return empirical_ntk(task.network, task.left, task.right, accumulate=torch.float64).cpu().numpy()


def _contents(network: nn.Module, x: Tensor, tile: int | None) -> Contents:
    params = trainable(network)
    probe = empirical_ntk(network, x[:PROBES], accumulate=torch.float64).cpu().numpy()
    outputs = len(probe) // len(x[:PROBES])
    digest = hashlib.sha256()
    for name, value in [*network.named_parameters(), *network.named_buffers()]:
        digest.update(f"{name}:{value.dtype}:{tuple(value.shape)}:".encode())
        digest.update(value.detach().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    kind, tile = type(network), tile or max(1, ROWS // outputs)
    # Where a function lies in memory is of this process.
    structure = re.sub(" at 0x[0-9a-f]+", "", repr(network))
    return Contents(
        network=f"{kind.__module__}.{kind.__qualname__}: {structure}; trained: {', '.join(params)}",
        weights=digest.hexdigest(),
        inputs=array_hash(x.detach().cpu().double().flatten(1).numpy()) + str(x.dtype),
        samples=len(x),
        outputs=outputs,
        version=version("pltheory"),
        tile=tile,
        probe=probe.tolist(),
        sketch=_sketch(network, x, outputs, tile),
        resolution=math.sqrt(torch.finfo(next(iter(params.values())).dtype).eps),
    )


@undisturbed
def _sketch(network: nn.Module, x: Tensor, outputs: int, block: int) -> float:
    """||J^T r|| for random signs r, by autograd: all samples have a part in it, whichever tiles are computed."""
    signs = 2 * torch.randint(2, (len(x), outputs), generator=torch.Generator().manual_seed(0)) - 1
    total: list[Tensor] = []
    for some, r in zip(x.split(block), signs.split(block), strict=True):
        found = [g.double() for g in weighted_gradient(network, some, r.to(some.device))]
        total = [a + b for a, b in zip(total, found, strict=True)] if total else found
    return norm(total)


def _tiles(
    network: nn.Module, x: Tensor, store: KernelStore, engine: Engine
) -> Generator[tuple[Tile, Array], None, None]:
    """The missing tiles, as they are computed."""
    tasks = dict[TileTask, Tile]()
    for at in store.missing:
        left, right = (x[store.contents.block(k)] for k in at)
        tasks[TileTask(network, left, None if at[0] == at[1] else right, version("pltheory"))] = at
    for task, values in computed(tasks, compute_tile, engine, "tiles"):
        if values is None:
            stored = "the tiles that are done are stored, and the same command computes the others"
            raise NotAvailableError(f"{DIED}; {stored}")
        yield tasks[task], values


class _Remaining:
    """Time left: the entries that are left, at the speed of those that are done."""

    def __init__(self, store: KernelStore) -> None:
        self._contents, self._done, self._total = store.contents, len(store.done), len(store.contents.tiles)
        self._left, self._spent = sum(map(self._entries, store.missing)), 0
        self._started = time.perf_counter()

    def after(self, tile: Tile) -> tuple[int, int, str]:
        self._done, entries = self._done + 1, self._entries(tile)
        self._left, self._spent = self._left - entries, self._spent + entries
        took = time.perf_counter() - self._started
        note = f"tile ({tile[0]}, {tile[1]})"
        if self._left:
            note += f"; {span(took * self._left / self._spent)} left"
        return self._done, self._total, note

    def _entries(self, tile: Tile) -> int:
        rows, columns = (self._contents.block(k) for k in tile)
        return (rows.stop - rows.start) * (columns.stop - columns.start)
