"""Data files: what is read of each format, and what is refused."""

from __future__ import annotations

import gzip
import io
import math
import warnings
import zipfile

import numpy as np
import pytest

from pltheory.problem import data
from tests.problem.data_files import POINTS, images, write_idx
from tests.problem.text_tables import refused

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
