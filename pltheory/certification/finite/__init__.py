"""Theorem T: the exact run over stored batches, with or without momentum, enclosed around a computed one."""

from .claim import finite_claim as finite_claim
from .outcome import Outcome as Outcome
from .run import FiniteRun as FiniteRun
from .run import Rule as Rule
from .run import follow as follow
from .run import largest_step as largest_step
