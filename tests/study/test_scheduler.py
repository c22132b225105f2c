"""Studies on a dask scheduler as a shell starts it: it is restarted, its client is killed, one worker is another."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import distributed
import pytest

from pltheory.study.engine import scheduler_at
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.cli.program import settings, wait_until
from tests.study.sixty import FEW, TEXT, numbers, swept

PATIENCE = 300.0
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "CUDA_VISIBLE_DEVICES": ""}


@contextmanager
def started(folder: Path, part: str, *words: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """`dask scheduler` or `dask worker` in a process of its own, which is gone afterwards."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{part}", "--host", "127.0.0.1", "--no-dashboard", *words]
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=ENVIRONMENT | more, **quiet)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def with_worker(folder: Path, port: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler with one worker: its address, and its process."""
    file = folder / f"address-{port}.json"
    named = ["--scheduler-file", str(file)]
    with started(folder, "scheduler", "--port", port, *named) as process:
        wait_until(file.exists, "the scheduler is there", PATIENCE)
        with started(folder, "worker", *named, "--no-nanny", "--nthreads", "1"):
            yield json.loads(file.read_text())["address"], process


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    yield from with_worker(tmp_path_factory.mktemp("dask"), "0")


@pytest.mark.slow
def test_a_client_that_is_killed_leaves_whole_points_and_the_next_one_goes_on(warm, tmp_path, dask, nine):
    (tmp_path / "study.toml").write_text(TEXT, encoding="utf-8")

    def kill(child: int) -> None:
        wait_until(lambda: len(list((tmp_path / "s/points").glob("[!.]*"))) >= 2, "two points", PATIENCE)
        os.kill(child, signal.SIGKILL)

    words = ["sweep", "study.toml", "--out", "s", "--scheduler", dask[0], *settings(*FEW)]
    assert warm(*words, folder=tmp_path, meanwhile=kill).code == -signal.SIGKILL
    there = numbers(tmp_path / "s")
    assert 2 <= len(there) < 9
    assert there.items() <= nine.items()
    with scheduler_at(dask[0]) as engine:
        assert swept(tmp_path / "s", engine, *FEW) == nine


def test_a_worker_with_another_version_is_refused_before_anything_is_computed(tmp_path, dask):
    other = tmp_path / "other/pltheory-9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pltheory\nVersion: 9\n")
    words = (dask[0], "--no-nanny", "--nthreads", "1")
    with started(tmp_path, "worker", *words, PYTHONPATH=str(other.parent)), distributed.Client(dask[0]) as client:
        client.wait_for_workers(2, timeout=PATIENCE)
        with (
            pytest.raises(InvalidInputError, match=r"the worker tcp://.* has pltheory 9, this command") as caught,
            scheduler_at(dask[0]),
        ):
            pass
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_scheduler_that_is_restarted_loses_no_point(tmp_path, dask, nine):
    address, process = dask
    with (
        scheduler_at(address) as engine,
        pytest.raises(NotAvailableError, match="the scheduler was lost; the points that are done are stored"),
    ):
        swept(tmp_path / "s", engine, *FEW, progress=lambda done, *_: process.kill() if done == 3 else None)
    there = numbers(tmp_path / "s")
    assert 3 <= len(there) < 9
    assert there.items() <= nine.items()
    for again, _ in with_worker(tmp_path, address.rpartition(":")[2]):
        assert again == address
        with scheduler_at(again) as engine:
            assert swept(tmp_path / "s", engine, *FEW) == nine


def test_a_scheduler_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("pltheory.study.engine.SECONDS_TO_REACH", 0.2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(InvalidInputError, match=f"--scheduler {address}: cannot be reached") as caught,
            scheduler_at(address),
        ):
            pass
    assert "\n" not in str(caught.value)
