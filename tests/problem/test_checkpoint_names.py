"""Names decide: what they say is loaded right, what they leave open is refused with the names of both sides."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
from torch import nn

from pltheory.problem.checkpoint import load_checkpoint
from pltheory.problem.networks import fully_connected
from pltheory.theory import InvalidInputError
from tests.cases import draws


def mlp(widths, activation=nn.Tanh, between=None, bias=True):
    modules: list[nn.Module] = []
    for a, b in pairwise(widths):
        modules += [nn.Linear(a, b, bias=bias), activation(), *([between()] if between else [])]
    while not isinstance(modules[-1], nn.Linear):
        modules.pop()
    return nn.Sequential(*modules).double().eval()


def read(tmp_path, state, widths, *, names=None, bias=True, own=False):
    torch.save(state, tmp_path / "w.pt")
    net = fully_connected(widths, parametrization="ntk" if own else "standard", bias=bias, seed=99)
    return net, load_checkpoint(tmp_path / "w.pt", net, names=names)


def agree(net, other, d):
    (x,) = draws(3, (4, d))
    torch.testing.assert_close(net(x), other(x), rtol=1e-12, atol=1e-14)


def prefixed(state, prefix):
    return {f"{prefix}{name}": t for name, t in state.items()}


DEEP = [6, 5, 5, 5, 1]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [0, 2, 1, 3], [3, 2, 1, 0]])
def test_the_order_of_the_file_does_not_matter(tmp_path, order):
    torch.manual_seed(1)
    net = mlp(DEEP)
    state = net.state_dict()
    shuffled = {f"{2 * i}.{kind}": state[f"{2 * i}.{kind}"] for i in order for kind in ("bias", "weight")}
    read_back, reading = read(tmp_path, shuffled, DEEP)
    agree(read_back, net, 6)
    assert reading.order == ("0", "2", "4", "6")


def test_numbers_are_ordered_as_numbers(tmp_path):
    torch.manual_seed(2)
    net = mlp([6, *[4] * 7, 2])
    state = net.state_dict()
    read_back, reading = read(tmp_path, {name: state[name] for name in sorted(state)}, [6, *[4] * 7, 2])
    agree(read_back, net, 6)
    assert reading.order[-2:] == ("12", "14")


def test_the_own_names_are_matched_whatever_their_order(tmp_path):
    saved = fully_connected(DEEP, bias=True, seed=4)
    state = saved.state_dict()
    read_back, _ = read(tmp_path, {name: state[name] for name in sorted(state, reverse=True)}, DEEP, own=True)
    agree(read_back, saved, 6)


@pytest.mark.parametrize("between", [nn.Dropout, nn.Identity])
def test_layers_without_parameters_may_stand_between(tmp_path, between):
    torch.manual_seed(3)
    net = mlp(DEEP, between=between)
    read_back, reading = read(tmp_path, net.state_dict(), DEEP)
    agree(read_back, net, 6)
    assert reading.order == ("0", "3", "6", "9")


NUMBERED = {
    "fc1, fc2": [f"fc{i}" for i in (1, 2, 3, 4)],
    "a list of layers": [f"layers.{i}" for i in range(4)],
    "a transformer's name": [f"model.layers.{i}" for i in range(4)],
    "an attribute": [f"body.{2 * i}" for i in range(4)],
    "beyond ten": [f"fc{i}" for i in (2, 9, 10, 11)],
}


@pytest.mark.parametrize("case", NUMBERED)
def test_one_name_with_numbers_is_an_order(tmp_path, case):
    torch.manual_seed(4)
    net = mlp(DEEP)
    state = {f"{name}.{k}": net.state_dict()[f"{2 * i}.{k}"] for i, name in enumerate(NUMBERED[case]) for k in KINDS}
    read_back, reading = read(tmp_path, {name: state[name] for name in sorted(state)}, DEEP)
    agree(read_back, net, 6)
    assert reading.order == tuple(name.removeprefix("model.") for name in NUMBERED[case])


KINDS = ("weight", "bias")
WRAPPERS = {
    "DDP": (["module."], "'module.'"),
    "compile": (["_orig_mod."], "'_orig_mod.'"),
    "compile inside DDP": (["module.", "_orig_mod."], "'_orig_mod.', 'module.'"),
    "DDP inside compile": (["_orig_mod.", "module."], "'_orig_mod.', 'module.'"),
    "Lightning": (["model."], "'model.'"),
    "Lightning and DDP": (["model.", "module."], "'model.', 'module.'"),
    "net": (["net."], "'net.'"),
    "FSDP": (["_fsdp_wrapped_module."], "'_fsdp_wrapped_module.'"),
}


@pytest.mark.parametrize("case", WRAPPERS)
@pytest.mark.parametrize("own", [False, True])
def test_wrappers_of_names_are_taken_off_and_said(tmp_path, case, own):
    torch.manual_seed(5)
    net = fully_connected(DEEP, bias=True, seed=5) if own else mlp(DEEP)
    parts, said = WRAPPERS[case]
    read_back, reading = read(tmp_path, prefixed(net.state_dict(), "".join(parts)), DEEP, own=own)
    agree(read_back, net, 6)
    assert f"unwrapped from {said}" in str(reading)


def test_a_compiled_layer_inside(tmp_path):
    torch.manual_seed(6)
    net = mlp(DEEP)
    state = {name.replace("2.", "2._orig_mod."): t for name, t in net.state_dict().items()}
    assert "2._orig_mod.weight" in state
    read_back, _ = read(tmp_path, state, DEEP)
    agree(read_back, net, 6)


class OutOfOrder(nn.Module):
    """The attributes in another order than that of their use."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc3 = nn.Linear(6, 5), nn.Linear(5, 5)
        self.fc2, self.out = nn.Linear(5, 5), nn.Linear(5, 1)

    def forward(self, x):
        return self.out(torch.tanh(self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))))


def test_an_order_that_names_leave_open_is_asked_for_and_taken(tmp_path):
    torch.manual_seed(7)
    net = OutOfOrder().double()
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, net.state_dict(), DEEP)
    said = str(caught.value)
    assert "'fc1', 'fc3', 'fc2', 'out' are not one name with numbers; the network has 'weights.0'" in said
    assert 'network.checkpoint_names = ["fc1", "fc3", "fc2", "out"]' in said
    assert "\n" not in said
    read_back, reading = read(tmp_path, net.state_dict(), DEEP, names=["fc1", "fc2", "fc3", "out"])
    agree(read_back, net, 6)
    assert reading.order == ("fc1", "fc2", "fc3", "out")


@pytest.mark.parametrize(
    "names",
    [["fc1", "fc2", "fc3"], ["fc1", "fc2", "fc3", "head"], ["fc1", "fc1", "fc2", "out"], ["a", "b", "c", "d", "e"]],
)
def test_an_order_that_does_not_name_the_modules_is_refused(tmp_path, names):
    with pytest.raises(InvalidInputError, match=r"checkpoint_names = .*the file has the modules 'fc1', 'fc3'"):
        read(tmp_path, OutOfOrder().double().state_dict(), DEEP, names=names)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["0", 2], r"checkpoint_names = '0', 2: 2 is a int; each must be a text"),
        ([None, "2"], r"checkpoint_names = .*, '2': .* is a NoneType; each must be a text"),
        (5, r"checkpoint_names = 5: must be a list of names"),
        ("024", r"checkpoint_names = '024': must be a list of names"),
        (b"02", r"checkpoint_names = b'02': must be a list of names"),
        ({"0": 1, "2": 2}, r"checkpoint_names = a dict: must be a list of names"),
        ((name for name in ("0", "2")), r"checkpoint_names = a generator: must be a list of names"),
        ([], r"checkpoint_names = \[\]: the file has the modules '0', '2'"),
    ],
    # An address would differ from one process to the next.
    ids=lambda value: type(value).__name__ if isinstance(value, Iterator) else str(value),
)
def test_an_order_that_is_no_list_of_names_is_refused(tmp_path, names, words):
    with pytest.raises(InvalidInputError, match=f"^network.checkpoint = [^\n]*{words}[^\n]*$"):
        read(tmp_path, mlp([6, 5, 1]).state_dict(), [6, 5, 1], names=names)


def test_an_order_may_be_a_tuple(tmp_path):
    assert read(tmp_path, mlp([6, 5, 1]).state_dict(), [6, 5, 1], names=("0", "2"))[1].order == ("0", "2")


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.model."])
def test_an_order_beside_the_networks_own_names_is_one_too_many(tmp_path, prefix):
    state = prefixed(fully_connected([6, 5, 1], bias=True).state_dict(), prefix)
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, state, [6, 5, 1], names=["weights.1", "weights.0"])
    said = str(caught.value)
    assert 'network.checkpoint_names = ["weights.1", "weights.0"]: the file has the names of the network' in said
    assert "'weights.0', 'weights.1', 'biases.0', 'biases.1', which say the order themselves" in said
    assert said.endswith("leave checkpoint_names out")
    assert "\n" not in said


def half_prefixed(state, prefix):
    return {f"{prefix if i % 2 else ''}{name}": t for i, (name, t) in enumerate(state.items())}


TWO = mlp([6, 5, 1]).state_dict()
MIXED = {
    "half of the names": (half_prefixed(TWO, "module."), "'module.0.bias' stands"),
    "half of the layers": (
        {("module." if "2" in name else "") + name: t for name, t in TWO.items()},
        "'0', 'module.2' are not one name with numbers",
    ),
    "two wrappers": (
        {("module." if "2" in name else "model.") + name: t for name, t in TWO.items()},
        "'model.0', 'module.2' are not one name with numbers",
    ),
    "half with the network's own": (
        half_prefixed(fully_connected([6, 5, 1], bias=True).state_dict(), "module."),
        "'weights.0' is no weight or bias",
    ),
    "a wrapper once more": (
        prefixed(TWO, "module.module.") | {"module.0.weight": TWO["0.weight"]},
        "not one name with numbers",
    ),
    "one name behind two parts": (
        prefixed(TWO, "_orig_mod.") | {"_fsdp_wrapped_module.0.weight": TWO["0.weight"]},
        "two tensors for one parameter: '_orig_mod.0.weight', '_fsdp_wrapped_module.0.weight'",
    ),
}


@pytest.mark.parametrize("case", MIXED)
def test_names_that_are_wrapped_in_part_are_refused(tmp_path, case):
    state, words = MIXED[case]
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, state, [6, 5, 1])
    assert words in str(caught.value)
    with pytest.raises(InvalidInputError, match=r"names that do not match: the file has|two tensors"):
        load_checkpoint(tmp_path / "w.pt", mlp([6, 5, 1]))


@pytest.mark.parametrize("times", [2, 3, 8])
def test_a_wrapper_may_be_there_more_than_once(tmp_path, times):
    state = prefixed(mlp([6, 5, 1]).state_dict(), "module." * times)
    assert read(tmp_path, state, [6, 5, 1])[1].unwrapped == ("'module.'",) * times


def two_layers(**changes):
    state = dict(mlp([6, 5, 1]).state_dict())
    for name, t in changes.items():
        key = name.replace("__", ".").removeprefix("n")
        state.pop(key, None)
        if t is not None:
            state[key] = t
    return state


D = torch.float64
SCALE = torch.ones(5, dtype=D)
WRONG = {
    "LayerNorm's scale": (two_layers(n0__bias=None, n1__weight=SCALE), "'1.weight' of shape (5,)"),
    "LayerNorm": (two_layers(n1__weight=SCALE, n1__bias=SCALE), "'1.weight' of shape (5,)"),
    "PReLU's slope": (two_layers(n1__weight=SCALE[:1]), "'1.weight' of shape (1,)"),
    "batch norm's mean": (two_layers(n1__running_mean=SCALE), "'1.running_mean' is no weight or bias"),
    "batch norm's count": (two_layers(n1__num_batches_tracked=torch.tensor(3)), "'1.num_batches_tracked'"),
    "a bias missing": (two_layers(n2__bias=None), "the file has '0.weight', '0.bias', '2.weight', the network"),
    "a bias alone": (two_layers(n1__bias=SCALE), "'1.bias' stands without a weight"),
    "a layer too many": (two_layers(n4__weight=torch.ones(1, 1, dtype=D)), "layers that do not match"),
    "a layer missing": (two_layers(n2__weight=None, n2__bias=None), "layers that do not match"),
    "no activation between": (
        {"0.weight": torch.ones(5, 6), "0.bias": SCALE, "1.weight": torch.ones(1, 5), "1.bias": SCALE[:1]},
        "'0', '1' are neighbours in a sequence",
    ),
    "weight_norm": ({**two_layers(n0__weight=None), "0.weight_g": SCALE[:, None]}, "'0.weight_g' is no weight"),
    "parametrized": (
        {**two_layers(n0__weight=None), "0.parametrizations.weight.original": torch.ones(5, 6)},
        "'0.parametrizations.weight.original' is no weight or bias",
    ),
    "pruned": (two_layers(n0__weight_mask=torch.ones(5, 6)), "'0.weight_mask' is no weight"),
    "LoRA": (two_layers(n0__lora_A=torch.ones(1, 6)), "'0.lora_A' is no weight"),
    "a convolution": (two_layers(n0__weight=torch.ones(5, 1, 2, 3)), "'0.weight' of shape (5, 1, 2, 3)"),
    "a recurrent layer": (nn.GRU(6, 5).double().state_dict(), "'weight_ih_l0' is no weight"),
    "names of Keras": ({"dense/kernel:0": torch.ones(6, 5), "dense/bias:0": SCALE}, "'dense/kernel:0' is no weight"),
    "a kernel": ({"0.kernel": torch.ones(6, 6), "2.kernel": torch.ones(6, 1)}, "'0.kernel' is no weight"),
    "gamma and beta": (two_layers(n1__gamma=SCALE, n1__beta=SCALE), "'1.gamma' is no weight"),
    "attention": (nn.MultiheadAttention(6, 2).state_dict(), "'in_proj_weight' is no weight"),
    "a layer of a block": (
        {f"model.layers.{i}.mlp.{k}": t for i, s in ((0, two_layers()),) for k, t in s.items() if "0" in k}
        | {"model.layers.1.mlp.0.weight": torch.ones(1, 5), "model.layers.1.mlp.0.bias": SCALE[:1]},
        "are not one name with numbers",
    ),
    "a copy that is averaged": (two_layers() | prefixed(two_layers(), "ema_"), "'ema_0', 'ema_2'"),
    "a copy behind a wrapper": (two_layers() | prefixed(two_layers(), "module."), "are not one name with numbers"),
    "a copy that is compiled": (
        two_layers() | prefixed(two_layers(), "_orig_mod."),
        "two tensors for one parameter: '0.weight', '_orig_mod.0.weight'",
    ),
    "one number twice": (
        {"fc1.weight": torch.ones(5, 6), "fc01.weight": torch.ones(1, 5)},
        "have a number twice",
    ),
    "a number without end": (
        {f"fc{'9' * 5000}.weight": torch.ones(5, 6), "fc1.weight": torch.ones(1, 5)},
        "not one name",
    ),
    "digits of another script": (
        {"fc١.weight": torch.ones(5, 6), "fc٢.weight": torch.ones(1, 5)},
        "not one name with numbers",
    ),
    "no names of layers": ({"weight": torch.ones(5, 6), "bias": SCALE}, "'weight' is no weight or bias of a linear"),
    "a line feed": (two_layers() | {"a\nb": SCALE}, r"'a\nb' is no weight"),
    "own names and one more": (
        dict(fully_connected([6, 5, 1], bias=True).state_dict()) | {"weights.2": torch.ones(1, 1)},
        "names that do not match: the file has 'weights.0', 'weights.1'",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_names_that_do_not_fit_exactly_are_refused_with_both_sides(tmp_path, case):
    state, words = WRONG[case]
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, state, [6, 5, 1])
    said = str(caught.value)
    assert words in said
    assert "'weights.0'" in said or "two tensors" in said
    assert "\n" not in said
    assert len(said) < 2000


def test_a_missing_or_needless_bias_names_the_key(tmp_path):
    with pytest.raises(InvalidInputError, match=r"set network.bias = false"):
        read(tmp_path, mlp([6, 5, 1], bias=False).state_dict(), [6, 5, 1], bias=True)
    with pytest.raises(InvalidInputError, match=r"set network.bias = true"):
        read(tmp_path, mlp([6, 5, 1]).state_dict(), [6, 5, 1], bias=False)


def test_own_names_of_another_bias_name_the_key(tmp_path):
    with pytest.raises(
        InvalidInputError, match=r"the file has 'weights.0', 'weights.1', the .*set network.bias = false"
    ):
        read(tmp_path, fully_connected([6, 5, 1]).state_dict(), [6, 5, 1], bias=True)
    with pytest.raises(InvalidInputError, match=r"names that do not match: .*'biases.0'.*set network.bias = true"):
        read(tmp_path, fully_connected([6, 5, 1], bias=True).state_dict(), [6, 5, 1], bias=False)


@pytest.mark.parametrize(
    "state",
    [
        {f"{'model.' * 200_000}0.weight": torch.ones(1, 1)},
        {f"fc{'1' * 1_000_000}a.weight": torch.ones(1, 1)},
        {f"{'.' * 1_000_000}weight": torch.ones(1, 1)},
        {f"{p}{i}.weight": torch.ones(1, 1) for i in range(1000) for p in ("", "_orig_mod.")},
    ],
    ids=["wrappers", "digits", "dots", "many"],
)
def test_names_without_end_are_refused_in_one_short_line(tmp_path, state):
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, state, [6, 5, 1])
    assert len(str(caught.value)) < 3000


def test_a_tail_without_bias_is_not_shifted(tmp_path):
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 5, bias=False), nn.Tanh(), nn.Linear(5, 1)).double()
    for bias in (True, False):
        with pytest.raises(InvalidInputError, match="layers that do not match"):
            read(tmp_path, net.state_dict(), [6, 5, 5, 1], bias=bias)


def test_metadata_of_a_module_is_no_obstacle(tmp_path):
    net = mlp(DEEP)
    state = net.state_dict()
    assert isinstance(state, OrderedDict)
    assert hasattr(state, "_metadata")
    agree(read(tmp_path, state, DEEP)[0], net, 6)


def test_a_module_of_ones_own_is_not_asked_for_an_order(tmp_path):
    net = OutOfOrder().double()
    torch.save(prefixed(net.state_dict(), "module."), tmp_path / "w.pt")
    again = OutOfOrder().double()
    reading = load_checkpoint(tmp_path / "w.pt", again)
    agree(again, net, 6)
    assert reading.unwrapped == ("'module.'",)
    with pytest.raises(InvalidInputError, match="names are for a fully connected network"):
        load_checkpoint(tmp_path / "w.pt", again, names=["fc1", "fc2", "fc3", "out"])
    for wrong in ({"fc1": "fc9"}, {"fc1.weight": "fc1.kernel"}):
        ((old, new),) = wrong.items()
        torch.save({name.replace(old, new): t for name, t in net.state_dict().items()}, tmp_path / "w.pt")
        with pytest.raises(InvalidInputError, match=r"only in the file: .*only in the network: 'fc1"):
            load_checkpoint(tmp_path / "w.pt", again)
