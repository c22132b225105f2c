"""Samples and outputs with axes of their own: what a problem takes, how it flattens, what it refuses in one line."""

from __future__ import annotations

import math
import re
import struct

import numpy as np
import pytest
import torch
from torch import nn

from pltheory.measure.linearization import linearize, recognised
from pltheory.problem import data
from pltheory.problem.admissible import antipodal_pair, check_data
from pltheory.problem.problem import Problem, in_span_of_data
from pltheory.problem.snapshot import snapshot
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.cases import draws


def refused(*parts, kind=InvalidInputError):
    """One line that holds the parts in this order."""
    return pytest.raises(kind, match="^[^\n]*" + "[^\n]*".join(map(re.escape, parts)) + "[^\n]*$")


def images():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(18, 4)).double()
    return net, draws(1, (5, 2, 4, 5))[0]


def tokens():
    """Matrix products and activations alone, but token by token: no network of class N."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 2)).double(), draws(2, (4, 5, 3))[0]


# Targets


def test_targets_of_the_outputs_shape_are_flattened_in_row_order():
    net, x = tokens()
    (y,) = draws(3, (4, 5, 2))
    problem = Problem(net, x, y)
    assert problem.output_shape == (5, 2)
    assert problem.y.shape == (4, 10)
    for i in range(4):
        for t in range(5):
            for k in range(2):
                assert problem.y[i, 2 * t + k] == y[i, t, k]
    expected = (net(x) - y).detach()
    torch.testing.assert_close(problem.residual().detach(), expected.reshape(4, 10))
    torch.testing.assert_close(problem.value().detach(), 0.5 * expected.square().sum())
    mean = Problem(net, x, y, "mean")
    torch.testing.assert_close(mean.value().detach(), 0.5 * expected.square().sum() / 4)


def test_flattened_targets_copies_and_other_problems_of_them_are_the_same():
    net, x = tokens()
    (y,) = draws(3, (4, 5, 2))
    problem = Problem(net, x, y)
    for other in (Problem(net, x, problem.y), problem.copy(), Problem(net, x, y.transpose(1, 2).mT)):
        assert torch.equal(other.residual(), problem.residual())
        assert other.output_shape == (5, 2)


def test_outputs_as_images():
    torch.manual_seed(1)
    net, (x, y) = nn.Conv2d(1, 2, 2).double(), draws(4, (3, 1, 3, 4), (3, 2, 2, 3))
    problem = Problem(net, x, y)
    assert (problem.output_shape, problem.y.shape) == ((2, 2, 3), (3, 12))
    torch.testing.assert_close(problem.residual().detach(), (net(x) - y).detach().reshape(3, -1))


@pytest.mark.parametrize("shape", [(4, 2, 5), (4, 5, 1), (4, 5), (4, 2), (4, 11), (4, 1, 5, 2), (4, 1)])
def test_targets_of_another_shape_are_refused(shape):
    """Most of these would broadcast against the outputs (4, 5, 2), or have as many numbers."""
    net, x = tokens()
    with refused("(4, 5, 3) to (4, 5, 2)", f"y is {shape}"):
        Problem(net, x, torch.ones(shape, dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("stored", [torch.int64, torch.uint8])
def test_class_labels_become_one_hot_in_the_networks_precision(dtype, stored):
    net, x = images()
    labels = torch.tensor([3, 0, 0, 2, 1])
    problem = Problem(net.to(dtype), x.to(dtype), labels.to(stored))
    assert problem.y.dtype is dtype
    assert torch.equal(problem.y, torch.eye(4, dtype=dtype)[labels])
    labels[0] = 1
    assert problem.y[0].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 1, 2, 4, 0], ("row 3 (from 0) is 4", "0 to 3")),
        ([0, 1, -1, 2, 0], ("row 2 (from 0) is -1", "0 to 3")),
        ([0, 1, 2], ("y has 3 rows and x has 5",)),
        ([[0], [1], [2], [3], [0]], ("y has dtype torch.int64",)),
        ([True, False, True, False, True], ("y has dtype torch.bool",)),
    ],
)
def test_labels_that_are_none(labels, words):
    net, x = images()
    with refused(*words):
        Problem(net, x, torch.tensor(labels))


def test_labels_need_vectors_of_classes():
    net, x = tokens()
    with refused("class labels", "(4, 5, 2)", "(n, C) with C >= 2"):
        Problem(net, x, torch.zeros(4, dtype=torch.int64))
    one = nn.Sequential(net, nn.Flatten(), nn.Linear(10, 1).double())
    with refused("class labels", "(4, 1)", "C >= 2"):
        Problem(one, x, torch.zeros(4, dtype=torch.int64))
    with refused("rows 1 and 2", "equal"):
        Problem(nn.Sequential(net, nn.Flatten()), x[[0, 1, 1, 2]], torch.zeros(4, dtype=torch.int64))


# Points


def test_duplicate_and_opposite_samples_are_found_among_images():
    _, x = images()
    y = torch.ones(5, 1, dtype=torch.float64)
    check_data(x, y)
    assert antipodal_pair(x) is None
    twice, opposite, zero = x.clone(), x.clone(), x.clone()
    twice[4], opposite[3], zero[2] = twice[1], -opposite[0], 0
    with refused("x: rows 1 and 4 (from 0) are equal"):
        check_data(twice, y)
    assert antipodal_pair(opposite) == (0, 3)
    assert antipodal_pair(zero) == (2, 2)
    zero[2, 0, 0, 0] = 1
    assert antipodal_pair(zero) is None
    twice[4, 1, 3, 4] += 1e-9  # one pixel
    check_data(twice, y)
    x[3, 1, 2, 0] = math.nan
    with refused("x: row 3 (from 0), column 31 is nan"):
        check_data(x, y)


# One line each


def test_channels_last():
    net, x = images()
    with refused("does not take x of shape (5, 4, 5, 2)", "it takes x.movedim(-1, 1), channels first"):
        Problem(net, x.movedim(1, -1), torch.ones(5, 4, dtype=torch.float64))
    with refused("does not take x of shape (5, 4, 5, 3)", "2 channels") as caught:
        Problem(net, draws(1, (5, 4, 5, 3))[0], torch.ones(5, 4, dtype=torch.float64))
    assert "movedim" not in str(caught.value)


def test_outputs_without_a_row_a_sample():
    net, x = images()
    y = torch.ones(5, 4, dtype=torch.float64)
    with refused("to (20,)", "a row of outputs a sample, (5, C)"):
        Problem(nn.Sequential(net, nn.Flatten(0)), x, y)
    with refused("to (1, 5, 4)", "a row of outputs a sample"):
        Problem(nn.Sequential(net, nn.Unflatten(0, (1, 5))), x, y)


def test_a_module_on_two_devices():
    net, x = images()
    y = torch.ones(5, 4, dtype=torch.float64)
    net[3] = nn.Linear(18, 4, dtype=torch.float64, device="meta")
    with refused("parameter 3.weight", "meta"):
        Problem(net, x, y)

    class Elsewhere(nn.Module):
        def forward(self, x):
            return x.flatten(1).to("meta")

    with refused("outputs are on meta, the data on cpu", "one device"):
        Problem(Elsewhere(), x, torch.ones(5, 40, dtype=torch.float64))


# Class N takes vectors


def test_layers_applied_token_by_token_are_not_of_class_n():
    """The reading of the module alone is of class N: what was read would be said of another function."""
    net, x = tokens()
    problem = Problem(net, x, torch.zeros(4, 5, 2, dtype=torch.float64))
    with refused("x has shape (4, 5, 3)", "vectors (n, d)", kind=NotAvailableError):
        problem.class_n()
    with refused("x has shape (4, 5, 3)", kind=NotAvailableError):
        linearize(net, x)
    assert not recognised(net, x)
    assert in_span_of_data(problem) is None
    assert snapshot(problem).refusal is None  # it is read as a graph
    flat = Problem(net, x.flatten(0, 1), torch.zeros(20, 2, dtype=torch.float64))
    assert flat.class_n().widths == [3, 6, 2]


# Data sets


def test_digits_as_images_are_the_rows_reshaped():
    rows, found = data.digits(6), data.digits(6, flat=False)
    assert found.x.shape == (6, 1, 8, 8)
    assert torch.equal(found.x.flatten(1), rows.x)
    assert torch.equal(found.y, rows.y)
    assert (found.d, found.n, found.outputs) == (64, 6, 1)
    assert "samples of shape 1 x 8 x 8" in found.name
    assert "shape" not in rows.name


def test_idx_cifar_and_archives_as_images(tmp_path):
    gen = np.random.default_rng(0)
    pixels = gen.integers(0, 256, (4, 2, 3), dtype=np.uint8)
    (tmp_path / "images").write_bytes(struct.pack(">HBB3I", 0, 8, 3, 4, 2, 3) + pixels.tobytes())
    (tmp_path / "labels").write_bytes(struct.pack(">HBBI", 0, 8, 1, 4) + bytes([0, 1, 0, 1]))
    planes = gen.integers(0, 256, (3, 3, 32, 32), dtype=np.uint8)
    records = [bytes([k]) + planes[k].tobytes() for k in range(3)]
    (tmp_path / "batch.bin").write_bytes(b"".join(records))
    np.savez(tmp_path / "a.npz", x=gen.standard_normal((3, 5, 2)), y=np.arange(3))
    held = {"images": pixels[:, None], "batch.bin": planes, "a.npz": np.load(tmp_path / "a.npz")["x"]}
    for file, expected in held.items():
        found = data.load(tmp_path / file, scale="none", center=False, flat=False)
        np.testing.assert_array_equal(found.x.numpy(), expected.astype(np.float64))
        rows = data.load(tmp_path / file)
        assert rows.x.ndim == 2
        assert torch.equal(data.load(tmp_path / file, flat=False).x.flatten(1), rows.x)


def test_points_without_axes_of_their_own_have_no_images(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.eye(3), y=np.arange(3))
    with refused("flat = False", "vectors of 3 numbers"):
        data.load(tmp_path / "a.npz", flat=False)
    with refused("flat = 'no'", "true and false"):
        data.digits(3, flat="no")
