"""Theorems of other packages: found by entry point, believed no further than their rows, named when they fail."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch
from pltheory.theory.theorems import THEOREMS, Theorem
from pltheory.verification.extension import Answer, guarded, ids, options_of, rung_of
from pltheory.verification.promise import Promise
from pltheory.verification.verdict import Evidence, HypothesisRow, Verdict

from pltheory.problem.settings import DeltaGClipSettings, GradientDescentSettings
from pltheory.study.config import read_config
from pltheory.theory import ExtensionError, InvalidInputError, NotAvailableError, NumericalFailureError
from pltheory.verification import extension
from pltheory.verification.contract import ContractBreach, Sample, TheoremContract, near_solution
from pltheory.verification.report import verify
from tests.verification.installed import install

NEAR = near_solution(8, 1e-4)
RULE = GradientDescentSettings(eta=0.01)
WHAT = Theorem("mine", "a title", "a source", ("first", "second"), "a conclusion")
FIRST = HypothesisRow("first", "> 0", "1", 2.0, Verdict.CERTIFIED, "by inspection")
SECOND = HypothesisRow("second", "> 0", "1", None, Verdict.HOLDS, "float64")


class Mine:
    """Says what it was made to say."""

    def __init__(self, *rows, promise=None, shortfall="", theorem=WHAT, does=lambda question: None):
        self.answer = Answer(list(rows or (FIRST, SECOND)), promise, shortfall)
        self.theorem, self.does = theorem, does

    def check(self, question):
        self.does(question)
        return self.answer


def asked(theorem, **more):
    return verify(NEAR, RULE, theorem=guarded(theorem, "someone 1.0"), steps=0, level=Verdict.HOLDS, **more)


def refused(theorem):
    with pytest.raises(ExtensionError) as caught:
        asked(theorem)
    message = str(caught.value)
    assert "someone 1.0" in message
    assert "\n" not in message
    return message


# What is believed


@pytest.mark.parametrize("lowest", list(Verdict))
def test_the_weakest_row_decides_whatever_else_is_said(lowest):
    second = replace(SECOND, verdict=lowest)
    for level in (Verdict.HOLDS, Verdict.CERTIFIED):
        rung = guarded(Mine(FIRST, second, promise=Promise(eta=0.01, rate=0.5)), "someone 1.0")
        report = verify(NEAR, RULE, theorem=rung, steps=0, level=level)
        assert report.verdict is lowest
        assert report.main.origin == "someone 1.0"
        held = lowest.rank >= Verdict.HOLDS.rank
        assert (report.main.promise is not None) == held, "a promise below HOLDS is none"
        assert (report.main.shortfall == "") == held


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((FIRST,), "are not the hypotheses"),
        ((SECOND, FIRST), "are not the hypotheses"),
        ((FIRST, SECOND, replace(SECOND, name="third")), "are not the hypotheses"),
        ((FIRST, replace(SECOND, verdict="CERTIFIED")), "is no Verdict"),
        ((FIRST, replace(SECOND, margin=math.nan)), "is no number"),
        ((FIRST, replace(SECOND, margin="2")), "is no number"),
        ((FIRST, replace(SECOND, margin=0.999)), "with a margin of 0.999, which is below 1"),
        ((replace(FIRST, margin=-2.0), SECOND), "which is below 1"),
        ((replace(FIRST, how=" "), SECOND), "says CERTIFIED and not how"),
        ((FIRST, replace(SECOND, measured=1.0)), "are texts"),
        ((FIRST, "second"), "must return an Answer"),
    ],
)
def test_rows_that_cannot_be_believed_are_refused(rows, said):
    assert said in refused(Mine(*rows))


def test_another_kind_of_answer_is_refused():
    for answer in (None, [FIRST, SECOND], {"verdict": "CERTIFIED"}, Verdict.CERTIFIED, True):
        mine = Mine()
        mine.answer = answer
        assert "must return an Answer" in refused(mine)


@pytest.mark.parametrize(
    "promise",
    [
        Promise(eta=math.nan), Promise(eta=0.0), Promise(eta=math.inf), Promise(eta=0.1, rate=1.5),
        Promise(eta=0.1, rate=-0.1), Promise(eta=0.1, rate=math.nan), Promise(eta=0.1, radius=math.inf),
        Promise(eta=0.1, radius=-1.0), Promise(eta=0.1, floor=2.0), Promise(eta="0.1"), Promise(eta=True),
    ],
)  # fmt: skip
def test_promises_out_of_range_are_refused(promise):
    assert "promise." in refused(Mine(promise=promise))


def test_a_factor_that_rounding_put_above_one_is_one():
    above = math.nextafter(1.0, 2.0)
    report = asked(Mine(promise=Promise(eta=0.01, floor=above, rate=above)))
    assert (report.main.promise.floor, report.main.promise.rate) == (1.0, 1.0)
    assert "promise.rate" in refused(Mine(promise=Promise(eta=0.01, rate=1 + 1e-14)))
    assert "promise.floor" in refused(Mine(promise=Promise(eta=0.01, floor=1 + 1e-14)))


def test_a_promise_about_another_step_size_is_refused():
    assert "optimizer.eta = 0.01" in refused(Mine(promise=Promise(eta=0.02, rate=0.9)))


# What fails


@pytest.mark.parametrize("error", [ValueError("two\nlines"), ZeroDivisionError(), KeyError("x"), SystemExit(0)])
def test_a_failure_inside_is_an_error_that_names_the_package(error):
    def fail(question):
        raise error

    message = refused(Mine(does=fail))
    assert type(error).__name__ in message
    assert "theorem 'mine'" in message


@pytest.mark.parametrize("error", [NotAvailableError("no such thing"), NumericalFailureError("NaN")])
def test_what_cannot_be_computed_is_undecided(error):
    def fail(question):
        raise error

    report = asked(Mine(does=fail))
    assert report.verdict is Verdict.UNDECIDED
    assert str(error) in report.main.shortfall
    assert [row.verdict for row in report.main.rows] == [Verdict.UNDECIDED] * 2


def test_a_theorem_that_writes_is_refused():
    problem = near_solution(8, 1e-4)

    def write(question):
        with torch.no_grad():
            next(question.problem.parameters()).add_(1e-12)

    with pytest.raises(ExtensionError, match="changed the network or the data"):
        verify(problem, RULE, theorem=guarded(Mine(does=write), "someone 1.0"), steps=0)


def test_options_are_of_the_theorem_and_checked():
    seen = []
    mine = Mine(does=lambda q: seen.append(options_of(q, {"batch": 1, "share": 0.5, "fast": False})))
    asked(mine, options={"share": 1})
    assert seen == [{"batch": 1, "share": 1, "fast": False}]
    for options, said in (
        ({"bach": 2}, "theorem.options.bach: unknown; known are batch, share, fast"),
        ({"batch": 1.5}, "theorem.options.batch = 1.5: must be a int"),
        ({"batch": True}, "must be a int"),
        ({"fast": 1}, "must be a bool"),
    ):
        with pytest.raises(InvalidInputError, match=said.replace(".", r"\.")):
            asked(mine, options=options)
    with pytest.raises(InvalidInputError, match="theorem 'B' has none"):
        verify(NEAR, RULE, theorem="B", steps=0, options={"batch": 2})


# The run


def test_the_run_is_held_against_the_promise_and_lifts_nothing():
    kept = Mine(promise=Promise(eta=0.01, rate=1.0, radius=1.0))
    report = verify(NEAR, RULE, theorem=guarded(kept, "me"), steps=50)
    assert report.evidence is Evidence.AGREES
    assert len(report.run.checked) == 4
    for name, promise in (("rate", Promise(eta=0.01, rate=0.5)), ("path", Promise(eta=0.01, radius=1e-12))):
        report = verify(NEAR, RULE, theorem=guarded(Mine(promise=promise), "me"), steps=50)
        assert report.evidence is Evidence.CONTRADICTS, name
        assert report.run.violation.inequality.startswith(name)
        assert report.verdict is Verdict.HOLDS
    clipped = DeltaGClipSettings(eta=0.01, gamma=1e-9, delta=0.5)
    rung = guarded(Mine(promise=Promise(eta=0.01, floor=0.9)), "me")
    assert verify(NEAR, clipped, theorem=rung, steps=50).run.violation.inequality.startswith("step floor")
    silent = verify(NEAR, RULE, theorem=guarded(Mine(), "me"), steps=50)
    assert silent.evidence is Evidence.EMPIRICAL, "nothing was promised"


# How it is found


SOURCE = """
from pltheory.theory.theorems import Theorem
from pltheory.verification.extension import Answer
from pltheory.verification.verdict import HypothesisRow, Verdict

class Check:
    theorem = Theorem("mine", "a title", "a source", ("first",), "a conclusion")
    def check(self, question):
        return Answer([HypothesisRow("first", "1", "1", None, Verdict.HOLDS, "so")])

made = Check()
number = 3
def breaks():
    raise RuntimeError("no")
class Broken(Check):
    def __init__(self):
        raise RuntimeError("at the start")
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    def make(points, name="a-package"):
        monkeypatch.syspath_prepend(install(tmp_path / name, name, points, {"its_module": SOURCE}))

    return make


@pytest.mark.parametrize("value", ["its_module:Check", "its_module:made"])
def test_an_installed_theorem_is_found_by_its_id(package, value):
    assert "mine" not in ids()
    package({"mine": value})
    assert ids() == [*THEOREMS, "mine"]
    report = verify(NEAR, RULE, theorem="mine", steps=0, level=Verdict.HOLDS)
    assert report.verdict is Verdict.HOLDS
    assert report.main.origin == f"a-package 1.0 ({value})"
    back = json.loads(report.to_json())
    assert back["theorems"][0]["origin"] == report.main.origin
    assert read_config("network.hidden=[4]\ndata.source='digits'\ndata.n=2\noptimizer.eta=1\ntheorem.name='mine'")


def test_the_ladder_is_of_this_project_alone(package):
    package({"mine": "its_module:breaks"})
    report = verify(NEAR, RULE, theorem="all", steps=0, level=Verdict.HOLDS)
    assert [r.theorem.id for r in report.ladder] == list(THEOREMS)


@pytest.mark.parametrize("name", ["B", "B+", "A'"])
def test_an_id_of_this_project_cannot_be_taken(package, name):
    package({name: "its_module:made"})
    for asked_for in (name, "all"):
        with pytest.raises(InvalidInputError, match=r"a-package 1\.0 .*claims this id, which is built in"):
            verify(NEAR, RULE, theorem=asked_for, steps=0)
    assert ids() == list(THEOREMS)


def test_two_packages_with_one_id_are_both_refused(package):
    package({"mine": "its_module:made"})
    package({"mine": "its_module:Check"}, "b-package")
    with pytest.raises(InvalidInputError, match=r"claimed by .*package 1\.0.* and by .*package 1\.0"):
        rung_of("mine")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("mine", "its_module:nothing", "cannot be loaded: AttributeError"),
        ("mine", "no_module:made", "cannot be loaded: ModuleNotFoundError"),
        ("mine", "its_module:Broken", "cannot be loaded: RuntimeError: at the start"),
        ("mine", "its_module:number", "not a theorem"),
        ("mine", "its_module:breaks", "not a theorem"),
        ("yours", "its_module:made", "calls itself 'mine'"),
    ],
)
def test_a_package_that_cannot_be_loaded_is_named(package, name, value, said):
    package({name: value})
    with pytest.raises(ExtensionError, match=said) as caught:
        rung_of(name)
    assert "a-package 1.0" in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "B"}, {"id": "all"}, {"id": " "}, {"title": ""}, {"citation": 3}, {"conclusion": ""},
        {"hypotheses": ()}, {"hypotheses": ("first", "first")}, {"hypotheses": ["first"]},
        {"hypotheses": ("", "second")},
    ],
)  # fmt: skip
def test_a_theorem_that_does_not_describe_itself_is_refused(changes):
    with pytest.raises(ExtensionError, match=r"someone 1\.0"):
        guarded(Mine(theorem=replace(WHAT, **changes)), "someone 1.0")


def test_an_unknown_id_names_what_is_installed(package):
    package({"mine": "its_module:made"})
    with pytest.raises(InvalidInputError, match=r"'Z'.*A'.*mine, all"):
        rung_of("Z")
    assert extension.GROUP == "pltheory.theorems"


# The contract catches each kind of cheat


class Trusting(Mine):
    """Holds wherever lambda_min is not at most 0, which NaN is not either."""

    def check(self, question):
        lam = question.at.lambda_min.value
        bad = lam <= 0
        row = replace(SECOND, measured=f"{lam}", verdict=Verdict.UNDECIDED if bad else Verdict.HOLDS)
        return Answer([FIRST, row])


class Undirected(Mine):
    """Uses a number whatever its direction, and shows it."""

    def check(self, question):
        lam = question.at.lambda_min
        return Answer([FIRST, replace(SECOND, measured=f"{lam.kind}", verdict=Verdict.HOLDS)])


class Forgetful(Mine):
    def check(self, question):
        return Answer([FIRST, replace(SECOND, measured=str(torch.rand(())))])


class Unscaled(Mine):
    """A radius in the units of the sum, whatever the loss."""

    def check(self, question):
        residual = float(question.problem.residual().detach().norm()) * question.problem.scale
        return Answer([FIRST, SECOND], Promise(eta=0.01 / question.problem.scale, radius=1e3 * residual))


class Shaky(Mine):
    """Its margin changes in the last bit, as a sum that is taken in another order may."""

    calls = 0

    def check(self, question):
        self.calls += 1
        return Answer([replace(FIRST, margin=math.nextafter(2.0, 3.0) if self.calls % 2 else 2.0), SECOND])


@pytest.mark.parametrize(
    "check",
    ["test_the_same_question_has_the_same_answer", "test_numbers_without_direction_or_value_prove_nothing"],
)
def test_the_contract_asks_for_no_last_bit(check):
    class Contract(TheoremContract):
        theorem = Shaky()

        def candidate(self):
            return self.theorem

        def applies(self):
            return Sample("near a solution", NEAR, RULE)

    getattr(Contract(), check)()


class Boastful(Mine):
    def check(self, question):
        return Answer([FIRST, SECOND], Promise(eta=question.settings.multiple or question.settings.eta, rate=0.1))


@pytest.mark.parametrize(
    ("candidate", "check"),
    [
        (Trusting(), "test_numbers_without_direction_or_value_prove_nothing"),
        (Undirected(), "test_numbers_without_direction_or_value_prove_nothing"),
        (Forgetful(), "test_the_same_question_has_the_same_answer"),
        (Forgetful(), "test_it_reads_and_never_writes"),
        (Unscaled(), "test_sum_and_mean_are_one_problem_in_two_units"),
        (Boastful(), "test_a_promise_is_kept_by_the_run"),
        (Boastful(), "test_it_applies_where_its_author_says"),
        (Mine(FIRST, replace(SECOND, verdict=Verdict.UNDECIDED)), "test_it_applies_where_its_author_says"),
    ],
)
def test_the_contract_catches_a_cheat(candidate, check):
    class Contract(TheoremContract):
        def candidate(self):
            return candidate

        def applies(self):
            return Sample("near a solution", NEAR, RULE)

    with pytest.raises(ContractBreach):
        getattr(Contract(), check)()
