"""The section `network`: an architecture of this project with its keys, or a module of the user's own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import PydanticCustomError

from ..nets.activations import is_known, names
from .section import Count, Section

Widths = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]


class NetworkSection(Section):
    """What every network has.

    `checkpoint` is a file of weights, `checkpoint_key` the keys down to those that are meant, where it holds more than
    one set.
    """

    checkpoint: str | None = None
    checkpoint_key: Annotated[list[str], Field(min_length=1)] | None = None


class BuiltSection(NetworkSection):
    """A network of this project; the number of outputs comes from the data."""

    architecture: Literal["fully-connected", "convolutional", "residual"] = "fully-connected"
    activation: str = "tanh"
    parametrization: Literal["ntk", "standard"] = "ntk"
    bias: bool = False
    output_init: Literal["gaussian", "rademacher"] = "gaussian"

    @field_validator("activation", mode="before")
    @classmethod
    def _known(cls, name: object) -> object:
        if not isinstance(name, str) or not is_known(name):
            *first, last = map(repr, names())
            raise PydanticCustomError("activation", "should be {allowed}", {"allowed": f"{', '.join(first)} or {last}"})
        return name


class FullyConnectedSection(BuiltSection):
    """A fully connected network; input and output widths come from the data.

    `checkpoint_names` are the checkpoint's modules in the order of their use, where their names do not say it.
    """

    architecture: Literal["fully-connected"] = "fully-connected"
    hidden: Widths
    checkpoint_names: Annotated[list[str], Field(min_length=2)] | None = None


def _of_each_stage(least: int) -> Any:
    """One whole number, or a list of them, one for each of `channels`."""

    def read(value: Any) -> Any:
        numbers = value if isinstance(value, list) and value else [value]
        if not all(type(v) is int and least <= v <= 10**9 for v in numbers):
            said = f"must be a whole number from {least}, or a list of them, one for each of channels"
            raise PydanticCustomError("stages", "{said}", {"said": said})
        return value

    return PlainValidator(read)


class ConvolutionalSection(BuiltSection):
    """A convolutional network (`problem.architectures.convolutional`).

    `statistics` are those of `normalisation = "batch"`: "data": measured at the points of the data; "none": mean 0 and
    variance 1.
    """

    architecture: Literal["convolutional"]
    channels: Widths
    kernel: Count = 3
    stride: Annotated[Any, _of_each_stage(1)] = 1
    pooling: Literal["none", "average", "global"] = "none"
    normalisation: Literal["none", "batch"] = "none"
    statistics: Literal["data", "none"] = "data"

    @field_validator("kernel")
    @classmethod
    def _odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise PydanticCustomError("kernel", "must be odd")
        return kernel


class ResidualSection(ConvolutionalSection):
    """A residual network (`problem.architectures.residual`)."""

    architecture: Literal["residual"]  # type: ignore[assignment]
    blocks: Annotated[Any, _of_each_stage(0)] = 1
    convs_per_block: Count = 2


class ModuleSection(NetworkSection):
    """A network that the user's own code makes.

    `module` is a file and a function, "model.py:make_network", called with the keywords `arguments`. `sha256` is the
    file's; it is written in when the configuration is read, and a file that has another is not run.
    """

    module: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @field_validator("module")
    @classmethod
    def _of_file_and_function(cls, module: str) -> str:
        file, colon, function = module.rpartition(":")
        if not colon or not file or not function.isidentifier():
            raise PydanticCustomError("module", "must be a file and a function, e.g. 'model.py:make_network'")
        return module

    @field_validator("arguments")
    @classmethod
    def _plain(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        left = [*arguments.values()]
        while left:
            value = left.pop()
            if isinstance(value, (list, dict)):
                left += value.values() if isinstance(value, dict) else value
            elif type(value) not in (bool, int, float, str):
                raise PydanticCustomError("arguments", "must hold numbers, texts, true, false, and lists and tables")
        return arguments

    @property
    def file(self) -> str:
        """The part of `module` before the function."""
        return self.module.rpartition(":")[0]

    @property
    def function(self) -> str:
        """The function's name."""
        return self.module.rpartition(":")[2]


BY_ARCHITECTURE: dict[str, type[BuiltSection]] = {
    "fully-connected": FullyConnectedSection,
    "convolutional": ConvolutionalSection,
    "residual": ResidualSection,
}


def section_of(tree: Any) -> type[NetworkSection]:
    """The model of a section `network` by what is given there: `module`, or `architecture`."""
    if not isinstance(tree, dict):
        return FullyConnectedSection
    if "module" in tree:
        return ModuleSection
    name = tree.get("architecture", "fully-connected")
    return BY_ARCHITECTURE.get(name, BuiltSection) if isinstance(name, str) else BuiltSection


def by_architecture(tree: Any, validated: ValidatorFunctionWrapHandler) -> Any:
    """Validate a section `network` by the model of its architecture."""
    if not isinstance(tree, dict):
        return validated(tree)
    model = section_of(tree)
    # Of an unknown architecture nothing else is known: its name is the one thing to say.
    return model.model_validate({"architecture": tree["architecture"]} if model is BuiltSection else tree)


KINDS: tuple[type[NetworkSection], ...] = (*BY_ARCHITECTURE.values(), ModuleSection)
"""Every section `network` that there is."""


def kind_of(model: type[NetworkSection]) -> str:
    """What a section `network` is of, in words for a message."""
    known = [name for name, section in BY_ARCHITECTURE.items() if section is model]
    return f"a {known[0]} network" if known else "a network given by module"
