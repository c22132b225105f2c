"""`pltheory init` and `config`: what is written is accepted, what is there is kept, what is shown is the same."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import torch
from torch import nn

from pltheory.study.config import from_tree, read_config
from pltheory.study.config_text import to_toml
from pltheory.study.store import config_hash
from tests.cli.program import EXAMPLES, Warm, everything_in

CONFIGS = [*sorted(EXAMPLES.glob("*.toml")), EXAMPLES / "own_module" / "config.toml"]


def test_what_is_written_is_accepted_and_every_key_stands_in_it(warm: Warm, tmp_path: Path):
    end = warm("init", "--n", "3", "--hidden", "16,8", "--theorem", "B", folder=tmp_path)
    assert (end.code, end.stdout) == (0, ""), end.stderr
    text = (tmp_path / "pltheory.toml").read_text(encoding="utf-8")
    said = tomllib.loads(text)
    assert said["network"] == {"hidden": [16, 8]}
    assert (said["data"]["n"], said["optimizer"]["gamma"]) == (3, 0.5)
    for key in ("level", "activation", "momentum", "batch_until", "checkpoint_names", "weights"):
        assert f"\n# {key} = " in text
    assert "# channels = " not in text
    assert warm("check", "pltheory.toml", folder=tmp_path).code == 3
    # Each commented line is TOML with which the file can go on.
    for line in text.splitlines():
        if line.startswith("# ") and " = " in line and not line.startswith("# ["):
            tomllib.loads(line.removeprefix("# "))


def test_a_file_that_is_there_is_kept_without_force(warm: Warm, tmp_path: Path):
    there = tmp_path / "mine.toml"
    there.write_text("kept", encoding="utf-8")
    end = warm("init", "mine.toml", folder=tmp_path)
    assert (end.code, there.read_text(encoding="utf-8")) == (2, "kept")
    assert end.stderr == "error: FILE mine.toml: exists already; --force overwrites it\n"
    refused = warm("init", "mine.toml", "--force", "--theorem", "Z", folder=tmp_path)
    assert (refused.code, there.read_text(encoding="utf-8")) == (2, "kept")
    assert warm("init", "mine.toml", "--force", "--n", "2", "--hidden", "4", folder=tmp_path).code == 0
    assert tomllib.loads(there.read_text(encoding="utf-8"))["data"]["n"] == 2
    assert everything_in(tmp_path) == {"mine.toml"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--hidden", "3,x"], "--hidden 3,x: must be whole numbers, e.g. 4096 or 256,256"),
        (["--n", "0"], "data.n = 0: should be greater than or equal to 1"),
        (["--data", "none.csv"], "data: source = 'none.csv': no such file"),
        (["--set", "network.foo=3"], "network.foo: unknown key"),
        (["--set", "network"], "--set network: write --set section.key=value"),
        (["--activation", "relux"], "network.activation = 'relux': should be"),
        (["--checkpoint", "none.pt"], "network.checkpoint = 'none.pt': no such file"),
        (["--module", "none.py:f"], "network.module = 'none.py:f': no such file"),
        (["--set", "optimizer.delta=2"], "optimizer.delta = 2.0: must lie in (0, 1)"),
        (["--set", "optimizer.name=sgd"], "optimizer.name = 'sgd': allowed are"),
    ],
    ids=lambda given: given[-1] if isinstance(given, list) else "",
)
def test_what_check_would_refuse_is_refused_and_nothing_is_written(warm, tmp_path, words, said):
    end = warm("init", *words, folder=tmp_path)
    assert end.code == 2
    assert end.stderr.startswith(f"error: {said}")
    assert everything_in(tmp_path) == set()


def test_the_layers_of_a_checkpoint(warm: Warm, tmp_path: Path):
    net = nn.Sequential(nn.Linear(64, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 10))
    torch.save({"state_dict": net.state_dict(), "epoch": 3}, tmp_path / "w.pt")
    end = warm("init", "sub/first.toml", "--checkpoint", "w.pt", "--theorem", "B", folder=tmp_path)
    assert end.code == 0, end.stderr
    said = tomllib.loads((tmp_path / "sub/first.toml").read_text(encoding="utf-8"))
    assert said["network"] == {
        "hidden": [6, 5],
        "bias": True,
        "parametrization": "standard",
        "checkpoint": "../w.pt",
    }
    assert said["data"] == {"source": "digits", "n": 10, "labels": "one-hot"}
    assert warm("check", "sub/first.toml", folder=tmp_path).code == 3


def test_on_a_terminal_it_asks_and_elsewhere_it_does_not(warm: Warm, tmp_path: Path):
    """The child is given a terminal, on which the answers wait already."""
    before = (
        "import os, pty, sys\n"
        "parent, child = pty.openpty()\n"
        "os.write(parent, b'sphere\\n4\\n12\\n\\n\\n')\n"
        "sys.stdin = open(child, encoding='utf-8')\n"
        "from pltheory.cli import options\n"
        "options.err._force_terminal = True\n"
    )
    end = warm("init", "asked.toml", folder=tmp_path, before=before)
    assert end.code == 0, end.stderr
    said = tomllib.loads((tmp_path / "asked.toml").read_text(encoding="utf-8"))
    assert said["data"] == {"source": "sphere", "n": 4, "d": 10, "labels": "sign"}
    assert said["network"] == {"hidden": [12], "activation": "tanh"}
    assert "number of samples [10]:" in end.stderr
    end = warm("init", "quiet.toml", "--yes", "--hidden", "4", folder=tmp_path, before=before)
    assert end.code == 0, end.stderr
    assert "number of samples" not in end.stderr


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_with_its_defaults_it_is_the_same_configuration(path: Path):
    text = path.read_text(encoding="utf-8")
    config = read_config(text, folder=path.parent)
    again = read_config(to_toml(config), folder=Path())
    assert config_hash(again) == config_hash(config)
    assert again.model_dump() == config.model_dump()


def test_texts_that_toml_writes_with_care_are_the_same_afterwards():
    strange = ['a"b\\c', "tab\tline\nfeed\r", "\x00\x1f\x7f", "\u00e9 \U0001d7cf", "", "# no comment"]
    arguments = {f"key {text}": text for text in strange} | {"deep": {"a": [1, 2.5, [True, strange]]}, "x": 1e-300}
    tree = {
        "network": {"module": "m.py:f", "arguments": arguments},
        "data": {"source": "digits", "n": 1},
        "optimizer": {"eta": 5e-324},
        "sweep": {"run": {"seed": [0, 1]}, "width": {"from": 1, "to": 4, "factor": 2}, "network.bias": [True, False]},
    }
    config = from_tree(tree)
    assert read_config(to_toml(config)).model_dump() == config.model_dump()


def test_show_is_toml_with_the_hash_and_json_on_request(warm: Warm, small: Path, tmp_path: Path):
    shown = warm("config", "show", small, "--set", "run.seed=3", folder=tmp_path)
    assert (shown.code, shown.stderr) == (0, "")
    config = read_config(shown.stdout)
    assert config_hash(config) in shown.stdout.splitlines()[0]
    assert 'activation = "tanh"  # default\n' in shown.stdout
    assert "seed = 3\n" in shown.stdout
    said = warm("config", "show", "-", "--json", folder=tmp_path, text=shown.stdout).answer()
    assert (said["hash"], said["config"]["run"]["seed"]) == (config_hash(config), 3)
    for words, message in (
        (["show", "none.toml"], "error: CONFIG none.toml: No such file or directory\n"),
        (["show", small, "--set", "run.stps=1"], "error: run.stps: unknown key; did you mean 'steps'?\n"),
    ):
        end = warm("config", *words, folder=tmp_path)
        assert (end.code, end.stdout, end.stderr) == (2, "", message)
    end = warm("config", folder=tmp_path)
    assert (end.code, end.stdout) == (2, "")
    assert "schema" in end.stderr


def test_the_schema_is_printed(warm: Warm, tmp_path: Path):
    end = warm("config", "schema", folder=tmp_path)
    assert end.code == 0
    assert json.loads(end.stdout)["required"] == ["network", "data", "optimizer"]
