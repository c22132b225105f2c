"""N, token by token: normalisation by a sample's own statistics, and softmax (THEORY_GRAPHS section 6)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .fitting import GroupShapes, Indices, require, require_indices, require_once

TokenMap = Literal["layer-norm", "rms-norm", "softmax"]
TOKEN_MAPS: tuple[TokenMap, ...] = ("layer-norm", "rms-norm", "softmax")


@dataclass(frozen=True, eq=False)
class Tokens:
    """A smooth map of every token; output k stands where input k stood.

    Attributes:
        map: "layer-norm": sqrt(d) x / sqrt(|x|^2 + d epsilon) with x = z - mean(z); "rms-norm": the same with x = z;
            "softmax".
        tokens: (T, d), a partition of the input's entries into tokens.
        epsilon: positive for the two norms, 0 for softmax.
    """

    map: TokenMap
    tokens: Indices
    epsilon: float = 0.0

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The tokens."""
        return {"tokens": self.tokens}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) == 1 and inputs[0] == size, "a token map has the size of what it reads")
        require(self.map in TOKEN_MAPS, f"no token map {self.map!r}")
        require_indices(self.tokens, 2, size, "tokens", padding=False)
        require_once(self.tokens, "tokens")
        require(self.tokens.size == size, "tokens must hold every entry")
        require(
            self.epsilon == 0 if self.map == "softmax" else 0 < self.epsilon < math.inf,
            "epsilon must be positive for a norm and 0 for softmax",
        )
