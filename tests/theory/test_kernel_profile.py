"""The recursion of Theorem E where nothing is lost: networks of single positive numbers, for which it must be exact.

With one sample, one output and widths 1 all norms are moduli; with positive numbers all terms add with one sign. Then
||Pi(0)|| is the norm of the Hessian of h_q, entry by entry, and for products of one weight t ||Pi(t)|| is the change of
its gradient at distance t. A factor that is missing shows at once, where a search in a ball would not see it.
"""

from __future__ import annotations

import inspect
import sys
import types
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from pltheory.certification.kernel_profile import kernel_centre
from pltheory.nets.centre import linearize
from pltheory.nets.fields import FLOATS
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.sums import Sum
from pltheory.theory import kernel_profile
from pltheory.theory.kernel_profile import KernelNumbers
from tests.oracles.kernel_direction import direction_hessian

ONE = np.zeros((1, 1, 1), dtype=np.int64)


def scalar_graph(kinds, weights):
    nodes = tuple(Node(kind, inputs, 1) for kind, inputs in kinds)
    return Graph(nodes, tuple(Group(np.full((1, 1, 1), w), None) for w in weights))


def affine(group, kappa=1.0):
    return Affine(group, ONE, kappa, 0.0)


def fixed(factor, offset):
    return Fixed(ONE[0], np.full((1, 1), factor), np.array([offset]))


def softplus_graph():
    """Two nodes with tied weights, a residual path, and activations where softplus has positive derivatives."""
    softplus = Pointwise("softplus")
    kinds = [
        (Input(), ()),
        (affine(0, 0.9), (0,)),
        (fixed(0.7, -2.5), (1,)),
        (softplus, (2,)),
        (affine(1), (3,)),
        (fixed(1.2, -3.0), (4,)),
        (softplus, (5,)),
        (affine(2, 1.4), (6,)),
        (Sum(), (7, 4)),
        (fixed(1.0, -2.0), (8,)),
        (softplus, (9,)),
        (affine(1, 0.8), (10,)),
        (Sum(), (11, 8, 11)),
        (fixed(0.9, -4.0), (12,)),
        (softplus, (13,)),
        (affine(2), (14,)),
    ]
    return scalar_graph(kinds, [0.8, 1.1, 0.6])


def centre_numbers(graph, x, derivatives):
    """KernelNumbers with the activations' suprema replaced by the derivatives at the centre."""
    numbers = kernel_centre(linearize(graph, x, FLOATS), x, FLOATS).numbers
    nodes = [
        replace(at, **dict(zip(("s1", "s2", "s3"), derivatives[v], strict=True))) if v in derivatives else at
        for v, at in enumerate(numbers.nodes)
    ]
    return replace(numbers, nodes=tuple(nodes))


def softplus_derivatives(graph, x):
    values, found = [torch.tensor(x)], {}
    for v, node in enumerate(graph.nodes[1:], 1):
        a = [values[u] for u in node.inputs]
        if isinstance(node.kind, Affine):
            values.append(node.kind.kappa * float(graph.groups[node.kind.group].weight[0, 0, 0]) * a[0])
        elif isinstance(node.kind, Fixed):
            values.append(float(node.kind.factor[0, 0]) * a[0] + float(node.kind.offset[0]))
        elif isinstance(node.kind, Sum):
            values.append(sum(a[1:], a[0]))
        else:
            s = float(torch.sigmoid(a[0]))
            found[v] = (s, s * (1 - s), s * (1 - s) * (1 - 2 * s))
            values.append(torch.nn.functional.softplus(a[0]))
    return found


X = np.array([[1.3]])


@cache
def softplus_case():
    graph = softplus_graph()
    hessian = direction_hessian(graph, torch.tensor(X))
    assert (hessian > 0).all()  # no sign is lost, so norms add up
    numbers = centre_numbers(graph, X, softplus_derivatives(graph, X))
    return numbers, float(torch.linalg.matrix_norm(hessian, 2))


def first_order(module=kernel_profile):
    """||Pi(0)|| against the Hessian of h_q."""
    numbers, norm = softplus_case()
    assert module.turning(as_in(module, numbers), 0.0) == pytest.approx(norm, rel=1e-9)


def as_in(module, numbers: KernelNumbers):
    """The same numbers as objects of another copy of the module."""
    if module is kernel_profile:
        return numbers

    def again(at):
        fields = {name: getattr(at, name) for name in at.__dataclass_fields__}
        for name, value in fields.items():
            if isinstance(value, tuple) and value and isinstance(value[0], kernel_profile.Term):
                fields[name] = tuple(again(term) for term in value)
        return getattr(module, type(at).__name__)(**fields)

    return module.KernelNumbers(tuple(again(at) for at in numbers.nodes), numbers.groups, numbers.slope)


@cache
def power_numbers(w, depth):
    """Of x w^depth, one weight in all affine nodes."""
    kinds = [(Input(), ()), *((affine(0), (v,)) for v in range(depth))]
    return centre_numbers(scalar_graph(kinds, [w]), X, {})


def linear_chain(module=kernel_profile):
    """t ||Pi(t)|| of F = x w^5 against the change of the gradient of h_q(w) = 5 x w^4 u g."""
    w, t, x, depth = 0.7, 0.4, X[0, 0], 5
    numbers = power_numbers(w, depth)
    slope = depth * x * w ** (depth - 1)  # J_0; u = 1 / J_0 and g = 1
    change = depth * (depth - 1) * x * ((w + t) ** (depth - 2) - w ** (depth - 2)) / slope
    assert t * module.turning(as_in(module, numbers), t) == pytest.approx(change, rel=1e-9)


def square_chain(module=kernel_profile):
    """The same of F = w (w^2 x)^2 / 2, a square as the activation, whose suprema are taken at the far end."""
    w, t, x = 0.7, 0.4, X[0, 0]
    numbers = square_numbers(w, x, (w + t) ** 2 * x)
    slope = 2.5 * w**4 * x**2
    change = 10 * x**2 * ((w + t) ** 3 - w**3) / slope
    assert t * module.turning(as_in(module, numbers), t) == pytest.approx(change, rel=1e-9)


def square_numbers(w, x, far):
    """By hand: z = w^2 x, a = z^2 / 2, F = w a, u = 1 / J_0, g = 1."""
    z, u = w * w * x, 1 / (2.5 * w**4 * x**2)
    zdot, y, ydot = 2 * w * x, w * u, u
    k = kernel_profile

    def term(c):
        return (k.Term(2, True, c, c * w * x, c * w),)

    # ydot at the reading end of the activation, act' ydot + act'' zdot y, and one node further up.
    before = z * ydot + zdot * y
    further = w * before + z * y
    return KernelNumbers(
        (
            k.Frozen(),
            k.Affine(0, 0, x, w, 1.0, w * z * y, further, 0.0, 1.0),
            k.Affine(1, 0, w * x, w, 1.0, z * y, before, x, 1.0),
            k.Pointwise(2, far, 1.0, 0.0, zdot, y, term(zdot), term(y), term(ydot), term(y * zdot)),
            k.Affine(3, 0, z * z / 2, w, 1.0, u, 0.0, z * zdot, 1.0),
        ),
        (0,),
        0.0,
    )


@pytest.mark.parametrize("check", [first_order, linear_chain, square_chain])
def test_it_is_exact_where_nothing_is_lost(check):
    check()


def all_checks(module):
    first_order(module)
    linear_chain(module)
    square_chain(module)


MUTANTS = {
    "no T(Delta) in the spread": ("return node.spread + node.reach * self.radius", "return node.spread"),
    "no patches in X": ("total(unit(node.group, node.patches), scaled(", "total(scaled("),
    "no s1 in X": ("return scaled(node.s1, self.rows[node.parent])", "return self.rows[node.parent]"),
    "no ||L|| in X": ("            return scaled(node.norm, self.rows[node.parent])", "            return {}"),
    "no sum in X": ("total(*(self.rows[u] for u in node.parents)) if", "{} if"),
    "no change of what is read in Om": (", scaled(spread, self.rows[node.parent])]", "]"),
    "no T(Delta) in Om": ("term.spread + term.largest * node.reach * self.radius", "term.spread"),
    "no ||E~||_c in Om": ("[unit(node.group, term.patches), scaled(spread", "[scaled(spread"),
    "dz: no T(W) dz": ("                scaled(at.spread(node), rows[node.parent]),\n", ""),
    "dz: no ee": ("                unit(node.group, node.input_tangent),\n", ""),
    "dz: no gn X": ("                scaled(node.reach * node.weight_tangent, at.rows[node.parent]),\n", ""),
    "dz: no s1 dz": ("total(scaled(node.s1, rows[node.parent]), scaled(node.s2, at.w", "total(scaled(node.s2, at.w"),
    "dz: no Om(za)": (", scaled(node.s2, at.weighted(node.by_tangent)))", ")"),
    "dz: no sum": ("row = total(*(rows[u] for u in node.parents))", "pass"),
    "dz: no ||L||": ("row = scaled(node.norm, rows[node.parent])", "pass"),
    "dy: no T(W) dy": ("total(scaled(spread, dy[v]), unit(", "total(unit("),
    "dy: no yn": ("unit(node.group, node.reach * node.back))", "{})"),
    "dy: no s1 dy": ("total(scaled(node.s1, dy[v]), scaled(", "total(scaled("),
    "dy: no Om(ya)": (", scaled(node.s2, at.weighted(node.by_back)))", ")"),
    "dyd: no T(W) dyd": ("                scaled(spread, dyd[v]),\n", ""),
    "dyd: no ydn": ("                unit(node.group, node.reach * node.back_tangent),\n", ""),
    "dyd: no gn dy": ("                scaled(node.reach * node.weight_tangent, dy[v]),\n", ""),
    "dyd: no s1 dyd": ("                scaled(node.s1, dyd[v]),\n", ""),
    "dyd: no Om(yda)": ("                scaled(node.s2, at.weighted(node.by_back_tangent)),\n", ""),
    "dyd: no s3": ("                scaled(node.s3, at.weighted(node.by_product)),\n", ""),
    "dyd: no change of zdot y": ("                scaled(node.s2, product),\n", ""),
    "dyd: no zdot dy": ("scaled(node.tangent, dy[v]), scaled(node.back", "scaled(node.back"),
    "dyd: no dzdot y": ("scaled(node.back, tangent), ", ""),
    "dyd: no dzdot dy": (", scaled(at.size(tangent), dy[v])", ""),
    "dyd: no ||L||": ("scaled(node.norm, dyd[v]))", "{})"),
    "dy: no ||L||": ("give(node.parent, scaled(node.norm, dy[v]),", "give(node.parent, {},"),
    "S gives to one only": ("for u in node.parents:\n       ", "for u in node.parents[:1]:\n       "),
    "Pi: no dyd": ("                scaled(node.patches + node.reach * at.size(at.rows[u]), dyd[v]),\n", ""),
    "Pi: no dA": ("node.patches + node.reach * at.size(at.rows[u])", "node.patches"),
    "Pi: no ydn X": ("                scaled(node.back_tangent * node.reach, at.rows[u]),\n", ""),
    "Pi: no dz": ("                scaled(node.reach * (node.back + at.size(dy[v])), dz[u]),\n", ""),
    "Pi: no yn": ("(node.back + at.size(dy[v]))", "at.size(dy[v])"),
    "Pi: no t |dy|": ("(node.back + at.size(dy[v]))", "node.back"),
    "Pi: no dy ee": ("                scaled(node.input_tangent, dy[v]),\n", ""),
    "Pi: last node of a group only": ("rows.get(node.group, {}),", ""),
    "no reach in gn X": ("scaled(node.reach * node.weight_tangent, at.rows", "scaled(node.weight_tangent, at.rows"),
    "no reach in gn dy": ("scaled(node.reach * node.weight_tangent, dy", "scaled(node.weight_tangent, dy"),
    "no reach in yn": ("node.reach * node.back)", "node.back)"),
    "no reach in ydn": ("unit(node.group, node.reach * node.back_tangent)", "unit(node.group, node.back_tangent)"),
    "no reach in ydn X": ("node.back_tangent * node.reach", "node.back_tangent"),
    "no reach in dz": ("scaled(node.reach * (node.back +", "scaled((node.back +"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_no_factor_can_be_left_out(name):
    source = inspect.getsource(kernel_profile)
    old, new = MUTANTS[name]
    assert source.count(old) == 1
    mutant = types.ModuleType("pltheory.theory.mutant")
    mutant.__package__ = "pltheory.theory"
    sys.modules[mutant.__name__] = mutant
    try:
        exec(compile(source.replace(old, new), "mutant", "exec"), mutant.__dict__)
        with pytest.raises(AssertionError):
            all_checks(mutant)
    finally:
        del sys.modules[mutant.__name__]
