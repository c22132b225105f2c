"""What a user imports: every name resolves, is documented, and works as the documentation says."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

import pltheory as pl
from pltheory.theorems.ladder import LADDER
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.public_api import RECORD, lines

# The first forward-mode derivative makes torch import parts of itself that call what it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")

TREE = ast.parse(Path(pl.__file__).read_text(encoding="utf-8"))


def checked_imports() -> dict[str, tuple[str, str]]:
    """What the block for type checkers imports: name -> (module below pltheory, name there)."""
    (block,) = [n for n in TREE.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    found = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        assert statement.level == 1
        for alias in statement.names:
            found[alias.asname or alias.name] = (statement.module or "", alias.name)
    return found


def test_every_public_name_is_what_type_checkers_are_told():
    told = checked_imports()
    assert sorted(told) == sorted(pl.__all__)
    for name, (module, there) in told.items():
        full = f"pltheory.{module}".rstrip(".")
        try:
            expected = getattr(__import__(full, fromlist=[there]), there)
        except AttributeError:
            expected = __import__(f"{full}.{there}", fromlist=["_"])
        assert getattr(pl, name) is expected, name


def test_public_names_and_their_arguments_are_those_of_the_record():
    """After a change that is meant: `python -m tests.public_api`, and a line in CHANGELOG.md."""
    assert lines() == RECORD.read_text(encoding="utf-8").splitlines()


def test_all_and_dir_agree_and_hold_no_name_twice():
    assert len(set(pl.__all__)) == len(pl.__all__)
    assert dir(pl) == sorted(pl.__all__)
    for name in pl.__all__:
        assert not name.startswith("_")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'certainty'"):
        _ = pl.certainty


@pytest.mark.parametrize("name", pl.__all__)
def test_every_public_name_has_a_docstring_of_its_own(name):
    it = getattr(pl, name)
    assert it.__doc__, name
    assert len(it.__doc__.strip()) > 20
    if inspect.isclass(it):
        assert not it.__doc__.startswith(f"{name}("), "made by dataclass, not written"
        for method, value in vars(it).items():
            if not method.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{method}"
    if isinstance(it, ModuleType):
        for inner, value in vars(it).items():
            if not inner.startswith("_") and getattr(value, "__module__", "").startswith("pltheory"):
                assert value.__doc__, f"{name}.{inner}"


@pytest.mark.parametrize("module", ["pltheory", "pltheory.theory", "pltheory.rechecker.statements", "pltheory.cli"])
def test_the_mathematics_is_imported_without_torch(module):
    code = f"import sys, {module}; sys.exit(any(m in sys.modules for m in ('torch', 'scipy', 'matplotlib', 'sympy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_star_import_brings_every_name():
    names: dict[str, object] = {}
    exec("from pltheory import *", names)
    assert set(pl.__all__) <= set(names)


def problem(width: int = 2000, n: int = 2) -> pl.Problem:
    x, y = pl.datasets.sphere(n=n, d=10, labels="sign", seed=0)
    net = pl.fully_connected([10, width, 1], activation="tanh", parametrization="ntk", seed=0, dtype=torch.float64)
    return pl.Problem(net, x, y)


def test_the_documented_measurements():
    prob = problem(width=300, n=4)
    net, x = prob.network, prob.x
    assert (tuple(x.shape), tuple(prob.y.shape)) == ((4, 10), (4, 1))
    kernel = pl.empirical_ntk(net, x)
    assert tuple(kernel.shape) == (4, 4)
    low, high = pl.lambda_min(kernel), pl.lambda_max(kernel)
    assert isinstance(low, pl.Bound)
    assert 0 < low.at_least() < high.at_most()
    norms = pl.hessian_norm(net, x)
    assert (len(norms), len(norms[0])) == (4, 1)
    assert norms[0][0].value.kind == "lower"
    assert low.value <= pl.pl_ratio(prob).value * (1 + 1e-9)
    assert pl.loss_hessian_norm(prob).value.value > 0
    lin = pl.linearize(net, x)
    assert torch.allclose(lin.kernel, kernel)
    assert torch.allclose(lin.outputs, net(x))
    profile = pl.profile(lin, float(prob.residual().detach().norm()))
    assert profile.sig[0] ** 2 == pytest.approx(low.value)
    assert pl.attack_lambda_min(prob, 0.1, steps=3).value.value < low.value
    assert pl.attack_pl_ratio(prob, 0.1, steps=3).value.value < pl.pl_ratio(prob).value


def test_the_documented_collapse():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(10, 20), torch.nn.ReLU(), torch.nn.Linear(20, 8), torch.nn.Linear(8, 2))
    x, _ = pl.datasets.sphere(n=6, d=10, seed=0)
    prob = pl.Problem(net.double(), x, torch.arange(6) % 2)
    found = pl.collapse(prob)
    assert 0 < found.within <= found.within_bound_apart <= found.within_bound
    trace = pl.collapse_along(prob, pl.DeltaGClipSettings(eta=0.05, weight_decay=0.1), [0, 3, 9])
    assert trace.steps.tolist() == [0, 3, 9]
    assert trace.collapse[0] == found
    assert repr(trace).startswith("CollapseTrace(3 checkpoints of 9 steps, loss ")
    assert len(repr(trace)) < 200
    assert abs(trace.imbalance[-1] - trace.law[-1]) <= trace.drift[-1]


def test_a_kernel_of_any_module():
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.LayerNorm(5), torch.nn.Tanh(), torch.nn.Linear(5, 2)
    ).double()
    x = torch.eye(3, dtype=torch.float64)
    kernel = pl.empirical_ntk(net, x)
    assert tuple(kernel.shape) == (6, 6)
    assert tuple(pl.empirical_ntk(net, x, x[:2]).shape) == (6, 4)
    assert tuple(pl.traced_ntk(net, x).shape) == (3, 3)
    assert pl.ntk_routes(net, x)["1.weight"].rule == "normalization"
    v = torch.ones(6, dtype=torch.float64)
    assert torch.allclose(torch.as_tensor(pl.KernelOperator(net, x) @ v.numpy()), kernel @ v)


def test_the_documented_optimizer():
    prob = problem(width=50)
    opt = pl.optim.DeltaGClip(prob.network.parameters(), lr=0.1, gamma=0.5, delta=0.1)
    assert isinstance(opt, torch.optim.Optimizer)
    before = float(prob.value().detach())
    for _ in range(20):
        opt.zero_grad()
        prob.value().backward()
        opt.step()
    assert float(prob.value().detach()) < before
    assert 0.01 <= float(opt.step_size) <= 0.1


def test_the_documented_verification():
    settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
    rep = pl.verify(problem(), settings, theorem="B", steps=2000)
    assert isinstance(rep, pl.VerifyReport)
    assert rep.verdict is pl.Verdict.CERTIFIED
    assert rep.verdict == "CERTIFIED"
    assert rep.evidence == "agrees"
    assert [row.verdict for row in rep.hypotheses]
    assert rep.trace.loss[-1] <= 1e-12 * rep.trace.loss[0]
    report = json.loads(rep.to_json())
    assert report["schema"] == "pltheory-report/2"
    assert len(pl.run_figure(report, rep.trace).axes) == 4
    assert len(pl.run_figure(rep).axes) == 4
    checked = pl.verify(problem(), settings, theorem="all", steps=0)
    assert checked.trace is None
    with pytest.raises(InvalidInputError, match="there is no run to draw"):
        pl.run_figure(checked)
    assert [r.theorem.id for r in checked.ladder] == [t.id for t in LADDER if not t.uncovered(settings)]
    assert "NaN" not in checked.to_json()


@pytest.mark.slow
@pytest.mark.parametrize("theorem", ["A", "A'", "B", "C", "B+"])
def test_the_documented_certificate(tmp_path, theorem):
    settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
    prob = problem(width=600 if theorem == "B+" else 20_000)
    cert = pl.certify(prob, settings, theorem=theorem)
    assert (cert.theorem, cert.holds) == (theorem, True)
    assert all(i.holds for i in cert.inequalities)
    cert.save(tmp_path / "basin.cert.json")
    again = pl.recheck(tmp_path / "basin.cert.json")
    assert again.accepted, again.message
    with pytest.raises(InvalidInputError, match="exists already"):
        cert.save(tmp_path / "basin.cert.json")


def test_no_certificate_of_a_network_that_computes_something_else(monkeypatch):
    prob = problem(width=600)
    settings = pl.DeltaGClipSettings(eta=0.05, gamma=0.5, delta=0.1)
    monkeypatch.setattr("pltheory.measure.linearization._near", lambda *_: False)
    for theorem in ("B", "B+"):
        with pytest.raises(NotAvailableError, match="its outputs are not those of its layers"):
            pl.certify(prob, settings, theorem=theorem)
    prob.network.register_forward_hook(lambda module, inputs, output: output + 1e-3)
    with pytest.raises(NotAvailableError, match="not available for this network"):
        pl.certify(prob, settings, theorem="B+")


@pytest.mark.slow
def test_a_certificate_that_does_not_hold_is_not_saved(tmp_path):
    settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
    for theorem in ("B", "B+"):
        cert = pl.certify(problem(width=8), settings, theorem=theorem)
        assert not cert.holds
        with pytest.raises(InvalidInputError, match="only a certificate that holds is written"):
            cert.save(tmp_path / "no.cert.json")
    with pytest.raises(InvalidInputError, match="certificates exist for A, A', B, C, N, B\\+, D"):
        pl.certify(problem(width=8), settings, theorem="LZB22-6")


@pytest.mark.parametrize(
    "settings",
    [pl.GradientDescentSettings(eta="0.5/beta"), pl.GClipSettings(eta="0.5/beta", gamma=0.5)],
    ids=["gd", "gclip"],
)
def test_the_other_settings(settings):
    assert pl.verify(problem(), settings, steps=0).verdict.rank >= pl.Verdict.HOLDS.rank


def test_verifying_leaves_the_weights_and_the_global_generator_alone():
    prob = problem(width=100)
    before = [p.detach().clone() for p in prob.network.parameters()]
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    pl.verify(prob, pl.DeltaGClipSettings(eta=0.05, gamma=0.5, delta=0.1), steps=20)
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(a, b) for a, b in zip(before, prob.network.parameters(), strict=True))


def test_what_is_wrong_is_said_in_the_users_words():
    with pytest.raises(InvalidInputError, match=r"theorem = 'Z': allowed are .*, all"):
        pl.verify(problem(width=10), pl.DeltaGClipSettings(eta=0.1), theorem="Z")
    with pytest.raises(InvalidInputError, match=r"optimizer\.delta = 1: must lie in \(0, 1\)"):
        pl.DeltaGClipSettings(eta=0.1, delta=1)
    with pytest.raises(ValueError, match="rows 0 and 1"):
        pl.Problem(pl.fully_connected([2, 3, 1]), torch.ones(2, 2).double(), torch.ones(2, 1).double())


def readme_code() -> list[str]:
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    return [block.split("```")[0] for block in text.split("```python\n")[1:]]


def test_the_python_of_the_readme_runs(capsys):
    """At a width that is quick; what it prints there is what it says of the wide one."""
    (code,) = readme_code()
    assert "100_000" in code
    assert "digits(10)" in code
    exec(code.replace("100_000", "4000").replace("digits(10)", "digits(2)"), {})
    lines = capsys.readouterr().out.splitlines()
    (said,) = re.findall(r"print\(report.verdict, report.evidence\) +# (.*)", code)
    assert lines[0] == said
    assert len(lines) == 6
