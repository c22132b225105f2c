"""The module as torch.export sees it: one list of torch's own operations, with what each was called for."""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import os
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.export.graph_signature import InputKind, OutputKind

from ...theory import NotAvailableError
from .values import SAMPLES, Constant, Frozen, Moved, Value, Weight

REFUSED = "not available for this network: "
_TORCH = os.path.dirname(torch.__file__)


@dataclass(frozen=True, eq=False)
class Exported:
    """A traced module.

    Attributes:
        nodes: its operations in order, those of torch.fx.
        inputs: what the placeholders stand for, by name.
        output: the node whose value the module returns.
        shape: of that value, with the samples.
    """

    nodes: list[torch.fx.Node]
    inputs: dict[str, Value]
    output: torch.fx.Node
    shape: tuple[int, ...]


def exported(module: nn.Module, x: Tensor, parameters: dict[str, nn.Parameter]) -> Exported:
    """Trace a module with a few samples.

    Args:
        module: in its present state of training or evaluation.
        x: (n, ...), any n.
        parameters: its parameters by name.

    Raises:
        NotAvailableError: it cannot be traced, has other inputs or outputs than one tensor each, or writes to a buffer.
    """
    n = len(x)
    some = x.detach()[[i % n for i in range(SAMPLES)]].clone()
    level = logging.root.manager.disable
    try:
        # What fails to be traced is told once, by the error.
        logging.disable(logging.CRITICAL)
        unsaid = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(unsaid), contextlib.redirect_stderr(unsaid):
            warnings.simplefilter("ignore")
            program = torch.export.export(module, (some,), strict=False)
    except Exception as error:
        if type(error).__name__ == "GuardOnDataDependentSymNode":
            raise NotAvailableError(f"{REFUSED}its forward branches on values that depend on the data") from error
        told = next(iter(str(error).strip().splitlines()), "")
        raise NotAvailableError(f"{REFUSED}torch.export cannot trace it: {type(error).__name__}: {told}") from error
    finally:
        logging.disable(level)
    signature = program.graph_signature
    for spec in signature.output_specs:
        if spec.kind is not OutputKind.USER_OUTPUT:
            raise NotAvailableError(f"{REFUSED}its forward changes {spec.target}: {spec.kind.name.lower()}")
    names = {id(p): name for name, p in parameters.items()}
    every = dict(nn.Module.named_parameters(module, remove_duplicate=False))
    inputs: dict[str, Value] = {}
    seen = 0
    for spec in signature.input_specs:
        name = spec.arg.name
        if spec.kind is InputKind.USER_INPUT:
            seen += 1
            size = some[0].numel()
            inputs[name] = Moved(0, size, torch.arange(1, 1 + SAMPLES * size, device="cpu").reshape(some.shape))
        elif spec.kind is InputKind.PARAMETER:
            inputs[name] = _parameter(str(spec.target), every.get(str(spec.target)), names)
        elif spec.kind in (InputKind.BUFFER, InputKind.CONSTANT_TENSOR):
            inputs[name] = _constant(str(spec.target), program)
        else:
            raise NotAvailableError(f"{REFUSED}it is given {spec.target}, a {spec.kind.name.lower()}")
    nodes = [node for node in program.graph.nodes if node.op != "placeholder"]
    (returned,) = nodes.pop().args
    if seen != 1 or not isinstance(returned, (tuple, list)) or len(returned) != 1:
        raise NotAvailableError(f"{REFUSED}it must have one input and return one tensor")
    output = returned[0]
    if not isinstance(output, torch.fx.Node) or not isinstance(output.meta.get("val"), Tensor):
        raise NotAvailableError(f"{REFUSED}it must return one tensor")
    return Exported(nodes, inputs, output, tuple(output.meta["val"].shape))


def _parameter(target: str, tensor: nn.Parameter | None, names: dict[int, str]) -> Value:
    name = names.get(id(tensor))
    if tensor is None or name is None:
        raise NotAvailableError(f"{REFUSED}{target} is not one of the module's parameters")
    if not tensor.requires_grad:
        return Frozen(name, tensor.detach().cpu().clone())
    return Weight(name, torch.arange(1, 1 + tensor.numel(), device="cpu").reshape(tensor.shape))


def _constant(target: str, program: Any) -> Constant:
    tensor = program.constants.get(target)
    if tensor is None:
        tensor = program.state_dict.get(target)
    if not isinstance(tensor, Tensor):
        raise NotAvailableError(f"{REFUSED}{target} is a {type(tensor).__name__}, not a tensor")
    if tensor.requires_grad:
        raise NotAvailableError(f"{REFUSED}{target} requires a gradient and is not one of the module's parameters")
    return Constant(tensor.detach().cpu().clone())


def place(node: torch.fx.Node) -> str:
    """Which operation a node is, of which part of the module, and the line of the user's `forward` that led to it."""
    part = part_of(node)
    text = f"{node.name}{f' of {part}' if part else ''}"
    frames = str(node.meta.get("stack_trace") or "").strip().splitlines()
    calls = [
        (line.strip(), after.strip())
        for line, after in itertools.pairwise([*frames, ""])
        if line.strip().startswith("File ") and _TORCH not in line
    ]
    if not calls:
        return text
    head, source = calls[-1]
    file, line, *_ = (p.strip() for p in head.removeprefix("File ").split(","))
    return f"{text} ({file.strip(chr(34))}, {line}: {source})"


def part_of(node: torch.fx.Node) -> str:
    """The innermost module that a node was called by, "" for the network itself."""
    stack = node.meta.get("nn_module_stack") or {}
    return str(next(reversed(stack.values()))[0]) if stack else ""
