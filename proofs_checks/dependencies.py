"""What a claim rests on: the lemmas, claimed or cited, that its own proof instantiates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .language import Cases, Cited, Claim, Induction, Use


def lemmas(claim: Claim) -> list[Claim | Cited]:
    """Those of its proof, in order, each once."""
    return list(dict.fromkeys(_used(claim.steps)))


def _used(steps: tuple) -> Iterator[Claim | Cited]:
    for s in steps:
        if isinstance(s, Use):
            yield s.lemma
        elif isinstance(s, Cases):
            yield from _used((*s.left, *s.right))
        elif isinstance(s, Induction):
            yield from _used((*s.base, *s.step))


def closure(claims: Iterable[Claim]) -> list[Claim]:
    """These claims and all that they rest on, lemmas first."""
    found: dict[Claim, None] = {}

    def add(claim: Claim) -> None:
        if claim in found:
            return
        for lemma in lemmas(claim):
            if isinstance(lemma, Claim):
                add(lemma)
        found[claim] = None

    for claim in claims:
        add(claim)
    return list(found)
