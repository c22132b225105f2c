"""The files of the Coq development that a program writes; `make coq` runs `python -m proofs_checks.coq_generated`.

They are not kept under version control: what Coq checks is what the sources say when it is run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import coq_claims, coq_constants, coq_formulas

FOLDER = Path(__file__).parent / "coq"
FILES: dict[str, Callable[[], str]] = {
    "Formulas.v": coq_formulas.text,
    "Constants.v": coq_constants.text,
    "Claims.v": coq_claims.text,
}
"""File -> its text."""


def write(folder: Path = FOLDER) -> list[str]:
    """Write the files whose text is another one; what is current keeps its time, so that nothing is built twice."""
    written = []
    for name, text in FILES.items():
        path, now = folder / name, text()
        if not path.exists() or path.read_text(encoding="utf-8") != now:
            path.write_text(now, encoding="utf-8")
            written.append(name)
    return written


if __name__ == "__main__":
    print(f"written from the sources: {', '.join(write()) or 'nothing new'}")
