"""What a study keeps for its page: the spectrum and the PL* ratio of each point, and the limits of each group."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.measure.infinite_width import infinite_width_ntk
from pltheory.study.build import problem_of
from pltheory.study.config import from_tree
from pltheory.study.course import pl_course, starts
from pltheory.study.folder import Study
from pltheory.study.infinite_width import limit_of_lambda_min, limit_spectrum
from pltheory.study.limits import Limit, agreed, limits_of, read_limits, write_limits
from pltheory.study.point import sealed
from pltheory.study.quantities import BUILT_IN
from pltheory.theory import InvalidInputError, NotAvailableError
from tests import small_study


def test_the_spectrum_of_a_point_is_that_of_its_kernel(study_folder):
    for r in Study.read(study_folder).where({"data.n": 3}).records:
        x, _ = pl.datasets.digits(3, labels="low-high")
        net = pl.fully_connected([64, r["width"], 1], seed=r["seed"])
        jacobian = torch.cat([j.flatten(1) for j in _jacobian(net, x)], dim=1)
        expected = torch.linalg.svdvals(jacobian).square().flip(0)
        np.testing.assert_allclose(r["spectrum"], expected.numpy(), rtol=1e-8)
        assert r["spectrum"][0] == pytest.approx(r["lambda_min"], rel=1e-6)


def _jacobian(net, x):
    outputs = net(x)[:, 0]
    rows = [torch.autograd.grad(o, list(net.parameters()), retain_graph=True) for o in outputs]
    return [torch.stack(parts) for parts in zip(*rows, strict=True)]


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_ratio_along_a_run_is_the_pl_ratio_at_its_weights(reduction):
    x, y = pl.datasets.digits(3, labels="low-high")
    problem = pl.Problem(pl.fully_connected([64, 32, 1], seed=0), x, y, reduction)
    report = pl.verify(problem, pl.GradientDescentSettings(eta=0.01), theorem="B", steps=40)
    course = pl_course(report.run)
    net = pl.fully_connected([64, 32, 1], seed=0)
    at = pl.Problem(net, x, y, reduction)
    optimizer, found = torch.optim.SGD(net.parameters(), lr=0.01), []
    for _ in range(len(report.run.trace.grad_norm)):
        found.append(pl.pl_ratio(at).value)
        optimizer.zero_grad()
        at.value().backward()
        optimizer.step()
    edges = [*course["step"], len(found)]
    for k, (start, end) in enumerate(itertools.pairwise(edges)):
        assert course["least"][k] == pytest.approx(min(found[start:end]), rel=1e-6)
        assert course["largest"][k] == pytest.approx(max(found[start:end]), rel=1e-6)
    assert edges[:6] == [0, 1, 2, 3, 4, 5]
    assert course["least"][0] >= float(report.measured.lambda_min.value) * (1 - 1e-9)


def test_runs_of_any_length_have_the_same_blocks():
    assert starts(1) == [0]
    long = starts(10_000)
    assert long == sorted(set(long))
    for steps in (2, 7, 100, 9_999):
        assert starts(steps) == [at for at in long if at < steps]


def test_batches_have_no_ratio_and_a_loss_at_the_floor_of_rounding_has_none():
    x, y = pl.datasets.digits(4, labels="low-high")
    problem = pl.Problem(pl.fully_connected([64, 8, 1], seed=0), x, y)
    settings = pl.GradientDescentSettings(eta=0.01)
    whole = pl.verify(problem, settings, theorem="B", steps=20).run
    assert pl_course(replace(whole, floor=float(whole.trace.loss.max())))["step"] == []
    trace = replace(whole.trace, batch_loss=np.ones(20))
    assert pl_course(replace(whole, trace=trace)) is None


def test_the_limit_of_each_group_is_the_spectrum_of_its_limit_kernel(study_folder):
    study = Study.read(study_folder)
    assert [limit.group for limit in study.limits] == study.groups
    for limit in study.limits:
        x, _ = pl.datasets.digits(limit.group["data.n"], labels="low-high")
        expected = torch.linalg.svdvals(infinite_width_ntk(x, hidden_layers=1, activation="tanh")).flip(0)
        np.testing.assert_allclose(limit.spectrum, expected, rtol=1e-9)
        assert limit.quantities == {"lambda_min": limit.spectrum[0]}
    assert agreed(study.limits) == {"lambda_min": None}
    assert agreed(study.where({"data.n": 3}).limits)["lambda_min"] == study.limits[2].spectrum[0]


def settings(sweep=None, **parts):
    return from_tree({**small_study.TREE, **parts, "sweep": sweep or {"width": [4, 8]}})


def test_the_scale_is_that_of_the_loss_and_outputs_have_equal_blocks():
    parts = {"data": {"source": "digits", "n": 3, "labels": "one-hot"}}
    whole, mean = (limit_spectrum(settings(loss=reduction, **parts)) for reduction in ("sum", "mean"))
    outputs = len(whole) // 3
    assert outputs > 1
    assert len(set(np.round(whole, 12))) == 3
    unit = problem_of(settings(loss="mean", **parts)).unit
    assert unit < 1
    np.testing.assert_allclose(mean, np.array(whole) * unit)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (settings(network={"hidden": [8], "parametrization": "standard"}), "NTK parametrisation"),
        (settings({"data.n": [1, 2]}), "there is not one limit"),
        (settings({"network.hidden": [[4], [4, 4]]}), "there is not one limit"),
        (settings(network={"architecture": "convolutional", "channels": [2]}, sweep={"run.seed": [0]}), "fully conn"),
        (
            settings({"run.seed": [0, 1]}, data={"source": "sphere", "n": 2, "d": 3, "labels": "sign"}),
            "there is not one limit",
        ),
    ],
)
def test_why_no_limit_is_known_is_said(made, why):
    with pytest.raises(NotAvailableError, match=why):
        limit_spectrum(made)
    assert limit_of_lambda_min(made) is None


def test_depths_that_vary_have_a_limit_each():
    found = limits_of(settings({"network.hidden": [[4], [8], [4, 4]]}), BUILT_IN)
    assert [limit.group for limit in found] == [{"depth": 1}, {"depth": 2}]
    assert found[0].spectrum != found[1].spectrum
    assert all(limit.quantities["lambda_min"] == limit.spectrum[0] for limit in found)


def test_limits_of_earlier_commands_stay(tmp_path):
    one, two = (Limit({"data.n": n}, {"lambda_min": None}, [], "not known") for n in (1, 2))
    assert write_limits(tmp_path, "a", [one]) == [one]
    assert write_limits(tmp_path, "a", [two]) == [one, two] == read_limits(tmp_path, "a")
    assert read_limits(tmp_path / "nowhere", "a") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[: len(text) // 2], "limits.json: damaged"),
        (lambda text: "[]", "limits.json: damaged"),
        (lambda text: text.replace('"data.n": 1', '"data.n": 2'), "limits.json: damaged"),
        (lambda text: text.replace("limits/1", "limits/9"), "of schema pltheory-limits/9, this version reads"),
    ],
)
def test_damaged_limits_are_refused_before_anything_is_computed(study_folder, tmp_path, change, said):
    shutil.copytree(study_folder, tmp_path / "s")
    file = tmp_path / "s/limits.json"
    text = change(file.read_text())
    assert text != file.read_text()
    file.write_text(text)
    for call in (lambda: Study.read(tmp_path / "s"), lambda: small_study.made(tmp_path / "s")):
        with pytest.raises(InvalidInputError, match=said):
            call()
    assert file.read_text() == text


def test_limits_of_another_study_are_refused(tmp_path):
    write_limits(tmp_path, "a", [])
    with pytest.raises(InvalidInputError, match="damaged, or of another study"):
        read_limits(tmp_path, "b")


def test_a_record_of_an_earlier_version_is_read_and_of_a_later_one_refused_by_name(study_folder, tmp_path):
    shutil.copytree(study_folder, tmp_path / "s")
    file = sorted((tmp_path / "s/points").iterdir())[0]
    record = json.loads(file.read_text())
    old = {k: v for k, v in record.items() if k not in ("spectrum", "pl_ratio", "sha256")}
    file.write_text(json.dumps(sealed({**old, "schema": "pltheory-point/2"})))
    assert sum("spectrum" not in r for r in Study.read(tmp_path / "s").records) == 1
    file.write_text(json.dumps({**record, "schema": "pltheory-point/99"}))
    with pytest.raises(InvalidInputError, match="of schema pltheory-point/99, this version reads pltheory-point/3"):
        Study.read(tmp_path / "s")


def test_a_part_of_a_study_is_chosen_by_what_varies(study_folder):
    study = Study.read(study_folder)
    part = study.where({"data.n": 3, "width": 64})
    assert [(r["values"]["data.n"], r["width"]) for r in part.records] == [(3, 64)] * 4
    assert [limit.group["data.n"] for limit in part.limits] == [3, 3]
    assert len(study.to_frame()) == 24
    assert {"width", "data.n", "lambda_min", "verdict"} <= {*study.to_frame().columns}
    with pytest.raises(InvalidInputError, match=r"data\.n = 4: no point of this study is there"):
        study.where({"data.n": 4})
