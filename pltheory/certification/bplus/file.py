"""A CERTIFIED verdict of Theorem B+ as a certificate: what it claims, and the solution that a recheck starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ...optim import StepSettings, certifiable
from ...problem.problem import Problem
from ...theory import InvalidInputError
from ...theory.statement import Statement
from ..certificate import Inequality
from ..certificate_file import Document
from ..enclosure import Arrays
from .certify import BPlusResult


@dataclass(frozen=True)
class BPlusCertificate:
    """A verdict of Theorem B+ with the doubles it speaks of.

    Attributes:
        statement: the theorem in words.
        arrays: the network and data.
        loss: "sum" or "mean".
        optimizer: name of the step rule.
        gamma: clipping threshold.
        delta: the rule's own floor.
        result: the verdict.
    """

    statement: Statement
    arrays: Arrays
    loss: str
    optimizer: str
    gamma: float
    delta: float
    result: BPlusResult

    @property
    def theorem(self) -> str:
        """Id of the theorem."""
        return self.statement.id

    @property
    def holds(self) -> bool:
        """Whether every hypothesis is proved, round-off included."""
        return self.result.proof is not None

    @property
    def inequalities(self) -> tuple[Inequality, ...]:
        """The hypotheses; those of a phase state what is asked for over what there is, at the worst neuron."""
        found, proof = self.result, self.result.proof
        if proof is None:
            return ()
        eps = float(proof.eps[-1])
        rows = [
            Inequality("0 < lambda_min(K(w_0))", 0.0, "<", proof.lambda_min),
            Inequality("eta lambda_max(K(w_0)) < 1", _product(found.eta, proof.lambda_max), "<", 1.0),
            Inequality("beta eta < 2", _product(found.eta, found.beta), "<", 2.0),
            Inequality("c1 eps_N < 1", _product(proof.c1, eps), "<", 1.0),
            Inequality("eps_N < 1", eps, "<", 1.0),
        ]
        for g, asked in enumerate(proof.asked, start=1):
            rows += [
                Inequality(f"{name} in phase {g}, asked over given", float(ratio), "<=", 1.0)
                for name, ratio in zip(("(SC1)", "(SC2)", "(SC3)"), asked, strict=True)
            ]
        return tuple(rows)

    def document(self) -> Document:
        """The files of the certificate.

        Raises:
            InvalidInputError: it does not hold.
        """
        found, proof = self.result, self.result.proof
        if proof is None or found.rate is None:
            raise InvalidInputError(
                f"only a certificate that holds is written: {found.verdict} {found.shortfall}".strip()
            )
        return Document(
            statement=self.statement,
            network=self.arrays,
            more={
                "times": proof.times,
                "ends": proof.ends.astype(float),
                "eps": proof.eps,
                "ew": proof.ew,
                "ea": proof.ea,
            },
            loss=self.loss,
            optimizer=self.optimizer,
            steps=(found.eta, self.gamma, self.delta),
            bounds={
                "residual": ("upper", proof.residual),
                "lambda_min": ("lower", proof.lambda_min),
                "lambda_max": ("upper", proof.lambda_max),
                "c1": ("upper", proof.c1),
                "beta": ("upper", found.beta),
                "mu": ("lower", found.mu),
                "floor": ("lower", proof.floor),
                "rate": ("upper", found.rate),
                "shift_a": ("upper", found.region[0]),
                "shift_w": ("upper", found.region[1]),
            },
            hypotheses=[(i.name, i.left, i.relation, i.right) for i in self.inequalities],
            sections={},
        )

    def save(self, path: str | Path) -> None:
        """Write the certificate.

        Raises:
            InvalidInputError: it does not hold, or as `Document.save`.
        """
        self.document().save(Path(path))


def _product(x: float, y: float) -> float:
    return math.nextafter(x * y, math.inf)


def bplus_certificate(
    statement: Statement, problem: Problem, settings: StepSettings, result: BPlusResult
) -> BPlusCertificate:
    """The certificate of a verdict of `certify_bplus` on this problem and step rule, about the arrays it is of."""
    rule = certifiable(settings)
    return BPlusCertificate(statement, result.arrays, problem.loss, rule.name, rule.gamma, rule.delta, result)
