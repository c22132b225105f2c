"""Each claim checks, each false variant is rejected for cause, and no claim states its own copy of a
formula."""

import ast
import inspect
import random
import re
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest
import sympy as sp
from sympy.core.function import AppliedUndef

from pltheory.theory import formulas
from pltheory.theory.arithmetic import symbols
from proofs_checks import claims, kernel, render, witness
from proofs_checks.claims import NAMES, load
from proofs_checks.language import Cases, Cert, Induction
from proofs_checks.statement import claim as stated
from proofs_checks.typeset import sentence

CLAIMS = load()
BY_NAME = {c.name: c for c in CLAIMS}
FORMULAS = {
    n: f
    for n, f in vars(formulas).items()
    if inspect.isfunction(f) and f.__module__ == formulas.__name__ and n != "width_scale_lzb"
}


@pytest.fixture(autouse=True)
def _fresh_kernel():
    """Nothing checked under a changed formula may be remembered."""
    kernel.check.cache_clear()
    yield
    kernel.check.cache_clear()


def goals(steps):
    for s in steps:
        if isinstance(s, Cert):
            yield s.goal
        elif isinstance(s, Cases):
            yield from s.goal.values() if isinstance(s.goal, dict) else [s.goal]
            yield from goals((*s.left, *s.right))
        elif isinstance(s, Induction):
            yield from s.invariant.values()
            yield from goals((*s.base, *s.step))


def statement(claim):
    """Every expression of a claim but the certificates' coefficients."""
    rels = [*claim.hypotheses.values(), *claim.process.values(), *claim.conclusions.values()]
    return [r.expr for r in rels] + [r.expr for r in goals(claim.steps)]


def formulas_named(claim):
    return {f.__name__ for e in statement(claim) for f in (a.func for a in e.atoms(AppliedUndef))} & set(FORMULAS)


def test_names_match_modules():
    assert [c.name for c in CLAIMS] == list(NAMES)
    stated = [c.coq for c in CLAIMS if c.coq]
    assert len(set(stated)) == len(stated)


def read(text, **more):
    return stated("some.where.lemma", text, {}, {}, (), mutants=lambda claim: (), **more)


def test_a_docstring_is_title_statement_and_source():
    found = read(
        "a title\n\n    A remark.\n\n    If $x$\n    then.\n\n    Source: a paper, p. 3. In Coq: Steps.one.\n    "
    )
    assert (found.name, found.title, found.source, found.coq) == (
        "lemma",
        "a title",
        "a paper, p. 3",
        "PLTheory.Steps.one",
    )
    assert found.statement == "A remark.\n\nIf $x$ then."
    assert read("a title\n\nSo.\n\nSource: here.").coq == "PLTheory.Claims.claim_lemma"


@pytest.mark.parametrize(
    "text", ["", "a title", "a title\n\nSource: here.", "a title\n\nSo.\n\nSource: here", "a\n\nSo.\n\nSo."]
)
def test_a_docstring_without_a_part_is_refused(text):
    with pytest.raises(ValueError, match=r"some\.where\.lemma"):
        read(text)


def test_a_claim_reads_as_a_paper():
    """Assumptions, conclusions, proof, false variants, in this order, and no relation of a conclusion a second time."""
    for name in NAMES:
        module = ast.parse((Path(claims.__file__).parent / f"{name}.py").read_text())
        order = [t.id for n in module.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)]
        parts = ("ASSUMPTIONS", "AT_EVERY_STEP", "EXIST", "CONCLUSIONS", "PROOF", "CLAIM")
        assert [p for p in order if p in parts] == [p for p in parts if p in order], name
        assert order[-1] == "CLAIM"
        assert not {"title", "statement", "source", "coq"} & set(order)


@pytest.mark.parametrize("claim", CLAIMS, ids=NAMES)
def test_claim_checks(claim):
    proof = kernel.check(claim)
    assert proof.log


@pytest.mark.parametrize("claim", CLAIMS, ids=NAMES)
def test_mutants_are_false_and_rejected(claim):
    mutants = list(claim.mutants(claim))
    assert mutants
    for mutant in mutants:
        assert witness.refutes(mutant), mutant.name
        with pytest.raises(kernel.Rejected):
            kernel.check(mutant.claim)


@pytest.mark.slow
@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.example], ids=lambda c: c.name)
def test_statement_holds_at_random_points(claim):
    met, bad = witness.sample(claim, random.Random(7), 400)
    assert met >= 100
    assert not bad


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=NAMES)
def test_renders(claim):
    text = render.markdown(claim, tuple(kernel.check(claim).cited))
    assert sentence(claim.title) in text
    # What is LaTeX in the statement stays; a formula between may be set as well, and no word is lost.
    assert all(f"${piece}$" in text for piece in claim.statement.split("$")[1::2])
    words = [w for piece in claim.statement.split("$")[::2] for w in re.findall(r"[a-z]{4,}", piece)]
    assert not [w for w in words if w not in text]
    assert text.count("$") % 2 == 0
    assert "\\\\" not in text.replace(r"\\", "")


# -- the proved expression is the shipped one


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_every_formula_is_in_a_claim(name):
    assert any(name in formulas_named(c) for c in CLAIMS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_a_changed_formula_is_noticed(name, monkeypatch):
    """A claim that names a formula fails once the shipped body changes: none has its own copy."""
    body = FORMULAS[name]

    def changed(*args, **kwargs):
        return 3 * body(*args, **kwargs) + 1

    changed.__name__ = name
    changed.__signature__ = inspect.signature(body)
    monkeypatch.setattr(formulas, name, changed)
    named = [c for c in CLAIMS if name in formulas_named(c)]
    failed = []
    for claim in named:
        try:
            kernel.check(claim)
        except kernel.Rejected:
            failed.append(claim.name)
    assert failed, f"no claim notices a change of {name}"


def _body(formula, arguments):
    extra = {"ops": kernel.OPS} if "ops" in inspect.signature(formula).parameters else {}
    return formula(*arguments, **extra)


def _named(formula, assumed=None):
    names = [p for p in inspect.signature(formula).parameters if p != "ops"]
    return tuple(sp.Symbol(f"some_{n}", positive=assumed) for n in names)


@cache
def _shape(e):
    """What renaming of symbols does not change."""
    if e.is_Symbol:
        return "symbol"
    return (str(e.func), *sorted(map(_shape, e.args), key=str)) if e.args else str(e)


@cache
def _shapes():
    return [(name, formula, _shape(_body(formula, _named(formula)))) for name, formula in FORMULAS.items()]


def _copies(e):
    """Subexpressions that are the body of a formula with distinct symbols for its arguments."""
    for part in sp.preorder_traversal(e):
        for name, formula, shape in _shapes():
            if _shape(part) == shape and any(part == _body(formula, p) for p in permutations(part.free_symbols)):
                yield f"{part} is a copy of {name}"


@pytest.mark.parametrize("claim", CLAIMS, ids=NAMES)
def test_no_claim_states_a_copy(claim):
    cited = kernel.check(claim).cited
    rels = [r.expr for c in cited for r in (*c.hypotheses.values(), *c.conclusions.values())]
    assert [text for e in (*statement(claim), *rels) for text in _copies(e)] == []


@pytest.mark.parametrize("assumed", [None, True])
@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_a_copy_would_be_found(name, assumed):
    formula = FORMULAS[name]
    body = _body(formula, reversed(_named(formula, assumed)))
    assert any(name in text for text in _copies(sp.Function("whole")(body)))


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_opaque_arithmetic_is_the_symbolic_one(name):
    """With root, least, greatest read as sqrt, Min, Max the kernel's body is the formula on sympy's own
    arithmetic."""
    formula = FORMULAS[name]
    parameters = [p for p in inspect.signature(formula).parameters if p != "ops"]
    args = sp.symbols(" ".join(parameters))
    if "ops" not in inspect.signature(formula).parameters:
        assert formula(*args) == formula(*args)
        return
    opaque, plain = formula(*args, ops=kernel.OPS), formula(*args, ops=symbols())
    values = {a: sp.Rational(3 + k, 7 + 3 * k) for k, a in enumerate(args)}

    def read(e):
        if isinstance(e, AppliedUndef):
            inner = [read(a) for a in e.args]
            return {"root": sp.sqrt, "least": sp.Min, "greatest": sp.Max}[e.func.__name__](*inner)
        return e.func(*map(read, e.args)) if e.args else e

    assert sp.simplify(read(opaque).subs(values) - plain.subs(values)) == 0
