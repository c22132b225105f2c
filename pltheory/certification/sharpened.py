"""Profiles sharpened by Theorem E: sigma_min(J) in the kernel's own direction, for few outputs in all.

A plain profile loses `||J - J_0||`, which the change of one unit makes large though it barely moves the kernel; the
kernel's own direction keeps several times more (THEORY_GRAPHS section 5). Both hold, so the larger is taken.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..nets.centre import linearize
from ..nets.fields import FLOATS, VERIFIED
from ..nets.graph import Graph
from ..nets.kinds.affine import Affine
from ..problem.problem import Problem
from ..rigor.errors import NoVerdictError
from ..theory import NotAvailableError, NumericalFailureError
from .centre import Centre
from .kernel_profile import kernel_centre, kernel_profile, lost_share, require_available, require_few
from .profile import GRID, Profile, on_grid
from .stored_graph import graph_of, stored

MOST_GROWTH = 20
"""Times that the last radius of the plain profile is enlarged by half: a kernel that does not turn has no last one."""
COARSE = 200
"""Radii at which the last one is looked for."""


def sharpening_cost(problem: Problem) -> float:
    """About how many multiplications the numbers of Theorem E take.

    Raises:
        NotAvailableError: the profile does not exist for the network, or there are too many outputs.
    """
    require_few(problem.y.numel())  # before anything is copied
    a = stored(problem)
    graph = graph_of(a)
    require_available(graph, len(a.x))
    directions = a.y.size
    forward = len(a.x) * sum(n.size * n.kind.patches.shape[2] for n in graph.nodes if isinstance(n.kind, Affine))
    return directions**2 * forward + directions**4 * _parameters(graph) / 4


def _parameters(graph: Graph) -> int:
    return sum(g.weight.size for g in graph.groups)


def sharpened(problem: Problem, plain: Profile) -> Profile:
    """The profile with the larger of both lower bounds, on a grid that reaches to where the kernel's direction is lost.

    Raises:
        NotAvailableError: as `sharpening_cost`.
        NumericalFailureError: the kernel has no positive eigenvalue to build on, or a bound is not finite.
    """
    require_few(problem.y.numel())
    a = stored(problem)
    at = linearize(graph_of(a), a.x, FLOATS)
    numbers = kernel_centre(at, a.x, FLOATS)
    root = math.sqrt(problem.unit)
    sigma_0, sigma_max = float(plain.sig[0]) / root, float(plain.lipschitz[0]) / root
    last = float(plain.radii[-1])
    for _ in range(MOST_GROWTH):
        if lost_share(numbers, np.linspace(0.0, last, COARSE))[-1] >= 1:
            break
        last *= 1.5
    radii = np.linspace(0.0, last, GRID + 1)
    other = kernel_profile(numbers, radii, sigma_0)
    return on_grid(plain.bounds, radii, sigma_0, sigma_max, plain.residual / root, plain.lambda_0, problem.unit, other)


def with_kernel(centre: Centre) -> Centre:
    """A verified centre with the verified numbers of Theorem E.

    Raises:
        NoVerdictError: an overflow, or a bound that does not exist or cannot be verified.
    """
    if centre.kernel is not None:
        return centre
    a = centre.arrays
    try:
        return replace(centre, kernel=kernel_centre(linearize(graph_of(a), a.x, VERIFIED), a.x, VERIFIED))
    except (NotAvailableError, NumericalFailureError) as error:
        # It was there in floats: what is missing is a verified bound, and no verdict is lost but this one.
        raise NoVerdictError(str(error)) from error
