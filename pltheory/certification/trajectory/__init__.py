"""Theorem D: a verified trajectory from the initialisation to where Theorem C holds."""

from .certify import TrajectoryCertificate as TrajectoryCertificate
from .certify import certify_trajectory as certify_trajectory
from .graph_certify import certify_graph_trajectory as certify_graph_trajectory
from .kinked_certify import certify_kinked_trajectory as certify_kinked_trajectory
