"""The lemmas that a theorem says it rests on are there and machine-checked under those names."""

from __future__ import annotations

import pytest

from pltheory.theorems.ladder import BY_NAME, LADDER, OF_BATCHES
from proofs_checks.claims import NAMES


@pytest.mark.parametrize("theorem", [*LADDER, *BY_NAME, *OF_BATCHES], ids=lambda t: t.id)
def test_the_claims_of_a_theorem_exist(theorem):
    assert set(theorem.claims) <= set(NAMES)
    assert theorem.claims or not theorem.certifiable
