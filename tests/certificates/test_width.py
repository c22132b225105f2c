"""A sufficient width is one that was built and seen to do."""

from __future__ import annotations

import math

import pytest

from pltheory.certificates.width import sufficient_width
from pltheory.theory import NumericalFailureError


def counting(ratio):
    tried = []
    return lambda m: tried.append(m) or ratio(m), tried


@pytest.mark.parametrize("constant", [0.003, 0.02, 0.4])
def test_a_square_root_law_is_solved_in_a_few_guesses(constant):
    at, tried = counting(lambda m: constant * math.sqrt(m))
    width = sufficient_width(at, 64, constant * 8, 10**8)
    assert constant * math.sqrt(width) > 1
    assert width <= 1.3 / constant**2 + 64
    assert tried[-1:] == ([width] if constant * 8 <= 1 else [])
    assert len(tried) <= 2


def test_a_slower_law_needs_more_guesses_and_every_answer_was_checked():
    at, tried = counting(lambda m: 0.01 * m**0.4)
    width = sufficient_width(at, 100, 0.01 * 100**0.4, 10**9)
    assert 0.01 * width**0.4 > 1
    assert tried[-1] == width
    assert tried == sorted(set(tried))


def test_none_above_the_limit():
    at, tried = counting(lambda m: 0.001 * math.sqrt(m))
    assert sufficient_width(at, 64, 0.008, 1000) is None
    assert all(m <= 1000 for m in tried)


def test_the_limit_is_the_largest_width_built():
    at, tried = counting(lambda m: 0.1 * math.sqrt(m))
    sufficient_width(at, 64, 0.8, 105)
    assert all(m <= 105 for m in tried)


def test_a_width_that_already_does_is_kept():
    at, tried = counting(lambda m: 2.0)
    assert sufficient_width(at, 64, 1.5, 1000) == 64
    assert tried == []


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.nan])
def test_a_ratio_that_gives_no_guess(ratio):
    with pytest.raises(NumericalFailureError, match="width 64"):
        sufficient_width(lambda m: 1.0, 64, ratio, 1000)


def test_a_ratio_that_vanishes_on_the_way():
    with pytest.raises(NumericalFailureError, match="no guess"):
        sufficient_width(lambda m: 0.0, 64, 0.5, 10**6)
