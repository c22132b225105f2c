"""A certificate by the name of a theorem: prove it, save it, and let the rechecker have it."""

from __future__ import annotations

from ..certification.claim import Claim
from ..measure.linearization import linearize
from ..optim import StepSettings, require_rule
from ..problem.batches import Batches
from ..problem.problem import Problem
from ..problem.snapshot import snapshot
from ..problem.surroundings import undisturbed
from ..theorems.ladder import CERTIFIABLE, WEAKEST_DEMAND
from ..theory import InvalidInputError


@undisturbed
def certify(
    problem: Problem,
    settings: StepSettings,
    *,
    theorem: str = WEAKEST_DEMAND.id,
    batches: Batches | None = None,
) -> Claim:
    """Prove a theorem's hypotheses with arithmetic that counts its own rounding.

    Args:
        problem: network of class N or G, data, and the square loss but for theorems that speak of more. Theorem C is
            Theorem B at weights that are not random, for instance a checkpoint loaded into the network.
        settings: step rule; eta a number or "c/beta".
        theorem: A, A', B, C; D (a trajectory from these weights; minutes); of class N also B+ (one hidden layer, one
            output), of networks with kinks N; of any loss with a gauge L, T+L, T+B and T+M after
            a stored run; F1 of mini-batches, F3 of mini-batches after a stored run, F4 of workers that average; NC of
            class labels and a network that ends in two linear layers, of whose steps nothing is asked or said.
        batches: what each step sees; None for all samples.

    Returns:
        A certificate; `holds` says whether every hypothesis is proved. `save(path)` writes one that holds, and
        `pltheory.recheck(path)` checks the files again with other code.

    Raises:
        InvalidInputError: a theorem that has no certificate, or the network or the data changed meanwhile.
        NotAvailableError: not a network or a loss that the theorem speaks of, or a network whose outputs or gradients
            are not those of its layers.
        NoVerdictError, NumericalFailureError: an overflow, a NaN, or a bound that cannot be verified.
        RoundingEnvironmentError: the processor flushes subnormals or does not round to nearest.
    """
    if theorem not in CERTIFIABLE:
        raise InvalidInputError(f"theorem = {theorem!r}: certificates exist for {', '.join(CERTIFIABLE)}")
    require_rule(settings)
    CERTIFIABLE[theorem].require_covers(settings)
    taken = snapshot(problem)
    taken.require_readable()
    if taken.problem.of_class_n:
        linearize(taken.problem.network, taken.problem.x)  # for its refusal: the provers read the layers alone
    if batches is not None:
        batches.require_fits(len(problem.x))
    proved = CERTIFIABLE[theorem].certify(taken.problem, settings, batches)
    taken.require_unchanged()
    return proved
