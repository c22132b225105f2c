"""What a recheck forgets to compare is not confirmed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pltheory.rechecker import CHECKERS, recheck
from pltheory.rechecker.checks import Checks
from pltheory.rechecker.fields import FAILED
from tests.forge import Forge, refused
from tests.fuzz.collapse_certificates import claim
from tests.rechecker.test_recheck import ONE, forged


def certificate(folder: Path, theorem: str) -> Forge:
    if theorem != "NC":
        return forged(folder, ONE, 0, theorem)
    found = claim("relu")  # with NC1 to NC3, whose hypotheses not every certificate has
    return Forge(folder, found.text("c.cert.npz"), found.arrays_bytes())


@pytest.mark.parametrize("theorem", ["A", "B", "NC"])
def test_each_comparison_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theorem: str) -> None:
    forge = certificate(tmp_path, theorem)
    claimed = [f"bounds.{name}" for name in forge.text["bounds"]]
    rows = [f"hypotheses[{i}]" for i in range(len(forge.text["hypotheses"]))]
    claimed += [row + side for row in rows for side in ("", ".left", ".right")]
    read, check = CHECKERS[theorem]
    for field in claimed:

        def forgetful(claim: Any, checks: Checks, tick: Any, field: str = field) -> None:
            check(claim, checks, tick)
            checks[:] = [c for c in checks if c.field != field]

        monkeypatch.setitem(CHECKERS, theorem, (read, forgetful))
        refused(recheck(forge.path), FAILED, field)
