"""The activations by name: those of this project, and those of packages that declare them as `pltheory.activations`.

An activation of another package is loaded where its name is asked for, and goes through `guard` first.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from ...packages import installed, loaded, only, require_named
from ...packages import origin as origin_of
from ...theory import ExtensionError, InvalidInputError
from .erf import Erf
from .gelu import Gelu
from .mish import Mish
from .protocol import Activation
from .relu import Relu
from .sigmoid import Sigmoid
from .silu import Silu
from .sin import Sin
from .softplus import Softplus
from .tanh import Tanh

if TYPE_CHECKING:
    from torch import nn

GROUP = "pltheory.activations"
"""The entry point group; the entry point's name is the activation's, its object an `Activation` or a class of one."""
ACTIVATIONS: dict[str, Activation] = {
    a.name: a for a in (Tanh(), Sigmoid(), Softplus(), Erf(), Gelu(), Silu(), Mish(), Sin(), Relu())
}
"""The activations of this project, in the order in which they are listed."""


def names() -> list[str]:
    """Every name that `activation` finds: this project's, then the installed ones; nothing is imported."""
    return [*ACTIVATIONS, *sorted(installed(GROUP).keys() - ACTIVATIONS)]


def is_known(name: str) -> bool:
    """Whether `activation` finds that name, as far as can be said without loading it."""
    return name in ACTIVATIONS or name in installed(GROUP)


def activation(name: str) -> Activation:
    """The activation of that name.

    Raises:
        InvalidInputError: there is none, or two packages claim the name.
        ExtensionError: the package that has it cannot be loaded, or what it gives is not what it says.
    """
    known = ACTIVATIONS.get(name)
    return _of_package(name) if known is None else known


def origin(name: str) -> str | None:
    """Whose activation it is: package, version and object; None for this project's.

    Raises:
        InvalidInputError: as `activation`.
    """
    return None if name in ACTIVATIONS else origin_of(_claim(name))


def activation_of(module: nn.Module) -> str | None:
    """Name of the activation that a module computes, or None if it computes none of them exactly."""
    found = computed_by_class(type(module))
    return found.name if found is not None and found.computed_by(module) else None


def computed_by_class(kind: type[nn.Module]) -> Activation | None:
    """The activation whose `module` is exactly that class (a subclass may compute anything), or None.

    A package whose activation is refused is passed over: its error comes where the name is asked for.
    """
    for known in ACTIVATIONS.values():
        if known.module is not None and resolve_name(known.module) is kind:
            return known
    for name in installed(GROUP).keys() - ACTIVATIONS:
        with suppress(ExtensionError, InvalidInputError):
            found = _of_package(name)
            if found.module is not None and resolve_name(found.module) is kind:
                return found
    return None


@cache
def _of_package(name: str) -> Activation:
    from .guard import guarded

    point = _claim(name)
    found = guarded(loaded(point, "activation"), f"activation {name!r} of {origin_of(point)}")
    require_named(point, "activation", found.name)
    return found


def _claim(name: str) -> EntryPoint:
    claims = installed(GROUP).get(name, [])
    if not claims:
        raise InvalidInputError(f"activation = {name!r}: allowed are {', '.join(names())}")
    return only(claims, f"activation = {name!r}")
