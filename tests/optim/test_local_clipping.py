"""Local clipping by real processes on loopback: equal to a simulation by one, and what is refused between them."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
import torch.distributed as dist
from torch import nn

from pltheory.optim import GClip, LocalClipping
from pltheory.theory import InvalidInputError
from tests.optim import local_workers
from tests.optim.local_workers import RESUMED_AT, RULES, STEPS, batch, network, play


def simulated(rule, world):
    """All workers in one process, by the definition: step size and weights of each after every step."""
    weights = [[p.detach().clone() for p in network().parameters()] for _ in range(world)]
    buffers = [None] * world
    found = [[] for _ in range(world)]
    for step in range(STEPS):
        for k in range(world):
            x, y = batch(k, step)
            w = [p.requires_grad_() for p in weights[k]]
            loss = (torch.tanh(x @ w[0].T + w[1]) @ w[2].T + w[3] - y).square().mean()
            slopes = torch.autograd.grad(loss, w)
            slopes = [g + rule.get("weight_decay", 0.0) * p.detach() for g, p in zip(slopes, w, strict=True)]
            norm = float(torch.cat([g.flatten() for g in slopes]).norm())
            factor = min(1.0, max(rule.get("delta", 0.0), rule["gamma"] / norm))
            moves = [factor * g for g in slopes]
            if buffers[k] is not None:
                moves = [rule["momentum"] * b + m for b, m in zip(buffers[k], moves, strict=True)]
            if "momentum" in rule:
                buffers[k] = moves
            weights[k] = [p.detach() - rule["lr"] * m for p, m in zip(w, moves, strict=True)]
            found[k].append(rule["lr"] * factor)
        if (step + 1) % rule["interval"] == 0:
            means = [sum(parts) / world for parts in zip(*weights, strict=True)]
            weights = [[p.clone() for p in means] for _ in range(world)]
        for k in range(world):
            found[k][step] = [found[k][step], torch.cat([p.flatten() for p in weights[k]])]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("world", [2, 4, 8])
def test_workers_are_their_simulation(world, tmp_path):
    got = play(local_workers.exact, world, tmp_path)
    entries = sum(p.numel() for p in network().parameters())
    for name, rule in RULES.items():
        wanted = simulated(rule, world)
        factors = {round(size / rule["lr"], 12) for k in range(world) for size, _ in wanted[k]}
        if rule["gamma"] < 1:
            assert len(factors) > 1, "some steps are clipped, and by other factors than others"
        for k in range(world):
            runs = {name: got[k][name]}
            if name == "with a floor":
                runs["resumed"] = got[k][name][:RESUMED_AT] + got[k]["resumed"]
                assert got[k]["resumed: counts"] == got[k][f"{name}: counts"]
            for run in runs.values():
                assert len(run) == STEPS
                for (size, weights), (wanted_size, wanted_weights) in zip(run, wanted[k], strict=True):
                    assert size == pytest.approx(wanted_size, rel=1e-12)
                    assert float((torch.tensor(weights, dtype=torch.float64) - wanted_weights).abs().max()) <= 1e-12
            rounds = STEPS // rule["interval"]
            assert got[k][f"{name}: counts"] == [world, STEPS, rounds, rounds * entries * 8]


def test_workers_that_do_not_belong_together_are_refused(tmp_path):
    first, second = play(local_workers.apart, 2, tmp_path)
    said = {
        "interval": "average 1: workers 0 and 1 have interval = 1 and 2: allowed is one for all",
        "start": "average 1: workers 0 and 1 started from different weights: allowed is one start for all: one seed, "
        "one checkpoint, or a broadcast before the first step",
        "shapes": "average 1: workers 0 and 1 have weights of other shapes or dtypes: allowed is one network for all",
        "steps": "average 1: workers 0 and 1 come to it after 2 and 4 steps: allowed is the same number for all",
    }
    assert {name: words for name, (words, _, _) in first.items()} == said
    for name in said:
        assert second[name][0] != ""
        assert first[name][1] == second[name][1] == 0
        assert first[name][2] != second[name][2], "nothing was averaged"


@pytest.mark.slow
def test_a_lost_worker_is_named_in_a_line_and_nothing_is_averaged(tmp_path):
    got = play(local_workers.lost, 3, tmp_path)
    assert len(got) == 2
    for worker in got:
        kind, words, again = worker["said"]
        assert kind == "LostWorkerError"
        assert words == (
            "average 2: worker 2 did not come within 5 s; the weights here are this worker's own, after its step 4"
        )
        assert again == "average 2: worker 2 did not come within 5 s; go on from a checkpoint with new processes"
        assert worker["seconds"] < 30
        assert worker["averages"] == 1
        assert worker["left"] == pytest.approx(worker["own"], rel=1e-12)


@pytest.fixture
def alone():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("alone")
def test_one_worker_is_clipping():
    ours, theirs = network(), network()
    opt, gclip = LocalClipping(ours.parameters(), 0.1, 0.5, interval=3), GClip(theirs.parameters(), 0.1, 0.5)
    for net, o in ((ours, opt), (theirs, gclip)):
        for step in range(6):
            x, y = batch(0, step)
            o.zero_grad()
            (net(x) - y).square().mean().backward()
            o.step()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-13, atol=1e-13)
    assert (opt.workers, opt.steps, opt.averages) == (1, 6, 2)


@pytest.mark.usefixtures("alone")
def test_half_types_and_frozen_layers_and_groups_are_averaged():
    net = nn.Sequential(nn.Linear(3, 3).bfloat16(), nn.Linear(3, 3).bfloat16(), nn.Linear(3, 1, bias=False).double())
    net[1].weight.requires_grad_(False)
    opt = LocalClipping(net[0].parameters(), 0.1, 0.5)
    opt.add_param_group({"params": list(net[1:].parameters()), "lr": 0.2})
    assert opt.param_groups[1]["interval"] == 1
    (net[1](net[0](torch.ones(2, 3).bfloat16())).sum() + net[2](torch.ones(2, 3).double()).sum()).backward()
    opt.step()
    assert [group["averages"] for group in opt.param_groups] == [1, 1]
    assert opt.sent == 4 * 24 + 8 * 3


@pytest.mark.usefixtures("alone")
def test_copies_go_on_where_they_were():
    for again in (copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))):
        w = nn.Parameter(torch.tensor([3.0, 4.0]))
        opt = LocalClipping([w], 0.1, 0.5, interval=2)
        w.grad = torch.ones(2)
        opt.step()
        made = again(opt)
        (p,) = made.param_groups[0]["params"]
        p.grad = torch.ones(2)
        made.step()
        assert (made.steps, made.averages, opt.averages) == (2, 1, 0)
    with pytest.raises(InvalidInputError, match="use its state_dict"):
        copy.deepcopy(LocalClipping([w], 0.1, 0.5, group=dist.group.WORLD))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"gamma": 0.0}, "gamma = 0.0: allowed is a positive number"),
        ({"delta": 1.5}, r"delta = 1.5: allowed is a number in \[0, 1\]"),
        ({"interval": 0}, "interval = 0: allowed is a whole number from 1 on"),
        ({"interval": 2.0}, "interval = 2.0: allowed is a whole number from 1 on"),
        ({"timeout": 0.0}, "timeout = 0.0: allowed is a positive number of seconds"),
        ({"timeout": float("inf")}, "timeout = inf: allowed"),
    ],
)
def test_wrong_settings_are_refused(wrong, why):
    with pytest.raises(InvalidInputError, match=why):
        LocalClipping([nn.Parameter(torch.ones(2))], **{"lr": 0.1, "gamma": 1.0, **wrong})


def test_without_a_process_group_there_are_no_workers():
    with pytest.raises(InvalidInputError, match=r"torch\.distributed is not initialized"):
        LocalClipping([nn.Parameter(torch.ones(2))], 0.1, 1.0)
