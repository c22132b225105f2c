"""Numbers at the centre that Theorem E starts from, in floats or with round-off counted (THEORY_GRAPHS section 5)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ...nets.activations import activation
from ...nets.centre import Centre
from ...nets.fields import Field
from ...nets.fields.protocol import Values
from ...nets.graph import Graph
from ...nets.kinds.affine import Affine, AffineNumbers
from ...nets.kinds.fixed import Fixed
from ...nets.kinds.pointwise import Pointwise
from ...rigor.roundoff import Array
from ...theory import NotAvailableError, NumericalFailureError
from ...theory import kernel_profile as formulas
from .passes import Passes, require_allowed
from .quartic import Pairs, norm_of_forms, product_of_forms, quartic_bound
from .spread import weighted_change

LARGEST = 30
"""N = n C up to which the profile is computed: N^4 / 4 entries of a Gram matrix, N^2 / 2 arrays of activations."""
ENTRIES = 2**22
"""Of blocks of S held at a time."""


@dataclass(frozen=True, eq=False)
class KernelCentre:
    """What h_q is at the weights.

    Attributes:
        numbers: for `pltheory.theory.kernel_profile`.
        defect: e, an upper bound of ||R^T K_0 R - 1||.
        directions: R (n C, n C), taken as exact.
        field: floats, or balls with round-off counted.
    """

    numbers: formulas.KernelNumbers
    defect: float
    directions: Array
    field: Field


def kernel_centre(centre: Centre, x: Array, field: Field) -> KernelCentre:
    """The numbers of Theorem E at the weights.

    Args:
        centre: the graph, of Input, Affine, Fixed, Sum and Pointwise nodes, linearised in that field.
        x: (n, N_0) data.
        field: `FLOATS`, or `VERIFIED` for bounds with round-off counted.

    Raises:
        NotAvailableError: another kind of node, more than `LARGEST` outputs in all, or an activation without a bound of
            its third derivative.
        NumericalFailureError: the kernel has no positive smallest eigenvalue to build on.
        NoVerdictError: with `VERIFIED`, an overflow or an eigenvalue that cannot be bounded.
    """
    require_available(centre.graph, len(x))
    affine = ((v, at) for v, at in enumerate(centre.numbers) if isinstance(at, AffineNumbers))
    passes = Passes.at(centre.graph, x, field, {v: at.spread for v, at in affine if at.spread})
    if not passes.tape.moving[-1]:
        raise NotAvailableError("kernel profile: no parameter reaches the output")
    r = inverse_root(field.middle(centre.kernel))
    y = passes.along(r)
    gam = passes.gradients(y)
    defect = field.norm(field.add(_gram(field, gam.values()), field.constant(-np.eye(len(r)))))
    if not defect < 1:
        raise NumericalFailureError(f"kernel profile: ||R^T K_0 R - 1|| = {defect:.3g} is not below 1")
    weight_tangents = _weight_tangents(passes, gam)
    for v, kind in passes.affine:
        at = centre.numbers[v]
        passes.turns[v] = float(field.up(at.reach, weight_tangents[kind.group]))
    collected = _Downward(passes, centre, y, gam, weight_tangents)
    groups = tuple(sorted({kind.group for _, kind in passes.affine}))
    numbers = formulas.KernelNumbers(tuple(collected.nodes()), groups, collected.slope())
    return KernelCentre(numbers, defect, r, field)


def require_available(graph: Graph, samples: int) -> None:
    """Refuse a graph for which the profile does not exist, or is not computed.

    Raises:
        NotAvailableError: naming the node or the number.
    """
    require_few(samples * graph.nodes[-1].size)
    require_allowed(graph)
    for v, node in enumerate(graph.nodes):
        if isinstance(node.kind, Pointwise) and not math.isfinite(activation(node.kind.activation).s3):
            raise NotAvailableError(
                f"kernel profile: node {v} ({node.name}) is {node.kind.activation}, whose third derivative has no bound"
            )


def require_few(outputs: int) -> None:
    """Refuse more outputs, n C, than the profile is computed for.

    Raises:
        NotAvailableError: with both numbers.
    """
    if outputs > LARGEST:
        raise NotAvailableError(f"kernel profile: {outputs} outputs (samples x outputs of one); allowed are {LARGEST}")


def inverse_root(kernel: Array) -> Array:
    """R with R^T K R = 1 up to rounding.

    Raises:
        NumericalFailureError: the smallest eigenvalue of K is not above rounding.
    """
    eigenvalues, vectors = np.linalg.eigh((kernel + kernel.T) / 2)
    if not eigenvalues[0] > len(kernel) * 2.0**-50 * eigenvalues[-1]:
        raise NumericalFailureError(
            f"kernel profile: the smallest kernel eigenvalue, {eigenvalues[0]:.3g}, is not above the rounding of the "
            f"largest, {eigenvalues[-1]:.3g}"
        )
    return np.asarray(vectors / np.sqrt(eigenvalues))


def _gram(f: Field, blocks: Iterable[Values]) -> Values:
    """(R, R): inner products of vectors whose blocks are (G, R, O, q + 1), summed over the blocks given."""
    whole = None
    for block in blocks:
        flat = f.transpose(block, 1, 0, 2, 3)
        flat = f.reshape(flat, f.shape(flat)[0], -1)
        gram = f.product(flat, f.transpose(flat, 1, 0))
        whole = gram if whole is None else f.add(whole, gram)
    return whole


def _weight_tangents(passes: Passes, gam: dict[int, Values]) -> dict[int, float]:
    """gn by group: upper bounds over unit q and blocks of ||Gam_g||_2, W's part of g; 0 where only data meets it."""
    f = passes.tape.field
    met = {kind.group for v, kind in passes.affine if passes.parent(v)}
    return {g: norm_of_forms(f, f.part(b, np.s_[:, :, :, :-1])) if g in met else 0.0 for g, b in gam.items()}


class _Downward:
    """One pass from the output to the input over arrays of all pairs of directions."""

    def __init__(
        self,
        passes: Passes,
        centre: Centre,
        y: dict[int, Values],
        gam: dict[int, Values],
        weight_tangents: dict[int, float],
    ):
        self.passes, self.y, self.gam, self.field = passes, y, gam, passes.tape.field
        self.weight_tangents = weight_tangents
        self.graph, self.at, self.n = passes.graph, centre.numbers, passes.tape.samples
        self.zdot = passes.tangents(gam)
        self.pairs = Pairs.of(passes.tape.samples * passes.tape.outputs)
        self.back: dict[int, Values | None] = {len(self.graph.nodes) - 1: None}
        """ydot (K n, N_v) of nodes that are not done; None for zero."""
        self.waiting: dict[int, list[tuple[int, Values | None]]] = {}
        self.grams: Values | None = None

    def nodes(self) -> list[formulas.NodeNumbers]:
        """Numbers of every node, from the output down."""
        found: list[formulas.NodeNumbers] = [formulas.Frozen()] * len(self.graph.nodes)
        for v in reversed(range(len(self.graph.nodes))):
            if self.passes.live(v):
                found[v] = self._node(v, self.back.pop(v))
        return found

    def slope(self) -> float:
        """th_1; 0 where h_q is linear."""
        return 0.0 if self.grams is None else quartic_bound(self.field, self.grams, self.pairs)

    def _node(self, v: int, ydot: Values | None) -> formulas.NodeNumbers:
        inputs, kind, f = self.graph.nodes[v].inputs, self.graph.nodes[v].kind, self.field
        moving = [u for u in inputs if self.passes.live(u)]
        if moving:
            parts = self.passes.back_tangents(v, ydot, self.y[v], self.zdot, self.gam, self.pairs)
            for u, part in zip(inputs, parts, strict=True):
                if u in moving:
                    known = self.back.get(u)
                    both = known is not None and part is not None
                    self.back[u] = f.add(known, part) if both else part if known is None else known
        if isinstance(kind, Affine):
            self._collect(v, kind, ydot)
            return self._affine(v, kind, ydot, bool(moving))
        if isinstance(kind, Pointwise):
            return self._pointwise(v, kind, ydot)
        if isinstance(kind, Fixed):
            return formulas.Fixed(inputs[0], self.at[v].norm)
        return formulas.Sum(inputs)

    def _affine(self, v: int, kind: Affine, ydot: Values | None, moving: bool) -> formulas.Affine:
        f, at, u = self.field, self.at[v], self.passes.parent(v)
        assert isinstance(at, AffineNumbers)
        tangent = 0.0
        if moving:
            patches = self.passes.moving_patches(v, self.zdot[u])  # (G, N n P, q)
            g, rows, q = f.shape(patches)
            count = self.pairs.directions
            tangent = norm_of_forms(f, f.reshape(patches, g, count, rows // count, q))
        return formulas.Affine(
            parent=u,
            group=kind.group,
            patches=at.inputs,
            spread=at.spread,
            reach=at.reach,
            back=f.norm(self._by_direction(self.y[v])),
            back_tangent=0.0 if ydot is None else self._quartic(ydot),
            input_tangent=tangent,
            weight_tangent=self.weight_tangents[kind.group] if moving else 0.0,
        )

    def _by_direction(self, z: Values) -> Values:
        """(R, n N_v) of (R n, N_v)."""
        return self.field.reshape(z, -1, self.n * self.field.shape(z)[1])

    def _quartic(self, ydot: Values) -> float:
        flat = self._by_direction(ydot)
        return quartic_bound(self.field, self.field.product(flat, self.field.transpose(flat, 1, 0)), self.pairs)

    def _pointwise(self, v: int, kind: Pointwise, ydot: Values | None) -> formulas.Pointwise:
        u, act, f = self.passes.parent(v), activation(kind.activation), self.field
        z, y = self._by_direction(self.zdot[u]), self._by_direction(self.y[v])
        za, ya = (f.lengths(x, 0).reshape(self.n, -1) for x in (z, y))
        yda = np.zeros_like(ya)
        if ydot is not None:
            yda = self.pairs.lengths(f, self._by_direction(ydot)).reshape(self.n, -1)
        # Both factors depend on one q, so their product is less than ya za.
        yza = product_of_forms(f, y, z).reshape(self.n, -1)
        by = [weighted_change(self.passes, u, c) for c in (za, ya, yda, yza)]
        return formulas.Pointwise(u, act.s1, act.s2, act.s3, float(za.max()), float(ya.max()), *by)

    def _collect(self, v: int, kind: Affine, ydot: Values | None) -> None:
        """Add to the Gram matrix of S once all nodes of a group are there: their blocks are summed before squaring."""
        self.waiting.setdefault(kind.group, []).append((v, ydot))
        if any(w < v and other.group == kind.group for w, other in self.passes.affine):
            return
        members, f = self.waiting.pop(kind.group), self.field
        g, o, q = self.graph.groups[kind.group].weight.shape
        each = self.pairs.directions**2 * (q + 1)
        for blocks in _slices(g, each * o):
            for outputs in _slices(o, each * (blocks.stop - blocks.start)):
                whole = None
                for w, yd in members:
                    for part in self._curvature(w, yd, blocks, outputs):
                        whole = part if whole is None else f.add(whole, part)
                if whole is not None:
                    gram = _gram(f, [whole])
                    self.grams = gram if self.grams is None else f.add(self.grams, gram)

    def _curvature(self, v: int, ydot: Values | None, g: slice, o: slice) -> Iterator[Values]:
        """(G', K, O', q + 1): a node's parts of S_kl, ydot^T E~(a) and y^T kappa E(adot), symmetrised."""
        f, passes, outputs, u = self.field, self.passes, o.stop - o.start, self.passes.parent(v)
        if ydot is not None:
            own = f.product(passes.columns(v, ydot, g, o), f.part(passes.patches(v), g))
            yield f.reshape(own, g.stop - g.start, -1, outputs, f.shape(own)[2])
        if not passes.live(u):
            return
        count, blocks = self.pairs.directions, g.stop - g.start
        e = f.part(passes.moving_patches(v, self.zdot[u]), g)
        rows, q = f.shape(e)[1] // count, f.shape(e)[2]
        beside = f.reshape(f.transpose(f.reshape(e, blocks, count, rows, q), 0, 2, 1, 3), blocks, rows, count * q)
        both = f.product(passes.columns(v, self.y[v], g, o), beside)
        both = f.transpose(f.reshape(both, blocks, count, outputs, count, q), 1, 3, 0, 2, 4)
        part = f.transpose(self.pairs.symmetrised(f, both), 1, 0, 2, 3)
        yield f.with_column(part, 0.0)


def _slices(count: int, each: int) -> list[slice]:
    step = max(1, ENTRIES // max(1, each))
    return [slice(start, min(count, start + step)) for start in range(0, count, step)]
