"""Step rules and optimizers, one file each: settings, step, floor, and a citizen of torch.optim.

`protocol` says what a step rule is, `registry` has the list and what packages add to it, `guard` what is checked of
those. The settings know no torch; the optimizers of `citizens` are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .clipped import ClippedSettings as ClippedSettings
from .delta_gclip import DeltaGClipSettings as DeltaGClipSettings
from .gclip import GClipSettings as GClipSettings
from .gradient_descent import GradientDescentSettings as GradientDescentSettings
from .protocol import StepSettings as StepSettings
from .registry import certifiable as certifiable
from .registry import has_certificates as has_certificates
from .registry import origin as origin
from .registry import require_rule as require_rule

if TYPE_CHECKING:
    from .citizens import DeltaGClip as DeltaGClip
    from .citizens import GClip as GClip
    from .citizens import GradientDescent as GradientDescent
    from .local_clipping import LocalClipping as LocalClipping

_CITIZENS = {name: "citizens" for name in ("DeltaGClip", "GClip", "GradientDescent")}
_CITIZENS["LocalClipping"] = "local_clipping"


def __getattr__(name: str) -> Any:
    if name in _CITIZENS:
        return getattr(import_module(f"{__name__}.{_CITIZENS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_CITIZENS})
