"""Runs every check once and keeps what it found; `__main__` prints it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from time import perf_counter

from . import coq_claims, coq_status, solvers, witness
from .kernel import Rejected, check
from .language import Cited, Claim


@dataclass
class Row:
    """One claim.

    Attributes:
        accepted: the kernel's answer; `reason` says why not.
        milliseconds: for the kernel's check, lemmas checked before not counted again.
        certificates: how many certificates it expanded.
        coq_theorem: the theorem of the Coq development that corresponds to it, written by hand or, where there is
            none, written from the claim; `coq` its status.
        coq_generated: the theorem of Claims.v written from the claim, empty for a claim about a process;
            `coq_generated_status` its status.
        opinions: solver -> counts of answers, or "not installed".
        mutants: false variants; `mutants_rejected` by the kernel, `mutants_refuted` by their own exact
        witness. cited: names of the cited lemmas that the proof rests on, those of its lemmas included.
    """

    name: str
    title: str
    accepted: bool
    reason: str
    milliseconds: float
    certificates: int
    coq_theorem: str
    coq: str
    coq_generated: str
    coq_generated_status: str
    mutants: int
    mutants_rejected: int
    mutants_refuted: int
    opinions: dict[str, dict[str, int] | str] = field(default_factory=dict)
    cited: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Accepted, its mutants rejected and false, and no second opinion against it."""
        disagreements = sum(o["disagree"] for o in self.opinions.values() if isinstance(o, dict))
        rejected = self.mutants == self.mutants_rejected == self.mutants_refuted > 0
        return self.accepted and rejected and not disagreements


def run_claim(claim: Claim, use_solvers: bool = True, seconds: float = 0.5) -> tuple[Row, set[Cited]]:
    """Check a claim and its mutants, and ask the solvers.

    Args:
        use_solvers: whether to ask those that are installed.
        seconds: a solver's time for one obligation.
    """
    start, log, cited, reason = perf_counter(), [], set(), ""
    try:
        proof = check(claim)
        log, cited = proof.log, proof.cited
    except Rejected as rejection:
        reason = str(rejection)
    elapsed = 1000 * (perf_counter() - start)
    mutants = list(claim.mutants(claim))
    failures = []
    for mutant in mutants:
        try:
            check(mutant.claim)
        except Rejected as rejection:
            failures.append(rejection.log[-1:])
    opinions: dict = {}
    for name in solvers.SOLVERS if use_solvers else ():
        if name not in solvers.installed():
            opinions[name] = solvers.NOT_INSTALLED
            continue
        opinions[name] = solvers.opinion(name, log, "unsat", seconds)
        on_mutants = solvers.opinion(name, [o for log in failures for o in log], "sat", seconds)
        opinions[name]["disagree"] += on_mutants["disagree"]
        opinions[name]["mutants agree"] = on_mutants["agree"]
    generated, written = "", ()
    if coq_claims.generated(claim):
        generated = f"PLTheory.Claims.claim_{claim.name}"
        written = (coq_claims.preamble(), coq_claims.theorem(claim)) if not reason else ()
    row = Row(
        claim.name,
        claim.title,
        not reason,
        reason,
        elapsed,
        len(log),
        claim.coq,
        coq_status.status(claim.coq, written=written if claim.coq == generated else ()),
        generated,
        coq_status.status(generated, written=written),
        len(mutants),
        len(failures),
        sum(map(witness.refutes, mutants)),
        opinions,
        sorted(c.name for c in cited),
    )
    return row, cited


def _counts(rows: list[Row], cited: set[Cited]) -> dict[str, int]:
    """How much is checked by what, and how much by nothing."""
    generated = [r for r in rows if r.coq_generated]
    return {
        "claims": len(rows),
        "not accepted": sum(not r.accepted for r in rows),
        "in Coq": sum(bool(r.coq_theorem) for r in rows),
        "not in Coq": sum(not r.coq_theorem for r in rows),
        "generated": len(generated),
        "generated on cited lemmas": sum(bool(r.cited) for r in generated),
        "cited lemmas": len(cited),
    }


def run_suprema() -> list[dict] | str:
    """The activation constants, or "not installed" without python-flint."""
    if find_spec("flint") is None:
        return "not installed"
    from .suprema import all_suprema

    rows = []
    for s in all_suprema():
        ends = {"lower": s.lower.str(30, radius=False), "upper": s.upper.str(30, radius=False)}
        theorem = f"PLTheory.StoredSuprema.{s.activation}_stored"
        rows.append({**vars(s), **ends, "coq_theorem": theorem, "coq": coq_status.status(theorem)})
    return rows


def run(
    claims: list[Claim],
    use_solvers: bool = True,
    seconds: float = 0.5,
    progress: Callable[[str], None] = lambda name: None,
) -> dict:
    """All checks: {"claims", "cited", "suprema", "counts", "holds", "seconds"}; `counts` says what is not checked."""
    start, rows, cited = perf_counter(), [], set()
    for claim in claims:
        progress(claim.name)
        row, used = run_claim(claim, use_solvers, seconds)
        rows.append(row)
        cited |= used
    progress("suprema")
    suprema = run_suprema()
    bounds = isinstance(suprema, str) or all(
        s["stored_is_upper"] and s["closed_form_agrees"] is not False for s in suprema
    )
    return {
        "claims": [{**asdict(r), "holds": r.holds} for r in rows],
        "cited": {c.name: {"kind": c.kind, "statement": c.statement} for c in sorted(cited, key=lambda c: c.name)},
        "suprema": suprema,
        "counts": _counts(rows, cited),
        "holds": bounds and all(r.holds for r in rows),
        "seconds": perf_counter() - start,
    }
