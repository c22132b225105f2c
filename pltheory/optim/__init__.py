"""Optimizers of the theorems, as citizens of torch.optim."""

from .delta_gclip import DeltaGClip as DeltaGClip
from .delta_gclip import GClip as GClip
from .delta_gclip import GradientDescent as GradientDescent
