"""The forms of Theorem M2 and the gains of Theorem M3 against their definitions; a wrong formula is noticed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy as sp

from pltheory.certification.accelerated import NAMES, Spectrum
from pltheory.theory import acceleration, forms
from pltheory.theory.forms import Momentum, least_pivot, pivots, step_form
from tests.formula_mutants import held_to
from tests.nets.graph_mutants import Mutant
from tests.oracles.momentum_gains import free_responses, gains_on_grid, left_over


def wrong_forms() -> list[str]:
    """What a form has against its definition, at random vectors of three coordinates."""
    rng, found = np.random.default_rng(0), []
    for nesterov in (False, True):
        for _ in range(20):
            m, al, weight, b, eps, tau = rng.uniform(0.1, 0.9, 6)
            bend, pull, price = rng.uniform(0.1, 2, 3)
            g, d, e = rng.normal(size=(3, 3))
            matrix = np.array(forms.step_form(Momentum(m, nesterov, al, weight, b, eps), tau, bend, pull, price))
            vectors = np.stack([g, d, e])
            said = float((matrix * (vectors @ vectors.T)).sum())
            true = left_over(m, nesterov, al, weight, b, eps, tau, bend, pull, price, g, d, e)
            if not np.isclose(said, true, rtol=1e-10, atol=1e-10):
                found.append(f"{'Nesterov' if nesterov else 'heavy ball'}: {said} for {true}")
    return found


def wrong_gains() -> list[str]:
    """Where a gain is below its supremum, above it where it is attained, or accepted though it is below."""
    found = []
    # In the middle of the band the suprema over all real x are those over the circle.
    for m, low, high, f in ((0.5, 0.4, 2.2, 0.5), (0.25, 0.6, 1.9, 0.3), (0.81, 0.5, 2.0, 0.7)):
        q = m**0.5 + f * (1 - m**0.5)
        at = Spectrum(m, q, low, high)
        true = gains_on_grid(m, q, low, high) | free_responses(m, q, low, high)
        said = at.squares()
        for name in NAMES:
            if not true[name] <= said[name] <= 1.05 * true[name]:
                found.append(f"{name} at m = {m}: {said[name]} for {true[name]}")
            if not at.holds(said) or at.holds({**said, name: 0.999 * true[name]}):
                found.append(f"{name} at m = {m}: decided wrongly")
    return found


def wrong_loops() -> list[str]:
    """Where N and U are not what the two inequalities allow at most."""
    rng, found = np.random.default_rng(1), []
    for _ in range(20):
        g = acceleration.Gains(*rng.uniform(0.5, 2, 3), 1.0, 1.0)
        change = float(rng.uniform(0, 0.9)) / (g.across + (g.step_to_residual * g.gradient_to_buffer) ** 0.5)
        free = rng.uniform(0.5, 2, 2)
        loop = change * np.array([[g.across, g.step_to_residual], [g.gradient_to_buffer, g.across]])
        true = np.linalg.solve(np.eye(2) - loop, free)
        radius = max(abs(np.linalg.eigvals(loop)))
        if not np.allclose(g.weighted(change, *free), true) or not np.isclose(g.closed(change), radius):
            found.append(f"{g.weighted(change, *free)} for {true}")
    return found


CHECKS = {"forms": wrong_forms, "gains": wrong_gains, "loops": wrong_loops}
C = acceleration.Circle
MUTANTS = [
    Mutant("no damping of al", Momentum, "carried", "(1 - m) * al", "al", "forms"),
    Mutant("Nesterov's point once", Momentum, "carried", "m * (m + al) - al", "m * m - al", "forms"),
    Mutant("Nesterov's gradient once", Momentum, "pushed", "1 + self.m + self.ahead", "1 + self.ahead", "forms"),
    Mutant("the step without al", Momentum, "pushed", "else 1 + self.ahead", "else 1", "forms"),
    Mutant("d does not shrink", forms, "step_form", "c * (1 - m * m) / 2", "c / 2", "forms"),
    Mutant("half the bend", forms, "step_form", "bend * s * s / 2", "bend * s * s / 4", "forms"),
    Mutant("the bend not across", forms, "step_form", "(bend * p * s + c", "(c", "forms"),
    Mutant("the buffer not across", forms, "step_form", "+ c * m * tau - p) / 2", "- p) / 2", "forms"),
    Mutant("no pull across", forms, "step_form", "(s - pull) / 2", "s / 2", "forms"),
    Mutant("the pull does not see d", forms, "step_form", "pull * c * at.stiff", "0 * pull", "forms"),
    Mutant("e for nothing", forms, "step_form", "- price * behind * behind", "", "forms"),
    Mutant("e is smaller", forms, "step_form", "at.ahead * at.smooth", "at.ahead * at.smooth / 2", "forms"),
    Mutant("e and Delta apart", forms, "step_form", "[ge, -p / 2, price", "[ge, 0 * p, price", "forms"),
    Mutant("be without m", C, "be", "1 + self.m - self.kap", "1 - self.kap", "gains"),
    Mutant("v doubled", C, "v", "4 * self.m - self.be * self.be", "8 * self.m - self.be * self.be", "gains"),
    Mutant("A for B", C, "half_difference", "self.q - self.m", "self.q + self.m", "gains"),
    Mutant("B for A", C, "half_sum", "self.q + self.m", "self.q - self.m", "gains"),
    Mutant("no square of l1", C, "quotient", "- l1 * l1 / 4", "", "gains"),
    Mutant("a root too few", C, "least_quotient", "curve * l1 * l1", "0 * curve", "gains"),
    Mutant("half a square", C, "least_quotient", "/ (2 * curve)", "/ (4 * curve)", "gains"),
    Mutant("z alone", C, "least_step_to_residual", "self.q * self.q + self.m * self.m", "self.q * self.q", "gains"),
    Mutant("across without kap", C, "least_across", "4 * self.m * self.kap", "4 * self.m", "gains"),
    Mutant("z and not z - 1", C, "least_gradient_to_buffer", "self.q * self.q + 1", "self.q * self.q", "gains"),
    Mutant("the residual as the buffer", C, "least_free_residual", "- 2 * mp * self.be", "", "gains"),
    Mutant("no kap in the buffer", C, "least_free_buffer", "self.kap * (1", "(1", "gains"),
    Mutant("undamped without p", C, "_undamped", "self.be * self.be / (self.q * self.q)", "self.be * self.be", "gains"),
    Mutant("an easy residual", C, "free_residual", "square * self._undamped", "2 * square * self._undamped", "gains"),
    Mutant("an easy buffer", C, "free_buffer", "self.kap * (1", "0 * self.kap * (1", "gains"),
    Mutant("an easy product", C, "across", "- 4 * self.m * self.kap", "- 2 * self.m * self.kap", "gains"),
    Mutant("no determinant", acceleration.Gains, "weighted", "- b * c", "", "loops"),
    Mutant("the buffer is free", acceleration.Gains, "weighted", "+ b * buffer", "", "loops"),
    Mutant("the residual is free", acceleration.Gains, "weighted", "+ c * residual", "", "loops"),
    Mutant("the gains' sum", acceleration.Gains, "closed", "self.across + ", "", "loops"),
]  # fmt: skip


(
    test_the_formulas_as_they_stand_pass,
    test_a_wrong_formula_is_noticed,
    test_mutants_have_names_of_their_own,
) = held_to(CHECKS, MUTANTS)


def test_pivots_are_those_of_the_factorisation():
    rng = np.random.default_rng(3)
    for _ in range(12):
        half = [[Fraction(int(x)) for x in row] for row in rng.integers(-5, 6, (3, 3))]
        matrix = [[sum(a * b for a, b in zip(p, q, strict=True)) for q in half] for p in half]
        for shift in (Fraction(0), Fraction(1, 100), Fraction(-1, 100)):
            moved = [[x + shift * (i == j) for j, x in enumerate(row)] for i, row in enumerate(matrix)]
            exact = sp.Matrix(moved)
            definite = all(exact[:k, :k].det() > 0 for k in (1, 2, 3))
            assert (least_pivot(moved) > 0) is definite
            if definite:
                first, second, third = pivots(moved)
                assert first * second * third == exact.det()


def test_a_border_is_decided_exactly():
    # Gradient descent on a parabola: at b = 2 nothing is left, at 2 - 2^-1000 a little is.
    def least(b: Fraction) -> Fraction:
        at = Momentum(Fraction(0), False, Fraction(0), Fraction(1), b, Fraction(0))
        return step_form(at, Fraction(1), b, Fraction(0), Fraction(1))[0][0] + Fraction(1, 2)

    assert least(Fraction(2)) == 0
    assert least(Fraction(2) - Fraction(1, 2**1000)) > 0


def test_gains_of_a_spectrum_do_not_shrink_when_it_grows():
    small, large = Spectrum(0.5, 0.8, 0.5, 2.0), Spectrum(0.5, 0.8, 0.3, 2.3)
    of_small, of_large = small.squares(), large.squares()
    assert small.holds(of_small)
    assert large.holds(of_large)
    for name in NAMES:
        assert of_large[name] > 1.4 * of_small[name]
        assert small.holds({**of_small, name: of_large[name]})
        assert not large.holds({**of_large, name: of_small[name]})


def test_nothing_is_accepted_outside_the_band():
    squares = Spectrum(0.5, 0.8, 0.5, 2.0).squares()
    huge = {name: 1e9 * value for name, value in squares.items()}
    assert Spectrum(0.5, 0.8, 0.5, 2.0).holds(huge)
    assert not Spectrum(0.5, 0.8, 0.01, 2.0).holds(huge)  # overdamped
    assert not Spectrum(0.5, 0.8, 0.5, 3.0).holds(huge)  # beyond (1 + sqrt m)^2
    assert not Spectrum(0.5, 0.7, 0.5, 2.0).holds(huge)  # q below sqrt m
    assert not Spectrum(0.5, 1.0, 0.5, 2.0).holds(huge)
