"""What the certificates of theorems about a ball say: a network of either class, a radius, and a profile."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from .fields import FALSE, SCHEMAS, Array, Stop, damaged
from .file import Admit, Common, Stored, read_stored
from .graph.file import GraphStored, read_graph

Table = list[tuple[str, str]]
"""Hypotheses with their relations."""
POSITIVE = ("0 < lambda_min(K(w_0))", "<")
KINKS = ("arguments that may meet a kink on B(w_0, R)", "<=")
"""A hypothesis more of a network with kinks: then its pieces are frozen on the ball (Theorem P)."""


@dataclass(frozen=True)
class BallClaim(Common):
    """What a certificate says of a ball, as numbers; attributes as in its file."""

    radius: float
    bounds: dict[str, float]
    hypotheses: list[tuple[float, str, float]]
    grid: list[float]
    sigma: list[float]
    admit: Admit | None = None
    """Asked before Theorem E is computed; the rest was admitted when the claim was read."""
    spread: float = 0.0
    """The run starts anywhere within that of the stored weights."""
    beyond: float = 0.0
    """L_F and ell hold on a ball that is by so much larger than that of the profile."""

    @property
    def falling(self) -> list[arb]:
        """The profile claimed, once it is found to be one, as one that falls: the largest value from each radius on."""
        return [arb(v) for v in itertools.accumulate(reversed(self.sigma), max)][::-1]

    @property
    def place(self) -> int:
        """The point of the grid at which the path is claimed to end.

        Raises:
            Stop: with code FALSE: no point of the grid is claimed.
        """
        required = self.bounds["required"]
        if required not in self.grid:
            raise Stop(FALSE, "bounds.required", f"the claim {required!r} is not a point of the grid")
        return self.grid.index(required)


@dataclass(frozen=True)
class Claim(BallClaim, Stored):
    """About a fully connected network."""

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        # With more hidden layers than one also the nodes of the chain.
        layers = len(self.weights)
        return (2 if layers == 2 else 6) * layers + len(self.grid)


@dataclass(frozen=True)
class GraphClaim(BallClaim, GraphStored):
    """About a network of class G."""

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return 2 * len(self.kinds) + len(self.grid)


@dataclass(frozen=True)
class OnBall:
    """A certificate that says more than that of a ball.

    Attributes:
        on: the ball.
    """

    on: Claim | GraphClaim

    @property
    def parts(self) -> int:
        """Parts of the recheck, each of which ticks once."""
        return self.on.parts

    @property
    def in_doubles(self) -> bool:
        """Whether the bounds of the network are doubles, to which no bits can be added."""
        return self.on.in_doubles


def read_network(
    text: dict[str, Any], path: Path, admit: Admit, more: dict[str, int], numbers: list[str]
) -> Stored | GraphStored:
    """The part that all theorems share, of the class of networks that the text names; arguments as of `read_stored`.

    Raises:
        Stop: with code DAMAGED, or as `admit`.
    """
    graph = isinstance(text.get("network"), dict) and "nodes" in text["network"] and text["schema"] != SCHEMAS[0]
    return (read_graph if graph else read_stored)(text, path, admit, more, numbers)


def about(stored: Stored | GraphStored, **said: Any) -> Claim | GraphClaim:
    """What a text says of a ball, about that network."""
    return (GraphClaim if isinstance(stored, GraphStored) else Claim)(**vars(stored), **said)


def with_kinks(c: Stored | GraphStored, known: Table, at: int) -> Table:
    """The hypotheses of a theorem, that of a network with kinks at that place."""
    return [*known[:at], KINKS, *known[at:]] if isinstance(c, GraphStored) and c.kinks else list(known)


def read_profile(more: dict[str, Array], radius: float) -> tuple[list[float], list[float]]:
    """The grid and the profile on it.

    Raises:
        Stop: with code DAMAGED.
    """
    require_values(more, "sigma", "grid")
    grid = more["grid"]
    if grid[0] != 0 or not (np.diff(grid) > 0).all() or grid[-1] != radius:
        damaged("arrays.grid", f"must start at 0, increase strictly and end at the radius, {radius!r}")
    return grid.tolist(), more["sigma"].tolist()


def require_values(more: dict[str, Array], name: str, points: str) -> None:
    """Stop unless an array has a nonnegative number for each of two or more points.

    Raises:
        Stop: with code DAMAGED.
    """
    values, at = more[name], more[points]
    if values.shape != at.shape or at.size < 2 or (values < 0).any():
        damaged(f"arrays.{name}", f"must have one nonnegative number for each of two or more of arrays.{points}")
