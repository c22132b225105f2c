"""A disk that is full: one line, no half record, and with room on it the same command computes the rest."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import settings
from tests.study.sixty import FEW, TEXT, numbers, swept


def mount(at: Path, options: str) -> subprocess.CompletedProcess[str]:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", at]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk on which seven files have room."""
    at = tmp_path / "disk"
    at.mkdir()
    made = mount(at, "size=28k")
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield at
    subprocess.run(["umount", at], check=True)


@pytest.mark.slow
def test_a_full_disk_ends_the_command_in_one_line_and_the_next_one_completes_the_study(warm, tmp_path, disk, nine):
    (tmp_path / "study.toml").write_text(TEXT, encoding="utf-8")
    words = ["sweep", "study.toml", "--out", disk / "s", "--workers", "0", *settings(*FEW)]
    end = warm(*words, folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert end.stderr.startswith("error: ")
    assert end.stderr.endswith("cannot be written (No space left on device)\n")
    assert end.stderr.count("\n") == 1
    there = numbers(disk / "s")
    assert 1 <= len(there) < 9
    assert there.items() <= nine.items()
    assert not list(disk.rglob(".*"))
    mount(disk, "remount,size=4m")
    assert swept(disk / "s", None, *FEW) == nine
