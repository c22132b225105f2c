"""The table, the solvers and the suprema."""

import json

import pytest
from click.testing import CliRunner

from pltheory.nets.activations import ACTIVATIONS
from proofs_checks import coq_status, kernel, solvers, table
from proofs_checks.__main__ import main
from proofs_checks.claims import load

BY_NAME = {c.name: c for c in load()}


def test_table_on_stdout():
    result = CliRunner().invoke(main, ["--no-solvers", "--claim", "potential_step"])
    assert result.exit_code == 0, result.output
    assert "potential_step" in result.output
    assert "all that could run hold" in result.output


def test_json_report():
    result = CliRunner().invoke(main, ["--no-solvers", "--json", "--claim", "theorem_a", "--claim", "facts"])
    report = json.loads(result.stdout)
    assert report["holds"] is True
    assert [c["name"] for c in report["claims"]] == ["facts", "theorem_a"]
    assert set(report["claims"][1]["cited"]) == set(report["cited"])
    assert all(c["statement"] for c in report["cited"].values())


def test_unknown_claim_is_bad_input():
    assert CliRunner().invoke(main, ["--claim", "theorem_z"]).exit_code == 2


def test_a_false_claim_fails_the_run(monkeypatch):
    mutant = next(iter(BY_NAME["facts"].mutants(BY_NAME["facts"])))
    report = table.run([mutant.claim], use_solvers=False)
    assert report["holds"] is False
    assert "does not expand" in report["claims"][0]["reason"]


def test_a_missing_solver_is_shown(monkeypatch):
    monkeypatch.setitem(solvers.SOLVERS, "z3", ("a_module_that_is_not_there", None))
    row, _ = table.run_claim(BY_NAME["potential_step"])
    assert row.opinions["z3"] == solvers.NOT_INSTALLED
    assert row.holds


@pytest.mark.parametrize("name", list(solvers.SOLVERS))
@pytest.mark.parametrize("claim", ["monotone_root", "step_interval", "concave_minimum", "tight_contraction", "facts"])
def test_solvers_agree(name, claim):
    if name not in solvers.installed():
        pytest.skip(f"{name} is not installed")
    log = kernel.check(BY_NAME[claim]).log
    counts = solvers.opinion(name, log, "unsat", seconds=5)
    assert counts["disagree"] == 0
    assert counts["agree"] > 0
    for mutant in BY_NAME[claim].mutants(BY_NAME[claim]):
        with pytest.raises(kernel.Rejected) as rejected:
            kernel.check(mutant.claim)
        assert solvers.opinion(name, rejected.value.log[-1:], "sat", seconds=5)["disagree"] == 0


def test_coq_status_reads_the_folder(tmp_path, monkeypatch):
    theorem = "PLTheory.Steps.potential_step"
    monkeypatch.setattr(coq_status.shutil, "which", lambda name: None)
    assert coq_status.status(theorem, tmp_path) == "Coq not installed"
    (tmp_path / "Steps.v").write_text("(* Lemma potential_step *)\nLemma other : True.\n")
    assert coq_status.status(theorem, tmp_path) == "no such theorem"
    (tmp_path / "Steps.v").write_text("Lemma potential_step (x : R) : True.\n")
    monkeypatch.setattr(coq_status.shutil, "which", lambda name: "/usr/bin/coqc")
    assert coq_status.status(theorem, tmp_path) == "not built"
    (tmp_path / "Steps.vo").write_text("")
    assert coq_status.status(theorem, tmp_path) == "built"


flint = pytest.importorskip("flint")


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", [a.name for a in ACTIVATIONS.values() if a.smooth])
def test_stored_constants_are_upper_bounds(name, order):
    from proofs_checks.suprema import supremum

    found = supremum(name, order)
    assert found.stored_is_upper
    assert found.closed_form_agrees is not False
    # A stored constant is not loose either, so the comparison is not passed by a large number.
    assert float(found.upper) <= found.stored * 1.0000001
    assert found.stored <= float(found.upper) * (1 + 1e-11)


@pytest.mark.parametrize(("name", "order"), [("tanh", 2), ("gelu", 3), ("sigmoid", 1), ("softplus", 1)])
def test_a_constant_too_small_by_one_ulp_is_noticed(name, order, monkeypatch):
    import math

    from proofs_checks import suprema

    exact = suprema.supremum(name, order)
    below = math.nextafter(float(exact.lower), 0)
    while not flint.arb(below) < exact.lower:
        below = math.nextafter(below, 0)
    monkeypatch.setattr(ACTIVATIONS[name], f"s{order}", below)
    assert not suprema.supremum(name, order).stored_is_upper


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", [a.name for a in ACTIVATIONS.values() if a.smooth])
def test_suprema_against_a_grid_and_the_tail(name, order):
    """No point of a fine grid exceeds the enclosure, and just beyond the interval the analytic tail holds."""
    from fractions import Fraction

    from proofs_checks import suprema

    found = suprema.supremum(name, order)
    top = max(float(suprema._modulus(name, order, Fraction(k, 64))) for k in range(-640, 641))
    assert top <= float(found.upper) * (1 + 1e-12)
    limit, excess = suprema._tail(name, order)
    for k in (*range(12, 20), *range(-19, -11)):
        assert not suprema._modulus(name, order, Fraction(k)) > limit + excess
