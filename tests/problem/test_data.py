"""Named data sets, data files, and what is refused."""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from pltheory.problem import data
from pltheory.theory import InvalidInputError

FASHION = data.FASHION_MNIST_FOLDER
FASHION_IS_HERE = (FASHION / "train-images-idx3-ubyte.gz").is_file()
POINTS = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25], [-2.0, 4.0]])


def refused(*parts):
    """One line that holds the parts in this order."""
    return pytest.raises(InvalidInputError, match="^[^\n]*" + "[^\n]*".join(map(re.escape, parts)) + "[^\n]*$")


def write_idx(path, array, code=0x08):
    kind = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}[code]
    raw = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.astype(kind).tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def images(n=6, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (n, 3, 2))
    return pixels, np.arange(n) % 4


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


# files


def test_npz_raw_targets(tmp_path):
    path = tmp_path / "some.npz"
    targets = np.array([[0.5, 1.0], [2.0, -1.0], [0.0, 0.0], [3.0, 4.0]])
    np.savez(path, x=POINTS, y=targets)
    found = data.load(path, n=3, scale="none", center=False)
    np.testing.assert_array_equal(found.x.numpy(), POINTS[:3])
    np.testing.assert_array_equal(found.y.numpy(), targets[:3])
    assert found.name == "some.npz, first 3"
    assert found.labels == "targets as stored"


def test_files_are_centred_by_all_their_rows(tmp_path):
    np.savez(tmp_path / "a.npz", x=POINTS, y=np.zeros(4))
    found = data.load(tmp_path / "a.npz", n=2, scale="none")
    np.testing.assert_allclose(found.x.numpy(), POINTS[:2] - POINTS.mean(axis=0), rtol=1e-15)
    scaled = data.load(tmp_path / "a.npz", n=2)
    np.testing.assert_allclose(scaled.x.norm(dim=1).numpy(), math.sqrt(2), rtol=1e-14)


def test_npz_flattens_images_and_reads_integer_classes(tmp_path):
    pixels, classes = images(5)
    np.savez(tmp_path / "i.npz", x=pixels.astype(np.uint8), y=classes)
    found = data.load(tmp_path / "i.npz", labels="low-high", scale="none", center=False)
    np.testing.assert_array_equal(found.x.numpy(), pixels.reshape(5, 6))
    assert found.y.flatten().tolist() == [1, 1, -1, -1, 1]  # four classes: 0 and 1 are low
    assert found.labels == "+1 for class < 2, else -1"


def test_low_high_with_an_odd_number_of_classes(tmp_path):
    np.savez(tmp_path / "a.npz", x=POINTS, y=[0, 1, 2, 1])
    found = data.load(tmp_path / "a.npz", labels="low-high")  # class < 3/2
    assert found.y.flatten().tolist() == [1, 1, -1, 1]


def test_classes_are_counted_over_the_whole_file(tmp_path):
    np.savez(tmp_path / "a.npz", x=POINTS, y=[0.0, 1.0, 2.0, 5.0])
    found = data.load(tmp_path / "a.npz", n=2, labels="one-hot")
    assert found.y.tolist() == [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]]


@pytest.mark.parametrize(
    "text",
    [
        "a,b,target\n1,2,0.5\n3,-1,1\n",
        "1,2,0.5\n3,-1,1",
        '\ufeff1, 2 ,5e-1\r\n"3",-1,1\r\n\n',
        '"first, of all",b,target\n1,2,0.5\n# between\n3,-1,1\n',
    ],
)
def test_csv(tmp_path, text):
    (tmp_path / "t.csv").write_bytes(text.encode())
    found = data.load(tmp_path / "t.csv", scale="none", center=False)
    assert found.x.tolist() == [[1.0, 2.0], [3.0, -1.0]]
    assert found.y.tolist() == [[0.5], [1.0]]


def test_csv_several_targets_and_one_row(tmp_path):
    (tmp_path / "t.csv").write_text("1,2,3,4\n")
    found = data.load(tmp_path / "t.csv", target_columns=3, scale="none", center=False)
    assert found.x.tolist() == [[1.0]]
    assert found.y.tolist() == [[2.0, 3.0, 4.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ("t.csv", "no row of numbers")),
        ("a,b\n", ("t.csv", "no row of numbers")),
        ("1,2\n3,x\n", ("t.csv", "line 2, column 2 is 'x'", "numbers")),
        ("a,b\n1,2\n\n3,\n", ("t.csv", "line 4, column 2 is ''", "numbers")),
        ("1,2\n1,2,3\n", ("t.csv", "line 2 has 3 columns", "has 2")),
        ("1,2\n1_0,2\n", ("t.csv", "line 2, column 1 is '1_0'", "numbers")),
        ("1\n2\n", ("target_columns = 1", "1 columns")),
        ("1,2\nnan,3\n", ("line 2, column 1 is 'nan'", "finite")),
        ("1,2\n2,inf\n", ("line 2, column 2 is 'inf'", "finite")),
    ],
)
def test_csv_refuses(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with refused(*message):
        data.load(tmp_path / "t.csv")


@pytest.mark.parametrize("value", [0, 2, 1.0, True])
def test_target_columns_out_of_range(tmp_path, value):
    (tmp_path / "t.csv").write_text("1,2\n3,4\n")
    with refused(f"target_columns = {value!r}", "allowed"):
        data.load(tmp_path / "t.csv", target_columns=value)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_finds_its_label_file(tmp_path, ending):
    pixels, classes = images()
    path = write_idx(tmp_path / f"train-images-idx3-ubyte{ending}", pixels)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", classes)
    found = data.load(path, scale="none", center=False)
    np.testing.assert_array_equal(found.x.numpy(), pixels.reshape(6, 6))
    assert found.y.flatten().tolist() == [1, 1, -1, -1, 1, 1]
    one_hot = data.load(path, labels="one-hot").y
    np.testing.assert_array_equal(one_hot.numpy(), np.eye(4)[classes])
    assert data.load(path, labels="raw").y.flatten().tolist() == classes.tolist()
    # the label file that ends as the image file does comes first
    write_idx(tmp_path / f"train-labels-idx1-ubyte{ending}", classes)
    write_idx(tmp_path / f"train-labels-idx1-ubyte{'' if ending else '.gz'}", classes + 1)
    assert data.load(path, labels="raw").y.flatten().tolist() == classes.tolist()


@pytest.mark.parametrize("code", [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E])
def test_idx_number_types(tmp_path, code):
    points = np.array([[1, 100], [3, 7], [0, 2]])
    if code > 0x08:
        points[0, 0] = -5
    if code > 0x09:
        points[1, 1] = 300
    path = write_idx(tmp_path / "p.idx2", points, code)
    labels = write_idx(tmp_path / "q.idx1", np.array([0, 1, 0]))
    found = data.load(path, label_file=labels, scale="none", center=False)
    np.testing.assert_array_equal(found.x.numpy(), points)


def test_idx_refuses(tmp_path):
    pixels, classes = images()
    path = write_idx(tmp_path / "t-images-idx3-ubyte", pixels)
    with refused("label_file", "t-labels-idx1-ubyte", "no such file"):
        data.load(path)
    labels = write_idx(tmp_path / "t-labels-idx1-ubyte", classes[:5])
    with refused("label_file", "shape (5,)", "needed are 6 integers"):
        data.load(path)
    with refused("holds a list of 5 labels", "image file"):
        data.load(labels)
    write_idx(labels, classes + 0.5, 0x0D)
    with refused("label_file", "float32", "needed are 6 integers"):
        data.load(path)
    write_idx(labels, classes - 1, 0x09)
    with refused("labels = 'low-high'", "row 0 (from 0) is -1", "0 to 2"):
        data.load(path)
    unnamed = write_idx(tmp_path / "pixels.idx", pixels)
    with refused("label_file", "'pixels.idx'", "must be given"):
        data.load(unnamed)
    path.write_bytes(path.read_bytes()[:-1])
    with refused("t-images-idx3-ubyte", "damaged", "51 bytes", "says 52"):
        data.load(path)
    path.write_bytes(b"\0\0\x08\x03\0\0")
    with refused("damaged", "cut off"):
        data.load(path)
    path.write_bytes(gzip.compress(bytes(100))[:-6])
    with refused("t-images-idx3-ubyte", "gzip"):
        data.load(path)


def cifar_records(labels):
    rng = np.random.default_rng(3)
    return np.column_stack([labels, rng.integers(0, 256, (len(labels), 3072))]).astype(np.uint8)


def test_cifar_binary(tmp_path):
    records = cifar_records([9, 0, 4, 5])
    (tmp_path / "batch.bin").write_bytes(records.tobytes())
    found = data.load(tmp_path / "batch.bin", scale="none", center=False)
    np.testing.assert_array_equal(found.x.numpy(), records[:, 1:])
    assert found.y.flatten().tolist() == [-1, 1, 1, -1]
    one_hot = data.load(tmp_path / "batch.bin", n=2, labels="one-hot").y
    np.testing.assert_array_equal(one_hot.numpy(), np.eye(10)[[9, 0]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ("batch.bin", "0 bytes", "3073")),
        (bytes(3074), ("batch.bin", "3074 bytes", "multiple of 3073")),
        (cifar_records([1, 17]).tobytes(), ("label of record 1 (from 0) is 17", "0 to 9")),
    ],
)
def test_cifar_refuses(tmp_path, content, message):
    (tmp_path / "batch.bin").write_bytes(content)
    with refused(*message):
        data.load(tmp_path / "batch.bin")


def test_missing_unknown_and_damaged_files(tmp_path):
    with refused("source = ", "none.npz", "no such file"):
        data.load(tmp_path / "none.npz")
    with refused("it is a folder", "allowed is a regular file"):
        data.load(tmp_path)
    (tmp_path / "notes.txt").write_text("hello, this is no data")
    with refused("notes.txt", "no known format", ".npz, .csv, IDX, .bin"):
        data.load(tmp_path / "notes.txt")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 and no more")
    with refused("bad.npz", "no .npz archive", "numpy.savez"):
        data.load(tmp_path / "bad.npz")
    np.save(tmp_path / "one.npy", POINTS)
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    with refused("one.npz", "no .npz archive"):
        data.load(tmp_path / "one.npz")
    np.savez(tmp_path / "hurt.npz", x=POINTS, y=np.zeros(4))
    raw = bytearray((tmp_path / "hurt.npz").read_bytes())
    raw[raw.index(POINTS.tobytes())] ^= 1
    (tmp_path / "hurt.npz").write_bytes(raw)
    with refused("hurt.npz", "CRC"):
        data.load(tmp_path / "hurt.npz")
    raw[raw.index(b"PK\x01\x02") + 10] = 99  # a compression method that does not exist
    (tmp_path / "hurt.npz").write_bytes(raw)
    with refused("hurt.npz", "compression method"):
        data.load(tmp_path / "hurt.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": POINTS}, ("no array 'x'", "it holds a", "x (N, d)")),
        ({"x": POINTS}, ("no array 'y'", "it holds x")),
        ({"x": POINTS, "y": np.zeros(3)}, ("shape (4, 2)", "(3,)", "(N, d)")),
        ({"x": np.zeros(4), "y": np.zeros(4)}, ("shape (4,)", "(N, d)")),
        ({"x": POINTS, "y": np.zeros((4, 1, 1))}, ("(4, 1, 1)", "(N, C)")),
        ({"x": POINTS, "y": np.array(list("abcd"))}, ("y has type", "real numbers")),
        ({"x": POINTS + 1j, "y": np.zeros(4)}, ("x has type complex128", "real numbers")),
        ({"x": np.array([[None, 1]]), "y": np.zeros(1)}, (".npz archive of plain arrays", "allow_pickle")),
        ({"x": np.zeros((0, 2)), "y": np.zeros(0)}, ("has 0 rows",)),
        ({"x": np.zeros((2, 0)), "y": np.zeros(2)}, ("length 0", "d >= 1")),
        ({"x": POINTS, "y": np.zeros((4, 0))}, ("y has shape (4, 0)", "C >= 1")),
        ({"x": np.array([[1, 2], [3, np.nan]]), "y": np.zeros(2)}, ("x: row 1", "nan", "finite")),
        ({"x": np.array([[1, 2], [3, -1e200]]), "y": np.zeros(2)}, ("x: row 1", "-1e+200", "1e150")),
        ({"x": np.array([[1, np.inf], [3, 2]], np.float32), "y": np.zeros(2)}, ("x: row 0", "inf")),
    ],
)
def test_npz_refuses(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with refused(*message):
        data.load(tmp_path / "a.npz")


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_a_number_that_is_none_is_refused_with_its_place(tmp_path, kind):
    """Wherever it stands, as in a table of text: beyond the rows that are taken as well."""
    for bad, said in ((np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")):
        np.savez(tmp_path / "a.npz", x=np.vstack([POINTS, [[0.0, bad]]]).astype(kind), y=np.zeros(5))
        for reader in (data.read, lambda path: data.load(path, n=2, center=False)):
            with refused("a.npz", f"x: row 4 (from 0), column 2 is {said}; allowed are finite numbers up to 1e150"):
                reader(tmp_path / "a.npz")
        np.savez(tmp_path / "a.npz", x=POINTS, y=np.array([0, 1, bad, 2], kind))
        with refused("a.npz", f"y: row 2 (from 0), column 1 is {said}"):
            data.read(tmp_path / "a.npz")


def test_a_number_that_is_none_in_an_idx_file_is_refused(tmp_path):
    path = write_idx(tmp_path / "t-images", np.array([[[1.0, 2.0]], [[np.nan, 2.0]]]), 0x0D)
    write_idx(tmp_path / "t-labels", np.array([0, 1]))
    with refused("t-images", "x: row 1 (from 0), column 1 is nan"):
        data.read(path)


@pytest.mark.parametrize("bad", [2**53 + 1, -(2**53) - 1, 2**63 - 1, 10**17 + 1])
def test_a_whole_number_that_no_double_holds_is_refused(tmp_path, bad):
    np.savez(tmp_path / "a.npz", x=np.array([[1, 2], [3, bad]]), y=[0, 1])
    with refused("a.npz", f"x: row 1 (from 0), column 2 is {bad}; allowed are whole numbers", "2**53"):
        data.read(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", x=np.array([[1, 2], [3, 2**60]]), y=np.array([2**63, 0], np.uint64))
    assert data.read(tmp_path / "a.npz").source.x[1, 1] == 2**60


def test_a_member_twice_is_refused(tmp_path):
    """NumPy reads the last of them, other programs the first."""
    for second in ("x.npy", "x"):
        np.savez(tmp_path / "a.npz", x=POINTS, y=np.zeros(4))
        raw = io.BytesIO()
        np.save(raw, POINTS + 1)
        with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr(second, raw.getvalue())
        with refused("a.npz", "holds the array 'x' twice; allowed is one"):
            data.read(tmp_path / "a.npz")


def test_an_option_that_is_none_is_an_error_of_the_program(tmp_path):
    np.savez(tmp_path / "a.npz", x=POINTS, y=np.zeros(4))
    for reader in (data.read, data.load, data.named):
        with pytest.raises(TypeError, match="heading is no option of a data file; allowed are header, label, index"):
            reader(tmp_path / "a.npz", heading=True)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([0, 1, -1, 1], ("labels = 'one-hot'", "row 2 (from 0) is -1", "labels = 'raw'")),
        ([0, 1, 0.5, 1], ("labels = 'one-hot'", "row 2 (from 0) is 0.5", "whole numbers")),
        ([0, 1, 0, np.nan], ("a.npz", "y: row 3 (from 0), column 1 is nan")),
        ([0, 1, 0, 10_000], ("labels = 'one-hot'", "row 3 (from 0) is 10000", "0 to 9999")),
        ([[0, 1]] * 4, ("labels = 'one-hot'", "in one column", "have 2")),
    ],
)
def test_class_labels_out_of_range(tmp_path, targets, message):
    np.savez(tmp_path / "a.npz", x=POINTS, y=np.array(targets))
    with refused(*message):
        data.load(tmp_path / "a.npz", labels="one-hot")


def test_low_high_needs_two_classes(tmp_path):
    np.savez(tmp_path / "a.npz", x=POINTS, y=[0, 0, 0, 0])
    with refused("labels = 'low-high'", "one class", "two"):
        data.load(tmp_path / "a.npz", labels="low-high")


def test_a_zero_row_cannot_be_scaled(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.vstack([POINTS, [[0.0, 0.0]]]), y=np.zeros(5))
    with refused("scale = 'unit'", "row 4 (from 0) of a.npz is zero", "scale = 'none'"):
        data.load(path, scale="unit", center=False)
    assert data.load(path, scale="none", center=False).n == 5
    assert data.load(path, scale="unit", n=4, center=False).n == 4


def test_a_row_equal_to_the_mean_is_zero_despite_round_off(tmp_path):
    # 0.1, 0.2, 0.3: the mean as computed is not 0.2, and the row in the middle is round-off, not a direction
    x = np.array([[0.1, 0.7], [0.2, 0.7], [0.3, 0.7]])
    assert np.abs(x[1] - x.mean(axis=0)).max() > 0
    np.savez(tmp_path / "a.npz", x=x, y=np.zeros(3))
    with refused("scale = 'sqrt-d'", "row 1 (from 0) of a.npz is zero after centring"):
        data.load(tmp_path / "a.npz")


def test_huge_and_tiny_rows_are_scaled_without_overflow(tmp_path):
    np.savez(tmp_path / "a.npz", x=POINTS * np.array([[1e149], [1e-200], [1e-300], [1.0]]), y=np.zeros(4))
    found = data.load(tmp_path / "a.npz", center=False, scale="unit").x.numpy()
    np.testing.assert_allclose(found, POINTS / np.linalg.norm(POINTS, axis=1)[:, None], rtol=1e-13)


def test_options_of_another_format_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=POINTS, y=np.zeros(4))
    with refused("target_columns = 2", ".csv", "a.npz"):
        data.load(tmp_path / "a.npz", target_columns=2)
    with refused("label_file = ", "IDX", "a.npz"):
        data.load(tmp_path / "a.npz", label_file=tmp_path / "b")


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
