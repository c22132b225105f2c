"""Hooks of every kind: on modules, tensors, gradients, on the whole process."""

from __future__ import annotations

import warnings

import torch
import torch.nn.modules.module as everywhere
from torch import nn
from torch.autograd.graph import get_gradient_edge, register_multi_grad_hook, saved_tensors_hooks
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from .battery import masquerade, own, surrounding


def doubled(module, args, output):
    return 2 * output


@masquerade("forward hook", "layer 0")
def _(net):
    net[0].register_forward_hook(doubled)


@masquerade("forward hook on the whole", "the network")
def _(net):
    net.register_forward_hook(doubled)


@masquerade("forward hook on an activation", "layer 1")
def _(net):
    net[1].register_forward_hook(doubled)


@masquerade("forward hook that changes nothing", "layer 0")
def _(net):
    net[0].register_forward_hook(lambda module, args, output: None)


@masquerade("forward hook with keyword arguments", "layer 0")
def _(net):
    net[0].register_forward_hook(lambda module, args, kwargs, output: 2 * output, with_kwargs=True)


@masquerade("forward hook that is always called", "layer 0")
def _(net):
    net[0].register_forward_hook(doubled, always_call=True)


@masquerade("forward pre-hook", "layer 2")
def _(net):
    net[2].register_forward_pre_hook(lambda module, args: (args[0] ** 2,))


@masquerade("forward pre-hook with keyword arguments", "layer 2")
def _(net):
    net[2].register_forward_pre_hook(lambda module, args, kwargs: ((args[0] ** 2,), kwargs), with_kwargs=True)


@masquerade("full backward hook", "layer 0")
def _(net):
    net[0].register_full_backward_hook(lambda module, into, out: tuple(None if g is None else 0 * g for g in into))


@masquerade("full backward pre-hook", "layer 2")
def _(net):
    net[2].register_full_backward_pre_hook(lambda module, out: tuple(-g for g in out))


@masquerade("backward hook of the old kind", "layer 1")
def _(net):
    net[1].register_backward_hook(lambda module, into, out: tuple(None if g is None else -g for g in into))


@masquerade("state_dict hook", "layer 0")
def _(net):
    net[0].register_state_dict_post_hook(lambda module, state, prefix, meta: None)


@masquerade("hook on a ParameterList", "weights", start=own)
def _(net):
    net.weights.register_forward_hook(doubled)


@masquerade("tensor hooks that turn gradients round", "0.weight")
def _(net):
    for p in net.parameters():
        p.register_hook(lambda g: -g)


@masquerade("tensor hook on a parameter of a ParameterList", "biases.1", start=own)
def _(net):
    net.biases[1].register_hook(lambda g: 0 * g)


@masquerade("post-accumulate hook that freezes a weight", "0.weight")
def _(net):
    def freeze(p):
        p.grad.zero_()

    net[0].weight.register_post_accumulate_grad_hook(freeze)


@masquerade("multi-gradient hook for all", "0.weight")
def _(net):
    register_multi_grad_hook([net[0].weight, net[2].weight], lambda grads: None)


@masquerade("multi-gradient hook for any", "0.weight")
def _(net):
    register_multi_grad_hook([net[0].weight, net[2].weight], lambda grad: None, mode="any")


KEPT = []
"""Nodes that accumulate gradients live as long as somebody holds them."""


@masquerade("pre-hook on the node that accumulates a gradient", "the weight of affine layer 0")
def _(net):
    node = get_gradient_edge(net[0].weight).node
    node.register_prehook(lambda grads: tuple(-g for g in grads))
    KEPT.append(node)


@masquerade("hook on the accumulating node of a bias", "the bias of affine layer 1")
def _(net):
    node = get_gradient_edge(net[2].bias).node
    node.register_prehook(lambda grads: tuple(0 * g for g in grads))
    KEPT.append(node)


def _globally(name, register, hook, part):
    @surrounding(f"global {name}", part)
    def _(net):
        handle = register(hook)
        try:
            yield
        finally:
            handle.remove()
            everywhere._global_is_full_backward_hook = None  # torch remembers the kind of a hook that is gone


def _later(module, args, output):
    """Silent at the weights of the start: what it does begins with the first step."""
    if isinstance(module, nn.Tanh) and _later.start is not None and not torch.equal(_later.seen.weight, _later.start):
        return 0 * output + 1
    return None


_later.start = None


@surrounding("global forward hook that is silent at the start", "global_forward_hooks")
def _(net):
    _later.seen, _later.start = net[0], net[0].weight.detach().clone()
    handle = everywhere.register_module_forward_hook(_later)
    try:
        yield
    finally:
        handle.remove()
        _later.start = None


_globally(
    "forward hook that is always called",
    lambda hook: everywhere.register_module_forward_hook(hook, always_call=True),
    doubled,
    "global_forward_hooks",
)
_globally(
    "forward pre-hook",
    everywhere.register_module_forward_pre_hook,
    lambda module, args: (2 * args[0],),
    "global_forward_pre_hooks",
)
_globally(
    "full backward hook",
    everywhere.register_module_full_backward_hook,
    lambda module, into, out: tuple(None if g is None else 0 * g for g in into),
    "global_backward_hooks",
)
_globally(
    "full backward pre-hook",
    everywhere.register_module_full_backward_pre_hook,
    lambda module, out: tuple(-g for g in out),
    "global_backward_pre_hooks",
)
_globally(
    "backward hook of the old kind",
    everywhere.register_module_backward_hook,
    lambda module, into, out: None,
    "global_backward_hooks",
)
_globally(
    "parameter registration hook",
    everywhere.register_module_parameter_registration_hook,
    lambda module, name, p: None,
    "global_parameter_registration_hooks",
)
_globally(
    "module registration hook",
    everywhere.register_module_module_registration_hook,
    lambda module, name, part: None,
    "global_module_registration_hooks",
)
_globally(
    "optimizer step pre-hook",
    register_optimizer_step_pre_hook,
    lambda optimizer, args, kwargs: None,
    "optimizer hook",
)
_globally(
    "optimizer step post-hook",
    register_optimizer_step_post_hook,
    lambda optimizer, args, kwargs: None,
    "optimizer hook",
)


@surrounding("hooks on saved tensors", "saved_tensors_hooks")
def _(net):
    with saved_tensors_hooks(lambda t: 2 * t, lambda t: t):
        yield


@masquerade("a hook removed again", None)
def _(net):
    net[0].register_forward_hook(doubled).remove()
    net[0].weight.register_hook(lambda g: -g).remove()


@masquerade("backward hook of the old kind, removed", None)
def _(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net[1].register_backward_hook(lambda module, into, out: None).remove()
