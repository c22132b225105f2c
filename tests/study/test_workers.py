"""Studies whose points other processes compute: real workers on loopback that are killed, and the same numbers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pltheory.study.config import read_config
from pltheory.study.engine import in_process, local_cluster, scheduler_at
from pltheory.study.sweep import run_sweep
from pltheory.theory import InvalidInputError, NotAvailableError

# Each point takes long enough for somebody to die in the meantime.
TEXT = """
level = "holds"
network.hidden = [16]
data = {source = "digits", n = 3, labels = "low-high"}
optimizer = {eta = "0.1/beta", gamma = 0.5, delta = 0.1}
theorem.name = "B"
run = {steps = 600, target = 1e-300}
[sweep]
width = [4, 8, 16]
run.seed = [0, 1, 2]
"""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
PATIENCE = 300.0


def numbers(folder: Path) -> dict[str, dict[str, Any]]:
    """What the records say, without the time and the seal over it."""
    records = (json.loads(p.read_text(encoding="utf-8")) for p in sorted((folder / "points").glob("[!.]*.json")))
    return {r["point"]: {k: v for k, v in r.items() if k not in ("seconds", "sha256")} for r in records}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The numbers of the calling process."""
    return resumed(tmp_path_factory.mktemp("alone"))


@contextmanager
def sweeping(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command line on the grid, in a process of its own that is gone afterwards."""
    (folder / "study.toml").write_text(TEXT, encoding="utf-8")
    command = [sys.executable, "-m", "pltheory", "sweep", "study.toml", "--out", "s", *words]
    child = subprocess.Popen(
        command, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def waited(condition: Callable[[], Any], what: str, of: subprocess.Popen[Any]) -> None:
    """Wait for something that a process does."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert of.poll() is None, f"ended before {what}: {of.communicate()}"
        assert time.monotonic() < end, f"waited {PATIENCE} s in vain: {what}"
        time.sleep(0.02)


def resumed(folder: Path) -> dict[str, dict[str, Any]]:
    """The numbers after the calling process has computed what is missing."""
    with in_process() as engine:
        run_sweep(read_config(TEXT), folder, engine=engine)
    return numbers(folder)


def some_points(folder: Path, least: int = 1) -> Callable[[], bool]:
    return lambda: len(list((folder / "s/points").glob("[!.]*.json"))) >= least


def workers_of(process: int) -> list[int]:
    """The worker processes of a cluster that is embedded in a process."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def is_there(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False


def test_a_worker_that_is_killed_changes_nothing(tmp_path, alone):
    with sweeping(tmp_path, "--workers", "2") as child:
        waited(some_points(tmp_path), "the first point", child)
        os.kill(workers_of(child.pid)[0], signal.SIGKILL)
        said = child.communicate(timeout=PATIENCE)[1]
    assert child.returncode == 0, said
    assert said.count("\n") == 1, said
    assert numbers(tmp_path / "s") == alone


def test_a_command_that_is_killed_takes_its_workers_along_and_is_resumed(tmp_path, alone):
    with sweeping(tmp_path, "--workers", "1") as child:
        waited(some_points(tmp_path), "the first point", child)
        (worker,) = workers_of(child.pid)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    end = time.monotonic() + PATIENCE
    while is_there(worker):
        assert time.monotonic() < end, "the worker goes on without its command"
        time.sleep(0.02)
    there = numbers(tmp_path / "s")
    assert 1 <= len(there) < len(alone)
    assert not (tmp_path / "s/study.csv").exists()
    assert resumed(tmp_path / "s") == alone


# Stands for a network that takes all memory: the operating system kills the worker, and nothing else.
DEADLY = """
import multiprocessing
import os
import signal
from torch import nn

def make(deadly):
    if deadly and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return nn.Sequential(nn.Linear(64, 4), nn.Tanh(), nn.Linear(4, 1)).double()
"""


def test_a_point_on_which_workers_die_has_failed_and_the_others_are_computed(tmp_path):
    (tmp_path / "model.py").write_text(DEADLY, encoding="utf-8")
    words = [
        "--set",
        "network={module='model.py:make', arguments={deadly=false}}",
        "--set",
        "run.steps=5",
        "--set",
        "data.shape='flat'",
    ]
    words += ["--set", "sweep={network.arguments.deadly=[true, false]}", "--workers", "1"]
    with sweeping(tmp_path, *words) as child:
        said = child.communicate(timeout=PATIENCE)[1]
    assert child.returncode == 4, said
    assert "failed network.arguments.deadly = True: the worker died: killed, or out of memory" in said
    assert [r["status"] for r in numbers(tmp_path / "s").values()].count("done") == 1


@contextmanager
def scheduler(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a scheduler with one worker, as a shell starts them, and the scheduler's process."""
    folder.mkdir()
    quiet: dict[str, Any] = {
        "cwd": folder,
        "env": ENVIRONMENT,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    file = ["--scheduler-file", "address.json"]
    dask = [sys.executable, "-m"]
    host = ["--host", "127.0.0.1", "--no-dashboard"]
    started = [subprocess.Popen([*dask, "distributed.cli.dask_scheduler", "--port", "0", *file, *host], **quiet)]
    try:
        waited((folder / "address.json").exists, "the scheduler is there", started[0])
        worker = ["--no-nanny", "--nthreads", "2", "--death-timeout", "60"]
        started.append(subprocess.Popen([*dask, "distributed.cli.dask_worker", *file, *host, *worker], **quiet))
        yield json.loads((folder / "address.json").read_text())["address"], started[0]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_scheduler_that_ends_is_said_in_one_line_and_the_study_is_resumed(tmp_path, alone):
    with scheduler(tmp_path / "dask") as (address, process), sweeping(tmp_path, "--scheduler", address) as child:
        waited(some_points(tmp_path), "the first point", child)
        process.kill()
        out, said = child.communicate(timeout=PATIENCE)
    assert (child.returncode, out) == (2, ""), said
    assert said.startswith("error: the scheduler was lost;")
    assert said.count("\n") == 1, said
    assert len(numbers(tmp_path / "s")) < len(alone)
    assert resumed(tmp_path / "s") == alone


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


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(
            NotAvailableError, match=r"--workers 2: needs dask\.distributed; pip install 'pltheory\[sweep\]'"
        ),
        local_cluster(2),
    ):
        pass
