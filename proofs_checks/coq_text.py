"""The statement of a theorem as the Coq development writes it."""

from __future__ import annotations

import re

from . import coq_claims
from .coq_generated import FOLDER
from .language import Claim


def statement(claim: Claim) -> str:
    """The text of the theorem that a claim names: from its file, or, where it is written from the claim, from that.

    Raises:
        ValueError: the file has no theorem of that name.
    """
    _, module, name = claim.coq.split(".")
    if module == "Claims":
        return coq_claims.stated(claim)
    text = (FOLDER / f"{module}.v").read_text(encoding="utf-8")
    found = re.search(rf"^(?:Theorem|Lemma|Corollary|Proposition)\s+{name}\b.*?(?=\nProof)", text, re.M | re.S)
    if found is None:
        raise ValueError(f"{module}.v has no theorem {name}")
    return found[0]
