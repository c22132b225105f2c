"""A number is accepted only on the side of an inequality that its direction allows."""

from __future__ import annotations

import pytest

from pltheory.theorems.guard import theorem_of
from pltheory.theory import Bound, Direction, InvalidInputError, WrongDirectionError
from pltheory.theory.bound import estimate, exact, lower, upper
from tests.by_name import THEOREMS


@pytest.mark.parametrize(
    ("make", "as_lower", "as_upper"),
    [(lower, True, False), (upper, False, True), (exact, True, True), (estimate, False, False)],
)
def test_each_direction_is_accepted_on_its_sides_only(make, as_lower, as_upper):
    number = make(1.5, "by hand")
    for read, allowed in ((number.at_least, as_lower), (number.at_most, as_upper)):
        if allowed:
            assert read() == 1.5
        else:
            with pytest.raises(WrongDirectionError, match="by hand"):
                read()


def test_a_bound_does_not_turn_into_a_float():
    with pytest.raises(TypeError):
        float(lower(1.0, "m"))
    with pytest.raises(TypeError):
        lower(1.0, "m") < 2.0  # noqa: B015


def test_wrong_direction_is_a_type_error_and_bad_input_a_value_error():
    assert issubclass(WrongDirectionError, TypeError)
    assert issubclass(InvalidInputError, ValueError)


def test_signs_as_printed():
    signs = {str(f(2.0, "m"))[0] for f in (lower, upper, exact, estimate)}
    assert signs == {"≥", "≤", "=", "≈"}
    assert not Bound(1.0, Direction.LOWER, "m").rounded


def test_registry_lists_the_ladder_and_refuses_other_names():
    ladder = ["LZB22-4", "LZB22-6", "TMSSR25", "A", "A'", "B", "C"]
    assert [name for name in THEOREMS if name in ladder] == ladder
    assert all(key == t.id and t.hypotheses and t.conclusion for key, t in THEOREMS.items())
    assert "2404.08624" in THEOREMS["TMSSR25"].citation
    assert "2003.00307" in THEOREMS["LZB22-6"].citation
    with pytest.raises(InvalidInputError, match=r"'Z'.*A'.*B"):
        theorem_of("Z")
