"""A run as arrays. Every column is declared once, in `Trace`: the loop fills it, the store writes and reads it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

Array = np.ndarray


class At(StrEnum):
    """When a column is measured."""

    ITERATE = "at every iterate w_0 .. w_T"
    STEP = "at every step w_0 .. w_{T-1}"
    RECORDED = "at the recorded iterates"


@dataclass(frozen=True)
class Column:
    """One column of a trace.

    Attributes:
        name: its name in `Trace` and in files.
        meaning: what it is, in a line.
        unit: in weights, outputs and loss.
        at: when it is measured.
        label: what figures call it.
        summed: whether it adds up from the start of the run, and so begins anew where a part of it is looked at.
        optional: whether files of earlier versions lack it.
    """

    name: str
    meaning: str
    unit: str
    at: At
    label: str
    summed: bool = False
    optional: bool = False


def _of(meaning: str, unit: str, at: At, label: str, *, summed: bool = False, optional: bool = False) -> dict[str, Any]:
    return {"column": lambda name: Column(name, meaning, unit, at, label, summed, optional)}


def _optional(meaning: str, unit: str, at: At, label: str) -> Any:
    """A column that is empty where it has no meaning."""
    return field(default_factory=lambda: np.empty(0), metadata=_of(meaning, unit, at, label, optional=True))


@dataclass(frozen=True)
class Trace:
    """A run of T steps, an array per column: shape (T+1,) at iterates, (T,) at steps, (K,) at recorded ones.

    `COLUMNS` says what each is. A recorded column may be empty where it was not measured.

    Attributes:
        recorded: the numbers of the recorded iterates, shape (K,).
    """

    loss: Array = field(metadata=_of("loss in use, L_t", "loss", At.ITERATE, "loss"))
    grad_norm: Array = field(
        metadata=_of("norm of its gradient over all parameters", "loss / weight", At.STEP, r"$\|\nabla L_t\|$")
    )
    step_size: Array = field(metadata=_of("step size h_t", "weight^2 / loss", At.STEP, "$h_t$"))
    path: Array = field(metadata=_of("length of the path up to w_t", "weight", At.ITERATE, "path length", summed=True))
    recorded: Array
    distance: Array = field(metadata=_of("distance from w_0", "weight", At.RECORDED, "distance from $w_0$"))
    lambda_min: Array = field(
        metadata=_of(
            "smallest eigenvalue of the tangent kernel, in the scale of the loss",
            "loss / weight^2",
            At.RECORDED,
            r"$\lambda_{\min}(K(w_t))$",
        )
    )
    pieces: Array = _optional(
        "arguments on another side of a kink than at the recorded iterate before; of networks with kinks",
        "arguments",
        At.RECORDED,
        "changes of side",
    )
    batch_loss: Array = _optional(
        "loss of the batch that the step sees; of mini-batches", "loss", At.STEP, "loss of the batch"
    )
    epoch: Array = _optional(
        "number of the epoch that the step belongs to; of mini-batches that have epochs", "epochs", At.STEP, "epoch"
    )
    moved: Array = _optional(
        "length of the step, ||w_{t+1} - w_t||; with momentum or weight decay",
        "weight",
        At.STEP,
        r"$\|w_{t+1} - w_t\|$",
    )
    buffer: Array = _optional(
        "norm of the buffer before the step; with momentum", "loss / weight", At.STEP, r"$\|b_t\|$"
    )
    clip_norm: Array = _optional(
        "norm of the buffer in the step, with momentum; of the gradient with the decay's term, where it is coupled",
        "loss / weight",
        At.STEP,
        r"$\|b_{t+1}\|$ or $\|u_t\|$",
    )
    weights: Array = _optional(
        "norm of the weights before the step; with weight decay", "weight", At.STEP, r"$\|w_t\|$"
    )
    ahead: Array = _optional("loss in use at z_t = w_t + alpha d_t; with momentum", "loss", At.STEP, "$L(z_t)$")
    lag: Array = _optional("||b_t - grad L(w_t) / (1 - m)||; with momentum", "loss / weight", At.STEP, r"$\|y_t\|$")

    def __repr__(self) -> str:
        ends = f"{self.loss[0]:.4g} to {self.loss[-1]:.4g}" if len(self.loss) else "none"
        measured = ", ".join(name for name in COLUMNS if len(getattr(self, name)))
        return f"Trace({len(self.step_size)} steps, {len(self.recorded)} recorded, loss {ends}; columns {measured})"

    def to_frame(self) -> pd.DataFrame:
        """The run as a table: a row per iterate w_0 .. w_T, a column of `COLUMNS` each, NaN where nothing was measured.

        A step's numbers stand in the row of the iterate that it starts from. Columns that were not measured are left
        out.
        """
        import pandas as pd  # slow to import, so not at the top

        steps = pd.RangeIndex(len(self.loss), name="step")
        found = {}
        for c in COLUMNS.values():
            values = getattr(self, c.name)
            if len(values):
                at = self.recorded if c.at is At.RECORDED else np.arange(len(values))
                found[c.name] = pd.Series(values, index=at).reindex(steps)
        return pd.DataFrame(found, index=steps)

    def up_to(self, t: int) -> Trace:
        """The run up to w_t."""
        early = self.recorded <= t
        kept: dict[str, Array] = {"recorded": self.recorded[early]}
        for c in COLUMNS.values():
            values = getattr(self, c.name)
            if not len(values):
                kept[c.name] = values
            elif c.at is At.RECORDED:
                kept[c.name] = values[early]
            else:
                kept[c.name] = values[: t + 1] if c.at is At.ITERATE else values[:t]
        return Trace(**kept)

    def after(self, t: int) -> Trace:
        """The run from w_t on; what is summed begins there."""
        late = self.recorded >= t
        kept: dict[str, Array] = {"recorded": self.recorded[late]}
        for c in COLUMNS.values():
            values = getattr(self, c.name)
            if not len(values):
                kept[c.name] = values
            elif c.at is At.RECORDED:
                kept[c.name] = values[late]
            else:
                kept[c.name] = values[t:] - values[t] if c.summed else values[t:]
        return Trace(**kept)


COLUMNS: dict[str, Column] = {f.name: f.metadata["column"](f.name) for f in fields(Trace) if "column" in f.metadata}
"""The columns of a trace by name, in the order of their file."""


def columns(at: At) -> list[str]:
    """Names of the columns that are measured then."""
    return [c.name for c in COLUMNS.values() if c.at is at]
