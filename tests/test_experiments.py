"""Experiments run at their small settings, go on where they were stopped, and refuse what is wrong in a line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from experiments import pages
from experiments.__main__ import HERE, NAMES, main
from experiments.collapse import report


def invoke(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("name", NAMES)
def test_the_small_settings_run_and_go_on(name, tmp_path):
    first = invoke(name, "--smoke", "--out", str(tmp_path))
    assert first.exit_code == 0, first.output
    files = sorted(tmp_path.iterdir())
    assert files
    times = [f.stat().st_mtime_ns for f in files]
    files[-1].unlink()
    again = invoke(name, "--smoke", "--out", str(tmp_path))
    assert again.exit_code == 0, again.output
    assert sorted(tmp_path.iterdir()) == files
    assert [f.stat().st_mtime_ns for f in files[:-1]] == times[:-1]


@pytest.mark.slow
def test_the_page_of_collapse_says_what_its_files_say(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "DOCS", tmp_path / "docs")
    (tmp_path / "docs" / "images").mkdir(parents=True)
    made = invoke("collapse", "--smoke", "--out", str(tmp_path / "runs"), "--page")
    assert made.exit_code == 0, made.output
    page = (tmp_path / "docs" / "collapse.md").read_text()
    assert "2 runs, 12 checkpoints" in page
    assert "as stated: holds at every one of 12" in page
    assert "@" not in page
    assert len(list((tmp_path / "docs" / "images").iterdir())) == 2
    # A number above its bound is said.
    path = tmp_path / "runs" / "digits-0.json"
    found = json.loads(path.read_text())
    found["collapse"][-1]["within"] = 2 * found["collapse"][-1]["within_bound"]
    path.write_text(json.dumps(found))
    assert invoke("collapse", "--smoke", "--out", str(tmp_path / "runs"), "--page").exit_code == 0
    assert "as stated: is BROKEN at 1 of 12" in (tmp_path / "docs" / "collapse.md").read_text()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('data = "digits"', 'data = "no-such.npz"', "no-such.npz"),
        ("steps = 60", "", "digits.steps is missing"),
        ('name = "delta-gclip"', 'name = "adam"', "adam"),
        ("linear = [24]", "linear = []", "at least two torch.nn.Linear"),
        ("n = 40", "n = [", "collapse: "),
    ],
)
def test_wrong_settings_are_one_line_and_leave_no_file(old, new, why, tmp_path):
    config, out = tmp_path / "mine.toml", tmp_path / "out"
    text = (HERE / "collapse" / "smoke.toml").read_text()
    assert old in text
    config.write_text(text.replace(old, new))
    said = invoke("collapse", "--config", str(config), "--out", str(out))
    assert said.exit_code == 2
    assert said.output.startswith("Error: collapse: ")
    assert why in said.output
    assert said.output.count("\n") == 1
    assert not out.exists() or not list(out.iterdir())


def test_missing_data_are_said_with_their_package_and_nothing_is_written(tmp_path):
    config, out = tmp_path / "mine.toml", tmp_path / "out"
    text = (HERE / "vae" / "smoke.toml").read_text()
    config.write_text(text.replace('data = "generated"', f'data = "fashion-mnist"\npath = "{tmp_path}"'))
    said = invoke("vae", "--config", str(config), "--out", str(out))
    assert said.exit_code == 2
    assert "train-images-idx3-ubyte" in said.output
    assert "dataset-fashion-mnist" in said.output
    assert said.output.count("\n") == 1
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("vae", "latent = 6", "", "latent is missing"),
        ("vae", "batch = 20", "batch = 0", "batch = 0"),
        ("vae", 'name = "sgd"', 'name = "adamax"', "adamax"),
        ("tuning", "trials = 2", "", "trials is missing"),
        ("tuning", "seeds = [0, 1]", "seeds = [1000]", "tuning_seed = 1000"),
        ("tuning", "lr = [1e-3, 10.0]", "lr = [0.0, 10.0]", "0 < low <= high"),
        ("reproduction", 'network = "kan"', 'network = "gan"', "gan"),
    ],
)
def test_wrong_settings_are_refused(name, old, new, why, tmp_path):
    config, out = tmp_path / "mine.toml", tmp_path / "out"
    text = (HERE / name / "smoke.toml").read_text()
    assert old in text
    config.write_text(text.replace(old, new))
    said = invoke(name, "--config", str(config), "--out", str(out))
    assert said.exit_code == 2
    assert why in said.output
    assert said.output.count("\n") == 1


def made_page(name, tmp_path, monkeypatch):
    """The page of an experiment from its small settings."""
    monkeypatch.setattr(pages, "DOCS", tmp_path / "docs")
    (tmp_path / "docs" / "images").mkdir(parents=True, exist_ok=True)
    made = invoke(name, "--smoke", "--out", str(tmp_path / "runs"), "--page")
    assert made.exit_code == 0, made.output
    text = (tmp_path / "docs" / f"{name}.md").read_text()
    assert "@" not in text
    return text


@pytest.mark.slow
def test_the_page_of_the_autoencoder_says_what_its_files_say(tmp_path, monkeypatch):
    text = made_page("vae", tmp_path, monkeypatch)
    assert "10 runs, 300 steps" in text
    assert "delta never mattered" in text
    for path in (tmp_path / "runs").glob("sgd-*.json"):
        found = json.loads(path.read_text())
        found["test"][-1] = 0.5
        path.write_text(json.dumps(found))
    assert "**SGD < " in made_page("vae", tmp_path, monkeypatch)


@pytest.mark.slow
def test_the_page_of_the_switches_tells_gclips_run_from_another(tmp_path, monkeypatch):
    text = made_page("reproduction", tmp_path, monkeypatch)
    assert "is GClip's run to the last digit" in text
    assert "AttributeError: 'NoneType'" in text
    path = tmp_path / "runs" / "floor-gclip-0.json"
    found = json.loads(path.read_text())
    found["train"][-1] *= 1.01
    path.write_text(json.dumps(found))
    assert "differs from GClip's run" in made_page("reproduction", tmp_path, monkeypatch)


@pytest.mark.slow
def test_the_page_of_tuning(tmp_path, monkeypatch):
    text = made_page("tuning", tmp_path, monkeypatch)
    assert "48 trials and 48 runs, 0 of them diverged" in text


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("local_clipping", "every = 4", "every = 3", "speedup.every = 3: allowed are multiples of every interval"),
        ("local_clipping", "gamma = 1.0", "", "speedup.gamma is missing"),
        ("noise", "draws = 110", "", "digits.draws is missing"),
    ],
)
def test_what_the_experiments_on_noise_and_workers_lack_is_one_line(name, old, new, why, tmp_path):
    config, out = tmp_path / "mine.toml", tmp_path / "out"
    text = (HERE / name / "smoke.toml").read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))
    said = invoke(name, "--config", str(config), "--out", str(out))
    assert said.exit_code == 2
    assert said.output.splitlines()[-1].startswith(f"Error: {name}: {why}")
    assert not list(out.iterdir())


def test_a_page_of_somebody_else_is_not_written_over(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "DOCS", tmp_path / "docs")
    (tmp_path / "docs" / "images").mkdir(parents=True)
    theirs = tmp_path / "docs" / "vae.md"
    theirs.write_text("# Another page")
    made = invoke("vae", "--smoke", "--out", str(tmp_path / "runs"), "--page")
    assert made.exit_code == 2
    assert "another page" in made.output
    assert theirs.read_text() == "# Another page"
    assert not list((tmp_path / "docs" / "images").iterdir())


def test_what_was_not_run_has_no_page(tmp_path):
    made = invoke("resnet18", "--smoke", "--out", str(tmp_path), "--page")
    assert made.exit_code == 2
    assert "no page" in made.output
