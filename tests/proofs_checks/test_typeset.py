"""Formulas in plain characters as LaTeX, and what is left as it is."""

import re
from pathlib import Path

import pytest

from proofs_checks.claims import load
from proofs_checks.formula import formula
from proofs_checks.kernel import check
from proofs_checks.render import relation
from proofs_checks.typeset import sentence

PAGES = Path(__file__).parents[2] / "docs" / "derivations"


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("1/2 ||r||^2", r"\frac{1}{2} \, \|r\|^{2}"),
        ("sqrt(2 L_0 / mu) / (1 - beta eta / 2)", r"\frac{\sqrt{2 \, L_{0} / \mu}}{1 - \beta \, \eta / 2}"),
        ("2 L_F ||r_0|| / mu", r"\frac{2 \, L_{F} \, \|r_{0}\|}{\mu}"),
        ("1 / (a / (b c))", r"\frac{1}{a / \left(b \, c\right)}"),
        ("a / ((b + c) / d)", r"\frac{a}{\left(b + c\right) / d}"),
        ("a / (b / (c / d))", r"\frac{a}{b / \left(c / d\right)}"),
        ("a / (b / sqrt(c d))", r"\frac{a}{b / \sqrt{c \, d}}"),
        ("1 / (a / b c)", r"\frac{1}{\frac{a}{b} \, c}"),
        ("a / (b c) d", r"\frac{a}{b \, c} \, d"),
        ("(a) (b)/(c) ", r"\frac{\left(a\right) \, \left(b\right)}{c}"),
        ("gamma / min||grad L||", r"\frac{\gamma}{\min \|\nabla L\|}"),
        ("eta*delta <= h_t", r"\eta \cdot \delta \le h_{t}"),
        ("R* sqrt(L_t/L_0)", r"R^{*} \, \sqrt{\frac{L_{t}}{L_{0}}}"),
        ("w_{t+1} = w_t - h_t grad L(w_t)", r"w_{t + 1} = w_{t} - h_{t} \, \nabla L\left(w_{t}\right)"),
        ("b^l_{ic} (x) a~^{l-1}_i", r"b_{ic}^{l} \otimes \tilde{a}_{i}^{l - 1}"),
        ("F(w) in R^{nC x p}", r"F\left(w\right) \in \mathbb{R}^{n C \times p}"),
        ("inf_S lambda_min(K)", r"\inf_{S} \lambda_{\min}\left(K\right)"),
        ("[[1, 0], [v, al]]", r"\begin{pmatrix}1 & 0 \\ v & \mathrm{al}\end{pmatrix}"),
        ("|act''| <= s2", r"|\mathrm{act}''| \le s_{2}"),
        ("W2_cj", r"W_{2,cj}"),
        ("e^(-T/2)", r"e^{-T / 2}"),
        ("x^ = x / sqrt(d)", r"\hat{x} = \frac{x}{\sqrt{d}}"),
        ("<= R_A", r"\le R_{A}"),
    ],
)
def test_a_formula_is_set(text, latex):
    assert formula(text) == latex


@pytest.mark.parametrize(
    "text",
    [
        "proofs_checks", "cs_signs", "theorem_D_floors", "trajectory.step", "pltheory check", "make coq", "--json",
        "x.py", "0 <=", "a +", "(a", "a)", "||a|", "1 / sum_i a_i", "a // b", "min over unit u", "", "a^b^c", "_Run",
        "[1, 2",
    ],
)  # fmt: skip
def test_what_is_no_formula_stays(text):
    assert formula(text) is None


def test_a_formula_in_a_sentence_is_set_whole_or_not_at_all():
    assert (
        sentence("a step stays in S; at most k (a - a1)")
        == r"a step stays in $S$; at most $k \, \left(a - a_{1}\right)$"
    )
    assert sentence("Theorem A: where f + unknown <= 3") == "Theorem A: where f + unknown <= 3"
    assert sentence("\0000\000 = x", ["y"]) == "$y = x$"
    assert sentence("plain words only") == "plain words only"


@pytest.mark.slow
def test_no_proposition_has_a_formula_left_in_plain_characters():
    """Outside of the dollars no inequality, subscript or power remains, of a claim or cited lemma."""
    for claim in load():
        for lemma in (claim, *check(claim).cited):
            for rel in (*lemma.hypotheses.values(), *lemma.conclusions.values()):
                outside = "".join(relation(rel).split("$")[::2])
                assert not re.search(r"<=|>=|_|\^|\\", outside), outside


def test_formulas_of_the_derivation_pages_are_latex():
    """Code is what is code: names of files, functions and lemmas, commands, verdicts."""
    for page in PAGES.glob("*.md"):
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        spans = [" ".join(s.split()) for s in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
        assert not [s for s in spans if formula(s) is not None or re.search(r"\^|\|\|", s)], page.name
