"""A second opinion on a certificate: everything recomputed from its stored arrays in ball arithmetic (python-flint).

Nothing is shared with what made the certificate but the documented file format and the theorems' names: the forward
pass, kernel, eigenvalue bounds, the recursions and the theorems' inequalities are written again in this folder.
Guesses (eigenvalues, approximate factors) are not believed. Every recomputed number is an enclosure, so a
claim is confirmed, fails, or is beyond the precision in use. What is large is bounded on whole arrays of doubles first,
and in balls where these do not confirm it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import ctx

from ..theory.errors import InvalidInputError
from .accelerated import check_accelerated, read_accelerated
from .ball import PATHS, check_ball, read_ball
from .batches import check_batches, read_batches, read_workers
from .bplus import check_bplus, read_bplus
from .checks import Check, Checks, Tick
from .collapse import check_collapse, read_collapse
from .cost import MOST_GIB as MOST_GIB
from .cost import MOST_SECONDS as MOST_SECONDS
from .cost import Limits, on_time, within
from .crossed import check_crossed, read_crossed
from .decay import check_floor, read_floor
from .fields import ACCEPTED, FAILED, FALSE, UNSURE, Stop, one_of, read_text
from .file import Admit
from .finite.claim import read_finite
from .finite.replay import check_finite
from .handover import AFTER, check_handover, read_handover
from .kinked_trajectory import check_kinked_trajectory
from .laws import LAWS
from .level import check_level, read_level
from .minimiser import check_minimiser, read_minimiser
from .quadratic import check_quadratic, read_quadratic
from .random_batches import check_random_batches, read_random_batches
from .steps import check_steps, read_steps
from .trajectory import KinkedTrajectoryClaim, check_trajectory, read_trajectory

Reader = Callable[[dict[str, Any], Path, Admit], Any]
Checker = Callable[[Any, Checks, Tick], None]


def _along(claim: Any, checks: Checks, tick: Tick) -> None:
    if isinstance(claim, KinkedTrajectoryClaim):
        check_kinked_trajectory(claim, checks, tick)
    else:
        check_trajectory(claim, checks, tick)


CHECKERS: dict[str, tuple[Reader, Checker]] = {
    **dict.fromkeys(PATHS, (read_ball, check_ball)),
    **dict.fromkeys(LAWS, (read_steps, check_steps)),
    "W1": (read_minimiser, check_minimiser),
    "W2": (read_floor, check_floor),
    "N": (read_crossed, check_crossed),
    "B+": (read_bplus, check_bplus),
    "M2": (read_quadratic, check_quadratic),
    "M3": (read_accelerated, check_accelerated),
    "D": (read_trajectory, _along),
    "T": (read_finite, check_finite),
    "L": (read_level, check_level),
    "F1": (read_batches, check_batches),
    "F2": (read_random_batches, check_random_batches),
    **dict.fromkeys(AFTER, (read_handover, check_handover)),
    "F4": (read_workers, check_batches),
    "NC": (read_collapse, check_collapse),
}
"""Theorem to what reads its certificates and what recomputes their claims."""


@dataclass(frozen=True)
class RecheckResult:
    """What came of a recheck.

    Attributes:
        code: 0 accepted, 1 a claim fails, 2 damaged or unreadable, 3 the precision or the limits do not decide,
            4 numerical failure.
        field: the first field that fails, "" if none does.
        message: one line that says so, with both numbers.
        theorem: the theorem, "" where the file could not be read so far.
        bits: precision of the ball arithmetic.
        checks: every comparison made.
    """

    code: int
    field: str
    message: str
    theorem: str
    bits: int
    checks: tuple[Check, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether every claim is confirmed."""
        return self.code == ACCEPTED


def recheck(
    path: str | Path,
    *,
    bits: int = 128,
    most_seconds: float = MOST_SECONDS,
    most_gib: float = MOST_GIB,
    progress: Callable[[int, int, str], None] | None = None,
) -> RecheckResult:
    """Recompute every claim of a certificate file from the arrays beside it.

    Args:
        path: the JSON text of a certificate.
        bits: precision of the ball arithmetic.
        most_seconds: of processor time; what its sizes say would take more is refused before it is begun.
        most_gib: GiB of memory, likewise.
        progress: called as (done, total, what) on the way.

    Returns:
        The verdict; whatever the files hold, it is a verdict and not an exception.

    Raises:
        InvalidInputError: bits or a limit out of range.
    """
    if not 24 <= bits <= 100_000:
        raise InvalidInputError(f"bits = {bits}: allowed are 24 to 100000")
    for limit, value in (("most_seconds", most_seconds), ("most_gib", most_gib)):
        if not 0 < value < math.inf:
            raise InvalidInputError(f"{limit} = {value}: allowed are positive finite numbers")
    checks = Checks()
    theorem = ""

    def result(code: int, field: str, message: str) -> RecheckResult:
        return RecheckResult(code, field, message, theorem, bits, tuple(checks))

    stop = None
    try:
        with ctx.workprec(bits), np.errstate(all="ignore"), within(most_seconds):
            text = read_text(Path(path))
            name = one_of(text.get("theorem"), "theorem", CHECKERS)
            read, check = CHECKERS[name]
            claim = read(text, Path(path), Limits(most_seconds, most_gib, bits).admit)
            theorem = name
            steps = itertools.count(1)

            def tick(note: str) -> None:
                on_time()
                if progress:
                    progress(next(steps), claim.parts, note)

            check(claim, checks, tick)
            if all(c.code == ACCEPTED for c in checks):
                checks.require(text["bounds"], len(text["hypotheses"]))
    except Stop as reason:
        stop = reason
    except (MemoryError, np.linalg.LinAlgError, ZeroDivisionError, OverflowError) as error:
        stop = Stop(FAILED, "arithmetic", str(error) or "out of memory")
    failing = next((c for c in checks if c.code == FALSE), None)
    if stop is not None and failing is None:
        return result(stop.code, stop.field, f"{stop.field}: {stop}")
    if failing is not None:
        message = f"{failing.field}: the claim {failing.claim} fails, recomputed {failing.recomputed}"
        return result(FALSE, failing.field, message)
    unsure = next((c for c in checks if c.code == UNSURE), None)
    if unsure is not None:
        what = f"do not decide the claim {unsure.claim}, recomputed {unsure.recomputed}"
        if claim.in_doubles:
            return result(UNSURE, unsure.field, f"{unsure.field}: the bounds in doubles {what}")
        return result(UNSURE, unsure.field, f"{unsure.field}: {bits} bits {what}; try --bits {2 * bits}")
    return result(ACCEPTED, "", f"Theorem {theorem}: all {len(checks)} claims confirmed")
