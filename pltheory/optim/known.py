"""The names of step rules and whose they are; nothing of a package is loaded."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint

from ..packages import installed
from ..packages import origin as origin_of
from ..theory import InvalidInputError
from .delta_gclip import DeltaGClipSettings
from .gclip import GClipSettings
from .gradient_descent import GradientDescentSettings
from .protocol import StepSettings

GROUP = "pltheory.rules"
"""The entry point group; the entry point's name is the rule's, its object a subclass of `StepSettings`."""
BUILT_IN: tuple[type[StepSettings], ...] = (DeltaGClipSettings, GClipSettings, GradientDescentSettings)
"""The step rules of this project, in the order in which they are listed."""
DEFAULT = DeltaGClipSettings.name
"""The rule of a configuration that names none."""
RULES: dict[str, type[StepSettings]] = {rule.name: rule for rule in BUILT_IN}


def names() -> list[str]:
    """Every name that `rule` finds: this project's, then the installed ones; nothing is imported."""
    return [*RULES, *sorted(installed(GROUP).keys() - RULES)]


def is_known(name: str) -> bool:
    """Whether `rule` finds that name, as far as can be said without loading it."""
    return name in RULES or name in installed(GROUP)


def origin(settings: StepSettings) -> str | None:
    """Whose step rule it is: package, version and object; None for this project's.

    Raises:
        InvalidInputError: no rule of that name is installed, or two are.
    """
    return None if type(settings) in BUILT_IN else origin_of_name(settings.name)


@cache
def origin_of_name(name: str) -> str:
    """Whose step rule of that name is installed.

    Raises:
        InvalidInputError: none is, or two are.
    """
    return origin_of(claim(name))


def claim(name: str) -> EntryPoint:
    """The entry point of that name.

    Raises:
        InvalidInputError: there is none, or two packages claim the name.
    """
    claims = installed(GROUP).get(name, [])
    if not claims:
        raise InvalidInputError(f"optimizer.name = {name!r}: allowed are {', '.join(names())}")
    if len(claims) > 1:
        raise InvalidInputError(f"optimizer.name = {name!r}: claimed by {' and by '.join(map(origin_of, claims))}")
    return claims[0]
