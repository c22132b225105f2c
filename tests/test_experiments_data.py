"""The experiments run from files as people have them, made here: CIFAR-10 binary, IDX, .npz, Parquet."""

from __future__ import annotations

import gzip
import json
import struct

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from experiments.__main__ import HERE, main
from experiments.data import CIFAR_MEAN, CIFAR_SCALE, images
from pltheory.theory import InvalidInputError

CIFAR = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}


def pictures(n, shape, seed):
    """Bytes (n, *shape), each near the pattern of its class, or of three planes near its colour, and the classes."""
    plain = (*shape[:-2], 1, 1) if len(shape) == 3 else shape
    patterns = np.random.default_rng(0).integers(40, 216, (10, *plain))
    draw = np.random.default_rng(seed)
    y = draw.permutation(np.arange(n) % 10)
    return (patterns[y] + draw.integers(-40, 40, (n, *shape))).astype(np.uint8), y.astype(np.uint8)


def idx(path, array):
    """An IDX file of bytes."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wb") as file:
        file.write(head + array.tobytes())


def invoke(tmp_path, name, text, *arguments):
    config = tmp_path / "mine.toml"
    config.write_text(text)
    return CliRunner().invoke(main, [name, "--config", str(config), "--out", str(tmp_path / "out"), *arguments])


def written(folder, n=20):
    """CIFAR-10's binary version, with fewer records a file."""
    for i, file in enumerate(name for names in CIFAR.values() for name in names):
        x, y = pictures(n, (3, 32, 32), i + 1)
        np.concatenate([y[:, None], x.reshape(n, -1)], axis=1).tofile(folder / file)


def from_cifar(tmp_path):
    """The paper's settings, on few images and with few channels."""
    text = (HERE / "resnet18" / "full.toml").read_text()
    for old, new in (
        ('"data/cifar-10-batches-bin"', f'"{tmp_path}"'),
        ("train = 50000", "train = 100"),
        ("test = 10000", "test = 20"),
        ("[64, 128, 256, 512]", "[8, 12]"),
        ("blocks = 2", "blocks = 1"),
        ('device = "cuda"', 'device = "cpu"'),
        ("batch = 512", "batch = 25"),
        ("steps = 19400", "steps = 24"),
        ("every = 97", "every = 12"),
        ("cuts = [100, 150]", "cuts = [5]"),
        ("seeds = [0, 1, 2]", "seeds = [0]"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


def test_resnet_18_from_the_binary_files_of_cifar_10(tmp_path):
    written(tmp_path)
    made = invoke(tmp_path, "resnet18", from_cifar(tmp_path))
    assert made.exit_code == 0, made.output
    runs = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "out").iterdir()}
    assert set(runs) == {f"resnet18-{name}-0" for name in ("sgd", "gclip", "adam", "delta-gclip", "delta-gclip-1e-8")}
    assert all(run["steps"] == [0, 12, 24] and not run["diverged"] for run in runs.values())
    for name in ("gclip", "delta-gclip", "delta-gclip-1e-8"):
        assert runs[f"resnet18-{name}-0"]["audit"]["steps"] == 24
    # Ten colours under noise are learned: with a label that was read from another place nothing would be.
    assert runs["resnet18-delta-gclip-0"]["train"][-1] < 0.5 * runs["resnet18-delta-gclip-0"]["train"][0]
    assert runs["resnet18-delta-gclip-0"]["accuracy"][-1] > 0.5


@pytest.mark.parametrize("missing", ["data_batch_3.bin", "test_batch.bin"])
def test_a_file_of_cifar_10_that_is_missing_is_said_and_nothing_is_written(tmp_path, missing):
    written(tmp_path)
    (tmp_path / missing).unlink()
    made = invoke(tmp_path, "resnet18", from_cifar(tmp_path))
    assert made.exit_code == 2
    assert f"no {missing} in" in made.output
    assert made.output.count("\n") == 1
    assert not list((tmp_path / "out").iterdir())


def test_every_pixel_of_cifar_10_is_where_it_was(tmp_path):
    written(tmp_path)
    found = images("cifar-10", "train", None, str(tmp_path))
    x, y = (np.concatenate(part) for part in zip(*(pictures(20, (3, 32, 32), i) for i in range(1, 6)), strict=True))
    assert found.y.tolist() == y.tolist()
    for colour, (mean, scale) in enumerate(zip(CIFAR_MEAN, CIFAR_SCALE, strict=True)):
        expected = (x[:, colour] / 255.0 - mean) / scale
        np.testing.assert_allclose(found.x[:, colour].numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_the_autoencoder_from_idx_files(tmp_path, ending):
    for split, n in (("train", 40), ("t10k", 20)):
        x, y = pictures(n, (28, 28), n)
        idx(tmp_path / f"{split}-images-idx3-ubyte{ending}", x)
        idx(tmp_path / f"{split}-labels-idx1-ubyte{ending}", y)
    found = images("fashion-mnist", "train", None, str(tmp_path))
    x, y = pictures(40, (28, 28), 40)
    np.testing.assert_allclose(found.x[:, 0].numpy(), x / 255.0, rtol=1e-6)
    assert found.y.tolist() == y.tolist()
    text = (HERE / "vae" / "smoke.toml").read_text()
    text = text.replace('data = "generated"', f'data = "fashion-mnist"\npath = "{tmp_path}"').replace(
        "n = 200", "n = 20"
    )
    made = invoke(tmp_path, "vae", text)
    assert made.exit_code == 0, made.output
    run = json.loads((tmp_path / "out" / "adam-0.json").read_text())
    assert run["samples"] == [20, 20]
    assert run["train"][-1] < run["train"][0]


def as_npz(folder, split, x, y):
    np.savez(folder / f"{split}.npz", x=x[:, None], y=y)


def as_parquet(folder, split, x, y):
    pixels = pd.DataFrame(x.reshape(len(x), -1), columns=[f"p{i}" for i in range(x[0].size)])
    pixels.assign(label=y).to_parquet(folder / f"{split}.parquet", index=False)


NETWORK = """[networks.mlp]
data = "files"
path = "{path}"
white = 255
train = 100
validation = 20
test = 40
network = "mlp"
widths = [16]
batch = 20
steps = 60
every = 30
seeds = [0]
[networks.mlp.optimizers]
sgd = {{ name = "sgd", lr = 0.5 }}
"""


@pytest.mark.parametrize("write", [as_npz, as_parquet])
def test_a_classifier_from_files_of_ones_own(tmp_path, write):
    for split, n in (("train", 120), ("test", 40)):
        write(tmp_path, split, *pictures(n, (8, 8), n))
    found = images("files", "test", None, str(tmp_path), 255)
    x, y = pictures(40, (8, 8), 40)
    assert found.x.shape == (40, 1, 8, 8)
    np.testing.assert_allclose(found.x[:, 0].numpy(), x / 255.0, rtol=1e-6)
    assert found.y.tolist() == y.tolist()
    made = invoke(tmp_path, "small_networks", NETWORK.format(path=tmp_path))
    assert made.exit_code == 0, made.output
    assert json.loads((tmp_path / "out" / "mlp-sgd-0.json").read_text())["accuracy"][-1] > 0.8


def test_files_that_cannot_be_images_with_labels_are_refused(tmp_path):
    x, y = pictures(20, (8, 8), 1)

    def refused(why, white=255.0):
        images.cache_clear()
        with pytest.raises(InvalidInputError, match=why):
            images("files", "train", None, str(tmp_path), white)

    refused(r"one of train\.npz, train\.parquet; there is none")
    as_npz(tmp_path, "train", x, y)
    refused("white = None", None)
    refused("white = 0", 0.0)
    refused("white = True", True)
    as_parquet(tmp_path, "train", x, y)
    refused(r"there is train\.npz and train\.parquet")
    (tmp_path / "train.npz").unlink()
    as_parquet(tmp_path, "train", x, y + 5)
    refused(r"label of row \d+ \(from 0\) is 1\d; allowed are 0 to 9")
    as_parquet(tmp_path, "train", x[:, :, :7], y)
    refused("rows of 56 numbers, shape not said")
    (tmp_path / "train.parquet").write_bytes(b"PAR1")
    refused("Parquet")
    with pytest.raises(InvalidInputError, match="only data = 'files' takes it"):
        images("digits", "train", None, None, 255)
