"""Theorem B+: a region per neuron for one hidden layer."""

from .certify import BPlusResult as BPlusResult
from .certify import Setup as Setup
from .certify import certify_bplus as certify_bplus
from .certify import prepare as prepare
