"""N, token by token: normalisation by a sample's own statistics, and softmax (THEORY_GRAPHS section 6)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...theory.arithmetic import Scalar
from ...theory.rows import Pair, scaled, together
from ..activations.protocol import above
from ..fields.protocol import Values
from ..fitting import GroupShapes, Indices, require, require_indices, require_once
from ..quadratic import Quadratic
from ..sweep import Sweep
from ..tape import Tape
from .kind import Kind

TokenMap = Literal["layer-norm", "rms-norm", "softmax"]
TOKEN_MAPS: tuple[TokenMap, ...] = ("layer-norm", "rms-norm", "softmax")
SOFTMAX_S1 = 0.5
"""sup ||D softmax||, attained (THEORY_GRAPHS section 6)."""
SOFTMAX_S2 = above(math.sqrt(2) / (3 * math.sqrt(3)))
"""sup |D^2 softmax[h, h]| over unit h, attained."""
SOFTMAX_MOVE = above(math.sqrt(2) / 4)
"""sup |grad p_k| of one probability, attained."""


@dataclass(frozen=True)
class TokenNumbers:
    """Numbers of a token map at the centre.

    Attributes:
        length: d.
        offset: d epsilon.
        shortest: smallest |x| of a token, from below; of the two norms only.
        largest: largest probability of a token, from above; of softmax only.
        columns: U_v, the largest norm of B_v^i on one token.
    """

    length: Scalar
    offset: Scalar
    shortest: Scalar
    largest: Scalar
    columns: Scalar


@dataclass(frozen=True, eq=False)
class Tokens(Kind):
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

    name = "tokens"

    @property
    def function(self) -> str:
        """Name of what is not affine in it, "" where nothing is."""
        return self.map

    @property
    def settings(self) -> Mapping[str, int | float | str]:
        """Its scalars in a certificate."""
        return {"map": self.map, "epsilon": float(self.epsilon)}

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

    def _tokens(self, tape: Tape, x: Values) -> Values:
        """(.., N) as (.., T, d)."""
        return tape.field.gather(x, self.tokens)

    def _back(self, tape: Tape, x: Values) -> Values:
        """(.., T, d) as (.., N)."""
        f = tape.field
        places = np.empty(self.tokens.size, dtype=np.int64)
        places[self.tokens.ravel()] = np.arange(self.tokens.size)
        return f.gather(f.reshape(x, f.shape(x)[0], self.tokens.size), places)

    def _largest(self, tape: Tape, x: Values) -> float:
        """Of the moduli of (n, ..)."""
        f = tape.field
        return float(np.max(f.lengths(f.reshape(x, tape.samples, -1, 1), -1)))

    def _normalised(self, tape: Tape, u: int) -> tuple[Values, Values]:
        """The map's values and sqrt(d) / r, by token."""
        x = self._tokens(tape, tape.values[u])
        return tape.field.normalised(tape.field.centred(x) if self.map == "layer-norm" else x, self.epsilon)

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """phi(Z)."""
        if self.map == "softmax":
            return self._back(tape, tape.field.softmax(self._tokens(tape, tape.values[inputs[0]])))
        return self._back(tape, self._normalised(tape, inputs[0])[0])

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """B_v D phi, token by token."""
        f, n, c = tape.field, tape.samples, tape.outputs
        t, d = self.tokens.shape
        rows = f.reshape(self._tokens(tape, f.settled(tape.rows[v])), n, c, t, d)
        value = f.reshape(self._tokens(tape, tape.values[v]), n, 1, t, d)
        along = f.product(f.reshape(rows, n, c, t, 1, d), f.reshape(value, n, 1, t, d, 1))
        along = f.reshape(along, n, c, t, 1)
        if self.map == "softmax":
            # (diag p - p p^T) b
            out = f.times(value, f.add(rows, f.scaled(along, -1.0)))
            slope = min(SOFTMAX_S1, self._largest(tape, value))
        else:
            # sqrt(d)/r (I - phi phi^T / d) b, then the projection
            _, factor = self._normalised(tape, inputs[0])
            mean = f.times(along, f.reciprocal(float(d)))
            out = f.add(rows, f.scaled(f.times(value, mean), -1.0))
            out = f.times(out, f.reshape(factor, n, 1, t, 1))
            slope = self._largest(tape, factor)
            if self.map == "layer-norm":
                out = f.centred(out)
        return [f.carried(self._back(tape, f.reshape(out, n * c, t, d)), lambda: slope, tape.rows[v])]

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> TokenNumbers:
        """What the derivatives' bounds need."""
        f, n, c = tape.field, tape.samples, tape.outputs
        t, d = self.tokens.shape
        by_token = f.transpose(f.reshape(self._tokens(tape, tape.rows[v]), n, c, t, d), 0, 2, 1, 3)
        columns = f.largest_norm(f.reshape(by_token, n * t, c, d))
        shortest = largest = 0.0
        if self.map == "softmax":
            largest = self._largest(tape, tape.values[v])
        else:
            x = self._tokens(tape, tape.values[inputs[0]])
            shortest = f.smallest_row_norm(f.centred(x) if self.map == "layer-norm" else x)
        offset = max(0.0, math.nextafter(d * self.epsilon, 0.0))
        return TokenNumbers(float(d), offset, shortest, largest, columns)

    def _derivatives(self, sweep: Sweep, v: int, u: int) -> tuple[Scalar, Scalar]:
        """s1 and s2 of the map where its tokens can be in the ball (THEORY_GRAPHS section 6, rho form)."""
        at: TokenNumbers = sweep.numbers[v]
        ops = sweep.ops
        if self.map == "softmax":
            # No probability is above this in the ball, and neither derivative is above the largest of a token.
            top = at.largest + SOFTMAX_MOVE * sweep.moved(u).sample
            return ops.minimum(sweep.zero + SOFTMAX_S1, top), ops.minimum(sweep.zero + SOFTMAX_S2, top)
        left = ops.maximum(at.shortest - sweep.moved(u).sample, sweep.zero)
        squares = left * left + at.offset
        root_d = ops.sqrt(at.length)
        return root_d / ops.sqrt(squares), 2.0 * root_d / (ops.sqrt(sweep.zero + 3.0) * squares)

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """s1 X_u."""
        return sweep.forward[inputs[0]].scaled(self._derivatives(sweep, v, inputs[0])[0])

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """s1 Y_v + s2 U_v X_u."""
        at: TokenNumbers = sweep.numbers[v]
        s1, s2 = self._derivatives(sweep, v, inputs[0])
        columns = at.columns + sweep.before_back(v).sample
        return [together(sweep.backward[v].scaled(s1), sweep.forward[inputs[0]].scaled(s2 * columns))]

    def curvature(self, sweep: Sweep, v: int, inputs: Sequence[int], form: Quadratic) -> None:
        """s2 Ub_v (X'_u . t)(x'_u . t)."""
        at: TokenNumbers = sweep.numbers[v]
        _, s2 = self._derivatives(sweep, v, inputs[0])
        x = sweep.forward[inputs[0]]
        form.add(scaled(s2 * (at.columns + sweep.before_back(v).sample), x.batch), x.sample)
