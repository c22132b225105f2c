"""What is written for Coq from the shipped formulas and from the claims, and that nothing there is a copy."""

import inspect
import math
import random
import re
import shutil
import subprocess
from fractions import Fraction

import pytest
import sympy as sp

from pltheory.nets.activations import ACTIVATIONS
from pltheory.theory.arithmetic import FLOATS
from proofs_checks import coq_claims, coq_constants, coq_formulas, coq_generated, coq_status, coq_terms, witness
from proofs_checks.claims import load
from proofs_checks.language import Define, ge, gt, said

FOLDER = coq_generated.FOLDER
CLAIMS = {c.name: c for c in load()}
GENERATED = [c for c in CLAIMS.values() if coq_claims.generated(c)]
FORMULAS = coq_formulas.shipped()


@pytest.fixture(scope="module")
def claims_text():
    """Writing it runs every claim."""
    return coq_claims.text()


def test_generated_files_are_not_under_version_control():
    """What Coq checks is written when it is run: a committed copy could be an old one."""
    if shutil.which("git") is None or not (FOLDER.parents[1] / ".git").exists():
        pytest.skip("not a checkout")
    command = ["git", "ls-files", "--", *coq_generated.FILES]
    assert subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True).stdout == ""


def test_every_file_is_built_and_the_generated_ones_first():
    listed = {name for name in (FOLDER / "_CoqProject").read_text().split() if name.endswith(".v")}
    assert set(coq_generated.FILES) <= listed
    assert {p.name for p in FOLDER.glob("*.v")} | set(coq_generated.FILES) == {*listed, "Assumptions.v"}
    makefile = (FOLDER / "Makefile").read_text()
    for target in ("coq: tools generated", "gate: generated", "build: generated CoqMakefile"):
        assert re.search(rf"^{target}$", makefile, re.MULTILINE)
    assert "-m proofs_checks.coq_generated" in makefile
    # Once for all that follows: what is built is what went through the gate.
    steps = re.search(r"^coq: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1].splitlines()
    assert [line.split()[2:] for line in steps] == [
        [t, "WRITTEN=yes"] for t in ("gate", "build", "assumptions", "check")
    ]


def test_what_is_current_is_not_written_again(tmp_path, monkeypatch):
    texts = {"One.v": lambda: "one", "Two.v": lambda: "two"}
    monkeypatch.setattr(coq_generated, "FILES", texts)
    assert coq_generated.write(tmp_path) == ["One.v", "Two.v"]
    assert coq_generated.write(tmp_path) == []
    (tmp_path / "Two.v").write_text("an old one")
    assert coq_generated.write(tmp_path) == ["Two.v"]
    assert [(tmp_path / name).read_text() for name in texts] == ["one", "two"]


@pytest.mark.parametrize("name", ["Formulas.v", "Constants.v"])
def test_a_theorem_about_an_old_formula_is_out_of_date(name, tmp_path):
    (tmp_path / "Steps.v").write_text("Lemma potential_step (x : R) : True.\n")
    (tmp_path / "Steps.vo").write_text("")
    (tmp_path / name).write_text(coq_generated.FILES[name]())
    assert coq_status.status("PLTheory.Steps.potential_step", tmp_path) == "built"
    (tmp_path / name).write_text(coq_generated.FILES[name]().replace("2", "3", 1))
    assert coq_status.status("PLTheory.Steps.potential_step", tmp_path) == "out of date"


def test_a_theorem_of_another_proof_is_out_of_date(tmp_path, claims_text):
    claim = CLAIMS["potential_step"]
    text, name = claims_text, "PLTheory.Claims.claim_potential_step"
    pieces = (coq_claims.preamble(), coq_claims.theorem(claim))
    (tmp_path / "Claims.v").write_text(text)
    (tmp_path / "Claims.vo").write_text("")
    assert coq_status.status(name, tmp_path, pieces) == "built"
    other = claim.but(conclusions={"potential": ge(0)})
    with pytest.raises(coq_claims.Rejected):
        coq_claims.theorem(other)
    for old in (text.replace("claim_potential_step :", "claim_potential_step : True /\\ "), text[len("(** *") :]):
        (tmp_path / "Claims.v").write_text(old)
        assert coq_status.status(name, tmp_path, pieces) == "out of date"


# -- Formulas.v, read back by other means


class Reader:
    """Evaluates a definition's text as Coq reads it: application binds tightest, then ^, * and /, + and -."""

    def __init__(self, definitions):
        self.definitions = definitions  # name -> (parameters, text)

    def value(self, name, args):
        parameters, text = self.definitions[name]
        self_tokens = re.findall(r"[A-Za-z_]\w*|\d+|\S", text)
        result, rest = self.sum(self_tokens, dict(zip(parameters, args, strict=True)))
        assert not rest
        return result

    def sum(self, tokens, scope):
        x, tokens = self.product(tokens, scope)
        while tokens and tokens[0] in "+-":
            y, after = self.product(tokens[1:], scope)
            x, tokens = (x + y if tokens[0] == "+" else x - y), after
        return x, tokens

    def product(self, tokens, scope):
        x, tokens = self.signed(tokens, scope)
        while tokens and tokens[0] in "*/":
            y, after = self.signed(tokens[1:], scope)
            x, tokens = (x * y if tokens[0] == "*" else x / y), after
        return x, tokens

    def signed(self, tokens, scope):
        """A power, its opposite or its inverse."""
        if tokens[0] not in ("-", "/"):
            return self.power(tokens, scope)
        x, rest = self.signed(tokens[1:], scope)
        return (-x if tokens[0] == "-" else 1 / x), rest

    def power(self, tokens, scope):
        x, tokens = self.application(tokens, scope)
        if tokens and tokens[0] == "^":
            y, tokens = self.power(tokens[1:], scope)
            x = x**y
        return x, tokens

    def application(self, tokens, scope):
        head = tokens[0]
        known = {"sqrt": (1, math.sqrt), "Rmin": (2, min), "Rmax": (2, max)}
        if head in self.definitions:
            known[head] = (len(self.definitions[head][0]), lambda *args: self.value(head, args))
        if head not in known:
            return self.atom(tokens, scope)
        args, tokens = [], tokens[1:]
        for _ in range(known[head][0]):
            x, tokens = self.atom(tokens, scope)
            args.append(x)
        return known[head][1](*args), tokens

    def atom(self, tokens, scope):
        if tokens[0] == "(":
            x, tokens = self.sum(tokens[1:], scope)
            assert tokens[0] == ")"
            return x, tokens[1:]
        return (int(tokens[0]) if tokens[0].isdigit() else scope[tokens[0]]), tokens[1:]


def definitions():
    text = re.sub(r"\(\*.*?\*\)", "", coq_formulas.text(), flags=re.DOTALL)
    found = {}
    for name, binders, body in re.findall(r"Definition (\w+) (.*?) : R :=(.*?)\.\n", text, re.DOTALL):
        names = [n for group in re.findall(r"\(([\w ]+) : \w+\)", binders) for n in group.split()]
        found[name] = (names, body)
    return found


@pytest.mark.parametrize("name", FORMULAS)
def test_definition_has_the_formulas_values(name):
    rng, formula, reader = random.Random(3), FORMULAS[name], Reader(definitions())
    for _ in range(20):
        args = [
            2 if p.annotation == "int" else rng.uniform(0.1, 0.6)
            for p in inspect.signature(formula).parameters.values()
            if p.name != "ops"
        ]
        assert reader.value(name, args) == pytest.approx(formula(*args), rel=1e-12)


def test_calls_with_names_keep_their_arguments():
    def outer(x, y):
        return decrease(h=x, beta=y)  # noqa: F821

    assert coq_formulas.body(outer) == "decrease y x"


def test_a_formula_that_has_no_exact_text_is_refused():
    with pytest.raises(TypeError):
        coq_formulas.Term("x") * 0.5
    assert (1 - coq_formulas.Term("x") * (coq_formulas.Term("y") - 2)).text == "1 - x * (y - 2)"
    assert ((coq_formulas.Term("x") - (coq_formulas.Term("y") - 2)) ** 2).text == "(x - (y - 2)) ^ 2"


def test_constants_are_the_stored_floats():
    found = re.findall(r"Definition stored_(\w+)_s(\d) : R := (\d+) / (\d+)\.", coq_constants.text())
    smooth = [a for a in ACTIVATIONS.values() if a.smooth]
    assert len(found) == 3 * len(smooth)
    for name, order, p, q in found:
        assert Fraction(int(p), int(q)) == Fraction(getattr(ACTIVATIONS[name], f"s{order}"))
    # And each activation has its theorem about all three.
    proved = (FOLDER / "StoredSuprema.v").read_text()
    assert re.findall(r"^Theorem (\w+)_stored x :", proved, re.MULTILINE) != []
    for a in smooth:
        statement = re.search(rf"^Theorem {a.name}_stored x :(.*?)\.\nProof", proved, re.DOTALL | re.MULTILINE).group(1)
        assert all(f"stored_{a.name}_s{k}" in statement for k in (1, 2, 3))


# -- no statement of the Coq development has a formula's expression in place of its name


def statements(text):
    text = re.sub(r"\(\*.*?\*\)", " ", text, flags=re.DOTALL)
    kinds = "Definition|Lemma|Theorem|Corollary|Proposition|Fact|Remark|Hypothesis|Variable|Fixpoint|Record|Class"
    for found in re.finditer(rf"^\s*(?:{kinds})\b(.*?)\.(?=\s|\Z)", text, re.DOTALL | re.MULTILINE):
        yield found.group(1)


def expression(name):
    """A pattern for the body of a formula with any identifiers for its arguments."""
    formula, seen, parts = FORMULAS[name], set(), []
    for token in re.findall(r"\w+|[^\w\s]", coq_formulas.body(formula)):
        if token in coq_formulas.parameters(formula):
            parts.append(rf"(?P={token})" if token in seen else rf"(?P<{token}>[A-Za-z_]\w*)")
            seen.add(token)
        else:
            parts.append(re.escape(token))
    return re.compile(r"(?<!\w)" + r"\s*".join(parts) + r"(?!\w)")


def copies(text):
    return [
        (name, found.group()) for s in statements(text) for name in FORMULAS for found in expression(name).finditer(s)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({p.name for p in FOLDER.glob("*.v")} | set(coq_generated.FILES)))
def test_no_statement_has_its_own_copy(name):
    if name != "Formulas.v":
        written = coq_generated.FILES.get(name, (FOLDER / name).read_text)
        assert copies(written()) == []


def test_a_copy_in_a_statement_would_be_found():
    assert copies("Lemma l (b e : R) : 0 < 1 - b * e / 2.\nProof.")[0][0] == "slack"
    assert {n for n, _ in copies(coq_formulas.text())} == set(FORMULAS)


# -- Claims.v


def test_every_claim_has_a_theorem(claims_text):
    for claim in CLAIMS.values():
        assert claim.coq, claim.name
        if claim.coq.startswith("PLTheory.Claims."):
            assert claim in GENERATED
        else:
            assert coq_status.status(claim.coq) not in ("no such theorem", "no counterpart")
            assert (FOLDER / f"{claim.coq.split('.')[1]}.v").exists()
    assert re.findall(r"^Theorem claim_(\w+)", claims_text, re.MULTILINE) == [c.name for c in GENERATED]
    # Only the claims about a process are not there.
    assert all(c.process for c in CLAIMS.values() if c not in GENERATED)


def test_hypotheses_of_the_section_are_the_cited_lemmas(claims_text):
    assert re.findall(r"^Hypothesis cited_(\w+)", claims_text, re.MULTILINE) == [
        c.name for c in coq_claims.cited_by(GENERATED)
    ]
    assert claims_text.count("Proof.") == claims_text.count("Qed.") == len(GENERATED)
    # What they rest on is printed for all of them at once.
    together = claims_text.split("Definition every_claim :=")[1]
    assert re.findall(r"@claim_(\w+)", together) == [c.name for c in GENERATED]
    assert "Print Assumptions every_claim." in (FOLDER / "Assumptions.v").read_text()


_KEYWORDS = {"as", "at", "cofix", "else", "end", "exists", "fix", "for", "forall", "fun", "if", "in", "let", "match"}
_KEYWORDS |= {"mod", "return", "then", "using", "where", "with", "Prop", "Set", "Type"}


def test_no_symbol_has_a_name_that_is_taken(claims_text):
    """A keyword, or a proposition or type of the section: Coq would refuse the theorem, and is not always there."""
    declared = re.findall(r"^Variables? (.+?) :", claims_text, re.MULTILINE)
    taken = _KEYWORDS | {name for names in declared for name in names.split()}
    assert {"T1", "lies_in_S"} <= taken
    for claim in GENERATED:
        rels = [*claim.hypotheses.values(), *claim.conclusions.values()]
        symbols = {s for r in rels for s in r.expr.free_symbols}
        symbols |= {s.symbol for s in coq_claims._steps(claim.steps) if isinstance(s, Define)}
        assert not {coq_terms.variable(s) for s in symbols} & taken, claim.name


def test_a_false_claim_has_no_script():
    for mutant in CLAIMS["potential_step"].mutants(CLAIMS["potential_step"]):
        with pytest.raises(coq_claims.Rejected):
            coq_claims.script(mutant.claim)


def test_terms():
    x, y, R = sp.symbols("x y R")
    assert coq_terms.relation(gt(x, y**2 / 2)) == "0 < x - (1 / 2) * y ^ 2"
    assert coq_terms.relation(ge(-x / y)) == "0 <= - (x * / y)"
    assert coq_terms.relation(said("{0} lies in S", x)) == "lies_in_S x"
    assert coq_terms.relation(gt(R)) == "0 < ball"
    with pytest.raises(ValueError, match="variable of Coq"):
        coq_terms.term(sp.Symbol("x'"))


@pytest.mark.parametrize("claim", GENERATED, ids=lambda c: c.name)
def test_statements_have_the_values_of_the_claim(claim):
    """What Coq is asked to prove is what the claim says: each relation read back, at random points."""
    rng, reader, compared = random.Random(5), Reader(definitions()), 0
    for rel in (*claim.hypotheses.values(), *claim.conclusions.values()):
        if rel.op == "holds":
            continue
        text = coq_terms.relation(rel)
        side = {">": r"0 < (.*)", ">=": r"0 <= (.*)", "=": r"(.*) = 0"}[rel.op]
        tokens = re.findall(r"[A-Za-z_]\w*|\d+|\S", re.fullmatch(side, text, re.DOTALL).group(1))
        for _ in range(5):
            point = {s: rng.uniform(0.1, 0.9) for s in rel.expr.free_symbols}
            try:
                expected = witness.value(rel.expr, point, FLOATS)
            except ValueError:  # a root of a negative number
                continue
            found, rest = reader.sum(tokens, {coq_terms.variable(s): v for s, v in point.items()})
            assert not rest
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
            compared += 1
    assert compared


def test_types_are_inferred_from_uses():
    w, v, d = sp.symbols("w v d")
    types = coq_terms.Types()
    types.relations("one", [said("{0} is {1} away from {2}", w, d, v), ge(d)])
    types.relations("two", [said("{0} is green", w)])
    assert types.of(("one", d)) == "R"
    assert types.of(("one", w)) not in ("R", types.of(("one", v)))
    assert types.of(("two", w)) not in ("R", types.of(("one", w)))


@pytest.mark.skipif(shutil.which("coqc") is None, reason="Coq is not installed")
def test_coq_rejects_a_wrong_certificate(tmp_path):
    """The text is a proof and not a formality: with one coefficient changed Coq does not accept it."""

    def compiles(name):
        command = ["coqc", "-R", str(tmp_path), "PLTheory", "-w", "none", f"{name}.v"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0

    (tmp_path / "Formulas.v").write_text(coq_formulas.text())
    shutil.copy(FOLDER / "Certificates.v", tmp_path)
    assert compiles("Formulas")
    assert compiles("Certificates")
    claim = CLAIMS["monotone_root"]
    types = coq_terms.Types()
    types.relations(claim.name, [*claim.hypotheses.values(), *claim.conclusions.values()])

    def write(proof):
        head = f"{coq_claims.HEAD}\nTheorem t : {coq_claims.statement(claim, types)}.\nProof.\n"
        (tmp_path / "One.v").write_text(head + "\n".join(proof) + "\nQed.\n")

    proof = coq_claims.script(claim)
    write(proof)
    assert compiles("One")
    wrong = [line.replace("2 * (x - y) * y", "3 * (x - y) * y") for line in proof]
    assert wrong != proof
    write(wrong)
    assert not compiles("One")
