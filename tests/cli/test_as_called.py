"""Every subcommand as a user calls it: its code and its streams.

Each is run once in a process of its own by the installed script; what else is asked, where the program is the same
once it has been imported, is asked of the warm process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.cli import COMMANDS
from tests.cli.program import ENVIRONMENT, SCRIPT, Ended, everything_in, script

NEAR = """
[network]
hidden = [400]
output_init = "rademacher"
[data]
source = "near.npz"
n = 3
[optimizer]
eta = "0.5/beta"
gamma = 0.01
delta = 0.1
[theorem]
name = "B+"
[run]
steps = 5
[sweep]
run.seed = [0, 1]
"""
FITTED = """
[network]
hidden = [96]
parametrization = "standard"
bias = true
[data]
source = "digits"
n = 6
labels = "one-hot"
[optimizer]
eta = "0.1/beta"
gamma = 0.5
delta = 0.1
"""


@pytest.fixture
def near(tmp_path: Path) -> Path:
    """Three points whose targets are small: certified at little width."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "near.npz", x=rng.standard_normal((3, 6)), y=0.02 * rng.standard_normal((3, 1)))
    (tmp_path / "near.toml").write_text(NEAR, encoding="utf-8")
    return tmp_path


@pytest.fixture
def fitted(tmp_path: Path) -> Path:
    """A network that plain gradient steps brought near its targets, and its checkpoint."""
    x, y = pl.datasets.digits(6, labels="one-hot")
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(64, 96), torch.nn.Tanh(), torch.nn.Linear(96, 10)).double()
    for _ in range(2000):
        net.zero_grad()
        (net(x) - y).square().sum().backward()
        with torch.no_grad():
            for p in net.parameters():
                p -= 1e-3 * p.grad
    torch.save(net.state_dict(), tmp_path / "net.pt")
    (tmp_path / "fitted.toml").write_text(FITTED, encoding="utf-8")
    return tmp_path


def ended_well(end: Ended, code: int = 0) -> Ended:
    assert end.code == code, (end.code, end.stdout, end.stderr)
    assert end.stdout
    assert "Traceback" not in end.stderr
    return end


def refused(end: Ended) -> None:
    assert (end.code, end.stdout) == (2, ""), (end.code, end.stdout, end.stderr)
    assert end.stderr.count("\n") == 1, end.stderr
    assert "Traceback" not in end.stderr


# What ends well


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_help(warm, tmp_path, name):
    end = ended_well(warm(name, "--help", folder=tmp_path))
    assert end.stdout.startswith(f"Usage: pltheory {name}")
    assert end.stderr == ""


@pytest.mark.slow
def test_verify_then_report(small, tmp_path):
    ended_well(script("verify", small, "--out", "run", folder=tmp_path), 3)
    page = tmp_path / "run/report.html"
    page.unlink()
    ended_well(script("report", "run", folder=tmp_path))
    assert page.exists()


@pytest.mark.slow
def test_verify_certifies(near):
    end = script("verify", "near.toml", "--json", "--save-certificate", "near.cert.json", folder=near)
    assert ended_well(end).answer()["verdict"] == "CERTIFIED"
    assert "accepted" in ended_well(script("recheck", "near.cert.json", folder=near)).stdout
    claim = json.loads((near / "near.cert.json").read_text(encoding="utf-8"))
    claim["optimizer"]["delta"] = 0.5
    (near / "near.cert.json").write_text(json.dumps(claim), encoding="utf-8")
    end = script("recheck", "near.cert.json", folder=near)
    assert end.code in (1, 2), end.stdout
    assert "Traceback" not in end.stderr


@pytest.mark.slow
def test_certify_then_recheck(fitted):
    end = script("certify", "net.pt", "--config", "fitted.toml", "--json", folder=fitted)
    assert ended_well(end).answer()["certificate"]["theorem"] == "C"
    end = script("recheck", "net.cert.json", "--json", folder=fitted)
    assert ended_well(end).answer()["accepted"] is True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "written"),
    [
        (["check", "near.toml", "--theorem", "B", "--json"], 3, False),
        (["measure", "near.toml", "--json"], 0, False),
        (["width", "near.toml", "--theorem", "B", "--seeds", "1", "--json"], 0, False),
        (["sweep", "near.toml", "--theorem", "B", "--out", "points", "--json"], 0, True),
        (["env", "--json"], 0, False),
        (["datasets", "--json"], 0, False),
        (["config", "schema"], 0, False),
        (["config", "show", "near.toml", "--json"], 0, False),
        (["proofs", "--claim", "radii", "--no-solvers", "--json"], 0, False),
    ],
    ids=lambda v: v[0] if isinstance(v, list) else None,
)
def test_json_is_all_of_standard_output(near, words, code, written):
    before = everything_in(near)
    assert ended_well(script(*words, folder=near), code).answer()
    assert (everything_in(near) != before) == written


@pytest.mark.slow
def test_a_configuration_from_standard_input(small, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    text = "# \N{GREEK SMALL LETTER ETA}\n" + small.read_text(encoding="utf-8")
    end = script("check", "-", text=text, folder=tmp_path / "elsewhere")
    assert "verdict: UNDECIDED" in ended_well(end, 3).stdout


@pytest.mark.slow
def test_proofs_end_in_their_own_code(tmp_path):
    assert "all that could run hold" in ended_well(script("proofs", folder=tmp_path)).stdout


def test_datasets(tmp_path):
    assert "digits" in ended_well(script("datasets", folder=tmp_path)).stdout


def test_as_a_module(tmp_path):
    words = [sys.executable, "-m", "pltheory", "--version"]
    done = subprocess.run(words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pltheory, version ")


# What is refused: in one line, with nothing written


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "verfy small.toml",
        "--nope",
        "verify",
        "verify absent.toml",
        "verify small.toml --set network.hiden=[3]",
        "verify small.toml --out small.toml",
        "verify small.toml --level holds --save-certificate new.cert.json",
        "check small.toml --theorem Z",
        "check small.toml more",
        "check -",
        "measure small.toml --ball nan",
        "measure small.toml --ball inf",
        "width small.toml --failure nan",
        "width small.toml --seeds 0",
        "sweep small.toml",
        "certify small.toml",
        "certify absent.pt --config small.toml",
        "recheck absent.cert.json",
        "recheck small.toml",
        "report absent",
        "report .",
        "proofs --claim nope",
        "proofs --seconds nan",
        "proofs --seconds 0",
        "env more",
    ],
)
def test_bad_input_is_refused_in_one_line_and_writes_nothing(warm, small, tmp_path, line):
    before = everything_in(tmp_path)
    refused(warm(*line.split(), folder=tmp_path))
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("line", ["verfy small.toml", "recheck small.toml"])
def test_the_installed_script_refuses_alike(small, tmp_path, line):
    refused(script(*line.split(), folder=tmp_path))
    assert everything_in(tmp_path) == {"small.toml"}


# Streams


def shell(line: str, folder: Path, **environment: str) -> Ended:
    """`$P` is the program."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**ENVIRONMENT, "P": str(SCRIPT), **environment},
        capture_output=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode("ascii"), done.stderr.decode("utf-8"))


CLOSED = "error: standard output is closed\n"
FULL = "error: standard output cannot be written (No space left on device)\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("$P verify small.toml >&-", 74, CLOSED),
        ("$P --help >&-", 74, CLOSED),
        ("$P env >&- 2>&-", 74, ""),
        ("$P --version >/dev/full", 74, FULL),
        ("$P check absent.toml 2>&-", 2, ""),
        ("$P check - <&-", 2, "error: CONFIG -: standard input is closed\n"),
        (r"printf '\377' | $P check -", 2, "error: CONFIG -: not text\n"),
        ("set -o pipefail; $P env | true", 141, ""),
        ("set -o pipefail; $P proofs --claim radii --no-solvers | true", 141, ""),
        ("set -o pipefail; $P --help | true", 141, ""),
    ],
)
def test_streams_that_take_or_give_nothing(small, tmp_path, line, code, said):
    end = shell(line, tmp_path)
    assert (end.code, end.stdout, end.stderr) == (code, "", said)
    assert everything_in(tmp_path) == {"small.toml"}


@pytest.mark.parametrize(
    ("line", "stream", "code", "said"),
    [
        ("check small.toml", 1, 74, FULL),
        ("check small.toml --json", 1, 74, FULL),
        ("check absent.toml", 2, 2, ""),
    ],
)
def test_a_disk_that_is_full(warm, small, tmp_path, line, stream, code, said):
    full = f"import os; os.dup2(os.open('/dev/full', os.O_WRONLY), {stream})"
    end = warm(*line.split(), folder=tmp_path, before=full)
    assert (end.code, end.stdout, end.stderr) == (code, "", said)
    assert everything_in(tmp_path) == {"small.toml"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=["ascii", "latin-1", "locale"],
)
def test_output_that_is_not_utf_8_says_the_same(warm, small, tmp_path, environment):
    end = shell("$P check small.toml --json", tmp_path, **environment)
    assert end.code == 3, end.stderr
    other = warm("check", small, "--json", folder=tmp_path)
    assert not other.stdout.isascii()
    assert end.answer() == other.answer()
    table = shell("$P check small.toml", tmp_path, **environment)
    assert table.code == 3, table.stderr
    assert "verdict: UNDECIDED" in table.stdout
