"""`verify` and `check`: verdicts, exit codes, run folders, streams."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.study.store import read_run
from tests.cli.program import EXAMPLES, Ended, Warm, everything_in, script, settings

DIGITS = EXAMPLES / "digits.toml"
TWO_DIGITS = settings("data.n=2", "network.hidden=[4000]")
FILES = {"manifest.json", "report.json", "trace.csv", "report.html"}


@pytest.fixture(scope="module")
def holds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    """Two digits at width 4000, where Theorem B holds, by the installed script."""
    folder = tmp_path_factory.mktemp("holds")
    return script("verify", DIGITS, *TWO_DIGITS, "--out", "run", folder=folder), folder / "run"


@pytest.fixture(scope="module")
def ladder(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same with every theorem, checked only."""
    end = warm("check", DIGITS, *TWO_DIGITS, "--theorem", "all", "--json", folder=tmp_path_factory.mktemp("ladder"))
    assert end.code == 0, end.stderr
    return end.answer()


def load(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_theorem_that_holds_ends_in_0_with_a_whole_run_folder(holds):
    end, run = holds
    assert end.code == 0, end.stderr
    assert {path.name for path in run.iterdir()} == FILES
    assert everything_in(run.parent) == {"run", *(f"run/{name}" for name in FILES)}
    assert re.search(r"verdict: CERTIFIED +run: agrees", end.stdout)
    assert f"run folder: {run.name}" in end.stderr
    assert "run folder" not in end.stdout


@pytest.mark.slow
def test_the_report_follows_its_schema(holds):
    report = load(holds[1] / "report.json")
    assert report["schema"] == "pltheory-report/2"
    assert (report["verdict"], report["evidence"], report["loss_scale"]) == ("CERTIFIED", "agrees", "sum")
    assert report["optimizer"] == {"name": "delta-gclip", "eta": "0.1/beta", "gamma": 0.5, "delta": 0.1}
    assert report["main_theorem"] == "B"
    (theorem,) = report["theorems"]
    assert [row["name"] for row in theorem["hypotheses"]] == [h.name for h in theorem_of("B").hypotheses]
    for row in theorem["hypotheses"]:
        kinds = {"symbol", "measured", "relation", "needed"} if "relation" in row else {"found", "asked"}
        assert set(row) == {"name", "margin", "verdict", "how", *kinds}
        assert all(row[side]["round_off_counted"] for side in {"measured", "needed"} & kinds)
        assert row["verdict"] == "CERTIFIED"
        assert row["margin"] is None or row["margin"] > 1
    for name in ("lambda_min", "lambda_max", "curvature_at_start"):
        assert set(report["measured"][name]) == {"value", "kind", "method", "round_off_counted"}
        assert report["measured"][name]["round_off_counted"] is False
    reach = theorem["reach"]
    assert reach["holds"]
    assert reach["eta"] == pytest.approx(0.1 / reach["beta"])
    assert reach["required"] <= reach["radius"]
    assert report["closing_width"] is None


def theorem_of(name: str) -> Any:
    from tests.by_name import THEOREMS

    return THEOREMS[name]


def test_the_run_agrees_with_what_is_promised_number_by_number(holds):
    _, report, trace = read_run(holds[1])
    run, reach = report["run"], report["theorems"][0]["reach"]
    assert run["reason"] == "converged"
    assert run["first_violation"] is None
    assert len(run["checked_every_step"]) >= 6
    assert trace.loss[-1] <= 1e-12 * trace.loss[0]
    assert len(trace.loss) == len(trace.step_size) + 1 == run["steps"] + 1
    assert (trace.step_size <= reach["eta"] * (1 + 1e-12)).all()
    assert (trace.step_size >= 0.1 * reach["eta"] / (1 + 1e-12)).all()
    assert trace.path[-1] == pytest.approx((trace.step_size * trace.grad_norm).sum())
    assert trace.distance.max() <= trace.path[-1] <= reach["required"]
    assert trace.lambda_min.min() >= reach["mu"]
    envelope = trace.loss[0] * reach["rate"] ** np.arange(len(trace.loss))
    assert (trace.loss <= envelope * (1 + 1e-9) + 1e-20).all()


def test_the_manifest_says_where_the_run_comes_from(holds):
    manifest = load(holds[1] / "manifest.json")
    assert manifest["schema"] == "pltheory-manifest/1"
    assert manifest["config"]["network"]["hidden"] == [4000]
    assert re.fullmatch("[0-9a-f]{64}", manifest["config_hash"])
    assert (manifest["seed"], manifest["device"], manifest["dtype"]) == (0, "cpu", "float64")
    assert manifest["command"][:2] == ["verify", str(DIGITS)]
    assert manifest["packages"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    for key in ("python", "platform", "packages", "cuda", "threads", "tf32", "flush_to_zero"):
        assert key in manifest
    assert manifest["tf32"] is False
    assert manifest["flush_to_zero"] is False


def test_the_page_shows_the_verdict(holds):
    page = (holds[1] / "report.html").read_text(encoding="utf-8")
    assert "<title>CERTIFIED: Theorem B</title>" in page
    assert page.count("<svg") >= 1


@pytest.mark.slow
def test_narrow_is_certified_by_a_theorem_that_was_not_named(warm, tmp_path):
    end = warm("verify", EXAMPLES / "narrow.toml", "--json", folder=tmp_path)
    assert end.code == 0, end.stderr
    report = end.answer()
    assert (report["asked"], report["main_theorem"]) == ("best", "D")
    assert (report["verdict"], report["evidence"]) == ("CERTIFIED", "agrees")
    assert [t["verdict"] for t in report["theorems"]] == ["UNDECIDED"] * 4 + ["CERTIFIED"]
    assert all(t["shortfall"] for t in report["theorems"][:-1])


@pytest.mark.slow
def test_narrow_under_theorem_b_is_undecided_with_its_shortfall_and_a_width_that_would_do(warm, tmp_path):
    end = warm("verify", EXAMPLES / "narrow.toml", "--theorem", "B", "--json", folder=tmp_path)
    assert end.code == 3, end.stderr
    report = end.answer()
    assert (report["verdict"], report["evidence"]) == ("UNDECIDED", "empirical only")
    (theorem,) = report["theorems"]
    ratio = theorem["reach"]["ratio"]
    assert 0 < ratio < 1
    assert f"short by a factor {1 / ratio:.3g}" in theorem["shortfall"]
    assert report["run"]["reason"] == "converged"
    assert report["closing_width"] > 256
    assert report["run"]["checked_every_step"] == []


def test_the_closing_width_closes(warm, tmp_path):
    narrow = warm("check", DIGITS, *settings("data.n=2", "network.hidden=[150]"), "--json", folder=tmp_path)
    width = narrow.answer()["closing_width"]
    assert narrow.code == 3
    assert width is not None
    wide = warm("check", DIGITS, *settings("data.n=2", f"network.hidden=[{width}]"), folder=tmp_path)
    assert wide.code == 0
    assert "verdict: CERTIFIED" in wide.stdout


@pytest.mark.slow
def test_relu_is_certified_from_its_initialisation_across_kinks(warm, tmp_path):
    end = warm("verify", EXAMPLES / "relu.toml", folder=tmp_path)
    assert end.code == 0, end.stderr
    _, report, trace = read_run(tmp_path / "runs/relu")
    assert (report["main_theorem"], report["verdict"], report["evidence"]) == ("D", "CERTIFIED", "agrees")
    rows = {t["id"]: t["hypotheses"] for t in report["theorems"]}
    smooth = {name: row for name, (row, *_) in rows.items() if row["name"] == "smooth activation"}
    assert list(smooth) == ["B", "A'", "D"]
    assert all((row["symbol"], row["measured"]["value"]) == ("kinks", 0) for row in smooth.values())
    assert re.search(r"nearest: sample \d, unit \d+ of node 2 \(relu\), at R = ", smooth["B"]["how"])
    assert trace.loss[-1] <= 1e-12 * trace.loss[0]
    pieces = report["run"]["pieces"]
    assert pieces["arguments"] == 10 * 128
    assert pieces["changes"] == trace.pieces.sum() > 100
    assert f"{pieces['changes']} changes of side among 1280 arguments" in " ".join(end.stdout.split())
    assert "changes of side" in (tmp_path / "runs/relu/report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_all_shows_the_ladder_side_by_side(ladder):
    assert [t["id"] for t in ladder["theorems"]] == [
        "LZB22-4",
        "LZB22-6",
        "TMSSR25",
        "A",
        "A'",
        "B",
        "C",
        "N",
        "B+",
        "D",
        "L",
        "S",
    ]
    by_id = {t["id"]: t for t in ladder["theorems"]}
    assert {name: t["verdict"] for name, t in by_id.items()} == {
        "LZB22-4": "UNDECIDED",
        "LZB22-6": "REFUTED",  # delta-GClip is not gradient descent
        "TMSSR25": "UNDECIDED",
        "A": "CERTIFIED",
        "A'": "CERTIFIED",
        "B": "CERTIFIED",
        "C": "UNDECIDED",
        "N": "UNDECIDED",  # no kinks
        "B+": "CERTIFIED",
        "D": "CERTIFIED",
        "L": "CERTIFIED",
        "S": "CERTIFIED",
    }
    assert ladder["main_theorem"] == "B"
    ratio = {name: t["reach"]["ratio"] for name, t in by_id.items() if t["reach"]}
    assert ratio["TMSSR25"] < ratio["A"] <= ratio["A'"] < ratio["B"] == ratio["C"]
    assert by_id["B"]["reach"]["required"] < by_id["A"]["reach"]["required"]
    assert 0 < by_id["B"]["reach"]["rate"] < 1


@pytest.mark.slow
def test_the_ladder_is_a_table_on_the_terminal(warm, tmp_path):
    end = warm("check", DIGITS, *TWO_DIGITS, "--theorem", "all", folder=tmp_path)
    for name in ("LZB22-4", "LZB22-6", "TMSSR25", "A", "A'", "B", "C"):
        assert re.search(rf"^  {re.escape(name)} .*(CERTIFIED|UNDECIDED|REFUTED) *$", end.stdout, re.MULTILINE), name


def test_set_overrides_the_file_and_the_last_one_wins(warm, small, tmp_path):
    words = settings(
        "network.hidden=[7, 9]", "run.seed=3", "run.seed=4", "network.activation=erf", "optimizer.eta=0.01"
    )
    end = warm("verify", small, *words, "--out", "run", folder=tmp_path)
    assert end.code == 3, end.stderr
    config = load(tmp_path / "run/manifest.json")["config"]
    assert config["network"]["hidden"] == [7, 9]
    assert config["network"]["activation"] == "erf"
    assert config["run"]["seed"] == 4
    assert config["optimizer"]["eta"] == 0.01
    assert config["data"]["n"] == 3


@pytest.mark.slow
def test_standard_input_is_a_configuration(small, tmp_path):
    text = small.read_text(encoding="utf-8")
    piped = script("verify", "-", "--json", folder=tmp_path, text=text)
    assert piped.code == 3
    assert load(tmp_path / "runs/stdin/report.json") == piped.answer()


def test_json_is_the_whole_of_standard_output_and_the_report_of_the_folder(warm, small, tmp_path):
    end = warm("verify", small, "--json", "--out", "run", folder=tmp_path)
    assert end.answer() == load(tmp_path / "run/report.json")
    assert "run folder: run" in end.stderr


def test_the_same_configuration_gives_the_same_bytes(warm, small, tmp_path):
    for name in ("a", "b"):
        assert warm("verify", small, "--out", name, folder=tmp_path).code == 3
    for file in ("report.json", "trace.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize(
    ("words", "verdict"),
    [([], "CERTIFIED"), (["--level", "holds"], "HOLDS"), (settings("level=holds"), "HOLDS")],
)
def test_the_level_asked_for_decides_whether_round_off_is_counted(warm, tmp_path, words, verdict):
    end = warm("check", DIGITS, *TWO_DIGITS, *words, folder=tmp_path)
    assert end.code == 0
    assert f"verdict: {verdict}" in end.stdout


@pytest.mark.parametrize(("level", "code"), [("certified", 3), ("holds", 0)])
def test_what_holds_without_round_off_counted_is_not_enough_for_certified(warm, tmp_path, level, code):
    """The classical route is checked in floating point only."""
    words = settings("data.n=1", "network.hidden=[4000]", "optimizer.eta=0.5/beta", "optimizer.delta=0.9")
    end = warm("check", DIGITS, *words, "--theorem", "TMSSR25", "--level", level, folder=tmp_path)
    assert end.code == code, end.stderr
    assert "verdict: HOLDS" in end.stdout


def test_the_option_level_beats_the_level_of_the_file(warm, tmp_path):
    words = [*TWO_DIGITS, *settings("level=certified"), "--level", "holds"]
    assert warm("check", DIGITS, *words, folder=tmp_path).code == 0


def test_check_writes_nothing_and_says_what_verify_says(warm, small, tmp_path):
    before = everything_in(tmp_path)
    checked = warm("check", small, "--json", folder=tmp_path)
    assert everything_in(tmp_path) == before
    verified = warm("verify", small, "--json", folder=tmp_path)
    assert checked.code == verified.code == 3
    assert checked.answer()["run"] is None
    assert checked.answer()["evidence"] == "not run"
    assert checked.answer()["theorems"] == verified.answer()["theorems"]


def test_run_folders_are_numbered_and_never_overwritten(warm, small, tmp_path):
    for i in range(2):
        warm("verify", small, *settings(f"run.seed={i}"), folder=tmp_path)
    seeds = {path.name: load(path / "manifest.json")["seed"] for path in (tmp_path / "runs").iterdir()}
    assert seeds == {"small": 0, "small-2": 1}


def test_out_may_be_several_folders_deep(warm, small, tmp_path):
    assert warm("verify", small, "--out", "a/b/c", folder=tmp_path).code == 3
    assert {path.name for path in (tmp_path / "a/b/c").iterdir()} == FILES


def test_a_data_file_is_found_beside_the_configuration(warm, small, tmp_path):
    work = tmp_path / "elsewhere"
    work.mkdir()
    (tmp_path / "points.csv").write_text("1,0,0.5,1\n0,1,0.2,0\n1,1,0.1,1\n", encoding="utf-8")
    words = settings("data.source=points.csv", "data.labels=raw")
    end = warm("check", small, *words, "--json", folder=work)
    assert end.code == 3, end.stderr


def test_a_folder_with_the_name_of_a_data_set_does_not_hide_it(warm, small, tmp_path):
    (tmp_path / "digits").mkdir()
    assert warm("check", small, folder=tmp_path).code == 3


def test_a_trained_checkpoint_lies_in_the_basin_by_theorem_c(warm, small, tmp_path):
    """Width 300 is too narrow at the start; a few hundred steps later the loss is small enough for Theorem C."""
    x, y = pl.datasets.digits(3)
    net = pl.fully_connected([64, 300, 1], activation="tanh", seed=0)
    problem = pl.Problem(net, x, y)
    optimizer = pl.optim.GradientDescent(net.parameters(), lr=0.2)
    for _ in range(300):
        optimizer.zero_grad()
        problem.value().backward()
        optimizer.step()
    torch.save(net.state_dict(), tmp_path / "trained.pt")
    words = settings("network.hidden=[300]", "network.checkpoint=trained.pt", "run.steps=3000", "run.target=1e-6")
    from_start = warm("check", small, *settings("network.hidden=[300]"), folder=tmp_path)
    assert from_start.code == 3
    end = warm("verify", small, *words, "--theorem", "C", "--out", "run", folder=tmp_path)
    assert end.code == 0, end.stderr
    report = load(tmp_path / "run/report.json")
    assert (report["verdict"], report["evidence"]) == ("CERTIFIED", "agrees")
    assert report["theorems"][0]["hypotheses"][0]["found"].endswith("trained.pt")
    assert report["measured"]["residual"] == pytest.approx(float(problem.residual().detach().norm()), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "keys"),
    [("delta-gclip", "gamma = 0.5\ndelta = 0.1"), ("gclip", "gamma = 0.5"), ("gd", "")],
)
def test_every_step_rule_has_a_verdict_and_a_run(warm, small, tmp_path, name, keys):
    text = small.read_text(encoding="utf-8").replace("gamma = 0.5\ndelta = 0.1", f'name = "{name}"\n{keys}')
    end = warm("verify", "-", "--json", *settings("data.n=1", "network.hidden=[2000]"), text=text, folder=tmp_path)
    assert end.code == 0, end.stderr
    assert end.answer()["optimizer"]["name"] == name
    assert end.answer()["evidence"] == "agrees"


@pytest.mark.slow
def test_a_diverging_run_is_data(warm, small, tmp_path):
    """Step sizes, losses and distances overflow: the run says so, and its page is drawn all the same."""
    for eta in ("1e30", "1e300"):
        words = settings(
            f"optimizer.eta={eta}", "run.steps=120", "network.activation=softplus", "optimizer.gamma=1e300"
        )
        end = warm("verify", small, *words, "--out", eta, folder=tmp_path)
        assert end.code == 1, end.stderr
        _, report, trace = read_run(tmp_path / eta)
        assert report["run"]["reason"] == "diverged"
        assert report["run"]["kernel_drift"] is None
        assert not trace.loss[-1] < 1e6 * trace.loss[0]
        assert re.search(r"loss .* to -, - of its start", end.stdout)
        assert "<svg" in (tmp_path / eta / "report.html").read_text(encoding="utf-8")
        assert end.stderr.count("\n") == 1, "warnings of the figure"


WRONG_STEP = """
import pltheory.runs.loop as c
from pltheory.optim import GradientDescent
c.optimizer_for = lambda settings, eta, problem: GradientDescent(list(problem.parameters()), lr=FACTOR * eta)
"""


@pytest.mark.parametrize("factor", [1.5, 0.05])
def test_a_run_that_contradicts_the_theorem_ends_in_1(warm, small, tmp_path, factor):
    words = settings("data.n=1", "network.hidden=[2000]")
    before = WRONG_STEP.replace("FACTOR", str(factor))
    end = warm("verify", small, *words, "--out", "run", folder=tmp_path, before=before)
    assert end.code == 1, end.stderr
    report = load(tmp_path / "run/report.json")
    assert (report["verdict"], report["evidence"]) == ("CERTIFIED", "contradicts")
    assert report["run"]["reason"] == "not_the_rule"
    violation = report["run"]["first_violation"]
    assert violation["step"] == 0
    assert violation["inequality"].startswith("step rule")
    assert violation["left"] > violation["right"]
    assert re.search(r"step 0: step rule.* fails", end.stdout)


def test_weights_that_overflow_are_a_numerical_failure(warm, small, tmp_path):
    """Finite in the file, beyond the largest float once squared: no verdict may come of it."""
    huge = {"weights.0": 1e200 * torch.randn(16, 64).double(), "weights.1": 1e200 * torch.randn(1, 16).double()}
    torch.save(huge, tmp_path / "huge.pt")
    for command in ("check", "verify", "measure"):
        end = warm(command, small, *settings("network.checkpoint=huge.pt"), folder=tmp_path)
        assert end.code == 4, (command, end.stdout, end.stderr)
        assert end.stderr.startswith("numerical failure: ")
        assert end.stderr.count("\n") == 1
        assert end.stdout == ""
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "words",
    [
        settings("loss=mean"),
        settings("run.dtype=float32"),
        settings("network.hidden=[8, 8, 8]", "network.bias=true", "network.parametrization=standard"),
        settings("data.labels=one-hot", "data.n=2"),
        settings("data.source=sphere", "data.labels=gaussian", "data.d=5", "data.outputs=2"),
        ["--theorem", "all", *settings("network.activation=relu", "optimizer.eta=0.1")],
        ["--theorem", "LZB22-4"],
        settings("data.n=200", "network.hidden=[1]"),
    ],
    ids=["mean", "float32", "deep", "one-hot", "sphere", "relu-ladder", "no-ball", "more-points-than-weights"],
)
def test_every_kind_of_problem_gets_a_verdict_a_run_and_a_page(warm, small, tmp_path, words):
    end = warm("verify", small, *words, "--out", "run", folder=tmp_path)
    # Theorem D certifies the small network with ReLU.
    assert end.code in ((0,) if "network.activation=relu" in words else (1, 3)), end.stderr
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    report = load(tmp_path / "run/report.json")
    assert {0: "CERTIFIED", 1: "REFUTED", 3: "UNDECIDED"}[end.code] == report["verdict"]
    assert end.stderr.count("\n") == 1, end.stderr
