"""What a network may be made of to be read as exactly its own parameters: recognised, never guessed.

torch has many ways to make a module compute, or train, something else than its layers say: parametrisations, hooks,
tensors that share memory, replaced methods. A list of them is never complete. So a module is read only if its class,
everything its instance holds and each of its tensors is one of the things named here; whatever else is met is refused,
by the name of the part.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from pkgutil import resolve_name
from typing import NoReturn

import torch
import torch.nn.functional as F
import torch.nn.modules.module as module_globals
from torch import Tensor, nn

from ..nets.activations import ACTIVATIONS as OF_THIS_PROJECT
from ..nets.activations import Activation
from ..theory import NotAvailableError

DTYPES = (torch.float32, torch.float64)
"""What a certificate can widen to float64 without loss, and what data may be."""

_OWN = frozenset(vars(nn.Module())) | {"_is_torch_compile"}
"""What every module's instance holds, and the mark that torch.compile leaves on a module it was given; the rest is the
class's own or was put there."""
_DICTS = ("_parameters", "_buffers", "_modules")
_HOOKS = tuple(name for name in _OWN if name.endswith(("hooks", "_with_kwargs", "_always_called")))
_GLOBAL_HOOKS = tuple(
    name for name, value in vars(module_globals).items() if name.startswith("_global_") and isinstance(value, dict)
)

ACTIVATIONS: dict[type[nn.Module], frozenset[str]] = {
    resolve_name(a.module): a.module_attributes for a in OF_THIS_PROJECT.values() if a.module is not None
}
"""The activation modules that can be read, with what their instances hold."""


def _place(name: str) -> tuple[object, str]:
    """What holds a function, and under which name: "package:Class.function" or "package:function"."""
    module, _, path = name.partition(":")
    *owners, last = path.split(".")
    return resolve_name(":".join([module, ".".join(owners)]) if owners else module), last


_READ = (nn.Module, nn.Sequential, nn.Linear, nn.ParameterList, *ACTIVATIONS)
_CALLED = (
    "forward", "__call__", "_call_impl", "_wrapped_call_impl", "_compiled_call_impl", "__getattr__",
    "__getattribute__", "__iter__", "__len__", "__getitem__", "parameters", "named_parameters", "_named_members",
)  # fmt: skip
"""What stands between a call of one of these modules, or a look at its parameters, and the layers' arithmetic."""
_FUNCTIONS = ((F, "linear"), *(_place(name) for a in OF_THIS_PROJECT.values() for name in a.calls))


_FOUND: dict[tuple[object, str], object] = {
    **{(kind, name): getattr(kind, name, None) for kind in _READ for name in _CALLED},
    **{(home, name): getattr(home, name) for home, name in _FUNCTIONS},
}
_CODE = {where: getattr(what, "__code__", None) for where, what in _FOUND.items()}
"""A function may be given another body and stay the same object."""
_FOREIGN = {
    where
    for where, what in _FOUND.items()
    if what is not None and not str(getattr(what, "__module__", None) or "torch").startswith(("torch", "builtins"))
}
"""What had been replaced before this module was imported, as far as it says where it was written."""


def watch(kind: type[nn.Module]) -> type[nn.Module]:
    """Let `require_torch_itself` refuse a class of this package whose methods were replaced, too."""
    found: dict[tuple[object, str], object] = {(kind, name): getattr(kind, name, None) for name in _CALLED}
    _FOUND.update(found)
    _CODE.update({where: getattr(what, "__code__", None) for where, what in found.items()})
    return kind


_WATCHED: list[Activation] = []


def watch_activation(act: Activation) -> None:
    """Let `require_torch_itself` look at the class and the functions of another package's activation from now on."""
    if act.name not in OF_THIS_PROJECT and act.module is not None and act not in _WATCHED:
        _WATCHED.append(act)
        watch(resolve_name(act.module))
        places: dict[tuple[object, str], object] = {p: getattr(*p) for p in map(_place, act.calls) if p not in _FOUND}
        _FOUND.update(places)
        _CODE.update({where: getattr(what, "__code__", None) for where, what in places.items()})


def refuse(where: str, why: str) -> NoReturn:
    """Raise the one error of this module.

    Raises:
        NotAvailableError: always.
    """
    raise NotAvailableError(f"not available for this network: {where} {why}")


def require_torch_itself() -> None:
    """Refuse what changes every module of the process: global hooks, and methods replaced in the classes themselves.

    Raises:
        NotAvailableError: naming the hook's table or the method.
    """
    for name in _GLOBAL_HOOKS:
        if getattr(module_globals, name):
            refuse(name.removeprefix("_"), "of torch.nn.modules.module are set: they act on every layer")
    for (home, name), what in _FOUND.items():
        here = getattr(home, name, None)
        body = getattr(here, "__code__", None)
        if here is not what or (home, name) in _FOREIGN or body is not _CODE.get((home, name)):
            refuse(f"{getattr(home, '__name__', home)}.{name}", "was replaced: it is not what its library defines")


def require_untouched(part: nn.Module, where: str) -> None:
    """Refuse hooks on a module of any class, and a method of its class that its instance hides.

    Raises:
        NotAvailableError: naming the hook's table or the method.
    """
    state = vars(part)
    for name in _HOOKS:
        if state.get(name):
            refuse(where, f"has hooks ({name.removeprefix('_')})")
    hidden = [name for name in state if name not in _OWN and callable(getattr(type(part), name, None))]
    if hidden:
        refuse(where, f"has {', '.join(hidden)} on its instance in the place of its class's")


def require_module(
    part: nn.Module, kind: type[nn.Module], where: str, *, attributes: Collection[str] = (), holds: str = ""
) -> None:
    """Refuse a module that is not exactly of a class, or whose instance holds more than that class gives it.

    Args:
        part: the module.
        kind: the class; a subclass may compute anything.
        where: its name in messages.
        attributes: what instances of the class hold beside what every module does.
        holds: which of "parameters" and "modules" it may have; the caller looks at them.

    Raises:
        NotAvailableError: it is another class, or holds hooks, a method of its own, a buffer or an unknown attribute.
    """
    if type(part) is not kind:
        computed = vars(part).get("_modules", {}).get("parametrizations")
        if isinstance(computed, nn.ModuleDict):
            refuse(f"{where}.{next(iter(computed))}", f"is computed by a parametrisation ({type(part).__name__})")
        refuse(where, f"is a {type(part).__name__}, not exactly a {kind.__name__}")
    state = vars(part)
    for name in _DICTS:
        if type(state.get(name)) not in (dict, OrderedDict):
            refuse(where, f"has no plain dict {name}")
        if state[name] and name.removeprefix("_") not in holds:
            refuse(where, f"has {name.removeprefix('_')} of its own: {', '.join(map(str, state[name]))}")
    for name in _HOOKS:
        if state.get(name):
            refuse(where, f"has hooks ({name.removeprefix('_')})")
    strange = sorted(state.keys() - _OWN - set(attributes))
    if strange:
        refuse(where, f"has {', '.join(strange)} on its instance, which {kind.__name__} does not")


def parameter_of(part: nn.Module, name: str, where: str, shape: tuple[int | None, ...]) -> nn.Parameter:
    """A module's own parameter of that name, if it is a plain one.

    Args:
        part: a module that `require_module` let pass.
        name: its key.
        where: the module's name in messages.
        shape: the exact shape; None stands for any length.

    Raises:
        NotAvailableError: there is none, or it is not a plain parameter of that shape.
    """
    full = f"{where}.{name}" if where else name
    p = require_plain(vars(part)["_parameters"].get(name), full)
    if p.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, p.shape, strict=True)):
        wanted = ", ".join("any" if s is None else str(s) for s in shape)
        refuse(full, f"has shape {tuple(p.shape)}, not ({wanted}{',' if len(shape) == 1 else ''})")
    return p


def require_plain(p: object, full: str) -> nn.Parameter:
    """Refuse what is not a plain parameter with memory of its own.

    Args:
        p: what stands where a parameter should.
        full: its name in messages.

    Raises:
        NotAvailableError: saying what it is.
    """
    if type(p) is not nn.Parameter:
        refuse(full, f"is {'missing' if p is None else f'a {type(p).__name__}'}, not exactly an nn.Parameter")
    for allowed, words in _PLAIN:
        if not allowed(p):
            refuse(full, words(p))
    if p.numel() == 0:
        refuse(full, f"is empty, of shape {tuple(p.shape)}")
    if not _one_place_each(p):
        refuse(full, f"has entries that share memory: strides {p.stride()} of shape {tuple(p.shape)}")
    if not has_memory(p):
        refuse(full, "has no memory: its storage is too small")
    if not _private(p):
        refuse(
            full,
            "lies in memory that a file, another process or a second address may share: give it memory of its own, "
            "p.data = p.data.clone()",
        )
    return p


_PLAIN: tuple[tuple[Callable[[Tensor], bool], Callable[[Tensor], str]], ...] = (
    (lambda p: p.layout is torch.strided, lambda p: f"is not dense: {p.layout}"),
    (lambda p: p.device.type in ("cpu", "cuda"), lambda p: f"is on the device {p.device.type}: cpu and cuda are read"),
    (lambda p: p.dtype in DTYPES, lambda p: f"has dtype {p.dtype}: torch.float32 and torch.float64 are read"),
    (lambda p: p.requires_grad, lambda p: "is frozen: every parameter must be trained"),
    (lambda p: p.is_leaf and p.grad_fn is None, lambda p: "is computed from other tensors"),
    (
        lambda p: not torch._C._functorch.is_functorch_wrapped_tensor(p),
        lambda p: "is wrapped by a torch.func transform",
    ),
    (lambda p: not p.is_inference(), lambda p: "was made under torch.inference_mode: autograd cannot train it"),
    (lambda p: not (p.is_conj() or p.is_neg()), lambda p: "is a conjugated or negated view"),
    (lambda p: not any(getattr(p, "names", ())), lambda p: "has named dimensions"),
    (lambda p: not p._backward_hooks, lambda p: "has tensor hooks"),
    (lambda p: not getattr(p, "_post_accumulate_grad_hooks", None), lambda p: "has post-accumulate-grad hooks"),
    (lambda p: not _shadowing(p), lambda p: f"has {', '.join(_shadowing(p))} on its instance"),
)
"""What a parameter must be, with the words for one that is not; in this order, because the later ones presuppose."""


def _shadowing(p: Tensor) -> list[str]:
    # A tag under a name that tensors do not have is inert.
    return [name for name in vars(p) if hasattr(Tensor, name)]


def _one_place_each(p: Tensor) -> bool:
    """Whether strides show that no two entries are at one place; false for rarer layouts where that takes a proof."""
    longest = 0
    for stride, size in sorted((s, n) for s, n in zip(p.stride(), p.shape, strict=True) if n > 1):
        if stride <= longest:
            return False
        longest += stride * (size - 1)
    return True


def has_memory(t: Tensor) -> bool:
    """Whether a dense tensor's storage holds all its entries: sharded training leaves some that do not."""
    return t.numel() == 0 or t.untyped_storage().nbytes() >= t.storage_offset() * t.element_size() + _extent(t)


def _extent(t: Tensor) -> int:
    """Bytes from the first to behind the last entry."""
    return (1 + sum(s * (n - 1) for s, n in zip(t.stride(), t.shape, strict=True))) * t.element_size()


def _private(t: Tensor) -> bool:
    """Whether nobody writes to a tensor's memory by another address, as far as the operating system knows.

    One file may be mapped twice, and then two tensors are one, at addresses that do not meet. What torch allocated
    itself is private; of other memory (a checkpoint's, NumPy's) the system says how it is mapped.
    """
    storage = t.untyped_storage()
    if t.device.type != "cpu" or (storage.resizable() and not storage.is_shared()):
        return True
    start, end = t.data_ptr(), t.data_ptr() + _extent(t)
    try:
        with open("/proc/self/maps", "rb") as lines:  # by address: 7f00-7f80 rw-p ..; p is private
            for line in lines:
                stretch, flags, *_ = line.split(maxsplit=2)
                low, high = (int(address, 16) for address in stretch.split(b"-"))
                if low <= start < high:
                    if not flags.endswith(b"p"):
                        return False
                    if end <= high:
                        return True
                    start = high
    except OSError:
        pass  # another system: only what torch allocated is known to be private
    return False


def require_apart(tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors whose stretches of memory meet, be it between entries: moving one could move another.

    Raises:
        NotAvailableError: naming two of them.
    """
    stretches = sorted(
        ((str(t.device), t.data_ptr(), t.data_ptr() + _extent(t), name) for name, t in tensors.items() if t.numel()),
    )
    for (device, _, end, name), (other, start, _, second) in itertools.pairwise(stretches):
        if device == other and start < end:
            raise NotAvailableError(
                f"not available for this network: {name} and {second} are shared: they lie in the same memory"
            )


def require_alike(tensors: Iterable[tuple[str, Tensor]]) -> None:
    """Refuse tensors that are not all of one dtype on one device.

    Raises:
        NotAvailableError: naming the first that differs.
    """
    (first, like), *rest = tensors
    for name, t in rest:
        if t.dtype != like.dtype or t.device != like.device:
            refuse(name, f"is {t.dtype} on {t.device}, {first} is {like.dtype} on {like.device}")


def same_bits(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are of one shape and dtype and hold the same bits: a NaN is itself, 0.0 is not -0.0."""
    if a.shape != b.shape or a.dtype != b.dtype or a.device != b.device:
        return False
    integers = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}.get(a.element_size())
    a, b = a.detach(), b.detach()
    if integers is None or a.layout is not torch.strided or a.is_neg() or b.is_neg():
        return torch.equal(a, b)
    return torch.equal(a.view(integers), b.view(integers))
