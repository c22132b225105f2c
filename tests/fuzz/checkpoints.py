"""Checkpoints: files of torch.save in both forms and of safetensors, loaded into a small network.

What is loaded must be, layer by layer, what a reading of the file with torch's own loader and a rule written here again
says; a refused file must leave the network as it was.
"""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from pltheory.problem.checkpoint import load_checkpoint
from pltheory.problem.networks import FullyConnected, fully_connected
from pltheory.theory.errors import PltheoryError
from tests.cases import draws

from .mutate import archive_of, members, some_archive, some_bytes, some_tree
from .surface import Files, Finding, refusal

FILE = "w.pt"
WIDTHS = (2, 3, 2)


def network() -> FullyConnected:
    """The network that every file is loaded into, its weights from one seed."""
    return fully_connected(list(WIDTHS), activation="tanh", bias=True, seed=5)


def _state(names: tuple[str, str], dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    shapes = [(3, 2), (3,), (2, 3), (2,)]
    keys = [f"{names[0]}.weight", f"{names[0]}.bias", f"{names[1]}.weight", f"{names[1]}.bias"]
    return {k: t.to(dtype) for k, t in zip(keys, draws(9, *shapes), strict=True)}


def _own(state: dict[str, Tensor]) -> dict[str, Tensor]:
    w1, b1, w2, b2 = state.values()
    return {"weights.0": w1, "weights.1": w2, "biases.0": b1, "biases.1": b2}


def saved(content: Any, *, zipped: bool = True) -> bytes:
    """A file of torch.save."""
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


class Checkpoints:
    """Files with the weights of a small network."""

    name = "checkpoints"

    @cache  # noqa: B019 - one object a process
    def seeds(self) -> list[Files]:
        plain = _state(("0", "2"))
        single = _state(("fc1", "fc2"), torch.float32)
        lightning = {
            "epoch": 3, "global_step": 7, "pytorch-lightning_version": "2.0", "state_dict": {f"model.{k}": v for k,
            v in plain.items()},
            "optimizer_states": [{"state": {0: {"step": 1}}, "param_groups": [{"lr": 0.1, "params": [0]}]}],
        }  # fmt: skip
        contents = [
            saved(_own(plain)), saved(plain), saved({f"module.{k}": v for k, v in single.items()}), saved(lightning),
            saved(plain, zipped=False), save_safetensors(plain), save_safetensors(_own(single)),
        ]  # fmt: skip
        return [{FILE: content} for content in contents]

    def mutate(self, rng: Random, files: Files) -> Files:
        data, choice = files[FILE], rng.random()
        if choice < 0.2:
            return {FILE: some_bytes(rng, data)}
        if data[:2] == b"PK" and choice < 0.6:
            held = members(data)
            if held is None or rng.random() < 0.4:
                return {FILE: some_archive(rng, data)}
            name = next((n for n in held if n.endswith("data.pkl")), rng.choice(list(held)))
            held[name] = some_bytes(rng, held[name])
            return {FILE: archive_of(list(held.items()))}
        if data[8:9] == b"{" and choice < 0.8:
            return {FILE: _safetensors(rng, data)}
        try:
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        except Exception:  # a mutant of a mutant
            return {FILE: some_bytes(rng, data)}
        return {FILE: saved(_changed(rng, content), zipped=rng.random() < 0.8)}

    def run(self, folder: Path, files: Files) -> str:
        net = network()
        before = [p.detach().clone() for p in net.parameters()]
        random = torch.get_rng_state()
        try:
            load_checkpoint(folder / FILE, net)
        except PltheoryError as error:
            if not all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True)):
                raise Finding("refused, and the network has changed") from None
            return refusal(error)
        if not torch.equal(random, torch.get_rng_state()):
            raise Finding("the random state has changed")
        if not all(torch.isfinite(p).all() for p in net.parameters()):
            raise Finding("weights that are not finite")
        wanted = _expected(files[FILE])
        for p, q in zip([*net.weights, *net.biases], wanted, strict=True):  # type: ignore[misc]
            if p.shape != q.shape or not torch.equal(p.detach(), q.to(p.dtype)):
                raise Finding("other weights than the file's")
        return "read as the file has it"


def _changed(rng: Random, content: Any) -> Any:
    """Names, tensors, wrappers and types changed."""
    state, holders = content, []
    while isinstance(state, Mapping) and not any(isinstance(v, Tensor) for v in state.values()):
        inner = [k for k, v in state.items() if isinstance(v, Mapping)]
        if not inner:
            return content
        holders.append((state, inner[0]))
        state = state[inner[0]]
    if not isinstance(state, dict) or not state:
        return content
    key = rng.choice(list(state))
    value = state[key]
    match rng.randrange(9):
        case 0:
            name = str(key)
            other = rng.choice(
                [
                    "",
                    "x" + name,
                    name[:-1],
                    "module." + name,
                    name.replace("0", "1"),
                    name.replace("1", "10"),
                    "\n",
                    "a" * 900,
                    name + "\u2028",
                ]
            )
            state[other] = state.pop(key)
        case 1:
            state[rng.choice([7, None, (1, 2), 1.5, b"x"])] = value
        case 2:
            del state[key]
        case 3:
            other = rng.choice(list(state))
            state[key], state[other] = state[other], value
        case 4 if isinstance(value, Tensor):
            kinds = (
                torch.float32,
                torch.float16,
                torch.bfloat16,
                torch.int64,
                torch.complex64,
                torch.bool,
                torch.float8_e5m2,
            )
            state[key] = value.to(rng.choice(kinds))
        case 5 if isinstance(value, Tensor):
            state[key] = rng.choice([
                lambda t: t.mT if t.ndim == 2 else t, lambda t: t[None], lambda t: t[:0], lambda t: t.reshape(-1),
                lambda t: t[:1].expand(10**6, *t.shape[1:]),
                lambda t: t.to_sparse(), lambda t: torch.nn.Parameter(t.double()), lambda t: t.double() * 1e300,
                lambda t: torch.full_like(t, torch.nan),
                lambda t: t.to("meta"), lambda t: torch.zeros(1).expand(*t.shape), lambda t: torch.cat([t,
                t])[: len(t)], lambda t: t.flip(0),
            ])(value)  # fmt: skip
        case 6:
            state[key] = rng.choice([1, None, "x", [value], {"a": value}, {}, torch.Size([1]), np.float64(3.0).item()])
        case 7:
            return rng.choice(
                [
                    lambda c: {"state_dict": c},
                    lambda c: {"model": c, "ema": c},
                    lambda c: {"model": c, "ema": torch.ones(30)},
                    lambda c: {"state_dict": c, "model": {}},
                    lambda c: {"net": c, "optimizer": {"state": {0: {"z": torch.ones(3, 2)}}, "param_groups": []}},
                    lambda c: [c],
                    lambda c: {"module": {"net": c}},
                    lambda c: (c, 1),
                ]
            )(content)
        case _:
            state["extra"] = rng.choice([torch.ones(3), torch.tensor(1), 5, value])
    return content


def _safetensors(rng: Random, data: bytes) -> bytes:
    size = struct.unpack("<Q", data[:8])[0]
    if size > len(data) - 8:
        return some_bytes(rng, data)
    header = some_tree(rng, json.loads(data[8 : 8 + size]))
    words = json.dumps(header).encode()
    length = len(words) if rng.random() < 0.9 else rng.choice((0, 2**63, 2**40, len(words) + 1))
    return struct.pack("<Q", length) + words + data[8 + size :]


def _expected(data: bytes) -> list[Tensor]:
    """Weights and then biases, by the names in the file."""
    if data[8:9] == b"{":
        content: Any = _own_safetensors(data)
    else:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    while inner := [k for k, v in content.items() if isinstance(v, Mapping) and v and "param_groups" not in v]:
        beside = [v for k, v in content.items() if k != inner[0]]
        if len(inner) > 1 or any(map(_second_set, beside)):
            raise Finding("one of two sets of weights was read")
        content = content[inner[0]]
    named = {re.sub(r"^((module|model|net|network|_orig_mod)\.)+", "", k): v for k, v in content.items()}
    if "weights.0" in named:
        return [named[k] for k in ("weights.0", "weights.1", "biases.0", "biases.1")]
    modules = sorted({k.rpartition(".")[0] for k in named}, key=lambda m: int(re.search(r"\d+$", m)[0]))  # type: ignore[index]
    return [named[f"{m}.{kind}"] for kind in ("weight", "bias") for m in modules]


def _second_set(value: Any) -> bool:
    """Whether it is a matrix, a vector as long as the matrices of the network, or an optimizer's state with one."""
    if isinstance(value, Mapping):
        return any(_second_set(t) for kept in value.get("state", {}).values() for k, t in kept.items() if k == "z")
    if not isinstance(value, Tensor) or not (value.is_floating_point() or value.is_complex()):
        return False
    return value.ndim >= 2 or value.numel() >= WIDTHS[1] * (WIDTHS[0] + WIDTHS[2])


def _own_safetensors(data: bytes) -> dict[str, Tensor]:
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    kinds = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            raw = data[8 + size + start : 8 + size + end]
            if entry["dtype"] == "BF16":
                found[name] = torch.frombuffer(bytearray(raw), dtype=torch.bfloat16).reshape(entry["shape"])
            else:
                found[name] = torch.from_numpy(np.frombuffer(raw, kinds[entry["dtype"]]).copy()).reshape(entry["shape"])
    return found
