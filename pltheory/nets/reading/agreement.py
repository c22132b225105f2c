"""Whether the module computes and differentiates what its graph says: a second line of defence, no proof.

What a module does when it is traced may not be what it does when it is called. So the live module is called: on the
data, on single samples, on inputs of other sizes, at its own weights and at others; outputs and gradients are held
against the graph's.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from ...theory import NotAvailableError
from ..graph import Graph
from .evaluate import Weights, evaluate
from .export import REFUSED
from .ties import depends_on_choice, has_kinks

SIZES = (0.125, 1.0, 4.0)
"""Of random inputs, relative to the data's."""
ENTRIES = 2**22
"""Samples times the entries of all nodes and their patches that are worked on at a time."""
Sources = Sequence[tuple[tuple[str, Tensor, np.ndarray] | None, tuple[str, Tensor, np.ndarray] | None]]


def require_agreement(
    module: nn.Module, graph: Graph, sources: Sources, parameters: dict[str, nn.Parameter], x: Tensor
) -> None:
    """Refuse a module whose outputs or gradients are not those of its graph.

    The parameters get a gradient and other numbers for a moment; what was there is put back.

    Args:
        module: the network itself.
        graph: what was read.
        sources: the parameters' entries, by groups.
        parameters: the module's, by name.
        x: the data.

    Raises:
        NotAvailableError: with the largest deviation; a deviation is relative to the largest output or gradient, and
            allowed is the square root of the dtype's machine epsilon.
    """
    x = x.detach()
    generator = torch.Generator("cpu").manual_seed(20240229)
    own = {name: p.detach().clone() for name, p in parameters.items()}
    size = float(x.double().square().mean().sqrt()) or 1.0
    single = x[:: max(1, len(x) // 3)][:4]

    def random(shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu")

    drawn = [(by * size * random(single.shape)).to(x) for by in SIZES]
    moved = {
        name: p + (0.25 * (float(p.double().square().mean().sqrt()) or 0.5) * random(p.shape)).to(p)
        if parameters[name].requires_grad
        else p
        for name, p in own.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compared = [_compare(module, graph, sources, parameters, own, x, "the data", live=True)]
            for one in single:
                _compare_outputs(module, graph, one[None])
            for inputs in (single, *drawn):
                compared.append(_compare(module, graph, sources, parameters, own, inputs, "random inputs"))
                compared.append(_compare(module, graph, sources, parameters, moved, inputs, "other weights"))
            # What is computed from a parameter's memory, and not from the parameter, moves with it.
            with _in_place(parameters, moved):
                compared.append(
                    _compare(module, graph, sources, parameters, moved, single, "other weights in place", live=True)
                )
            if not any(compared):
                raise NotAvailableError(f"{REFUSED}wherever its gradient was looked at, an argument stands at a kink")
        except NotAvailableError:
            raise
        except Exception as error:
            told = next(iter(str(error).strip().splitlines()), "")
            raise NotAvailableError(f"{REFUSED}it fails when it is called: {type(error).__name__}: {told}") from error


@contextmanager
def _in_place(parameters: dict[str, nn.Parameter], values: dict[str, Tensor]) -> Iterator[None]:
    """Other numbers in the parameters' memory for a moment."""
    own = {name: p.detach().clone() for name, p in parameters.items()}
    try:
        for name, p in parameters.items():
            # Through `data`, a graph that somebody holds does not take it for a change.
            p.data.copy_(values[name])
        yield
    finally:
        for name, p in parameters.items():
            p.data.copy_(own[name])


def _compare(
    module: nn.Module,
    graph: Graph,
    sources: Sources,
    parameters: dict[str, nn.Parameter],
    weights: dict[str, Tensor],
    x: Tensor,
    where: str,
    *,
    live: bool = False,
) -> bool:
    """Whether there was a gradient to be compared.

    Where they differ, samples whose derivative depends on what is chosen at a kink are left out and the others are
    looked at again, as strictly.
    """
    trained = [name for name, p in parameters.items() if p.requires_grad]
    generator = torch.Generator("cpu").manual_seed(len(x))
    signs = torch.randn((len(x), graph.nodes[-1].size), generator=generator, dtype=torch.float64, device="cpu")
    tolerance = float(torch.finfo(x.dtype).eps) ** 0.5

    def found_and_expected(signs: Tensor) -> tuple[Tensor, list[Tensor | None], Tensor, list[Tensor]]:
        found = _live(module, parameters, trained, x, signs) if live else _called(module, weights, trained, x, signs)
        return *found, *_expected(graph, sources, weights, trained, x, signs)

    out, gradients, want, expected = found_and_expected(signs)
    _near("outputs", out, want, float(want.abs().max()), tolerance, where)
    try:
        _near_gradients(trained, gradients, expected, tolerance, where)
    except NotAvailableError:
        if not has_kinks(graph):
            raise
        off = float((out.detach().cpu().double().reshape(want.shape) - want).abs().max() / want.abs().max())
        rounded = max(off, float(torch.finfo(x.dtype).eps))
        leaves = {name: w.cpu().double() for name, w in weights.items() if name in trained}
        undecided = torch.cat([
            depends_on_choice(
                graph, some.cpu().double(), leaves, lambda w: _groups(graph, sources, w), rounded, tolerance
            )
            for some in torch.split(x.reshape(len(x), -1), _rows(graph))
        ])  # fmt: skip
        if not bool(undecided.any()):
            raise
        if bool(undecided.all()):
            return False
        _, gradients, _, expected = found_and_expected(torch.where(undecided[:, None], 0.0, signs))
        _near_gradients(trained, gradients, expected, tolerance, where)
    return True


def _near_gradients(
    trained: list[str], gradients: list[Tensor | None], expected: list[Tensor], tolerance: float, where: str
) -> None:
    largest = max(float(g.abs().max()) for g in expected)
    for name, gradient, right in zip(trained, gradients, expected, strict=True):
        if gradient is None:
            raise NotAvailableError(f"{REFUSED}autograd gives the parameter {name} no gradient ({where})")
        # The sizes of the groups' gradients may differ by much: each is relative to its own, as far as rounding of
        # the largest lets that be asked.
        scale = max(float(right.abs().max()), 1e-3 * largest)
        _near(f"gradients by {name}", gradient, right, scale, tolerance, where)


def _compare_outputs(module: nn.Module, graph: Graph, x: Tensor) -> None:
    # Outputs alone: torch 2.13 differentiates batch_norm wrongly for one sample whose gradient arrives transposed, and
    # training meets the data's own number of samples.
    with torch.no_grad():
        out = module(x.clone())
    with torch.device("cpu"):
        want = evaluate(graph, x.reshape(len(x), -1).cpu().double())
    tolerance = float(torch.finfo(x.dtype).eps) ** 0.5
    _near("outputs", _require_shape(out, x, want), want, float(want.abs().max()), tolerance, "a single sample")


def _near(what: str, found: Tensor, want: Tensor, scale: float, tolerance: float, where: str) -> None:
    found = found.detach().cpu().double().reshape(want.shape)
    deviation = float((found - want).abs().max())
    # Written so that a NaN is not near.
    if not deviation <= tolerance * max(scale, 1e-30):
        raise NotAvailableError(
            f"{REFUSED}{what} of the module and of the graph that was read differ by {deviation:.2g} of {scale:.2g} "
            f"on {where}"
        )


def _require_shape(out: object, x: Tensor, signs: Tensor) -> Tensor:
    if not isinstance(out, Tensor) or out.dtype != x.dtype or len(out) != len(x) or out.numel() != signs.numel():
        raise NotAvailableError(f"{REFUSED}called with {len(x)} samples it does not return one tensor of as many rows")
    return out


def _live(
    module: nn.Module, parameters: dict[str, nn.Parameter], trained: list[str], x: Tensor, signs: Tensor
) -> tuple[Tensor, list[Tensor | None]]:
    """By `backward`, which passes every hook that a gradient meets in training."""
    leaves = [parameters[name] for name in trained]
    before = [p.grad for p in leaves]
    try:
        for p in leaves:
            p.grad = None
        with torch.enable_grad():
            out = _require_shape(module(x.clone()), x, signs)
            (out.reshape(len(x), -1) * signs.to(out)).sum().backward(inputs=leaves)  # type: ignore[no-untyped-call]
        return out, [p.grad for p in leaves]
    finally:
        for p, grad in zip(leaves, before, strict=True):
            p.grad = grad


def _called(
    module: nn.Module, weights: dict[str, Tensor], trained: list[str], x: Tensor, signs: Tensor
) -> tuple[Tensor, list[Tensor | None]]:
    leaves = {name: w.clone().requires_grad_(name in trained) for name, w in weights.items()}
    with torch.enable_grad():
        out = _require_shape(_with(module, leaves, x.clone()), x, signs)
        scalar = (out.reshape(len(x), -1) * signs.to(out)).sum()
        found = torch.autograd.grad(scalar, [leaves[name] for name in trained], allow_unused=True)
    return out, list(found)


def _with(module: nn.Module, leaves: dict[str, Tensor], x: Tensor) -> object:
    """Its outputs with other tensors for its parameters: every module is swapped once, wherever it stands.

    By names alone a module at two places would be left with the other tensor.
    """
    own = {id(p): leaves[name] for name, p in nn.Module.named_parameters(module)}
    places = {
        f"{prefix}.{name}" if prefix else name: own[id(p)]
        for prefix, part in module.named_modules()
        for name, p in part._parameters.items()
        if id(p) in own
    }
    return torch.func.functional_call(module, places, (x,), tie_weights=False)


def _expected(
    graph: Graph, sources: Sources, weights: dict[str, Tensor], trained: list[str], x: Tensor, signs: Tensor
) -> tuple[Tensor, list[Tensor]]:
    leaves = {name: weights[name].cpu().double().clone().requires_grad_() for name in trained}
    outputs: list[Tensor] = []
    gradients = [torch.zeros_like(leaves[name]) for name in trained]
    rows = _rows(graph)
    for some, sign in zip(torch.split(x.reshape(len(x), -1), rows), torch.split(signs, rows), strict=True):
        with torch.enable_grad(), torch.device("cpu"):
            groups = _groups(graph, sources, leaves)
            out = evaluate(graph, some.cpu().double(), groups)
            found = torch.autograd.grad((out * sign).sum(), [leaves[name] for name in trained])
        outputs.append(out.detach())
        gradients = [g + f for g, f in zip(gradients, found, strict=True)]
    return torch.cat(outputs), gradients


def _rows(graph: Graph) -> int:
    """How many samples are worked on at a time."""
    sizes = (max(node.size, *(array.size for array in node.kind.arrays.values()), 1) for node in graph.nodes)
    return max(1, ENTRIES // sum(sizes))


def _groups(graph: Graph, sources: Sources, leaves: dict[str, Tensor]) -> Weights:
    def taken(source: tuple[str, Tensor, np.ndarray] | None) -> Tensor | None:
        return None if source is None else leaves[source[0]].reshape(-1)[torch.from_numpy(source[2])]

    groups = []
    for group, (weight, bias) in zip(graph.groups, sources, strict=True):
        found = taken(weight)
        empty = torch.zeros(group.weight.shape, dtype=torch.float64)
        groups.append((empty if found is None else found, taken(bias)))
    return groups
