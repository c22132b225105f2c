"""A file with more than one set of weights is refused with all of them named, and the key says which is read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pltheory.problem.checkpoint import load_checkpoint
from pltheory.problem.networks import fully_connected
from pltheory.theory import InvalidInputError


def module(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).double()


def state(seed=0):
    return module(seed).state_dict()


def flat(seed=1):
    return nn.utils.parameters_to_vector(module(seed).parameters()).detach()


def load(path, **options):
    net = fully_connected([3, 5, 1], bias=True, parametrization="standard", seed=9)
    return net, load_checkpoint(path, net, **options)


def refused(path, *words, **options):
    net = fully_connected([3, 5, 1], bias=True, parametrization="standard", seed=9)
    before = [p.detach().clone() for p in net.parameters()]
    with pytest.raises(InvalidInputError) as caught:
        load_checkpoint(path, net, **options)
    said = str(caught.value)
    assert said.startswith(f"network.checkpoint = {str(path)!r}: ")
    for part in words:
        assert part in said
    assert said.count("\n") == 0
    assert said.count("; ") < 8
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))


def trained(optimizer=torch.optim.Adam, **options):
    net = module()
    steps = optimizer(net.parameters(), lr=0.1, **options)

    def loss():
        steps.zero_grad()
        value = net(torch.ones(2, 3).double()).square().sum()
        value.backward()
        return value

    steps.step(loss)
    return steps.state_dict()


def average(name, **more):
    """A state_dict of an optimizer that keeps an average of the weights, or the weights of slower steps."""
    kept = {i: {"step": torch.tensor(3.0), name: t} for i, t in enumerate(state(1).values())}
    return {"state": kept, "param_groups": [{"lr": 0.1, "params": [0, 1, 2, 3]}], **more}


SECOND = {
    "a flat vector": (flat(), "'ema'"),
    "a flat vector in float32": (flat().float(), "'ema'"),
    "a padded vector": (torch.cat([flat(), torch.zeros(6)]), "'ema'"),
    "vectors by layer": ([t.reshape(-1) for t in state(1).values()], "'ema'"),
    "vectors by name": ({name: t.reshape(-1) for name, t in state(1).items()}, "'ema'"),
    "numbers one by one": ({f"a{i}": t for i, t in enumerate(flat())}, "'ema'"),
    "a storage": (flat().untyped_storage(), "'ema'"),
    "a sparse matrix": (torch.eye(5).to_sparse(), "'ema'"),
    "an average of ASGD": (trained(torch.optim.ASGD), "'ema'"),
    "weights of a schedule-free optimizer": (average("z"), "'ema'"),
    "an average in SWA": (average("swa_buffer"), "'ema'"),
    "weights beside a state": (average("exp_avg", slow=state(1)), "'ema'"),
    "parameters in the groups": (
        {"state": {}, "param_groups": [{"params": list(state(1).values())}]},
        "'ema'",
    ),
    "behind counters": ({"decay": 0.9, "shadow": state(1)}, '["ema", "shadow"]'),
    "deep down": ([{"a": ({"b": flat()},)}], "'ema'"),
}


# torch warns where these are made.
@pytest.mark.filterwarnings("ignore:TypedStorage", "ignore:Sparse", "ignore:.*sparse")
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("case", SECOND)
def test_a_second_set_of_weights_in_any_form_is_refused(tmp_path, case, zipped):
    if case == "a storage" and not zipped:
        pytest.skip("torch cannot read its own older form of it")
    second, words = SECOND[case]
    content = {"epoch": 3, "state_dict": state(), "ema": second}
    torch.save(content, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    refused(
        tmp_path / "w.pt", "more than one set of weights, under 'state_dict', 'ema'; choose with ", words,
        'network.checkpoint_key = ["state_dict"]',
    )  # fmt: skip
    net, reading = load(tmp_path / "w.pt", key=["state_dict"])
    assert torch.equal(net.weights[0].detach(), state()["0.weight"])
    assert reading.ignored == ("'epoch'", "'ema'")


def test_arrays_of_numpy_are_numbers_too(tmp_path):
    torch.save({"state_dict": state(), "ema": flat().numpy()}, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", "needs code to be read (numpy")
    array = np.zeros(1)
    allowed = [type(array.dtype), np.ndarray, np.dtype, array.__reduce__()[0]]
    with torch.serialization.safe_globals(allowed):
        refused(tmp_path / "w.pt", "more than one set of weights, under 'state_dict', 'ema'")
        torch.save({**state(), "0.weight": np.ones((5, 3))}, tmp_path / "w.pt")
        refused(tmp_path / "w.pt", "'0.weight' is a ndarray")


BESIDE = {
    "Adam": trained(),
    "amsgrad": trained(amsgrad=True),
    "SGD": trained(torch.optim.SGD, momentum=0.9),
    "LBFGS": trained(torch.optim.LBFGS),
    "RMSprop": trained(torch.optim.RMSprop, centered=True, momentum=0.9),
    "Adadelta": trained(torch.optim.Adadelta),
    "Adagrad": trained(torch.optim.Adagrad),
    "Adamax": trained(torch.optim.Adamax),
    "NAdam": trained(torch.optim.NAdam),
    "RAdam": trained(torch.optim.RAdam),
    "Rprop": trained(torch.optim.Rprop),
    "Adafactor": trained(torch.optim.Adafactor),
    "of two": [trained(), trained(torch.optim.SGD)],
    "a random state": torch.get_rng_state(),
    "a history": torch.ones(19),
    "losses": [0.1] * 500,
    "nothing": {},
    "a description": {"hidden": [5], "activation": "tanh"},
    "whole numbers": torch.ones(9, 9, dtype=torch.int64),
}


@pytest.mark.parametrize("case", BESIDE)
@pytest.mark.parametrize("name", ["optimizer", "model"])
def test_what_is_no_second_set_is_passed_over_and_said(tmp_path, case, name):
    torch.save({name: BESIDE[case], "state_dict": state()}, tmp_path / "w.pt")
    net, reading = load(tmp_path / "w.pt")
    assert torch.equal(net.weights[0].detach(), state()["0.weight"])
    assert (reading.unwrapped, reading.ignored) == (("'state_dict'",), (f"'{name}'",))


def test_all_sets_are_named_and_the_key_reads_the_one_that_is_meant(tmp_path):
    torch.save(
        {"model": state(0), "state_dict": state(1), "callbacks": {"average": {"shadow": state(2)}}, "best": [state(3)]},
        tmp_path / "w.pt",
    )
    refused(
        tmp_path / "w.pt",
        "under 'state_dict', 'model', 'callbacks', 'best'; choose with network.checkpoint_key = "
        '["state_dict"] or ["model"] or ["callbacks", "average", "shadow"]; save',
    )
    for seed, key in enumerate((["model"], ("state_dict",), ["callbacks", "average", "shadow"])):
        net, reading = load(tmp_path / "w.pt", key=key)
        assert torch.equal(net.weights[0].detach(), state(seed)["0.weight"])
        assert reading.unwrapped == tuple(map(repr, key))
        assert "'best'" in reading.ignored


def test_below_a_key_the_rule_is_the_same(tmp_path):
    torch.save({"run": {"model": state(0), "ema": state(1)}, "average": {"state_dict": state(2)}}, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", '= ["run"] or ["average", "state_dict"]')
    refused(
        tmp_path / "w.pt",
        'under \'model\', \'ema\'; choose with network.checkpoint_key = ["run", "model"] or ["run", "ema"]',
        key=["run"],
    )
    net, reading = load(tmp_path / "w.pt", key=["average"])
    assert torch.equal(net.weights[0].detach(), state(2)["0.weight"])
    assert (reading.unwrapped, reading.ignored) == (("'average'", "'state_dict'"), ("'run'",))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (["emma"], "network.checkpoint_key = [\"emma\"]: 'emma' is not among 'model', 'ema'"),
        (["ema", "model"], "'model' is not among '0.weight', '0.bias', '2.weight', '2.bias'"),
        (["ema", "0.weight", "a"], "'a' is not among a Tensor"),
        (["ema", "0.weight"], "not a state_dict of tensors but a Tensor"),
        ("ema", "network.checkpoint_key = 'ema': must be a list of names"),
        ([1], "network.checkpoint_key = 1: 1 is a int; each must be a text"),
        (7, "network.checkpoint_key = 7: must be a list"),
        ((k for k in ["ema"]), "network.checkpoint_key = a generator: must be a list"),
    ],
    # An address would differ from one process to the next.
    ids=lambda value: type(value).__name__ if isinstance(value, Iterator) else str(value),
)
def test_a_key_that_leads_nowhere(tmp_path, key, words):
    torch.save({"model": state(), "ema": state()}, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", words, key=key)


def test_safetensors_have_no_dictionaries(tmp_path):
    save_file(dict(state()), tmp_path / "w")
    refused(tmp_path / "w", 'network.checkpoint_key = ["ema"]: a safetensors file holds no dictionaries', key=["ema"])


ALONE = {
    "bare": (trained(), "holds the state of an optimizer ('state', 'param_groups') where weights are needed"),
    "a new one": (torch.optim.Adam(module().parameters()).state_dict(), "holds the state of an optimizer ("),
    "under a key": (
        {"optimizer": trained(), "epoch": 3},
        "the state of an optimizer, under 'optimizer', and no weights",
    ),
    "of Lightning": ({"optimizer_states": [trained()]}, "the state of an optimizer, under 'optimizer_states', and no"),
    "under the key of weights": ({"model": trained()}, "the state of an optimizer, under 'model', and no weights"),
    "with an average": ({"optimizer": trained(torch.optim.ASGD)}, "the state of an optimizer, under 'optimizer', and"),
    "two deep": ({"model": {"model": trained()}}, "the state of an optimizer, under 'model', and no weights"),
}


@pytest.mark.parametrize("case", ALONE)
def test_a_file_of_an_optimizer_alone_is_said_to_be_that(tmp_path, case):
    stored, words = ALONE[case]
    torch.save(stored, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", words)


UNKNOWN = {
    "a key of one's own": ({"weights": state(), "epoch": 3}, "'weights' is a OrderedDict", '= ["weights"]; save'),
    "two of them": ({"a": state(), "b": {"c": state()}}, "'a' is a OrderedDict", '= ["a"] or ["b", "c"]; save'),
    "an empty model": ({"model": {}, "ema": state()}, "'ema' is a OrderedDict", '= ["ema"]; save'),
    "beside the tensors": ({**state(), "ema": state()}, "'ema' is a OrderedDict", '= ["ema"]; save'),
    "only empty ones": ({"model": {}, "state_dict": {}}, "it is empty", "save the tensors"),
    "an empty one beside the tensors": ({**state(), "model": {}}, "'model' is a dict", "the names are '0.weight'"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_weights_where_they_are_not_looked_for(tmp_path, case):
    stored, *words = UNKNOWN[case]
    torch.save(stored, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", *words)


def test_a_circle_is_no_way(tmp_path):
    inside: dict = {"0.weight": torch.ones(5, 3)}
    inside["model"] = inside
    torch.save(inside, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", "more than one set of weights, under 'model', '0.weight'")
    around: dict = {"a": {"b": state()}}
    around["a"]["c"] = around
    torch.save({"x": around}, tmp_path / "w.pt")
    refused(tmp_path / "w.pt", "'x' is a dict")
