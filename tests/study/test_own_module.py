"""A network from the user's own code: what is run, with what, what is refused, and what is left behind."""

from __future__ import annotations

import hashlib
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from pltheory.study.build import problem_of
from pltheory.study.config import read_config, with_values
from pltheory.study.grid import grid
from pltheory.study.in_force import in_force
from pltheory.study.network import precision_note, width_of
from pltheory.study.store import manifest, point_hash
from pltheory.theory import InvalidInputError

TEXT = """
[network]
module = "model.py:make"
[data]
source = "digits"
n = 3
[optimizer]
name = "gd"
eta = 0.1
"""
MODEL = """
import torch
from torch import nn

def make(width=4, dtype="float64", **more):
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Tanh(), nn.Linear(width, 1))
    return net.to(getattr(torch, dtype)).eval()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    return tmp_path


def config(folder: Path, *overrides: str):
    return read_config(TEXT, overrides, folder=folder)


def test_the_function_is_called_with_its_arguments_and_the_seed(folder):
    a = problem_of(config(folder, "network.arguments={width = 7}", "run.seed=5"))
    assert a.x.shape == (3, 1, 8, 8)
    assert a.network[1].weight.shape == (7, 64)
    torch.manual_seed(5)
    assert torch.equal(a.network[1].weight, torch.nn.Linear(64, 7).weight.double())
    b, c = (problem_of(config(folder, "network.arguments={width = 7}", f"run.seed={s}")) for s in (5, 6))
    assert torch.equal(a.network[1].weight, b.network[1].weight)
    assert not torch.equal(a.network[1].weight, c.network[1].weight)
    assert problem_of(config(folder, "data.shape=flat")).x.shape == (3, 64)
    assert problem_of(config(folder, "data.shape=[4, 16]")).x.shape == (3, 4, 16)


def test_the_file_is_named_by_its_hash(folder):
    sha = hashlib.sha256(MODEL.encode()).hexdigest()
    one = config(folder)
    assert one.network.sha256 == sha
    assert manifest(one, "cpu")["config"]["network"]["sha256"] == sha
    assert sha in in_force(one, data_of_(one))["network"]
    assert width_of(one) is None
    (folder / "model.py").write_text(MODEL + "\n# changed\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=rf"network.sha256 = '{sha}': .* it is not run"):
        problem_of(one)
    other = config(folder)
    assert other.network.sha256 != sha
    assert point_hash(other) != point_hash(one)
    with pytest.raises(InvalidInputError, match=f"network.sha256 = '{sha}'"):
        problem_of(config(folder, f"network.sha256={sha}"))


def data_of_(one):
    from pltheory.study.build import data_of

    return data_of(one)


def test_a_sweep_over_modules_takes_each_file_as_it_is(folder):
    (folder / "other.py").write_text(MODEL + "# another\n", encoding="utf-8")
    text = TEXT + f"[sweep]\nnetwork.module = ['{folder}/model.py:make', '{folder}/other.py:make']\n"
    points = [point for _, point in grid(read_config(text, folder=folder))]
    assert len({p.network.sha256 for p in points}) == 2
    assert all(problem_of(p).x.shape == (3, 1, 8, 8) for p in points)


def test_another_precision_is_said_and_not_cast(folder):
    one = config(folder, "network.arguments={dtype = 'float32'}")
    problem = problem_of(one)
    assert problem.x.dtype == problem.y.dtype == next(problem.parameters()).dtype == torch.float32
    note = precision_note(one, problem)
    assert "run.dtype = 'float64' is not applied" in note
    assert "the float64 image of the stored weights" in note
    assert "run.dtype" not in precision_note(with_values(one, {"run.dtype": "float32"}), problem)
    assert precision_note(config(folder), problem_of(config(folder))) is None


def test_nothing_is_left_behind(folder, capsys):
    (folder / "neighbour.py").write_text("WIDTH = 3\n", encoding="utf-8")
    body = """
import random
import numpy as np
import torch
from torch import nn
from neighbour import WIDTH

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 1)
    def forward(self, x):
        return self.layer(x.flatten(1))

def make():
    print("hello")
    random.random(), np.random.rand(), torch.rand(WIDTH)
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    return Net()
"""
    (folder / "model.py").write_text(body, encoding="utf-8")
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state(), list(sys.path)  # noqa: NPY002
    problem = problem_of(config(folder))
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state(), list(sys.path)  # noqa: NPY002
    assert before[:2] == after[:2]
    assert torch.equal(before[2], after[2])
    assert before[3] == after[3]
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()
    assert "neighbour" not in sys.modules
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "hello\n")
    assert problem.copy().network(problem.x).shape == (3, 1)


def test_two_files_of_one_name_are_two_networks(tmp_path):
    found = []
    for name, width in (("a", 2), ("b", 3)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sizes.py").write_text(f"W = {width}\n", encoding="utf-8")
        text = MODEL.replace("import torch\n", "import torch\nfrom sizes import W\n", 1).replace("width=4", "width=W")
        (tmp_path / name / "model.py").write_text(text, encoding="utf-8")
        found.append(problem_of(config(tmp_path / name)).network[1].out_features)
    assert found == [2, 3]


BODIES = {
    "def make(:\n  pass": "model.py:make': cannot be run: SyntaxError",
    "import nothing_of_this_name": "cannot be run: line 1: ModuleNotFoundError",
    "import sys\nsys.exit(3)": "cannot be run: line 2: SystemExit: 3",
    "def male(): pass": "has no function 'make'; did you mean 'male'",
    "make = 3": "has no function 'make'",
    "def make():\n\n    return 1 / 0": "make fails: line 3: ZeroDivisionError: division by zero",
    "def make(): raise SystemExit('no')": "make fails: line 1: SystemExit: no",
    "def make(width): return width": "make fails: TypeError: make() missing 1 required positional argument: 'width'",
    "def make(): raise ValueError('a\\nb' * 5000)": "make fails: line 1: ValueError: a b",
    "def make(): return {}": "make returns a dict; needed is an nn.Module",
    "from torch import nn\ndef make(): return nn.Tanh()": "make returns a Tanh without parameters",
    "from torch import nn\ndef make(): return nn.Linear": "make returns a type; needed is an nn.Module",
    "from torch import nn\ndef make(): return nn.Sequential(nn.Linear(64, 2), nn.Linear(2, 1).double())": (
        "1.weight is torch.float64 and 0.weight torch.float32; needed is one of them"
    ),
    "from torch import nn\ndef make(): return nn.Linear(64, 1).half()": "weight is torch.float16; allowed are",
    "from torch import nn\ndef make(): return nn.Linear(64, 1, device='meta')": "weight is on meta; allowed are cpu",
    "from torch import nn\ndef make(): return nn.Sequential(nn.Linear(64, 2), nn.Linear(2, 1, device='meta'))": (
        "1.weight is on meta"
    ),
    "from torch import nn\ndef make():\n n = nn.Sequential(nn.Linear(64, 1), nn.BatchNorm1d(1)).double()\n "
    "n[1].running_mean = n[1].running_mean.float()\n return n": "1.running_mean is torch.float32",
    "from torch import nn\ndef make(): return nn.Linear(64, 1).double()": "does not take x of shape (3, 1, 8, 8)",
}


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_code_that_makes_no_network_is_refused_in_one_line(tmp_path, body):
    (tmp_path / "model.py").write_text(body, encoding="utf-8")
    with pytest.raises(InvalidInputError) as error:
        problem_of(config(tmp_path))
    said = str(error.value)
    assert BODIES[body] in said
    assert "\n" not in said
    assert len(said) < 700


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["network.module=other.py:make"], "other.py:make': no such file"),
        (["network.module=.:make"], ":make': no regular file"),
        (["network.module=model.py"], "network.module = 'model.py': must be a file and a function"),
        (["network.module=model.py:a.b"], "network.module = 'model.py:a.b': must be a file and a function"),
        (["network.module=:make"], "network.module = ':make': must be"),
        (["network.module=3"], "network.module = 3: must be a text"),
        (["network.arguments=3"], "network.arguments = 3: must be a section"),
        (["network.arguments={day = 2024-01-01}"], "network.arguments = .*: must hold numbers, texts"),
        (["network.arguments={widht = [1, {a = 07:30:00}]}"], "must hold numbers, texts"),
        (["network.hidden=[3]"], "hidden: unknown key of a network given by module, but of a fully-.*arguments"),
        (["network.argument={}"], "network.argument: unknown key of a network given by module; did you mean 'argum"),
        (["network.sha256=abc"], "network.sha256 = 'abc'"),
        (["data.shape=[8, 9]"], r"data.shape = \[8, 9\]: 72 numbers, a sample has 64"),
    ],
)
def test_keys_that_say_no_network_are_refused_in_one_line(folder, overrides, said):
    with pytest.raises(InvalidInputError, match=said) as error:
        problem_of(config(folder, *overrides))
    assert "\n" not in str(error.value)
