"""Weights from a file into a network: values, precision, and that a refusal changes nothing."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from pltheory.problem.checkpoint import load_checkpoint
from pltheory.problem.networks import fully_connected
from pltheory.theory import InvalidInputError
from tests.cases import draws, sequential


def refused(words):
    return pytest.raises(InvalidInputError, match=f"^network.checkpoint = [^\n]*{words}[^\n]*$")


def saved(folder, state):
    torch.save(state, folder / "w.pt")
    return folder / "w.pt"


def linear_state(widths, bias=True, dtype=torch.float64):
    return sequential(widths, "tanh", bias=bias).to(dtype).state_dict()


def standard(widths, **options):
    return fully_connected(widths, parametrization="standard", **options)


def test_a_state_dict_comes_back(tmp_path):
    first = fully_connected([3, 5, 4, 2], bias=True, seed=7)
    net = fully_connected([3, 5, 4, 2], bias=True, seed=8)
    reading = load_checkpoint(saved(tmp_path, first.state_dict()), net)
    (x,) = draws(0, (4, 3))
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), first.parameters(), strict=True))
    torch.testing.assert_close(net(x), first(x), rtol=1e-13, atol=1e-13)
    assert (reading.order, reading.unwrapped, reading.casts, reading.ignored) == ((), (), (), ())
    assert str(reading) == "torch file; by the network's own names; no change of precision"


@pytest.mark.parametrize("bias", [True, False])
def test_a_sequential_is_read_into_the_standard_parametrisation(tmp_path, bias):
    first = sequential([3, 5, 4, 2], "tanh", bias=bias)
    net = standard([3, 5, 4, 2], bias=bias)
    reading = load_checkpoint(saved(tmp_path, first.state_dict()), net)
    (x,) = draws(0, (4, 3))
    torch.testing.assert_close(net(x), first(x))
    assert reading.order == ("0", "2", "4")


@pytest.mark.parametrize(
    ("have", "want", "said"),
    [
        (torch.float16, torch.float64, "float16 to float64, exact"),
        (torch.bfloat16, torch.float64, "bfloat16 to float64, exact"),
        (torch.float32, torch.float64, "float32 to float64, exact"),
        (torch.bfloat16, torch.float32, "bfloat16 to float32, exact"),
        (torch.float64, torch.float32, "float64 to float32, rounded"),
    ],
)
def test_a_cast_is_said(tmp_path, have, want, said):
    state = linear_state([3, 5, 1], dtype=have)
    net = standard([3, 5, 1], bias=True, dtype=want)
    reading = load_checkpoint(saved(tmp_path, state), net)
    assert reading.casts == (said,)
    assert said in str(reading)
    assert net.weights[0].dtype == want
    assert torch.equal(net.weights[1].detach(), state["2.weight"].to(want))


def test_numbers_that_the_network_cannot_hold_are_refused(tmp_path):
    state = linear_state([3, 5, 1])
    state["2.weight"][0, 1] = 1e39
    with refused("'2.weight' holds numbers beyond torch.float32"):
        load_checkpoint(saved(tmp_path, state), standard([3, 5, 1], bias=True, dtype=torch.float32))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("name", ["0.weight", "2.weight", "0.bias"])
def test_values_that_are_not_finite_are_refused_by_name(tmp_path, name, value):
    state = linear_state([3, 5, 1])
    state[name].view(-1)[-1] = value
    with refused(f"'{name}' holds a NaN or an infinity"):
        load_checkpoint(saved(tmp_path, state), standard([3, 5, 1], bias=True))


@pytest.mark.parametrize("widths", [[3, 6, 1], [4, 5, 1], [3, 5, 2]])
def test_other_shapes_are_listed_on_both_sides(tmp_path, widths):
    with refused(r"the file has '\d.weight' \(.*, the network has 'weights.\d' \("):
        load_checkpoint(saved(tmp_path, linear_state(widths)), standard([3, 5, 1], bias=True))


def test_a_transposed_matrix_is_refused(tmp_path):
    state = linear_state([3, 5, 1])
    state["0.weight"] = state["0.weight"].T.contiguous()
    with refused(r"'0.weight' \(3, 5\), the network has 'weights.0' \(5, 3\)"):
        load_checkpoint(saved(tmp_path, state), standard([3, 5, 1], bias=True))


def test_shared_memory_in_the_file_is_separate_afterwards(tmp_path):
    square = torch.eye(4, dtype=torch.float64)
    state = {"0.weight": square, "2.weight": square, "4.weight": torch.ones(1, 4).double()}
    net = standard([4, 4, 4, 1])
    load_checkpoint(saved(tmp_path, state), net)
    with torch.no_grad():
        net.weights[0].fill_(7.0)
    assert torch.equal(net.weights[1].detach(), square)


REFUSED = {
    "a bias too many": linear_state([3, 5, 1]),
    "a layer of another shape": linear_state([3, 5, 2], bias=False),
    "a NaN in the last": {**linear_state([3, 5, 1], bias=False), "2.weight": torch.full((1, 5), torch.nan)},
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("read_first", [False, True])
def test_a_refused_file_leaves_everything_as_it_was(tmp_path, case, read_first):
    net = standard([3, 5, 1], bias=False)
    if read_first:
        load_checkpoint(saved(tmp_path, linear_state([3, 5, 1], bias=False)), net)
    before, random = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    with pytest.raises(InvalidInputError):
        load_checkpoint(saved(tmp_path, REFUSED[case]), net)
    after = net.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(random, torch.get_rng_state())


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
        self.two.weight = self.one.weight


def test_any_module_takes_exactly_its_own_names(tmp_path):
    def make():
        return nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.Flatten(), nn.Linear(4, 1)).double()

    first, net = make(), make()
    first(torch.ones(2, 1, 4).double())  # moves the running statistics
    reading = load_checkpoint(saved(tmp_path, {"state_dict": first.state_dict(), "epoch": 3}), net)
    assert all(torch.equal(v, net.state_dict()[name]) for name, v in first.state_dict().items())
    assert (reading.unwrapped, reading.ignored) == (("'state_dict'",), ("'epoch'",))
    less = first.state_dict()
    del less["1.running_mean"]
    with refused("only in the network: '1.running_mean'"):
        load_checkpoint(saved(tmp_path, less), net)
    with refused("only in the file: '9.weight'"):
        load_checkpoint(saved(tmp_path, {**first.state_dict(), "9.weight": torch.ones(1)}), net)
    with refused("only in the file: '0.weight', .*only in the network: 'one.weight'"):
        load_checkpoint(saved(tmp_path, first.state_dict()), Tied())


def test_an_integer_buffer_is_not_cast(tmp_path):
    net = nn.BatchNorm1d(2)
    state = {**net.state_dict(), "num_batches_tracked": torch.tensor(1.5)}
    with refused(r"'num_batches_tracked' is torch.float32, the network's is torch.int64"):
        load_checkpoint(saved(tmp_path, state), net)


def test_names_of_one_parameter_need_one_value(tmp_path):
    net = Tied()
    load_checkpoint(saved(tmp_path, net.state_dict()), net)
    two = {"one.weight": torch.zeros(3, 3), "two.weight": torch.ones(3, 3)}
    with refused("'one.weight' and 'two.weight' are one parameter of the network and two values"):
        load_checkpoint(saved(tmp_path, two), net)


def test_a_network_that_cannot_be_set_by_name_is_refused(tmp_path):
    path = saved(tmp_path, nn.Linear(3, 2).state_dict())
    with refused("'weight' is a UninitializedParameter"):
        load_checkpoint(path, nn.LazyLinear(2))
    with refused("'weight' is a Parameter that cannot be set"):
        load_checkpoint(path, nn.Linear(3, 2, device="meta"))
    expanded = nn.Linear(3, 2)
    expanded.bias = nn.Parameter(torch.zeros(1).expand(2))
    with refused("'bias' is an expanded tensor"):
        load_checkpoint(path, expanded)
    hooked = nn.Linear(3, 2)
    hooked.register_state_dict_post_hook(lambda module, state, prefix, meta: state.update(more=torch.zeros(1)))
    with refused("'more' is no parameter or buffer of its own"):
        load_checkpoint(path, hooked)
    with refused("it has none"):
        load_checkpoint(path, nn.Tanh())


def test_tensors_of_a_network_that_overlap_are_refused(tmp_path):
    memory = torch.zeros(7)
    net = nn.Linear(3, 2)
    net.weight, net.bias = nn.Parameter(memory[:6].view(2, 3)), nn.Parameter(memory[5:])
    with refused("'weight' and 'bias' overlap in memory"):
        load_checkpoint(saved(tmp_path, nn.Linear(3, 2).state_dict()), net)
    net.bias = nn.Parameter(torch.zeros(9)[7:])
    load_checkpoint(saved(tmp_path, nn.Linear(3, 2).state_dict()), net)


@pytest.mark.parametrize("guard", [torch.no_grad, torch.enable_grad])
def test_gradients_on_or_off_around_the_call_change_nothing(tmp_path, guard):
    first, net = fully_connected([3, 5, 1], seed=1), fully_connected([3, 5, 1], seed=2)
    with guard():
        load_checkpoint(saved(tmp_path, first.state_dict()), net)
    assert all(
        torch.equal(p, q) and p.requires_grad and p.is_leaf
        for p, q in zip(net.parameters(), first.parameters(), strict=True)
    )


def normed():
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.InstanceNorm1d(2, track_running_stats=True)).double()


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("name", ["1.running_mean", "1.running_var", "2.running_var", "1.weight"])
def test_buffers_that_are_not_finite_are_refused_by_name(tmp_path, name, value):
    state = normed().state_dict()
    state[name][1] = value
    with refused(f"'{name}' holds a NaN or an infinity"):
        load_checkpoint(saved(tmp_path, state), normed())
    state[name][1] = 1e300
    with refused(f"'{name}' holds numbers beyond torch.float32"):
        load_checkpoint(saved(tmp_path, state), normed().float())


class Renames(nn.Linear):
    """torch's own load_state_dict gives it twice what is stored."""

    def _load_from_state_dict(self, state_dict, prefix, *more):
        state_dict[f"{prefix}weight"] = 2 * state_dict[f"{prefix}weight"]
        super()._load_from_state_dict(state_dict, prefix, *more)


class Loads(nn.Linear):
    def load_state_dict(self, state_dict, **options):
        return super().load_state_dict({name: t + 1 for name, t in state_dict.items()}, **options)


class Keeps(nn.Linear):
    def set_extra_state(self, state):
        self.more = state


class Gives(Keeps):
    def get_extra_state(self):
        return torch.ones(1)


class Hides(nn.BatchNorm1d):
    def state_dict(self, *arguments, **options):
        return {name: t for name, t in super().state_dict(*arguments, **options).items() if "running" not in name}


def with_hook(kind):
    net = nn.Linear(3, 2)

    def negate(*arguments):
        state = next(a for a in arguments if isinstance(a, dict))
        state["weight"] = -state["weight"]

    {
        "pre": net.register_load_state_dict_pre_hook,
        "old pre": net._register_load_state_dict_pre_hook,
        "post": net.register_load_state_dict_post_hook,
        "of state_dict": net._register_state_dict_hook,
        "before state_dict": net.register_state_dict_pre_hook,
    }[kind]({"post": lambda module, keys: None, "before state_dict": lambda *a: None, "of state_dict": lambda *a: None}
            .get(kind, negate))  # fmt: skip
    return net


def on_the_instance():
    net = nn.Linear(3, 2)
    net._load_from_state_dict = lambda *arguments: None
    return net


HAVING_A_SAY = {
    "an override": (lambda: Renames(3, 2), "(Renames) has a _load_from_state_dict of its own"),
    "load_state_dict": (lambda: Loads(3, 2), "(Loads) has a load_state_dict of its own"),
    "extra state to set": (lambda: Keeps(3, 2), "(Keeps) has a set_extra_state of its own"),
    "extra state": (lambda: Gives(3, 2), "_extra_state' is no parameter or buffer of its own"),
    "state_dict": (lambda: Hides(2), "(Hides) has a state_dict of its own"),
    "a method on the instance": (on_the_instance, "(Linear) has a _load_from_state_dict of its own"),
    "a pre-hook": (lambda: with_hook("pre"), "(Linear) has a hook on state_dicts, 'with_hook.<locals>.negate'"),
    "an older pre-hook": (lambda: with_hook("old pre"), "has a hook on state_dicts"),
    "a post-hook": (lambda: with_hook("post"), "has a hook on state_dicts"),
    "a hook of state_dict": (lambda: with_hook("of state_dict"), "has a hook on state_dicts"),
    "a hook before state_dict": (lambda: with_hook("before state_dict"), "has a hook on state_dicts"),
    "weight_norm": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)),
        "has a hook on state_dicts, 'weight_norm.<locals>._weight_norm_compat_hook'",
    ),
    "spectral_norm": (lambda: nn.utils.spectral_norm(nn.Linear(3, 2)), "has a hook on state_dicts"),
}


@pytest.mark.filterwarnings("ignore:.*deprecated")
@pytest.mark.parametrize("case", HAVING_A_SAY)
@pytest.mark.parametrize("inside", [False, True])
def test_a_module_with_a_say_in_its_loading_is_refused_by_name(tmp_path, case, inside):
    make, words = HAVING_A_SAY[case]
    net = nn.Sequential(nn.Tanh(), make()) if inside else make()
    state = dict(nn.Module.state_dict(net))
    with pytest.raises(InvalidInputError) as caught:
        load_checkpoint(saved(tmp_path, state), net)
    assert words in str(caught.value)
    assert ("the network's '1" in str(caught.value)) == inside or "extra" in case
    if "no parameter" not in words:
        assert str(caught.value).endswith("; set its weights with net.load_state_dict")


def test_a_fully_connected_network_with_a_hook_is_refused(tmp_path):
    net = fully_connected([3, 5, 1])
    path = saved(tmp_path, net.state_dict())
    net.weights.register_load_state_dict_pre_hook(lambda *arguments: None)
    with refused(r"the network's 'weights' \(ParameterList\) has a hook on state_dicts"):
        load_checkpoint(path, net)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.5))
        self.register_buffer("count", torch.tensor(3))
        self.register_buffer("passing", torch.ones(2), persistent=False)
        self.heads = nn.MultiheadAttention(4, 2)
        self.parts = nn.ParameterDict({"a": torch.ones(2)})


MODULES = {
    "batch norm": normed,
    "a convolution": lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.PReLU()),
    "recurrent": lambda: nn.LSTM(3, 2, num_layers=2, bidirectional=True),
    "a transformer": lambda: nn.TransformerEncoderLayer(4, 2, 8),
    "parts of all kinds": Block,
    "an embedding": lambda: nn.Sequential(nn.Embedding(5, 3, padding_idx=0), nn.LayerNorm(3)),
    "tied": Tied,
    "orthogonal": lambda: nn.utils.parametrizations.orthogonal(nn.Linear(3, 3), use_trivialization=False),
    "pruned": lambda: prune.l1_unstructured(nn.Linear(3, 3), "weight", 0.5),
    "fully connected": lambda: fully_connected([3, 5, 1], bias=True),
    "sequential": lambda: sequential([3, 5, 1], "tanh"),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("case", MODULES)
def test_what_is_loaded_is_what_torch_loads(tmp_path, case, dtype):
    torch.manual_seed(0)
    state = MODULES[case]().to(dtype).state_dict()
    net, theirs = MODULES[case](), MODULES[case]()
    theirs.load_state_dict(state, strict=True)
    load_checkpoint(saved(tmp_path, state), net)
    ours = net.state_dict()
    assert ours.keys() == theirs.state_dict().keys()
    assert all(torch.equal(ours[name], t) and ours[name].dtype == t.dtype for name, t in theirs.state_dict().items())


@pytest.mark.parametrize("case", MODULES)
def test_what_torch_does_not_load_is_refused(tmp_path, case):
    state = MODULES[case]().state_dict()
    for name in state:
        for changed in (
            {n: t for n, t in state.items() if n != name},
            {**state, f"{name}.more": state[name]},
            {**state, name: state[name][None]},
        ):
            theirs, ours = MODULES[case](), MODULES[case]()
            try:
                theirs.load_state_dict(changed, strict=True)
            except RuntimeError:
                with pytest.raises(InvalidInputError):
                    load_checkpoint(saved(tmp_path, changed), ours)


def test_one_name_of_two_that_are_tied_is_not_enough(tmp_path):
    state = Tied().state_dict()
    del state["two.weight"]
    with refused("only in the network: 'two.weight'"):
        load_checkpoint(saved(tmp_path, state), Tied())
