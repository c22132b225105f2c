"""A verdict of Theorem B+ as a claim: what it says, and the solution that a recheck starts from."""

from __future__ import annotations

import math
from dataclasses import replace

from ...optim import StepSettings, certifiable
from ...problem.problem import Problem
from ...theory.statement import Statement
from ..claim import Claim, Inequality, bounds
from .certify import BPlusResult


def bplus_claim(statement: Statement, problem: Problem, settings: StepSettings, found: BPlusResult) -> Claim:
    """The claim of a verdict of `certify_bplus` on this problem and step rule, about the arrays it is of.

    The hypotheses of a phase state what is asked for over what there is, at the worst neuron.
    """
    rule = certifiable(settings)
    claim = Claim(statement, found.arrays, str(problem.objective), rule)
    proof = found.proof
    if proof is None or found.rate is None:
        return replace(claim, shortfall=f"{found.verdict} {found.shortfall}".strip())
    eps = float(proof.eps[-1])
    return replace(
        claim,
        rule=replace(rule, eta=found.eta),
        bounds=bounds(
            residual=("upper", proof.residual),
            lambda_min=("lower", proof.lambda_min),
            lambda_max=("upper", proof.lambda_max),
            c1=("upper", proof.c1),
            beta=("upper", found.beta),
            mu=("lower", found.mu),
            floor=("lower", found.floor),
            rate=("upper", found.rate),
            shift_a=("upper", found.region[0]),
            shift_w=("upper", found.region[1]),
        ),
        inequalities=(
            Inequality("0 < lambda_min(K(w_0))", 0.0, "<", proof.lambda_min),
            Inequality("eta lambda_max(K(w_0)) < 1", _product(found.eta, proof.lambda_max), "<", 1.0),
            Inequality("beta eta < 2", _product(found.eta, found.beta), "<", 2.0),
            Inequality("c1 eps_N < 1", _product(proof.c1, eps), "<", 1.0),
            Inequality("eps_N < 1", eps, "<", 1.0),
            *(
                Inequality(f"{name} in phase {g}, asked over given", float(ratio), "<=", 1.0)
                for g, asked in enumerate(proof.asked, start=1)
                for name, ratio in zip(("(SC1)", "(SC2)", "(SC3)"), asked, strict=True)
            ),
        ),
        witness={
            "times": proof.times,
            "ends": proof.ends.astype(float),
            "eps": proof.eps,
            "ew": proof.ew,
            "ea": proof.ea,
        },
    )


def _product(x: float, y: float) -> float:
    return math.nextafter(x * y, math.inf)
