"""The kernel in a folder, tile by tile, against the kernel in memory; and every way in which a folder can be wrong."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import nn

import pltheory as pl
from pltheory.measure import spectrum
from pltheory.study import kernel_store, stored_ntk
from pltheory.study.engine import Engine, InProcess, local_cluster
from pltheory.study.kernel_store import KernelStore, begun
from pltheory.study.stored_ntk import StoredKernel, TileTask, compute_tile, in_loss
from pltheory.theory import Direction, InvalidInputError, NotAvailableError, NumericalFailureError

N, TILE = 11, 3
TILES = 10  # four rows of tiles on and below the diagonal


def network(outputs: int = 1, **parts) -> nn.Module:
    return pl.fully_connected([4, 30, outputs], **{"activation": "tanh", "parametrization": "ntk", "seed": 0, **parts})


def samples(n: int = N, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(n, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).to(dtype)


def stored(folder: Path, net: nn.Module | None = None, x: torch.Tensor | None = None, **named) -> StoredKernel:
    named.setdefault("tile", TILE)
    return pl.stored_ntk(network() if net is None else net, samples() if x is None else x, folder, **named)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def computed(monkeypatch):
    """The tiles that are computed, by how many samples they have."""
    calls, compute = [], compute_tile

    def counting(task: TileTask) -> np.ndarray:
        calls.append((len(task.left), None if task.right is None else len(task.right)))
        return compute(task)

    monkeypatch.setattr(stored_ntk, "compute_tile", counting)
    return calls


@pytest.fixture
def whole(tmp_path) -> Path:
    folder = tmp_path / "k"
    stored(folder)
    return folder


# The numbers


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("tile", [1, 4, 50, None])
def test_it_is_the_kernel_in_memory(tmp_path, outputs, tile):
    net = network(outputs)
    kernel = stored(tmp_path / "k", net, tile=tile)
    inside = pl.empirical_ntk(net, samples()).numpy()
    assert kernel.shape == (N * outputs, N * outputs)
    np.testing.assert_allclose(kernel.matrix, inside, rtol=0, atol=1e-13 * inside.max())
    assert np.array_equal(kernel.matrix, kernel.matrix.T)
    assert np.array_equal(np.load(tmp_path / "k/kernel.npy"), kernel.matrix)
    v = np.arange(N * outputs, dtype=float)
    np.testing.assert_allclose(kernel @ v, inside @ v)


def test_any_module_and_single_precision(tmp_path):
    net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.GELU(), nn.Linear(6, 2)).eval()
    net.extra_repr = lambda: repr(lambda: 0)  # a place in memory is no difference
    x = samples(dtype=torch.float32)
    inside = pl.empirical_ntk(net, x, accumulate=torch.float64)
    kernel = stored(tmp_path / "k", net, x)
    assert kernel.matrix.dtype == np.float64
    np.testing.assert_allclose(kernel.matrix, inside.numpy(), rtol=0, atol=1e-5 * float(inside.max()))
    stored(tmp_path / "k", net, x)


def test_each_tile_on_and_below_the_diagonal_is_computed_once(tmp_path, computed):
    notes = []
    stored(tmp_path / "k", progress=lambda *c: notes.append(c))
    assert len(computed) == TILES
    assert sum(right is None for _, right in computed) == 4
    assert [c[:2] for c in notes] == [(k, TILES) for k in range(1, TILES + 1)]
    assert [c[2].endswith(" left") for c in notes] == [True] * (TILES - 1) + [False]
    stored(tmp_path / "k", tile=None, progress=lambda *c: notes.append(c))
    assert (len(computed), len(notes)) == (TILES, TILES)


@pytest.mark.parametrize("n", [40, 130])
def test_eigenvalues_and_their_directions(tmp_path, n):
    kernel = stored(tmp_path / "k", network(), samples(n), tile=33)
    values = np.linalg.eigvalsh(np.array(kernel.matrix))
    low, high, verified = kernel.lambda_min(), kernel.lambda_max(), kernel.lambda_min(rigorous=True)
    assert low.value == pytest.approx(values[0], rel=1e-9)
    assert high.value == pytest.approx(values[-1], rel=1e-9)
    if n > 64:
        assert (low.kind, high.kind) == (Direction.UPPER, Direction.LOWER)
    assert (verified.kind, verified.rounded) == (Direction.LOWER, True)
    assert 0.98 * values[0] < verified.at_least() <= values[0]
    assert not [p for p in (tmp_path / "k").iterdir() if p.name.startswith(".")]


def matrix_of(folder: Path, values: np.ndarray) -> StoredKernel:
    """A store that holds this matrix, as if a network had it."""
    n = len(values)
    contents = kernel_store.Contents("network", "weights", "inputs", n, 1, "version", n, [[1.0]], 1.0, 1e-8)
    with begun(folder, contents) as store:
        store.write((0, 0), values)
    return StoredKernel(folder)


def test_crowded_eigenvalues_have_a_bound_with_a_larger_residual(tmp_path, monkeypatch):
    """A few vectors do not tell eigenvalues apart that are as near as those of thousands of rows."""
    monkeypatch.setattr(spectrum, "_BASIS", 4)
    monkeypatch.setattr(spectrum, "_RESTARTS", 2)
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((100, 100)))[0]
    kernel = matrix_of(tmp_path / "k", (q * np.geomspace(1, 1.05, 100)) @ q.T)
    solve, product = (lambda v: np.linalg.solve(kernel.matrix, v)), (lambda v: kernel.matrix @ v)
    assert spectrum.inverse_lanczos(solve, product, 100, 1e-14) is None
    low = kernel.lambda_min()
    assert low.kind is Direction.UPPER
    assert 1 - 1e-9 < low.value < 1.01


def test_a_singular_kernel_has_no_number_that_says_otherwise(tmp_path):
    a = np.random.default_rng(0).standard_normal((90, 60))
    kernel = matrix_of(tmp_path / "k", a @ a.T)
    low = kernel.lambda_min()
    assert low.kind is Direction.ESTIMATE
    assert 0 <= low.value < 1e-9
    assert -1e-9 < kernel.lambda_min(rigorous=True).at_least() <= 0


@pytest.mark.parametrize("exponent", [0, 500])
def test_a_singular_kernel_of_any_scale_is_not_called_indefinite(tmp_path, exponent):
    """A Hadamard matrix's spectrum is exact in doubles, here 0, 1, .., 127; squares of the scales are no doubles."""
    h = scipy.linalg.hadamard(128).astype(float)
    kernel = matrix_of(tmp_path / "k", np.ldexp((h * np.arange(128.0)) @ h / 128, exponent))
    assert kernel.lambda_min().kind is Direction.ESTIMATE
    assert np.ldexp(-1e-9, exponent) < kernel.lambda_min(rigorous=True).at_least() <= 0


def test_an_indefinite_matrix_is_no_kernel(tmp_path):
    a = np.random.default_rng(0).standard_normal((90, 90))
    kernel = matrix_of(tmp_path / "k", a + a.T + 10 * np.eye(90))
    for rigorous in (False, True):
        with pytest.raises(NumericalFailureError, match="indefinite"):
            kernel.lambda_min(rigorous=rigorous)


def test_a_bound_in_the_scale_of_the_loss_stays_one():
    x, net = samples(), network()
    y = torch.ones(N, 1, dtype=torch.float64)
    problem = pl.Problem(net, x, y, loss="mean")
    bound = pl.Bound(0.1, Direction.LOWER, "any", rounded=True)
    assert in_loss(problem, bound).value <= 0.1 / N <= in_loss(problem, replace(bound, kind=Direction.UPPER)).value
    assert in_loss(problem, bound).value == pytest.approx(0.1 / N, rel=1e-15)
    assert in_loss(problem, replace(bound, rounded=False)).value == problem.unit * 0.1


# Workers, and commands that are killed


# Another cluster on this machine may have the port of dask's dashboard; dask takes another one then.
@pytest.mark.filterwarnings("ignore:(?s).*Port 8787 is already in use:UserWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_same_bits_whichever_worker_computes_a_tile(tmp_path):
    with local_cluster(2) as engine:
        made = [np.array(stored(tmp_path / name, engine=engine, tile=4).matrix) for name in ("once", "again")]
    assert np.array_equal(*made)
    np.testing.assert_allclose(made[0], pl.empirical_ntk(network(), samples()).numpy(), rtol=0, atol=1e-12)


def test_a_worker_that_dies_ends_the_command_and_not_the_store(tmp_path, computed):
    class Died(Exception):
        pass

    class Deadly(InProcess):
        def submit(self, fn, /, *args, **kwargs):
            if len(computed) == 3:
                raise_it = lambda *_: (_ for _ in ()).throw(Died())  # noqa: E731
                return super().submit(raise_it)
            return super().submit(fn, *args, **kwargs)

    with pytest.raises(NotAvailableError, match="the worker died"):
        stored(tmp_path / "k", engine=Engine(Deadly(), lambda: 1, 2.0**33, died=(Died,)))
    assert len(KernelStore(tmp_path / "k").done) == 3
    stored(tmp_path / "k")
    assert len(computed) == TILES


PROGRAM = """
import sys, time
from pathlib import Path
import torch
from pltheory.measure import spectrum
from pltheory.study import kernel_store, stored_ntk
from tests.study.test_stored_ntk import stored
moment, folder = sys.argv[1], Path(sys.argv[2])
def stop(*_):
    Path(sys.argv[3]).touch()
    time.sleep(600)
write_file, calls = kernel_store.write_file, []
def stopping(target, content):
    calls.append(target)
    if moment == "before a mark" and len(calls) == 4:
        stop()
    write_file(target, content)
    if moment == "before the matrix" or (moment == "after a mark" and len(calls) == 4):
        stop()
kernel_store.write_file = stopping
stored(folder)
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before the matrix", "before a mark", "after a mark"])
def test_after_kill_9_the_same_command_completes_it(tmp_path, computed, moment):
    folder, stopped = tmp_path / "k", tmp_path / "stopped"
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, moment, str(folder), str(stopped)])
    try:
        end = time.monotonic() + 120
        while not stopped.exists():
            assert child.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        with pytest.raises(InvalidInputError, match="another command is computing it"):
            stored(folder)
        os.kill(child.pid, signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
    computed.clear()
    kernel = stored(folder)
    assert len(computed) == {"before the matrix": TILES, "before a mark": TILES - 2, "after a mark": TILES - 3}[moment]
    inside = pl.empirical_ntk(network(), samples()).numpy()
    np.testing.assert_allclose(kernel.matrix, inside, rtol=0, atol=1e-13 * inside.max())


# Folders that are wrong: one line, and nothing overwritten


def other_code() -> nn.Module:
    """Of the same class name, structure and weights as another module, and computing something else."""
    net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    net.forward = lambda x, plain=net.forward: 2 * plain(x)  # type: ignore[method-assign]
    return net


def frozen() -> nn.Module:
    net = network()
    next(net.parameters()).requires_grad_(False)
    return net


@pytest.mark.parametrize(
    ("net", "x", "said"),
    [
        (lambda: network(seed=1), samples, "other weights"),
        (network, lambda: samples() + 1, "other inputs"),
        (network, lambda: samples(N + 1), "samples = 11 there, 12 here"),
        (lambda: network(2), samples, "outputs = 1 there, 2 here"),
        (lambda: network(activation="gelu"), samples, "first entries"),
        (lambda: network().float(), lambda: samples(dtype=torch.float32), "other inputs"),
        (frozen, samples, "another network"),
        (lambda: nn.Sequential(nn.Linear(4, 1)).double(), samples, "another network"),
    ],
)
def test_another_problem_is_refused(whole, computed, net, x, said):
    before = content(whole)
    with pytest.raises(InvalidInputError, match=f"holds the kernel of another problem .*{said}"):
        stored(whole, net(), x())
    assert content(whole) == before
    assert computed == []


def test_another_code_under_the_same_name_is_refused(tmp_path):
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    stored(tmp_path / "k", plain)
    torch.manual_seed(0)
    with pytest.raises(InvalidInputError, match="first entries differ"):
        stored(tmp_path / "k", other_code())


class Kinked(nn.Module):
    """Steeper beyond a threshold that no parameter, no buffer and no text shows."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.net, self.threshold = network(), threshold

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(torch.where(x[:, :1] > self.threshold, 1 + 1e-5, 1.0) * x)


def test_a_module_that_differs_on_later_samples_alone_is_refused(tmp_path, computed):
    x = samples()
    last = int(x[:, 0].argmax())
    x = torch.cat([x[:last], x[last + 1 :], x[last:][:1]])
    stored(tmp_path / "k", Kinked(10.0), x)
    mark = tmp_path / "k" / "tiles" / "0003-0003.json"
    mark.unlink()
    computed.clear()
    with pytest.raises(InvalidInputError, match="gradients over all samples differ"):
        stored(tmp_path / "k", Kinked(float(x[:-1, 0].max())), x)
    assert computed == []
    stored(tmp_path / "k", Kinked(10.0), x)
    assert len(computed) == 1


def test_another_version_of_the_package_is_refused(whole, monkeypatch):
    monkeypatch.setattr(stored_ntk, "version", lambda _: "0")
    with pytest.raises(InvalidInputError, match="version = "):
        stored(whole)
    with pytest.raises(InvalidInputError, match="give all the same version"):
        compute_tile(TileTask(network(), samples(), None, "1"))


def cut(folder: Path) -> None:
    os.truncate(folder / "kernel.npy", (folder / "kernel.npy").stat().st_size // 2)


def of_floats(folder: Path) -> None:
    np.save(folder / "kernel.npy", np.zeros((N, 2 * N), np.float32))


def gone(folder: Path) -> None:
    (folder / "kernel.npy").unlink()


def patched(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text)


def half(name: str) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size // 2)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "kernel.npy: damaged, it has .* bytes of"),
        (of_floats, "kernel.npy: damaged"),
        (gone, "kernel.npy: cannot be read"),
        (half("store.json"), "store.json: damaged"),
        (patched("store.json", "[]"), "store.json: damaged"),
        (half("tiles/0002-0001.json"), "0002-0001.json: damaged mark"),
        (patched("tiles/0002-0001.json", "{}"), "0002-0001.json: damaged mark"),
        (lambda f: (f / "tiles/0000-0000.json").rename(f / "tiles/0002-0001.json"), "0002-0001.json: damaged mark"),
    ],
)
def test_a_damaged_store_is_refused_and_stays_as_it_is(whole, computed, damage, said):
    damage(whole)
    before = content(whole)
    for read in (lambda: stored(whole), lambda: StoredKernel(whole)):
        with pytest.raises(InvalidInputError, match=f"{said}|1 of 10 tiles are missing"):
            read()
    assert content(whole) == before
    assert computed == []


def test_tiles_that_changed_places_with_their_marks_are_refused(whole):
    matrix, marks = np.load(whole / "kernel.npy", mmap_mode="r+"), whole / "tiles"
    some, other = slice(0, TILE), slice(TILE, 2 * TILE)
    matrix[some, some], matrix[other, other] = matrix[other, other].copy(), matrix[some, some].copy()
    matrix.flush()
    (marks / "0000-0000.json").rename(marks / "kept")
    (marks / "0001-0001.json").rename(marks / "0000-0000.json")
    (marks / "kept").rename(marks / "0001-0001.json")
    for read in (lambda: stored(whole), lambda: StoredKernel(whole)):
        with pytest.raises(InvalidInputError, match=r"0000-0000.json: damaged mark"):
            read()


def test_nothing_is_verified_of_a_matrix_that_changed_while_it_was_open(whole):
    kernel = StoredKernel(whole)
    assert kernel.lambda_min(rigorous=True).is_lower
    changed = np.load(whole / "kernel.npy", mmap_mode="r+")
    changed[np.diag_indices(N)] += 1.0
    changed.flush()
    with pytest.raises(InvalidInputError, match="has changed since it was written"):
        kernel.lambda_min(rigorous=True)


@pytest.mark.parametrize("entry", [(7, 4), (4, 7), (0, 0)])
def test_a_tile_that_has_changed_is_refused_and_computed_again_once_its_mark_is_gone(whole, computed, entry):
    before = np.load(whole / "kernel.npy")
    changed = np.load(whole / "kernel.npy", mmap_mode="r+")
    changed[entry] = np.nextafter(changed[entry], 10)
    changed.flush()
    name = f"{max(entry) // TILE:04d}-{min(entry) // TILE:04d}.json"
    for read in (lambda: stored(whole), lambda: StoredKernel(whole)):
        with pytest.raises(InvalidInputError, match=f"has changed since it was written; remove tiles/{name}"):
            read()
    (whole / "tiles" / name).unlink()
    with pytest.raises(InvalidInputError, match="1 of 10 tiles are missing"):
        StoredKernel(whole)
    np.testing.assert_allclose(stored(whole).matrix, before, rtol=1e-14)
    assert len(computed) == 1


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"no folder of a kernel, it holds mine\.txt"):
        stored(tmp_path)
    with pytest.raises(InvalidInputError, match="no folder of a kernel"):
        StoredKernel(tmp_path)
    with pytest.raises(InvalidInputError, match="cannot be made"):
        stored(tmp_path / "mine.txt")
    assert content(tmp_path) == {"mine.txt": b"mine"}


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_said_before_anything_is_computed(tmp_path, computed, monkeypatch):
    with monkeypatch.context() as m:
        m.setattr(kernel_store.shutil, "disk_usage", lambda _: SimpleNamespace(free=99))
        with pytest.raises(InvalidInputError, match=r"the kernel and a factor of it need .* GiB"):
            stored(tmp_path / "k")
        assert content(tmp_path) == {}
    with monkeypatch.context() as m:
        m.setattr(os, "posix_fallocate", full)
        with pytest.raises(InvalidInputError, match=r"kernel\.npy: cannot be written \(No space left on device\)"):
            stored(tmp_path / "k")
    assert computed == []
    stored(tmp_path / "k")


def test_a_disk_that_gets_full_leaves_what_is_there(tmp_path, computed, monkeypatch):
    pwrite, calls = os.pwrite, []

    def filling(*arguments):
        calls.append(arguments)
        return full() if len(calls) > 20 else pwrite(*arguments)

    with monkeypatch.context() as m:
        m.setattr(os, "pwrite", filling)
        with pytest.raises(InvalidInputError, match="No space left on device"):
            stored(tmp_path / "k")
    done = len(KernelStore(tmp_path / "k").done)
    assert 0 < done < TILES
    computed.clear()
    stored(tmp_path / "k")
    assert len(computed) == TILES - done


def test_no_room_for_a_factor_is_said(tmp_path, monkeypatch):
    kernel = stored(tmp_path / "k", x=samples(70), tile=70)
    monkeypatch.setattr(os, "posix_fallocate", full)
    for rigorous in (False, True):
        with pytest.raises(InvalidInputError, match=r"no room for a factor of 0\.0 GiB"):
            kernel.lambda_min(rigorous=rigorous)
    with pytest.raises(InvalidInputError, match="no room"):
        kernel.lambda_min(scratch=tmp_path / "nowhere")


@pytest.mark.parametrize("tile", [0, -1, 1.5, True])
def test_the_size_of_a_tile_is_a_whole_number(tmp_path, tile):
    with pytest.raises(InvalidInputError, match="tile"):
        stored(tmp_path / "k", tile=tile)
    assert not (tmp_path / "k").exists()
