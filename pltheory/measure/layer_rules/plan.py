"""Which parameter takes which rule: decided on a few samples, where every rule is held against autograd.

A rule is used for a parameter only if all its uses have one, the samples can be told apart at each of them, and J^T v
by the rules equals autograd's for a random v. Everything else is left to automatic differentiation, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ...problem.evaluation import call_with
from ..autodiff import norm
from .factors import Factor, NoRuleError, Outer, gram_is_cheaper
from .graph import Use, View
from .layout import Layout, find_layout
from .recording import Recording, operations
from .rules import factor, magnitude, refusal, rule_name, sample_axes, together

PROBES = 3
"""Samples on which the rules are checked: two would not tell a layout from its mirror image by a wider margin."""

CHANGING = "a parameter is used differently from one batch of samples to another"


@dataclass(frozen=True)
class Route:
    """How one parameter's part of the kernel is computed.

    Attributes:
        rule: "linear", "convolution", "embedding", "normalization", "bias" or "elementwise" (several joined by "+");
            "unused" for one no output depends on; "autodiff" for Jacobians by torch.func.
        why: for "autodiff", what the rules do not cover.
    """

    rule: str
    why: str = ""


@dataclass(frozen=True)
class Ruled:
    """A parameter with rules: its uses as they must be found again, their layouts, and the form of each part."""

    signature: list[tuple[Any, ...]]
    layouts: list[Layout]
    by_gram: dict[Any, bool]


@dataclass(frozen=True)
class Plan:
    """The routes of all trainable parameters, and what the rules need to be applied to any block of samples.

    Attributes:
        ruled: the parameters with rules.
        paired: bias -> weight where both enter by the same matrix products: one Gram product serves both.
        bytes_held: memory of the factors of one sample.
        bytes_passing: what the passes that find them take beside, for one sample.
    """

    routes: dict[str, Route]
    ruled: dict[str, Ruled]
    paired: dict[str, str]
    bytes_held: int
    bytes_passing: int

    @property
    def by_autodiff(self) -> list[str]:
        """The parameters left to automatic differentiation."""
        return [name for name, route in self.routes.items() if route.rule == "autodiff"]


def all_by_autodiff(params: Mapping[str, Tensor], why: str) -> Plan:
    """The plan that uses no rule."""
    return Plan({name: Route("autodiff", why) for name in params}, {}, {}, 1, 1)


_FLAT = View()


def make_plan(network: nn.Module, x: Tensor, params: Mapping[str, Tensor], n: int) -> Plan:
    """Choose the route of every parameter; x holds the samples to try it on, n is the number the kernel will have."""
    try:
        return _make_plan(network, x, params, n)
    except RuntimeError as error:  # autograd refuses a pass that stops inside the graph: reentrant checkpoints do
        return all_by_autodiff(params, str(error).strip().split("\n")[0])


def _make_plan(network: nn.Module, x: Tensor, params: Mapping[str, Tensor], n: int) -> Plan:
    rec = Recording(network, x, params)
    k = len(x)
    gen = torch.Generator().manual_seed(0)
    # Entries away from zero: no sample and no output escapes the comparison.
    v = (torch.rand(rec.output.shape, generator=gen, dtype=torch.float64) + 0.5).to(rec.output)
    nodes = operations([use for uses in rec.uses.values() for use in uses])
    own = [rec.at_nodes(nodes, v * _only(i, v)) for i in range(k)] if rec.connected and nodes else []
    reached = {node: [gradients[j] for gradients in own] for j, node in enumerate(nodes)}
    stacked = dict(zip(nodes, rec.per_output(nodes), strict=True)) if rec.connected else {}
    routes: dict[str, Route] = {}
    ruled: dict[str, Ruled] = {}
    held, passing = 1, 1 + sum(3 * g.nbytes // k for g in stacked.values() if g is not None)
    for name, p in params.items():
        try:
            if not rec.uses[name]:
                _require_no_influence(network, name, p, x, rec.output)
                routes[name] = Route("unused")
                continue
            layouts = _layouts(rec.uses[name], p, reached)
            parts = _parts(rec.uses[name], layouts, p, stacked, k)
            if not _agree(name, parts, v, p, rec):
                # Where a gradient cancels to nothing, to the round-off of what cancels.
                sizes = _parts(rec.uses[name], layouts, p, stacked, k, rule=magnitude)
                if not _agree(name, parts, v, p, rec, sizes):
                    raise NoRuleError("the rules disagree with autograd")
        except NoRuleError as why:
            routes[name] = Route("autodiff", str(why))
            continue
        routes[name] = Route("+".join(dict.fromkeys(str(rule_name(use)) for use in rec.uses[name])))
        by_gram = {key: _by_gram(part, n) for key, part in parts.items()}
        ruled[name] = Ruled(rec.signature(name), layouts, by_gram)
        for key, part in parts.items():
            stays, goes = _bytes(part, by_gram[key], p)
            held, passing = held + stays // k, passing + goes // k
    return Plan(routes, ruled, _pairs(rec, ruled), held, passing)


def factors(network: nn.Module, x: Tensor, params: Mapping[str, Tensor], plan: Plan) -> tuple[list[Factor], Tensor]:
    """The Jacobian factors of the ruled parameters on a block of samples, in the plan's order, and the outputs.

    Raises:
        NoRuleError: the network used its parameters otherwise on these samples than on those of the plan.
    """
    rec, stacked = _run(network, x, params, plan)
    n = len(x)
    found: list[Factor] = []
    for name, ruled in plan.ruled.items():
        if name in plan.paired:
            continue
        parts = _parts(rec.uses[name], ruled.layouts, params[name], stacked, n)
        for key, part in parts.items():
            if name in plan.paired.values() and isinstance(part, Outer):
                part = replace(part, last=1.0)  # the bias is the weight of an input that is always 1
            if isinstance(part, Outer) and not ruled.by_gram[key]:
                part = part.entries(_rows(params[name]))
            found.append(part)
    return found, rec.output.detach()


def fits(network: nn.Module, x: Tensor, params: Mapping[str, Tensor], plan: Plan) -> bool:
    """Whether the network uses its parameters on these samples as it did on those of the plan."""
    try:
        _run(network, x, params, plan)
    except NoRuleError:
        return False
    return True


def _run(
    network: nn.Module, x: Tensor, params: Mapping[str, Tensor], plan: Plan
) -> tuple[Recording, dict[Any, Tensor | None]]:
    rec = Recording(network, x, params)
    nodes = operations([use for name in plan.ruled for use in rec.uses[name]])
    stacked = dict(zip(nodes, rec.per_output(nodes), strict=True)) if rec.connected else {}
    unused = [name for name, route in plan.routes.items() if route.rule == "unused"]
    if any(rec.uses[name] for name in unused) or any(
        rec.signature(name) != ruled.signature for name, ruled in plan.ruled.items()
    ):
        raise NoRuleError(CHANGING)
    _require_layouts(rec, plan, stacked)
    return rec, stacked


def _require_layouts(rec: Recording, plan: Plan, stacked: Mapping[Any, Tensor | None]) -> None:
    """One more pass, each sample's outputs weighted by a number of its own, must weight the rows said to be its own.

    A network may order its samples by their values: what the first few showed need not be so for all.
    """
    n, outputs = rec.output.shape
    if n == 1 or not stacked:
        return
    gen = torch.Generator().manual_seed(1)
    own = (0.5 + torch.randperm(n, generator=gen, dtype=torch.float64) / n).to(rec.output)
    mix = torch.linspace(0.5, 1.5, outputs, dtype=torch.float64).to(rec.output)
    weighted = dict(zip(stacked, rec.at_nodes(list(stacked), own[:, None] * mix), strict=True))
    pairs = {
        (use.node, layout)
        for name, ruled in plan.ruled.items()
        for use, layout in zip(rec.uses[name], ruled.layouts, strict=True)
    }
    for node, layout in pairs:
        grads, found = stacked[node], weighted[node]
        if grads is None or found is None or not layout.fits(found.shape, n):
            raise NoRuleError(CHANGING)
        rows = layout.by_sample(torch.tensordot(mix, grads, 1), n).flatten(1)
        difference = (layout.by_sample(found, n).flatten(1) - own[:, None] * rows).norm()
        if not float(difference) <= torch.finfo(own.dtype).eps ** 0.5 * float(rows.norm()):
            raise NoRuleError(CHANGING)


def _rows(p: Tensor) -> int:
    return p.shape[0] if p.ndim else 1


def _only(i: int, v: Tensor) -> Tensor:
    mask = torch.zeros_like(v)
    mask[i] = 1
    return mask


def _argument_shape(use: Use, p: Tensor) -> list[int]:
    """The shape with which the parameter enters: read off the views in between, its own if there are none."""
    source, number = use.node.next_functions[use.argument]
    if hasattr(source, "variable"):
        return list(p.shape)
    metadata = source._input_metadata[number]
    return list(metadata.shape)


def _layouts(uses: list[Use], p: Tensor, reached: Mapping[Any, list[Tensor | None]]) -> list[Layout]:
    layouts = []
    for use in uses:
        if (why := refusal(use)) is not None:
            raise NoRuleError(why)
        gradients = reached[use.node]
        present = [g for g in gradients if g is not None]
        if not present:
            raise NoRuleError(f"no gradient reaches {use.node.name()}")
        axes = sample_axes(use, _argument_shape(use, p), present[0].shape)
        layout = find_layout(gradients, axes)
        if layout is None:
            raise NoRuleError(f"the samples cannot be told apart at {use.node.name()}")
        layouts.append(layout)
    parts = {use.view.part for use in uses if use.view is not None}
    if len(parts) > 1 and (None in parts or len({part[0] for part in parts if part is not None}) > 1):
        raise NoRuleError("used whole and in parts")
    return layouts


def _parts(
    uses: list[Use],
    layouts: list[Layout],
    p: Tensor,
    stacked: Mapping[Any, Tensor | None],
    n: int,
    *,
    rule: Callable[[Use, Sequence[int], Tensor, Layout, int], Factor | None] | None = None,
) -> dict[Any, Factor]:
    parts: dict[Any, Factor] = {}
    for use, layout in zip(uses, layouts, strict=True):
        grads = stacked[use.node]
        if grads is None or not layout.fits(grads.shape[1:], n):
            raise NoRuleError(CHANGING)
        shape = _argument_shape(use, p)
        one = (rule or factor)(use, shape, grads, layout, n)
        if one is None:
            raise NoRuleError("differs along the axis of the samples")
        key = use.view.part if use.view is not None else None
        parts[key] = together(parts[key], one, _rows(p)) if key in parts else one
    return parts


def _agree(
    name: str,
    parts: Mapping[Any, Factor],
    v: Tensor,
    p: Tensor,
    rec: Recording,
    sizes: Mapping[Any, Factor] | None = None,
) -> bool:
    """Whether J^T v by the rules is autograd's, in half the digits, and up to the round-off of sums of these sizes."""
    expected = rec.at_parameter(name, v).reshape(p.shape)
    pieces: list[Tensor]
    if list(parts) == [None]:
        pieces = [expected.flatten()]
    else:
        counts = next(iter(parts))[0]
        split = expected.split(counts if isinstance(counts, int) else list(counts))
        pieces = [split[key[1]].flatten() for key in parts]
        rest = [i for i in range(len(split)) if i not in [key[1] for key in parts]]
        if any(bool(split[i].any()) for i in rest):
            return False
    eps = torch.finfo(v.dtype).eps
    allowed = eps**0.5 * norm([expected])
    if sizes is not None:
        summed = norm([part.transpose_times(v.abs(), _rows(p)) for part in sizes.values()])
        # A sum of m terms of one layer errs by at most m units; so does each term, a sum of the layer after.
        allowed += eps * sum(_terms(part) for part in sizes.values()) * summed
    for piece, part in zip(pieces, parts.values(), strict=True):
        found = part.transpose_times(v, _rows(p))
        if found.shape != piece.shape or not norm([found - piece]) <= allowed:
            return False
    return True


def _terms(part: Factor) -> int:
    """How many products are summed in an entry of J^T v, at least a vector register's worth of slack."""
    shape = part.moving.shape[:-1] if isinstance(part, Outer) else part.grads.shape[:-1]
    return 64 + shape.numel()


def _require_no_influence(network: nn.Module, name: str, p: Tensor, x: Tensor, output: Tensor) -> None:
    """A parameter the graph never meets must have no say in the outputs, or autograd was told not to look."""
    with torch.no_grad():
        moved = call_with(network, {name: p.detach() * 1.5 + 0.25}, x).reshape(output.shape)
    if not torch.equal(moved, output):
        raise NoRuleError("changes the outputs outside autograd's graph")


def _by_gram(part: Factor, n: int) -> bool:
    if not isinstance(part, Outer):
        return False
    if not part.fixed.is_floating_point():
        return True
    _, outputs, _, tokens, m = part.moving.shape
    return gram_is_cheaper(n, outputs, tokens, part.fixed.shape[-1], m)


def _bytes(part: Factor, by_gram: bool, p: Tensor) -> tuple[int, int]:
    """What the factor takes, and what it takes to form it."""
    if not isinstance(part, Outer):
        return part.grads.nbytes, 0
    size = part.fixed.nbytes + part.moving.nbytes
    return (size, 0) if by_gram else (len(part.moving) * part.moving.shape[1] * p.nbytes, size)


def _pairs(rec: Recording, ruled: Mapping[str, Ruled]) -> dict[str, str]:
    weights = {}
    for name in ruled:
        uses = rec.uses[name]
        if len({use.view for use in uses}) == 1 and all(_is_plain_addmm(use) for use in uses):
            weights[tuple(use.node for use in uses)] = name
    pairs = {}
    for name in ruled:
        uses = rec.uses[name]
        if all(use.node.name() == "AddmmBackward0" and use.argument == 0 and use.view == _FLAT for use in uses):
            weight = weights.pop(tuple(use.node for use in uses), None)
            if weight is not None and ruled[weight].layouts == ruled[name].layouts:
                pairs[name] = weight
    return pairs


def _is_plain_addmm(use: Use) -> bool:
    whole = use.view is not None and use.view.part is None
    return whole and use.argument == 2 and use.node.name() == "AddmmBackward0" and _unscaled(use.node)


def _unscaled(node: Any) -> bool:
    return bool(node._saved_alpha == node._saved_beta == 1)
