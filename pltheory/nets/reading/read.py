"""From a module to a graph of class G: every operation that it is made of is one that is named here, or it is refused.

The certified network is the graph: its weights are the module's, widened to doubles without rounding, and its factors
(1/9 of a pooling, 1/sqrt(var + eps) of a normalisation, sqrt(2) of a scale) are the doubles that stand in it, in real
arithmetic. The module in its own precision rounds otherwise; how far it is from the graph is looked at, not proved.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...theory import InvalidInputError, NotAvailableError
from ..graph import Graph, Group
from . import convolution, kinks, maxima, moving, norms, pooling, smooth  # noqa: F401  (they fill the table)
from .agreement import require_agreement
from .assembly import assembled
from .builder import Builder, Cut
from .export import REFUSED, Exported, exported, part_of, place
from .operation import READERS, Call
from .parameters import require_partition, trainable
from .refusals import why_not
from .values import SAMPLES, Constant, Frozen, Moved, NotContinuous, UnreadableError, Value, along, unreadable

FIXED_TOO = frozenset({"prelu"})
"""Operations that read a parameter which is not trained as a constant."""


class Source(NamedTuple):
    """Which entries of which of the module's parameters a group's weight or bias is.

    Attributes:
        name: of the parameter.
        tensor: the live parameter.
        entries: int64, of the group's shape: places in the parameter's row order.
    """

    name: str
    tensor: nn.Parameter
    entries: np.ndarray


@dataclass(frozen=True, eq=False)
class Reading:
    """A module that was read.

    Attributes:
        graph: what it computes.
        parameters: for every group the sources of its weight and bias, None where it has none: a vector that is added
            has no weight. Together they are every entry of every trainable parameter once.
        shape: of the module's output for one sample; the graph's is flat.
    """

    graph: Graph
    parameters: tuple[tuple[Source | None, Source | None], ...]
    shape: tuple[int, ...]

    def now(self) -> Graph:
        """The graph with the parameters' present values."""
        groups = []
        for group, (weight, bias) in zip(self.graph.groups, self.parameters, strict=True):
            taken = group.weight if weight is None else _values(weight)
            groups.append(Group(taken, None if bias is None else _values(bias), group.names))
        return self.graph.replaced(tuple(groups))


def _values(source: Source) -> np.ndarray:
    return source.tensor.detach().cpu().double().numpy().reshape(-1)[source.entries]


def read(module: nn.Module, x: Tensor) -> Reading:
    """The graph that a module computes, in its present state of training or evaluation.

    Args:
        module: one tensor in, (n, ...), one out, (n, ...); samples do not meet.
        x: (n, ...), floating; all of it is looked at when the two are compared.

    Raises:
        NotAvailableError: naming the operation, the line that calls it and the reason; or a parameter; or what differs
            where module and graph are compared.
    """
    with torch.inference_mode(False):
        parameters = trainable(module, x)
        program = exported(module, x, parameters)
        # The places that entries come from are on the CPU, whatever somebody's default device is.
        with torch.device("cpu"):
            graph, cuts = _built(program, parameters, x)
        sources = tuple((_source(weight, parameters), _source(bias, parameters)) for weight, bias in cuts)
        require_agreement(module, graph, sources, parameters, x)
    return Reading(graph, sources, program.shape[1:])


def _built(
    program: Exported, parameters: dict[str, nn.Parameter], x: Tensor
) -> tuple[Graph, list[tuple[Cut, Cut | None]]]:
    builder = Builder.reading(x[0].numel())
    value = _run(builder, program, x.dtype)
    try:
        owner = value.owner if isinstance(value, Moved) else None
        if owner is None or owner.shape[:1] != (SAMPLES,) or not torch.equal(owner, along(owner.shape, 0)):
            unreadable("the output's first axis is not that of the samples")
        last = builder.plain(value).node
    except UnreadableError as error:
        raise NotAvailableError(f"{REFUSED}{place(program.output)}: {error}") from None
    nodes, cuts = assembled(builder, last)
    require_partition(parameters, [cut for pair in cuts for cut in pair if cut is not None and cut.name])
    arrays = {name: p.detach().cpu().double().numpy().reshape(-1) for name, p in parameters.items()}
    try:
        return Graph(tuple(nodes), tuple(_group(weight, bias, arrays) for weight, bias in cuts)), cuts
    except InvalidInputError as error:
        raise NotAvailableError(f"{REFUSED}{error}") from error


def _group(weight: Cut, bias: Cut | None, arrays: dict[str, np.ndarray]) -> Group:
    taken = arrays[weight.name][weight.entries] if weight.name else np.zeros(weight.entries.shape)
    return Group(
        taken,
        None if bias is None else arrays[bias.name][bias.entries],
        (weight.name, "" if bias is None else bias.name),
    )


def _source(cut: Cut | None, parameters: dict[str, nn.Parameter]) -> Source | None:
    return None if cut is None or not cut.name else Source(cut.name, parameters[cut.name], cut.entries)


def _run(builder: Builder, program: Exported, dtype: torch.dtype) -> Value:
    """Read the operations that the output needs, one after the other."""
    needed = _needed(program)
    order = {node: k for k, node in enumerate(program.nodes)}
    values: dict[torch.fx.Node, Value] = {}

    def value_of(node: torch.fx.Node) -> Value:
        return program.inputs[node.name] if node.op == "placeholder" else values.get(node)

    for node in program.nodes:
        try:
            # A part of the module that an operation is given comes to nothing but that operation.
            if node in needed and node.op == "call_function":
                builder.where = " ".join(t for t in (part_of(node), node.name) if t)
                arguments = torch.fx.node.map_aggregate(
                    (node.args, node.kwargs),
                    lambda a: value_of(a) if isinstance(a, torch.fx.Node) else a,
                )
                values[node] = _read(builder, node, dtype, *arguments)
        except UnreadableError as error:
            raise NotAvailableError(f"{REFUSED}{place(node)}: {error}") from None
        except (RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
            # A form of the operation that its reader does not know.
            told = " ".join(str(error).split())
            raise NotAvailableError(f"{REFUSED}{place(node)}: {type(error).__name__}: {told}") from error
    for node in program.nodes:
        try:
            _require_pure(node, order)
        except UnreadableError as error:
            raise NotAvailableError(f"{REFUSED}{place(node)}: {error}") from None
    return value_of(program.output)


def _needed(program: Exported) -> set[torch.fx.Node]:
    needed: set[torch.fx.Node] = set()
    stack = [program.output]
    while stack:
        node = stack.pop()
        if node not in needed:
            needed.add(node)
            stack.extend(node.all_input_nodes)
    return needed


def _require_pure(node: torch.fx.Node, order: dict[torch.fx.Node, int]) -> None:
    """Refuse an operation, needed or not, that writes into a tensor that is read again, be it through a view.

    Raises:
        UnreadableError: it does, or may.
    """
    if node.op != "call_function" or node.target is operator.getitem:
        return
    if not isinstance(node.target, torch._ops.OpOverload):
        unreadable(why_not(node.target))
    if not node.target._schema.is_mutable:
        return
    target = node.all_input_nodes[0] if node.all_input_nodes else None
    if target is None or target.op == "placeholder":
        unreadable("it writes into the module's input, a parameter or a buffer")
    if any(order.get(user, len(order)) > order[node] for user in target.users):
        unreadable(f"it writes into {target.name}, which is read later")
    for other in (target, *target.users):
        if other is not node and _may_alias(other):
            unreadable(f"it writes into memory that {target.name} and another tensor may share")


def _may_alias(node: torch.fx.Node) -> bool:
    if not isinstance(node.target, torch._ops.OpOverload):
        return True
    schema = node.target._schema
    name = schema.name.split("::")[1]
    views = any(r.alias_info is not None for r in schema.returns) and not schema.is_mutable
    return views or name in moving.MOVES | moving.SAME - {"clone", "lift_fresh_copy"} or name in moving.DROPOUTS


def _read(
    builder: Builder, node: torch.fx.Node, dtype: torch.dtype, args: tuple[Value, ...], kwargs: dict[str, Value]
) -> Value:
    if not isinstance(node.target, torch._ops.OpOverload) and node.target is not operator.getitem:
        unreadable(why_not(node.target))
    if node.target is operator.getitem:
        part = args[0][args[1]]
        return unreadable(part.reason) if isinstance(part, NotContinuous) else part
    if not isinstance(node.target, torch._ops.OpOverload):
        unreadable(why_not(node.target))
    schema = node.target._schema
    arguments: dict[str, Value] = {}
    for k, argument in enumerate(schema.arguments):
        if k < len(args) and not argument.kwarg_only:
            arguments[argument.name] = args[k]
        elif argument.name in kwargs:
            arguments[argument.name] = kwargs[argument.name]
        else:
            arguments[argument.name] = argument.default_value
    tensors = list(_tensors(arguments.values()))
    name = schema.name.split("::")[1]
    meta = node.meta.get("val")
    known = schema.name.startswith("aten::")
    if known and all(isinstance(t, Constant) for t in tensors):
        return _constant(node, arguments)
    if known and name in _FILLS:
        return _filled(node, arguments, meta)
    reader = READERS.get(name) if known else None
    if reader is None:
        unreadable(why_not(node.target))
    for tensor in tensors:
        if isinstance(tensor, Frozen) and name not in FIXED_TOO:
            unreadable(f"the parameter {tensor.name} is frozen: every parameter that is used is trained")
    first = node.all_input_nodes[0]
    before = first.meta.get("val")
    if isinstance(before, (list, tuple)):
        before = before[0]
    if isinstance(meta, Tensor) and meta.dtype != dtype:
        unreadable(f"its result is {meta.dtype}: the network is read in one precision, that of its data, {dtype}")
    alone = len(first.users) == 1
    result = meta[0] if isinstance(meta, (list, tuple)) and meta else meta
    call = Call(node.target, arguments, getattr(before, "dtype", None), tuple(getattr(result, "shape", ())), alone)
    return reader(builder, call)


def _tensors(values: Iterable[Value]) -> Iterable[Value]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _tensors(value)
        elif not (value is None or isinstance(value, (bool, int, float, complex, str)) or _is_setting(value)):
            yield value


def _is_setting(value: Value) -> bool:
    return isinstance(value, (torch.dtype, torch.device, torch.layout, torch.memory_format))


def _constant(node: torch.fx.Node, arguments: dict[str, Value]) -> Value:
    """Run an operation whose tensors are all constants."""
    target = node.target
    assert isinstance(target, torch._ops.OpOverload)
    if torch.Tag.nondeterministic_seeded in target.tags or "empty" in target._schema.name:
        unreadable(why_not(target) if "empty" not in target._schema.name else "its numbers are not set")

    def plain(value: Value) -> Value:
        if isinstance(value, Constant):
            return value.tensor.clone()
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return torch.device("cpu") if isinstance(value, torch.device) else value

    given = {name: plain(value) for name, value in arguments.items()}
    out = target(**given)
    if isinstance(out, (list, tuple)):
        return [Constant(o) for o in out]
    return Constant(out) if isinstance(out, Tensor) else out


_FILLS = {
    "zeros_like": 0.0, "new_zeros": 0.0, "ones_like": 1.0, "new_ones": 1.0, "full_like": None, "new_full": None,
}  # fmt: skip
"""Constants that take nothing but a shape from a tensor."""


def _filled(node: torch.fx.Node, arguments: dict[str, Value], meta: Any) -> Constant:
    fill = _FILLS[node.target._schema.name.split("::")[1]]  # type: ignore[union-attr]
    number = arguments["fill_value"] if fill is None else fill
    if not isinstance(number, (bool, int, float)):
        unreadable("it is filled with a tensor's value")
    return Constant(torch.full(tuple(meta.shape), number, dtype=meta.dtype))
