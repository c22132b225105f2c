"""From a network trained by Adam to a certificate and back: certify, recheck, width."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

import pltheory as pl

CONFIG = """
[network]
hidden = [96]
activation = "tanh"
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


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A plain nn.Sequential with biases, a few dozen steps of Adam away from its start: far from fitted."""
    folder = tmp_path_factory.mktemp("trained")
    x, y = pl.datasets.digits(6, labels="one-hot")
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 96), nn.Tanh(), nn.Linear(96, 10)).double()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(30):
        adam.zero_grad()
        (net(x) - y).square().mean().backward()
        adam.step()
    torch.save(net.state_dict(), folder / "adam.pt")
    (folder / "adam.toml").write_text(CONFIG, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def certified(warm, trained):
    end = warm("certify", "adam.pt", "--config", "adam.toml", folder=trained)
    assert end.code == 0, end.stderr
    return trained, end


def test_the_polish_is_shown_and_the_certificate_written(certified):
    folder, end = certified
    assert "Kernel Gauss-Newton polish" in end.stdout
    assert "weights moved by" in end.stdout
    assert "verdict: CERTIFIED" in end.stdout
    claim = json.loads((folder / "adam.cert.json").read_text(encoding="utf-8"))
    assert (claim["schema"], claim["theorem"]) == ("pltheory-certificate/1", "C")
    assert (folder / "adam.cert.npz").exists()
    assert not list(folder.glob(".*.partial"))


def test_other_code_accepts_it_and_refuses_an_inflated_claim(warm, certified, tmp_path):
    folder, _ = certified
    accepted = warm("recheck", "adam.cert.json", folder=folder)
    assert accepted.code == 0, accepted.stderr
    for name in ("adam.cert.json", "adam.cert.npz"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    text = (tmp_path / "adam.cert.json").read_text(encoding="utf-8")
    (tmp_path / "adam.cert.json").write_text(text.replace('"theorem": "C"', '"theorem": "B"'), encoding="utf-8")
    assert warm("recheck", "adam.cert.json", folder=tmp_path).code in (1, 2)


def test_without_polish_the_weights_are_taken_as_they_are(warm, trained, tmp_path):
    words = ["--config", trained / "adam.toml", "--polish", "0", "--out", "raw.cert.json"]
    end = warm("certify", trained / "adam.pt", *words, folder=tmp_path)
    assert end.code == 3, end.stderr
    assert "weights moved by 0 in all" in end.stdout
    assert "verdict: UNDECIDED" in end.stdout
    assert not list(tmp_path.glob("raw*"))


def test_an_existing_certificate_is_not_overwritten(warm, certified):
    folder, _ = certified
    again = warm("certify", "adam.pt", "--config", "adam.toml", folder=folder)
    assert again.code == 2
    assert "exists already" in again.stderr


def test_width_finds_a_width_that_is_certified_and_one_a_priori(warm, small, tmp_path):
    sets = ["--set", "data.n=2", "--set", "network.output_init=rademacher"]
    end = warm("width", small, "--seeds", "1", "--json", *sets, folder=tmp_path)
    assert end.code == 0, end.stderr
    found = end.answer()
    width = found["certified"]["0"]
    assert found["median"] == width
    assert width < found["apriori"] < found["scale_lzb22_4"]
    check = warm("check", small, *sets, "--set", f"network.hidden=[{width}]", folder=tmp_path)
    assert check.code == 0, check.stdout
    assert "verdict: CERTIFIED" in check.stdout


def test_theorem_d_follows_the_trajectory_at_a_width_no_ball_can_do(warm, small, tmp_path):
    sets = ["--set", "network.hidden=[48]", "--set", "optimizer.eta=1/beta", "--set", "run.steps=300"]
    assert "verdict: UNDECIDED" in warm("check", small, *sets, folder=tmp_path).stdout
    save = ["--save-certificate", "d.cert.json"]
    end = warm("verify", small, *sets, "--theorem", "D", "--out", "run", *save, folder=tmp_path)
    assert end.code == 0, end.stdout + end.stderr
    report = json.loads((tmp_path / "run/report.json").read_text(encoding="utf-8"))
    assert (report["verdict"], report["evidence"]) == ("CERTIFIED", "agrees")
    again = warm("recheck", "d.cert.json", folder=tmp_path)
    assert (again.code, "Theorem D: all" in again.stdout) == (0, True), again.stderr
    claim = (tmp_path / "d.cert.json").read_text(encoding="utf-8").replace('"theorem": "D"', '"theorem": "B"')
    (tmp_path / "d.cert.json").write_text(claim, encoding="utf-8")
    assert warm("recheck", "d.cert.json", folder=tmp_path).code == 2


def test_theorem_b_plus_certifies_where_theorem_b_cannot(warm, small, tmp_path):
    sets = ["--set", "network.hidden=[800]"]
    ball = warm("check", small, *sets, "--json", folder=tmp_path).answer()
    region = warm("check", small, *sets, "--theorem", "B+", "--json", folder=tmp_path).answer()
    assert (ball["verdict"], region["verdict"]) == ("UNDECIDED", "CERTIFIED")
