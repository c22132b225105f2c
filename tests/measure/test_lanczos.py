"""Lanczos in lockstep against dense eigenvalues, and against scipy's count of products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

from pltheory.measure.lanczos import ceiling, largest_modulus
from pltheory.theory import NumericalFailureError
from tests.cases import draws


@dataclass(frozen=True)
class Dense:
    """Symmetric matrices (B, N, N) as the batch that Lanczos takes."""

    matrices: Tensor

    @property
    def count(self) -> int:
        return len(self.matrices)

    def start(self, seed: int) -> Tensor:
        (v,) = draws(seed, self.matrices.shape[1:2])
        return v.to(self.matrices).expand(self.count, -1)

    def apply(self, v: Tensor) -> Tensor:
        return (self.matrices @ v[:, :, None])[:, :, 0]

    def take(self, keep: Tensor) -> Dense:
        return Dense(self.matrices[keep])


def with_spectrum(*spectra: Tensor) -> Tensor:
    found = []
    for i, values in enumerate(spectra):
        q = torch.linalg.qr(draws(50 + i, (len(values), len(values)))[0])[0]
        found.append(q @ torch.diag(values) @ q.T)
    return torch.stack(found)


N = 150
SPECTRA = {
    "even": torch.linspace(-0.5, 1, N, dtype=torch.float64),
    "both ends alike": torch.linspace(-1, 1.001, N, dtype=torch.float64),
    "negative": torch.cat([torch.tensor([-3.0]).double(), torch.linspace(-1, 1, N - 1, dtype=torch.float64)]),
    "geometric": 0.8 ** torch.arange(N, dtype=torch.float64),
    "rank three": torch.cat([torch.tensor([2.0, -1.0, 0.5]).double(), torch.zeros(N - 3, dtype=torch.float64)]),
    "clustered at the top": 1 - 1e-3 * torch.rand(N, generator=torch.Generator().manual_seed(1), dtype=torch.float64),
    "identity": torch.ones(N, dtype=torch.float64),
    "zero": torch.zeros(N, dtype=torch.float64),
}


@pytest.mark.parametrize("tol", [1e-1, 1e-3, 1e-9])
@pytest.mark.parametrize("basis", [4, 9, 20, 200])
def test_a_batch_of_every_spectrum(basis, tol):
    batch = Dense(with_spectrum(*SPECTRA.values()))
    found = largest_modulus(batch, tol, 0, basis=basis)
    for k, values in enumerate(SPECTRA.values()):
        theta, residual = float(found.theta[k]), float(found.residual[k])
        assert residual <= max(tol * abs(theta), 1e-14)
        assert float((values - theta).abs().min()) <= residual + 1e-12
        assert abs(theta) <= float(values.abs().max()) * (1 + 1e-13)
        assert not found.stopped[k]
        if tol < 1e-8 and list(SPECTRA)[k] != "clustered at the top":
            assert abs(theta) == pytest.approx(float(values.abs().max()), rel=1e-8)


def test_alone_or_in_a_batch():
    matrices = with_spectrum(*SPECTRA.values())
    together = largest_modulus(Dense(matrices), 1e-6, 3, basis=12)
    for k in range(len(matrices)):
        alone = largest_modulus(Dense(matrices[k : k + 1]), 1e-6, 3, basis=12)
        assert float(alone.theta[0]) == pytest.approx(float(together.theta[k]), rel=1e-9, abs=1e-12)
        assert abs(int(alone.products[0]) - int(together.products[k])) <= 2


def test_scale_does_not_matter():
    (matrix,) = with_spectrum(SPECTRA["geometric"])
    single = matrix.float()
    for scale in (1e-30, 1e25):
        found = largest_modulus(Dense((scale * single)[None]), 1e-3, 0, basis=20)
        assert float(found.theta[0]) == pytest.approx(scale, rel=1e-4)


@pytest.mark.parametrize("tol", [1e-2, 1e-3, 1e-6])
@pytest.mark.parametrize("name", ["even", "both ends alike", "negative", "geometric", "rank three"])
def test_no_more_products_than_scipy_needs(name, tol):
    batch = Dense(with_spectrum(SPECTRA[name]))
    count = 0

    def matvec(v):
        nonlocal count
        count += 1
        return batch.matrices[0].numpy() @ v

    operator = LinearOperator((N, N), matvec=matvec, dtype=np.float64)
    eigsh(operator, k=1, which="LM", v0=batch.start(0)[0].numpy(), tol=tol)
    assert int(largest_modulus(batch, tol, 0, basis=20).products[0]) <= count


def test_a_small_change_is_not_accuracy():
    # The start lies almost wholly in the part of the spectrum below 0.9: the Ritz value rests there before it climbs.
    values = torch.cat([torch.linspace(0, 0.9, N - 1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)])

    class Slow(Dense):
        def start(self, seed):
            v = super().start(seed).clone()
            v[:, -1] = 1e-7
            return v

    found = largest_modulus(Slow(torch.diag(values)[None]), 1e-6, 0, basis=20)
    assert float(found.theta[0]) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("name", [n for n in SPECTRA if n not in ("identity", "zero")])
@pytest.mark.parametrize("steps", [6, 12, 20, 30])
def test_the_ceiling_is_above_the_norm(name, steps):
    values = SPECTRA[name]
    norm = float(values.abs().max())
    starts = torch.randn(60, N, generator=torch.Generator().manual_seed(steps), dtype=torch.float64)
    for v in starts:
        krylov = [v / v.norm()]
        for _ in range(steps - 1):
            w = values * krylov[-1]
            basis = torch.stack(krylov)
            w = w - basis.T @ (basis @ w)
            w = w - basis.T @ (basis @ w)
            if float(w.norm()) < 1e-10:
                break
            krylov.append(w / w.norm())
        q = torch.stack(krylov)
        ritz = torch.linalg.eigvalsh(q @ torch.diag(values) @ q.T)
        assert float(ceiling(ritz[None], N, steps)) >= norm * (1 - 1e-12)
    # At the last of these numbers of steps it also says something.
    assert steps < 30 or float(ceiling(ritz[None], N, steps)) < 1.25 * norm


def test_losers_are_given_up():
    scales = torch.tensor([0.3, 1.0, 0.5, 0.97])
    matrices = torch.stack([s * with_spectrum(SPECTRA["even"])[0] for s in scales.double()])
    full = largest_modulus(Dense(matrices), 1e-6, 0, basis=20)
    found = largest_modulus(Dense(matrices), 1e-6, 0, basis=20, beat=0.0)
    assert found.stopped[[0, 2]].all()
    assert not found.stopped[1]
    assert float(found.theta[1]) == pytest.approx(float(full.theta[1]), rel=1e-12)
    assert int(found.products.sum()) < int(full.products.sum())
    assert (found.theta.abs() <= full.theta.abs() * (1 + 1e-12)).all()
    elsewhere = largest_modulus(Dense(matrices), 1e-6, 0, basis=20, beat=2.0)
    assert elsewhere.stopped.all()


def test_no_end():
    batch = Dense(with_spectrum(SPECTRA["even"]))
    with pytest.raises(NumericalFailureError, match="did not converge"):
        largest_modulus(batch, 1e-6, 0, basis=20, products=5)


def test_not_finite():
    matrices = with_spectrum(SPECTRA["even"], SPECTRA["even"])
    matrices[1, 0, 0] = torch.nan
    with pytest.raises(NumericalFailureError, match="not finite"):
        largest_modulus(Dense(matrices), 1e-6, 0, basis=20)
