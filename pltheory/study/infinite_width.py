"""The tangent kernel that the points of a study near as their width grows, and its spectrum."""

from __future__ import annotations

import json

from ..measure.infinite_width import infinite_width_ntk
from ..measure.spectrum import eigenvalues
from ..problem.loss import SquareLoss
from ..theory import NotAvailableError, NumericalFailureError
from .build import data_of
from .config import Config, loss_in
from .grid import grid
from .network_section import FullyConnectedSection


def limit_spectrum(config: Config) -> list[float]:
    """Eigenvalues of the kernel of infinite width in the scale of the loss, ascending, each once for every output.

    Args:
        config: with a sweep section.

    Raises:
        NotAvailableError: no such kernel is known, or the points of the study have several; the message says why.
    """
    points = [point for _, point in grid(config)]
    if len({_what_the_limit_hangs_on(point) for point in points}) > 1:
        raise NotAvailableError("data, depth, activation or loss vary: there is not one limit")
    point = points[0]
    n = point.network
    if not isinstance(n, FullyConnectedSection):
        raise NotAvailableError("a limit is known of fully connected networks only")
    if n.parametrization != "ntk":
        raise NotAvailableError(
            "a limit is known in the NTK parametrisation only: in the standard one it grows with the width"
        )
    if n.checkpoint is not None:
        raise NotAvailableError("weights of a checkpoint have no limit")
    data = data_of(point)
    try:
        kernel = infinite_width_ntk(data.x, hidden_layers=len(n.hidden), activation=n.activation, bias=n.bias)
    except NumericalFailureError as error:
        raise NotAvailableError(str(error)) from None
    loss = loss_in(point)
    share = float(loss.share(*data.y.shape)) if isinstance(loss, SquareLoss) else 1.0
    return [share * value for value in eigenvalues(kernel).tolist() for _ in range(data.outputs)]


def limit_of_lambda_min(config: Config) -> float | None:
    """lambda_min of the limit kernel; None where it is not known."""
    try:
        return limit_spectrum(config)[0]
    except NotAvailableError:
        return None


def _what_the_limit_hangs_on(point: Config) -> str:
    n = point.network
    depth = len(n.hidden) if isinstance(n, FullyConnectedSection) else None
    network = n.model_dump(exclude={"hidden", "output_init"})
    drawn = point.run.seed if point.data.source == "sphere" else None
    return json.dumps([depth, network, point.data.model_dump(), drawn, point.model_dump(include={"loss"})], default=str)
