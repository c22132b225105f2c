"""No theorem proves anything of a loss that it does not name, whichever door it is asked at."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pltheory.optim import GradientDescentSettings
from pltheory.problem.batches import Batches
from pltheory.problem.loss import KINDS, SquareLoss, WeightedSquareLoss
from pltheory.problem.problem import Problem
from pltheory.theorems.ladder import BASINS, CERTIFIABLE
from pltheory.theorems.measured import profile_at
from pltheory.theory import NotAvailableError
from pltheory.verification.contract import near_solution

HEAVY = GradientDescentSettings(eta="0.06/beta", momentum=0.8)
LONGER = replace(HEAVY, eta="1/beta", momentum=0.7)
ONE, TWO = near_solution(12, 1e-4), near_solution(12, 1e-4, outputs=2)
OF_LOSS = {
    "square": Problem(ONE.network, ONE.x, ONE.y, "mean"),
    "weighted-square": Problem(ONE.network, ONE.x, ONE.y, WeightedSquareLoss(weights=(100.0,) * 3)),
    "cross-entropy": Problem(TWO.network, TWO.x, torch.tensor([0, 1, 0]), "cross-entropy"),
    "logistic": Problem(ONE.network, ONE.x, torch.sign(ONE.y), "logistic"),
}


@pytest.mark.parametrize("name", CERTIFIABLE)
def test_no_theorem_is_proved_of_a_loss_that_it_does_not_name(name: str) -> None:
    theorem = CERTIFIABLE[name]
    rule = HEAVY if theorem.forms & HEAVY.forms else GradientDescentSettings(eta="0.5/beta")
    batches = Batches(2, theorem.orders[0]) if theorem.orders else None
    assert set(OF_LOSS) == set(KINDS) >= set(theorem.losses)
    for kind in set(KINDS) - set(theorem.losses):
        with pytest.raises(NotAvailableError, match=f"speaks of .*, not of {kind}"):
            theorem.certify(OF_LOSS[kind], rule, batches)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rule"), [("M2", HEAVY), ("M3", LONGER)])
def test_the_proofs_of_momentum_refuse_another_loss_than_the_square_one(
    name: str, rule: GradientDescentSettings
) -> None:
    assert BASINS[name].certify_near(OF_LOSS["square"], rule, profile_at(OF_LOSS["square"])).holds
    for kind in set(KINDS) - {SquareLoss.name}:
        with pytest.raises(NotAvailableError, match=f"square loss, not of {kind}"):
            BASINS[name].certify_near(OF_LOSS[kind], rule, profile_at(OF_LOSS["square"]))
