"""Studies whose points worker processes compute: real processes that are killed and run out of memory."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
import torch

from pltheory.study import engine as engines
from pltheory.study import machine
from pltheory.study.engine import Engine, in_process, local_cluster
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.cli.program import settings
from tests.study.sixty import FEW, TEXT, Numbers, numbers, swept

PATIENCE = 300.0


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Numbers:
    """The numbers of the calling process."""
    return swept(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def three() -> Iterator[Engine]:
    """Three workers."""
    with local_cluster(3) as engine:
        yield engine


def in_workers(function: Callable[[], Any]) -> list[Any]:
    """What a function returns in each worker of the cluster that was started last."""
    import distributed

    return list(distributed.default_client().run(function).values())


def after(points: int, deed: Callable[[], None]) -> Callable[[int, int, str], None]:
    """A study's progress, which does the deed once so many points are there."""
    return lambda done, total, note: deed() if done == points else None


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(tmp_path, alone, three):
    before = in_workers(os.getpid)
    killed = after(10, lambda: os.kill(before[1], signal.SIGKILL))
    assert swept(tmp_path, three, progress=killed) == alone
    assert before[1] not in in_workers(os.getpid)


@pytest.mark.slow
def test_messages_between_workers_draw_no_random_numbers_from_the_generator_of_the_points(tmp_path, three):
    """dask does, with each heartbeat: a network that was called meanwhile seemed to be a random one."""
    swept(tmp_path, three, *FEW)

    def draws() -> bool:
        was = random.getstate()
        time.sleep(2)
        return random.getstate() != was

    assert in_workers(draws) == [False] * 3


@pytest.mark.slow
def test_a_file_that_vanishes_ends_the_command_and_the_next_one_completes_it(tmp_path, three):
    data = tmp_path / "points.csv"
    data.write_text("1,2,0\n2,1,1\n", encoding="utf-8")
    words = (*FEW, f"data={{source='{data}', n=2}}")
    expected = swept(tmp_path / "alone", None, *words)
    with pytest.raises(InvalidInputError, match="has changed, or vanished") as caught:
        swept(tmp_path / "s", three, *words, progress=after(2, data.unlink))
    assert "\n" not in str(caught.value)
    there = numbers(tmp_path / "s")
    assert 2 <= len(there) < 9
    assert {r["status"] for r in there.values()} == {"done"}
    with pytest.raises(InvalidInputError, match=r"points\.csv"):
        swept(tmp_path / "s", three, *words)
    data.write_text("1,2,0\n2,1,1\n", encoding="utf-8")
    assert swept(tmp_path / "s", three, *words) == expected


# More than a worker has: one point takes memory until somebody ends the process.
GREEDY = """
import multiprocessing
import time
import torch
from torch import nn

def make(number):
    # The command makes the network as well, to see how large it is.
    while number == 1 and multiprocessing.parent_process() is not None:
        held = globals().setdefault("held", [])
        held.append(torch.ones(2**23))
        time.sleep(0.01)
    return nn.Sequential(nn.Linear(64, 4), nn.Tanh(), nn.Linear(4, 1)).double()
"""


@pytest.mark.slow
def test_a_point_that_takes_all_memory_has_failed_and_no_other(tmp_path, monkeypatch):
    """Its neighbours were on the workers that died, more than once; they are none the worse for it."""
    (tmp_path / "model.py").write_text(GREEDY, encoding="utf-8")
    words = (
        f"network={{module='{tmp_path}/model.py:make', arguments={{number=0}}}}",
        "data.shape='flat'",
        "sweep={network.arguments.number=[0, 1, 2, 3]}",
    )
    monkeypatch.setattr(engines, "memory", lambda: 2 * 0.9e9)
    with local_cluster(2) as engine:
        found = swept(tmp_path / "s", engine, *words)
    died = "the worker died: killed, or out of memory"
    assert {r["values"]["network.arguments.number"]: r["error"] for r in found.values()} == {
        0: None,
        1: died,
        2: None,
        3: None,
    }


@pytest.mark.slow
def test_one_two_and_four_workers_give_the_same_numbers(tmp_path):
    """Bit for bit, also where a second thread would add up in another order."""
    words = ("data.n=8", "network.hidden=[300]", "sweep={run.seed=[0, 1, 2, 3]}")
    expected = swept(tmp_path / "0", None, *words)
    assert {r["status"] for r in expected.values()} == {"done"}
    for workers in (1, 2, 4):
        with local_cluster(workers) as engine:
            assert swept(tmp_path / str(workers), engine, *words) == expected


def test_each_worker_has_a_gpu_of_its_own_and_no_threads_that_wait(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,7")

    def surroundings() -> tuple[str | None, ...]:
        return tuple(os.environ.get(key) for key in ("CUDA_VISIBLE_DEVICES", "OMP_WAIT_POLICY", "OMP_NUM_THREADS"))

    with local_cluster(3, machine.gpus()):
        assert sorted(in_workers(surroundings)) == [(gpu, "PASSIVE", "1") for gpu in "457"]


@pytest.mark.slow
def test_a_command_that_is_killed_takes_its_workers_along_and_is_resumed(tmp_path, nine):
    (tmp_path / "study.toml").write_text(TEXT, encoding="utf-8")
    command = [sys.executable, "-m", "pltheory", "sweep", "study.toml", "--out", "s", "--workers", "2", *settings(*FEW)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=tmp_path, **quiet) as child:
        end = time.monotonic() + PATIENCE
        while not list((tmp_path / "s/points").glob("[!.]*.json")):
            assert child.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        family = psutil.Process(child.pid).children(recursive=True)
        child.kill()
    assert len(family) >= 2
    assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []
    assert 1 <= len(numbers(tmp_path / "s")) < 9
    assert not (tmp_path / "s/study.csv").exists()
    assert swept(tmp_path / "s", None, *FEW) == nine


def test_points_on_the_way_ask_a_cluster_that_grows_for_another_worker():
    with in_process() as engine:
        assert engine.ahead == 1, "what is submitted here is computed before anything else is done"
    assert Engine(engine.executor, lambda: 1, 1.0).ahead > 1


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(
            NotAvailableError, match=r"--workers 2: needs dask\.distributed; pip install 'pltheory\[sweep\]'"
        ),
        local_cluster(2),
    ):
        pass
