"""What this machine has for a study: the limits of control groups and shells, GPUs by name, workers from them."""

from __future__ import annotations

import resource

import pytest
import torch

from pltheory.study import machine


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A job two control groups deep, whose files a test writes."""
    job = tmp_path / "batch/job"
    job.mkdir(parents=True)
    (tmp_path / "own").write_text("1:memory:/elsewhere\n0::/batch/job\n")
    monkeypatch.setattr(machine, "CONTROL", tmp_path)
    monkeypatch.setattr(machine, "OWN_GROUP", tmp_path / "own")
    return job


def test_memory_is_what_the_tightest_control_group_leaves(groups):
    whole = machine.memory()
    (groups / "memory.max").write_text("max\n")
    assert machine.memory() == whole
    (groups.parent / "memory.max").write_text("2000000000\n")
    assert machine.memory() == 2e9
    (groups / "memory.max").write_text("1000000000\n")
    assert machine.memory() == 1e9


def test_a_limit_of_the_shell_counts(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (7 * 10**8, resource.RLIM_INFINITY))
    assert machine.memory() == 7e8


def test_cores_are_those_that_may_be_used(groups, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 3, 5, 6})
    assert machine.cores() == 4
    (groups / "cpu.max").write_text("max 100000\n")
    assert machine.cores() == 4
    (groups / "cpu.max").write_text("250000 100000\n")
    assert machine.cores() == 2
    (groups / "cpu.max").write_text("50000 100000\n")
    assert machine.cores() == 1


@pytest.mark.parametrize(
    ("count", "named", "names"),
    [
        (0, None, ()),
        (0, "", ()),
        (3, None, ("0", "1", "2")),
        (2, "4,7", ("4", "7")),
        (1, "GPU-8932f937,MIG-x", ("GPU-8932f937",)),
    ],
)
def test_gpus_are_called_as_the_environment_calls_them(monkeypatch, count, named, names):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if named is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert machine.gpus() == names


@pytest.mark.parametrize(
    ("needed", "seconds", "places", "workers"),
    [
        ([1e9] * 8, 100.0, 4, 4),
        ([1e9] * 3, 100.0, 4, 3),
        ([1e9] * 8, 5.0, 4, 0),
        ([1e9] * 8, 100.0, 1, 0),
        ([1e9] * 8 + [3e9], 100.0, 4, 2),
        ([7e9, 1e9], 100.0, 4, 0),
        ([9e9, 1e9], 100.0, 4, 0),
        ([], 0.0, 4, 0),
    ],
)
def test_workers_are_as_many_as_are_of_use_and_have_room(monkeypatch, needed, seconds, places, workers):
    monkeypatch.setattr(machine, "memory", lambda: 1e10)
    assert machine.workers_for(needed, seconds, places) == workers
