"""Part II of Theorem B+ for its recheck: a pass over the neurons, each held against its own claimed bounds.

Names as in the theorem: (L2) to (L7), (SC1), (SC2). What a neuron is asked for depends on the claims alone, so the
neurons are looked at one after the other, and what the phases need of all of them are sums.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from flint import arb, arb_mat

from .arithmetic import Row, floats_of, frobenius, largest_of, root, spectrum, times
from .fields import FAILED, Array, Stop
from .flow import Cells, Phase, Reference, norm
from .network import Network, Neurons, Suprema, scaled_rows


def perron(x: arb_mat) -> arb:
    """Upper bound of the norm of every symmetric matrix with moduli at most x: max (x u)_i / u_i for any u > 0."""
    floats = floats_of(x)
    guess = np.abs(np.linalg.eigh((floats + floats.T) / 2)[1][:, -1])
    u = arb_mat(len(guess), 1, (guess + 1e-12 * guess.max()).tolist())
    return largest_of(abs(p) / q for p, q in zip((x * u).entries(), u.entries(), strict=True))


@dataclass
class Sums:
    """What a phase needs of all neurons: the matrices of (L5), (L6), and the worst quotients of (SC1), (SC2).

    Attributes:
        squares: sums of e_j^2 D_j D_j^T for e = ew and ea, of e_j^2 D2_j D2_j^T for e = |a| ew + p o and |a| ew.
        unsigned: sums of U_j U_j^T for the a-block, and the w-block's three alternatives.
        asked: largest of what (SC1) and (SC2) ask for over what is claimed, and the neuron.
        p: largest bound of |da_j|, with `largest` that of |a_j| + |da_j|.
        o: largest bound of |dw_j|.
    """

    squares: list[arb_mat]
    unsigned: list[arb_mat]
    asked: list[tuple[arb, int]] = field(default_factory=lambda: [(arb(0), 0), (arb(0), 0)])
    p: arb = field(default_factory=lambda: arb(0))
    largest: arb = field(default_factory=lambda: arb(0))
    o: arb = field(default_factory=lambda: arb(0))


@dataclass
class FirstOrder:
    """(L4): norms of the first-order change of J, over directions and, per phase, over the grid.

    Attributes:
        ce: sup over |x|_K <= 1 of ||R D1[x] J_0^T R||.
        de: sup of ||R D1[x]||.
        c1: per phase, the largest ||R D1[v] J_0^T R|| at a grid point up to its end.
        d1: likewise of ||R D1[v]||.
    """

    ce: arb
    de: arb
    c1: Row
    d1: Row


class Pass:
    """The pass over the neurons.

    Args:
        net: the network.
        at: reference kernel.
        flow: integrals over the grid.
        ends: index of the grid time that ends each phase.
        phases: (I4) at the claimed eps.
        ew: (N, m) claimed bounds of |ew_j|.
        ea: (N, m) claimed bounds of |ea_j|.
        activation: its name.
    """

    def __init__(
        self, net: Network, at: Reference, flow: Cells, ends: list[int], phases: list[Phase], ew: Array, ea: Array,
        activation: str,
    ) -> None:  # fmt: skip
        n = len(at.lam)
        self.net, self.at, self.flow, self.ends, self.phases, self.ew, self.ea = net, at, flow, ends, phases, ew, ea
        self._suprema = Suprema(activation)
        self.sums = [Sums([arb_mat(n, n)] * 4, [arb_mat(n, n)] * 4) for _ in phases]
        self._pairs = [(i, k) for i in range(n) for k in range(i, n)]
        self._points, self._moves = (self._products(g) for g in (flow.points, flow.moves))
        # Grid points of each phase, counted from T_1; the point at infinity belongs to the last.
        self._spans = [range(p, q) for p, q in itertools.pairwise([0, *ends[:-1], flow.points.ncols()])]
        self._cells = [range(p, q) for p, q in itertools.pairwise([0, *ends])]
        # (L4), rows (direction, sample): products with J_0 and with themselves, a-block and w-block's coefficients.
        self._slopes, self._curves = [arb_mat(n * n, n)] * 2, [arb_mat(n * n, n * n)] * 2

    def _products(self, g: arb_mat) -> arb_mat:
        """Column T: products g_i g_k of its entries, i <= k, those of different entries twice."""
        rows = g.tolist()
        return arb_mat(
            [[(a * b if i == k else 2 * a * b) for a, b in zip(rows[i], rows[k], strict=True)] for i, k in self._pairs]
        )

    def take(self, part: Neurons) -> None:
        """Look at a slice of neurons."""
        n, kappa, at, gram = len(self.at.lam), self.net.kappa, self.at, self.net.gram
        whiten = at.whiten.tolist()
        shifts, forms, dual_z, big_n, first, second = [], [], [], [], [], []
        sw = (arb_mat(part.s) * at.whiten.transpose()).tolist()
        for a, d, d2, w in zip(part.a, part.d, part.d2, sw, strict=True):
            turned = arb_mat([[x * y for x, y in zip(row, d, strict=True)] for row in whiten])  # W D_j
            pushed = turned * gram
            form = pushed * turned.transpose()  # (Xh^T D_j W^T)^T (Xh^T D_j W^T)
            fourth = form * form
            fourth = fourth * fourth
            # lambda_max(A)^8 <= ||A^8||_F
            big_n.append(frobenius((fourth * fourth).entries()).root(16))
            forms.append([form[i, k] for i, k in self._pairs])
            changes = pushed * (-kappa * a)  # row l: dz1_j in the direction W^T e_l
            columns = changes.transpose().tolist()
            shifts += columns
            dual_z.append([norm(column) for column in columns])
            one, two = [], []
            for row, s in zip(changes.tolist(), w, strict=True):
                da = -kappa * s
                one += [x * y for x, y in zip(d, row, strict=True)]
                two += [a * x * y + z * da for x, y, z in zip(d2, row, d, strict=True)]
            first.append(one)
            second.append(two)
        for k, (rows, base) in enumerate(((first, arb_mat(part.s)), (second, scaled_rows(part.d, part.a)))):
            change = arb_mat(rows)
            turned = change.transpose()
            self._slopes[k] = self._slopes[k] + turned * base
            self._curves[k] = self._curves[k] + turned * change
        moved_z = (arb_mat(shifts) * self.flow.points).tolist()
        moved_a = (arb_mat(sw) * self.flow.points).tolist()
        lengths = (arb_mat(forms) * self._points).tolist()
        travelled = (arb_mat(forms) * self._moves).tolist()
        bounds = []
        for j, a in enumerate(part.a):
            size = abs(a)
            zm = [self._running(row) for row in moved_z[j * n : (j + 1) * n]]
            pm = [kappa * v for v in self._running(moved_a[j])]
            om = [kappa * size * v.sqrt() for v in self._running(lengths[j])]
            lj = [sum((root(travelled[j][k]) for k in span), arb(0)) for span in self._cells]
            dual = (dual_z[j], kappa * norm(sw[j]), kappa * size * big_n[j])
            bounds.append(self._neuron(part, j, (zm, pm, om), dual, lj, big_n[j]))
        for g, sums in enumerate(self.sums):
            for which, target in enumerate((sums.squares, sums.unsigned)):
                for k in range(4):
                    block = arb_mat([found[g][which][k] for found in bounds])
                    target[k] = target[k] + block.transpose() * block

    def close(self) -> None:
        """Once all neurons have been seen."""

    def largest(self, matrices: list[arb_mat]) -> Row:
        """The largest eigenvalues of positive semidefinite matrices."""
        return [spectrum(m)[1] for m in matrices]

    def _running(self, values: Row) -> Row:
        """Upper bounds of the moduli over the grid points up to each phase's end."""
        above = [v.abs_upper() for v in values]  # exact numbers, so that they compare; but a NaN compares with nothing
        if not sum(above, arb(0)).is_finite():
            raise Stop(FAILED, "arithmetic", "a number is not finite: overflow")
        return list(itertools.accumulate((max(above[span.start : span.stop]) for span in self._spans), max))

    def _neuron(
        self, part: Neurons, j: int, grid: tuple[list[Row], Row, Row], dual: tuple[Row, arb, arb], lj: Row, big_n: arb
    ) -> list[tuple[list[Row], list[Row]]]:
        """(L3), (SC1), (SC2) for a neuron, all phases; returns its rows in the matrices of `Sums`."""
        net, flow, (zm, pm, om), (dz, dp, do) = self.net, self.flow, grid, dual
        size, number = abs(part.a[j]), part.index[j]
        past_p = past_o = past_gam = past_gam1 = arb(0)
        found = []
        for g, phase in enumerate(self.phases):
            ew, ea = arb(float(self.ew[g, number])), arb(float(self.ea[g, number]))
            z = [m[g] + phase.eb * b + r * ew for m, b, r in zip(zm, dz, net.row, strict=True)]
            p = pm[g] + phase.eb * dp + ea
            o = om[g] + phase.eb * do + ew
            local = [self._suprema.over(*x) for x in zip(z, part.s[j], part.d2[j], strict=True)]
            u = [(size + p) * x[0] for x in local]
            bend = [x * x / 2 for x in z]
            curve = [x[1] * b for x, b in zip(local, bend, strict=True)]
            gam = root(flow.occupation[g] * sum((v * v * k for v, k in zip(u, flow.k[g], strict=True)), arb(0)))
            gam1 = sum((v * k for v, k in zip(curve, flow.k1[g], strict=True)), arb(0))
            path = lj[g] + big_n * phase.dq
            asked = (
                net.kappa * (past_p + p * path + net.xs * (past_gam + gam + largest_of(u) * phase.dr)),
                net.kappa * (past_o + o * path + past_gam1 + gam1 + norm(curve) * phase.dr),
            )
            past_p, past_o = past_p + p * lj[g], past_o + o * lj[g]
            past_gam, past_gam1 = past_gam + gam, past_gam1 + gam1
            sums = self.sums[g]
            for k, (need, have) in enumerate(zip(asked, (ew, ea), strict=True)):
                quotient = need / have
                if not quotient <= sums.asked[k][0]:
                    sums.asked[k] = (quotient.max(sums.asked[k][0]), number)
            sums.p, sums.o, sums.largest = sums.p.max(p), sums.o.max(o), sums.largest.max(size + p)
            drift = [p * x[0] + size * x[2] * b for x, b in zip(local, bend, strict=True)]
            rest = [v + size * abs(x) * r * ew for v, x, r in zip(drift, part.d2[j], net.row, strict=True)]
            third = [(size + p) * x[2] * b for x, b in zip(local, bend, strict=True)]
            scaled = [
                [e * x for x in row]
                for e, row in (
                    (ew, part.d[j]), (ea, part.d[j]), (size * ew + p * o, part.d2[j]), (size * ew, part.d2[j]),
                )
            ]  # fmt: skip
            found.append((scaled, [curve, third, rest, drift]))
        return found

    def first_order(self) -> FirstOrder:
        """(L4), once all neurons have been seen."""
        n, w, wt = len(self.at.lam), self.at.whiten, self.at.whiten.transpose()
        gram, square = self.net.gram, self.net.kappa * self.net.kappa
        tiled = arb_mat([[gram[i % n, k % n] for k in range(n * n)] for i in range(n * n)])
        tall = arb_mat([[gram[i % n, k] for k in range(n)] for i in range(n * n)])
        slopes = ((self._slopes[0] + times(self._slopes[1], tall)) * square).tolist()
        curves = ((self._curves[0] + times(self._curves[1], tiled)) * square).tolist()
        a = [w * arb_mat(slopes[l * n : (l + 1) * n]) * wt for l in range(n)]
        zero = arb_mat(n, n)
        forward, backward = (sum(ms, zero) for ms in ([x * x.transpose() for x in a], [x.transpose() * x for x in a]))
        ce = root(arb.min(*self.largest([forward, backward])))
        blocks = {
            (l, k): arb_mat([row[k * n : (k + 1) * n] for row in curves[l * n : (l + 1) * n]])
            for l in range(n)
            for k in range(n)
        }
        de = root(self.largest([w * sum((blocks[l, l] for l in range(n)), zero) * wt])[0])
        # Columns T: the change along v(T), one combination of the directions each.
        combined = arb_mat([x.entries() for x in a]).transpose() * self.flow.points
        pairs = arb_mat([((blocks[l, k] + blocks[k, l]) * arb(0.5)).entries() for l, k in self._pairs])
        squares = pairs.transpose() * self._points
        changes = [arb_mat(n, n, x) for x in combined.transpose().tolist()]
        c1 = self.largest([x * x.transpose() for x in changes])
        d1 = self.largest([w * arb_mat(n, n, y) * wt for y in squares.transpose().tolist()])
        most = [[largest_of(x[span.start : span.stop]) for span in self._spans] for x in (c1, d1)]
        return FirstOrder(ce, de, *([root(v) for v in itertools.accumulate(x, arb.max)] for x in most))

    def second_order(self, g: int) -> arb:
        """d2 of (L7) in phase g."""
        sums, gram, w = self.sums[g], self.net.gram, self.at.whiten
        moduli = [arb_mat(x.nrows(), x.ncols(), [abs(v) for v in x.entries()]) for x in (gram, w, self.at.root)]
        (size,) = self.largest([self.at.root * self.at.root.transpose()])

        def signed(x: arb_mat, count: int) -> arb:
            for _ in range(count):
                x = times(x, gram)
            return root(self.largest([w * x * w.transpose()])[0])

        def unsigned(x: arb_mat, inputs: bool) -> arb:
            x = times(x, moduli[0]) if inputs else x
            bounds = [size * perron(x), *(perron(f * x * f.transpose()) for f in moduli[1:])]
            return root(-largest_of(-b for b in bounds))

        ew, ea, cross, drift = sums.squares
        curve, third, joint, split = sums.unsigned
        block_a = signed(ew, 1) + unsigned(curve, False)
        options = [
            signed(cross, 2) + unsigned(third, True),
            signed(drift, 2) + unsigned(split, True),
            unsigned(joint, True),
        ]
        block_w = signed(ea, 1) - largest_of(-v for v in options)
        return self.net.kappa * norm([block_a, block_w])
