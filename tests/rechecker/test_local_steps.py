"""Certificates of Theorem F4: true ones accepted, changed ones not, nor what a program with a wrong formula makes."""

from __future__ import annotations

from unittest import mock

import pytest
from flint import arb, arb_mat

from pltheory.certification.batches import conditions, workers
from pltheory.certification.batches.parts import Parts
from pltheory.rechecker import recheck
from pltheory.rechecker.batch_parts import batches_of
from pltheory.theory import batches as formulas
from tests.forge import DAMAGED, FALSE, Forge
from tests.rechecker.batch_certificates import claimed, forge


@pytest.mark.parametrize(("change", "code"), [
    ({"workers": 1}, FALSE),
    ({"workers": 4}, FALSE),
    ({"passes": 1}, FALSE),
    ({"passes": 4}, FALSE),
    ({"every_partition": 1}, FALSE),
    ({"workers": 3}, DAMAGED),
    ({"workers": 8}, DAMAGED),
    ({"workers": 0}, DAMAGED),
    ({"workers": True}, DAMAGED),
    ({"passes": 0}, DAMAGED),
    ({"batch": 3}, DAMAGED),
])  # fmt: skip
def test_other_workers_are_refused(tmp_path, change, code):
    one = forge(tmp_path, "F4 consecutive")
    one.text["witness"].update(change)
    assert recheck(one.write_text()).code == code


@pytest.mark.parametrize("change", [0.1, 0.3, 1.0])
def test_long_rows_may_belong_to_short_inputs(change):
    rows, shares = [1.0, 0.1, 0.05, 0.05], [0.1, 1.0, 0.05, 0.05]
    kernel, gram = (arb_mat([[p * q for q in v] for p in v]) for v in (rows, shares))
    _, (anyone,) = batches_of((4, 1), 1, 2, kernel, gram, (arb(2), arb(2)), every=True)
    # Coherent rows: of the first two samples both sums over pairs are no less than this.
    assert anyone.parts.pairs(arb(change)) >= 0.999 * (rows[0] + shares[0] * change) * (rows[1] + shares[1] * change)


WRONG = {
    "rate without 1/K": ((conditions, "shared", lambda om, workers, ops: om),),
    "Om = 1": ((workers, "truncation", lambda *args: 0.0), (Parts, "pairs", lambda *args: 0.0)),
    "pairs of one pass": ((Parts, "pairs", lambda self, change, passes=1, right=Parts.pairs: right(self, change)),),
    "M0w for M0x": (
        (conditions, "allowance", lambda eta, mean, within, *rest: formulas.allowance(eta, mean, mean, *rest)),
    ),
    "M of one pass": ((conditions, "lost", lambda eta, m, *rest: formulas.lost(eta, m / 3**0.5, *rest)),),
    "Mw for Mx": ((conditions, "growth", lambda eta, a, m: formulas.growth(eta, a, m / 2**0.5)),),
    "path of one pass": ((conditions, "path", lambda eta, gam, *rest: formulas.path(eta, gam / 3, *rest)),),
}
"""What replaces a formula of the program."""


@pytest.mark.parametrize("name", WRONG)
def test_a_program_with_a_wrong_formula_is_found(tmp_path, name):
    (where, what, instead), *rest = WRONG[name]
    with mock.patch.object(where, what, instead):
        if rest:
            with mock.patch.object(*rest[0]):
                claim = claimed("F4 consecutive")
        else:
            claim = claimed("F4 consecutive")
    assert claim.holds
    assert recheck(Forge(tmp_path, claim.text("c.cert.npz"), claim.arrays_bytes()).path).code == FALSE
