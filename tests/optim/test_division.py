"""Several processes take the steps that one would take, or say what to use instead; each way to divide a network."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
import torch

from pltheory.optim import DeltaGClip, _division
from pltheory.theory import InvalidInputError
from tests.cli.program import wait_until
from tests.optim import processes

Found = list[dict[str, Any]]
CLOSE = {"rtol": 0, "atol": 1e-6}
"""float32, sums in other orders, four steps; the norms are near 1."""


def played(tmp_path_factory: pytest.TempPathFactory, world: int) -> Found:
    """The scenarios are played once, whichever of pytest's workers comes first."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"processes-{world}"
    try:
        folder.mkdir()
    except FileExistsError:
        wait_until((folder / "ended").exists, "another worker plays", processes.SECONDS + 60.0)
        return processes.read(folder, world)
    try:
        processes.play(folder, world)
    finally:
        (folder / "ended").touch()
    return processes.read(folder, world)


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return played(tmp_path_factory, 2)


@pytest.fixture(scope="session")
def four(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return played(tmp_path_factory, 4)


@pytest.fixture(scope="session")
def one() -> dict[str, Any]:
    return processes.alone()


def of(found: Found, name: str) -> Found:
    """What became of a scenario in each process."""
    return [process[name] for process in found]


def assert_the_steps_are_those_of_one(found: Found, one: dict[str, Any]) -> None:
    for process in found:
        assert "defect" not in process, process.get("defect")
        np.testing.assert_allclose(process["norms"], one["norms"], **CLOSE)
        np.testing.assert_allclose(process["sizes"], one["sizes"], **CLOSE)
        flat = np.concatenate([np.ravel(w) for w in one["weights"]])
        weights = process.get("flat", process.get("weights"))
        if weights is not None:
            np.testing.assert_allclose(np.concatenate([np.ravel(w) for w in weights]), flat, **CLOSE)


def test_the_reference_clips_differently_at_every_step(one):
    """Or a norm of a part of the network would go unnoticed."""
    assert len({h for (h,) in one["sizes"]}) == processes.STEPS
    lr, delta = processes.SETTINGS["lr"], processes.SETTINGS["delta"]
    assert all(lr * delta < h < lr for (h,) in one["sizes"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "ddp",
        "fsdp2",
        "fsdp2_one_tensor_at_a_time",
        "fsdp2_of_one_layer",
        "tensor_parallel",
        "zero",
        "fsdp1_flat",
        "fsdp1_original",
        "fsdp1_that_ignores_a_layer",
        "slices",
        "one_process_alone",
        "compiled_after_one_step",
        "compiled_from_the_first_step",
    ],
)
def test_two_processes_step_as_one(two, one, name):
    assert_the_steps_are_those_of_one(of(two, name), one)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("fsdp2_with_momentum", processes.MOMENTUM),
        ("fsdp2_with_the_buffer_clipped", processes.BUFFER),
        ("zero_with_the_buffer_clipped", processes.BUFFER),
    ],
)
def test_momentum_is_that_of_one_process(two, name, settings):
    assert_the_steps_are_those_of_one(of(two, name), processes.alone(**settings))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "hsdp",
        "fsdp2_and_tensor_parallel",
        "tensor_parallel_in_replicas",
        "fsdp1_hybrid",
        "zero_over_half_the_processes",
    ],
)
def test_four_processes_step_as_one(four, one, name):
    assert_the_steps_are_those_of_one(of(four, name), one)


@pytest.mark.parametrize(
    ("name", "norms", "rel"),
    [
        ("a_rank_without_rows", [4.0], 1e-6),
        ("large_and_extreme", [(300 * 500 + 500) ** 0.5] * 3, 2e-6),
        ("half_precision", [0.97], 2e-2),
        ("zero_whose_parts_are_alike", [2.0], 1e-6),
        ("zero_with_nothing_for_one_process", [5.0, 13.0], 1e-6),
        ("copies", [5.0], 1e-6),
        ("compiled_over_a_group", [0.970875, sum(p.numel() for p in processes.network().parameters()) ** 0.5], 1e-6),
    ],
)
def test_the_norm_is_that_of_the_whole(two, name, norms, rel):
    for process in of(two, name):
        assert process.get("norms") == pytest.approx(norms, rel=rel), process


@pytest.mark.slow
def test_the_norm_over_a_pipeline_of_sharded_stages(four):
    squares = sum(4 * 3 * x * x + 4 for x in (1.0, 2.0))
    for process in of(four, "pipeline_of_sharded_stages"):
        assert process.get("norms") == pytest.approx([squares**0.5], rel=1e-6), process


def test_the_limit_without_a_floor_and_groups_with_their_own_lr(two):
    for process in of(two, "zero_gclip"):
        ours, theirs = process["pair"]
        assert ours == pytest.approx(theirs, rel=1e-6)
    for process in of(two, "zero_with_nothing_for_one_process"):
        assert process["moved"] == pytest.approx(12.0 * max(0.1, 0.3 / 13), rel=1e-6)  # lr 1


def test_a_nan_is_one_everywhere(two):
    assert of(two, "nan_everywhere") == [{"nan": True}] * 2


OTHER = "processes 0 and {} hold different parameters or gradients"
TWICE = "a group that divides the parameters: its processes 0 and {} hold the same ones"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fsdp1_flat_and_unsaid", "model.process_group (or use torch.distributed.fsdp.fully_shard"),
        ("fsdp1_original_and_unsaid", "model.process_group (or use torch.distributed.fsdp.fully_shard"),
        ("fsdp1_that_shards_nothing", TWICE.format(1)),
        ("fsdp2_of_one_layer_and_plain_gradients_of_its_own", OTHER.format(1)),
        ("fsdp1_that_ignores_a_layer_nobody_averages", OTHER.format(1)),
        ("slices_unsaid", OTHER.format(1)),
        ("slices_of_equal_layers_unsaid", OTHER.format(1)),
        ("gradients_nobody_averages", OTHER.format(1)),
        ("parameters_added_later", OTHER.format(1)),
        ("a_first_step_without_gradient", OTHER.format(1)),
        ("replicas_and_a_group", TWICE.format(1)),
        ("a_group_beside_a_mesh", "it is summed over them anyway"),
        ("a_gradient_on_no_mesh", "mesh of a gradient of shape (4, 2) = None: allowed is its parameter's"),
        ("copies_with_a_group", "use its state_dict()"),
        pytest.param("fsdp1_hybrid_over_everything", TWICE.format(2), marks=pytest.mark.slow),
        pytest.param("pipeline_unsaid", OTHER.format(2), marks=pytest.mark.slow),
        pytest.param("pipeline_of_equal_stages_unsaid", OTHER.format(2), marks=pytest.mark.slow),
    ],
)
def test_what_cannot_be_told_is_refused_by_every_process_in_one_line(request, name, words):
    found = request.getfixturevalue("two" if name in processes.TWO else "four")
    for process in of(found, name):
        assert list(process) == ["refused"], process
        assert words in process["refused"]
        assert ": allowed is " in process["refused"]
        assert "\n" not in process["refused"]


def test_a_refused_step_moves_nothing(two):
    assert [process["moved"] for process in of(two, "refused_before_anything_moves")] == [False, False]


def test_a_process_alone_is_told_who_is_missing(two):
    (said, other) = [process["said"] for process in of(two, "one_process_alone")]
    assert '"local"' in said
    assert "process 1 took no step of such an optimizer within 1 s" in said
    assert other == ""


def test_each_process_may_train_a_model_of_its_own(two, one):
    norms = [process["norms"] for process in of(two, "a_model_for_each")]
    assert norms[0] != pytest.approx(norms[1], rel=1e-2)
    assert norms[0] != pytest.approx(one["norms"], rel=1e-2)


@pytest.mark.parametrize("group", ["world", 3, object()])
def test_other_groups_are_refused(group):
    with pytest.raises(InvalidInputError, match=r"norm_group = .*: allowed is a torch.distributed.ProcessGroup"):
        DeltaGClip([torch.nn.Parameter(torch.ones(1))], 0.1, 0.5, 0.1, norm_group=group)


def test_one_process_compares_with_nobody(monkeypatch):
    monkeypatch.setattr(_division.Division, "_settle", None)
    p = torch.nn.Parameter(torch.ones(1))
    p.grad = torch.ones(1)
    DeltaGClip([p], 0.1, 0.5, 0.1).step()
    assert p.item() == pytest.approx(0.95)
