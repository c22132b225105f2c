"""The list of a study's quantities, and entries that other packages add to it."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import torch

from pltheory.problem.problem import Problem
from pltheory.report.study_figures import sweep_figure
from pltheory.study.folder import Study
from pltheory.study.quantities import BUILT_IN, GROUP, PARTS_OF_A_RECORD, Point, Quantity, limits, measured, quantities
from pltheory.study.scaling import fit_laws
from pltheory.study.table import frame, to_csv
from pltheory.theory import ExtensionError, InvalidInputError, NotAvailableError
from tests.cli.program import Ended, Warm, finding
from tests.report import sample
from tests.theorems.installed import install

PAGE = (Path(__file__).parents[2] / "docs/howto/own_quantity.md").read_text(encoding="utf-8")
CONFIG = """
network.hidden = [8]
data = {source = "digits", n = 3, labels = "low-high"}
optimizer = {eta = "0.1/beta", gamma = 0.5, delta = 0.1}
theorem.name = "B"
level = "holds"
run.steps = 5
[sweep]
network.hidden = [[8], [16], [32]]
"""


def block(language: str) -> str:
    """The page's code in that language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return found


def package_of_the_page(folder: Path) -> Path:
    project = tomllib.loads(block("toml"))["project"]
    (module,) = tomllib.loads(block("toml"))["tool"]["setuptools"]["py-modules"]
    return install(folder, project["name"], project["entry-points"][GROUP], {module: block("python")}, GROUP)


def sweep(warm: Warm, folder: Path, *packages: Path) -> Ended:
    (folder / "widths.toml").write_text(CONFIG, encoding="utf-8")
    return warm("sweep", "widths.toml", "--out", "s", folder=folder, before=finding(*packages))


def sweep_alone(folder: Path, package: Path) -> Ended:
    """In a process of its own."""
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{root}{os.pathsep}{package}",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "160",
    }
    (folder / "widths.toml").write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "pltheory", "sweep", "widths.toml", "--out", "s"]
    end = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Ended(end.returncode, end.stdout, end.stderr)


@pytest.fixture(scope="module")
def swept(warm, tmp_path_factory):
    """A sweep without the package, then the same folder and a new one with it."""
    folder = tmp_path_factory.mktemp("quantities")
    package = package_of_the_page(folder / "package")
    (folder / "new").mkdir()
    return sweep(warm, folder), sweep(warm, folder, package), sweep_alone(folder / "new", package), folder


@pytest.mark.slow
def test_a_package_outside_the_tree_adds_a_quantity(swept):
    """It is in table, records, CSV, slopes and figure, and the numbers of the others are the same as without it."""
    plain, _, end, folder = swept
    assert (plain.code, end.code) == (0, 0), end.stderr
    assert "straightness" not in plain.stdout
    before = Study.read(folder / "new/s").records
    points, fits = end.stdout.split("Power laws in the width")
    assert "straightness" in fits
    assert all(f"{r['straightness']:.3g}" in points for r in before)
    for record in before:
        assert set(record) == {*PARTS_OF_A_RECORD, *(q.name for q in BUILT_IN), "straightness"}
        assert 0 < record["straightness"] <= 1
    without = Study.read(folder / "s").records
    kept = [{k: v for k, v in r.items() if k not in ("straightness", "seconds", "sha256")} for r in before]
    assert kept == [{k: v for k, v in r.items() if k not in ("seconds", "sha256")} for r in without]
    rows = list(csv.DictReader(io.StringIO((folder / "new/s/study.csv").read_text())))
    assert [float(r["straightness"]) for r in rows] == [r["straightness"] for r in before]
    root = ET.parse(folder / "new/s/study.svg").getroot()
    axes = [g for g in root.iter("{http://www.w3.org/2000/svg}g") if g.get("id", "").startswith("axes_")]
    assert len(axes) == 5


@pytest.mark.slow
def test_records_of_before_are_read_as_they_are(swept):
    _, again, _, folder = swept
    assert again.code == 0, again.stderr
    assert "3 points were stored without straightness" in again.stderr
    for record in Study.read(folder / "s").records:
        assert "straightness" not in record
    assert [r["straightness"] for r in csv.DictReader(io.StringIO((folder / "s/study.csv").read_text()))] == [
        "",
        "",
        "",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("lambda point: 1 / 0", "failed: ZeroDivisionError: division by zero"),
        ("lambda point: 'three'", "is 'three', which is no number"),
    ],
)
def test_a_failure_is_said_in_one_line_that_names_the_package(warm, tmp_path, measure, said):
    source = f"from pltheory.study.quantities import Quantity\nmade = Quantity('odd', 'odd', '1', {measure})\n"
    package = install(tmp_path / "p", "odd-one", {"odd": "odd_module:made"}, {"odd_module": source}, GROUP)
    end = sweep(warm, tmp_path, package)
    assert end.code == 4
    lines = [line for line in end.stderr.splitlines() if line.startswith("failed ")]
    assert len(lines) == 3
    for line in lines:
        assert line.endswith(f"no verdict: quantity 'odd' of odd-one 1.0 (odd_module:made) {said}")
    assert "Traceback" not in end.stderr


# What is believed of a number


def asked(value, origin="someone 1.0"):
    def measure(point):
        if isinstance(value, BaseException):
            raise value
        return value

    problem = Problem(torch.nn.Linear(1, 1), torch.ones(1, 1), torch.ones(1, 1))
    point = Point(None, problem, None, None, None)
    return measured([Quantity("odd", "odd", "1", measure, origin=origin)], point)["odd"]


@pytest.mark.parametrize("value", [1, 1.5, np.float32(1.5), np.float64(2), np.int64(3)])
def test_a_number_is_a_number(value):
    found = asked(value)
    assert type(found) is float
    assert found == float(value)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 10**400, NotAvailableError("not here")])
def test_what_does_not_exist_is_none(value):
    assert asked(value) is None


@pytest.mark.parametrize(
    "value", ["1", True, np.bool_(True), [1.0], 1j, torch.ones(3), RuntimeError("a\nb"), SystemExit()]
)
def test_what_is_no_number_is_refused_in_one_line(value):
    with pytest.raises(ExtensionError, match=r"^quantity 'odd' of someone 1\.0 ") as caught:
        asked(value)
    assert "\n" not in str(caught.value)


def test_an_error_of_our_own_quantity_is_not_blamed_on_a_package():
    with pytest.raises(ZeroDivisionError):
        asked(ZeroDivisionError(), origin="")


def test_a_quantity_that_moves_the_weights_is_refused():
    def measure(point):
        with torch.no_grad():
            point.problem.network.weight += 1
        return 1.0

    problem = Problem(torch.nn.Linear(1, 1), torch.ones(1, 1), torch.ones(1, 1))
    with pytest.raises(ExtensionError, match="changed the network or the data"):
        measured([Quantity("odd", "odd", "1", measure, origin="someone")], Point(None, problem, None, None, None))


def test_a_limit_is_held_to_the_same():
    odd = Quantity("odd", "odd", "1", lambda point: 1.0, limit=lambda config: "x", origin="someone 1.0")
    with pytest.raises(ExtensionError, match="quantity 'odd' of someone"):
        limits([odd], None)


# What is accepted as an entry

SOURCE = """
from dataclasses import replace
from pltheory.study.quantities import Quantity
made = Quantity("mine", "what it is", "1", lambda point: 1.0)
other = replace(made, name="other")
shouting = replace(made, name="MINE")
empty = replace(made, unit=" ")
still = replace(made, measure=3)
nan = replace(made, expected=float("nan"))
number = 3
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    def make(points, name="a-package"):
        monkeypatch.syspath_prepend(install(tmp_path / name, name, points, {"its_quantity": SOURCE}, GROUP))

    return make


def test_installed_quantities_follow_our_own(package):
    assert quantities() == BUILT_IN
    package({"other": "its_quantity:other", "mine": "its_quantity:made"})
    found = quantities()
    assert found[: len(BUILT_IN)] == BUILT_IN
    assert [(q.name, q.origin) for q in found[len(BUILT_IN) :]] == [
        ("mine", "a-package 1.0 (its_quantity:made)"),
        ("other", "a-package 1.0 (its_quantity:other)"),
    ]


@pytest.mark.parametrize("name", ["lambda_min", "verdict"])
def test_a_name_that_is_taken_is_refused(package, name):
    package({name: "its_quantity:made"})
    with pytest.raises(InvalidInputError, match=r"a-package 1\.0 .*claims this name"):
        quantities()


def test_two_packages_with_one_name_are_both_refused(package):
    package({"mine": "its_quantity:made"})
    package({"mine": "its_quantity:made"}, "b-package")
    with pytest.raises(InvalidInputError, match=r"claimed by .* and by "):
        quantities()


@pytest.mark.parametrize("value", ["other", "shouting", "empty", "still", "nan", "number", "missing"])
def test_what_is_no_quantity_is_refused(package, value):
    package({"mine": f"its_quantity:{value}"})
    with pytest.raises(ExtensionError, match=r"a-package 1\.0") as caught:
        quantities()
    assert "\n" not in str(caught.value)


# One entry is enough


def test_one_more_entry_is_everywhere(tmp_path):
    """Table, CSV, slopes and figure take their names from the list they are given and know none themselves."""
    from rich.console import Console

    from pltheory.report.study_text import print_sweep

    more = (*BUILT_IN, Quantity("girth", "made up", "1", lambda point: None, title="the girth"))
    records = [{**r, "girth": float(r["width"]) ** 2} for r in sample.records()]
    fits = fit_laws(records, more)
    (girth,) = (f for f in fits if f.quantity == "girth")
    assert girth.slope == pytest.approx(2)
    assert girth.expected is None
    console = Console(file=io.StringIO(), width=160)
    print_sweep(console, records, fits, more)
    assert console.file.getvalue().count("girth") == 2
    assert "girth" in to_csv(frame(records, [q.name for q in more])).splitlines()[0]
    assert "the girth" in [ax.get_title(loc="left") for ax in sweep_figure(records, fits, None, more).axes]


def test_only_the_list_names_the_quantities():
    root = Path(__file__).parents[2] / "pltheory"
    own = {"hessian_norm", "certificate_ratio", "path_length"}
    for path in (
        *(root / "study").glob("*.py"),
        *(root / "cli").glob("sweep.py"),
        *(root / "report").glob("figures.py"),
    ):
        if path.name != "quantities.py":
            assert not own & set(re.findall(r'"(\w+)"', path.read_text())), path
