"""Numbers beside the claims: they exist for every claim, hold, and a false variant shows at them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from pltheory.theory import formulas
from proofs_checks.claims import load
from proofs_checks.language import ge
from proofs_checks.notation import P, a0, beta, eta, mu, radius_sharp
from proofs_checks.render import example, label
from proofs_checks.worked import points, sides, split

CLAIMS = {c.name: c for c in load()}
WITH_NUMBERS = sorted(n for n, c in CLAIMS.items() if c.example is not None or c.numbers is not None)


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_every_conclusion_about_numbers_holds_at_every_point(name):
    claim = CLAIMS[name]
    at = points(claim, 60)
    assert len(at) == 60
    found = sides(claim, at)
    assert found
    for s in found:
        assert s.slack.min() > -1e-9, s.name
        if s.op == "=":
            assert np.abs(s.slack).max() < 1e-9, s.name
        assert len(s.left) == 60
    text = example(at[30], found, 30)
    assert all(f"| {label(s.name).replace('|', chr(92) + '|')} |" in text for s in found)


def test_the_runs_are_runs():
    """What Theorem A's example says of a step is what delta-GClip does on the quadratic."""
    for p in points(CLAIMS["theorem_a"], 40):
        at = {str(s): v for s, v in p.items()}
        assert at["eta"] * at["delta"] <= at["h"] * (1 + 1e-12)
        assert at["h"] <= at["eta"]
        assert at["a1"] < at["a"] <= at["a0"]
        assert 2 * at["mu"] * at["a"] ** 2 <= at["G"] ** 2 * (1 + 1e-12) <= 2 * at["beta"] * at["a"] ** 2 * (1 + 1e-9)
        assert at["R"] > formulas.radius_sharp(at["a0"] ** 2, at["mu"], at["beta"], at["eta"])


def test_a_false_conclusion_shows():
    """A tenth of the radius is passed by some of the points."""
    claim = CLAIMS["theorem_a"].but(conclusions={"path": ge(radius_sharp(a0**2, mu, beta, eta) / 10, P)})
    (path,) = sides(claim, points(CLAIMS["theorem_a"], 60))
    assert path.slack.min() < 0


def test_the_two_sides_are_the_terms_by_sign():
    x, y = sp.symbols("x y")
    assert split(x**2 - y - 3) == (x**2, y + 3)
    assert split(x) == (x, 0)


def test_an_example_without_a_value_is_an_error():
    short = replace(CLAIMS["theorem_a"], numbers=lambda rng: iter([{"mu": 1.0}]))
    with pytest.raises(ValueError, match="no value for"):
        points(short, 3)
