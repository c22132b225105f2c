"""Configurations: parsing, round trip, overrides, resolution of paths."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from pltheory.problem.data import FILE_OPTIONS, named
from pltheory.study.build import data_of, problem_of, settings_of
from pltheory.study.config import from_tree, read_config, set_dotted, with_values
from pltheory.study.store import config_hash
from pltheory.theory import InvalidInputError

TEXT = """
[network]
hidden = [16, 8]
[data]
source = "digits"
n = 4
[optimizer]
eta = "0.5/beta"
gamma = 2
delta = 0.25
[sweep]
run.seed = [0, 1]
"""
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


def test_defaults_are_the_documented_ones():
    config = read_config(TEXT)
    assert (config.level, config.loss, config.theorem.name) == ("certified", "sum", "best")
    n = config.network
    assert (n.activation, n.parametrization, n.bias, n.output_init) == ("tanh", "ntk", False, "gaussian")
    r = config.run
    assert (r.steps, r.target, r.seed, r.device, r.dtype) == (2000, 1e-12, 0, "auto", "float64")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_is_a_configuration(path):
    config = read_config(path.read_text(encoding="utf-8"), folder=path.parent)
    assert settings_of(config).name == config.optimizer.name
    assert data_of(config).n == config.data.n


def test_round_trip_through_a_tree_is_exact():
    config = read_config(TEXT)
    assert from_tree(config.model_dump()) == config


def test_with_values_replaces_dotted_keys_and_drops_the_sweep():
    config = read_config(TEXT)
    other = with_values(config, {"network.hidden": [32], "level": "holds", "run.seed": 7})
    assert (other.network.hidden, other.level, other.run.seed, other.sweep) == ([32], "holds", 7, {})
    assert other.optimizer == config.optimizer
    assert config.network.hidden == [16, 8], "the first is left as it is"
    with pytest.raises(InvalidInputError, match=r"network\.hiden: unknown key; did you mean 'hidden'"):
        with_values(config, {"network.hiden": [32]})


def test_what_is_wrong_is_said_before_what_is_missing():
    with pytest.raises(InvalidInputError, match=r"^hiden: unknown key"):
        read_config("hiden = 3")


def test_overrides_are_toml_and_text_where_they_are_not():
    config = read_config(
        TEXT, ["network.activation=erf", "network.hidden=[3]", 'data.source="digits"', "run.target=1e-6"]
    )
    assert (config.network.activation, config.network.hidden, config.run.target) == ("erf", [3], 1e-6)
    spaced = read_config(TEXT, [" run.seed = 5"])
    assert spaced.run.seed == 5


def test_an_override_may_begin_a_section():
    assert read_config(TEXT, ["theorem.name=A"]).theorem.name == "A"


def test_set_dotted_refuses_a_value_as_a_section():
    tree = {"run": {"seed": 1}}
    set_dotted(tree, "run.steps", 3)
    assert tree == {"run": {"seed": 1, "steps": 3}}
    with pytest.raises(InvalidInputError, match=r"run\.seed\.x: seed is not a section"):
        set_dotted(tree, "run.seed.x", 3)


def test_the_hash_knows_the_configuration_and_not_its_sweep_or_the_order_of_its_keys():
    config = read_config(TEXT)
    same = read_config("[sweep]\nrun.seed = [5]\n" + TEXT.replace("[sweep]\nrun.seed = [0, 1]\n", ""))
    reordered = read_config(TEXT.replace("gamma = 2\ndelta = 0.25", "delta = 0.25\ngamma = 2"))
    assert config_hash(config) == config_hash(same) == config_hash(reordered)
    changes = {
        "network.hidden": [16, 9],
        "network.bias": True,
        "data.n": 5,
        "optimizer.eta": "0.6/beta",
        "run.seed": 1,
        "run.dtype": "float32",
        "theorem.name": "A",
        "loss": "mean",
    }
    hashes = {config_hash(with_values(config, {key: value})) for key, value in changes.items()}
    assert len(hashes | {config_hash(config)}) == len(changes) + 1


def test_relative_paths_start_at_the_configuration(tmp_path):
    (tmp_path / "points.csv").write_text("1,2,0\n", encoding="utf-8")
    (tmp_path / "digits").mkdir()
    config = read_config(TEXT, ["data.source=points.csv", "network.checkpoint=w.pt"], folder=tmp_path)
    assert config.data.source == str(tmp_path / "points.csv")
    assert config.network.checkpoint == str(tmp_path / "w.pt")
    assert config.sweep == {"run": {"seed": [0, 1]}}
    assert read_config(TEXT, folder=tmp_path).data.source == "digits"


def test_every_option_of_a_data_source_is_a_key(tmp_path):
    (tmp_path / "points.csv").write_text("1,2,0,1\n2,1,1,0\n3,3,0,0\n", encoding="utf-8")
    config = read_config(TEXT, ["data.source=points.csv", "data.n=3", "data.target_columns=2"], folder=tmp_path)
    assert data_of(config).y.shape == (3, 2)
    here = read_config(TEXT, ["data.path=images", "data.label_file=labels"], folder=tmp_path).data
    assert (here.path, here.label_file) == (str(tmp_path / "images"), str(tmp_path / "labels"))
    # `shape` says of images what `flat` says, and more.
    options = set(inspect.signature(named).parameters) - {"seed", "dtype", "of_file", "flat"} | set(FILE_OPTIONS)
    options.add("shape")
    assert options == set(type(config.data).model_fields)


def test_a_step_rule_takes_its_own_keys_only():
    for name, keys, missing in (("delta-gclip", {"gamma": 1.0}, "delta"), ("gclip", {}, "gamma")):
        config = from_tree(
            {
                "network": {"hidden": [3]},
                "data": {"source": "digits", "n": 1},
                "optimizer": {"name": name, "eta": 0.1, **keys},
            }
        )
        with pytest.raises(InvalidInputError, match=f"optimizer.{missing}: missing; {name} needs it"):
            settings_of(config)


def test_the_seed_draws_network_and_sphere_alike():
    text = TEXT.replace('"digits"', '"sphere"').replace("n = 4", "n = 4\nd = 5")
    a, b, c = (problem_of(read_config(text, [f"run.seed={s}"])) for s in (0, 0, 1))
    assert a.x.equal(b.x)
    assert all(p.equal(q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not a.x.equal(c.x)
    assert not next(a.parameters()).equal(next(c.parameters()))
