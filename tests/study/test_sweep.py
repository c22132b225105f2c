"""A study over a grid: what is there is kept, what is missing is computed, and nothing of another study comes in."""

from __future__ import annotations

import json
import math
from concurrent.futures import Future

import pandas as pd
import pytest
import torch

from pltheory.study import point as computing
from pltheory.study.build import data_of
from pltheory.study.config import from_tree, pinned
from pltheory.study.cost import cost_of, span, speed
from pltheory.study.engine import Engine, InProcess, in_process
from pltheory.study.folder import Folder, Identity, Study
from pltheory.study.grid import grid
from pltheory.study.point import DONE, FAILED, Task, compute, failed, is_whole, sealed
from pltheory.study.quantities import BUILT_IN
from pltheory.study.store import point_hash
from pltheory.study.sweep import plan, run_sweep, time_of
from pltheory.study.table import frame, to_csv, to_parquet
from pltheory.theory import ExtensionError, InvalidInputError, NotAvailableError, NumericalFailureError

TREE = {
    "network": {"hidden": [8]},
    "data": {"source": "digits", "n": 2},
    "optimizer": {"eta": "0.1/beta", "gamma": 0.5, "delta": 0.1},
    "run": {"steps": 5},
    "level": "holds",
    "theorem": {"name": "B"},
}
SEEDS = {"run": {"seed": [0, 1]}}


def config(sweep=SEEDS, **parts):
    return from_tree({**TREE, **parts, "sweep": sweep})


def swept(settings, folder, **more):
    with in_process() as engine:
        return run_sweep(settings, folder, engine=engine, **more)


@pytest.fixture
def computed(monkeypatch):
    """The values of the points that are computed, each a record without numbers of its own."""
    calls = []

    def compute(task):
        calls.append(task.values)
        return sealed({**failed(task, "not computed"), "status": DONE, "error": None, "seconds": 1.0})

    monkeypatch.setattr("pltheory.study.dispatch.compute", compute)
    return calls


def test_every_point_is_checked_before_the_first_is_computed(tmp_path, computed):
    with pytest.raises(InvalidInputError, match=r"run\.seed = -1"):
        swept(config({"run": {"seed": [0, -1]}}), tmp_path)
    with pytest.raises(InvalidInputError, match="nowhere"):
        swept(config(data={"source": "nowhere.csv", "n": 2}), tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert computed == []


def test_it_reports_its_progress_and_the_time_left(tmp_path, computed):
    calls = []
    swept(config({"run": {"seed": [0, 1, 2]}}), tmp_path, progress=lambda *c: calls.append(c))
    assert [c[:2] for c in calls] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert calls[0][2].endswith(" left")
    # Each of them took a second, says its record, and all cost the same.
    assert [c[2] for c in calls[1:]] == ["run.seed = 0; 2 s left", "run.seed = 1; 1 s left", "run.seed = 2"]
    calls.clear()
    engine = Engine(InProcess(), lambda: 2, 2.0**33)
    run_sweep(config({"run": {"seed": [0, 1, 2, 3, 4]}}), tmp_path, engine=engine, progress=lambda *c: calls.append(c))
    assert [c[2].partition("; ")[2] for c in calls[1:]] == ["1 s left", ""], (
        "two workers, of whose kind one point took 1 s"
    )
    assert calls[0][2] == "1 s left"


def test_the_time_left_is_that_of_the_slowest_worker():
    assert time_of([1e9, 1e9, 1e9, 1e9], 1e9, 2) == 2
    assert time_of([8e9, 1e9, 1e9], 1e9, 2) == 8
    assert time_of([], 1e9, 0) == 0


def test_the_largest_points_come_first(tmp_path, computed):
    swept(config({"width": [4, 64, 16]}, network={"hidden": [8, 8]}, run={"steps": 10**6}), tmp_path)
    assert [v["width"] for v in computed] == [64, 16, 4]


def test_a_study_grows_and_keeps_what_it_has(tmp_path, computed):
    """Parts of a grid in one folder are the whole, whoever computed them."""
    swept(config(), tmp_path)
    study = swept(config({"run": {"seed": [1, 2]}}), tmp_path)
    assert [v["run.seed"] for v in computed] == [0, 1, 2]
    assert [r["values"]["run.seed"] for r in study.records] == [0, 1, 2]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (config(run={"steps": 6}), r"run\.steps = 5 there, 6 here"),
        (config({"run": {"target": [0.1]}}), r"there run\.seed varies, here run\.target"),
        (config(level="certified"), r"level = 'holds' there, 'certified' here"),
        (config(theorem={"name": "A"}), r"theorem\.name = 'B' there, 'A' here"),
    ],
)
def test_another_configuration_does_not_enter_the_folder(tmp_path, computed, other, said):
    swept(config(), tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*.json")}
    with pytest.raises(InvalidInputError, match=said):
        swept(other, tmp_path)
    assert len(computed) == 2
    assert {p: p.read_bytes() for p in tmp_path.rglob("*.json")} == before


def test_what_varies_has_no_other_value_besides(tmp_path, computed):
    """The value of a key outside [sweep] says nothing where the key varies."""
    swept(config(run={"seed": 5, "steps": 5}), tmp_path)
    swept(config(run={"seed": 6, "steps": 5}), tmp_path)
    assert len(computed) == 2


def test_other_data_and_another_version_are_another_study(tmp_path, computed, monkeypatch):
    points, folder = tmp_path / "points.csv", tmp_path / "study"
    settings = config(data={"source": str(points), "n": 2})
    points.write_text("1,2,0\n2,1,1\n", encoding="utf-8")
    swept(settings, folder)
    points.write_text("1,2,0\n2,3,1\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"SHA-256 of data\.source: points\.csv"):
        swept(settings, folder)
    points.write_text("1,2,0\n2,1,1\n", encoding="utf-8")
    monkeypatch.setattr("pltheory.study.folder.version", lambda name: "9")
    with pytest.raises(InvalidInputError, match=r"pltheory = '.*' there, '9' here"):
        swept(settings, folder)
    assert len(computed) == 2


def test_a_point_that_stands_twice_under_two_names_is_refused(tmp_path, computed):
    with pytest.raises(
        InvalidInputError, match=r"the points optimizer\.gamma = 1 and optimizer\.gamma = 1\.0 are the same"
    ):
        swept(config({"optimizer": {"gamma": [1, 1.0]}}), tmp_path)
    assert computed == []


def test_what_a_killed_command_left_of_study_json_is_no_other_study(tmp_path, computed):
    (tmp_path / ".study.json.abcdef").write_text("{")
    swept(config(), tmp_path)
    assert len(computed) == 2


@pytest.mark.parametrize("name", ["report.json", "points"])
def test_a_folder_of_something_else_is_refused(tmp_path, computed, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InvalidInputError, match=f"no folder of a study, it holds {name}"):
        swept(config(), tmp_path)
    assert computed == []


def damaged(text):
    half = text[: len(text) // 2]
    digit = text.replace('"seconds": 1.0', '"seconds": 1.5')
    assert digit != text
    return {"empty": "", "half": half, "other JSON": "[]", "a digit": digit}


@pytest.mark.parametrize("damage", ["empty", "half", "other JSON", "a digit"])
def test_a_damaged_record_is_never_accepted(tmp_path, computed, damage):
    swept(config(), tmp_path)
    file = next((tmp_path / "points").iterdir())
    file.write_text(damaged(file.read_text())[damage])
    text = file.read_text()
    for call in (lambda: swept(config(), tmp_path), lambda: Study.read(tmp_path)):
        with pytest.raises(InvalidInputError, match=f"{file.name}: damaged record"):
            call()
    assert (file.read_text(), len(computed)) == (text, 2)


def test_a_record_under_the_name_of_another_is_damaged(tmp_path, computed):
    swept(config(), tmp_path)
    one, two = (tmp_path / "points").iterdir()
    two.write_text(one.read_text())
    with pytest.raises(InvalidInputError, match=f"{two.name}: damaged record"):
        swept(config(), tmp_path)


def test_a_damaged_study_json_is_named(tmp_path, computed):
    swept(config(), tmp_path)
    file = tmp_path / "study.json"
    file.write_text(file.read_text().replace('"run.steps": 5', '"run.steps": 6'))
    with pytest.raises(InvalidInputError, match=r"study\.json: damaged"):
        swept(config(run={"steps": 6}), tmp_path)


def test_a_point_too_large_for_a_worker_is_refused_before_anything_is_computed(tmp_path, computed):
    small = Engine(InProcess(), lambda: 1, 2.0**30)
    with pytest.raises(InvalidInputError, match=r"the point width = 50000 needs about .* GiB, a worker has 1\.0 GiB"):
        run_sweep(config({"width": [4, 50_000]}, network={"hidden": [8, 8]}), tmp_path, engine=small)
    assert list(tmp_path.iterdir()) == []


# What a point answers


def task_of(settings):
    values, point = grid(settings)[0]
    return Task.of(values, point, point_hash(point), BUILT_IN, 1)


def task(**parts):
    return task_of(config(**parts))


def test_a_record_says_which_point_it_is_and_is_sealed():
    t = task()
    record = compute(t)
    assert (record["status"], record["error"], record["device"]) == (DONE, None, "cpu")
    assert record["lambda_min"] > 0
    assert is_whole(record, t.point)
    assert not is_whole(record, "0" * 64)
    again = compute(t)
    assert {k: v for k, v in again.items() if k not in ("seconds", "sha256")} == {
        k: v for k, v in record.items() if k not in ("seconds", "sha256")
    }
    assert is_whole(json.loads(json.dumps(record, indent=2)), t.point)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes\nmore"), "out of memory: "),
        (InvalidInputError("no"), "refused: no"),
        (NotAvailableError("no"), "refused: no"),
        (NumericalFailureError("NaN"), "numerical failure: NaN"),
        (ExtensionError("theirs"), "no verdict: theirs"),
        (ZeroDivisionError("division by zero"), "a defect of pltheory: ZeroDivisionError: division by zero"),
    ],
)
def test_a_point_that_fails_is_a_record_and_the_study_goes_on(tmp_path, monkeypatch, error, said):
    verify = computing.verify

    def failing(problem, *arguments, **named):
        if sum(p.numel() for p in problem.network.parameters()) == 4 * 65:
            raise error
        return verify(problem, *arguments, **named)

    monkeypatch.setattr(computing, "verify", failing)
    settings = config({"width": [4, 8]})
    study = swept(settings, tmp_path)
    assert [r["status"] for r in study.records] == [FAILED, DONE]
    (bad,) = study.failed
    assert bad["error"].startswith(said)
    assert "\n" not in bad["error"]
    assert bad["verdict"] is None
    assert bad["lambda_min"] is None
    table = pd.read_parquet(_written(tmp_path / "t.parquet", to_parquet(frame(study.records, study.names))))
    assert table["status"].tolist() == [FAILED, DONE]
    assert to_csv(frame(study.records, study.names)).count("\n") == 3
    monkeypatch.setattr(computing, "verify", verify)
    assert [r["status"] for r in swept(settings, tmp_path).records] == [FAILED, DONE], "a failed point is a result"
    assert [r["status"] for r in swept(settings, tmp_path, retry_failed=True).records] == [DONE, DONE]


def _written(path, content):
    path.write_bytes(content)
    return path


MODULE = """
from torch import nn

def make():
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
"""


def test_a_file_that_changes_while_the_study_runs_is_no_result_of_a_point(tmp_path):
    """Nothing is recorded: with the file back, the same command computes the point."""
    points, model = tmp_path / "points.csv", tmp_path / "model.py"
    points.write_text("1,2,0\n2,1,1\n", encoding="utf-8")
    model.write_text(MODULE, encoding="utf-8")
    settings = pinned(config(data={"source": str(points), "n": 2}, network={"module": f"{model}:make"}))
    t = task_of(settings)
    assert compute(t)["status"] == DONE
    for file in (points, model):
        text = file.read_text()
        for change in (lambda file=file: file.write_text(file.read_text() + "\n"), file.unlink):
            change()
            with pytest.raises(InvalidInputError, match=r"has changed, or vanished|no such file"):
                compute(t)
            file.write_text(text)
    assert compute(t)["status"] == DONE


def test_a_file_that_vanishes_within_a_point_is_none_either(tmp_path, monkeypatch):
    points = tmp_path / "points.csv"
    points.write_text("1,2,0\n2,1,1\n", encoding="utf-8")
    t = task(data={"source": str(points), "n": 2})

    def vanishing(*arguments, **named):
        points.unlink()
        raise InvalidInputError("points.csv: cannot be read")

    monkeypatch.setattr(computing, "verify", vanishing)
    with pytest.raises(InvalidInputError, match="has changed, or vanished"):
        compute(t)


def test_a_worker_of_another_version_or_without_a_quantity_is_none(monkeypatch):
    t = task()
    monkeypatch.setattr(computing, "version", lambda name: "9")
    with pytest.raises(InvalidInputError, match="a worker has pltheory 9, the study"):
        compute(t)
    monkeypatch.undo()
    with pytest.raises(InvalidInputError, match="a worker lacks the quantity 'odd'"):
        compute(Task(t.values, t.tree, t.point, (*t.names, "odd"), 1, t.version))


def test_a_point_has_so_many_threads_and_leaves_those_that_were_there(monkeypatch):
    seen = []
    verify = computing.verify
    monkeypatch.setattr(computing, "verify", lambda *a, **k: (seen.append(torch.get_num_threads()), verify(*a, **k))[1])
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        compute(task())
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1]


# What it costs


def cost(hidden, n, steps=1000):
    parts = {"network": {"hidden": hidden}, "data": {"source": "digits", "n": n}, "run": {"steps": steps}}
    point = from_tree({**TREE, **parts})
    return cost_of(point, data_of(point))


def test_costs_grow_as_the_mathematics_says():
    """m^2 with two hidden layers, m with one; n^3 for the kernel's spectrum; the steps."""
    two = cost([2**14] * 2, 10).operations / cost([2**13] * 2, 10).operations
    one = cost([2**18], 10).operations / cost([2**17], 10).operations
    data = cost([2], 1600, 40).operations / cost([2], 800, 40).operations
    assert two == pytest.approx(4, rel=0.02)
    assert one == pytest.approx(2, rel=0.02)
    assert data == pytest.approx(8, rel=0.1)
    assert cost([8], 2, 10**6).operations == pytest.approx(10 * cost([8], 2, 10**5).operations, rel=0.01)
    assert cost([2**14] * 2, 10).memory == pytest.approx(4 * 8 * 2.0**28, rel=0.1)


def test_the_speed_is_that_of_the_points_that_are_there():
    a, b = cost([8], 2), cost([2**12] * 2, 10)
    assert speed([(a, 2.0), (b, 3.0)]) == pytest.approx((a.operations + b.operations) / 5)
    assert math.isfinite(speed([]))
    assert speed([]) > 1e6


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.25, "0.25 s"), (42.3, "42 s"), (600, "10 min"), (7200, "2 h 0 min"), (3e5, "3.5 days")],
)
def test_times_are_said_in_words(seconds, words):
    assert span(seconds) == words


def test_what_a_folder_holds_is_planned_without_writing(tmp_path):
    _, points = plan(config(), tmp_path / "s")
    assert [p.record for p in points] == [None, None]
    assert not (tmp_path / "s").exists()
    assert Folder(tmp_path / "s", Identity.of(config())).study().records == []


def test_the_seam_is_an_executor_of_the_standard_library(tmp_path, computed):
    """Any other executor does: here one that answers in its own time, the last one first."""

    class Backwards(InProcess):
        def __init__(self):
            self.held = []

        def submit(self, fn, /, *args, **kwargs):
            future = Future()
            self.held.append((future, fn, args, kwargs))
            if len(self.held) == 2:
                for f, function, a, k in reversed(self.held):
                    f.set_result(function(*a, **k))
                self.held = []
            return future

    study = run_sweep(config({"run": {"seed": [0, 1, 2, 3]}}), tmp_path, engine=Engine(Backwards(), lambda: 2, 2.0**33))
    assert sorted(v["run.seed"] for v in computed) == [0, 1, 2, 3]
    assert [r["values"]["run.seed"] for r in study.records] == [0, 1, 2, 3]


def test_a_column_has_one_type():
    made = [
        {"values": {"optimizer.eta": eta, "network.hidden": [4]}, "width": 4, "seed": 0, "lambda_min": value}
        for eta, value in ((0.5, 1.0), ("0.1/beta", None))
    ]
    table = frame(made, ["lambda_min"])
    assert table["optimizer.eta"].tolist() == ["0.5", "0.1/beta"]
    assert table["network.hidden"].tolist() == ["[4]", "[4]"]
    assert list(table.columns[:4]) == ["optimizer.eta", "network.hidden", "width", "seed"]
    assert to_csv(table).splitlines()[2].startswith("0.1/beta,[4],4,0,,")
    assert to_parquet(table)
