"""`--version`, `--help`, `measure`, `report`, `datasets`, `env`."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import click
import pytest
import torch

import pltheory as pl
from pltheory.cli import COMMANDS
from tests.cli.program import ENVIRONMENT, Warm, everything_in, script, settings

WITHOUT_TORCH = """
import sys
from pltheory.cli import _exit_code
sys.argv = ["pltheory", *sys.argv[1:]]
code = _exit_code()
sys.exit(90 if {"torch", "numpy", "scipy", "matplotlib"} & set(sys.modules) else code)
"""


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["-h"], [], ["verfy"]], ids=" ".join)
def test_what_needs_no_mathematics_imports_none(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *words],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (2 if words in ([], ["verfy"]) else 0), done.stderr


def test_version_is_the_installed_one(tmp_path):
    end = script("--version", folder=tmp_path)
    assert (end.code, end.stdout, end.stderr) == (0, f"pltheory, version {version('pltheory')}\n", "")


def test_help_lists_every_command_and_the_exit_codes(tmp_path):
    end = script("--help", folder=tmp_path)
    assert end.code == 0
    for name, summary in COMMANDS.items():
        assert f"  {name}" in end.stdout
        assert summary.split()[0] in end.stdout
    for code in (
        "0  the verdict reaches",
        "1  refuted",
        "2  bad input",
        "3  undecided",
        "4  numerical",
        "70  a defect",
    ):
        assert code in end.stdout


def test_the_shell_completes_commands(tmp_path):
    asked = {**ENVIRONMENT, "_PLTHEORY_COMPLETE": "bash_complete", "COMP_WORDS": "pltheory con", "COMP_CWORD": "1"}
    code = "import sys; sys.argv = ['pltheory']; from pltheory.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=asked, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "plain,config\n", "")


def test_without_a_command_the_help_goes_to_standard_error(tmp_path):
    end = script(folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert "Commands:" in end.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_every_option_an_explanation(warm, tmp_path, name):
    end = warm(name, "--help", folder=tmp_path)
    assert end.code == 0
    assert end.stdout.startswith(f"Usage: pltheory {name}")
    assert end.stderr == ""
    command = import_module(f"pltheory.cli.{name}").command
    assert command.help
    for option in command.params:
        assert isinstance(option, click.Argument) or option.help, f"{name} {option.name}"


def test_measure_gives_every_number_with_its_direction(warm, small, tmp_path):
    before = everything_in(tmp_path)
    end = warm("measure", small, "--ball", "0.2", "--search-steps", "5", "--json", folder=tmp_path)
    assert end.code == 0, end.stderr
    assert everything_in(tmp_path) == before
    found = end.answer()
    assert {name: b["kind"] for name, b in found.items()} == {
        "lambda_min(K)": "exact",
        "lambda_max(K)": "exact",
        "PL* ratio": "exact",
        "||Hess L||": "lower",
        "max ||Hess f||": "lower",
        "inf lambda_min, R = 0.2": "upper",
        "inf PL* ratio, R = 0.2": "upper",
    }
    assert all(b["method"] for b in found.values())
    value = {name: b["value"] for name, b in found.items()}
    assert value["inf lambda_min, R = 0.2"] < value["lambda_min(K)"] <= value["PL* ratio"] <= value["lambda_max(K)"]
    x, _ = pl.datasets.digits(3)
    kernel = pl.empirical_ntk(pl.fully_connected([64, 16, 1], activation="tanh", seed=0), x)
    assert value["lambda_min(K)"] == pytest.approx(pl.lambda_min(kernel).value, rel=1e-9)


def test_measure_speaks_of_the_loss_in_use(warm, small, tmp_path):
    scale = {}
    for loss in ("sum", "mean"):
        found = warm("measure", small, "--json", *settings(f"loss={loss}"), folder=tmp_path).answer()
        scale[loss] = {name: b["value"] for name, b in found.items()}
    for name in ("lambda_min(K)", "lambda_max(K)", "PL* ratio", "||Hess L||"):
        assert scale["mean"][name] == pytest.approx(scale["sum"][name] / 3, rel=1e-3), name
    assert scale["mean"]["max ||Hess f||"] == pytest.approx(scale["sum"]["max ||Hess f||"], rel=1e-3)


def test_measure_in_a_folder_is_measure_and_is_resumed(warm, small, tmp_path):
    inside = warm("measure", small, "--json", *settings("loss=mean"), folder=tmp_path).answer()
    for options, kind in (((), "exact"), (("--verified",), "lower")):
        end = warm("measure", small, "--json", "--kernel-store", "k", *options, *settings("loss=mean"), folder=tmp_path)
        assert end.code == 0, end.stderr
        found = end.answer()
        assert list(found) == ["lambda_min(K)", "lambda_max(K)", "PL* ratio"]
        assert found["lambda_min(K)"]["kind"] == kind
        assert found["lambda_min(K)"]["value"] <= inside["lambda_min(K)"]["value"] * (1 + 1e-9)
        for name in found:
            assert found[name]["value"] == pytest.approx(inside[name]["value"], rel=2e-2 if options else 1e-9), name
    assert sorted(p.name for p in (tmp_path / "k").iterdir()) == ["kernel.npy", "store.json", "tiles"]
    other = warm("measure", small, "--kernel-store", "k", *settings("run.seed=1"), folder=tmp_path)
    assert (other.code, other.stderr.count("\n")) == (2, 1)
    assert "holds the kernel of another problem (other weights)" in other.stderr


def test_measure_prints_a_table_that_fits(warm, small, tmp_path):
    end = warm("measure", small, folder=tmp_path)
    assert end.code == 0
    for word in ("lambda_min(K)", "||Hess L||", "exact", "lower", "eigvalsh"):
        assert word in end.stdout
    assert max(map(len, end.stdout.splitlines())) <= 100


def test_report_renders_the_same_bytes_again(warm: Warm, small: Path, tmp_path: Path):
    first = warm("verify", small, "--out", "run", folder=tmp_path)
    page = tmp_path / "run/report.html"
    written, mode = page.read_bytes(), page.stat().st_mode
    page.unlink()
    again = warm("report", "run", folder=tmp_path)
    assert again.code == 0, again.stderr
    assert page.read_bytes() == written
    assert page.stat().st_mode == mode
    assert again.stdout == first.stdout
    assert len(everything_in(tmp_path / "run")) == 4


def test_datasets_lists_what_a_source_may_be(warm, tmp_path):
    end = warm("datasets", folder=tmp_path)
    assert end.code == 0
    for word in ("digits", "1797", "sphere", "fashion-mnist", "60000", ".npz", ".csv", "IDX", ".bin"):
        assert word in end.stdout


def test_datasets_as_json(warm, tmp_path):
    said = warm("datasets", "--json", folder=tmp_path).answer()
    assert [entry["name"] for entry in said["sources"]] == ["digits", "sphere", "fashion-mnist"]
    assert said["sources"][1] | {"origin": ""} == {
        "name": "sphere", "size": None, "d": None, "classes": None, "origin": "", "available": True,
    }  # fmt: skip
    assert ".npz" in [form["pattern"] for form in said["formats"]]
    end = warm("datasets", "--json", "show", "x.csv", folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert "--json goes behind show" in end.stderr


def test_env_is_json_with_versions_and_switches(warm, tmp_path):
    end = warm("env", "--json", folder=tmp_path)
    assert end.code == 0
    env = json.loads(end.stdout)
    assert env["packages"]["pltheory"] == version("pltheory")
    assert env["packages"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert env["threads"] == 1
    assert (env["cuda"], env["tf32"], env["flush_to_zero"]) == (None, False, False)
    shown = warm("env", folder=tmp_path)
    assert shown.code == 0
    for word in ("torch", env["packages"]["numpy"], env["python"], "CUDA device"):
        assert word in shown.stdout
