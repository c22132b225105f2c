"""Reads a torch module as a graph of class G: exported, operation by operation, and compared with the module."""

from .evaluate import evaluate as evaluate
from .read import Reading as Reading
from .read import Source as Source
from .read import read as read
