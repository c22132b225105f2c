"""Numbers at the centre that Theorem E starts from, in floats or with round-off counted (THEORY_GRAPHS section 5)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...nets.graph import Graph
from ...nets.activations import activation
from ...nets.kinds.pointwise import Pointwise
from ...rigor.roundoff import down, mul_up, sqrt_down, sqrt_up
from ...theory import NotAvailableError, NumericalFailureError
from ...theory import kernel_profile as formulas
from ...theory.arithmetic import Scalar
from .maps import AffineMap, FixedMap
from .numbers import FLOATS, Array, Numbers, Values, joined, modulus, moved, norm, norms, pieces, shaped, tensor_norm
from .passes import Passes
from .quartic import Pairs, quartic_bound
from .weights import reach, weighted_change

LARGEST = 30
"""N = n C up to which the profile is computed: N^4 / 8 entries of a Gram matrix, N^2 / 2 arrays of activations."""


@dataclass(frozen=True, eq=False)
class Centre:
    """What h_q is at the weights.

    Attributes:
        numbers: for `pltheory.theory.kernel_profile`.
        defect: e, an upper bound of ||R^T K_0 R - 1||.
        sigma: lower bound of sigma_min(J_0).
        directions: R, (n C, n C), taken as exact.
        arithmetic: kind of array that they were computed with.
    """

    numbers: formulas.KernelCentre
    defect: float
    sigma: float
    directions: Array
    arithmetic: Numbers


def kernel_centre(graph: Graph, x: Array, numbers: Numbers = FLOATS) -> Centre:
    """The numbers of Theorem E at the weights.

    Args:
        graph: of Input, Affine, Fixed, Sum and Pointwise nodes, weights at the centre.
        x: (n, N_0) data.
        numbers: `FLOATS`, or `BALLS` for bounds with round-off counted.

    Raises:
        NotAvailableError: another kind of node, more than `LARGEST` outputs in all, or an activation without a bound of
            its third derivative.
        NumericalFailureError: the kernel has no positive smallest eigenvalue to build on.
        NoVerdictError: with `BALLS`, an overflow or an eigenvalue that cannot be bounded.
    """
    total = len(x) * graph.nodes[-1].size
    if total > LARGEST:
        raise NotAvailableError(f"kernel profile: {total} outputs in all (samples x outputs); allowed are {LARGEST}")
    passes = Passes.at(graph, np.asarray(x, dtype=np.float64), numbers)
    if not passes.live[-1]:
        raise NotAvailableError("kernel profile: no parameter reaches the output")
    rows = passes.backward_rows()
    r = _inverse_root(_gram(passes.gradients(passes.along(rows, np.eye(total))), numbers))
    y = passes.along(rows, r)
    gam = passes.gradients(y)
    defect = norm(_gram(gam, numbers) - numbers.exact(np.eye(total)), numbers)
    if not defect < 1:
        raise NumericalFailureError(f"kernel profile: ||R^T K_0 R - 1|| = {defect:.3g} is not below 1")
    sigma = float(sqrt_down(down(1 - defect))) / norm(numbers.exact(r), numbers)
    work = _Work(passes, y, gam, passes.tangents(gam), Pairs.of(total))
    nodes = work.nodes()
    found = formulas.KernelCentre(nodes, len(graph.groups), numbers.number(work.slope()))
    return Centre(found, defect, math.nextafter(sigma, 0.0), r, numbers)


def _gram(gam: dict[int, Values], numbers: Numbers) -> Values:
    """(N, N): inner products of the gradients."""
    total = None
    for part in gam.values():
        flat = moved(part, lambda x: x.transpose(1, 0, 2, 3).reshape(1, x.shape[1], -1))
        gram = numbers.product(flat, moved(flat, lambda x: x.transpose(0, 2, 1)))
        total = gram if total is None else total + gram
    return moved(total, lambda x: x[0])


def _inverse_root(kernel: Values) -> Array:
    """R with R^T K R = 1 up to rounding, K a kernel at the midpoints."""
    mid = kernel if isinstance(kernel, np.ndarray) else kernel.mid
    eigenvalues, vectors = np.linalg.eigh((mid + mid.T) / 2)
    if not eigenvalues[0] > len(mid) * 2.0**-50 * eigenvalues[-1]:
        raise NumericalFailureError(
            f"kernel profile: the smallest kernel eigenvalue, {eigenvalues[0]:.3g}, is not above the rounding of the "
            f"largest, {eigenvalues[-1]:.3g}"
        )
    return vectors / np.sqrt(eigenvalues)


class _Work:
    """One pass from the output to the input over arrays of all pairs of directions."""

    def __init__(self, passes: Passes, y: dict[int, Values], gam: dict[int, Values], zdot: dict[int, Values], pairs: Pairs):
        self.passes, self.y, self.gam, self.zdot, self.pairs = passes, y, gam, zdot, pairs
        self.graph, self.numbers, self.n = passes.graph, passes.numbers, passes.samples
        self.kernel_gram: Values | None = None
        self.back: dict[int, Values | None] = {len(passes.graph.nodes) - 1: None}
        """ydot of nodes that are not done, (K n, N_v); None for zero."""
        self.waiting: dict[int, list[tuple[int, Values | None]]] = {}

    def nodes(self) -> list[formulas.NodeNumbers]:
        """Numbers of every node, from the output down."""
        found: list[formulas.NodeNumbers] = [formulas.Frozen()] * len(self.graph.nodes)
        for v in reversed(range(len(self.graph.nodes))):
            if v in self.back:
                found[v] = self._node(v, self.back.pop(v))
        return found

    def slope(self) -> float:
        """th_1."""
        assert self.kernel_gram is not None
        return quartic_bound(self.kernel_gram, self.pairs, self.numbers)

    def _give(self, u: int, part: Values | None) -> None:
        known = self.back.get(u)
        self.back[u] = part if known is None else known if part is None else known + part

    def _node(self, v: int, ydot: Values | None) -> formulas.NodeNumbers:
        node, action = self.graph.nodes[v], self.passes.maps[v]
        if isinstance(action, AffineMap):
            return self._affine(v, action, ydot)
        if isinstance(node.kind, Pointwise):
            return self._pointwise(v, node.kind, ydot)
        if isinstance(action, FixedMap):
            self._give(node.inputs[0], None if ydot is None else action.transposed(ydot))
            rows, columns = (self.numbers.exact(m) for m in action.moduli)
            return formulas.Fixed(node.inputs[0], self.numbers.number(_schur(rows, columns)))
        for u in node.inputs:
            if self.passes.live[u]:
                self._give(u, ydot)
        return formulas.Sum(node.inputs)

    def _affine(self, v: int, action: AffineMap, ydot: Values | None) -> formulas.Affine:
        u, number = self.graph.nodes[v].inputs[0], self.numbers.number
        gam, y = self.gam[action.kind.group], self.y[v]
        tangent = weight_tangent = spread = 0.0
        if self.passes.live[u]:
            patches = action.patches(self.zdot[u])
            shape = (action.blocks, -1, self.n * action.positions, patches.shape[2])
            tangent = tensor_norm(shaped(patches, *shape), self.numbers)
            weight_tangent = tensor_norm(moved(gam, lambda x: x[..., : patches.shape[2]]), self.numbers)
            spread = float(np.max(norms(self.numbers.exact(action.weight), self.numbers), initial=0.0))
            self._give(u, self.passes.back_tangent_through(action, ydot, y, gam, self.pairs))
        extended = action.extended_patches(self.passes.values[u])
        factor = reach(action, self.numbers)
        out = formulas.Affine(
            parent=u,
            group=action.kind.group,
            patches=number(float(np.max(norms(extended, self.numbers)))),
            spread=number(spread) * factor,
            reach=factor,
            back=number(norm(self._by_direction(y), self.numbers)),
            back_tangent=number(0.0 if ydot is None else self._quartic(ydot)),
            input_tangent=number(tangent),
            weight_tangent=number(weight_tangent),
        )
        self._collect(v, action.kind.group, ydot)
        return out

    def _by_direction(self, z: Values) -> Values:
        """(R, n N_v) of (R n, N_v)."""
        return shaped(z, -1, self.n * z.shape[1])

    def _quartic(self, ydot: Values) -> float:
        flat = moved(self._by_direction(ydot), lambda x: x[None])
        gram = self.numbers.product(flat, moved(flat, lambda x: x.transpose(0, 2, 1)))
        return quartic_bound(moved(gram, lambda x: x[0]), self.pairs, self.numbers)

    def _pointwise(self, v: int, kind: Pointwise, ydot: Values | None) -> formulas.Pointwise:
        u, act, number = self.graph.nodes[v].inputs[0], activation(kind.activation), self.numbers.number
        if not math.isfinite(act.s3):
            raise NotAvailableError(f"kernel profile: {act.name} has no bound of its third derivative")
        single = np.ones(len(self.pairs.where))
        za, ya = (self._entry_norms(z, single) for z in (self.zdot[u], self.y[v]))
        yda = np.zeros_like(ya) if ydot is None else self._entry_norms(ydot, self.pairs.weights)
        self._give(u, self.passes.back_tangent_at(v, ydot, self.y[v], self.zdot[u], self.pairs))
        by = [weighted_change(self.passes, u, c) for c in (za, ya, yda, mul_up(ya, za))]
        tangent, back = number(float(za.max())), number(float(ya.max()))
        return formulas.Pointwise(u, number(act.s1), number(act.s2), number(act.s3), tangent, back, *by)

    def _entry_norms(self, z: Values, weights: Array) -> Array:
        """(n, N_v): root of the weighted sum of squares over directions, or pairs, of (R n, N_v)."""
        flat = self._by_direction(z)
        return self.numbers.root_of_squares(flat, weights).reshape(self.n, -1)

    def _collect(self, v: int, group: int, ydot: Values | None) -> None:
        """Add to the Gram matrix of S once all nodes of a group are there: their blocks are summed before squaring."""
        self.waiting.setdefault(group, []).append((v, ydot))
        earlier = (m for w, m in enumerate(self.passes.maps[:v]) if w in self.y)
        if any(isinstance(m, AffineMap) and m.kind.group == group for m in earlier):
            return
        members = self.waiting.pop(group)
        g, o, q = self.graph.groups[group].weight.shape
        each = len(self.pairs.where) ** 2 * (q + 1)
        for blocks in pieces(g, each * o):
            for outputs in pieces(o, each * (blocks.stop - blocks.start)):
                total = None
                for w, yd in members:
                    for part in self._curvature(w, yd, blocks, outputs):
                        total = part if total is None else total + part
                if total is not None:
                    self._add(total)

    def _add(self, s: Values) -> None:
        flat = moved(s, lambda x: x.transpose(1, 0, 2, 3).reshape(1, x.shape[1], -1))
        gram = self.numbers.product(flat, moved(flat, lambda x: x.transpose(0, 2, 1)))
        gram = moved(gram, lambda x: x[0])
        self.kernel_gram = gram if self.kernel_gram is None else self.kernel_gram + gram

    def _curvature(self, v: int, ydot: Values | None, g: slice, o: slice) -> Iterator[Values]:
        """(G', K, O', q + 1): a node's part of S_kl, ydot^T E~(a) + y^T kappa E(adot), symmetrised."""
        passes, numbers, action, u = self.passes, self.numbers, self.passes.maps[v], self.graph.nodes[v].inputs[0]
        assert isinstance(action, AffineMap)
        outputs = o.stop - o.start
        if ydot is not None:
            e = moved(action.extended_patches(passes.values[u]), lambda x: x[g])
            own = numbers.product(passes.columns(action, ydot, g, o), e)
            yield moved(own, lambda x: x.reshape(x.shape[0], -1, outputs, x.shape[2]))
        if not passes.live[u]:
            return
        count, rows = len(self.pairs.where), self.n * action.positions
        e = moved(action.patches(self.zdot[u]), lambda x: x[g])
        q = e.shape[2]
        beside = moved(e, lambda x: x.reshape(-1, count, rows, q).transpose(0, 2, 1, 3).reshape(-1, rows, count * q))
        both = numbers.product(passes.columns(action, self.y[v], g, o), beside)

        def first_two(x: Array) -> Array:
            return x.reshape(-1, count, outputs, count, q).transpose(1, 3, 0, 2, 4)

        part = self.pairs.symmetrised(moved(both, first_two))  # (K, G', O', q)
        part = moved(part, lambda x: x.transpose(1, 0, 2, 3))
        if action.bias is not None:
            part = joined([part, numbers.exact(np.zeros((*part.shape[:3], 1)))], 3)
        yield part


def _schur(rows: Values, columns: Values) -> float:
    """Upper bound of ||L|| from the row and column sums of its moduli: the root of the product of the largest."""
    return float(sqrt_up(mul_up(float(np.max(modulus(rows), initial=0.0)), float(np.max(modulus(columns), initial=0.0)))))
