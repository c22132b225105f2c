"""What a soak calls growth: planted leaks are found, a process that only moves is flat."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.soak import ROUND, Growth, Sample, commands, soak


def rounds(memory: np.ndarray, files: list[int] | None = None) -> Growth:
    opened = files or [14] * len(memory)
    return Growth.of([Sample(60.0 * k, float(m), opened[k], 2, 50.0) for k, m in enumerate(memory)])


def test_memory_that_moves_is_flat_and_memory_that_grows_is_not() -> None:
    draw = np.random.default_rng(0)
    noise = draw.normal(0.0, 3.0, 200)
    assert rounds(600 + noise).findings == []
    # A first growth that ends is what caches take.
    assert rounds(600 - 80 * np.exp(-np.arange(200) / 4) + noise).findings == []
    assert "memory grew" in rounds(600 + 0.25 * np.arange(200) + noise).findings[0]


def test_one_file_left_open_a_hundred_rounds_is_found() -> None:
    files = [14 + k // 100 for k in range(200)]
    assert rounds(np.full(200, 600.0), files).findings == ["open files grew from 14 to 15"]
    assert rounds(np.full(200, 600.0), [14 + k % 2 for k in range(200)]).findings == []


def leaks() -> Iterator[Callable[[], None]]:
    # Pages of its own: an allocator would give out again what an earlier test has freed.
    pages: list[mmap.mmap] = []

    def touch() -> None:
        pages.append(mmap.mmap(-1, 2**22))
        pages[-1].write(bytes(2**22))

    yield touch
    for page in pages:
        page.close()
    opened: list[int] = []
    yield lambda: opened.append(os.open("/dev/null", os.O_RDONLY))
    for file in opened:
        os.close(file)


@pytest.mark.slow
def test_a_leak_of_this_process_is_seen() -> None:
    for word, leak in zip(("memory grew", "open files grew"), leaks(), strict=True):
        assert any(word in finding for finding in Growth.of(soak(0.0, leak)).findings)


@pytest.mark.slow
def test_a_round_of_commands_ends_as_it_should_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "round"
    folder.mkdir()
    commands(folder)
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_ends_otherwise_stops_the_soak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "round"
    folder.mkdir()
    monkeypatch.setattr("tests.soak.ROUND", ((ROUND[2][0], (7,)),))
    with pytest.raises(SystemExit, match=r"certify fitted\.pt --config fitted\.toml: exit 0"):
        commands(folder)
