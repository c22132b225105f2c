"""Files that the prover wrote, of class G and by Theorem E: accepted, and refused where they say more."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.certificates.basin import certify_basin
from pltheory.certification import certificate, verified_profile
from pltheory.certification.claim import Claim
from pltheory.rechecker import ball_bounds as recheck_ball
from pltheory.rechecker import recheck
from tests.benchmarks.certified import SETTINGS
from tests.benchmarks.class_g import digits, tokens
from tests.forge import FALSE, UNSURE, Forge, refused

RADII = 48
"""Of the profiles here; a proof takes more."""


def images() -> torch.Tensor:
    """(3, 1, 4, 4)."""
    return digits(3)[0][:, :, ::2, ::2].contiguous()


def flat(sizes: list[int], **more: object) -> tuple[nn.Module, torch.Tensor]:
    return pl.fully_connected(sizes, seed=0, **more), images().reshape(3, 16)


def pooled() -> tuple[nn.Module, torch.Tensor]:
    """Pooling between the convolution and the activation."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 12, 3, padding=1), nn.AvgPool2d(2), nn.Tanh(), nn.Flatten(), nn.Linear(48, 1)]
    return nn.Sequential(*layers).double(), images()


NETWORKS = {
    "dense": (lambda: flat([16, 40, 1], output_init="rademacher"), 0.62),
    "two layers, two outputs": (lambda: flat([16, 24, 24, 2], activation="gelu"), 0.054),
    "mish": (lambda: flat([16, 24, 2], activation="mish"), 0.32),
    "sin": (lambda: flat([16, 24, 1], activation="sin"), 0.5),
    "convolution": (lambda: (pl.convolutional(shape=(1, 4, 4), channels=[12], outputs=1), images()), 0.25),
    "residual": (
        lambda: (pl.residual(shape=(1, 4, 4), channels=[6], blocks=1, convs_per_block=1, outputs=1), images()), 0.034,
    ),
    "pooling": (pooled, 0.25),
}  # fmt: skip
"""Networks, and how far targets stand from their outputs: too far for the plain profile, not for Theorem E."""


@cache
def claim_of(name: str) -> Claim:
    make, distance = NETWORKS[name]
    net, x = make()
    with torch.no_grad():
        out = net(x)
    away = torch.randn(out.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    problem = pl.Problem(net, x, out + distance * away / away.norm())
    points, verified_profile.SHARP_POINTS = verified_profile.SHARP_POINTS, RADII
    try:
        claim = pl.certify(problem, SETTINGS, theorem="B")
    finally:
        verified_profile.SHARP_POINTS = points
    assert claim.holds
    assert len(claim.witness["grid"]) == RADII + 1
    return claim


def saved(claim: Claim, folder: Path) -> Forge:
    return Forge(folder, claim.text("c.cert.npz"), claim.arrays_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_files_by_theorem_e_are_accepted(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(claim_of(name), tmp_path).path
    result = recheck(path)
    assert result.accepted, result.message
    monkeypatch.setattr(recheck_ball, "covered", lambda *_: False)
    result = recheck(path)
    assert result.code == FALSE
    assert result.field.startswith("arrays.sigma")


# Farther out the recheck's own Tc is the smaller one in deep networks, and less than what is true is claimed.
FARTHER = [(name, RADII // 3) for name in ("dense", "mish", "sin", "convolution", "pooling")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "j"), [*((name, j) for name in NETWORKS for j in (0, 1)), *FARTHER])
def test_a_profile_above_theorem_e_is_refused(name: str, j: int, tmp_path: Path) -> None:
    forge = saved(claim_of(name), tmp_path)
    forge.arrays["sigma"][j] *= 1 + 1e-4
    refused(recheck(forge.write()), FALSE, f"arrays.sigma[{j}]")


@pytest.mark.parametrize(("name", "weights"), [("dense", "W1"), ("convolution", "W1"), ("pooling", "W2")])
def test_other_weights_are_refused(name: str, weights: str, tmp_path: Path) -> None:
    forge = saved(claim_of(name), tmp_path)
    forge.arrays[weights] = forge.arrays[weights] * 0.9
    assert recheck(forge.write()).code == FALSE


@pytest.mark.parametrize("limit", ["most_seconds", "most_gib"])
def test_theorem_e_is_admitted_by_its_cost(limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost is asked for before anything is computed."""
    monkeypatch.setattr(recheck_ball, "kept_shares", lambda *_: pytest.fail("was begun"))
    cost = recheck_ball.Cost(1e6, 1e12)
    monkeypatch.setattr(recheck_ball, "direction_cost", lambda *_: cost)
    result = recheck(saved(claim_of("dense"), tmp_path).path, **{"most_seconds": 1e5, "most_gib": 1e5, limit: 100.0})
    assert result.code == UNSURE
    assert result.field == limit.removeprefix("most_").replace("seconds", "time").replace("gib", "memory")


def test_a_transformer_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "POINTS", 16)
    claim = certify_basin(tokens(2, 4, 4), SETTINGS, limit=8).certificate
    assert claim is not None
    forge = saved(claim, tmp_path)
    result = recheck(forge.path)
    assert result.accepted, result.message
    forge.arrays["sigma"][0] *= 1 + 1e-4
    refused(recheck(forge.write()), FALSE, "arrays.sigma[0]")
