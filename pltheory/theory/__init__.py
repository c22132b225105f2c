"""Pure mathematics: formulas, bounds with a direction, verdicts from them. No torch, no files, no printing."""

from .bound import Bound as Bound
from .bound import Direction as Direction
from .errors import ExtensionError as ExtensionError
from .errors import InvalidInputError as InvalidInputError
from .errors import LostWorkerError as LostWorkerError
from .errors import NotAvailableError as NotAvailableError
from .errors import NumericalFailureError as NumericalFailureError
from .errors import PltheoryError as PltheoryError
from .errors import WrongDirectionError as WrongDirectionError
