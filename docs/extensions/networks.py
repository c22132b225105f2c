"""The directives `kinds`, `torch-modules`, `operations`: what can be certified, from the code that reads and bounds it.

Nothing here says of a module what becomes of it: every class of `torch.nn` is built, called and read at the build.
"""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from torch import Tensor, nn

from pltheory.nets.activations import activation
from pltheory.nets.graph import Graph
from pltheory.nets.kinds import KINDS, Kind
from pltheory.nets.reading import arithmetic, kinks, linear, maxima, moving, smooth
from pltheory.nets.reading.export import REFUSED
from pltheory.nets.reading.operation import READERS
from pltheory.nets.reading.refusals import REASONS
from pltheory.nets.reading.values import UnreadableError
from pltheory.problem.graphs import read_graph
from pltheory.theory import NotAvailableError

CHANNELS, SIZE = 4, 6
SHAPES = (*((3, CHANNELS, *(SIZE,) * axes) for axes in range(4)), (3, SIZE, CHANNELS))
ARGUMENTS: dict[str, Any] = {
    "kernel_size": 3,
    **dict.fromkeys(("upscale_factor", "downscale_factor", "groups"), 2),
    **dict.fromkeys(("norm_type", "num_groups", "nhead", "num_heads", "output_size", "padding", "size"), 2),
    **dict.fromkeys(("num_features", "num_channels", "in_channels", "out_channels", "in_features"), CHANNELS),
    **dict.fromkeys(("out_features", "input_size", "hidden_size", "embed_dim", "normalized_shape"), CHANNELS),
    **dict.fromkeys(("in1_features", "in2_features", "num_embeddings", "embedding_dim"), CHANNELS),
    "value": 0.0,
    "threshold": 0.5,
    "num_layers": 1,
    "unflattened_size": (2, 2),
    "dim": 1,
}
"""By the names that torch gives to what a module must be told."""
CHOSEN = {
    **dict.fromkeys(("d_model", "dim_feedforward"), CHANNELS),
    **dict.fromkeys(("num_encoder_layers", "num_decoder_layers"), 1),
    "batch_first": True,
    "scale_factor": 2,
    "nhead": 2,
}
"""In place of torch's defaults."""


class Probe(nn.Module):
    """A trainable scale of every entry, then the module in question."""

    def __init__(self, part: nn.Module, x: Tensor) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(x.shape[1:], dtype=x.dtype))
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        """The module's first output."""
        z = x * self.scale
        many = len([p for p in inspect.signature(self.part.forward).parameters.values() if p.default is p.empty])
        out = self.part(*[z] * many)
        return out[0] if isinstance(out, tuple) else out


REFUSALS = (TypeError, ValueError, RuntimeError, IndexError, AssertionError)
"""What torch raises for arguments or data that a module does not take; anything else ends the build."""


class _Untried(Exception):
    """A module is not made, or takes none of the data: what torch says."""


def _made(cls: type[nn.Module]) -> nn.Module:
    """A module of a class with small arguments.

    Raises:
        _Untried: it takes others.
    """
    taken = list(inspect.signature(cls.__init__).parameters.values())[1:]
    given = {p.name: ARGUMENTS[p.name] for p in taken if p.default is p.empty and p.name in ARGUMENTS}
    given |= {p.name: CHOSEN[p.name] for p in taken if p.name in CHOSEN}
    refused = None
    # Recurrent layers do not name their arguments.
    for make in (lambda: cls(**given), lambda: cls(CHANNELS, CHANNELS, batch_first=True)):
        try:
            torch.manual_seed(0)
            return make().double().eval()
        except REFUSALS as error:
            refused = refused or error
    raise _Untried(_said(refused))


def _probes(part: nn.Module) -> Iterator[tuple[Probe, Tensor]]:
    """The module on data of every shape that it takes.

    Raises:
        _Untried: there is none.
    """
    refused, found = None, False
    for shape in SHAPES:
        x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        probe = Probe(part, x)
        try:
            with torch.no_grad():
                out = probe(x)
        except REFUSALS as error:
            refused = refused or error
            continue
        found = True
        if isinstance(out, Tensor) and out.ndim > 1 and len(out) == len(x):
            yield probe, x
    if not found:
        raise _Untried(_said(refused))


def _said(error: Exception | None) -> str:
    """The first sentence of torch's, without the numbers of this build's arguments and the method's name."""
    line = str(error).strip().partition("\n")[0]
    line = re.split(r"(?<=[a-z])[.;] |, but got|; but ", line)[0]
    return re.sub(r"^\w+(\.\w+)*\(\)(?: got| missing|:)? ?", "", line).strip() or type(error).__name__


def _outcome(cls: type[nn.Module]) -> tuple[str, str]:
    """Kinds with their constants, or "" and the reason.

    Raises:
        _Untried: no module of it is made, or it takes none of the data.
    """
    told = "", "its output is no tensor with a row for every sample"
    for probe, x in _probes(_made(cls)):
        try:
            return _words(read_graph(probe, x).graph), ""
        except NotAvailableError as error:
            cause = error.__context__
            reason = str(cause) if isinstance(cause, UnreadableError) else str(error).removeprefix(REFUSED)
            told = "", reason
    return told


def _words(graph: Graph) -> str:
    """The kinds of the nodes behind the first scale, each with what is constant in it."""
    found: dict[str, None] = {}
    for node in graph.nodes[2:]:
        words = node.kind.name
        if words == "affine":
            words += f", ω = {node.kind.multiplicity**0.5:.3g}"
        elif words == "pointwise":
            act = activation(node.kind.function)
            words += f" {act.name}, s1 = {act.s1:.4g}, s2 = {act.s2:.4g}"
        elif words in ("tokens", "piecewise-linear", "curved"):
            words += f" {node.kind.function}"
        elif words == "maximum":
            words += f", an entry stands in at most {node.kind.multiplicity}"
        found[words] = None
    return "; ".join(found) or "moves entries only"


def _classes() -> list[type[nn.Module]]:
    """The classes of `torch.nn` without losses, containers and those that are made lazily, in the alphabet's order."""
    classes = (getattr(nn, name) for name in nn.modules.__all__ if not name.startswith("Lazy"))
    files = ("loss", "module", "container")
    return [c for c in classes if issubclass(c, nn.Module) and c.__module__.rpartition(".")[2] not in files]


class TorchModules(SphinxDirective):
    """Tables of the classes of `torch.nn`: those that are read, by what they become; the others, by why not."""

    def run(self) -> list[nodes.Node]:
        """The tables, as Markdown that the page's parser reads."""
        read: dict[str, list[str]] = {}
        refused: dict[str, list[str]] = {}
        untried: dict[str, list[str]] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for cls in _classes():
                name = f"`{cls.__name__}`"
                try:
                    kinds, reason = _outcome(cls)
                except _Untried as error:
                    untried.setdefault(str(error), []).append(name)
                    continue
                if kinds:
                    read.setdefault(kinds, []).append(name)
                else:
                    # The operation's own name is near enough to the module's.
                    refused.setdefault(re.sub(r"^\S+ is ", "", reason), []).append(name)
        tables = (
            ("read as", read),
            ("refused: why", {_plain(why): names for why, names in refused.items()}),
            ("not tried: what torch said of the arguments or the data", {_plain(w): n for w, n in untried.items()}),
        )
        lines = []
        for head, rows in tables:
            lines += [f"| {head} | modules |", "|---|---|", *(f"| {k} | {', '.join(v)} |" for k, v in rows.items()), ""]
        return self.parse_text_to_nodes("\n".join(lines))


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


def _first_line(module: Any) -> str:
    """What a module's docstring says first, without where its mathematics stands."""
    line = (inspect.getdoc(module) or "").partition("\n")[0]
    return _plain(re.sub(r" \(THEORY\w* .*?\)", "", line).rstrip("."))


class Kinds(SphinxDirective):
    """One row per kind of node: what it is, and the numbers that are measured at the weights."""

    def run(self) -> list[nodes.Node]:
        """The table, as Markdown that the page's parser reads."""
        lines = ["| kind | what it computes | numbers at the weights that the bounds start from |", "|---|---|---|"]
        for kind in KINDS:
            module = sys.modules[kind.__module__]
            alone = sum(other.__module__ == kind.__module__ for other in KINDS) == 1
            lines.append(f"| `{kind.name}` | {_first_line(module if alone else kind)} | {_numbers(kind)} |")
        return self.parse_text_to_nodes("\n".join(lines))


def _numbers(kind: type[Kind]) -> str:
    """The attributes of what the kind measures at the weights, as that class's docstring lists them."""
    if kind.numbers is Kind.numbers:
        return ""
    cls = inspect.signature(kind.numbers, eval_str=True).return_annotation
    text = inspect.getdoc(cls) or ""
    listed = text.partition("Attributes:\n")[2]
    if not listed:
        return _plain(text.rstrip("."))
    # A line that goes on is indented further.
    listed = re.sub(r"\n {6,}", " ", listed)
    return "; ".join(_plain(" ".join(line.split()).rstrip(".")) for line in listed.splitlines())


class Operations(SphinxDirective):
    """The table of operations by the files that read them, and those that are refused by name."""

    def run(self) -> list[nodes.Node]:
        """The lists, as Markdown that the page's parser reads."""
        lines = ["| what is read | operations |", "|---|---|"]
        for module in (linear, arithmetic, smooth, kinks, maxima, moving):
            names = sorted(name for name, reader in READERS.items() if reader.__module__ == module.__name__)
            lines.append(f"| {_first_line(module)} | {', '.join(f'`{n}`' for n in names)} |")
        lines += ["", "| refused: why | operations |", "|---|---|"]
        for why, names in REASONS.items():
            lines.append(f"| {why} | {', '.join(f'`{n}`' for n in sorted(names - READERS.keys()))} |")
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("kinds", Kinds)
    app.add_directive("torch-modules", TorchModules)
    app.add_directive("operations", Operations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
