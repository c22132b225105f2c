"""A snapshot of a problem, to prove something of: copies to compute from, compared with the live one at the end.

A network can change while a proof runs: a callback, a second thread or a theorem of one's own may write to it. So every
number of a claim comes from copies taken first, and when all is done the live network is read again: it must still be
of its class, N or G, bit for bit the one that was copied. What changed and was changed back is none of a claim's
business: it speaks of the copies, which are what the network is at the end.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from torch import Tensor

from ..theory import InvalidInputError, NotAvailableError, PltheoryError
from .agreement import require_agreement
from .exact import require_apart, same_bits
from .graphs import read_graph
from .networks import looks_like_layers
from .problem import Problem


@dataclass(frozen=True)
class Snapshot:
    """A problem at the moment it was read.

    Attributes:
        problem: to compute from: copies where the network is of class N or G, the live problem otherwise.
        refusal: why the network is of neither class, or None where it is of one.
    """

    problem: Problem
    refusal: str | None
    _live: Problem
    _state: dict[str, Tensor]
    _read: tuple[object, ...]

    def require_readable(self) -> None:
        """Refuse a network that is neither of class N nor of class G.

        Raises:
            NotAvailableError: with the part named.
        """
        if self.refusal is not None:
            raise NotAvailableError(self.refusal)

    def require_unchanged(self) -> None:
        """Refuse to speak of a network or data that are no longer what was read.

        Raises:
            InvalidInputError: naming what changed.
        """
        live = self._live
        if self.refusal is None:
            try:
                structure = _structure(live)
            except NotAvailableError as error:
                raise _changed("the network", f"it is not of its class any more: {error}") from None
            if structure != self._read:
                raise _changed("the network", "its activation, a scale or its graph is another")
        now = _state(live)
        if now.keys() != self._state.keys():
            raise _changed("the network", "it has other parameters")
        for name, was in self._state.items():
            if not same_bits(now[name], was):
                raise _changed(name, "its values are others")

    @contextmanager
    def naming_the_part(self) -> Iterator[None]:
        """Around measurements of a module that is not of class N: what its own code raises, as one line.

        Raises:
            PltheoryError: the module cannot be measured; the message says why it is not of class N either.
        """
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:
            if self.refusal is None:
                raise
            kind: type[PltheoryError] = type(error) if isinstance(error, PltheoryError) else NotAvailableError
            what = "" if isinstance(error, PltheoryError) else f"{type(error).__name__}: "
            said = " ".join(f"{what}{error}".split())
            raise kind(f"{self.refusal}; nor can it be measured as another module: {said}") from error


def snapshot(problem: Problem) -> Snapshot:
    """Read a problem and copy it.

    Raises:
        NotAvailableError: the module's outputs or gradients are not those of what was read from it.
    """
    try:
        structure = _structure(problem)
    except NotAvailableError as error:
        return Snapshot(problem, str(error), problem, _copied(_state(problem)), ())
    # Training would move the data. That y is x, as for an autoencoder, moves nothing.
    weights = dict(problem.network.named_parameters())
    for name, data in (("x", problem.x), ("y", problem.y)):
        require_apart({**weights, name: data})
    still = replace(
        problem,
        network=copy.deepcopy(problem.network),
        x=problem.x.detach().clone(),
        y=problem.y.detach().clone(),
        loss=problem.objective,  # a text does not say all of every loss
    )
    taken = Snapshot(still, None, problem, _state(still), structure)
    taken.require_unchanged()
    if still.of_class_n:
        require_agreement(problem.network, problem.class_n(), still.class_n(), problem.x)
    return taken


def _structure(problem: Problem) -> tuple[object, ...]:
    """What a network is beside its parameters, read anew: of class N, or else of class G.

    Raises:
        NotAvailableError: it is of neither class; with the reason for the class that it looks like.
    """
    not_layers = None
    try:
        net = problem.class_n()
    except NotAvailableError as error:
        not_layers = error
    if not_layers is None and problem.of_class_n:
        return ("N", net.activation, *((layer.kappa, layer.tau) for layer in net.layers))
    try:
        return ("G", read_graph(problem.network, problem.x).graph.structure())
    except NotAvailableError:
        if not_layers is not None and looks_like_layers(problem.network):
            raise not_layers from None
        raise


def _changed(what: str, how: str) -> InvalidInputError:
    return InvalidInputError(f"{what} changed while it was being read: {how}; nothing is said of either")


def _state(problem: Problem) -> dict[str, Tensor]:
    network = problem.network
    return {**dict(network.named_parameters()), **dict(network.named_buffers()), "x": problem.x, "y": problem.y}


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.detach().clone() for name, t in state.items()}
