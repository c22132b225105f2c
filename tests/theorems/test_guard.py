"""Theorems of other packages: found by entry point, believed no further than their rows, named when they fail."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch

from pltheory.optim import DeltaGClipSettings, GradientDescentSettings
from pltheory.runs.promise import Promise
from pltheory.study.config import read_config
from pltheory.theorems.guard import GROUP, Guarded, guarded, ids, options_of, theorem_of
from pltheory.theorems.ladder import LADDER
from pltheory.theorems.protocol import Hypothesis, Theorem
from pltheory.theory import (
    Bound,
    Direction,
    ExtensionError,
    InvalidInputError,
    NotAvailableError,
    NumericalFailureError,
)
from pltheory.theory.bound import given
from pltheory.theory.verdict import Comparison, Fact, Row, Verdict
from pltheory.verification.contract import ContractBreach, Sample, TheoremContract, near_solution
from pltheory.verification.evidence import Evidence
from pltheory.verification.report import verify
from tests.by_name import THEOREMS
from tests.theorems.installed import install

NEAR = near_solution(8, 1e-4)
RULE = GradientDescentSettings(eta=0.01)
HYPOTHESIS = Hypothesis("first", lambda question, found: FIRST)


def above_zero(value, *, rounded=False, kind=Direction.LOWER, how="float64"):
    return Row(Comparison(Bound(value, kind, "m", rounded), ">", given(0.0)), how)


FIRST, SECOND = Row(Fact("it", "it", True), "by inspection"), above_zero(1.0)
OF_VERDICT = {
    Verdict.CERTIFIED: above_zero(1.0, rounded=True),
    Verdict.HOLDS: SECOND,
    Verdict.UNDECIDED: above_zero(-1.0),
    Verdict.REFUTED: Row(Fact("it", "another", False), "not it"),
}


class Mine(Theorem):
    """Says what it was made to say."""

    id, title, citation, conclusion = "mine", "a title", "a source", "a conclusion"

    def __init__(self, first=FIRST, second=SECOND, *, promise=None, shortfall="", does=lambda question: None, **texts):
        self.rows, self.promised, self.short, self.does = (first, second), promise, shortfall, does
        self.hypotheses = tuple(
            Hypothesis(name, lambda question, found, i=i: self.rows[i]) for i, name in enumerate(("first", "second"))
        )
        for name, value in texts.items():
            setattr(self, name, value)

    def search(self, question):
        return self.does(question)

    def promise(self, question, found):
        return self.promised

    def shortfall(self, question, found, rows):
        return self.short


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
    for level in (Verdict.HOLDS, Verdict.CERTIFIED):
        mine = guarded(Mine(FIRST, OF_VERDICT[lowest], promise=Promise(eta=0.01, rate=0.5)), "someone 1.0")
        report = verify(NEAR, RULE, theorem=mine, steps=0, level=level)
        assert report.verdict is lowest
        assert report.main.origin == "someone 1.0"
        held = lowest.rank >= Verdict.HOLDS.rank
        assert (report.main.promise is not None) == held, "a promise below HOLDS is none"
        assert (report.main.shortfall == "") == held


def test_a_verdict_is_not_for_the_theorem_to_say():
    """What a row claims beside its numbers is not read: there is no place for it."""
    with pytest.raises(TypeError):
        Row(SECOND.says, "so", verdict=Verdict.CERTIFIED)
    assert asked(Mine(FIRST, above_zero(1.0, kind=Direction.ESTIMATE))).verdict is Verdict.UNDECIDED
    assert asked(Mine(FIRST, above_zero(math.nan, rounded=True))).verdict is Verdict.UNDECIDED
    assert asked(Mine(FIRST, above_zero(1.0, kind=Direction.UPPER))).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (None, "judged by a Row"),
        (Verdict.HOLDS, "judged by a Row"),
        ("second", "judged by a Row"),
        (Row(SECOND.says, 3), "judged by a Row"),
        (Row("CERTIFIED", "so"), "no Comparison and no Fact"),
        (Row(Verdict.CERTIFIED, "so"), "no Comparison and no Fact"),
        (Row(Comparison("1", ">", given(0.0)), "so"), "Bounds of floats"),
        (Row(Comparison(given(1.0), ">", 0.0), "so"), "Bounds of floats"),
        (Row(Comparison(replace(given(1.0), value="2"), ">", given(0.0)), "so"), "Bounds of floats"),
        (Row(Comparison(given(1.0), "≠", given(0.0)), "so"), "is no relation"),
        (Row(Fact("it", "it", 1), "so"), "is true, false or None"),
        (Row(Fact("it", 3, True), "so"), "is true, false or None"),
        (above_zero(1.0, rounded=True, how=" "), "is CERTIFIED and does not say how"),
    ],
)
def test_rows_that_cannot_be_read_are_refused(second, said):
    assert said in refused(Mine(FIRST, second))


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
    assert "must return a Promise" in refused(Mine(promise={"eta": 0.01}))


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
        ({"batch": 1.5}, "theorem.options.batch = 1.5: must be a whole number"),
        ({"batch": True}, "must be a whole number"),
        ({"fast": 1}, "must be true or false"),
    ):
        with pytest.raises(InvalidInputError, match=said.replace(".", r"\.")):
            asked(mine, options=options)
    with pytest.raises(InvalidInputError, match="theorem 'B' has none"):
        verify(NEAR, RULE, theorem="B", steps=0, options={"batch": 2})


def test_nobody_elses_theorem_is_called_this_projects():
    class Easier(type(THEOREMS["B"])):
        hypotheses = (HYPOTHESIS,)

    for theorem in (Mine(), Easier()):
        with pytest.raises(ExtensionError, match="none of this project's"):
            Guarded(theorem)
    assert Guarded(THEOREMS["B"]).origin is None


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
    mine = guarded(Mine(promise=Promise(eta=0.01, floor=0.9)), "me")
    assert verify(NEAR, clipped, theorem=mine, steps=50).run.violation.inequality.startswith("step floor")
    silent = verify(NEAR, RULE, theorem=guarded(Mine(), "me"), steps=50)
    assert silent.evidence is Evidence.EMPIRICAL, "nothing was promised"


@pytest.mark.parametrize(
    "told",
    [
        *({name: value} for name in ("losses", "orders", "rules") for value in ("fixed", ["fixed"], ("gd", 1), None)),
        {"losses": ("squares",)},
        {"losses": "weighted-square"},
        {"orders": ("shuffled",)},
    ],
)
def test_losses_orders_and_rules_are_tuples_of_names(told):
    """A text is a sequence of its letters, and holds every name that is a part of it."""
    assert f"{next(iter(told))} must be a tuple of" in refused(Mine(**told))


# How it is found


SOURCE = """
from pltheory.theorems.protocol import Hypothesis, Theorem
from pltheory.theory.bound import given, lower
from pltheory.theory.verdict import Comparison, Row

def judge(question, found):
    return Row(Comparison(lower(1.0, "m"), ">", given(0.0)), "so")

class Check(Theorem):
    id, title, citation, conclusion = "mine", "a title", "a source", "a conclusion"
    hypotheses = (Hypothesis("first", judge),)

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
    assert [r.theorem.id for r in report.ladder] == [t.id for t in LADDER if not t.uncovered(RULE)]


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
        theorem_of("mine")


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
        theorem_of(name)
    assert "a-package 1.0" in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "B"}, {"id": "all"}, {"id": " "}, {"title": ""}, {"citation": 3}, {"conclusion": ""},
        {"hypotheses": ()}, {"hypotheses": (HYPOTHESIS, HYPOTHESIS)}, {"hypotheses": [HYPOTHESIS]},
        {"hypotheses": ("first",)}, {"hypotheses": (replace(HYPOTHESIS, name=""), HYPOTHESIS)},
    ],
)  # fmt: skip
def test_a_theorem_that_does_not_describe_itself_is_refused(changes):
    with pytest.raises(ExtensionError, match=r"someone 1\.0"):
        guarded(Mine(**changes), "someone 1.0")


def test_an_unknown_id_names_what_is_installed(package):
    package({"mine": "its_module:made"})
    with pytest.raises(InvalidInputError, match=r"'Z'.*A'.*mine, all"):
        theorem_of("Z")
    assert GROUP == "pltheory.theorems"


# The contract catches each kind of cheat


class Asked(Mine):
    """Its second row is made from the question."""

    def __init__(self, second):
        super().__init__()
        self.hypotheses = (self.hypotheses[0], Hypothesis("second", second))


def trusting(question, found):
    """Holds wherever lambda_min is not at most 0, which NaN is not either."""
    lam = question.at.lambda_min.value
    return Row(Fact("> 0", f"{lam}", None if lam <= 0 else True), "so")


def undirected(question, found):
    """Uses a number whatever its direction, and shows it."""
    return Row(Fact("> 0", f"{question.at.lambda_min.kind}", True), "so")


def forgetful(question, found):
    return above_zero(1 + float(torch.rand(())))


class Unscaled(Mine):
    """A radius in the units of the sum, whatever the loss."""

    def promise(self, question, found):
        residual = float(question.problem.residual().detach().norm()) * question.problem.scale
        return Promise(eta=0.01 / question.problem.scale, radius=1e3 * residual)


class Shaky(Mine):
    """Its margin changes in the last bit, as a sum that is taken in another order may."""

    calls = 0

    def search(self, question):
        self.calls += 1
        self.rows = (FIRST, above_zero(math.nextafter(2.0, 3.0) if self.calls % 2 else 2.0))


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
    def promise(self, question, found):
        return Promise(eta=question.settings.multiple or question.settings.eta, rate=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("candidate", "check"),
    [
        (Asked(trusting), "test_numbers_without_direction_or_value_prove_nothing"),
        (Asked(undirected), "test_numbers_without_direction_or_value_prove_nothing"),
        (Asked(forgetful), "test_the_same_question_has_the_same_answer"),
        (Asked(forgetful), "test_it_reads_and_never_writes"),
        (Unscaled(), "test_sum_and_mean_are_one_problem_in_two_units"),
        (Boastful(), "test_a_promise_is_kept_by_the_run"),
        (Boastful(), "test_it_applies_where_its_author_says"),
        (Mine(FIRST, OF_VERDICT[Verdict.UNDECIDED]), "test_it_applies_where_its_author_says"),
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
