"""The claims and what the kernel says of them, asked once a build; a claim that does not check ends the build."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sphinx.errors import ExtensionError

from proofs_checks.claims import load
from proofs_checks.language import Cited, Claim
from proofs_checks.table import Row, run_claim


@dataclass(frozen=True)
class Checked:
    """A claim, what the check found, and the cited lemmas that its proof and those of its lemmas rest on."""

    claim: Claim
    row: Row
    cited: tuple[Cited, ...]


@cache
def checked() -> dict[str, Checked]:
    """By name, in the order of the proofs.

    Raises:
        ExtensionError: a claim does not check.
    """
    found = {}
    for claim in load():
        row, cited = run_claim(claim, use_solvers=False)
        if not row.holds:
            raise ExtensionError(f"claim {claim.name} does not check: {row.reason}")
        found[claim.name] = Checked(claim, row, tuple(sorted(cited, key=lambda c: c.name)))
    return found


def named(name: str) -> Checked:
    """The claim of that name.

    Raises:
        ExtensionError: there is none.
    """
    if name not in checked():
        raise ExtensionError(f"{name!r} is no claim of proofs_checks.claims")
    return checked()[name]
