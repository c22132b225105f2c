"""Theorem D for networks with kinks: nothing is asked along the steps, only in the small balls (THEORY_RELU section 6).

If every argument's reach over B(w_t, 2 eps_t) stays below its margin, the step's map there is that of the network with
its pieces frozen, and the recursion of Theorem D holds with its constants. The last step is Theorem N, for every start
in B(w_T, eps_T).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ...nets.fields import VERIFIED
from ...nets.fields.extended import AVAILABLE, EXTENDED
from ...nets.fields.verified import Near, frobenius
from ...nets.graph import Graph, Group
from ...nets.kinds.affine import Affine
from ...nets.kinds.kinks import Kinked
from ...nets.nearest_kink import token_words
from ...nets.tape import Reach, Tape
from ...optim import ClippedSettings, StepSettings, certifiable
from ...problem.problem import Problem
from ...rigor import environment
from ...rigor.roundoff import add_up, mul_up
from ..kinked.centre import KinkedCentre, kinked_centre
from ..kinked.certify import end_of
from ..kinked.profile import KinkedProfile, kinked_profile
from ..stored_graph import GraphArrays
from .basin import Basin
from .certify import KinkError, Progress, Status, TrajectoryCertificate, follow
from .graph_certify import GraphRun
from .kinked_bounds import KinkedReference, kinked_reference
from .kinked_curvature import Selections, contracted

_FIRST_RADIUS = 2.0**-30
"""Of the ball about w_0, whose bounds say what "c/beta" is."""
_STEPS_WITHIN = 60
"""A reference point's ball holds about so many steps at most."""
_FACTORS = (1.3, 2.0, 3.0, 5.0, 9.0)
"""Radii that the last step is tried on, in units of ||r|| / sigma_min(J)."""
_CELLS = 16
"""Of their grids, while they are only tried."""
_ENOUGH = 1.1
"""Ratio in floats at which the last step is proved."""


class KinkedRun(GraphRun):
    """The loop's state on a graph with kinks."""

    ref: KinkedReference  # type: ignore[assignment]

    @property
    def near(self) -> Graph:
        """w_t to the digits of doubles."""
        return self.net

    @property
    def reached(self) -> float:
        """Upper bound of the distance of `near` from the exact iterate."""
        return self.eps

    def begin(self) -> Graph:
        """w_0, and what the data alone decide."""
        graph = self.start.graph
        self.parts = None
        self.selections = Selections.of(graph, self.x)
        self.still = self._still(graph)
        return graph

    def _still(self, graph: Graph) -> dict[int, Reach]:
        """Of the affine nodes that read data: which entries are one function of the weights."""
        groups = [(VERIFIED.constant(g.weight), None) for g in graph.groups]
        tape = Tape(VERIFIED, groups, len(self.x), 1, moving=[False])
        tape.values.append(VERIFIED.constant(self.x))
        nodes = enumerate(graph.nodes)
        return {v: n.kind.reach(tape, v, (0,)) for v, n in nodes if isinstance(n.kind, Affine) and n.inputs == (0,)}

    def about(self, least: float) -> KinkedReference:  # type: ignore[override]
        """Bounds about w_t on a ball of at least that radius."""
        if self.t == 0:
            return kinked_reference(self.near, self.x, _FIRST_RADIUS, _FIRST_RADIUS)
        step = self.eta * float(self.scale) * self.ref.jacobian * self.at.residual_norm.hi
        least = max(step, 2.0 * least)
        return kinked_reference(self.near, self.x, least, max(least, _STEPS_WITHIN * step))

    def curvature(self, residual: float) -> tuple[float, float]:
        """As in `GraphRun`; refused where an argument may meet a kink."""
        self._require_kept()
        general = float(mul_up(residual, self.ref.ell))
        if self.negligible(general):
            return general, general
        if self.selections is not None:
            moved = float(add_up(self.at.residual.rad, mul_up(self.ref.lipschitz, self.radius)))
            residual_near, lost = _doubles(self.at.residual)
            general = min(general, self.selections.norm(self.at.tape, residual_near, float(add_up(moved, lost))))
        elif self.net.piecewise_linear:
            general = min(general, contracted(self.ref, self.at.tape, residual, self.radius))
        return general, general

    def _require_kept(self) -> None:
        tape = self.at.tape
        tape.reach = self.still.get
        for v, (speed, entries) in self.ref.speeds.items():
            node = self.net.nodes[v]
            assert isinstance(node.kind, Kinked)
            margins = node.kind.margins(tape, node.inputs[0])
            each = None if entries is None else np.where(entries > 0, mul_up(self.radius, entries), 0.0)
            kept = margins.kept(float(mul_up(self.radius, speed)), each)
            if not kept.all():
                sample, token = map(int, np.argwhere(~kept)[0])
                cure = "other weights are needed" if self.t == 0 else "a few more digits, or another eta, would decide"
                raise KinkError(
                    f"{token_words(self.net, v, sample, token)} is "
                    f"{margins.nearest[sample, token]:.1e} from a kink, where eps = {self.eps:.1e}: {cure}"
                )

    def finished(self) -> bool:
        """Try Theorem N where the residual has fallen enough since the last trial; True where it is proved."""
        residual = self.at.residual_norm.hi
        if residual >= self.next_try:
            return False
        arrays = GraphArrays(self.near, self.x, self.y)
        found = self._closing(kinked_centre(arrays, rounded=False))
        ratio = 0.0 if found is None else found.ratio
        self.next_try = residual * min(0.9, max(0.6, ratio))
        if found is None or ratio < _ENOUGH:
            self.basin = None if found is None else _basin(found, self._rule, self.scale, self.reached, 0.0, False)
            return False
        centre = kinked_centre(arrays, rounded=True)
        radius = float(found.radii[-1] - found.radii[0])
        proved = kinked_profile(centre, self._rule, radius, self.scale, self.reached)
        sigma = float(np.sqrt(max(0.0, centre.lambda_min))) * (1 - 2.0**-20)  # a recheck rounds otherwise
        self.basin = _basin(proved, self._rule, self.scale, self.reached, sigma, True)
        return self.basin.holds

    @property
    def _rule(self) -> ClippedSettings:
        return replace(self.rule, eta=self.eta)

    def _closing(self, centre: KinkedCentre) -> KinkedProfile | None:
        """The best of a few balls, in floats."""
        sigma = float(np.sqrt(max(0.0, centre.lambda_min)))
        if not sigma > 0:
            return None
        best: KinkedProfile | None = None
        for factor in _FACTORS:
            p = kinked_profile(centre, self._rule, factor * centre.residual / sigma, self.scale, self.reached, _CELLS)
            if best is None or p.ratio > best.ratio:
                best = p
            elif p.ratio <= 0.8 * best.ratio:  # 0 included
                break
        return best

    def lost(self) -> bool:
        """Whether the error alone moves the residual by more than it is."""
        return self.ref.lipschitz * self.eps > self.at.residual_norm.hi


class ExtendedRun(KinkedRun):
    """The same with more binary digits, for iterates that pass near kinks."""

    field = EXTENDED

    def begin(self) -> Graph:
        """w_0 with room for more digits."""
        graph = super().begin()
        return graph.replaced(tuple(_with(g, np.longdouble) for g in graph.groups))

    @property
    def near(self) -> Graph:
        """w_t rounded to doubles."""
        return self.net.replaced(tuple(_with(g, np.float64) for g in self.net.groups))

    @property
    def reached(self) -> float:
        """With what that rounds."""
        return float(add_up(self.eps, self.distance(self.near)))

    def certificate(self, status: Status, obstruction: str, at_kink: bool = False) -> TrajectoryCertificate:
        """About the rounded w_T."""
        self.eps, self.net = self.reached, self.near
        return super().certificate(status, obstruction, at_kink)


def _with(group: Group, digits: type) -> Group:
    return replace(
        group, weight=group.weight.astype(digits), bias=None if group.bias is None else group.bias.astype(digits)
    )


def _doubles(x: Near) -> tuple[Near, float]:
    """The midpoint in doubles, and how far it may be from that of x."""
    if x.mid.dtype == np.float64:
        return x, 0.0
    mid = x.mid.astype(np.float64)
    return Near(mid, x.rad), float(mul_up(2.0**-52, frobenius(mid)))


def _basin(p: KinkedProfile, rule: ClippedSettings, share: Fraction, eps: float, sigma: float, proved: bool) -> Basin:
    """Theorem N's numbers in the form of the last step's."""
    end = end_of(p, rule, share)
    available = float(p.available[-1])
    return Basin(
        proved and p.room.hi < 2.0 and end.rate < 1.0 and end.mu > 0.0,
        eps,
        p.residual,
        p.beta,
        available,
        sigma,
        end.required,
        end.mu,
        end.floor,
        end.rate,
        tuple(map(float, p.radii)),
        tuple(map(float, p.sig)),
        p.lipschitz,
        p.ell,
        tuple(map(float, p.kap)),
    )


def certify_kinked_trajectory(
    problem: Problem, settings: StepSettings, *, steps_limit: int, progress: Progress | None = None
) -> TrajectoryCertificate:
    """Theorem D for a network of class G with kinks. Arguments and errors as `certify_trajectory`.

    Where an argument is too near a kink for the digits of doubles to decide, the trajectory is followed once more with
    64 binary digits, on a processor that has them.
    """
    environment.require()
    rule = certifiable(settings)
    found = follow(KinkedRun(problem, rule), problem, steps_limit, progress)
    if found.at_kink and AVAILABLE:
        return follow(ExtendedRun(problem, rule), problem, steps_limit, progress)
    return found
