"""What looks at the pages: the check that no formula is left in plain characters."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="no Sphinx here: pip install -e '.[docs]'")
nodes, new_document = pytest.importorskip("docutils.nodes"), pytest.importorskip("docutils.utils").new_document
FOLDER = Path(__file__).parents[1] / "docs" / "extensions"


@pytest.fixture(scope="module")
def check():
    sys.path.insert(0, str(FOLDER))
    try:
        import formula_check

        yield formula_check
    finally:
        sys.path.remove(str(FOLDER))


def page(*inline: nodes.Node) -> nodes.document:
    document = new_document("page")
    document += nodes.paragraph("", "", *inline)
    return document


@pytest.mark.parametrize("code", ["h <= eta", "||r_0||", "sqrt(2 L_0 / mu)", "a^2", "beta"])
def test_code_that_is_a_formula_is_found(check, code):
    assert [what for _, what in check.left(page(nodes.literal("", code)), "derivations/x")]


@pytest.mark.parametrize("code", ["make coq", "pltheory verify x.toml", "theorem_B", "proofs_checks/coq", "--json"])
def test_code_that_is_code_stays(check, code):
    assert not list(check.left(page(nodes.literal("", code)), "derivations/x"))


@pytest.mark.parametrize(
    "words",
    ["where ||r|| <= ||r_0|| holds", "the root of 2 L_0 / mu", "at least 1 - theta", "w_{t+1} is next", "s2 up", "q^t"],
)
def test_a_formula_in_words_is_found(check, words):
    assert list(check.left(page(nodes.Text(words)), "derivations/x"))


@pytest.mark.parametrize(
    "words",
    [
        "Theorem F1 does not close at 1e-6",
        "entries i.i.d. with z3 and cvc5",
        "ratio 1.0002 / 1.1",
        "(I3) to (I4); M2's",
    ],
)
def test_numbers_and_names_are_no_formulas(check, words):
    assert not list(check.left(page(nodes.Text(words)), "derivations/x"))


def test_mathematics_is_counted_and_left_alone(check):
    document = page(nodes.math("", "h <= x_0"), nodes.Text(" and "), nodes.math("", "y"))
    document += nodes.math_block("", "a^2 <= b^2")
    assert check.formulas(document) == 3
    assert not list(check.left(document, "derivations/x"))


def test_a_page_may_be_headed_by_the_name_of_its_claim(check):
    document = new_document("page")
    document += nodes.title("", "bplus c1")
    assert not list(check.left(document, "derivations/claims/bplus_c1"))
    assert list(check.left(document, "derivations/other"))


def test_formulas_of_a_line_are_told_apart_where_no_bracket_is_open(check):
    import mathml

    assert mathml.apart(r"a = 1, \qquad b") == ["a = 1, ", " b"]
    assert mathml.apart(r"\frac{a \qquad b}{c}") == [r"\frac{a \qquad b}{c}"]
    within = r"\begin{align*} a \qquad & b \end{align*}"
    assert mathml.apart(within) == [within]
    assert mathml.apart(r"\left(a \qquad b\right)") == [r"\left(a \qquad b\right)"]


def test_the_width_of_a_line_is_that_of_what_stands_side_by_side(check):
    import mathml

    assert mathml.width("a + b") == 4
    assert mathml.width(r"\frac{a + b}{c}") == mathml.width("a + b")
    assert mathml.width("a^{2}") == pytest.approx(1.7)
    assert mathml.width("0.25") == 4
