"""What is measured once at the weights and read by every theorem."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from ..certification.centre import Centre
from ..certification.enclose import enclose
from ..certification.profile import Profile, profile, profile_of_graph
from ..certification.sharpened import sharpened
from ..certification.stored_graph import stored
from ..measure.autodiff import weighted_gradient
from ..measure.hessian import curvature_along
from ..measure.linearization import Linearization, linearize
from ..measure.ntk import empirical_ntk
from ..measure.spectrum import extremes, top_eigenvector
from ..nets.activations import activation
from ..nets.centre import Centre as GraphCentre
from ..nets.centre import linearize as linearize_nodes
from ..nets.fields import FLOATS
from ..nets.graph import Graph
from ..problem.admissible import antipodal_pair
from ..problem.networks import looks_like_layers
from ..problem.problem import Problem
from ..theory import Bound, NotAvailableError, NumericalFailureError
from ..theory.bound import lower


@dataclass(frozen=True)
class Measured:
    """Numbers at w_0.

    Attributes:
        problem: the problem.
        linearization: for class N, else None.
        graph: for class G, else None.
        lambda_min: of the kernel, scaled to the loss in use.
        lambda_max: likewise.
        singular: why the kernel is exactly singular, here and at all other weights, if a reason is known.
        profile: bounds over balls around w_0, or None.
        unavailable: why there is no profile.
        curvature: a lower bound of lambda_max(Hess L(w_0)); minus infinity where none is known.
    """

    problem: Problem
    linearization: Linearization | None
    graph: Graph | None
    lambda_min: Bound
    lambda_max: Bound
    singular: str | None
    profile: Profile | None
    unavailable: str | None
    curvature: Bound

    def __repr__(self) -> str:
        return f"Measured(lambda_min(K) {self.lambda_min}, lambda_max(K) {self.lambda_max}, curvature {self.curvature})"

    @cached_property
    def centre(self) -> Centre:
        """Verified numbers at w_0, enclosed once for all theorems.

        Raises:
            NotAvailableError: neither of class N nor of class G.
            NoVerdictError: an overflow, or an eigenvalue bound that cannot be verified.
        """
        return enclose(stored(self.problem))

    @cached_property
    def sharpened(self) -> Profile:
        """The profile sharpened by Theorem E.

        Raises:
            NotAvailableError: there is no profile, or Theorem E does not speak of the network.
            NumericalFailureError: see `pltheory.certification.sharpened`.
        """
        if self.profile is None:
            raise NotAvailableError(self.unavailable or "there is no profile")
        return sharpened(self.problem, self.profile)


def measure(problem: Problem) -> Measured:
    """Kernel, spectrum, profile and curvature of a problem at its weights.

    Raises:
        InvalidInputError: the network mixes samples.
        NumericalFailureError: a measured number is not finite.
    """
    lin, at, unavailable, bounds = None, None, None, None
    not_layers = None
    try:
        lin = linearize(problem.network, problem.x)
    except NotAvailableError as error:
        not_layers = error
    if lin is None or not problem.of_class_n:
        try:
            if problem.of_class_n and not_layers is not None:
                raise not_layers  # read as layers, and what it computes is not what they do
            at, lin = linearize_graph(problem), None
        except NotAvailableError as not_graph:
            layers_fail = not_layers is not None and looks_like_layers(problem.network)
            unavailable = str(not_layers if layers_fail else not_graph)
    if lin is not None:
        kernel = lin.kernel
    elif at is not None:
        kernel = torch.from_numpy(at.kernel)
    else:
        kernel = empirical_ntk(problem.network, problem.x)
    spectrum = extremes(kernel)
    if at is not None:
        bounds = profile_of_graph(at, at.residual(problem.y), problem.unit, spectrum=spectrum)
    elif lin is not None:
        residual = float(torch.linalg.vector_norm(lin.outputs - problem.y, dtype=torch.float64))
        try:
            bounds = profile(lin, residual, problem.unit, spectrum=spectrum)
        except NotAvailableError as error:
            unavailable = str(error)
    smallest, largest = (replace(b, value=problem.unit * b.value) for b in spectrum)
    return Measured(
        problem=problem,
        linearization=lin,
        graph=None if at is None else at.graph,
        lambda_min=smallest,
        lambda_max=largest,
        singular=_why_singular(problem, lin),
        profile=bounds,
        unavailable=unavailable,
        curvature=_curvature(problem, kernel),
    )


def profile_at(problem: Problem) -> Profile:
    """Bounds over balls around a problem's weights.

    Raises:
        NotAvailableError: it is neither of class N nor of class G.
        NumericalFailureError: a number is not finite.
    """
    if problem.of_class_n:
        lin = linearize(problem.network, problem.x)
        residual = float(torch.linalg.vector_norm(lin.outputs - problem.y, dtype=torch.float64))
        return profile(lin, residual, problem.unit)
    at = linearize_graph(problem)
    return profile_of_graph(at, at.residual(problem.y), problem.unit)


def linearize_graph(problem: Problem, *, bounds: bool = True) -> GraphCentre:
    """A network of class G linearised at its weights in float64; bounds as in `pltheory.nets.centre.linearize`.

    Raises:
        NotAvailableError: it is not of class G.
    """
    x = problem.x.detach().cpu().double().numpy()
    return linearize_nodes(problem.reading.now(), x.reshape(len(x), -1), FLOATS, bounds=bounds)


def _why_singular(problem: Problem, lin: Linearization | None) -> str | None:
    size, outputs = sum(p.numel() for p in problem.parameters()), problem.y.numel()
    if size < outputs:
        return f"{size} parameters are fewer than the n C = {outputs} outputs"
    # Without biases an odd activation makes F(-x) = -F(x), so x and -x make the kernel singular.
    odd = lin is not None and activation(lin.network.activation).odd
    if odd and lin is not None and all(la.bias is None for la in lin.network.layers):
        pair = antipodal_pair(problem.x)
        if pair is not None:
            return f"rows {pair[0]} and {pair[1]} of x are opposite and the network is odd"
    return None


def _curvature(problem: Problem, kernel: torch.Tensor) -> Bound:
    """Rayleigh quotient of the loss Hessian along J^T u, u the kernel's top eigenvector; minus infinity without one."""
    names = [name for name, p in problem.network.named_parameters() if p.requires_grad]
    try:
        grads = weighted_gradient(problem.network, problem.x, top_eigenvector(kernel).to(problem.x))
        return curvature_along(problem, dict(zip(names, grads, strict=True)))
    except (NotAvailableError, NumericalFailureError) as error:
        return lower(-math.inf, f"not known: {error}")
