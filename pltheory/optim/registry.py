"""The step rules by name: those of this project, and those of packages that declare them as `pltheory.rules`.

A rule of another package is loaded where its name is asked for, and its settings go through `guard` first.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache

from ..packages import installed, loaded
from ..packages import origin as origin_of
from ..theory import ExtensionError, InvalidInputError, NotAvailableError
from .clipped import ClippedSettings
from .guard import described, named, require_consistent
from .known import BUILT_IN as BUILT_IN
from .known import DEFAULT as DEFAULT
from .known import GROUP as GROUP
from .known import RULES as RULES
from .known import claim
from .known import is_known as is_known
from .known import names as names
from .known import origin as origin
from .protocol import StepSettings
from .recursion import Form


def rule(name: str) -> type[StepSettings]:
    """The settings of the step rule of that name.

    Raises:
        InvalidInputError: there is none, or two packages claim the name.
        ExtensionError: the package that has it cannot be loaded, or what it gives is no step rule.
    """
    known = RULES.get(name)
    return _of_package(name) if known is None else known


def require_rule(settings: object) -> None:
    """Refuse what is no step rule, was given values behind its constructor's back, or contradicts itself.

    A subclass may step otherwise than its fields say, and a copy or a pickle may carry fields that nobody looked at.

    Raises:
        InvalidInputError: not exactly a rule of this project or of an installed package, or a value outside its range.
        ExtensionError: a package's rule that fails, or whose parts contradict one another.
    """
    kind = type(settings)
    if not isinstance(settings, StepSettings) or not _is_rule(kind) or vars(settings).keys() != _names(settings):
        known = ", ".join(one.__name__ for one in BUILT_IN)
        raise InvalidInputError(f"settings: {kind.__name__} is no step rule of this project; {known} are")
    with named(settings):
        settings.__post_init__()
    if kind not in BUILT_IN:
        require_consistent(settings, f"step rule {settings.name!r} of {origin(settings)}")


def _names(settings: StepSettings) -> set[str]:
    return {f.name for f in fields(settings)}


def _is_rule(kind: type) -> bool:
    if kind in BUILT_IN:
        return True
    name = getattr(kind, "name", None)
    if not issubclass(kind, StepSettings) or not isinstance(name, str) or name in RULES:
        return False
    return name in installed(GROUP) and _of_package(name) is kind


def has_certificates(settings: StepSettings) -> bool:
    """Whether certificates speak of these steps, which are those of delta-GClip and its limits."""
    return type(settings) in BUILT_IN and isinstance(settings, ClippedSettings)


def certifiable(settings: StepSettings, forms: frozenset[Form] = frozenset({Form.PLAIN})) -> ClippedSettings:
    """The same settings, where certificates speak of them.

    Args:
        settings: the step rule.
        forms: what its steps may be in the certificate asked for.

    Raises:
        NotAvailableError: they do not.
    """
    if not forms & settings.forms:
        spoken = " or of ".join(sorted(forms))
        raise NotAvailableError(f"this proof is of {spoken}, not of {settings.recursion.words}")
    if not has_certificates(settings):
        raise NotAvailableError(f"{spoken_of()}, not of {settings.name}")
    assert isinstance(settings, ClippedSettings)
    return settings


def spoken_of() -> str:
    """Which step rules proofs and certificates are about, as the beginning of a sentence."""
    about = [one.name for one in BUILT_IN if issubclass(one, ClippedSettings)]
    return f"proofs speak of {', '.join(about[:-1])} and {about[-1]}"


@cache
def _of_package(name: str) -> type[StepSettings]:
    point = claim(name)
    who = f"step rule {name!r} of {origin_of(point)}"
    found = described(loaded(point, "step rule", make=False), who)
    if found.name != name:
        raise ExtensionError(f"{who} calls itself {found.name!r}")
    return found
