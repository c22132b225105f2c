"""The kernel as an operator, against the dense Jacobian."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import eigsh
from torch import nn

from pltheory.measure.kernel_products import KernelOperator
from pltheory.theory import InvalidInputError, NotAvailableError
from tests.cases import draws
from tests.measure.test_layer_rules import F64, PARTLY, RULED, Net, build, close, dense_jacobian, linear

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")
NAMES = ["mlp, biases", "convolutions", "transformer block", "tied autoencoder", "output ignores a layer", "checkpoint"]


@pytest.mark.parametrize("block", [None, 1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_products(name, block):
    net, x = build(RULED[name], 5)
    j = dense_jacobian(net, x)
    op = KernelOperator(net, x, block=block)
    assert op.shape == (len(j), len(j))
    assert op.parameters == j.shape[1]
    v, u = draws(2, (len(j),), (j.shape[1],))
    close(op.transpose_times(v), j.T @ v)
    close(op.jacobian_times(u), j @ u)
    close(torch.as_tensor(op @ v.numpy()), j @ (j.T @ v))
    close(torch.as_tensor(op.rmatvec(v.numpy())), j @ (j.T @ v))


def test_two_backward_passes_where_there_is_no_forward_mode():
    net, x = build(PARTLY["an operation of its own"][0], 4)
    j = dense_jacobian(net, x)
    op = KernelOperator(net, x)
    assert not op._forward_mode
    (u,) = draws(3, (j.shape[1],))
    close(op.jacobian_times(u), j @ u)


def test_extreme_eigenvalues_by_eigsh():
    net, x = build(RULED["mlp, biases"], 6)
    values = torch.linalg.eigvalsh((j := dense_jacobian(net, x)) @ j.T)
    start = np.ones(len(j))
    assert eigsh(KernelOperator(net, x), k=1, v0=start)[0][0] == pytest.approx(float(values[-1]))
    low = eigsh(KernelOperator(net, x), k=1, which="SA", v0=start)[0][0]
    assert low == pytest.approx(float(values[0]), abs=1e-10 * float(values[-1]))


def test_single_precision_stays_single():
    net, x = build(RULED["mlp, biases"], 3)
    op = KernelOperator(net.float(), x.float())
    assert op.dtype == np.float32
    assert (op @ np.ones(6, dtype=np.float32)).dtype == np.float32


class Once(torch.autograd.Function):
    """Differentiable once, backwards only."""

    @staticmethod
    def forward(ctx, x):
        return x.sin()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return g


def test_what_can_be_differentiated_only_once_is_refused():
    torch.manual_seed(0)
    net = Net(lambda s, x: s.out(Once.apply(s.inside(x))), inside=linear(3, 3), out=linear(3, 1))
    with pytest.raises(NotAvailableError, match="not available for this network"):
        KernelOperator(net, draws(1, (3, 3))[0])


def test_bad_input():
    net, x = build(RULED["mlp, biases"], 3)
    with pytest.raises(InvalidInputError, match="block = 0"):
        KernelOperator(net, x, block=0)
    with pytest.raises(InvalidInputError, match="mix"):
        KernelOperator(nn.Sequential(linear(3, 2), nn.Dropout(0.5)), draws(0, (50, 3))[0].to(**F64))
