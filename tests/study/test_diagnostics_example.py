"""The example package of diagnostic quantities: installed, swept, and held against a run of its own."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.study.folder import Study
from pltheory.study.quantities import GROUP
from tests.cli.program import finding
from tests.theorems.installed import install

EXAMPLE = Path(__file__).parents[2] / "examples/diagnostics"


def package(folder: Path) -> Path:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    (module,) = project["tool"]["setuptools"]["py-modules"]
    source = (EXAMPLE / f"{module}.py").read_text(encoding="utf-8")
    about = project["project"]
    return install(folder, about["name"], about["entry-points"][GROUP], {module: source}, GROUP)


def descent(width: int, eta: float, steps: int) -> tuple[list[float], list[float], float, float]:
    """Losses, PL* ratios, distance and norm of the start, of gradient descent written out."""
    x, y = pl.datasets.digits(4, labels="low-high")
    net = pl.fully_connected([64, width, 1], parametrization="standard", seed=0)
    start = torch.cat([p.detach().flatten() for p in net.parameters()])
    losses, ratios = [], []
    for _ in range(steps):
        loss = 0.5 * (net(x) - y).square().sum()
        grads = torch.autograd.grad(loss, list(net.parameters()))
        value = float(loss.detach())
        losses.append(value)
        ratios.append(sum(float(g.square().sum()) for g in grads) / (2 * value))
        with torch.no_grad():
            for p, g in zip(net.parameters(), grads, strict=True):
                p -= eta * g
    end = torch.cat([p.detach().flatten() for p in net.parameters()])
    return losses, ratios, float((end - start).norm()), float(start.norm())


@pytest.mark.slow
def test_its_quantities_are_those_of_the_run(warm, tmp_path):
    words = ["sweep", str(EXAMPLE / "digits.toml"), "--out", "s"]
    for change in (
        "data.n=4",
        "run.steps=40",
        "sweep.width=[8,16]",
        "sweep.run.seed=[0]",
        "sweep.optimizer.eta=[0.002]",
    ):
        words += ["--set", change]
    end = warm(*words, folder=tmp_path, before=finding(package(tmp_path / "package")))
    assert end.code == 0, end.stderr
    records = Study.read(tmp_path / "s").records
    assert [r["width"] for r in records] == [8, 16]
    for r in records:
        losses, ratios, moved, norm = descent(r["width"], 0.002, 40)
        assert r["parameter_drift"] == pytest.approx(moved, rel=1e-6)
        assert r["relative_drift"] == pytest.approx(moved / norm, rel=1e-6)
        assert r["pl_least"] == pytest.approx(min(ratios), rel=1e-6)
        assert r["pl_over_gap"] == pytest.approx(min(ratios) / r["lambda_min"], rel=1e-6)
        assert r["decay_rate"] == pytest.approx(-np.polyfit(range(20, 40), np.log(losses[20:]), 1)[0], rel=0.1)
        assert 0.9 < r["decay_fit"] <= 1


@pytest.mark.parametrize("name", ["digits", "fashion", "lazy"])
def test_its_configurations_are_read(name):
    """Two steps by five widths by three seeds; the lazy one without the steps."""
    from pltheory.study.config import read_config
    from pltheory.study.grid import grid

    points = grid(read_config((EXAMPLE / f"{name}.toml").read_text(encoding="utf-8")))
    assert len(points) == (18 if name == "lazy" else 30)
    widths = {config.network.hidden[0] for _, config in points}
    assert all(math.log2(w).is_integer() for w in widths)
