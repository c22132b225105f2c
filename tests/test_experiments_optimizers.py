"""What the experiments compare: the switches of the public code, the optimizers by name, search, statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from experiments.classify import augmented, classify
from experiments.data import CIFAR_MEAN, CIFAR_SCALE, images
from experiments.optimizers import MAKERS, optimizer
from experiments.reproduction.switches import Switched, decay_groups
from experiments.tuning import report
from experiments.tuning.experiment import Tuned
from experiments.tuning.search import best
from pltheory.optim import DeltaGClip
from pltheory.theory import InvalidInputError

PROBLEM = {
    "data": "generated",
    "train": 60,
    "validation": 20,
    "test": 20,
    "network": "mlp",
    "widths": [6],
    "batch": 20,
    "steps": 6,
    "every": 3,
}


def trained(make, steps=5):
    """Weights after some steps on one problem, and the optimizer."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    step = make(net)
    x = torch.randn(7, 3, dtype=torch.float64)
    for _ in range(steps):
        step.zero_grad()
        net(x).square().sum().backward()
        step.step()
    return torch.cat([p.detach().flatten() for p in net.parameters()])


@pytest.mark.parametrize("delta", [0.001, 0.3])
def test_without_a_switch_it_is_the_optimizer_of_the_package(delta):
    numbers = {"lr": 0.1, "gamma": 0.5, "delta": delta}
    ours = trained(lambda net: DeltaGClip(decay_groups(net, 0.1), **numbers))
    assert torch.allclose(trained(lambda net: Switched(decay_groups(net, 0.1), **numbers)), ours, rtol=1e-12)
    for switch in ("norm_per_group", "decay_after_norm"):
        other = trained(lambda net, s=switch: Switched(decay_groups(net, 0.1), **numbers, **{s: True}))
        assert not torch.allclose(other, ours, rtol=1e-6)


def test_every_group_has_its_norm_and_the_decay_is_added_after_it():
    a, b = (nn.Parameter(torch.tensor([v], dtype=torch.float64)) for v in (1.0, 1.0))
    a.grad, b.grad = torch.tensor([3.0], dtype=torch.float64), torch.tensor([4.0], dtype=torch.float64)
    groups = [{"params": [a], "weight_decay": 2.0}, {"params": [b]}]
    Switched(groups, lr=1.0, gamma=1.0, delta=0.0, norm_per_group=True, decay_after_norm=True).step()
    # Factors 1/3 and 1/4 of the groups' own gradients 3 and 4; the first step is along 3 + 2.
    assert a.item() == pytest.approx(1 - 5 / 3)
    assert b.item() == pytest.approx(0.0)


def test_a_parameter_without_a_gradient():
    a, b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    a.grad = torch.ones(1)
    with pytest.raises(AttributeError, match="NoneType"):
        Switched([a, b], lr=1.0, gamma=1.0, none_fails=True).step()
    Switched([a, b], lr=1.0, gamma=1.0).step()
    assert a.item() == 0
    assert b.item() == 1


@pytest.mark.parametrize("name", MAKERS)
def test_every_optimizer_learns(name):
    numbers = {"lr": 0.01, "gamma": 1.0, "delta": 0.1}
    given = {key: value for key, value in numbers.items() if key in MAKERS[name][1]}
    found = classify({**PROBLEM, "steps": 60, "every": 60}, {"name": name, **given}, 0)
    assert found["train"][-1] < found["train"][0]
    assert not found["diverged"]


def test_normalised_steps_have_one_length():
    p = nn.Parameter(torch.tensor([3.0, 4.0]))
    step = optimizer({"name": "normalised", "lr": 0.5}, [p])
    for scale in (1e-6, 1e6):
        start = p.detach().clone()
        p.grad = scale * torch.tensor([0.6, 0.8])
        step.step()
        assert torch.allclose(start - p.detach(), torch.tensor([0.3, 0.4]), rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"name": "adamax", "lr": 1}, "adamax"),
        ({"lr": 1}, "None"),
        ({"name": "sgd", "lr": 1, "gamma": 1}, "no gamma"),
        ({"name": "gclip", "lr": 1}, "gamma is missing"),
        ({"name": "delta-gclip", "lr": 1, "gamma": 1, "delta": 2}, "delta"),
        ({"name": "adam", "lr": -1}, "learning rate"),
    ],
)
def test_wrong_optimizers_are_refused(settings, why):
    with pytest.raises(InvalidInputError, match=why):
        optimizer(settings, [nn.Parameter(torch.ones(1))])


def test_the_splits_share_no_image():
    train, test = images("digits", "train"), images("digits", "test")
    assert len(train.x) + len(test.x) == 1797
    assert train.x.max() == 1
    with pytest.raises(InvalidInputError, match="1437"):
        images("digits", "train", 2000)
    a, b = images("generated", "train").x.flatten(1), images("generated", "test").x.flatten(1)
    assert torch.cdist(a, b).min() > 0.1


def test_a_run_that_diverges_is_said_and_ended():
    found = classify(PROBLEM, {"name": "sgd", "lr": 1e9}, 0)
    assert found["diverged"]
    assert found["steps"][-1] == 3


def test_a_search_that_was_stopped_goes_on_with_the_same_draws(tmp_path):
    space = {"name": "sgd", "lr": [1e-2, 1.0], "one_minus_momentum": [0.1, 0.5]}
    settings, records = best(tmp_path, "sgd", PROBLEM, space, 3, 7)
    times = {f.name: f.stat().st_mtime_ns for f in tmp_path.iterdir()}
    (tmp_path / "sgd-trial-01.json").unlink()
    again, redone = best(tmp_path, "sgd", PROBLEM, space, 3, 7)
    assert again == settings
    assert [r["asked"] for r in redone] == [r["asked"] for r in records]
    assert {f.name for f in tmp_path.iterdir() if f.stat().st_mtime_ns == times[f.name]} == set(times) - {
        "sgd-trial-01.json"
    }
    assert settings in [r["asked"]["optimizer"] for r in records]
    last = {str(r["asked"]["optimizer"]): r["validation"][-1] for r in records}
    assert last[str(settings)] == min(last.values())
    for record in records:
        assert 1e-2 <= record["asked"]["optimizer"]["lr"] <= 1
        assert 0.5 <= record["asked"]["optimizer"]["momentum"] <= 0.9


def test_a_search_in_which_all_diverge_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="all 2 trials diverged"):
        best(tmp_path, "sgd", PROBLEM, {"name": "sgd", "lr": [1e9, 1e10]}, 2, 0)


def tuned(values, arrivals):
    """Runs with these last losses, and a validation loss of 0 from these steps on."""
    runs = [
        {
            "diverged": not math.isfinite(v),
            "test": [2.0, v],
            "validation": [1.0, 0.0 if math.isfinite(t) else 1.0],
            "steps": [0, t if math.isfinite(t) else 99],
        }
        for v, t in zip(values, arrivals, strict=True)
    ]
    return Tuned({"name": "sgd", "lr": 1.0}, [], runs)


def test_who_wins_is_who_has_the_least_mean_and_ties_are_said():
    draw = np.random.default_rng(0)
    noise = draw.normal(size=10)
    problem = {
        "delta-gclip": tuned(1.0 + 0.01 * noise, [20] * 10),
        "adam": tuned(0.5 + 0.01 * noise, [30] * 10),
        "sgd": tuned(0.5 + 0.01 * draw.permutation(noise) + 0.001, [math.inf] * 10),
    }
    said = report.verdict(problem, 0.1)
    assert said[0] == "test loss: **Adam**; not told from it: SGD"
    assert said[1] == "steps to target: **delta-GClip**; every other one is told from it"
    losses = {name: report.finals(one, "test") for name, one in problem.items()}
    p = report.comparisons(problem, "delta-gclip", losses)
    assert p["adam"] == pytest.approx(2 / 1024)  # all ten differences of one sign, twice the least tail
    assert report.steps(report.to_target(problem["sgd"], 0.1)) == "never"


def cifar(folder, names, records=2):
    """Files of CIFAR-10's binary version: a red first pixel, the label, then noise."""
    draw = np.random.default_rng(0)
    for name in names:
        raw = draw.integers(0, 256, (records, 3073), dtype=np.uint8)
        raw[:, 0], raw[:, 1], raw[:, 1025], raw[:, 2049] = np.arange(records), 255, 0, 0
        raw.tofile(folder / name)


def test_the_binary_files_of_cifar_10_are_read(tmp_path):
    cifar(tmp_path, [f"data_batch_{i}.bin" for i in range(1, 6)])
    found = images("cifar-10", "train", None, str(tmp_path))
    assert found.x.shape == (10, 3, 32, 32)
    assert found.y.tolist() == [0, 1] * 5
    red, green, blue = ((v - m) / s for v, m, s in zip((1, 0, 0), CIFAR_MEAN, CIFAR_SCALE, strict=True))
    assert torch.allclose(found.x[:, :, 0, 0], torch.tensor([red, green, blue]))
    with pytest.raises(InvalidInputError, match=r"no test_batch.bin in .* data_batch_1.bin to data_batch_5.bin"):
        images("cifar-10", "test", None, str(tmp_path))
    (tmp_path / "test_batch.bin").write_bytes(b"x" * 3072)
    with pytest.raises(InvalidInputError, match="positive multiple of 3073"):
        images("cifar-10", "test", None, str(tmp_path))


def test_an_augmented_image_is_a_shifted_one_maybe_mirrored():
    x = torch.arange(1.0, 2 * 3 * 4 * 4 + 1).reshape(2, 3, 4, 4)
    draw = torch.Generator().manual_seed(0)
    for _ in range(20):
        made = augmented(x, draw, most=1)
        for image, original in zip(made, x, strict=True):
            padded = nn.functional.pad(original, [1] * 4)
            shifts = [padded[:, i : i + 4, j : j + 4] for i in range(3) for j in range(3)]
            assert any(torch.equal(image, s) or torch.equal(image, s.flip(2)) for s in shifts)


def test_a_cut_divides_the_step_by_ten():
    without = classify(PROBLEM, {"name": "sgd", "lr": 0.1}, 0)
    at_once = classify({**PROBLEM, "cuts": [0]}, {"name": "sgd", "lr": 1.0}, 0)
    later = classify({**PROBLEM, "cuts": [1]}, {"name": "sgd", "lr": 0.1}, 0)
    assert at_once["train"] == pytest.approx(without["train"])
    assert later["train"][1] == pytest.approx(without["train"][1])
    assert later["train"][2] != pytest.approx(without["train"][2])


def test_a_device_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(InvalidInputError, match="device = 'cuda'"):
        classify({**PROBLEM, "device": "cuda"}, {"name": "sgd", "lr": 0.1}, 0)
