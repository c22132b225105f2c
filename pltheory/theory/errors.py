"""The errors a user can cause or meet, each with one message that says what is allowed."""

from __future__ import annotations


class PltheoryError(Exception):
    """Base of every error this package raises on purpose."""


class InvalidInputError(PltheoryError, ValueError):
    """An input that no computation can start from; the message names the key, the value and what is allowed."""


class NotAvailableError(PltheoryError):
    """A computation that does not exist for this network; nothing is guessed in its place."""


class NumericalFailureError(PltheoryError, ArithmeticError):
    """A computation that ended in NaN, infinity, no memory or no convergence."""


class ExtensionError(PltheoryError):
    """A theorem or quantity of another package that cannot be loaded, failed, or said what cannot be believed."""


class LostWorkerError(PltheoryError):
    """A worker of a run over several processes did not come in time; nothing was written in its absence."""


class WrongDirectionError(PltheoryError, TypeError):
    """A number was used on a side of an inequality that its direction does not allow."""


def says_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of Python, torch or CUDA says that memory is exhausted."""
    # torch reports an exhausted CPU allocator as a plain RuntimeError.
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or "can't allocate memory" in str(error)
