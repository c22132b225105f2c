"""Constants.v: the activation constants as they are stored, each float as the fraction that it is exactly."""

from __future__ import annotations

from pltheory.nets.activations import ACTIVATIONS

HEAD = """(** * The stored activation constants

    Written by [make coq] from [pltheory/nets/activations]: each float as the
    fraction that it is exactly.  StoredSuprema.v proves that they are upper bounds. *)

From Coq Require Import Reals.
Open Scope R_scope.

"""


def text() -> str:
    """The whole file."""
    lines = []
    for activation in (a for a in ACTIVATIONS.values() if a.smooth):
        for order, value in enumerate((activation.s1, activation.s2, activation.s3), start=1):
            p, q = value.as_integer_ratio()
            lines.append(f"Definition stored_{activation.name}_s{order} : R := {p} / {q}.")
    return HEAD + "\n".join(lines) + "\n"
