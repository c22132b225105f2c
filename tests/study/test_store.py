"""Run folders and traces: exact round trips and whole writes."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from pltheory.runs.trace import Trace
from pltheory.study.store import (
    environment,
    free_name,
    read_run,
    trace_from_csv,
    trace_to_csv,
    write_file,
    write_folder,
)
from pltheory.theory import InvalidInputError


def trace(steps: int, recorded: list[int], seed: int = 0, special: tuple[float, ...] = ()) -> Trace:
    rng = np.random.default_rng(seed)

    def numbers(size: int) -> np.ndarray:
        values = rng.standard_normal(size) * 10.0 ** rng.integers(-300, 300, size)
        values[: len(special)] = special[:size]
        return values

    return Trace(
        loss=numbers(steps + 1),
        grad_norm=numbers(steps),
        step_size=numbers(steps),
        path=numbers(steps + 1),
        recorded=np.array(recorded),
        distance=numbers(len(recorded)),
        lambda_min=numbers(len(recorded)),
    )


SPECIAL = (np.inf, -0.0, 5e-324, 1 / 3, np.nan)


@pytest.mark.parametrize(
    "it",
    [trace(7, [0, 1, 4, 7]), trace(50, [0, 50]), trace(9, list(range(10)), special=SPECIAL), trace(0, [0])],
    ids=["sparse", "ends", "every-and-special", "no-step"],
)
def test_a_trace_survives_csv_to_the_last_bit(it):
    back = trace_from_csv(trace_to_csv(it))
    for name in ("loss", "grad_norm", "step_size", "path", "recorded", "distance", "lambda_min"):
        was, now = getattr(it, name), getattr(back, name)
        assert was.shape == now.shape, name
        np.testing.assert_array_equal(now, was)
        if was.dtype == float:
            np.testing.assert_array_equal(np.signbit(now), np.signbit(was))


def test_a_csv_trace_has_one_row_an_iterate_and_empty_cells_for_what_was_not_measured():
    lines = trace_to_csv(trace(3, [0, 2])).splitlines()
    assert lines[0] == "step,loss,grad_norm,step_size,path,distance,lambda_min"
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1", "2", "3"]
    assert [line.endswith(",,") for line in lines[1:]] == [False, True, False, True]
    assert lines[4].split(",")[2:4] == ["", ""]


def test_write_folder_is_whole_or_not_at_all(tmp_path, monkeypatch):
    write_folder(tmp_path / "a/run", {"x.txt": "é", "y.txt": ""})
    assert (tmp_path / "a/run/x.txt").read_text(encoding="utf-8") == "é"
    assert os.listdir(tmp_path / "a") == ["run"]
    with pytest.raises(InvalidInputError, match="exists already"):
        write_folder(tmp_path / "a/run", {"x.txt": "other"})
    assert (tmp_path / "a/run/x.txt").read_text(encoding="utf-8") == "é"

    def bad(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pathlib.Path.rename", bad)
    with pytest.raises(ZeroDivisionError):
        write_folder(tmp_path / "b/run", {"x.txt": "z"})
    assert os.listdir(tmp_path / "b") == []


def test_write_file_replaces_whole_or_leaves_what_was(tmp_path, monkeypatch):
    target = tmp_path / "s/file.json"
    write_file(target, "one")
    write_file(target, "two")
    assert target.read_text(encoding="utf-8") == "two"
    assert target.stat().st_mode & 0o777 == 0o644
    assert os.listdir(target.parent) == ["file.json"]

    def bad(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(os, "replace", bad)
    with pytest.raises(ZeroDivisionError):
        write_file(target, "three")
    assert target.read_text(encoding="utf-8") == "two"
    assert os.listdir(target.parent) == ["file.json"]


def test_free_name_counts_up(tmp_path):
    names = []
    for _ in range(3):
        path = free_name(tmp_path, "run")
        path.mkdir()
        names.append(path.name)
    assert names == ["run", "run-2", "run-3"]


def test_read_run_says_what_is_missing_or_of_another_version(tmp_path):
    with pytest.raises(InvalidInputError, match=r"manifest\.json is missing"):
        read_run(tmp_path)
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"report\.json is missing"):
        read_run(tmp_path)
    (tmp_path / "report.json").write_text('{"schema": "pltheory-report/9"}', encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"pltheory-report/9.*pltheory-report/2"):
        read_run(tmp_path)


def test_a_check_has_no_trace(tmp_path):
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    (tmp_path / "report.json").write_text('{"schema": "pltheory-report/1"}', encoding="utf-8")
    assert read_run(tmp_path)[2] is None


def test_the_environment_is_json():
    env = json.loads(json.dumps(environment()))
    assert {"python", "platform", "packages", "cuda", "threads", "tf32", "flush_to_zero"} == set(env)
    assert env["packages"]["numpy"] == np.__version__
