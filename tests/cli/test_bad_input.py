"""Bad input: exit code 2, one line that names the key, the value and what is allowed, and nothing written."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.cli.program import Ended, everything_in, script, settings


def refused(end: Ended, *fragments: str) -> None:
    assert end.code == 2, (end.code, end.stdout, end.stderr)
    assert end.stdout == ""
    lines = end.stderr.splitlines()
    assert len(lines) == 1, end.stderr
    assert lines[0].startswith("error: ")
    for fragment in fragments:
        assert fragment in lines[0], end.stderr


SETTINGS = {
    # unknown names, at each level
    "levl=holds": ["levl: unknown key", "did you mean 'level'?"],
    "netwrk.hidden=[3]": ["netwrk: unknown key", "did you mean 'network'?"],
    "network.hiden=[3]": ["network.hiden: unknown key", "did you mean 'hidden'?"],
    "data.labls=raw": ["data.labls: unknown key", "did you mean 'labels'?"],
    "run.batch_size=5": ["run.batch_size: unknown key", "did you mean 'batch'?"],
    "optimizer.gama=1": ["optimizer.gama: unknown key", "did you mean 'gamma'?"],
    "theorem.nam=B": ["theorem.nam: unknown key", "did you mean 'name'?"],
    "run.stepz=3": ["run.stepz: unknown key", "did you mean 'steps'?"],
    "run.qqq=3": ["run.qqq: unknown key", "known here: steps, batch, order, batch_until, workers,"],
    # network
    "network.hidden=[]": ["network.hidden = []", "at least one entry"],
    "network.hidden=[0]": ["network.hidden[0] = 0", "greater than or equal to 1"],
    "network.hidden=[16, -3]": ["network.hidden[1] = -3", "greater than or equal to 1"],
    "network.hidden=16": ["network.hidden = 16", "must be a list, e.g. [16]"],
    "network.hidden=[1.5]": ["network.hidden[0] = 1.5", "must be a whole number"],
    "network.hidden=[true]": ["network.hidden[0] = True", "must be a whole number"],
    "network.hidden=[100_000_000_000]": ["network.hidden = [100000000000]", "GiB, cpu has"],
    "network.hidden=[200_000, 200_000]": ["network.hidden = [200000, 200000]", "GiB, cpu has"],
    "network.activation=tahn": ["network.activation = 'tahn'", "'tanh'", "'relu'"],
    "network.parametrization=mup": ["network.parametrization = 'mup'", "'ntk' or 'standard'"],
    "network.output_init=zero": ["network.output_init = 'zero'", "'gaussian' or 'rademacher'"],
    "network.bias=1": ["network.bias = 1", "true or false"],
    "network.channels=[3]": ["network.channels: unknown key of a fully-connected network, but of a convolutional"],
    "network.architecture=conv": ["network.architecture = 'conv'", "'convolutional' or 'residual'"],
    "network.architecture=residual": ["network.channels: missing", "network.hidden: unknown key of a residual network"],
    "network={module = 'model.py:make'}": ["network.module = '", "model.py:make': no such file"],
    "network={module = 'model.py'}": ["network.module = 'model.py'", "must be a file and a function"],
    "data.shape=[1, 8, 8]": ["data.shape = [1, 8, 8]", "a fully-connected network takes vectors"],
    "network=3": ["network = 3", "must be a section"],
    "network.checkpoint_names=fc": ["network.checkpoint_names = 'fc'", "must be a list"],
    "network.checkpoint_names=['fc']": ["network.checkpoint_names = ['fc']", "at least"],
    "network.checkpoint_names=['a', 'b']": ["network.checkpoint_names = ['a', 'b']", "needs network.checkpoint"],
    "network.checkpoint_key=ema": ["network.checkpoint_key = 'ema'", "must be a list"],
    "network.checkpoint_key=[]": ["network.checkpoint_key = []", "at least"],
    "network.checkpoint_key=['ema']": ["network.checkpoint_key = ['ema']", "needs network.checkpoint"],
    # optimizer
    "optimizer.delta=0": ["optimizer.delta = 0", "(0, 1)"],
    "optimizer.delta=1": ["optimizer.delta = 1", "(0, 1)"],
    "optimizer.delta=1.5": ["optimizer.delta = 1.5", "(0, 1)"],
    "optimizer.delta=-0.1": ["optimizer.delta = -0.1", "(0, 1)"],
    "optimizer.delta=nan": ["optimizer.delta = nan", "(0, 1)"],
    "optimizer.delta=small": ["optimizer.delta = 'small'", "must be a number"],
    "optimizer.gamma=0": ["optimizer.gamma = 0", "must be positive"],
    "optimizer.gamma=-1": ["optimizer.gamma = -1", "must be positive"],
    "optimizer.gamma=nan": ["optimizer.gamma = nan", "must be positive"],
    "optimizer.eta=0": ["optimizer.eta = 0", "a positive number or a text 'c/beta' with 0 < c < 2"],
    "optimizer.eta=-0.1": ["optimizer.eta = -0.1", "a positive number"],
    "optimizer.eta=nan": ["optimizer.eta = nan", "a positive number"],
    "optimizer.eta=inf": ["optimizer.eta = inf", "a positive number"],
    "optimizer.eta=abc": ["optimizer.eta = 'abc'", "a positive number or a text 'c/beta' with 0 < c < 2"],
    "optimizer.eta=3/beta": ["optimizer.eta = '3/beta'", "0 < c < 2"],
    "optimizer.eta=2/beta": ["optimizer.eta = '2/beta'", "0 < c < 2"],
    "optimizer.eta=0/beta": ["optimizer.eta = '0/beta'", "0 < c < 2"],
    "optimizer.eta=1.2.3/beta": ["optimizer.eta = '1.2.3/beta'", "0 < c < 2"],
    "optimizer.eta=true": ["optimizer.eta = True", "must be a number or a text"],
    "optimizer.name=adam": ["optimizer.name = 'adam'", "'delta-gclip', 'gclip' or 'gd'"],
    "optimizer.name=gd": ["optimizer.", "gd has no"],
    "optimizer.name=gclip": ["optimizer.delta = 0.1", "gclip has no delta"],
    "optimizer.weight_decay=-1": ["optimizer.weight_decay = -1", "at least 0"],
    "optimizer.weight_decay=much": ["optimizer.weight_decay = 'much'", "must be a number"],
    "optimizer.decoupled_weight_decay=0.1": ["optimizer.decoupled_weight_decay = 0.1", "true or false"],
    "optimizer.decoupled_weight_decay=true": ["optimizer.decoupled_weight_decay = true", "needs weight_decay > 0"],
    # data
    "data.labels=small-big": ["labels = 'small-big'", "low-high, one-hot, centred-one-hot, raw"],
    "data.n=1798": ["n = 1798", "digits", "1 to 1797"],
    "data.n=0": ["data.n = 0", "greater than or equal to 1"],
    "data.n=-2": ["data.n = -2", "greater than or equal to 1"],
    "data.n=3.0": ["data.n = 3.0", "must be a whole number"],
    "data.source=digit": ["source = 'digit'", "digits, sphere, fashion-mnist or a path", "did you mean 'digits'?"],
    "data.source=nowhere.npz": ["source = 'nowhere.npz'", "no such file"],
    "data.source=sphere": ["d is not given", "sphere"],
    "data.d=64": ["d = 64", "source 'digits' takes only"],
    "data.scale=0": ["scale = 0", "a positive number"],
    "data.scale=true": ["data.scale = True", "must be a number or a text"],
    "data.center=1": ["data.center = 1", "true or false"],
    # theorem, run, level, loss
    "theorem.name=E": ["theorem.name = 'E'", "'LZB22-6'", "'B'", "'all'"],
    "run.dtype=flaot64": ["run.dtype = 'flaot64'", "'float32' or 'float64'"],
    "run.dtype=float16": ["run.dtype = 'float16'", "'float32' or 'float64'"],
    "run.device=gpu": ["run.device = 'gpu'", "'auto', 'cpu', 'cuda'"],
    "run.device=cuda": ["run.device = 'cuda'", "no CUDA device", "'auto', 'cpu'"],
    "run.device=cuda:3": ["run.device = 'cuda:3'", "no CUDA device"],
    "run.steps=0": ["run.steps = 0", "greater than or equal to 1"],
    "run.steps=1000000000000000000000000": ["run.steps = 1000000000000000000000000", "64 bits"],
    "run.target=1": ["run.target = 1", "less than 1"],
    "run.target=0": ["run.target = 0", "greater than 0"],
    "run.seed=-1": ["run.seed = -1", "greater than or equal to 0"],
    "run.seed=99999999999999999999": ["run.seed = 99999999999999999999", "64 bits"],
    "level=proved": ["level = 'proved'", "'holds' or 'certified'"],
    "loss=max": ["loss = 'max'", "'sum', 'mean' or a section [loss]"],
    # --set itself
    "foo": ["--set foo", "section.key=value"],
    "=3": ["--set =3", "section.key=value"],
    ".=3": ["--set .=3", "section.key=value"],
    "run..seed=3": ["--set run..seed=3", "section.key=value"],
    "network.hidden.x=3": ["network.hidden.x", "hidden is not a section"],
    "network.hidden=[16": ["network.hidden = '[16'", "must be a list"],
}


@pytest.mark.parametrize("override", SETTINGS)
def test_a_bad_value_is_named_with_what_is_allowed(warm, small, tmp_path, override):
    refused(warm("verify", small, "--set", override, folder=tmp_path), *SETTINGS[override])
    assert everything_in(tmp_path) == {"small.toml"}


def test_the_installed_script_refuses_alike(small, tmp_path):
    refused(script("check", small, "--set", "network.hiden=[3]", folder=tmp_path), *SETTINGS["network.hiden=[3]"])


def test_several_bad_keys_are_named_at_once(warm, small, tmp_path):
    words = settings("network.hidden=[]", "run.seed=-1", "run.steps=0")
    refused(warm("check", small, *words, folder=tmp_path), "network.hidden = []", "run.seed = -1", "run.steps = 0")


def test_a_missing_key_is_named(warm, small, tmp_path):
    text = small.read_text(encoding="utf-8")
    for key in ("hidden", "source", "n", "eta"):
        without = re.sub(rf"^{key} = .*\n", "", text, flags=re.MULTILINE)
        refused(warm("check", "-", text=without, folder=tmp_path), f".{key}: missing")
    for key in ("gamma", "delta"):
        without = re.sub(rf"^{key} = .*\n", "", text, flags=re.MULTILINE)
        refused(warm("check", "-", text=without, folder=tmp_path), f"optimizer.{key}: missing", "delta-gclip needs it")
    refused(warm("check", "-", text="", folder=tmp_path), "network: missing", "data: missing", "optimizer: missing")


def test_a_configuration_that_cannot_be_read_is_named(warm, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    (tmp_path / "broken.toml").write_text("[network\nhidden = ", encoding="utf-8")
    refused(warm("check", "absent.toml", folder=tmp_path), "CONFIG absent.toml", "No such file")
    refused(warm("check", "folder", folder=tmp_path), "CONFIG folder", "Is a directory")
    refused(warm("check", "binary.toml", folder=tmp_path), "CONFIG binary.toml", "not text")
    refused(warm("check", "broken.toml", folder=tmp_path), "not TOML", "line 1")
    refused(warm("check", "-", text="just words", folder=tmp_path), "not TOML")


DATA_FILES = {
    "nan.csv": ["line 2, column 2 is 'nan'", "finite"],
    "inf.csv": ["line 1, column 2 is 'inf'", "finite"],
    "lost.csv": ["line 1, column 1 is 'NA'", "allowed are numbers"],
    "names.csv": ["line 1 is '0,1,2'", "header = true"],
    "rows.csv": ["column 1 may be an index or a feature", "index = 1 leaves it out"],
    "pipe.csv": ["pipe.csv", "is a pipe"],
    "equal.csv": ["rows 0 and 2 (from 0) are equal", "duplicate points make lambda_min zero"],
    "parallel.csv": ["rows 0 and 1 (from 0) are equal", "scaling"],
    "words.csv": ["line 2, column 2 is 'two'", "numbers"],
    "ragged.csv": ["line 2 has 2 columns, the first row has 3"],
    "empty.csv": ["empty.csv", "no row"],
    "classes.csv": ["labels = 'low-high'", "target of row 1 (from 0) is -1.0", "whole numbers"],
    "rows.npz": ["x has shape (3, 2) and y (4,)", "(N, d)"],
    "names.npz": ["no array 'y'", "x, targets"],
    "text.npz": ["no .npz archive"],
    "folder": ["is a folder"],
    "text.dat": ["no known format", ".npz, .csv, IDX, .bin"],
    "absent.csv": ["no such file"],
}


@pytest.fixture
def data_files(tmp_path: Path) -> None:
    lines = {
        "nan.csv": "1,2,0\n3,nan,1\n",
        "inf.csv": "1,inf,0\n3,4,1\n",
        "equal.csv": "1,2,0\n3,5,1\n1,2,1\n",
        "parallel.csv": "1,2,0\n2,4,1\n3,-5,1\n",
        "words.csv": "1,2,0\n3,two,1\n",
        "ragged.csv": "1,2,0\n3,1\n",
        "empty.csv": "\n",
        "classes.csv": "1,2,0\n3,5,-1\n1,7,1\n",
        "lost.csv": "NA,2,0\n3,5,1\n1,7,1\n",
        "names.csv": "0,1,2\n3.5,5.1,1\n1.2,7.0,0\n",
        "rows.csv": "0,1.5,0\n1,2.5,1\n2,0.5,0\n",
        "text.npz": "no archive",
        "text.dat": "words",
    }
    for name, text in lines.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    np.savez(tmp_path / "rows.npz", x=np.zeros((3, 2)), y=np.zeros(4))
    np.savez(tmp_path / "names.npz", x=np.eye(3), targets=np.zeros(3))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")


@pytest.mark.usefixtures("data_files")
@pytest.mark.parametrize("name", DATA_FILES)
def test_a_bad_data_file_is_refused_with_its_row(warm, small, tmp_path, name):
    labels = "low-high" if name == "classes.csv" else "raw"
    center = "data.center=false" if name == "parallel.csv" else "data.center=true"
    words = settings(f"data.source={name}", f"data.labels={labels}", center, "data.n=2")
    if name in ("equal.csv", "rows.npz", "names.npz"):
        words += settings("data.n=3")
    refused(warm("check", small, *words, folder=tmp_path), *DATA_FILES[name])


def weights(rows: int = 16) -> dict[str, torch.Tensor]:
    return {"weights.0": torch.ones(rows, 64), "weights.1": torch.ones(1, rows)}


CHECKPOINTS = {
    "absent.pt": ["no such file"],
    "noise.pt": ["not a torch state_dict"],
    "text.pt": ["not a torch state_dict"],
    "empty.pt": ["not a torch state_dict"],
    "cut.pt": ["not a torch state_dict"],
    "folder.pt": ["not a torch state_dict"],
    "list.pt": ["not a state_dict of tensors"],
    "nested.pt": ["not a state_dict of tensors", "'weights'"],
    "twice.pt": ["more than one set of weights", "'model', 'average'"],
    "flat.pt": ["more than one set of weights", "'model', 'ema'", 'network.checkpoint_key = ["model"]'],
    "adam.pt": ["holds the state of an optimizer"],
    "module.pt": ["needs code to be read", "torch.save(net.state_dict(), 'w.pt')"],
    "narrow.pt": ["'weights.0' (5, 64)", "the network has 'weights.0' (16, 64)"],
    "biased.pt": ["the file has 'weights.0', 'weights.1', 'bias'", "the network has 'weights.0', 'weights.1'"],
    "attributes.pt": ["'hidden', 'out' are not one name with numbers", 'checkpoint_names = ["hidden", "out"]'],
    "nan.pt": ["NaN"],
    "infinite.pt": ["infinity"],
    "complex.pt": ["complex"],
}


@pytest.fixture
def checkpoints(tmp_path: Path) -> None:
    good = weights()
    (tmp_path / "noise.pt").write_bytes(b"\x80\x02nonsense")
    (tmp_path / "text.pt").write_text("hello world, these are no weights", encoding="utf-8")
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "folder.pt").mkdir()
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"weights": good}, tmp_path / "nested.pt")
    torch.save({"model": good, "average": good}, tmp_path / "twice.pt")
    torch.save({"model": good, "ema": torch.ones(16 * 65)}, tmp_path / "flat.pt")
    parameters = [torch.nn.Parameter(t) for t in good.values()]
    torch.save(torch.optim.Adam(parameters).state_dict(), tmp_path / "adam.pt")
    named = zip(("hidden.weight", "out.weight"), good.values(), strict=True)
    torch.save(dict(named), tmp_path / "attributes.pt")
    torch.save(torch.nn.Linear(64, 1), tmp_path / "module.pt")
    torch.save(weights(5), tmp_path / "narrow.pt")
    torch.save({**good, "bias": torch.ones(16)}, tmp_path / "biased.pt")
    torch.save({**good, "weights.0": torch.full((16, 64), float("nan"))}, tmp_path / "nan.pt")
    torch.save({**good, "weights.1": torch.full((1, 16), float("inf"))}, tmp_path / "infinite.pt")
    torch.save({k: v.to(torch.complex64) for k, v in good.items()}, tmp_path / "complex.pt")
    torch.save(good, tmp_path / "good.pt")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "good.pt").read_bytes()[:1000])


@pytest.mark.usefixtures("checkpoints")
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_bad_checkpoint_is_refused(warm, small, tmp_path, name):
    end = warm("check", small, "--set", f"network.checkpoint={name}", "--theorem", "C", folder=tmp_path)
    refused(end, "network.checkpoint", name, *CHECKPOINTS[name])


ARGUMENTS = {
    "verfy small.toml": ["COMMAND = 'verfy'", "did you mean 'verify'?"],
    "frobnicate small.toml": ["COMMAND = 'frobnicate'", "verify, check, measure, ", ", datasets, env"],
    "check": ["Missing argument 'CONFIG'", "pltheory check --help"],
    "check small.toml more.toml": ["more.toml"],
    "check small.toml --lvel holds": ["--lvel", "--level"],
    "check small.toml --level high": ["--level", "'high'", "'holds', 'certified'"],
    "check small.toml --theorem E": ["theorem.name = 'E'", "'all'"],
    'check small.toml --theorem a"b': ["theorem.name = 'a\"b'", "'all'"],
    "check small.toml --device it's": ['run.device = "it\'s"', "'auto', 'cpu', 'cuda'"],
    "check small.toml --device cuda": ["run.device = 'cuda'", "no CUDA device"],
    "measure small.toml --ball 0": ["--ball", "0.0"],
    "measure small.toml --ball wide": ["--ball", "'wide'"],
    "measure small.toml --search-steps -3": ["--search-steps", "-3"],
    "report nowhere": ["nowhere", "not a run folder", "manifest.json is missing", "study.json is missing"],
    "report .": ["not a run folder", "study.json is missing"],
    "measure small.toml --verified": ["--verified", "needs --kernel-store"],
    "measure small.toml --workers 2": ["--workers", "needs --kernel-store"],
    "measure small.toml --kernel-store k --ball 1": ["--ball", "not with --kernel-store"],
    "measure small.toml --kernel-store k --workers 2 --scheduler tcp://h:1": ["--workers, --scheduler", "one of them"],
    "measure small.toml --kernel-store .": ["no folder of a kernel, it holds small.toml"],
    "measure small.toml --kernel-store small.toml": ["small.toml", "cannot be made"],
    "report small.toml": ["small.toml", "not a run folder"],
    "sweep small.toml": ["sweep: missing"],
    "sweep small.toml --workers -1": ["--workers", "-1"],
    "sweep small.toml --workers 2 --scheduler tcp://h:1": ["--workers, --scheduler", "give one of them"],
    "sweep small.toml --set sweep.run.seed=[0] --scheduler here://h:1": ["--scheduler here://h:1", "cannot be reached"],
    "sweep small.toml --set sweep.theorem.name=['A'] --theorem B": ["--theorem B: contradicts sweep.theorem.name"],
    "sweep small.toml --set sweep.run.device=['cpu'] --device cpu": ["--device cpu: contradicts sweep.run.device"],
    "sweep small.toml --set sweep.run.seed=[0] --out small.toml": ["small.toml: is a file", "needed is a folder"],
    "sweep small.toml --set sweep.run.seed=[0] --out small.toml/s": ["small.toml/s: is a file or below one"],
    "init . --force": ["FILE .: is a folder"],
    "fit nowhere": ["nowhere", "study.json is missing"],
    "fit .": ["no folder of a study, it holds small.toml"],
    "fit small.toml": ["small.toml"],
    "fit nowhere --from 0": ["--from", "0"],
    "sweep small.toml --threads 0": ["--threads", "0"],
    "sweep small.toml --dry-run --status": ["--dry-run, --status", "give one of them"],
}


@pytest.mark.parametrize("words", ARGUMENTS)
def test_bad_arguments_are_refused_in_one_line(warm, small, tmp_path, words):
    refused(warm(*words.split(" "), folder=tmp_path), *ARGUMENTS[words])
    assert everything_in(tmp_path) == {small.name}


SWEEPS = {
    "sweep.run.seed=[]": ["sweep.run.seed = []", "non-empty list"],
    "sweep.run.seed=3": ["sweep.run.seed = 3", "non-empty list"],
    "sweep.run.sed=[1]": ["run.sed: unknown key", "did you mean 'seed'?"],
    "sweep.network.hidden=[16, 32]": ["network.hidden = 16", "must be a list"],
    "sweep.run.seed=[0, -1]": ["run.seed = -1", "greater than or equal to 0"],
    "sweep.run.seed=[0, 0]": ["sweep.run.seed = [0, 0]", "0 stands twice"],
    "sweep.optimizer.gamma=[1, 1.0]": ["optimizer.gamma = 1 and optimizer.gamma = 1.0 are the same"],
    "sweep={width=[4], network.hidden=[[4]]}": ["sweep.width", "contradicts sweep.network.hidden"],
    "sweep={width=[4, 10_000_000], depth=[2]}": ["the point width = 10000000, depth = 2", "GiB, a worker has"],
    "sweep.data.source=['digits', 'nowhere.csv']": ["nowhere.csv"],
    "sweep.run.seed={from=1, to=3}": ["sweep.run.seed", "from, to and one of step, factor"],
    "sweep.run.seed={from=1, to=3, step=1, factor=2}": ["sweep.run.seed", "one of step, factor"],
    "sweep.run.seed={from=3, to=1, step=1}": ["sweep.run.seed", "must grow"],
    "sweep.run.seed={from=1, to=3, step=0}": ["sweep.run.seed", "must grow"],
    "sweep.run.seed={from=1, to=3, step=-1}": ["sweep.run.seed", "must grow"],
    "sweep.run.seed={from=1, to=3, factor=1}": ["sweep.run.seed", "must grow"],
    "sweep.run.seed={from=0, to=3, factor=2}": ["sweep.run.seed", "must grow"],
    "sweep.run.seed={from='a', to=3, step=1}": ["sweep.run.seed", "finite numbers"],
    "sweep.run.seed={from=1, to=true, step=1}": ["sweep.run.seed", "finite numbers"],
    "sweep.optimizer.gamma={from=1, to=inf, factor=2}": ["sweep.optimizer.gamma", "finite numbers"],
    "sweep.optimizer.gamma={from=1, to=1e9, step=1e-6}": ["sweep.optimizer.gamma", "more than 10000 values"],
}


@pytest.mark.parametrize("override", SWEEPS)
def test_a_bad_sweep_is_refused_before_anything_is_computed(warm, small, tmp_path, override):
    refused(warm("sweep", small, "--set", override, folder=tmp_path), *SWEEPS[override])
    assert everything_in(tmp_path) == {small.name}


NO_RUN = "import pltheory.study.build as b\nb.answer = lambda *_, **__: 1 / 0"


def test_a_run_folder_that_exists_is_refused_before_the_run(warm, small, tmp_path):
    (tmp_path / "taken").mkdir()
    refused(warm("verify", small, "--out", "taken", folder=tmp_path, before=NO_RUN), "--out taken: exists already")
    assert everything_in(tmp_path) == {small.name, "taken"}


@pytest.mark.parametrize("command", ["verify", "sweep"])
def test_a_folder_that_cannot_be_made_is_refused(warm, small, tmp_path, command):
    words = settings("sweep.run.seed=[0, 1]")
    refused(warm(command, small, *words, "--out", "small.toml/run", folder=tmp_path), "small.toml/run")
    assert everything_in(tmp_path) == {small.name}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("manifest.json", "{"),
        ("manifest.json", "[]"),
        ("report.json", "[]"),
        ("report.json", "{}"),
        ("report.json", '{"schema": "pltheory-report/99"}'),
        ("trace.csv", "step,loss\n0,1\n"),
        ("trace.csv", "step,loss,grad_norm,step_size,path,distance,lambda_min\n0,1,2,3\n"),
        ("trace.csv", "step,loss,grad_norm,step_size,path,distance,lambda_min\n0,x,1,1,1,1,1\n"),
    ],
)
def test_a_damaged_run_folder_is_refused(warm, small, tmp_path, file, text):
    before = 'import pltheory.report.html as h\nh.render_page = lambda *_: "<html>"'
    assert warm("verify", small, "--out", "run", before=before, folder=tmp_path).code == 3
    (tmp_path / "run" / file).write_text(text, encoding="utf-8")
    refused(warm("report", "run", folder=tmp_path), "run: ")
    assert (tmp_path / "run/report.html").read_text(encoding="utf-8") == "<html>"
