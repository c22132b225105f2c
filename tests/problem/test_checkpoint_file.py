"""Which files are read, what is taken out of what, and what is refused before its values are looked at."""

from __future__ import annotations

import json
import os
import pickle
import socket
import zipfile
from argparse import Namespace
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pltheory.problem.checkpoint import load_checkpoint
from pltheory.problem.networks import fully_connected
from pltheory.theory import InvalidInputError


def net():
    return fully_connected([3, 5, 1], bias=True, parametrization="standard", seed=1)


def state():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).double().state_dict()


def loaded(path):
    into = net()
    reading = load_checkpoint(path, into)
    assert torch.equal(into.weights[1].detach(), state()["2.weight"])
    assert torch.equal(into.biases[0].detach(), state()["0.bias"])
    return reading


def refused(path, words):
    with pytest.raises(InvalidInputError) as caught:
        load_checkpoint(path, net())
    said = str(caught.value)
    assert said.startswith(f"network.checkpoint = {str(path)!r}: ")
    assert words in said
    assert said.count("network.checkpoint = ") == 1
    assert "\n" not in said
    assert len(said) < 2000


def optimizer():
    weight = nn.Parameter(torch.ones(2, 2))
    adam = torch.optim.Adam([weight])
    weight.sum().backward()
    adam.step()
    return adam.state_dict()


def test_the_older_form_of_torch_save(tmp_path):
    torch.save(state(), tmp_path / "w.pt", _use_new_zipfile_serialization=False)
    assert loaded(tmp_path / "w.pt").form == "torch"


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt", "weights"])
def test_safetensors_are_known_by_their_content(tmp_path, name):
    save_file(dict(state()), tmp_path / name, metadata={"format": "pt"})
    assert loaded(tmp_path / name).form == "safetensors"


def test_torch_under_the_name_of_the_other(tmp_path):
    torch.save(state(), tmp_path / "w.safetensors")
    assert loaded(tmp_path / "w.safetensors").form == "torch"


def test_a_link_and_a_text_path(tmp_path):
    torch.save(state(), tmp_path / "w.pt")
    (tmp_path / "link").symlink_to(tmp_path / "w.pt")
    loaded(str(tmp_path / "link"))


NESTED = {
    "state_dict": (lambda s: {"state_dict": s}, ("'state_dict'",), ()),
    "model": (lambda s: {"model": s, "epoch": 7}, ("'model'",), ("'epoch'",)),
    "net": (lambda s: {"net": s, "best": torch.tensor(0.3)}, ("'net'",), ("'best'",)),
    "a training script": (
        lambda s: {"epoch": 7, "model_state_dict": s, "optimizer_state_dict": optimizer(), "loss": 0.1},
        ("'model_state_dict'",),
        ("'epoch'", "'optimizer_state_dict'", "'loss'"),
    ),
    "two deep": (lambda s: {"model": {"state_dict": s}}, ("'model'", "'state_dict'"), ()),
    "Lightning": (
        lambda s: {
            "pytorch-lightning_version": "2.5.0",
            "epoch": 1,
            "state_dict": {f"model.{name}": t for name, t in s.items()},
            "optimizer_states": [optimizer()],
            "lr_schedulers": [{"last_epoch": 3}],
            "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.25)}},
            "hyper_parameters": {"width": 5},
        },
        ("'state_dict'", "'model.'"),
        (
            "'pytorch-lightning_version'", "'epoch'", "'optimizer_states'", "'lr_schedulers'", "'callbacks'",
            "'hyper_parameters'",
        ),
    ),
    "random states": (
        lambda s: {"state_dict": s, "rng": torch.get_rng_state(), "history": torch.ones(9)},
        ("'state_dict'",),
        ("'rng'", "'history'"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NESTED)
def test_a_state_dict_is_taken_out_and_said(tmp_path, case):
    wrap, unwrapped, ignored = NESTED[case]
    torch.save(wrap(state()), tmp_path / "w.pt")
    reading = loaded(tmp_path / "w.pt")
    assert (reading.unwrapped, reading.ignored) == (unwrapped, ignored)
    line = str(reading)
    assert all(part in line for part in (*unwrapped, *ignored))
    assert "\n" not in line


RIVALS = {
    "two keys": lambda s: {"model": s, "state_dict": s},
    "an average": lambda s: {"model": s, "ema": s},
    "an average inside": lambda s: {"state_dict": s, "callbacks": {"average": {"shadow": s}}},
    "a list of models": lambda s: {"state_dict": s, "best": [s]},
    "tensors at both levels": lambda s: {**s, "model": s},
}


@pytest.mark.parametrize("case", RIVALS)
def test_a_second_set_of_weights_is_not_passed_over(tmp_path, case):
    torch.save(RIVALS[case](state()), tmp_path / "w.pt")
    refused(tmp_path / "w.pt", "more than one set of weights, under '")


def circle():
    inside: dict = {}
    inside["model"] = inside
    return inside


OBJECTS = {
    "a list": ([1, 2], "not a state_dict of tensors but a list"),
    "a tensor": (torch.ones(3), "not a state_dict of tensors but a Tensor"),
    "a parameter": (nn.Parameter(torch.ones(3)), "not a state_dict of tensors but a Parameter"),
    "nothing": (None, "not a state_dict of tensors but a NoneType"),
    "numbers": ({"a": 1}, "not a state_dict of tensors: 'a' is a int, the names are 'a'"),
    "a count": (Counter("abc"), "not a state_dict of tensors: 'a' is a int"),
    "empty": ({}, "not a state_dict of tensors: it is empty"),
    "empty inside": ({"model": {}}, "not a state_dict of tensors: it is empty"),
    "an unknown nest": ({"optimizer": {}, "weights": {}}, "not a state_dict of tensors: 'optimizer' is a dict"),
    "nested by layer": ({"dense": {"kernel": torch.ones(2, 2)}}, "'dense' is a dict"),
    "numbers for names": ({0: torch.ones(2, 2)}, "0 stands where a name is needed"),
    "tuples for names": ({("a", 1): torch.ones(2, 2)}, "a key of type tuple stands where a name is needed"),
    "eight bits of integers": (
        dict(state(), **{"0.weight": torch.ones(5, 3).to(torch.int8)}),
        "'0.weight' is torch.int8",
    ),
    "extra state": (OrderedDict(state(), _extra_state={"a": 1}), "'_extra_state' is a dict"),
    "a circle": (circle(), "not a state_dict of tensors within 4 dictionaries"),
    "without values": (dict(state(), **{"0.weight": torch.ones(5, 3, device="meta")}), "'0.weight' is without values"),
    "complex": (dict(state(), **{"0.weight": torch.ones(5, 3) * 1j}), "'0.weight' is torch.complex64"),
    "eight bits": (dict(state(), **{"0.weight": torch.ones(5, 3).to(torch.float8_e5m2)}), "is torch.float8_e5m2"),
    "whole numbers": (dict(state(), **{"0.weight": torch.ones(5, 3).int()}), "'0.weight' is torch.int32, the network"),
    "truth values": (dict(state(), **{"0.bias": torch.ones(5).bool()}), "'0.bias' is torch.bool, the network's"),
}


@pytest.mark.parametrize("case", OBJECTS)
def test_an_object_that_is_no_state_dict_of_dense_real_tensors(tmp_path, case):
    stored, words = OBJECTS[case]
    torch.save(stored, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", words)


class Marked(torch.Tensor):
    pass


# torch warns where these tensors are made.
@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.filterwarnings("ignore:.*quant")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda t: t.to_sparse(), "'0.weight' is torch.sparse_coo"),
        (lambda t: t.to_sparse_csr(), "'0.weight' is torch.sparse_csr"),
        (lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8), "'0.weight' is quantised"),
        (lambda t: t.as_subclass(Marked), "'0.weight' is a Marked; allowed are plain tensors"),
    ],
    ids=["sparse", "compressed", "quantised", "a class of one's own"],
)
def test_tensors_of_another_kind(tmp_path, make, words):
    torch.save(dict(state(), **{"0.weight": make(torch.ones(5, 3))}), tmp_path / "w.pt")
    with torch.serialization.safe_globals([Marked]):
        refused(tmp_path / "w.pt", words)


ran = []


class Runs:
    def __reduce__(self):
        return ran.append, ("code",)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("stored", [Namespace(a=1), {"state_dict": state(), "args": Namespace(a=1)}, nn.Linear(3, 1)])
def test_a_pickle_that_needs_code_says_how_to_save(tmp_path, stored, zipped):
    torch.save(stored, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    refused(tmp_path / "w.pt", "needs code to be read (")
    refused(tmp_path / "w.pt", "torch.save(net.state_dict(), 'w.pt')")


def test_code_in_a_pickle_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "w.pt").write_bytes(pickle.dumps({"0.weight": Runs()}, protocol=2))
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    refused(tmp_path / "w.pt", "w.pt")
    assert ran == []


def half_a_file(folder):
    torch.save(state(), folder / "whole.pt")
    whole = (folder / "whole.pt").read_bytes()
    return whole[: len(whole) // 2]


def half_of_safetensors(folder):
    save_file(dict(state()), folder / "whole")
    whole = (folder / "whole").read_bytes()
    return whole[: len(whole) - 8]


def damaged_header(folder):
    save_file(dict(state()), folder / "whole")
    return (folder / "whole").read_bytes().replace(b"F64", b"F65")


CONTENTS = {
    "empty": (b"", "the file is empty"),
    "text": (b"hello world, these are no weights", "not a torch state_dict"),
    "a pickle of other things": (pickle.dumps({"a": 1}, protocol=4), "not a torch state_dict"),
    "half": (half_a_file, "not a torch state_dict: a damaged archive"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "not a torch state_dict"),
    "an archive's first bytes": (b"PK\x03\x04" + bytes(50), "not a torch state_dict"),
    "half of safetensors": (half_of_safetensors, "not a safetensors file"),
    "a damaged header": (damaged_header, "not a safetensors file"),
    "a header that lies": ((2**40).to_bytes(8, "little") + b"{}", "not a torch state_dict"),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_a_file_of_something_else(tmp_path, case):
    content, words = CONTENTS[case]
    (tmp_path / "w.pt").write_bytes(content(tmp_path) if callable(content) else content)
    refused(tmp_path / "w.pt", words)


def test_archives_that_torch_save_did_not_write(tmp_path):
    with zipfile.ZipFile(tmp_path / "none.pt", "w") as archive:
        archive.writestr("words.txt", "words")
    refused(tmp_path / "none.pt", "an archive without data.pkl")
    torch.save({"0.weight": torch.zeros(1000, 1000)}, tmp_path / "w.pt")
    with zipfile.ZipFile(tmp_path / "w.pt") as plain, zipfile.ZipFile(tmp_path / "bomb.pt", "w") as packed:
        for entry in plain.infolist():
            packed.writestr(entry.filename, plain.read(entry), zipfile.ZIP_DEFLATED)
    refused(tmp_path / "bomb.pt", "its entries unpack to more than the file")


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_archives_of_programs_say_what_they_are(tmp_path):
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    net.load_state_dict(state())
    example = torch.ones(2, 3).double()
    torch.jit.save(torch.jit.script(net), tmp_path / "script.pt")
    torch.jit.save(torch.jit.trace(net, example), tmp_path / "trace.pt")
    for name in ("script.pt", "trace.pt"):
        refused(tmp_path / name, "a TorchScript archive, as torch.jit.save writes it; read it with torch.jit.load")
        torch.save(torch.jit.load(tmp_path / name).state_dict(), tmp_path / "w.pt")
        loaded(tmp_path / "w.pt")
    torch.export.save(torch.export.export(net, (example,)), tmp_path / "program.pt2")
    refused(tmp_path / "program.pt2", "an exported program, as torch.export.save writes it; read it with torch.export")
    torch.save(torch.export.load(tmp_path / "program.pt2").state_dict, tmp_path / "w.pt")
    loaded(tmp_path / "w.pt")


def test_arrays_of_numpy_say_what_they_are(tmp_path):
    arrays = {name: t.numpy() for name, t in state().items()}
    np.savez(tmp_path / "w.npz", **arrays)
    refused(tmp_path / "w.npz", "not a torch state_dict: an archive of NumPy arrays")
    np.save(tmp_path / "w.npy", arrays["0.weight"])
    refused(tmp_path / "w.npy", "not a torch state_dict: an array of NumPy")
    torch.save(arrays, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", "the file needs code to be read (numpy")


def test_a_folder_of_a_sharded_model_and_its_parts(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    first = {name: t for name, t in state().items() if name.startswith("0.")}
    save_file(first, folder / "model-00001-of-00002.safetensors", metadata={"format": "pt"})
    torch.save(first, folder / "pytorch_model-00001-of-00002.bin")
    index = {"metadata": {"total_size": 9}, "weight_map": dict.fromkeys(first, "model-00001-of-00002.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
    refused(folder, "it is a folder with 'model-00001-of-00002.safetensors', 'model.safetensors.index.json', 'pyt")
    refused(folder / "model.safetensors.index.json", "the index of a sharded checkpoint, which holds no weights")
    for shard in ("model-00001-of-00002.safetensors", "pytorch_model-00001-of-00002.bin"):
        refused(folder / shard, "layers that do not match: the file has '0")
    for name in ("pytorch_model.bin", "mp_rank_00_model_states.pt"):
        torch.save({"module": state(), "optimizer": None, "ds_version": "0.14", "dp_world_size": 1}, folder / name)
        assert loaded(folder / name).unwrapped == ("'module'",)
    groups = {"zero_stage": 2, "single_partition_of_fp32_groups": [torch.ones(26)], "param_groups": [{}], "state": {}}
    torch.save({"optimizer_state_dict": groups}, folder / "zero.pt")
    refused(folder / "zero.pt", "holds the state of an optimizer, under 'optimizer_state_dict', and no weights")
    torch.save({"module": state(), "optimizer_state_dict": groups}, folder / "both.pt")
    refused(folder / "both.pt", "more than one set of weights, under 'module', 'optimizer_state_dict'")
    torch.save({"module": {n: t[:0] for n, t in state().items()}}, folder / "zero3.pt")
    refused(folder / "zero3.pt", "shapes that do not match: the file has '0.weight' (0, 3)")


def test_a_name_that_a_header_has_twice_is_refused(tmp_path):
    save_file(dict(state()), tmp_path / "w", metadata={"0.bias": "of text"})
    loaded(tmp_path / "w")
    whole = (tmp_path / "w").read_bytes()
    size = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + size])
    entry = json.dumps({**header["0.weight"], "shape": [3, 5]})
    twice = whole[8 : 8 + size].rstrip()[:-1] + f',"0.weight":{entry}}}'.encode()
    (tmp_path / "w").write_bytes(len(twice).to_bytes(8, "little") + twice + whole[8 + size :])
    refused(tmp_path / "w", "its header has '0.weight' twice")


def test_tensors_of_any_history_are_read_by_their_values(tmp_path):
    memory = torch.cat([t.reshape(-1) for t in state().values()])
    views, at = {}, 0
    for name, t in state().items():
        views[name] = memory[at : at + t.numel()].view(t.shape)
        at += t.numel()
    kinds = {
        "with gradients": {name: t.clone().requires_grad_() for name, t in state().items()},
        "of one memory": views,
        "transposed in memory": {name: t.clone().t().contiguous().t() for name, t in state().items()},
        "results": {name: t.requires_grad_() * 1.0 for name, t in state().items()},
        "negated": {name: torch._neg_view(-t) for name, t in state().items()},
    }
    for content in kinds.values():
        torch.save(content, tmp_path / "w.pt")
        loaded(tmp_path / "w.pt")
    lone = {**state(), "2.bias": state()["2.bias"][0]}
    torch.save(lone, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", "'2.bias' of shape ()")


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested")
def test_a_nested_tensor_is_refused(tmp_path):
    for layout in (torch.strided, torch.jagged):
        nested = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(3, 3)], layout=layout)
        torch.save({**state(), "0.weight": nested}, tmp_path / "w.pt")
        refused(tmp_path / "w.pt", "'0.weight' is a" if layout == torch.jagged else "'0.weight' is nested")


def test_a_weight_that_changed_on_the_way_is_noticed(tmp_path):
    torch.save(state(), tmp_path / "w.pt")
    content = (tmp_path / "w.pt").read_bytes()
    value = state()["2.weight"].numpy().tobytes()
    assert content.count(value) == 1
    (tmp_path / "w.pt").write_bytes(content.replace(value, value[:-1] + bytes([value[-1] ^ 1])))
    refused(tmp_path / "w.pt", "a damaged archive (the checksum of '")


@pytest.mark.parametrize("entry", ["data.pkl", "data/1", "byteorder"])
def test_an_entry_that_is_marked_as_a_folder_is_refused(tmp_path, entry):
    # torch skips the content of such an entry: its weights would be what lay in memory before.
    torch.save(state(), tmp_path / "whole.pt")
    with zipfile.ZipFile(tmp_path / "whole.pt") as whole, zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        for name in whole.namelist():
            described = zipfile.ZipInfo(name)
            described.external_attr = 0o600 << 16 | (0x10 if name.endswith(entry) else 0)
            archive.writestr(described, whole.read(name))
    refused(tmp_path / "w.pt", f"a damaged archive ('whole/{entry}' is marked as a folder)")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_is_there_twice_is_refused(tmp_path):
    torch.save(state(), tmp_path / "w.pt")
    with zipfile.ZipFile(tmp_path / "w.pt", "a") as archive:
        name = next(n for n in archive.namelist() if n.endswith("data/0"))
        archive.writestr(name, archive.read(name))
    refused(tmp_path / "w.pt", "a damaged archive (an entry twice)")


def test_places_that_are_no_file(tmp_path):
    refused(tmp_path / "none.pt", "no such file")
    refused(tmp_path, "it is a folder")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not a regular file")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        refused(tmp_path / "s", "not a regular file")
    refused("/dev/zero", "not a regular file")
    torch.save(state(), tmp_path / "w.pt")
    refused(tmp_path / "w.pt" / "below", "cannot be opened (Not a directory)")
    refused("with\0nul", "cannot be opened")


def test_a_file_far_larger_than_the_network_is_not_read(tmp_path):
    with (tmp_path / "large.pt").open("wb") as file:
        file.truncate(2**27)
    refused(tmp_path / "large.pt", f"has {2**27} bytes; for a network of this size at most ")
    with (tmp_path / "older.pt").open("wb") as file:
        file.truncate(2**23)
    refused(tmp_path / "older.pt", f"has {2**23} bytes in the older form; for a network of this size at most ")


def test_far_more_tensors_than_the_network_has_are_not_read(tmp_path):
    many = {f"fc{i}.weight": torch.zeros(1, 1) for i in range(5000)}
    torch.save(many, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", "entries; for a network of this size at most ")
    save_file(many, tmp_path / "w.safetensors")
    refused(tmp_path / "w.safetensors", "has 5000 tensors; for a network of this size at most ")
    torch.save({"state_dict": state(), "history": [float(i) for i in range(600_000)]}, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", "bytes of instructions; for a network of this size at most ")
