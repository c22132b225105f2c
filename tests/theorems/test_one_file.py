"""A ball theorem is one file: a package brings one, and search, proof, run, report and contract follow from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pltheory.optim.delta_gclip import DeltaGClipSettings
from pltheory.theorems.guard import theorem_of
from pltheory.theory.verdict import Verdict
from pltheory.verification.contract import Sample, TheoremContract, near_solution
from tests.theorems.installed import install

SOURCE = '''
"""Theorem A, asked for a ball twice as large as it needs: true, and weaker."""

from pltheory.theorems.ball import UniformTheorem
from pltheory.theorems.hypotheses import CLIPPED, POSITIVE, SMOOTH, STEP, fits_into_ball
from pltheory.theory.formulas import radius_sharp


class TwiceTheBall(UniformTheorem):
    id, title = "A-twice", "Theorem A with room to spare"
    citation, conclusion = "a test", "as Theorem A"
    hypotheses = (SMOOTH, POSITIVE, CLIPPED, STEP, fits_into_ball("R > 2 sqrt(2 L_0 / mu) / (1 - beta eta / 2)"))

    @staticmethod
    def formula(loss, mu, beta, eta, ops):
        return 2 * radius_sharp(loss, mu, beta, eta, ops)
'''
CONFIG = """
network.hidden = [30_000]
data = { source = "sphere", n = 2, d = 10, labels = "sign" }
optimizer = { eta = "0.1/beta", gamma = 0.5, delta = 0.1 }
theorem.name = "A-twice"
run.steps = 300
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = install(tmp_path / "own", "own-ball", {"A-twice": "own_ball:TwiceTheBall"}, {"own_ball": SOURCE})
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.mark.slow
def test_the_command_line_proves_it_and_holds_the_run_against_it(tmp_path: Path, package: Path) -> None:
    (tmp_path / "twice.toml").write_text(CONFIG, encoding="utf-8")
    path = os.pathsep.join([str(Path(__file__).parents[2]), str(package)])
    found = subprocess.run(
        [sys.executable, "-m", "pltheory", "verify", "twice.toml", "--json"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    report = json.loads(found.stdout)
    (said,) = report["theorems"]
    assert (report["verdict"], report["evidence"]) == ("CERTIFIED", "agrees")
    assert said["origin"].startswith("own-ball 1.0")
    radius = said["hypotheses"][-1]
    assert radius["needed"]["round_off_counted"]
    assert radius["measured"]["value"] > radius["needed"]["value"] > 0
    assert "path length within the certified radius" in report["run"]["checked_every_step"]


@pytest.mark.slow
def test_it_keeps_the_contract(package: Path) -> None:
    mine = theorem_of("A-twice")

    class Contract(TheoremContract):
        def candidate(self):
            return mine

        def applies(self):
            rule = DeltaGClipSettings(eta="0.5/beta", gamma=1e-6, delta=0.2)
            return Sample("near a solution", near_solution(8, 1e-5), rule)

    for check in (name for name in dir(TheoremContract) if name.startswith("test_")):
        getattr(Contract(), check)()


def test_it_asks_for_twice_the_radius_of_theorem_a(package: Path) -> None:
    from pltheory.theorems.measured import measure
    from tests.by_name import check

    at = measure(near_solution(64, 1e-4))
    rule = DeltaGClipSettings(eta="0.5/beta", gamma=1.0, delta=0.2)
    mine, known = check(at, rule, theorem_of("A-twice").theorem), check(at, rule, "A")
    assert mine.verdict is known.verdict is Verdict.HOLDS
    assert mine.ball_constants.ratio == pytest.approx(known.ball_constants.ratio / 2, rel=1e-2)
