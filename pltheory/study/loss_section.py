"""The section `loss` of a configuration, and its short form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidatorFunctionWrapHandler, field_validator, model_validator
from pydantic_core import PydanticCustomError

from ..problem.reduction import Reduction
from .section import Section, Word

if TYPE_CHECKING:
    from ..problem.loss import Loss

SHORT = ("sum", "mean")
"""What stands for the square loss in that reduction."""


class LossSection(Section):
    """The loss by name; `weights` are the weighted square loss's, one a sample."""

    name: Word = "square"
    reduction: Reduction = "sum"
    weights: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_a_gauge(cls, section: Any) -> Any:
        from ..problem.loss import WITHOUT_GAUGE

        for key in section if isinstance(section, dict) else ():
            if key not in cls.model_fields and key in WITHOUT_GAUGE:
                raise PydanticCustomError("loss", "{key}: {why}", {"key": key, "why": WITHOUT_GAUGE[key]})
        return section

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        from ..problem.loss import KINDS, WITHOUT_GAUGE

        if name not in KINDS:
            why = f"{WITHOUT_GAUGE[name]}; " if name in WITHOUT_GAUGE else ""
            raise PydanticCustomError(
                "loss", "{why}allowed are {names}", {"why": why, "names": ", ".join(map(repr, KINDS))}
            )
        return name


def short_or_section(value: Any, validated: ValidatorFunctionWrapHandler) -> Any:
    """ "sum" or "mean" as it is, else the section."""
    if not isinstance(value, str):
        return validated(value)
    if value not in SHORT:
        raise PydanticCustomError("loss", "should be 'sum', 'mean' or a section [loss] with name and reduction")
    return value


def loss_from(section: str | LossSection) -> Loss:
    """The loss as an object.

    Raises:
        InvalidInputError: weights that are missing, or of a loss that has none.
    """
    from ..problem.loss import loss_of, named

    if isinstance(section, str):
        return loss_of(section)
    weights = {} if section.weights is None else {"weights": tuple(section.weights)}
    return named(section.name, section.reduction, **weights)
