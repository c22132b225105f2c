"""A snapshot of a problem, to prove something of: copies to compute from, compared with the live one at the end.

A network can change while a proof runs: a callback, a second thread or a theorem of one's own may write to it. So every
number of a claim comes from copies taken first, and when all is done the live network is read again: it must still be
of class N, bit for bit the one that was copied. What changed and was changed back is none of a claim's business: it
speaks of the copies, which are what the network is at the end.
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
from .networks import ClassN
from .problem import Problem


@dataclass(frozen=True)
class Snapshot:
    """A problem at the moment it was read.

    Attributes:
        problem: to compute from: copies where the network is of class N, the live problem otherwise.
        refusal: why the network is not of class N, or None where it is.
    """

    problem: Problem
    refusal: str | None
    _live: Problem
    _state: dict[str, Tensor]
    _scales: tuple[object, ...]

    def require_class_n(self) -> None:
        """Refuse a network that is not of class N.

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
                net = live.class_n()
            except NotAvailableError as error:
                raise _changed("the network", f"it is not of class N any more: {error}") from None
            if _scales(net) != self._scales:
                raise _changed("the network", "its activation or a scale is another")
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
        NotAvailableError: the module's outputs or gradients are not those of its layers.
    """
    try:
        net = problem.class_n()
    except NotAvailableError as error:
        return Snapshot(problem, str(error), problem, _copied(_state(problem)), ())
    # Training would move the data. That y is x, as for an autoencoder, moves nothing.
    weights = dict(problem.network.named_parameters())
    for name, data in (("x", problem.x), ("y", problem.y)):
        require_apart({**weights, name: data})
    still = replace(
        problem, network=copy.deepcopy(problem.network), x=problem.x.detach().clone(), y=problem.y.detach().clone()
    )
    copies = still.class_n()
    taken = Snapshot(still, None, problem, _state(still), _scales(copies))
    taken.require_unchanged()
    require_agreement(problem.network, net, copies, problem.x)
    return taken


def _changed(what: str, how: str) -> InvalidInputError:
    return InvalidInputError(f"{what} changed while it was being read: {how}; nothing is said of either")


def _scales(net: ClassN) -> tuple[object, ...]:
    return (net.activation, *((layer.kappa, layer.tau) for layer in net.layers))


def _state(problem: Problem) -> dict[str, Tensor]:
    return {**dict(problem.network.named_parameters()), "x": problem.x, "y": problem.y}


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.detach().clone() for name, t in state.items()}
