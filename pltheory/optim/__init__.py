"""Step rules and optimizers, one file each: settings, step, floor, and a citizen of torch.optim.

`protocol` says what a step rule is, `registry` has the list and what packages add to it, `guard` what is checked of
those.
"""

from .clipped import ClippedSettings as ClippedSettings
from .delta_gclip import DeltaGClip as DeltaGClip
from .delta_gclip import DeltaGClipSettings as DeltaGClipSettings
from .gclip import GClip as GClip
from .gclip import GClipSettings as GClipSettings
from .gradient_descent import GradientDescent as GradientDescent
from .gradient_descent import GradientDescentSettings as GradientDescentSettings
from .protocol import StepSettings as StepSettings
from .registry import certifiable as certifiable
from .registry import has_certificates as has_certificates
from .registry import origin as origin
from .registry import require_rule as require_rule
