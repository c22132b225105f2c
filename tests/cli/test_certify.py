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
    """A plain nn.Sequential with biases, by Adam: after ten steps, far from fitted, and at the end."""
    folder = tmp_path_factory.mktemp("trained")
    x, y = pl.datasets.digits(6, labels="one-hot")
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 96), nn.Tanh(), nn.Linear(96, 10)).double()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(200):
        if step == 10:
            torch.save(net.state_dict(), folder / "adam.pt")
        adam.zero_grad()
        (net(x) - y).square().mean().backward()
        adam.step()
    wrapped = {f"module.{name}": t.float() for name, t in net.state_dict().items()}
    torch.save({"model_state_dict": wrapped, "optimizer_state_dict": adam.state_dict(), "epoch": 4}, folder / "end.pt")
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
    assert "about: the polished weights, not those of " in end.stdout
    assert "verdict: CERTIFIED" in end.stdout
    claim = json.loads((folder / "adam.cert.json").read_text(encoding="utf-8"))
    assert (claim["schema"], claim["theorem"]) == ("pltheory-certificate/2", "C")
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


def test_weights_far_from_fitted_are_warned_of_first(certified):
    _, end = certified
    first, second, *rest = end.stdout.splitlines()
    assert first == "WARNING: these weights do not look trained under the settings in force"
    assert "of the variation of the targets" in second
    assert any(line.split()[:2] == ["as", "loaded"] for line in rest)
    for topic in ("data", "inputs", "labels", "layers", "activation", "parametrization", "loss"):
        assert any(line.split()[:1] == [topic] for line in rest), topic


def test_trained_weights_are_certified_without_a_warning(warm, trained, tmp_path):
    words = ["--config", trained / "adam.toml", "--out", tmp_path / "end.cert.json"]
    end = warm("certify", trained / "end.pt", *words, folder=tmp_path)
    assert end.code == 0, end.stderr
    assert "WARNING" not in end.stdout
    said = " ".join(end.stdout.split())
    assert "unwrapped from 'model_state_dict', 'module.'; layers in the order 0, 2; float32 to float64, exact" in said
    assert "ignored 'optimizer_state_dict', 'epoch'" in said
    assert "6 of 6, 100.0%" in said


def test_the_report_as_json(warm, trained, tmp_path):
    words = ["--config", trained / "adam.toml", "--json", "--out"]
    good = warm("certify", trained / "end.pt", *words, "good.cert.json", folder=tmp_path)
    assert good.code == 0, good.stderr
    answer = good.answer()
    assert (answer["schema"], answer["warning"], answer["verdict"]) == ("pltheory-certify/1", None, "CERTIFIED")
    assert answer["certificate"] == json.loads((tmp_path / "good.cert.json").read_text(encoding="utf-8"))
    assert answer["checkpoint"]["unwrapped"] == ["'model_state_dict'", "'module.'"]
    assert answer["loaded"]["right"] == answer["loaded"]["samples"] == 6
    other = warm("certify", trained / "end.pt", *words, "erf.cert.json", "--set", "data.center=false", folder=tmp_path)
    reasons = other.answer()["warning"]["reasons"]
    assert any("data.center = true" in reason for reason in reasons)
    assert other.answer()["polish"]["moved_share"] > 0


@pytest.mark.parametrize(("file", "code"), [("adam.pt", 3), ("end.pt", 0)])
def test_no_polish_proves_at_the_weights_as_they_are_or_not_at_all(warm, trained, tmp_path, file, code):
    words = ["--config", trained / "adam.toml", "--no-polish", "--out", "as_is.cert.json"]
    end = warm("certify", trained / file, *words, folder=tmp_path)
    assert end.code == code, end.stderr
    assert "about: the weights as loaded" in end.stdout
    assert f"verdict: {'UNDECIDED' if code else 'CERTIFIED'}" in end.stdout
    assert (tmp_path / "as_is.cert.json").exists() == (code == 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--no-polish", "--polish", "3"], "--polish 3: with --no-polish only 0"),
        (["--polish", "-1"], "--polish"),
        (["--out", "w.npz"], "the name of the arrays"),
        (["--out", "nowhere/w.cert.json"], "there is no folder nowhere"),
    ],
)
def test_options_that_contradict_are_refused(warm, trained, tmp_path, words, said):
    end = warm("certify", trained / "end.pt", "--config", trained / "adam.toml", *words, folder=tmp_path)
    assert end.code == 2
    assert said in end.stderr
    assert end.stderr.count("\n") == 1
    assert end.stdout == ""
    assert not list(tmp_path.iterdir())


def test_a_polish_that_fails_is_a_numerical_failure_after_the_report(warm, trained, tmp_path):
    """Opposite points: without a bias an odd activation has a singular kernel on them at all weights."""
    (tmp_path / "points.csv").write_text("1,2,1\n-1,-2,1\n", encoding="utf-8")
    torch.save(pl.fully_connected([2, 8, 1], parametrization="standard").state_dict(), tmp_path / "w.pt")
    text = CONFIG.replace("[96]", "[8]").replace("bias = true", "bias = false").replace('"digits"', '"points.csv"')
    text = text.replace("n = 6", "n = 2\ncenter = false").replace("one-hot", "raw")
    (tmp_path / "w.toml").write_text(text, encoding="utf-8")
    end = warm("certify", "w.pt", "--config", "w.toml", folder=tmp_path)
    assert end.code == 4, end.stderr
    assert end.stdout.startswith("WARNING: ")
    assert "verdict: UNDECIDED" in end.stdout
    assert end.stderr.startswith("numerical failure: ")
    as_is = warm("certify", "w.pt", "--config", "w.toml", "--no-polish", folder=tmp_path)
    assert as_is.code == 3, as_is.stderr
    assert not list(tmp_path.glob("*.cert.*"))


@pytest.mark.slow
def test_layers_are_read_by_their_numbers_in_every_command(warm, trained, tmp_path):
    """Matrices of one shape in another order in the file: nothing changes but the line that says how it was read."""
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh())
    state = net.append(nn.Linear(8, 10)).double().state_dict()
    torch.save(state, tmp_path / "a.pt")
    torch.save({name: state[name] for name in sorted(state, key=lambda n: (-int(n[0]), n))}, tmp_path / "b.pt")
    (tmp_path / "deep.toml").write_text(CONFIG.replace("[96]", "[8, 8, 8]"), encoding="utf-8")
    fits = []
    for name in ("a.pt", "b.pt"):
        end = warm("certify", name, "--config", "deep.toml", "--no-polish", "--json", folder=tmp_path)
        fits.append(end.answer()["loaded"])
        for command in ("check", "measure"):
            end = warm(command, "deep.toml", "--set", f"network.checkpoint={name}", folder=tmp_path)
            assert f"{name}: torch file; layers in the order 0, 2, 4, 6; no change of precision" in end.stderr
    assert fits[0] == fits[1]
    x, y = pl.datasets.digits(6, labels="one-hot")
    with torch.no_grad():
        assert fits[0]["loss"] == pytest.approx(0.5 * float((net(x) - y).square().sum()), rel=1e-9)


def test_an_order_of_modules_is_taken_from_the_configuration(warm, trained, tmp_path):
    state = torch.load(trained / "end.pt", weights_only=True)["model_state_dict"]
    named = {name.replace("module.0", "hidden").replace("module.2", "out"): t for name, t in state.items()}
    torch.save(named, tmp_path / "named.pt")
    words = ["certify", "named.pt", "--config", trained / "adam.toml", "--no-polish", "--json"]
    refused = warm(*words, folder=tmp_path)
    assert refused.code == 2
    assert 'network.checkpoint_names = ["hidden", "out"]' in refused.stderr
    taken = warm(*words, "--set", 'network.checkpoint_names=["hidden", "out"]', folder=tmp_path)
    assert taken.code == 0, taken.stderr
    assert taken.answer()["checkpoint"]["order"] == ["hidden", "out"]


def test_one_of_two_sets_of_weights_is_chosen_in_the_configuration(warm, trained, tmp_path):
    state = torch.load(trained / "end.pt", weights_only=True)["model_state_dict"]
    torch.save({"model": {name: 0 * t for name, t in state.items()}, "ema": {"shadow": state}}, tmp_path / "two.pt")
    words = ["certify", "two.pt", "--config", trained / "adam.toml", "--no-polish", "--json"]
    refused = warm(*words, folder=tmp_path)
    assert refused.code == 2
    assert 'network.checkpoint_key = ["model"] or ["ema", "shadow"]' in refused.stderr
    taken = warm(*words, "--set", 'network.checkpoint_key=["ema", "shadow"]', folder=tmp_path)
    assert taken.code == 0, taken.stderr
    assert taken.answer()["checkpoint"]["unwrapped"] == ["'ema'", "'shadow'", "'module.'"]
    assert taken.answer()["checkpoint"]["ignored"] == ["'model'"]


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_theorem_b_plus_certifies_where_theorem_b_cannot(warm, small, tmp_path):
    sets = ["--set", "network.hidden=[800]"]
    ball = warm("check", small, *sets, "--json", folder=tmp_path).answer()
    region = warm("check", small, *sets, "--theorem", "B+", "--json", folder=tmp_path).answer()
    assert (ball["verdict"], region["verdict"]) == ("UNDECIDED", "CERTIFIED")


MOMENTUM = (
    CONFIG.replace("n = 6", "n = 3")
    .replace('"0.1/beta"', '"1/beta"')
    .replace("gamma = 0.5\ndelta = 0.1", 'name = "gd"\nmomentum = 0.9')
)


AT_A_CHECKPOINT = {
    "S": ("momentum=0.0", "eta='0.05/beta'", "schedule={name='cosine', length=50, final=0.1}"),
    "M": ("momentum=0.5", "eta='0.05/beta'"),
    "Mb": ("momentum=0.5", "eta='0.05/beta'", "schedule={name='linear', length=50, final=0.5}"),
    "M2": ("eta='0.05/beta'",),
    "M3": (),
}


@pytest.mark.slow
@pytest.mark.parametrize("theorem", AT_A_CHECKPOINT)
def test_a_theorem_about_schedules_or_momentum_is_proved_after_a_polish(warm, trained, theorem):
    (trained / "momentum.toml").write_text(MOMENTUM, encoding="utf-8")
    target = f"{theorem}.cert.json"
    sets = [part for key in AT_A_CHECKPOINT[theorem] for part in ("--set", f"optimizer.{key}")]
    call = ("certify", "adam.pt", "--theorem", theorem, "--config", "momentum.toml", *sets, "--out", target)
    end = warm(*call, folder=trained)
    assert end.code == 0, (end.stdout, end.stderr)
    assert f"Theorem {theorem}, round-off included" in end.stdout
    assert json.loads((trained / target).read_text(encoding="utf-8"))["theorem"] == theorem
    assert warm("recheck", target, folder=trained).code == 0


def test_a_rule_without_momentum_is_refused_in_one_line(warm, trained):
    end = warm(
        "certify", "adam.pt", "--theorem", "M3", "--config", "adam.toml", "--out", "no.cert.json", folder=trained
    )
    assert end.code == 2
    assert end.stderr.count("\n") == 1
    assert "speaks of momentum" in end.stderr
    momentum = ("--set", "optimizer.momentum=0.5")
    end = warm("certify", "adam.pt", "--config", "adam.toml", *momentum, "--out", "no.cert.json", folder=trained)
    assert end.code == 2
    assert "not of momentum 0.5" in end.stderr
