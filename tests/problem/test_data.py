"""Named data sets and their catalogue."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from pltheory.problem import data
from tests.problem.data_files import FASHION_IS_HERE, POINTS, images, write_idx
from tests.problem.text_tables import refused

# digits


def test_digits_are_centred_by_the_mean_of_all_and_scaled():
    x, y = data.digits(10)
    assert x.shape == (10, 64)
    assert x.dtype == y.dtype == torch.float64
    all_images = load_digits().data
    expected = all_images[:10] - all_images.mean(axis=0)
    expected *= 8 / np.sqrt((expected**2).sum(axis=1))[:, None]
    np.testing.assert_allclose(x.numpy(), expected, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose((x.numpy() ** 2).sum(axis=1), 64, rtol=1e-14)
    # the mean of the ten alone would give other points
    other = all_images[:10] - all_images[:10].mean(axis=0)
    other *= 8 / np.sqrt((other**2).sum(axis=1))[:, None]
    assert np.abs(x.numpy() - other).max() > 0.1


def test_first_ten_digits_are_five_low_then_five_high():
    assert load_digits().target[:10].tolist() == list(range(10))
    found = data.digits(10)
    assert found.y.tolist() == [[1.0]] * 5 + [[-1.0]] * 5
    assert found.labels == "+1 for class < 5, else -1"
    assert found.name == "digits, first 10, centred, rows scaled to norm 8"
    assert (found.n, found.d, found.outputs) == (10, 64, 1)


def test_digits_label_rules():
    one_hot = data.digits(12, labels="one-hot").y
    assert torch.equal(one_hot[:10], torch.eye(10, dtype=torch.float64))
    assert one_hot[11].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    centred = data.digits(12, labels="centred-one-hot").y
    torch.testing.assert_close(centred, one_hot - 0.1, rtol=0, atol=0)
    assert data.digits(3, labels="raw").y.tolist() == [[0.0], [1.0], [2.0]]


@pytest.mark.parametrize(("scale", "norm"), [("sqrt-d", 8.0), ("unit", 1.0), (2.5, 2.5), (3, 3.0)])
def test_scale_sets_the_row_norm(scale, norm):
    found = data.digits(5, scale=scale)
    np.testing.assert_allclose(found.x.norm(dim=1).numpy(), norm, rtol=1e-14)
    assert found.name.endswith(f"rows scaled to norm {norm:g}")


def test_scale_none_and_no_centring_leave_pixels_alone():
    found = data.digits(None, scale="none", center=False)
    np.testing.assert_array_equal(found.x.numpy(), load_digits().data)
    assert found.name == "digits, all"
    centred = data.digits(None, scale="none").x
    assert centred.mean(dim=0).abs().max() < 1e-13


def test_dtype_is_a_last_rounding():
    single, double = data.digits(7, dtype=torch.float32), data.digits(7)
    assert single.x.dtype == single.y.dtype == torch.float32
    assert torch.equal(single.x, double.x.to(torch.float32))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, ("n = 0", "from 1")),
        ({"n": -3}, ("n = -3", "from 1")),
        ({"n": 2.0}, ("n = 2.0", "whole")),
        ({"n": True}, ("n = True", "whole")),
        ({"n": 2000}, ("n = 2000", "1797", "1 to 1797")),
        ({"labels": "odd-even"}, ("labels = 'odd-even'", "low-high, one-hot, centred-one-hot, raw")),
        ({"scale": "sqrt"}, ("scale = 'sqrt'", "sqrt-d, unit, none or a positive number")),
        ({"scale": 0}, ("scale = 0", "positive")),
        ({"scale": -1.0}, ("scale = -1.0", "positive")),
        ({"scale": math.nan}, ("scale = nan", "positive")),
        ({"scale": math.inf}, ("scale = inf", "positive")),
        ({"scale": True}, ("scale = True", "positive")),
        ({"center": "yes"}, ("center = 'yes'", "true and false")),
        ({"dtype": torch.float16}, ("dtype = torch.float16", "float32 and torch.float64")),
    ],
)
def test_digits_refuses(arguments, message):
    with refused(*message):
        data.digits(**{"n": 10, **arguments})


# sphere


@pytest.mark.parametrize(("scale", "radius"), [("sqrt-d", math.sqrt(50)), ("unit", 1.0), (3.0, 3.0)])
def test_sphere_has_its_radius_and_signs(scale, radius):
    x, y = data.sphere(n=40, d=50, seed=1, scale=scale)
    assert x.shape == (40, 50)
    assert y.shape == (40, 1)
    np.testing.assert_allclose(x.norm(dim=1).numpy(), radius, rtol=1e-14)
    assert set(y.flatten().tolist()) == {1.0, -1.0}


def test_sphere_is_uniform():
    n, d = 20_000, 3
    x = data.sphere(n, d, scale="unit", seed=4).x
    # mean 0 and second moments 1/3, within five standard deviations
    assert x.mean(dim=0).abs().max() < 5 / math.sqrt(d * n)
    assert ((x.T @ x) / n - torch.eye(d) / d).abs().max() < 5 * math.sqrt(4 / 45 / n)
    # on the sphere of R^3 each coordinate is uniform on [-1, 1]: its fourth moment is 1/5
    assert ((x**4).mean(dim=0) - 0.2).abs().max() < 5 * math.sqrt((1 / 9 - 1 / 25) / n)


def test_sphere_targets():
    y = data.sphere(2000, 5, outputs=3, labels="gaussian", seed=2).y
    assert y.shape == (2000, 3)
    assert y.mean(dim=0).abs().max() < 5 / math.sqrt(2000)
    assert (y.std(dim=0) - 1).abs().max() < 5 / math.sqrt(4000)
    signs = data.sphere(2000, 5, outputs=3, seed=2).y
    assert torch.equal(signs.abs(), torch.ones(2000, 3, dtype=torch.float64))
    assert signs.mean(dim=0).abs().max() < 5 / math.sqrt(2000)
    # the points depend on n, d and the seed only
    assert torch.equal(data.sphere(8, 5, outputs=3, seed=2).x, data.sphere(8, 5, labels="gaussian", seed=2).x)


def test_sphere_follows_its_seed_and_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    before, before_numpy = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = data.sphere(6, 4, seed=7)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], before_numpy)  # noqa: NPY002
    torch.manual_seed(99)
    again, other = data.sphere(6, 4, seed=7), data.sphere(6, 4, seed=8)
    assert torch.equal(first.x, again.x)
    assert torch.equal(first.y, again.y)
    assert not torch.equal(first.x, other.x)
    single = data.sphere(6, 4, seed=7, dtype=torch.float32)
    assert torch.equal(single.x, first.x.to(torch.float32))
    assert first.name == "sphere, 6 points, d = 4, norm 2, seed 7"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, ("n = 0", "from 1")),
        ({"d": 0}, ("d = 0", "from 1")),
        ({"outputs": 0}, ("outputs = 0", "from 1")),
        ({"seed": -1}, ("seed = -1", "from 0")),
        ({"seed": 2**64}, ("seed = ", "2**63 - 1")),
        ({"labels": "low-high"}, ("labels = 'low-high'", "sphere", "sign, gaussian")),
        ({"scale": "none"}, ("scale = 'none'", "sphere", "sqrt-d, unit")),
        ({"dtype": torch.int64}, ("dtype = torch.int64", "float32")),
        ({"d": 1}, ("rows", "equal", "lambda_min zero")),
    ],
)
def test_sphere_refuses(arguments, message):
    with refused(*message):
        data.sphere(**{"n": 5, "d": 3, **arguments})


# fashion-mnist


def fashion_folder(tmp_path):
    pixels, classes = images(8)
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", pixels)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", classes)
    write_idx(tmp_path / "t10k-images-idx3-ubyte", pixels[:5])
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", classes[:5] + 5)
    return pixels, classes


def test_fashion_mnist_from_a_folder(tmp_path):
    pixels, classes = fashion_folder(tmp_path)
    found = data.fashion_mnist(6, path=tmp_path, labels="one-hot", scale="none", center=False)
    np.testing.assert_array_equal(found.x.numpy(), pixels[:6].reshape(6, 6))
    np.testing.assert_array_equal(found.y.numpy(), np.eye(10)[classes[:6]])  # ten classes, seen or not
    test = data.fashion_mnist(None, path=tmp_path, split="test")
    assert test.y.flatten().tolist() == [-1.0] * 5
    assert test.name == f"fashion-mnist test, all, centred, rows scaled to norm {math.sqrt(6):g}"


def test_fashion_mnist_that_is_not_there(tmp_path):
    with refused("source = 'fashion-mnist'", str(tmp_path), "package dataset-fashion-mnist", "path"):
        data.fashion_mnist(10, path=tmp_path)
    with refused("split = 'valid'", "train, test"):
        data.fashion_mnist(10, path=tmp_path, split="valid")


@pytest.mark.skipif(not FASHION_IS_HERE, reason="the Debian package dataset-fashion-mnist is not installed")
def test_fashion_mnist_of_the_package():
    found = data.fashion_mnist(10, split="test", labels="raw")
    assert found.x.shape == (10, 784)
    np.testing.assert_allclose(found.x.norm(dim=1).numpy(), 28, rtol=1e-14)
    # published order of the test labels: ankle boot, pullover, trouser, trouser, shirt, ...
    assert found.y.flatten().tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]


# one entry point, catalogue


def test_named_is_the_same_as_the_source(tmp_path):
    np.savez(tmp_path / "a.npz", x=POINTS, y=[0, 1, 2, 3])
    fashion_folder(tmp_path)
    pairs = [
        (data.named("digits", 10, labels="one-hot", seed=5), data.digits(10, labels="one-hot")),
        (data.named("digits", 10, scale=2.0, center=False), data.digits(10, scale=2.0, center=False)),
        (data.named("sphere", 7, d=5, outputs=2, seed=3), data.sphere(7, 5, outputs=2, seed=3)),
        (
            data.named("fashion-mnist", 3, path=str(tmp_path), split="test"),
            data.fashion_mnist(3, path=tmp_path, split="test"),
        ),
        (
            data.named(str(tmp_path / "a.npz"), labels="one-hot", dtype=torch.float32),
            data.load(tmp_path / "a.npz", labels="one-hot", dtype=torch.float32),
        ),
    ]
    for found, expected in pairs:
        assert torch.equal(found.x, expected.x)
        assert torch.equal(found.y, expected.y)
        assert (found.name, found.labels) == (expected.name, expected.labels)


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("digit", {}, ("source = 'digit'", "digits, sphere, fashion-mnist", "did you mean 'digits'?")),
        ("gone/a.npz", {}, ("source = 'gone/a.npz'", "no such file", ".npz, .csv, IDX, .bin")),
        ("digits", {"d": 50}, ("d = 50", "'digits'", "labels, scale, center")),
        ("sphere", {"d": 5, "center": True}, ("center = True", "'sphere'", "labels, scale, d, outputs")),
        ("sphere", {}, ("d is not given", "'sphere'")),
        ("sphere", {"n": None, "d": 5}, ("n is not given", "'sphere'")),
        ("fashion-mnist", {"target_columns": 1}, ("target_columns = 1", "'fashion-mnist'", "split, path")),
        ("digits", {"n": 0}, ("n = 0", "from 1")),
    ],
)
def test_named_refuses(source, arguments, message):
    with refused(*message):
        data.named(source, **{"n": 10, **arguments})


def test_catalogue_tells_what_is_here():
    entries = {entry.name: entry for entry in data.catalogue()}
    assert set(entries) == set(data.NAMES)
    assert entries["digits"][1:4] == (1797, 64, 10)
    assert entries["digits"].size == data.digits(None).n
    assert entries["digits"].available
    assert entries["fashion-mnist"][1:4] == (60_000, 784, 10)
    assert entries["fashion-mnist"].available == FASHION_IS_HERE
    assert entries["sphere"][1:4] == (None, None, None)


def test_catalogue_says_when_files_are_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "FASHION_MNIST_FOLDER", tmp_path)
    assert not {entry.name: entry for entry in data.catalogue()}["fashion-mnist"].available
    fashion_folder(tmp_path)
    assert {entry.name: entry for entry in data.catalogue()}["fashion-mnist"].available


# import time


def test_importing_the_module_does_not_import_scikit_learn():
    code = "import sys, pltheory.problem.data; raise SystemExit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
