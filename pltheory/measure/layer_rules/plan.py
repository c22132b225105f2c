"""Which parameter takes which rule: decided on a few samples, where every rule is held against autograd.

A rule is used for a parameter only if all its uses have one, the samples can be told apart at each of them, and J^T v
by the rules equals autograd's for a random v. Everything else is left to automatic differentiation, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from .agreement import (
    CHANGING,
    argument_shape,
    away_from_zero,
    parts_of,
    require_agreement,
    require_layouts,
    require_no_influence,
    rows,
)
from .factors import Factor, NoRuleError, Outer, gram_is_cheaper
from .graph import Use, View
from .layout import Layout, find_layout
from .recording import Recording, operations
from .rules import refusal, rule_name, sample_axes

PROBES = 3
"""Samples on which the rules are checked: two would not tell a layout from its mirror image by a wider margin."""


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
        kept: whether it was made for an earlier kernel: every use of it is then held against autograd.
    """

    routes: dict[str, Route]
    ruled: dict[str, Ruled]
    paired: dict[str, str]
    bytes_held: int
    bytes_passing: int
    kept: bool = False

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
    v = away_from_zero(rec.output)
    nodes = operations([use for uses in rec.uses.values() for use in uses])
    own = [rec.at_nodes(nodes, v * _only(i, v)) for i in range(k)] if rec.connected and nodes else []
    reached = {node: [gradients[j] for gradients in own] for j, node in enumerate(nodes)}
    stacked = dict(zip(nodes, rec.per_output(nodes), strict=True)) if rec.connected else {}
    expected = rec.at_parameters([name for name in params if rec.uses[name]], v)
    routes: dict[str, Route] = {}
    ruled: dict[str, Ruled] = {}
    held, passing = 1, 1 + sum(3 * g.nbytes // k for g in stacked.values() if g is not None)
    for name, p in params.items():
        try:
            if not rec.uses[name]:
                require_no_influence(network, name, p, x, rec.output)
                routes[name] = Route("unused")
                continue
            layouts = _layouts(rec.uses[name], p, reached)
            parts = parts_of(rec.uses[name], layouts, p, stacked, k)
            require_agreement(parts, v, p, expected[name], rec.uses[name], layouts, stacked)
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
    parts = {
        name: parts_of(rec.uses[name], ruled.layouts, params[name], stacked, len(x))
        for name, ruled in plan.ruled.items()
        if plan.kept or name not in plan.paired
    }
    if plan.kept:
        _require_plan(network, rec, params, plan, stacked, parts)
    found: list[Factor] = []
    for name in (name for name in plan.ruled if name not in plan.paired):
        for key, part in parts[name].items():
            if name in plan.paired.values() and isinstance(part, Outer):
                part = replace(part, last=1.0)  # the bias is the weight of an input that is always 1
            if isinstance(part, Outer) and not plan.ruled[name].by_gram[key]:
                part = part.entries(rows(params[name]))
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
    require_layouts(rec, {name: ruled.layouts for name, ruled in plan.ruled.items()}, stacked)
    return rec, stacked


def _require_plan(
    network: nn.Module,
    rec: Recording,
    params: Mapping[str, Tensor],
    plan: Plan,
    stacked: Mapping[Any, Tensor | None],
    parts: Mapping[str, Mapping[Any, Factor]],
) -> None:
    """What a plan was found by, on the samples that it is used on."""
    v = away_from_zero(rec.output)
    expected = rec.at_parameters(list(plan.ruled), v)
    for name, ruled in plan.ruled.items():
        uses = rec.uses[name]
        if any(refusal(use) is not None for use in uses) or parts[name].keys() != ruled.by_gram.keys():
            raise NoRuleError(CHANGING)
        require_agreement(parts[name], v, params[name], expected[name], uses, ruled.layouts, stacked)
    if _pairs(rec, plan.ruled) != plan.paired:
        raise NoRuleError(CHANGING)
    for name, route in plan.routes.items():
        if route.rule == "unused":
            require_no_influence(network, name, params[name], rec.x, rec.output)


def _only(i: int, v: Tensor) -> Tensor:
    mask = torch.zeros_like(v)
    mask[i] = 1
    return mask


def _layouts(uses: list[Use], p: Tensor, reached: Mapping[Any, list[Tensor | None]]) -> list[Layout]:
    layouts = []
    for use in uses:
        if (why := refusal(use)) is not None:
            raise NoRuleError(why)
        gradients = reached[use.node]
        present = [g for g in gradients if g is not None]
        if not present:
            raise NoRuleError(f"no gradient reaches {use.node.name()}")
        axes = sample_axes(use, argument_shape(use, p), present[0].shape)
        layout = find_layout(gradients, axes)
        if layout is None:
            raise NoRuleError(f"the samples cannot be told apart at {use.node.name()}")
        layouts.append(layout)
    parts = {use.view.part for use in uses if use.view is not None}
    if len(parts) > 1 and (None in parts or len({part[0] for part in parts if part is not None}) > 1):
        raise NoRuleError("used whole and in parts")
    return layouts


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
