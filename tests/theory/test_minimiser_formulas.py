"""The numbers of Theorem W1 against losses that are known, and the recheck; a wrong one is noticed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from pltheory.certification import minimiser
from pltheory.certification.minimiser import Network
from pltheory.certification.stored import stored_arrays
from pltheory.optim import ClippedSettings, DeltaGClipSettings, GradientDescentSettings
from pltheory.rechecker import recheck
from pltheory.theorems.w1 import THEOREM
from tests.formula_mutants import held_to
from tests.nets.graph_mutants import Mutant
from tests.oracles import minimiser_attack
from tests.oracles.shrunken import shrunken


def wrong_numbers() -> list[str]:
    """Runs that break what is claimed, on losses whose Hessians are known."""
    patched = minimiser_attack.at_radius
    minimiser_attack.at_radius = minimiser.at_radius
    try:
        return [o.broken for seed in range(24) for o in minimiser_attack.attacked(seed, steps=60) if o.broken]
    finally:
        minimiser_attack.at_radius = patched


RULES: dict[tuple[int, ...], ClippedSettings] = {
    (24,): DeltaGClipSettings("0.5/beta", 1e-3, 0.2, weight_decay=0.5),
    (6, 6): GradientDescentSettings("0.5/beta", weight_decay=3.0),
}


def wrong_proof() -> list[str]:
    """What is proved and rechecked."""
    found = []
    for hidden, rule in RULES.items():
        claim = THEOREM.certify(shrunken(rule.weight_decay, hidden=hidden), rule)
        if not claim.holds:
            found.append(f"{hidden}: does not hold")
            continue
        with tempfile.TemporaryDirectory() as folder:
            claim.save(Path(folder) / "c.json")
            result = recheck(Path(folder) / "c.json")
        if not result.accepted:
            found.append(f"{hidden}: {result.message}")
    return found


def wrong_network() -> list[str]:
    """The gradient and the curvature against automatic differentiation."""
    found = []
    for loss in ("sum", "mean"):
        at = shrunken(0.5, away=0.05, loss=loss)
        network = Network(stored_arrays(at))
        params = list(at.parameters())
        value = at.value() + 0.25 * torch.stack([p.square().sum() for p in params]).sum()
        grads = torch.autograd.grad(value, params)
        true = float(torch.cat([g.flatten() for g in grads]).norm())
        said = network.gradient(5.0, at, 0.5)
        if not true * (1 - 1e-12) <= said <= true * (1 + 1e-9):
            found.append(f"{loss}: gradient {said} for {true}")
    shapes = [p.shape for p in params]
    flat = torch.cat([p.detach().flatten() for p in params])
    names = [name for name, _ in at.network.named_parameters()]
    residual = (at.network(at.x) - at.y).detach()

    def weighed(w: torch.Tensor) -> torch.Tensor:
        parts = [part.reshape(s) for part, s in zip(w.split([s.numel() for s in shapes]), shapes, strict=True)]
        outputs = torch.func.functional_call(at.network, dict(zip(names, parts, strict=True)), (at.x,))
        return (residual * outputs).sum()

    hessian = torch.autograd.functional.hessian(weighed, flat)
    true = float(torch.linalg.matrix_norm(hessian, 2))
    said = network.curvature(0.0, float(residual.norm()), 5.0, 10.0)
    if not true <= said <= 3 * true:
        found.append(f"curvature {said} for {true}")
    if network.curvature(0.1, float(residual.norm()), 5.0, 10.0) <= said:
        found.append("curvature does not grow with the ball")
    return found


CHECKS = {"numbers": wrong_numbers, "proof": wrong_proof, "network": wrong_network}
N, P = "numbers", "proof"
MUTANTS = [
    Mutant("tau is lambda", minimiser, "at_radius", "lam - residual_curvature", "lam", N),
    Mutant("beta without E", minimiser, "at_radius", "**2 + residual_curvature + lam", "**2 + lam", N),
    Mutant("beta without lambda", minimiser, "at_radius", "residual_curvature + lam", "residual_curvature", N),
    Mutant("the path without k", minimiser, "at_radius", "steepest / (k * tau)", "steepest / tau", N),
    Mutant("a clip that sees less", minimiser, "at_radius", "steepest + beta * required", "steepest / 2", N),
    Mutant("the rate of longest steps", minimiser, "at_radius", "rate(tau, beta, eta, floor)",
           "rate(tau, beta, eta, 1.0)", N),
    Mutant("proof: tau is lambda", minimiser, "_build", "decay - interval(e.hi)", "decay - interval(0.5 * e.hi)", P),
    Mutant("proof: beta without E", minimiser, "_build", "interval(e.hi) + decay).hi", "decay).hi", P),
    Mutant("proof: the path without k", minimiser, "_build", "(steepest / (k * interval(tau.lo))).hi",
           "(steepest / interval(tau.lo)).hi", P),
    Mutant("proof: the residual at the start", Network, "curvature", "add_up(residual, mul_up(lipschitz, radius))",
           "residual", P),
    Mutant("proof: half of the curvature", Network, "curvature", "return min(", "return 0.5 * min(", P),
    Mutant("proof: the gradient without decay", Network, "gradient", "g + decay * w for", "g for", P),
    Mutant("network: the gradient without decay", Network, "gradient", "g + decay * w for", "g for", "network"),
    Mutant("network: the point alone", Network, "curvature", "self._gram, radius, lipschitz",
           "self._gram, 0.0, lipschitz", "network"),
    Mutant("network: the summed gradient", Network, "gradient", "lipschitz, problem.share)", "lipschitz)", "network"),
]  # fmt: skip


(
    test_the_formulas_as_they_stand_pass,
    test_a_wrong_formula_is_noticed,
    test_mutants_have_names_of_their_own,
) = held_to(CHECKS, MUTANTS)
