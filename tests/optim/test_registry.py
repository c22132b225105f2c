"""Step rules by name, and those that packages declare as entry points: found, guarded, used from a configuration."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

import pltheory as pl
from pltheory.optim import guard, known, registry
from pltheory.optim.registry import BUILT_IN, GROUP, has_certificates, names, origin, require_rule, rule
from pltheory.runs.loop import Reason
from pltheory.study.build import settings_of
from pltheory.study.config import from_tree, read_config
from pltheory.theory import ExtensionError, InvalidInputError, NotAvailableError
from pltheory.theory.verdict import Verdict
from pltheory.verification.contract import near_solution
from pltheory.verification.evidence import Evidence
from tests.theorems.installed import install

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "own_rule"
SOURCE = (EXAMPLE / "normalised.py").read_text(encoding="utf-8")
CONFIG = (EXAMPLE / "normalised.toml").read_text(encoding="utf-8")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Packages on this process' path, forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def forget():
        registry._of_package.cache_clear()
        known.origin_of_name.cache_clear()

    def make(source=SOURCE, points=None, name="someone"):
        module = f"rule_{name.replace('-', '_')}"
        install(tmp_path, name, points or {"normalised": f"{module}:Normalised"}, {module: source}, GROUP)
        forget()

    yield make
    forget()
    for module in set(sys.modules) - before:
        if module.startswith("rule_"):
            del sys.modules[module]


def pltheory(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{ROOT}{os.pathsep}{folder}"
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    command = [sys.executable, "-c", "from pltheory.cli import main; main()", *arguments]
    # Not in the folder: Python would find the package there whatever its path says.
    return subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, text=True, check=False)


def test_a_name_stands_for_itself():
    assert names() == [kind.name for kind in BUILT_IN] == ["delta-gclip", "gclip", "gd"]
    for kind in BUILT_IN:
        made = kind(eta=0.1)
        assert rule(kind.name) is kind
        assert origin(made) is None
        assert has_certificates(made)
        assert kind.words
        assert all(hasattr(made, key) for key in kind.keys)


@pytest.mark.parametrize(
    "made",
    [
        pl.DeltaGClipSettings(eta=0.1, gamma=0.5, delta=0.2),
        pl.GClipSettings(eta=0.1, gamma=3e4),
        pl.GradientDescentSettings(eta=0.1),
    ],
)
def test_the_rules_of_this_project_pass_the_same_checks(made):
    guard._Guard(made, made.name).all()
    p = torch.nn.Parameter(torch.tensor([3.0, 4.0], dtype=torch.float64))
    optimizer = made.optimizer([p], 0.1)
    p.grad = p.detach().clone()
    norm, size = guard.step(made, optimizer)
    assert float(norm) == 5.0
    assert float(size) == pytest.approx(made.step_size(0.1, 5.0), rel=1e-15)


@pytest.mark.slow
def test_it_runs_from_a_configuration_and_is_held_against_its_own_rule(tmp_path):
    """The whole package is one module and its entry point; nothing of this project changes."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = tmp_path / "site"
    install(folder, project["name"], project["entry-points"][GROUP], {"normalised": SOURCE}, GROUP)
    config = tmp_path / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    done = pltheory(folder, "verify", str(config), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (said["verdict"], said["evidence"]) == ("HOLDS", "agrees")
    assert said["optimizer"] == {
        "name": "normalised", "eta": "0.5/beta", "delta": 0.2, "floor": 0.2,
        "origin": "pltheory-normalised 1.0 (normalised:Normalised)",
    }  # fmt: skip
    (main,) = said["theorems"]
    rows = {row["name"]: row for row in main["hypotheses"]}
    assert rows["h_t in [eta delta, eta]"]["verdict"] == "HOLDS"
    assert rows["h_t in [eta delta, eta]"]["how"].startswith("as declared by pltheory-normalised 1.0")
    held = [row["name"] for row in said["run"]["reported_against_measured"]]
    assert held[0].startswith("step rule of normalised")
    assert "declared floor of normalised, eta delta(||g_t||) <= h_t" in held
    trace = np.genfromtxt(tmp_path / "out" / "trace.csv", delimiter=",", names=True)
    g, h, eta = trace["grad_norm"][:-1], trace["step_size"][:-1], main["promise"]["eta"]
    np.testing.assert_allclose(h, eta * np.maximum(0.2, 1 / (1 + g)), rtol=1e-15)
    assert h.min() < 0.9 * h.max(), "the rule steps as gradient descent here, and nothing was tested"
    assert "Run of normalised" in done.stdout


def test_certified_is_not_reached_and_a_certificate_is_refused(package):
    package()
    settings = rule("normalised")(eta="0.5/beta", delta=0.2)
    problem = near_solution(8, 1e-4)
    for name in ("A", "A'", "B"):
        report = pl.verify(problem, settings, theorem=name, steps=0)
        assert report.verdict is Verdict.HOLDS, name
        assert report.main.certificate is None
        assert "proofs speak of delta-gclip, gclip and gd, not of normalised" in report.main.shortfall
        with pytest.raises(NotAvailableError, match="proofs speak of delta-gclip, gclip and gd, not of normalised"):
            pl.certify(problem, settings, theorem=name)


def test_a_theorem_that_does_not_speak_of_it_is_undecided(package):
    package()
    settings = rule("normalised")(eta="0.5/beta", delta=0.2)
    ladder = {r.theorem.id: r for r in pl.verify(near_solution(8, 1e-4), settings, theorem="all", steps=0).ladder}
    for name in ("B+", "D", "LZB22-4", "LZB22-6"):
        assert ladder[name].verdict is Verdict.UNDECIDED, name
        assert "normalised" in ladder[name].shortfall
    assert all(r.verdict.rank <= Verdict.HOLDS.rank for r in ladder.values())


def test_a_theorem_of_a_package_may_name_it(package):
    from pltheory.theorems.answer import answer
    from pltheory.theorems.hypotheses import POSITIVE
    from pltheory.theorems.measured import measure
    from pltheory.theorems.protocol import Question, Theorem

    class Own(Theorem):
        id, title, citation, conclusion = "OWN", "own", "nobody", "nothing"
        hypotheses = (POSITIVE,)

    class Named(Own):
        rules = ("normalised",)

    package()
    settings = rule("normalised")(eta=0.01)
    question = Question(measure(near_solution(8, 1e-4)), settings, rigorous=False)
    assert answer(Own(), question).verdict is Verdict.UNDECIDED
    assert answer(Named(), question).verdict.rank >= Verdict.HOLDS.rank


def test_without_a_floor_it_is_undecided(package):
    nothing = SOURCE.replace("return max(self.delta, 1 / (1 + grad_bound))", "return 0.0")
    package(nothing.replace("return self.delta\n", "return 0.0\n"))
    report = pl.verify(near_solution(8, 1e-4), rule("normalised")(eta=0.01), theorem="A", steps=20)
    assert report.verdict is Verdict.UNDECIDED
    assert "no floor of the steps above 0 is known" in report.main.rows[2].how
    assert report.evidence is Evidence.EMPIRICAL


def test_a_floor_that_is_a_lie_between_the_points_of_the_grid_is_found_by_the_run(package):
    """The guard looks at powers of sqrt(2); a run passes between them."""
    lie = "eta * ops.maximum(self.delta, 1 / (1 + grad_norm)) * dip(grad_norm)"
    more = """
import math
import numpy as np
import torch


def dip(g):
    log = 2 * (g.log2() if isinstance(g, torch.Tensor) else np.log2(g))
    near = abs(log - (log.round() if isinstance(log, torch.Tensor) else np.round(log)))
    far = near > 1e-9
    return 1.0 - 0.99 * (far.double() if isinstance(far, torch.Tensor) else far)
"""
    honest = "eta * ops.maximum(self.delta, 1 / (1 + grad_norm))"
    package(SOURCE.replace(honest, lie) + more)
    report = pl.verify(near_solution(8, 1e-4), rule("normalised")(eta=0.01, delta=0.5), theorem="A", steps=20)
    assert report.evidence is Evidence.CONTRADICTS
    assert "declared floor" in report.run.violation.inequality


CONTRADICTIONS = {
    "longer than eta": ("1 / (1 + grad_norm)", "2 / (1 + grad_norm)", "step_size() exceeds eta"),
    "negative": ("eta * ops.maximum(self.delta, 1 / (1 + grad_norm))", "eta * (1 - grad_norm)", "negative or NaN"),
    "floor above the step": ("return self.delta\n", "return 2 * self.delta\n", "floor = 0.2 is above the step"),
    "floor above one": ("return self.delta\n", "return 1.5\n", "is no number in [0, 1]"),
    "floor no number": ("return self.delta\n", "return 'low'\n", "is no number in [0, 1]"),
    "floor NaN": ("return self.delta\n", "return float('nan')\n", "is no number in [0, 1]"),
    "floor on a bound": ("1 / (1 + grad_bound)", "2 / (2 + grad_bound)", "delta_on() is above a step"),
    "not in proportion": ("eta * ops.maximum", "min(eta, 1.0) * ops.maximum", "is not in proportion to eta"),
    "another array": ("ops.maximum(self.delta, 1 / (1 + grad_norm))", "1 / (1 + max(map(float, [grad_norm])))", ""),
    "not an array": ("return eta * ops", "return 1.0 if hasattr(grad_norm, 'shape') else eta * ops", "is no array"),
    "fails": ("1 / (1 + grad_norm)", "1 / (1 + grad_norm.not_there)", "failed: AttributeError"),
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_a_rule_that_contradicts_itself_is_refused_in_one_line(package, what):
    old, new, why = CONTRADICTIONS[what]
    assert old in SOURCE
    package(SOURCE.replace(old, new))
    settings = rule("normalised")(eta=0.1)
    with pytest.raises(ExtensionError) as caught:
        require_rule(settings)
    message = str(caught.value)
    assert message.startswith("step rule 'normalised' of someone 1.0 (rule_someone:Normalised)")
    assert why in message
    assert "\n" not in message


DESCRIPTIONS = {
    "not frozen": ("@dataclass(frozen=True)\nclass Norm", "@dataclass(frozen=False)\nclass Norm", ""),
    "no dataclass": ("@dataclass(frozen=True)\nclass Norm", "class Norm", "write @dataclass(frozen=True)"),
    "a multiple of its own": ("    def check", "    multiple = 3.0\n\n    def check", "overrides multiple"),
    "looks at nothing": (
        "    def check",
        "    def __post_init__(self):\n        pass\n\n    def check",
        "__post_init__",
    ),
    "another name": ('name = "normalised"', 'name = "normal"', "calls itself 'normal'"),
    "no name": ('name = "normalised"', 'name = "Normalised rule"', "is not of small letters"),
    "no words": ("words = ", "said = ", "words is not a line of text"),
    "other keys": ('keys = ("delta",)', 'keys = ("gamma",)', "are not its fields beside eta"),
    "no formula": ("def step_size", "def step", "no step_size() of its own"),
    "units": ('keys = ("delta",)', 'keys = ("delta",)\n    units = 1e30', "units = 1e+30"),
    "no settings": ("class Normalised(StepSettings)", "class Normalised", ""),
    "not there": ("class Normalised", "class Other", "cannot be loaded"),
}


@pytest.mark.parametrize("what", DESCRIPTIONS)
def test_what_is_no_step_rule_is_refused_in_one_line(package, what):
    old, new, why = DESCRIPTIONS[what]
    assert old in SOURCE
    package(SOURCE.replace(old, new))
    with pytest.raises(ExtensionError) as caught:
        rule("normalised")
    assert str(caught.value).startswith("step rule 'normalised' of someone 1.0")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_check_that_fails_is_an_error_that_names_the_package(package):
    package(SOURCE.replace("if not 0 < self.delta <= 1", "if self.delta > self.not_there"))
    with pytest.raises(ExtensionError, match=r"step rule 'normalised' of someone .* failed: AttributeError"):
        settings_of(read_config(CONFIG))
    made = object.__new__(rule("normalised"))
    made.__dict__.update(eta=0.1, delta=0.5)
    with pytest.raises(ExtensionError, match=r"step rule 'normalised' of someone .* failed: AttributeError"):
        require_rule(made)


def test_names_of_this_project_stay_and_two_packages_cannot_share_one(package):
    package(points={"gd": "rule_someone:Normalised"})
    assert rule("gd") is pl.GradientDescentSettings
    assert names() == ["delta-gclip", "gclip", "gd"]
    package(name="one")
    package(name="two")
    with pytest.raises(InvalidInputError, match=r"claimed by .* and by "):
        rule("normalised")


def test_only_the_class_that_is_installed_is_taken(package):
    package()
    kind = rule("normalised")
    require_rule(kind(eta=0.1))
    with pytest.raises(InvalidInputError, match="is no step rule"):
        require_rule(type("Normalised", (kind,), {})(eta=0.1))
    behind = kind(eta=0.1)
    object.__setattr__(behind, "delta_on", lambda bound: 1.0)
    with pytest.raises(InvalidInputError, match="is no step rule"):
        require_rule(behind)
    changed = kind(eta=0.1)
    object.__setattr__(changed, "delta", 2.0)
    with pytest.raises(InvalidInputError, match=r"optimizer\.delta = 2\.0"):
        require_rule(changed)
    object.__setattr__(changed, "delta", math.nan)
    with pytest.raises(InvalidInputError, match=r"optimizer\.delta = nan"):
        require_rule(changed)


def test_nothing_is_loaded_before_it_is_asked_for(package):
    package(points={"normalised": "rule_not_there:Normalised"})
    config = read_config(CONFIG)
    assert names() == ["delta-gclip", "gclip", "gd", "normalised"]
    with pytest.raises(ExtensionError, match=r"step rule 'normalised' of someone 1.0 .* cannot be loaded"):
        settings_of(config)


def test_its_keys_are_those_that_it_declares(package):
    package()
    assert settings_of(read_config(CONFIG)) == rule("normalised")(eta="0.5/beta", delta=0.2)
    config = read_config(CONFIG)
    assert from_tree(config.model_dump()) == config
    with pytest.raises(InvalidInputError, match=r"optimizer\.delta: missing; normalised needs it"):
        settings_of(read_config(CONFIG.replace("delta = 0.2", "")))
    with pytest.raises(InvalidInputError, match=r"optimizer\.cut = 1\.0: normalised has no cut"):
        settings_of(read_config(CONFIG, ["optimizer.cut=1"]))
    with pytest.raises(InvalidInputError, match=r"optimizer\.cut = 'low': must be a number"):
        read_config(CONFIG, ["optimizer.cut=low"])
    with pytest.raises(InvalidInputError, match=r"optimizer\.delta = 3\.0: must lie in \(0, 1\]"):
        settings_of(read_config(CONFIG, ["optimizer.delta=3.0"]))
    with pytest.raises(InvalidInputError, match=r"should be 'delta-gclip', 'gclip', 'gd' or 'normalised'"):
        read_config(CONFIG, ["optimizer.name=adam"])


def test_an_optimizer_that_does_not_say_what_it_did_is_an_error(package):
    own = """
    def optimizer(self, params, eta):
        import torch
        return torch.optim.SGD(params, lr=eta)
"""
    package(SOURCE + own)
    with pytest.raises(ExtensionError, match=r"step rule 'normalised' of someone .* failed: AttributeError"):
        pl.verify(near_solution(8, 1e-4), rule("normalised")(eta=0.01), theorem="A", steps=5)


def test_an_optimizer_that_steps_otherwise_than_its_formula_contradicts(package):
    own = """
    def optimizer(self, params, eta):
        from pltheory.optim import GradientDescent
        return GradientDescent(params, lr=eta)
"""
    package(SOURCE + own)
    report = pl.verify(near_solution(8, 1e-1), rule("normalised")(eta=0.01), theorem="A", steps=20)
    assert report.run.reason is Reason.NOT_THE_RULE
    assert report.run.violation.inequality.startswith("step rule of normalised")
