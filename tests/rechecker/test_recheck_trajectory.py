"""Certificates of Theorem D: accepted as they are made, refused where a number, a step or an array is doctored.

The attacker knows the format and recomputes every hash, unless the damage itself is the test.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pltheory.certification.claim import Claim
from pltheory.certification.trajectory import TrajectoryCertificate, certify_trajectory
from pltheory.optim import DeltaGClipSettings, GClipSettings, GradientDescentSettings, StepSettings
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.rechecker import RecheckResult, recheck
from pltheory.rechecker import trajectory as recheck_trajectory
from pltheory.theory import InvalidInputError
from tests import forge
from tests.by_name import trajectory_claim
from tests.forge import ACCEPTED, DAMAGED, FALSE, UNSURE, number, value
from tests.oracles.exact_trajectory import Exact, norm


def problem(
    widths: tuple[int, ...],
    n: int,
    *,
    seed: int = 1,
    activation: str = "tanh",
    bias: bool = False,
    loss: Any = "sum",
    pull: float = 1.0,
    parametrization: Any = "ntk",
) -> Problem:
    net = fully_connected(list(widths), activation=activation, bias=bias, seed=seed, parametrization=parametrization)
    gen = torch.Generator().manual_seed(seed + 7)
    x = torch.randn(n, widths[0], generator=gen, dtype=torch.float64)
    x = 2 * x / x.norm(dim=1, keepdim=True)
    return Problem(net, x, pull * torch.randn(n, widths[-1], generator=gen, dtype=torch.float64), loss)


RUNS: dict[str, tuple[Problem, StepSettings, set[str]]] = {
    "clipped": (problem((5, 48, 1), 4, pull=2.0), DeltaGClipSettings("1/beta", 0.5, 0.1), {"band", "full"}),
    "floor": (problem((5, 48, 1), 4, pull=2.0), DeltaGClipSettings("1/beta", 0.5, 0.5), {"floor", "band", "full"}),
    "gd": (problem((5, 32, 1), 3), GradientDescentSettings("1/beta"), {"full"}),
    "gclip-bias-mean": (
        problem((6, 64, 2), 3, loss="mean", bias=True),
        GClipSettings("1/beta", 0.3),
        {"band", "full"},
    ),
    "deep": (problem((6, 48, 48, 1), 3), DeltaGClipSettings("1/beta", 0.5, 0.1), {"band", "full"}),
    "gelu-standard": (
        problem((6, 64, 1), 3, activation="gelu", bias=True, parametrization="standard"),
        DeltaGClipSettings("1/beta", 0.5, 0.1),
        {"floor", "band"},
    ),
    "sigmoid-mean": (
        problem((6, 64, 1), 3, activation="sigmoid", bias=True, loss="mean", pull=0.3),
        DeltaGClipSettings("1/beta", 0.02, 0.5),
        {"full"},
    ),
    "softplus": (problem((6, 64, 1), 3, activation="softplus"), DeltaGClipSettings("1/beta", 0.5, 0.1), {"full"}),
    "erf": (problem((6, 64, 1), 3, activation="erf"), DeltaGClipSettings("1/beta", 0.5, 0.1), {"full"}),
    "silu": (problem((6, 64, 1), 3, activation="silu", bias=True), DeltaGClipSettings("1/beta", 0.5, 0.1), {"full"}),
}


@cache
def certified(name: str) -> TrajectoryCertificate:
    p, settings, _ = RUNS[name]
    found = certify_trajectory(p, settings, steps_limit=400)
    assert found.status == "CERTIFIED", found.obstruction
    return found


def claimed(name: str) -> Claim:
    p, settings, _ = RUNS[name]
    return trajectory_claim(p, settings, certified(name))


class Forge(forge.Forge):
    """A certificate of Theorem D in the hands of an attacker."""

    def __init__(self, folder: Path, name: str = "clipped") -> None:
        made = claimed(name)
        super().__init__(folder, made.text("c.cert.npz"), made.arrays_bytes())

    @property
    def steps(self) -> int:
        return len(self.arrays["rho"])

    def set(self, key: str, name: str, x: float) -> None:
        self.text[key][name].update(number(x))

    def shorten(self, t: int) -> None:
        """Take step t out, as one who hopes that nobody counts would."""
        for name, vector in self.arrays.items():
            if vector.shape in ((self.steps,), (self.steps + 1,)) and name not in ("grid", "sigma", "rho"):
                self.arrays[name] = np.delete(vector, t)
        self.arrays["rho"] = np.delete(self.arrays["rho"], t)
        self.text["witness"]["steps"] -= 1
        self.end_eps(self.arrays["eps"][-1])

    def end_eps(self, eps: float) -> None:
        """Another eps_T, in all of its places."""
        self.arrays["eps"][-1] = eps
        self.arrays["grid"][0] = eps
        self.set("witness", "eps", eps)


def refused(result: RecheckResult, code: int, *words: str) -> None:
    assert not result.accepted
    assert result.code == code, result.message
    for word in words:
        assert word in result.message
    assert "\n" not in result.message


# --- as made ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_certificates_are_accepted(tmp_path: Path, name: str) -> None:
    found, wanted = certified(name), RUNS[name][2]
    assert wanted <= {b for r in found.records for b in r.branches}
    result = recheck(Forge(tmp_path, name).path)
    assert result.accepted, result.message
    assert result.theorem == "D"
    assert len(result.checks) > 9 * found.steps + len(found.basin.grid)
    assert {c.code for c in result.checks} == {ACCEPTED}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clipped", "floor", "gclip-bias-mean", "sigmoid-mean"])
def test_claims_are_true_of_the_exact_iterates(name: str) -> None:
    """A third program, at 900 bits, at x_t itself."""
    found, claims = certified(name), claimed(name).stored
    exact = Exact.of(found.start, found.start.x, found.start.y, found.scale)
    for t in range(min(found.steps, 60)):
        gw, gb = exact.gradient()
        size = norm([*gw, *(b for b in gb if b is not None)])
        assert claims["low"][t] <= size <= claims["high"][t]
        branch = exact.step(found.eta, found.gamma, found.delta)
        assert int(claims["branches"][t]) & {"full": 1, "band": 2, "floor": 4}[branch]
    if found.steps <= 60:
        assert exact.distance(found.final) <= claims["eps"][-1]


def test_progress_counts_the_parts(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    recheck(Forge(tmp_path).path, progress=lambda *a: seen.append(a))
    assert [done for done, _, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][0] == seen[-1][1]


def test_weaker_claims_are_true(tmp_path: Path) -> None:
    """Every number moved away from the truth, where no other number leans on it."""
    forged = Forge(tmp_path)
    for name, b in forged.text["bounds"].items():
        if name not in ("required", "rate", "distance"):
            forged.set("bounds", name, value(b) * (1.01 if b["kind"] == "upper" else 0.99))
    forged.set("bounds", "distance", 2 * value(forged.text["bounds"]["distance"]))
    forged.arrays["residual"] *= 1.01
    forged.arrays["sigma"] *= 0.9999999
    assert recheck(forged.write()).accepted


def test_other_precisions_accept_too(tmp_path: Path) -> None:
    assert recheck(Forge(tmp_path).path, bits=80).accepted
    assert recheck(Forge(tmp_path).path, bits=300).accepted


@pytest.mark.parametrize("bits", [24, 40, 53])
def test_too_little_precision_is_no_verdict(tmp_path: Path, bits: int) -> None:
    refused(recheck(Forge(tmp_path).path, bits=bits), UNSURE, "step ", f"--bits {2 * bits}")


def test_only_what_holds_is_written(tmp_path: Path) -> None:
    p, settings, _ = RUNS["clipped"]
    short = trajectory_claim(p, settings, certify_trajectory(p, settings, steps_limit=3))
    assert not short.holds
    assert short.inequalities == ()
    with pytest.raises(InvalidInputError, match="after 3 steps"):
        short.save(tmp_path / "d.cert.json")
    assert not list(tmp_path.iterdir())


def test_a_trajectory_without_steps_is_theorem_b(tmp_path: Path) -> None:
    p = problem((5, 400, 1), 2)
    with torch.no_grad():
        p = Problem(p.network, p.x, p.network(p.x) + 1e-3, "sum")
    rule = DeltaGClipSettings("0.5/beta", 0.5, 0.1)
    found = certify_trajectory(p, rule, steps_limit=10)
    assert (found.status, found.steps) == ("CERTIFIED", 0)
    with pytest.raises(InvalidInputError, match="Theorem B"):
        trajectory_claim(p, rule, found).save(tmp_path / "d.cert.json")


# --- damage -----------------------------------------------------------------------------------------------------------


def test_a_flipped_digit_in_the_text(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    whole = forged.path.read_text()
    digits = [i for i, ch in enumerate(whole) if ch.isdigit()]
    for i in digits[:: max(1, len(digits) // 40)]:
        forged.path.write_text(whole[:i] + str((int(whole[i]) + 1) % 10) + whole[i + 1 :])
        assert recheck(forged.path).code == DAMAGED


def test_a_flipped_bit_in_the_arrays(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    whole = forged.npz.read_bytes()
    for i in range(0, len(whole), len(whole) // 25):
        forged.npz.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        result = recheck(forged.path)
        # A bit of a zip header that nobody reads may go unnoticed; then every array was intact.
        assert result.accepted or result.code == DAMAGED, result.message
        with np.load(io.BytesIO(whole)) as before:
            intact = result.accepted and all(
                np.array_equal(np.load(forged.npz)[name], before[name]) for name in before.files
            )
        assert intact == result.accepted


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("which", ["path", "npz"])
def test_truncated_files(tmp_path: Path, which: str, share: float) -> None:
    forged = Forge(tmp_path)
    file: Path = getattr(forged, which)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    assert recheck(forged.path).code == DAMAGED


def test_swapped_hashes(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    hashes = forged.text["arrays"]["sha256"]
    hashes["W1"], hashes["end_W1"] = hashes["end_W1"], hashes["W1"]
    refused(recheck(forged.write_text()), DAMAGED, "arrays.W1", "hash")


UNREADABLE: dict[str, tuple[str, Callable[[Forge], Any]]] = {
    "no steps": ("witness.steps", lambda f: f.text["witness"].update(steps=0)),
    "steps are a text": ("witness.steps", lambda f: f.text["witness"].update(steps="16")),
    "more steps than numbers": ("arrays.rho", lambda f: f.text["witness"].update(steps=17)),
    "another eps_T": ("witness.eps", lambda f: f.set("witness", "eps", 1e-20)),
    "negative eps": ("arrays.eps", lambda f: f.arrays["eps"].__setitem__(3, -1e-20)),
    "rho of zero": ("arrays.rho", lambda f: f.arrays["rho"].__setitem__(3, 0.0)),
    "no branch": ("arrays.branches", lambda f: f.arrays["branches"].__setitem__(3, 0.0)),
    "half a branch": ("arrays.branches", lambda f: f.arrays["branches"].__setitem__(3, 1.5)),
    "a branch too many": ("arrays.branches", lambda f: f.arrays["branches"].__setitem__(3, 8.0)),
    "a NaN": ("arrays.factor", lambda f: f.arrays["factor"].__setitem__(3, np.nan)),
    "an infinity": ("arrays.beta", lambda f: f.arrays["beta"].__setitem__(3, np.inf)),
    "grid from zero": ("arrays.grid", lambda f: f.arrays["grid"].__setitem__(0, 0.0)),
    "grid not increasing": ("arrays.grid", lambda f: f.arrays["grid"].__setitem__(3, f.arrays["grid"][2])),
    "an end of another shape": ("arrays.end_W1", lambda f: f.arrays.update(end_W1=f.arrays["end_W1"][:-1])),
    "no end": ("end_W2", lambda f: f.arrays.pop("end_W2")),
    "an array too many": ("end_b1", lambda f: f.arrays.update(end_b1=f.arrays["eps"])),
    "no witness": ("witness", lambda f: f.text.pop("witness")),
    "network of no kind": ("network", lambda f: f.text.update(network=[])),
    "labelled C": ("conclusion", lambda f: f.text.update(theorem="C")),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_does_not_fit_the_schema(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    field, change = UNREADABLE[name]
    change(forged)
    refused(recheck(forged.write()), DAMAGED, field if name != "labelled C" else "")


# --- claims beyond the truth ------------------------------------------------------------------------------------------


BOUNDS = list(recheck_trajectory.BOUNDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDS)
def test_an_inflated_bound(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    assert set(forged.text["bounds"]) == set(BOUNDS)
    bound = forged.text["bounds"][name]
    change = {"rate": 1 - 1e-6, "floor": 1.5, "required": 0.97}.get(
        name, 1 - 1e-6 if bound["kind"] == "upper" else 1 + 1e-6
    )
    forged.set("bounds", name, value(bound) * change)
    refused(recheck(forged.write()), FALSE, f"bounds.{name}")


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("i", range(3))
def test_an_inflated_margin(tmp_path: Path, i: int, side: str) -> None:
    forged = Forge(tmp_path)
    number_there = value(forged.text["hypotheses"][i][side])
    doctored = number_there * (1 - 1e-6 if side == "left" else 1 + 1e-6) + (-1e-6 if side == "left" else 0.0)
    forged.text["hypotheses"][i][side] = number(doctored)
    refused(recheck(forged.write()), FALSE, f"hypotheses[{i}].{side}")


def test_an_inflated_profile(tmp_path: Path) -> None:
    for j in (0, 7):
        forged = Forge(tmp_path)
        forged.arrays["sigma"][j] *= 1 + 1e-6
        refused(recheck(forged.write()), FALSE, f"arrays.sigma[{j}]")


STEP_CLAIMS = {  # how much, and where it is noticed
    "residual": (1 - 1e-9, "residual"),
    "lipschitz": (0.9, "lipschitz"),
    "curvature": (0.99, "curvature"),
    "beta": (1 - 1e-9, "beta"),
    "low": (1 + 1e-9, "low"),
    "high": (1 - 1e-9, "high"),
    "factor": (1 - 1e-6, "factor"),
    "rho": (1.1, "eps of the next"),
}


@pytest.mark.slow
@pytest.mark.parametrize("run", ["clipped", "floor", "gclip-bias-mean"])
@pytest.mark.parametrize("name", STEP_CLAIMS)
def test_a_claim_of_a_step_beyond_the_truth(tmp_path: Path, name: str, run: str) -> None:
    change, field = STEP_CLAIMS[name]
    steps = len(certified(run).records)
    for t in (0, 3, steps // 2, steps - 1):
        forged = Forge(tmp_path, run)
        forged.arrays[name][t] *= change
        refused(recheck(forged.write()), FALSE, f"step {t}, {field}")


@pytest.mark.parametrize("t", [1, 4, 9, 16])
def test_a_shrunken_eps(tmp_path: Path, t: int) -> None:
    forged = Forge(tmp_path)
    assert forged.steps == 16
    smaller = 0.99 * forged.arrays["eps"][t]
    if t == 16:
        forged.end_eps(smaller)
    else:
        forged.arrays["eps"][t] = smaller
    refused(recheck(forged.write()), FALSE, f"step {t - 1}, eps of the next")


def test_errors_shrunken_alike_are_below_the_distance_of_the_stored_end(tmp_path: Path) -> None:
    """A recursion that closes on its own, of a computation more accurate than the one that was made."""
    forged = Forge(tmp_path)
    for name in ("rho", "eps"):
        forged.arrays[name] *= 2.0**-20  # exact, so that every inequality of the recursion still holds
    forged.end_eps(forged.arrays["eps"][-1])
    refused(recheck(forged.write()), FALSE, "arrays.eps[", "distance of the stored end")


def test_errors_below_the_rechecks_own_precision(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    for name in ("rho", "eps"):
        forged.arrays[name] *= 2.0**-100
    forged.end_eps(forged.arrays["eps"][-1])
    result = recheck(forged.write())
    refused(result, UNSURE, "step 0, rho", "--bits 256")


@pytest.mark.slow
@pytest.mark.parametrize("run", ["clipped", "floor"])
def test_a_changed_branch(tmp_path: Path, run: str) -> None:
    """Every other set of branches, at every fifth step."""
    steps = len(certified(run).records)
    for t in range(0, steps, 5):
        forged = Forge(tmp_path, run)
        honest = int(forged.arrays["branches"][t])
        for code in set(range(1, 8)) - {honest}:
            forged.arrays["branches"][t] = code
            refused(recheck(forged.write()), FALSE, f"step {t}, branches")


@pytest.mark.parametrize("t", [0, 5, 15])
def test_a_dropped_step(tmp_path: Path, t: int) -> None:
    forged = Forge(tmp_path)
    forged.shorten(t)
    result = recheck(forged.write())
    refused(result, FALSE, "arrays.eps[" if t == 15 else f"step {t}, ")


def test_a_dropped_step_with_its_recursion_mended(tmp_path: Path) -> None:
    """The last step left out and the end's error claimed to be what the shorter recursion gives."""
    forged = Forge(tmp_path)
    forged.shorten(15)
    forged.end_eps(forged.arrays["factor"][-1] * forged.arrays["eps"][-2] * (1 + 1e-9) + 2 * forged.arrays["rho"][-1])
    refused(recheck(forged.write()), FALSE, "arrays.eps[")


def test_a_repeated_step(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    for name, vector in forged.arrays.items():
        if vector.shape in ((16,), (17,)) and name not in ("grid", "sigma"):
            forged.arrays[name] = np.insert(vector, 4, vector[4])
    forged.text["witness"]["steps"] = 17
    refused(recheck(forged.write()), FALSE, "step ")


@pytest.mark.parametrize(("name", "change"), [("gamma", 0.9), ("gamma", 1.1), ("eta", 0.999), ("delta", 1.3)])
def test_other_settings(tmp_path: Path, name: str, change: float) -> None:
    forged = Forge(tmp_path, "floor")
    forged.set("optimizer", name, change * value(forged.text["optimizer"][name]))
    refused(recheck(forged.write()), FALSE, "step ")


def test_another_rule(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    forged.text["optimizer"].update(name="gd", gamma=number(np.inf), delta=number(1.0))
    refused(recheck(forged.write()), FALSE, "step 0, branches")


def test_the_other_loss(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    forged.text["loss"] = "mean"
    refused(recheck(forged.write()), FALSE, "step 0, ")


@pytest.mark.parametrize("name", ["W1", "W2", "x", "y"])
def test_another_network_or_other_data(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    forged.arrays[name] = forged.arrays[name] * 1.5
    refused(recheck(forged.write()), FALSE, "step 0, ")


def test_a_start_hardly_moved(tmp_path: Path) -> None:
    """A change of 1e-9 at the start: the claims of the steps still hold, and the end gives it away."""
    forged = Forge(tmp_path)
    forged.arrays["W1"][2, 3] += 1e-9
    refused(recheck(forged.write()), FALSE)


@pytest.mark.parametrize("name", ["end_W1", "end_W2"])
def test_another_end(tmp_path: Path, name: str) -> None:
    forged = Forge(tmp_path)
    forged.arrays[name].flat[0] += 3 * forged.arrays["eps"][-1]
    refused(recheck(forged.write()), FALSE, "arrays.eps[")


def test_the_end_of_another_run(tmp_path: Path) -> None:
    forged = Forge(tmp_path)
    other = claimed("floor").stored
    forged.arrays |= {name: other[name] for name in ("end_W1", "end_W2")}
    refused(recheck(forged.write()), FALSE, "arrays.eps[")


def test_a_shorter_path(tmp_path: Path) -> None:
    """A path claimed to end one point of the grid earlier."""
    forged = Forge(tmp_path)
    grid, required = forged.arrays["grid"], value(forged.text["bounds"]["required"])
    j = max(i for i, s in enumerate(grid) if s <= grid[0] + required * (1 + 1e-12))
    forged.set("bounds", "required", grid[j - 1])
    refused(recheck(forged.write()), FALSE, "bounds.required")
