"""Networks that are not fully connected, through the program: what each command answers and whose code it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from pltheory.study.build import problem_of
from pltheory.study.config import read_config
from tests.cli.program import EXAMPLES, Warm

FILES = {"convolutional": EXAMPLES / "convolutional.toml", "own": EXAMPLES / "own_module" / "config.toml"}
FEW = ("--set", "run.steps=5", "--set", "data.n=3")


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_verify_answers_at_an_initialisation_and_says_whose_code_ran(warm: Warm, tmp_path: Path, name: str) -> None:
    end = warm("verify", str(FILES[name]), *FEW, "--theorem", "B", "--json", "--out", "run", folder=tmp_path)
    assert end.code == 3, end.stderr
    said = json.loads(end.stdout)
    assert said["verdict"] == "UNDECIDED"
    kinds = {node["kind"] for node in said["graph"]["nodes"]}
    assert {"input", "affine", "pointwise"} <= kinds
    assert ("sum" in kinds) == (name == "own")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    if name == "own":
        sha = manifest["config"]["network"]["sha256"]
        (said,) = [line for line in end.stderr.splitlines() if "runs code" in line]
        assert said.startswith("this runs code: make_network of ")
        assert said.endswith(sha)
        assert sha in page
    else:
        assert "runs code" not in end.stderr
        assert "tanh convolutional network with channels 64" in page


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_check_measure_and_sweep_take_them(warm: Warm, tmp_path: Path, name: str) -> None:
    # Theorem D speaks of one convolution, and not of blocks.
    assert warm("check", str(FILES[name]), *FEW, folder=tmp_path).code == (0 if name == "convolutional" else 3)
    key = "network.channels=[2]" if name == "convolutional" else "network.arguments.channels=2"
    measured = warm("measure", str(FILES[name]), *FEW, "--set", key, "--json", folder=tmp_path)
    assert measured.code == 0, measured.stderr
    assert json.loads(measured.stdout)["lambda_min(K)"]["value"] > 0
    values = "[[2], [3]]" if name == "convolutional" else "[2, 3]"
    grid = ("--set", f"sweep.{key.partition('=')[0]}={values}")
    swept = warm("sweep", str(FILES[name]), *FEW, *grid, "--json", "--out", "sweep", folder=tmp_path)
    assert swept.code == 0, swept.stderr
    widths = [r["width"] for r in json.loads(swept.stdout)["records"]]
    assert widths == ([2, 3] if name == "convolutional" else [None, None])


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_certify_polishes_initial_weights_into_a_basin_and_width_refuses(warm: Warm, tmp_path: Path, name: str) -> None:
    config = read_config(FILES[name].read_text(encoding="utf-8"), folder=FILES[name].parent)
    torch.save(problem_of(config).network.state_dict(), tmp_path / "w.pt")
    end = warm("certify", "w.pt", "--config", str(FILES[name]), *FEW, "--json", folder=tmp_path)
    assert end.code == 0, end.stderr
    said = json.loads(end.stdout)
    assert said["verdict"] == "CERTIFIED"
    assert said["certificate"]["network"]["nodes"][0]["kind"] == "input"
    assert {"w.cert.json", "w.cert.npz"} <= {file.name for file in tmp_path.iterdir()}
    end = warm("certify", "w.pt", "--config", str(FILES[name]), *FEW, "--no-polish", "--out", "as_is", folder=tmp_path)
    assert end.code == 3, end.stderr
    assert not (tmp_path / "as_is").exists()
    end = warm("width", str(FILES[name]), folder=tmp_path)
    assert end.code == 2
    assert "widths are searched for fully-connected networks only" in end.stderr


@pytest.mark.slow
def test_float32_modules_are_said_not_to_be_cast(warm: Warm, tmp_path: Path) -> None:
    text = "from torch import nn\ndef make(): return nn.Sequential(nn.Flatten(), nn.Linear(64, 1))\n"
    (tmp_path / "model.py").write_text(text, encoding="utf-8")
    settings = (
        FILES["own"]
        .read_text(encoding="utf-8")
        .replace("make_network", "make")
        .replace("channels = 16, blocks = 1", "")
    )
    (tmp_path / "own.toml").write_text(settings, encoding="utf-8")
    end = warm("verify", "own.toml", *FEW, "--out", "run", folder=tmp_path)
    assert end.code == 0, end.stderr  # a Jacobian that does not change is certified on any ball
    assert "the float64 image of the stored weights" in end.stderr
    assert json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))["dtype"] == "float32"


@pytest.mark.slow
def test_relu_and_max_pooling_of_own_code_are_certified_across_kinks(warm: Warm, tmp_path: Path) -> None:
    config = str(EXAMPLES / "relu_pooling" / "config.toml")
    few = ("--set", "data.n=3", "--set", "network.arguments.channels=8")
    end = warm("verify", config, *few, "--json", "--out", "run", folder=tmp_path)
    assert end.code == 0, end.stderr
    said = json.loads(end.stdout)
    assert (said["main_theorem"], said["verdict"], said["evidence"]) == ("D", "CERTIFIED", "agrees")
    assert [node["kind"] for node in said["graph"]["nodes"]] == ["input", "affine", "maximum", "affine"]
    assert said["run"]["pieces"]["arguments"] == 3 * 8 * 16
    at_once = warm("check", config, *few, "--theorem", "B", folder=tmp_path)
    assert at_once.code == 3
    assert "the balls end at a kink: sample " in " ".join(at_once.stdout.split())
