"""P: a parametric affine map of patches: dense layers, convolutions, scale and shift, maps shared over tokens.

`z_{g,o,p} = kappa W_g[o,:] . e_{g,p}(a_u) + tau b_{g,o}` (THEORY_GRAPHS section 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .fitting import GroupShapes, Indices, require, require_indices


@dataclass(frozen=True, eq=False)
class Affine:
    """An affine node; its output is ordered (g, o, p), as torch orders channels before positions.

    Attributes:
        group: index of the parameter group.
        patches: (G, P, q), which entry of the input stands where in the patch e_{g,p}; -1 for a zero.
        kappa: scale of the weights.
        tau: scale of the bias, 0 where the group has none.
    """

    group: int
    patches: Indices
    kappa: float
    tau: float

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The patches."""
        return {"patches": self.patches}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) == 1, "an affine node reads one other")
        require(0 <= self.group < len(groups), "there is no such parameter group")
        require_indices(self.patches, 3, inputs[0], "patches", padding=True)
        weight, bias = groups[self.group].weight, groups[self.group].bias
        g, p, q = self.patches.shape
        require(weight.ndim == 3 and weight.shape[0] == g and weight.shape[2] == q, "patches do not fit the weights")
        require(bias is None or bias.shape == weight.shape[:2], "the bias does not fit the weights")
        require(size == g * weight.shape[1] * p and size >= 1, "the size is not G O P")
        require(math.isfinite(self.kappa) and math.isfinite(self.tau), "a scale is not finite")
        require(bias is not None or self.tau == 0, "tau must be 0 where there is no bias")
